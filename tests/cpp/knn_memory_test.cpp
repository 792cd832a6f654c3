// Memory that runs out at every allocation in turn: an error, and everything as it was.
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

namespace teachable {
namespace {

using Vector = std::vector<float>;

/// What anyone can see of a Knn.
struct Seen {
  explicit Seen(const Knn& knn)
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
  bool operator==(const Seen&) const = default;

  std::vector<std::string> labels;
  std::vector<size_t> counts;
  std::vector<ExampleId> ids;
  ExampleId next_id;
  Storage storage;
  std::vector<uint32_t> classes;
  std::vector<Vector> embeddings;
  std::vector<Neighbour> neighbours;
};

/// As many as fill the first rooms, so that the next example wants more of everything.
Knn full() {
  Knn knn(Storage::I16);
  for (int i = 0; i < 64; ++i) {
    knn.add(Vector{1, static_cast<float>(i)},
            "a label too long to lie in its string " + std::to_string(i % 8));
  }
  return knn;
}

const std::string kNewLabel = "another label too long to lie in its string";

/// Lets `change` fail at each of its allocations in turn, on what `make` makes, until none is left.
void fails_cleanly(const std::function<Knn()>& make, const std::function<void(Knn&)>& change,
                   int least_allocations) {
  Knn unharmed = make();
  change(unharmed);
  const Seen wanted(unharmed);
  for (int allowed = 0;; ++allowed) {
    SCOPED_TRACE(allowed);
    Knn knn = make();
    const Seen before(knn);
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
      EXPECT_EQ(Seen(knn), wanted);
      EXPECT_GE(allowed, least_allocations);
      return;
    }
    ASSERT_EQ(Seen(knn), before);
    change(knn);
    ASSERT_EQ(Seen(knn), wanted) << "works once there is memory again";
    // What undo() remembers is whole, too.
    while (knn.undo()) {
    }
  }
}

TEST(KnnMemory, RunsOutWhileAnExampleIsAdded) {
  fails_cleanly(full, [](Knn& knn) { knn.add(Vector{-1, -1}, kNewLabel); }, 6);
}

TEST(KnnMemory, RunsOutWhileABatchIsAdded) {
  const std::vector<std::string> labels = {kNewLabel, kNewLabel + " 2", kNewLabel};
  fails_cleanly(full, [&](Knn& knn) { knn.add_batch(Vector{-1, -1, -1, 2, 3, -1}, 2, labels); }, 8);
}

TEST(KnnMemory, RunsOutWhileAnExampleIsMoved) {
  fails_cleanly(full, [](Knn& knn) { knn.move_to(5, kNewLabel); }, 2);
}

TEST(KnnMemory, RunsOutWhileAnExampleIsRemoved) {
  fails_cleanly(full, [](Knn& knn) { knn.remove(5); }, 1);
}

TEST(KnnMemory, RunsOutWhileTheLastExampleComesBack) {
  const auto make = [] {
    Knn knn;
    knn.add(Vector{1, 2, 3}, kNewLabel);
    knn.remove(0);
    return knn;
  };
  fails_cleanly(make, [](Knn& knn) { knn.undo(); }, 4);
}

TEST(KnnMemory, RunsOutWhileAClassIsRenamed) {
  fails_cleanly(full, [](Knn& knn) { knn.rename(knn.labels()[3], kNewLabel); }, 1);
}

TEST(KnnMemory, RunsOutWhileTheStorageChanges) {
  const auto make = [] {
    Knn knn;
    for (int i = 0; i < 3; ++i) knn.add(Vector{1, static_cast<float>(i)}, kNewLabel);
    for (ExampleId id : {1u, 0u, 2u}) knn.remove(id);
    return knn;
  };
  fails_cleanly(make, [](Knn& knn) { knn.use_storage(Storage::I8); }, 4);
}

TEST(KnnMemory, RunsOutWhileADataSetIsLoaded) {
  const Knn knn = full();
  DatasetWriter writer(knn, {"a model's name that is too long for its string", "", ""},
                       {{7, std::vector<std::byte>(100)}});
  std::vector<std::byte> file;
  for (auto piece = writer.next(); !piece.empty(); piece = writer.next()) {
    file.insert(file.end(), piece.begin(), piece.end());
  }
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
        failed = true;  // for the sentence there was no memory either
      }
      testing::stop_failing_allocations();
    }
    if (!failed) {
      EXPECT_EQ(Seen(dataset->knn), Seen(knn));
      EXPECT_GT(allowed, 20);
      return;
    }
    ASSERT_EQ(testing::live_allocations(), before) << "nothing is left";
  }
}

}  // namespace
}  // namespace teachable
