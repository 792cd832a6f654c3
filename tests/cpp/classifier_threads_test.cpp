// A classifier on several threads gives the results of one thread, also while their number changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "classifier/classifier.h"
#include "core/error.h"
#include "graph_builder.h"
#include "test_seed.h"
#include "tflite_writer.h"

namespace teachable::testing {
namespace {

using Network = TensorId (GraphBuilder::*)(int64_t size, int64_t classes);

void load(Classifier& classifier, Network network, Precision precision) {
  GraphBuilder builder(precision, 5);
  const TensorId output = (builder.*network)(32, 5);
  const std::vector<std::byte> file = write_tflite(builder.take(output));
  std::ranges::copy(file, classifier.model_buffer(file.size()).begin());
  classifier.load_model({});
}

/// Shows both classifiers the same random frame.
void show(Classifier& one, Classifier& other, std::mt19937& random) {
  const std::span<uint8_t> pixels = one.frame_buffer(60, 50);
  for (uint8_t& value : pixels) value = static_cast<uint8_t>(random());
  std::ranges::copy(pixels, other.frame_buffer(60, 50).begin());
}

/// Numbers of threads, one after another.
std::vector<size_t> thread_counts() {
  return has_threads() ? std::vector<size_t>{2, 1, 4} : std::vector<size_t>{1};
}

TEST(ClassifierThreads, GiveTheEmbeddingsAndLogitsOfOne) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  for (const Network network : {&GraphBuilder::small_mobilenet_v1, &GraphBuilder::small_mobilenet,
                                &GraphBuilder::small_mobilenet_v3}) {
    for (const Precision precision :
         {Precision::F32, Precision::I8PerTensor, Precision::I8PerChannel, Precision::U8}) {
      SCOPED_TRACE(to_string(precision));
      Classifier one(1), several(has_threads() ? 3 : 1);
      load(one, network, precision);
      load(several, network, precision);
      for (const size_t threads : thread_counts()) {
        for (int frame = 0; frame < 3; ++frame) {
          show(one, several, random);
          ASSERT_TRUE(std::ranges::equal(one.embed(), several.embed())) << threads << " threads";
          ASSERT_TRUE(std::ranges::equal(one.logits(), several.logits())) << threads << " threads";
          several.use_threads(threads);
        }
      }
    }
  }
}

TEST(ClassifierThreads, FindTheNeighboursOfOne) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Classifier one(1), several(has_threads() ? 3 : 1);
  for (Classifier* each : {&one, &several}) {
    load(*each, &GraphBuilder::small_mobilenet, Precision::I8PerChannel);
  }
  show(one, several, random);
  // One thread takes 1024 rows at once.
  constexpr size_t kCount = 2100;
  const size_t dimension = one.embed().size();
  std::vector<float> rows(kCount * dimension);
  for (float& value : rows) value = normal(random);
  const std::vector<std::string> labels(kCount, "a");
  for (Classifier* each : {&one, &several}) each->knn().add_batch(rows, dimension, labels);
  const PredictOptions options{.k = 20, .weighting = Weighting::Similarity};
  for (const Storage storage : {Storage::F32, Storage::I16, Storage::I8}) {
    for (Classifier* each : {&one, &several}) each->knn().use_storage(storage);
    for (const size_t threads : thread_counts()) {
      several.use_threads(threads);
      show(one, several, random);
      for (Classifier* each : {&one, &several}) each->knn().add(each->embed(), "b");
      show(one, several, random);
      EXPECT_EQ(one.knn().predict(one.embed(), options).neighbours,
                several.knn().predict(several.embed(), options).neighbours)
          << threads << " threads";
    }
  }
}

TEST(ClassifierThreads, AreAtLeastOne) {
  std::mt19937 random(1);
  Classifier one(1), several(has_threads() ? 2 : 1);
  for (Classifier* each : {&one, &several}) {
    load(*each, &GraphBuilder::small_mobilenet, Precision::I8PerChannel);
  }
  try {
    several.use_threads(0);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::BadArgument);
  }
  show(one, several, random);
  EXPECT_TRUE(std::ranges::equal(one.embed(), several.embed()));
}

}  // namespace
}  // namespace teachable::testing
