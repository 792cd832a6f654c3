#include "classifier/classifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "core/error.h"
#include "data.h"
#include "graph_builder.h"
#include "image/decode.h"
#include "tflite_writer.h"

namespace teachable::testing {
namespace {

std::vector<std::byte> small_file(uint32_t seed = 5) {
  GraphBuilder builder(Precision::I8PerChannel, seed);
  const TensorId output = builder.small_mobilenet(16, 5);
  return write_tflite(builder.take(output));
}

ModelInfo load(Classifier& classifier, const std::vector<std::byte>& file,
               const FrameOptions& options = {}) {
  std::ranges::copy(file, classifier.model_buffer(file.size()).begin());
  return classifier.load_model(options);
}

/// A frame of one colour with a bright square, so that frames differ.
void show(Classifier& classifier, uint8_t red, uint8_t green, uint8_t blue, int width = 40,
          int height = 30) {
  const std::span<uint8_t> pixels = classifier.frame_buffer(width, height);
  for (size_t i = 0; i < pixels.size(); i += 4) {
    const bool square = i / 4 % static_cast<size_t>(width) < 10;
    pixels[i] = square ? 250 : red;
    pixels[i + 1] = green;
    pixels[i + 2] = blue;
    pixels[i + 3] = 255;
  }
}

ErrorCode error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_GT(std::strlen(error.what()), 15u);
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::Internal;
}

TEST(Classifier, TeachesAndPredicts) {
  Classifier classifier(1);
  const ModelInfo info = load(classifier, small_file());
  EXPECT_EQ(info.input_width, 16);
  EXPECT_EQ(info.embedding_size, 32u);
  EXPECT_EQ(info.class_count, 5u);
  for (int i = 0; i < 3; ++i) {
    show(classifier, static_cast<uint8_t>(10 + i), 200, 30);
    classifier.add_example("green");
    show(classifier, static_cast<uint8_t>(10 + i), 20, 230);
    classifier.add_example("blue");
  }
  show(classifier, 15, 202, 31);
  const Prediction prediction = classifier.predict(3);
  EXPECT_EQ(classifier.knn().labels()[prediction.class_index], "green");
  EXPECT_FLOAT_EQ(prediction.confidences[prediction.class_index], 1.0f);
}

TEST(Classifier, ProbabilitiesAreSortedAndSumToOne) {
  Classifier classifier(1);
  load(classifier, small_file());
  show(classifier, 10, 20, 30);
  const std::vector<ClassScore> scores = classifier.classify(100);
  ASSERT_EQ(scores.size(), 5u);
  double sum = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    sum += scores[i].probability;
    if (i > 0) EXPECT_GE(scores[i - 1].probability, scores[i].probability);
  }
  EXPECT_NEAR(sum, 1, 1e-5);
  EXPECT_EQ(classifier.classify(2).size(), 2u);
  EXPECT_EQ(classifier.classify(0).size(), 0u);
}

TEST(Classifier, EachFrameHasItsOwnEmbedding) {
  Classifier classifier(1);
  load(classifier, small_file());
  show(classifier, 10, 200, 30);
  const std::span<const float> span = classifier.embed();
  const std::vector<float> first(span.begin(), span.end());
  EXPECT_TRUE(std::ranges::equal(classifier.embed(), first));
  show(classifier, 200, 10, 30, 7, 90);
  EXPECT_FALSE(std::ranges::equal(classifier.embed(), first));
}

TEST(Classifier, ErrorsSayWhatIsMissing) {
  EXPECT_EQ(error_of([] { Classifier classifier(0); }), ErrorCode::BadArgument);
  Classifier classifier(1);
  EXPECT_EQ(error_of([&] { classifier.embed(); }), ErrorCode::BadArgument);
  load(classifier, small_file());
  EXPECT_EQ(error_of([&] { classifier.embed(); }), ErrorCode::BadImage);
  EXPECT_EQ(error_of([&] { classifier.frame_buffer(0, 10); }), ErrorCode::BadImage);
  EXPECT_EQ(error_of([&] { classifier.frame_buffer(10, kMaxSide + 1); }), ErrorCode::BadImage);
  show(classifier, 1, 2, 3);
  EXPECT_EQ(error_of([&] { classifier.predict(3); }), ErrorCode::BadArgument);
  EXPECT_EQ(error_of([&] {
              FrameOptions options;
              options.range = InputRange{NAN, 1};
              load(classifier, small_file(), options);
            }),
            ErrorCode::BadArgument);
}

TEST(Classifier, NoErrorLosesExamplesOrTheModel) {
  Classifier classifier(1);
  load(classifier, small_file());
  show(classifier, 10, 200, 30);
  classifier.add_example("a");
  const std::vector<std::byte> damaged(100);
  EXPECT_EQ(error_of([&] { load(classifier, damaged); }), ErrorCode::BadArgument);
  EXPECT_EQ(error_of([&] { load(classifier, small_file(6)); }), ErrorCode::BadArgument);
  EXPECT_EQ(error_of([&] { classifier.predict(0); }), ErrorCode::BadArgument);
  EXPECT_EQ(classifier.knn().example_count(), 1u);
  EXPECT_EQ(classifier.predict(1).class_index, 0u);

  classifier.knn().clear();
  EXPECT_EQ(error_of([&] { load(classifier, damaged); }), ErrorCode::BadModel);
  // The frame from before is still there, and so is the model.
  EXPECT_EQ(classifier.embed().size(), 32u);
}

TEST(Classifier, FewShotClassesOfRealPhotosAreToldApart) {
  for (const char* model :
       {"models/tf2_mobilenet_v2_1.0_224_ptq.tflite", "models/mobilenet_v2_1.0_224_quant.tflite"}) {
    READ_DATA_OR_SKIP(file, model);
    Classifier classifier(1);
    load(classifier, file);
    const auto show_photo = [&](const std::string& name) {
      const std::vector<std::byte> photo = read_data("imprinting/" + name + ".bmp");
      const Image image = decode_image({reinterpret_cast<const uint8_t*>(photo.data()), photo.size()});
      std::ranges::copy(image.view().pixels, classifier.frame_buffer(image.width, image.height).begin());
    };
    for (const std::string name : {"cat_train_0", "dog_train_0", "hotdog_train_0", "hotdog_train_1"}) {
      show_photo(name);
      classifier.add_example(name.substr(0, name.find('_')));
    }
    for (const std::string name : {"cat_test_0", "dog_test_0", "hotdog_test_0"}) {
      show_photo(name);
      const Prediction prediction = classifier.predict(1);
      EXPECT_EQ(classifier.knn().labels()[prediction.class_index], name.substr(0, name.find('_')))
          << name << " with " << model;
    }
  }
}

}  // namespace
}  // namespace teachable::testing
