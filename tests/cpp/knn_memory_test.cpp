// Lets every allocation fail in turn: each failure throws an error and changes nothing.
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "failing_new.h"
#include "knn/dataset_file.h"
#include "knn/knn.h"
#include "knn/review.h"

namespace teachable {
namespace {

using Vector = std::vector<float>;

/// Observable state of a Knn.
struct State {
  explicit State(const Knn& knn)
      : labels(knn.labels()),
        counts(knn.counts()),
        ids(knn.ids()),
        next_id(knn.next_id()),
        storage(knn.storage()) {
    for (ExampleId id : ids) {
      classes.push_back(knn.class_of(id));
      embeddings.push_back(knn.embedding(id));
    }
    if (!ids.empty()) neighbours = knn.predict(embeddings[0], ids.size()).neighbours;
  }
  bool operator==(const State&) const = default;

  std::vector<std::string> labels;
  std::vector<size_t> counts;
  std::vector<ExampleId> ids;
  ExampleId next_id;
  Storage storage;
  std::vector<uint32_t> classes;
  std::vector<Vector> embeddings;
  std::vector<Neighbour> neighbours;
};

/// Returns a Knn with as many examples as its reserved memory holds, so that the next one allocates
/// everywhere.
Knn full() {
  Knn knn(Storage::I16);
  for (int i = 0; i < 64; ++i) {
    knn.add(Vector{1, static_cast<float>(i)},
            "a label that is too long for the small-string buffer " + std::to_string(i % 8));
  }
  return knn;
}

const std::string kNewLabel = "another label that is too long for the small-string buffer";

/// Calls `change` on the result of `make`, and lets each of its allocations fail in turn. Expects
/// at least `min_allocations` allocations.
void expect_strong_guarantee(const std::function<Knn()>& make,
                             const std::function<void(Knn&)>& change, int min_allocations) {
  Knn unlimited = make();
  change(unlimited);
  const State wanted(unlimited);
  for (int allowed = 0;; ++allowed) {
    SCOPED_TRACE(allowed);
    Knn knn = make();
    const State before(knn);
    bool failed = false;
    testing::fail_after_allocations(allowed);
    try {
      change(knn);
    } catch (const std::bad_alloc&) {
      failed = true;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::OutOfMemory) << error.what();
      failed = true;
    }
    testing::stop_failing_allocations();
    if (!failed) {
      EXPECT_EQ(State(knn), wanted);
      EXPECT_GE(allowed, min_allocations);
      return;
    }
    ASSERT_EQ(State(knn), before);
    change(knn);
    ASSERT_EQ(State(knn), wanted) << "succeeds when there is memory again";
    // The history of undo() is valid, too.
    while (knn.undo()) {
    }
  }
}

TEST(KnnMemory, RunsOutWhileAnExampleIsAdded) {
  expect_strong_guarantee(full, [](Knn& knn) { knn.add(Vector{-1, -1}, kNewLabel); }, 6);
}

TEST(KnnMemory, RunsOutWhileABatchIsAdded) {
  const std::vector<std::string> labels = {kNewLabel, kNewLabel + " 2", kNewLabel};
  expect_strong_guarantee(
      full, [&](Knn& knn) { knn.add_batch(Vector{-1, -1, -1, 2, 3, -1}, 2, labels); }, 8);
}

TEST(KnnMemory, RunsOutWhileAnExampleIsMoved) {
  expect_strong_guarantee(full, [](Knn& knn) { knn.move_to(5, kNewLabel); }, 2);
}

TEST(KnnMemory, RunsOutWhileAnExampleIsRemoved) {
  expect_strong_guarantee(full, [](Knn& knn) { knn.remove(5); }, 1);
}

TEST(KnnMemory, RunsOutWhileARemovalIsUndone) {
  const auto make = [] {
    Knn knn;
    knn.add(Vector{1, 2, 3}, kNewLabel);
    knn.remove(0);
    return knn;
  };
  expect_strong_guarantee(make, [](Knn& knn) { knn.undo(); }, 4);
}

TEST(KnnMemory, RunsOutWhileAClassIsRenamed) {
  expect_strong_guarantee(full, [](Knn& knn) { knn.rename(knn.labels()[3], kNewLabel); }, 1);
}

TEST(KnnMemory, RunsOutWhileTheStorageChanges) {
  const auto make = [] {
    Knn knn;
    for (int i = 0; i < 3; ++i) knn.add(Vector{1, static_cast<float>(i)}, kNewLabel);
    for (ExampleId id : {1u, 0u, 2u}) knn.remove(id);
    return knn;
  };
  expect_strong_guarantee(make, [](Knn& knn) { knn.use_storage(Storage::I8); }, 4);
}

/// Returns the result of full() with a linear head.
Knn full_with_head() {
  Knn knn = full();
  knn.prepare({.rule = Rule::Combined});
  return knn;
}

/// Expects that a classifier whose linear head followed all changes predicts like one whose head is
/// made anew.
void expect_current_head(Knn& knn) {
  const Vector query{3, -20};
  const PredictOptions combined{.rule = Rule::Combined};
  const std::vector<float> kept = knn.predict(query, combined).confidences;
  // Other ids discard the head.
  knn.raise_ids(1);
  const std::vector<float> anew = knn.predict(query, combined).confidences;
  ASSERT_EQ(kept.size(), anew.size());
  for (size_t i = 0; i < kept.size(); ++i) EXPECT_NEAR(kept[i], anew[i], 1e-4) << i;
}

TEST(KnnMemory, RunsOutWhileALinearHeadFollows) {
  const std::vector<std::string> few = {kNewLabel, kNewLabel + " 2"};
  const std::vector<std::string> many(20, kNewLabel);
  const std::vector<std::function<void(Knn&)>> changes = {
      [](Knn& knn) { knn.add(Vector{-1, -1}, kNewLabel); },
      [&](Knn& knn) { knn.add_batch(Vector{-1, -1, 2, -1}, 2, few); },
      [&](Knn& knn) { knn.add_batch(Vector(40, -1), 2, many); },
      [](Knn& knn) { knn.move_to(5, kNewLabel); },
      [](Knn& knn) { knn.remove(5); },
      [](Knn& knn) { knn.merge(knn.labels()[2], knn.labels()[1]); },
      [](Knn& knn) { knn.use_storage(Storage::I8); },
      [](Knn& knn) { knn.use_storage(Storage::F32); },
      [](Knn& knn) { knn.undo(); },
      [](Knn& knn) {
        knn.add(Vector{-1, -1}, kNewLabel);
        knn.take_back();
      },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    SCOPED_TRACE(i);
    bool failed = true;
    for (int allowed = 0; failed; ++allowed) {
      SCOPED_TRACE(allowed);
      Knn knn = full_with_head();
      failed = false;
      testing::fail_after_allocations(allowed);
      try {
        changes[i](knn);
      } catch (const std::bad_alloc&) {
        failed = true;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::OutOfMemory) << error.what();
        failed = true;
      }
      testing::stop_failing_allocations();
      expect_current_head(knn);
    }
  }
}

TEST(KnnMemory, RunsOutWhileALinearHeadIsMade) {
  const Vector query{3, -20};
  const PredictOptions combined{.rule = Rule::Combined};
  const std::vector<float> wanted = full().predict(query, combined).confidences;
  for (int allowed = 0;; ++allowed) {
    Knn knn = full();
    const size_t bytes = knn.memory_bytes();
    bool failed = false;
    testing::fail_after_allocations(allowed);
    try {
      knn.prepare(combined);
    } catch (const std::bad_alloc&) {
      failed = true;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::OutOfMemory) << error.what();
      failed = true;
    }
    testing::stop_failing_allocations();
    EXPECT_EQ(knn.memory_bytes() > bytes, !failed) << "a part of a head is not kept";
    EXPECT_EQ(knn.predict(query, combined).confidences, wanted);
    if (failed) continue;
    EXPECT_GT(allowed, 5);
    return;
  }
}

std::vector<std::byte> save(const Knn& knn) {
  std::vector<std::byte> file;
  const auto append = [&](const std::vector<std::byte>& piece) {
    file.insert(file.end(), piece.begin(), piece.end());
  };
  DatasetWriter writer(knn, {"a model id that is too long for the small-string buffer", "", ""});
  for (auto piece = writer.next(); !piece.empty(); piece = writer.next()) append(piece);
  append(writer.thumbnail(7, 100, std::vector<std::byte>(100)));
  append(writer.finish());
  return file;
}

TEST(KnnMemory, RunsOutWhileExamplesAreConverted) {
  constexpr Storage kStorages[] = {Storage::F32, Storage::I16, Storage::I8};
  for (Storage from : kStorages) {
    for (Storage to : kStorages) {
      const auto make = [&] {
        Knn knn(from);
        for (int i = 0; i < 200; ++i) knn.add(Vector{1, static_cast<float>(i), -3}, kNewLabel);
        knn.remove(5);
        return knn;
      };
      expect_strong_guarantee(make, [&](Knn& knn) { knn.use_storage(to); }, from == to ? 0 : 1);
    }
  }
}

TEST(KnnMemory, RunsOutWhileADataSetIsSaved) {
  const Knn knn = full();
  const std::vector<std::byte> wanted = save(knn);
  for (int allowed = 0;; ++allowed) {
    std::vector<std::byte> file;
    testing::fail_after_allocations(allowed);
    try {
      file = save(knn);
    } catch (const std::bad_alloc&) {
      testing::stop_failing_allocations();
      ASSERT_EQ(save(knn), wanted);
      continue;
    }
    testing::stop_failing_allocations();
    EXPECT_EQ(file, wanted);
    EXPECT_GT(allowed, 5);
    return;
  }
}

TEST(KnnMemory, RunsOutWhileExamplesArePredictedAndReviewed) {
  const Knn knn = full();
  const State before(knn);
  const Vector query = knn.embedding(3);
  const auto run = [&] {
    knn.predict(query, 5);
    knn.neighbours_of(3, 5);
    knn.ids(knn.labels()[1]);
    review(knn, {});
  };
  for (int allowed = 0;; ++allowed) {
    const std::ptrdiff_t live = testing::live_allocations();
    testing::fail_after_allocations(allowed);
    bool failed = false;
    try {
      run();
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    testing::stop_failing_allocations();
    ASSERT_EQ(testing::live_allocations(), live) << "nothing is leaked";
    ASSERT_EQ(State(knn), before);
    if (!failed) {
      EXPECT_GT(allowed, 20);
      return;
    }
  }
}

TEST(KnnMemory, RunsOutWhileADataSetIsLoaded) {
  const Knn knn = full();
  const std::vector<std::byte> file = save(knn);
  for (int allowed = 0;; ++allowed) {
    const std::ptrdiff_t before = testing::live_allocations();
    std::optional<Dataset> dataset;
    bool failed = false;
    {
      DatasetReader reader;
      testing::fail_after_allocations(allowed);
      try {
        reader.add(file);
        dataset = reader.finish();
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::OutOfMemory) << error.what();
        failed = true;
      } catch (const std::bad_alloc&) {
        failed = true;  // there was no memory for the message either
      }
      testing::stop_failing_allocations();
    }
    if (!failed) {
      EXPECT_EQ(State(dataset->knn), State(knn));
      EXPECT_GT(allowed, 20);
      return;
    }
    ASSERT_EQ(testing::live_allocations(), before) << "nothing is leaked";
  }
}

}  // namespace
}  // namespace teachable
