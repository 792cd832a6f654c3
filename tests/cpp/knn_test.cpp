#include "knn/knn.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "test_seed.h"

namespace teachable {
namespace {

using Vector = std::vector<float>;
using Labels = std::vector<std::string>;
using Ids = std::vector<ExampleId>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Returns the message of the Error{BadArgument} that a call throws.
std::string error_message(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::BadArgument) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

Ids ids_of(const Prediction& prediction) {
  Ids ids;
  for (const Neighbour& neighbour : prediction.neighbours) ids.push_back(neighbour.id);
  return ids;
}

TEST(Knn, CannotPredictWhileEmpty) {
  const Knn knn;
  EXPECT_EQ(knn.example_count(), 0u);
  EXPECT_EQ(knn.class_count(), 0u);
  EXPECT_EQ(knn.dimension(), 0u);
  EXPECT_EQ(error_message([&] { knn.predict(Vector{1}, 1); }),
            "There are no examples to predict from. Add at least one first.");
}

TEST(Knn, LimitsKToTheNumberOfExamples) {
  Knn knn;
  knn.add(Vector{1, 2}, "1");
  knn.add(Vector{2, 1}, "2");
  const Prediction prediction = knn.predict(Vector{3, 3}, 3);
  EXPECT_EQ(prediction.class_index, 0u);
  EXPECT_EQ(prediction.confidences, (Vector{0.5f, 0.5f}));
  EXPECT_EQ(ids_of(prediction), (Ids{0, 1}));
}

TEST(Knn, NumbersClassesInTheOrderOfTheirFirstExample) {
  Knn knn;
  EXPECT_EQ(knn.add(Vector{7, 7}, "7"), 0u);
  EXPECT_EQ(knn.add(Vector{5, 2}, "5"), 1u);
  EXPECT_EQ(knn.add(Vector{0, 9}, "9"), 2u);
  EXPECT_EQ(knn.add(Vector{5, 1}, "5"), 3u);
  EXPECT_EQ(knn.labels(), (Labels{"7", "5", "9"}));
  EXPECT_EQ(knn.counts(), (std::vector<size_t>{1, 2, 1}));
  EXPECT_EQ(knn.dimension(), 2u);
  const Prediction prediction = knn.predict(Vector{5, 1.5f}, 3);
  EXPECT_EQ(prediction.class_index, 1u);
  EXPECT_EQ(prediction.confidences, (Vector{1.0f / 3, 2.0f / 3, 0}));
}

TEST(Knn, ReportsTheCosineIndependentOfLengths) {
  Knn knn;
  knn.add(Vector{10, 10}, "far");
  knn.add(Vector{0.001f, 0}, "exact");
  knn.add(Vector{-5, 0}, "opposite");
  const Prediction prediction = knn.predict(Vector{1, 0}, 3);
  EXPECT_EQ(ids_of(prediction), (Ids{1, 0, 2}));
  EXPECT_FLOAT_EQ(prediction.neighbours[0].similarity, 1);
  EXPECT_FLOAT_EQ(prediction.neighbours[1].similarity, static_cast<float>(std::sqrt(0.5)));
  EXPECT_FLOAT_EQ(prediction.neighbours[2].similarity, -1);
}

TEST(Knn, PrefersTheEarlierOfEqualExamplesAndTheNearestOfEqualClasses) {
  Knn knn;
  knn.add(Vector{0, 1}, "up");
  knn.add(Vector{1, 0}, "right");
  knn.add(Vector{2, 0}, "right again");
  EXPECT_EQ(ids_of(knn.predict(Vector{3, 0}, 1)), (Ids{1}));
  EXPECT_EQ(knn.predict(Vector{3, 0}, 2).class_index, 1u);
  const Prediction all = knn.predict(Vector{1, 2}, 3);
  EXPECT_EQ(ids_of(all), (Ids{0, 1, 2}));
  EXPECT_EQ(all.class_index, 0u);
}

TEST(Knn, DecidesByVotesRatherThanByTheNearestExample) {
  Knn knn;
  knn.add(Vector{1, 0}, "nearest");
  knn.add(Vector{1, 0.1f}, "many");
  knn.add(Vector{1, -0.1f}, "many");
  EXPECT_EQ(knn.predict(Vector{1, 0}, 3).class_index, 1u);
  EXPECT_EQ(knn.predict(Vector{1, 0}, 1).class_index, 0u);
}

TEST(Knn, AcceptsAnyKOfAtLeastOne) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  knn.add(Vector{0, 1}, "b");
  EXPECT_EQ(error_message([&] { knn.predict(Vector{1, 0}, 0); }), "k is 0. It must be at least 1.");
  EXPECT_EQ(knn.predict(Vector{1, 0}, 1).confidences, (Vector{1, 0}));
  EXPECT_EQ(knn.predict(Vector{1, 0}, SIZE_MAX).confidences, (Vector{0.5f, 0.5f}));
}

TEST(Knn, AcceptsAnyTextAsALabel) {
  const Labels labels = {"",
                         "__proto__",
                         "constructor",
                         "toString",
                         "1",
                         "01",
                         "K\xC3\xA4se",
                         std::string("a\0b", 3),
                         "a",
                         "\xEF\xBB\xBFwith a byte order mark"};
  Knn knn;
  for (size_t i = 0; i < labels.size(); ++i) {
    Vector example(labels.size(), 0);
    example[i] = 1;
    knn.add(example, labels[i]);
    knn.add(example, labels[i]);
  }
  EXPECT_EQ(knn.labels(), labels);
  EXPECT_EQ(knn.counts(), std::vector<size_t>(labels.size(), 2));
  for (size_t i = 0; i < labels.size(); ++i) {
    Vector query(labels.size(), 0.1f);
    query[i] = 1;
    EXPECT_EQ(knn.predict(query, 2).class_index, i);
  }
}

TEST(Knn, RejectsInvalidEmbeddings) {
  Knn knn;
  EXPECT_EQ(error_message([&] { knn.add(Vector{}, "a"); }),
            "The embedding has 0 values. It must have at least 1.");
  EXPECT_EQ(error_message([&] { knn.add(Vector{0, -0.0f}, "a"); }),
            "All 2 values of the embedding are 0. At least one must be different, because cosine "
            "similarity compares directions.");
  EXPECT_EQ(error_message([&] { knn.add(Vector{1, 2, kInfinity}, "a"); }),
            "Value 2 of the embedding is inf. All values must be finite.");
  error_message([&] { knn.add(Vector{kNan, 1, 2, 3, 4}, "a"); });
  error_message([&] { knn.add(Vector{1, 2, 3, 4, -kInfinity, kNan}, "a"); });
  EXPECT_EQ(knn.class_count(), 0u);
  EXPECT_EQ(knn.dimension(), 0u);

  knn.add(Vector{1, 2}, "a");
  for (const Vector& bad : {Vector{}, Vector{0, 0}, Vector{kNan, 1}, Vector{1, kInfinity}}) {
    error_message([&] { knn.add(bad, "b"); });
    error_message([&] { knn.predict(bad, 1); });
  }
  EXPECT_EQ(
      error_message([&] { knn.add(Vector{1, 2, 3}, "b"); }),
      "The embedding has 3 values, but the stored examples have 2. Use embeddings of the same "
      "model.");
  error_message([&] { knn.predict(Vector{1}, 1); });
  EXPECT_EQ(knn.labels(), Labels{"a"});
  EXPECT_EQ(knn.counts(), std::vector<size_t>{1});
}

TEST(Knn, NormalizesHugeAndSubnormalVectors) {
  const float largest = std::numeric_limits<float>::max();
  const float smallest = std::numeric_limits<float>::denorm_min();
  Knn knn;
  knn.add(Vector(2000, largest), "huge");
  Vector tiny(2000, 0);
  tiny[7] = smallest;
  knn.add(tiny, "tiny");
  Vector mixed(2000, smallest);
  mixed[3] = -largest;
  knn.add(mixed, "mixed");
  for (size_t i = 0; i < 3; ++i) {
    const Prediction prediction =
        knn.predict(std::vector<Vector>{Vector(2000, smallest), tiny, mixed}[i], 1);
    EXPECT_EQ(prediction.class_index, i);
    EXPECT_FLOAT_EQ(prediction.neighbours[0].similarity, 1);
  }
}

TEST(Knn, NeverReportsASimilarityAboveOne) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  Knn knn;
  std::vector<Vector> vectors;
  for (int i = 0; i < 200; ++i) {
    Vector vector(100);
    for (float& value : vector) value = normal(random);
    knn.add(vector, "a");
    vectors.push_back(vector);
  }
  for (const Vector& vector : vectors)
    EXPECT_LE(knn.predict(vector, 1).neighbours[0].similarity, 1);
}

TEST(Knn, ClearingAClassRenumbersLaterClassesAndKeepsIds) {
  Knn knn;
  knn.add(Vector{1, 0, 0}, "a");
  knn.add(Vector{0, 1, 0}, "b");
  knn.add(Vector{0, 0, 1}, "c");
  knn.add(Vector{1, 1, 0}, "b");
  knn.add(Vector{1, 0, 1}, "c");
  knn.clear(knn.labels()[1]);
  EXPECT_EQ(knn.labels(), (Labels{"a", "c"}));
  EXPECT_EQ(knn.counts(), (std::vector<size_t>{1, 2}));
  EXPECT_EQ(knn.example_count(), 3u);
  const Prediction prediction = knn.predict(Vector{0.1f, 0, 1}, 3);
  EXPECT_EQ(ids_of(prediction), (Ids{2, 4, 0}));
  EXPECT_EQ(prediction.class_index, 1u);

  knn.add(Vector{0, 1, 0}, "b");
  EXPECT_EQ(knn.labels(), (Labels{"a", "c", "b"}));
  EXPECT_EQ(knn.predict(Vector{0, 1, 0}, 1).class_index, 2u);
  knn.add(Vector{0, 0, 1}, "c");
  EXPECT_EQ(knn.counts(), (std::vector<size_t>{1, 3, 1}));
  EXPECT_EQ(error_message([&] { knn.clear("x"); }), "There is no class \"x\".");
}

TEST(Knn, AcceptsAnotherDimensionAfterEverythingIsCleared) {
  Knn knn;
  knn.add(Vector{1, 2}, "a");
  knn.add(Vector{2, 1}, "b");
  knn.clear("a");
  error_message([&] { knn.add(Vector{1, 2, 3}, "c"); });
  knn.clear("b");
  EXPECT_EQ(knn.dimension(), 0u);
  EXPECT_EQ(knn.class_count(), 0u);
  knn.add(Vector{1, 2, 3}, "c");
  EXPECT_EQ(knn.dimension(), 3u);
  knn.clear();
  EXPECT_EQ(knn.memory_bytes(), 0u);
  EXPECT_EQ(knn.example_count(), 0u);
  EXPECT_EQ(knn.add(Vector(100, 1), "d"), 0u) << "ids start anew";
  EXPECT_EQ(knn.labels(), Labels{"d"});
  EXPECT_EQ(knn.predict(Vector(100, 2), 1).class_index, 0u);
}

TEST(Knn, KeepsClassesAndHistoryWhenTheStorageFormatChanges) {
  Knn knn;
  knn.add_class("empty");
  knn.enable("empty", false);
  const Vector vector = {0.6f, 0.8f};
  const ExampleId a = knn.add(vector, "a");
  knn.use_storage(Storage::F32);
  knn.remove(a);
  knn.use_storage(Storage::I8);
  EXPECT_EQ(knn.storage(), Storage::I8);
  EXPECT_EQ(knn.labels(), (Labels{"empty", "a"}));
  EXPECT_FALSE(knn.enabled(0));
  EXPECT_TRUE(knn.undo()) << "the removed example is restored in the new format";
  EXPECT_EQ(knn.ids(), Ids{a});
  EXPECT_NEAR(knn.embedding(a)[0], 0.6f, 1e-6);
  EXPECT_EQ(knn.add(vector, "a"), a + 1) << "ids are not reused";
  EXPECT_TRUE(knn.undo());
  EXPECT_TRUE(knn.undo());
  EXPECT_EQ(knn.labels(), Labels{"empty"});
}

TEST(Knn, ConvertsExamplesToAnotherStorageFormat) {
  std::mt19937 random(testing::test_seed());
  std::normal_distribution<float> normal;
  constexpr Storage kStorages[] = {Storage::F32, Storage::I16, Storage::I8};
  for (const size_t dimension : {1u, 3u, 100u}) {
    for (Storage from : kStorages) {
      for (Storage to : kStorages) {
        SCOPED_TRACE(std::to_string(static_cast<int>(from)) + " to " +
                     std::to_string(static_cast<int>(to)));
        Knn knn(from), direct(to);
        std::vector<Vector> vectors(200, Vector(dimension));
        for (size_t i = 0; i < vectors.size(); ++i) {
          for (float& value : vectors[i]) value = normal(random) + 2;
          for (Knn* each : {&knn, &direct}) each->add(vectors[i], i % 3 == 0 ? "a" : "b");
        }
        for (Knn* each : {&knn, &direct}) {
          each->remove(70);
          each->remove(199);
        }
        const size_t bytes = knn.memory_bytes();
        const Ids ids = knn.ids();
        knn.use_storage(to);
        EXPECT_EQ(knn.storage(), to);
        EXPECT_EQ(knn.ids(), ids);
        EXPECT_EQ(knn.counts(), direct.counts());
        if (to > from && dimension == 100) EXPECT_LT(knn.memory_bytes(), bytes);
        for (ExampleId id : ids) {
          const Vector got = knn.embedding(id), wanted = direct.embedding(id);
          // What has been rounded off stays lost. Floats convert as if they had just been added.
          const float tolerance = from == Storage::F32 ? 0 : from == Storage::I16 ? 2e-5f : 8e-3f;
          for (size_t at = 0; at < dimension; ++at) {
            ASSERT_NEAR(got[at], wanted[at],
                        to == Storage::I8 && tolerance > 0 ? 8e-3f : tolerance);
          }
        }
        // The scan finds the same neighbours as a comparison of all stored values.
        for (int q = 0; q < 5; ++q) {
          const Vector& query = vectors[static_cast<size_t>(q) * 31];
          std::vector<std::pair<float, ExampleId>> all;
          for (const Neighbour& each : knn.predict(query, ids.size()).neighbours) {
            all.push_back({-each.similarity, each.id});
          }
          ASSERT_TRUE(std::is_sorted(all.begin(), all.end()));
          const Ids nearest = ids_of(knn.predict(query, 3));
          for (size_t k = 0; k < 3; ++k) ASSERT_EQ(nearest[k], all[k].second);
        }
        EXPECT_TRUE(knn.undo()) << "removals are undone in the new format";
        EXPECT_TRUE(knn.undo());
        EXPECT_EQ(knn.ids().size(), 200u);
        const ExampleId added = knn.add(vectors[0], "c");
        const Ids two = ids_of(knn.predict(vectors[0], 2));
        if (dimension == 100) EXPECT_TRUE(two[0] == added || two[1] == added);
      }
    }
  }
}

TEST(Knn, TakesBackExamplesAsIfTheyHadNotBeenAdded) {
  for (size_t count = 1; count <= Knn::kMaxTakenBack; ++count) {
    for (const size_t before : {size_t{0}, Knn::kMaxHistory - 1, Knn::kMaxHistory}) {
      Knn knn;
      for (size_t i = 0; i < before; ++i) knn.add(Vector{1, static_cast<float>(i)}, "a");
      for (size_t i = 0; i < count; ++i) knn.add(Vector{1, 2}, "b");
      for (size_t i = 0; i < count; ++i) knn.take_back();
      EXPECT_EQ(knn.labels(), before > 0 ? Labels{"a"} : Labels{});
      EXPECT_EQ(knn.next_id(), before);
      for (size_t i = 0; i < before; ++i) EXPECT_TRUE(knn.undo()) << i;
      EXPECT_EQ(knn.example_count(), 0u);
      EXPECT_FALSE(knn.undo());
    }
  }
}

TEST(Knn, TakesNothingBackThatWasDroppedBeforeAnUndo) {
  Knn knn;
  for (size_t i = 0; i <= Knn::kMaxHistory; ++i) knn.add(Vector{1, static_cast<float>(i)}, "a");
  EXPECT_TRUE(knn.undo());
  knn.add(Vector{1, 2}, "a");
  knn.take_back();
  for (size_t i = 1; i < Knn::kMaxHistory; ++i) EXPECT_TRUE(knn.undo()) << i;
  EXPECT_FALSE(knn.undo());
}

TEST(Knn, RaisesAndSkipsIds) {
  Knn knn;
  for (int i = 0; i < 4; ++i) knn.add(Vector{1, static_cast<float>(i)}, "a");
  knn.remove(1);
  knn.raise_ids(10);
  EXPECT_EQ(knn.ids(), (Ids{10, 12, 13}));
  EXPECT_EQ(ids_of(knn.predict(Vector{0.01f, 1}, 1)), Ids{13});
  EXPECT_FALSE(knn.contains(0));
  EXPECT_FALSE(knn.undo());
  knn.remove(12);
  EXPECT_EQ(knn.add(Vector{1, 1}, "a"), 14u);
  knn.skip_ids(100);
  knn.skip_ids(5);
  EXPECT_EQ(knn.add(Vector{1, 1}, "a"), 100u);
  EXPECT_TRUE(knn.undo());
  EXPECT_TRUE(knn.undo());
  EXPECT_TRUE(knn.undo()) << "restores an id below newer ones";
  EXPECT_EQ(knn.ids(), (Ids{10, 12, 13}));
  try {
    knn.raise_ids(UINT32_MAX);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::OutOfMemory);
  }
  knn.skip_ids(UINT32_MAX);
  EXPECT_THROW(knn.add(Vector{1, 1}, "a"), Error);
  EXPECT_EQ(knn.ids(), (Ids{10, 12, 13}));
  knn.clear();
  EXPECT_EQ(knn.add(Vector{1, 1}, "a"), 0u) << "ids start anew";
}

/// Use case: a camera adds examples all day while old ones are removed.
TEST(Knn, UsesNoMemoryForRemovedExamples) {
  Knn knn(Storage::I8);
  size_t before = 0;
  for (ExampleId i = 0; i < 20'000; ++i) {
    knn.add(Vector{1, static_cast<float>(i)}, "a");
    if (i >= 100) knn.remove(i - 100);
    if (i == 1000) before = knn.memory_bytes();
  }
  EXPECT_EQ(knn.memory_bytes(), before);
  EXPECT_EQ(knn.ids().front(), 19'900u);
}

TEST(Knn, ReportsWhenClassIndicesChangeTheirMeaning) {
  Knn knn;
  uint64_t last = knn.class_revision();
  const auto changed = [&](const std::function<void()>& call) {
    call();
    return std::exchange(last, knn.class_revision()) != last;
  };
  EXPECT_TRUE(changed([&] { knn.add(Vector{1, 0}, "a"); }));
  EXPECT_TRUE(changed([&] { knn.add_class("b"); }));
  EXPECT_FALSE(changed([&] { knn.add(Vector{0, 1}, "b"); }));
  EXPECT_FALSE(changed([&] { knn.move_to(1, "a"); }));
  EXPECT_TRUE(changed([&] { knn.move_to(1, "c"); }));
  EXPECT_TRUE(changed([&] { knn.undo(); })) << "which removes the created class";
  EXPECT_FALSE(changed([&] { knn.undo(); }));
  EXPECT_FALSE(changed([&] { knn.remove(1); }));
  EXPECT_FALSE(changed([&] { knn.rename("b", "c"); })) << "the same class with another label";
  EXPECT_TRUE(changed([&] { knn.enable("c", false); }));
  EXPECT_FALSE(changed([&] { knn.enable("c", false); }));
  EXPECT_TRUE(changed([&] { knn.merge("c", "a"); }));
  EXPECT_TRUE(changed([&] {
    knn.clear("a");
    knn.add_class("d");
  })) << "the same number of classes, but other ones";
  EXPECT_TRUE(changed([&] { knn.clear(); }));
}

TEST(Knn, RemovesAnExampleAndUndoesIt) {
  Knn knn;
  const ExampleId a = knn.add(Vector{1, 0}, "a");
  const ExampleId b = knn.add(Vector{0, 1}, "b");
  const ExampleId c = knn.add(Vector{1, 1}, "a");
  knn.remove(a);
  EXPECT_FALSE(knn.contains(a));
  EXPECT_EQ(knn.counts(), (std::vector<size_t>{1, 1}));
  EXPECT_EQ(ids_of(knn.predict(Vector{1, 0}, 9)), (Ids{c, b}));
  EXPECT_EQ(error_message([&] { knn.remove(a); }),
            "There is no example 0. It was removed or never added.");
  EXPECT_TRUE(knn.undo());
  EXPECT_EQ(ids_of(knn.predict(Vector{1, 0}, 9)), (Ids{a, c, b}));
  EXPECT_EQ(knn.embedding(a), (Vector{1, 0}));
  EXPECT_EQ(knn.ids("a"), (Ids{a, c}));

  knn.remove(b);
  EXPECT_EQ(knn.labels(), (Labels{"a", "b"})) << "a class remains without examples";
  EXPECT_EQ(knn.predict(Vector{0, 1}, 1).confidences, (Vector{1, 0}));
  EXPECT_EQ(knn.add(Vector{0, 1}, "b"), 3u) << "ids are not reused";
}

TEST(Knn, UndoesAllChangesUntilItIsEmpty) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  knn.move_to(0, "b");
  knn.remove(0);
  EXPECT_TRUE(knn.undo());
  EXPECT_EQ(knn.counts(), (std::vector<size_t>{0, 1}));
  EXPECT_TRUE(knn.undo());
  EXPECT_EQ(knn.labels(), Labels{"a"});
  EXPECT_EQ(knn.counts(), std::vector<size_t>{1});
  EXPECT_TRUE(knn.undo());
  EXPECT_EQ(knn.class_count(), 0u);
  EXPECT_EQ(knn.dimension(), 0u);
  EXPECT_FALSE(knn.undo());
  EXPECT_EQ(knn.add(Vector{1, 0, 0}, "a"), 1u);
}

TEST(Knn, LimitsTheNumberOfChangesThatCanBeUndone) {
  Knn knn;
  for (size_t i = 0; i < Knn::kMaxHistory + 50; ++i) knn.add(Vector{1, 2}, "a");
  size_t undone = 0;
  while (knn.undo()) ++undone;
  EXPECT_EQ(undone, Knn::kMaxHistory);
  EXPECT_EQ(knn.example_count(), 50u);
}

TEST(Knn, RenamesAndMergesClasses) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  knn.add(Vector{0, 1}, "b");
  knn.add(Vector{1, 1}, "c");
  knn.rename("a", "__proto__");
  EXPECT_EQ(knn.labels(), (Labels{"__proto__", "b", "c"}));
  EXPECT_EQ(error_message([&] { knn.rename("b", "c"); }),
            "There is already a class \"c\". Merge the two classes instead.");
  EXPECT_EQ(error_message([&] { knn.rename("a", "d"); }), "There is no class \"a\".");
  knn.rename("b", "b");
  knn.merge("__proto__", "c");
  EXPECT_EQ(knn.labels(), (Labels{"b", "c"}));
  EXPECT_EQ(knn.counts(), (std::vector<size_t>{1, 2}));
  EXPECT_EQ(knn.predict(Vector{1, 0}, 1).class_index, 1u);
  EXPECT_EQ(error_message([&] { knn.merge("b", "b"); }),
            "A class cannot be merged with itself. Pass two different labels.");
  error_message([&] { knn.merge("b", "x"); });
  EXPECT_EQ(knn.counts(), (std::vector<size_t>{1, 2}));
}

TEST(Knn, IgnoresDisabledClasses) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  knn.add(Vector{0, 1}, "b");
  knn.enable("a", false);
  const Prediction prediction = knn.predict(Vector{1, 0}, 5);
  EXPECT_EQ(prediction.confidences, (Vector{0, 1}));
  EXPECT_EQ(ids_of(prediction), Ids{1});
  knn.enable("b", false);
  EXPECT_EQ(error_message([&] { knn.predict(Vector{1, 0}, 1); }),
            "All classes with examples are disabled. Enable at least one before predicting.");
  knn.enable("a", true);
  EXPECT_EQ(knn.predict(Vector{0, 1}, 1).class_index, 0u);
}

TEST(Knn, WeightsVotesBySimilarity) {
  Knn knn;
  knn.add(Vector{1, 0}, "near");
  knn.add(Vector{1, 2}, "far");
  knn.add(Vector{2, 1}, "far");
  PredictOptions options{.k = 3, .weighting = Weighting::Similarity, .temperature = 0.01f};
  EXPECT_EQ(knn.predict(Vector{1, 0}, options).class_index, 0u);
  EXPECT_GT(knn.predict(Vector{1, 0}, options).confidences[0], 0.99f);
  options.temperature = 100;
  EXPECT_NEAR(knn.predict(Vector{1, 0}, options).confidences[0], 1.0 / 3, 0.01);
  for (float bad : {0.0f, -1.0f, kNan, kInfinity}) {
    options.temperature = bad;
    error_message([&] { knn.predict(Vector{1, 0}, options); });
  }
}

TEST(Knn, BalancesClassesOfDifferentSizes) {
  Knn knn;
  for (int i = 0; i < 8; ++i) knn.add(Vector{1, 0.5f + 0.01f * static_cast<float>(i)}, "many");
  knn.add(Vector{1, 0}, "few");
  EXPECT_EQ(knn.predict(Vector{1, 0}, {.k = 9}).class_index, 0u);
  const Prediction balanced = knn.predict(Vector{1, 0}, {.k = 5, .balanced = true});
  EXPECT_EQ(balanced.class_index, 1u);
  EXPECT_FLOAT_EQ(balanced.confidences[1], 1 / 1.5f);
}

TEST(Knn, MarksAQueryUnlikeAllExamplesAsUnknown) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  const PredictOptions options{.k = 1, .unknown_threshold = 0.5f};
  EXPECT_FALSE(knn.predict(Vector{1, 0.1f}, options).unknown);
  EXPECT_TRUE(knn.predict(Vector{0.1f, 1}, options).unknown);
  for (float bad : {-1.1f, 1.1f, kNan}) {
    error_message([&] { knn.predict(Vector{1, 0}, {.k = 1, .unknown_threshold = bad}); });
  }
}

TEST(Knn, AddsAllOfABatchOrNothing) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  const Labels labels = {"b", "a", "c"};
  EXPECT_EQ(
      error_message([&] { knn.add_batch(Vector{1, 2, 3, 4, 0, 0}, 2, labels); }),
      "Embedding 2 of the batch is invalid. All 2 values of the embedding are 0. At least one must "
      "be different, because cosine similarity compares directions.");
  error_message([&] { knn.add_batch(Vector{1, 2, 3, 4, 5}, 2, labels); });
  error_message([&] { knn.add_batch(Vector{1, 2, 3, 4}, 2, labels); });
  error_message([&] { knn.add_batch(Vector{1, 2, 3}, 1, labels); });
  error_message([&] { knn.add_batch(Vector{}, 0, {}); });
  EXPECT_EQ(knn.labels(), Labels{"a"});
  EXPECT_EQ(knn.add_batch(Vector{}, 2, {}), Ids{});
  EXPECT_EQ(knn.add_batch(Vector{1, 2, 3, 4, 5, 6}, 2, labels), (Ids{1, 2, 3}));
  EXPECT_EQ(knn.labels(), (Labels{"a", "b", "c"}));
  EXPECT_TRUE(knn.undo());
  EXPECT_EQ(knn.labels(), (Labels{"a", "b"}));
  EXPECT_EQ(knn.predict_batch(Vector{1, 0, 1, 2}, 2, {.k = 1}).size(), 2u);
  EXPECT_TRUE(knn.predict_batch(Vector{}, 2, {.k = 1}).empty());
  error_message([&] { knn.predict_batch(Vector{1, 0, 1}, 2, {.k = 1}); });
  error_message([&] { knn.predict_batch(Vector{1, 0, kNan, 2}, 2, {.k = 1}); });
}

TEST(Knn, ExcludesTheExampleFromItsOwnNeighbours) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  EXPECT_TRUE(knn.neighbours_of(0, 3).empty());
  knn.add(Vector{1, 0}, "b");
  knn.add(Vector{0, 1}, "b");
  const std::vector<Neighbour> neighbours = knn.neighbours_of(0, 9);
  ASSERT_EQ(neighbours.size(), 2u);
  EXPECT_EQ(neighbours[0], (Neighbour{.id = 1, .class_index = 1, .similarity = 1}));
  error_message([&] { knn.neighbours_of(7, 1); });
  error_message([&] { knn.neighbours_of(0, 0); });
}

TEST(Knn, SupportsTenThousandClasses) {
  Knn knn(Storage::I8);
  for (int i = 0; i < 10'000; ++i) {
    knn.add(
        Vector{std::cos(static_cast<float>(i) * 1e-4f), std::sin(static_cast<float>(i) * 1e-4f)},
        std::to_string(i));
  }
  EXPECT_EQ(knn.class_count(), 10'000u);
  const Prediction prediction = knn.predict(Vector{1, 0}, 1);
  EXPECT_EQ(prediction.confidences.size(), 10'000u);
  knn.clear("0");
  EXPECT_EQ(knn.labels()[0], "1");
  EXPECT_EQ(knn.class_of(9'999), 9'998u);
}

/// Compares the bytes per value of 10,000 examples with the documentation of Storage.
TEST(Knn, UsesTheDocumentedMemory) {
  constexpr size_t kCount = 10'000, kDimension = 256;
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (const auto& [storage, bytes] :
       std::map<Storage, size_t>{{Storage::F32, 4}, {Storage::I16, 2}, {Storage::I8, 1}}) {
    Knn knn(storage);
    Vector vector(kDimension);
    for (size_t i = 0; i < kCount; ++i) {
      for (float& value : vector) value = normal(random);
      knn.add(vector, "a");
    }
    EXPECT_LE(static_cast<double>(knn.memory_bytes()),
              1.3 * static_cast<double>(bytes * kCount * kDimension));
  }
}

// Bugs B1 to B11 of the classifier of tfjs-models, which this library must not have. The tests in
// tests/web cover those that concern the JavaScript interface.

TEST(KnnBugs, B1ClassIndicesAlwaysMatchTheLabels) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  knn.add(Vector{0, 1}, "b");
  knn.clear("a");
  EXPECT_EQ(knn.labels()[knn.predict(Vector{0, 1}, 1).class_index], "b");
  knn.add(Vector{1, 0}, "c");
  EXPECT_EQ(knn.labels()[knn.predict(Vector{1, 0}, 1).class_index], "c");
}

TEST(KnnBugs, B4EmbeddingsAreNormalized) {
  Knn knn;
  knn.add(Vector{10, 10}, "long");
  knn.add(Vector{1, 0}, "exact");
  EXPECT_EQ(knn.predict(Vector{1, 0}, 1).class_index, 1u);
}

TEST(KnnBugs, B5InvalidEmbeddingsAreRejected) {
  Knn knn;
  error_message([&] { knn.add(Vector{0, 0}, "zero"); });
  error_message([&] { knn.add(Vector{kNan, 0}, "nan"); });
  knn.add(Vector{1, 0}, "a");
  error_message([&] { knn.predict(Vector{kNan, 1}, 1); });
  error_message([&] { knn.predict(Vector{0, 0}, 1); });
}

TEST(KnnBugs, B6NamesOfObjectPrototypeAreValidLabels) {
  Knn knn;
  for (const char* label : {"constructor", "toString", "__proto__"}) knn.add(Vector{1, 0}, label);
  EXPECT_EQ(knn.counts(), (std::vector<size_t>{1, 1, 1}));
}

TEST(KnnBugs, B7KMustBeAtLeastOne) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  error_message([&] { knn.predict(Vector{1, 0}, 0); });  // tests/web tests fractions and strings
}

TEST(KnnBugs, B8ClearingResetsTheDimension) {
  Knn knn;
  knn.add(Vector{1, 0}, "a");
  knn.clear();
  knn.add(Vector{1, 0, 0}, "a");
  EXPECT_EQ(knn.dimension(), 3u);
}

TEST(KnnBugs, B9LabelsAreNotConvertedToNumbers) {
  Knn knn;
  knn.add(Vector{1, 0}, "1");
  knn.add(Vector{0, 1}, "01");
  knn.add(Vector{1, 1}, "");
  EXPECT_EQ(knn.class_count(), 3u);
}

}  // namespace
}  // namespace teachable
