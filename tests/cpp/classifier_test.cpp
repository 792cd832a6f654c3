#include "classifier/classifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "classifier/dataset_transfer.h"
#include "core/error.h"
#include "data.h"
#include "failing_new.h"
#include "graph_builder.h"
#include "image/decode.h"
#include "knn/review.h"
#include "test_seed.h"
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

/// Writes a frame of one colour with a bright square, so that frames differ.
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
    classifier.knn().add(classifier.embed(), "green");
    show(classifier, static_cast<uint8_t>(10 + i), 20, 230);
    classifier.knn().add(classifier.embed(), "blue");
  }
  show(classifier, 15, 202, 31);
  const Prediction prediction = classifier.knn().predict(classifier.embed(), 3);
  EXPECT_EQ(classifier.knn().labels()[prediction.class_index], "green");
  EXPECT_FLOAT_EQ(prediction.confidences[prediction.class_index], 1.0f);
}

double fixed_clock() { return 7; }

TEST(Classifier, ObservesAFrameInOneCall) {
  Classifier classifier(1);
  load(classifier, small_file());
  show(classifier, 10, 200, 30);
  FrameRequest request;
  request.predict = PredictOptions{.k = 1};
  request.predicts_only_when_taught = true;
  FrameResult result = classifier.observe(request, fixed_clock);
  EXPECT_FALSE(result.prediction);
  EXPECT_FALSE(result.example_id);
  EXPECT_TRUE(result.classes.empty());
  EXPECT_EQ(result.network_ms, 0);
  request.predicts_only_when_taught = false;
  EXPECT_EQ(error_of([&] { classifier.observe(request, fixed_clock); }), ErrorCode::BadArgument);
  request.label = "green";
  request.topk = 2;
  result = classifier.observe(request, fixed_clock);
  EXPECT_EQ(result.example_id, ExampleId{0});
  EXPECT_EQ(result.example_count, 1u);
  ASSERT_TRUE(result.prediction);
  EXPECT_EQ(result.prediction->class_index, 0u);
  EXPECT_EQ(result.classes.size(), 2u);
  EXPECT_EQ(classifier.observe(request, fixed_clock).example_count, 2u);
}

TEST(Classifier, TeachesTheMirroredFrameToo) {
  const auto embedding_with = [](bool mirror) {
    Classifier classifier(1);
    load(classifier, small_file(), {.mirror = mirror, .range = {}});
    show(classifier, 10, 200, 30);
    classifier.knn().add(classifier.embed(), "unit length");
    return classifier.knn().embedding(ExampleId{0});
  };
  for (const bool mirror : {false, true}) {
    Classifier classifier(1);
    load(classifier, small_file(), {.mirror = mirror, .range = {}});
    show(classifier, 10, 200, 30);
    FrameRequest request;
    request.also_mirrored = true;
    EXPECT_FALSE(classifier.observe(request, fixed_clock).example_id) << "no label, no example";
    request.label = "green";
    request.predict = PredictOptions{.k = 1};
    const FrameResult result = classifier.observe(request, fixed_clock);
    EXPECT_EQ(result.example_id, ExampleId{0});
    EXPECT_EQ(result.example_count, 2u);
    EXPECT_EQ(classifier.knn().embedding(ExampleId{0}), embedding_with(mirror));
    EXPECT_EQ(classifier.knn().embedding(ExampleId{1}), embedding_with(!mirror));
    EXPECT_NE(embedding_with(true), embedding_with(false)) << "the frame has two different sides";
    // The prediction, and later calls, are about the frame as it is.
    ASSERT_TRUE(result.prediction);
    EXPECT_EQ(result.prediction->neighbours.front().id, ExampleId{0});
    request.also_mirrored = false;
    EXPECT_EQ(classifier.observe(request, fixed_clock).prediction->neighbours.front().id,
              ExampleId{0});
    EXPECT_TRUE(classifier.knn().undo());
    EXPECT_TRUE(classifier.knn().undo());
    EXPECT_EQ(classifier.knn().example_count(), 1u) << "the mirrored one is undone on its own";
  }
}

TEST(Classifier, AFrameInPartsIsTheSameAsAWholeOne) {
  std::mt19937 random(test_seed());
  constexpr int kWidth = 3000, kHeight = 2000;
  std::vector<uint8_t> pixels(size_t{kWidth} * kHeight * 4);
  for (uint8_t& byte : pixels) byte = static_cast<uint8_t>(random());
  for (const bool mirror : {false, true}) {
    Classifier whole(1), parted(1);
    load(whole, small_file(), {.mirror = mirror, .range = {}});
    load(parted, small_file(), {.mirror = mirror, .range = {}});
    std::ranges::copy(pixels, whole.frame_buffer(kWidth, kHeight).begin());
    int first_row = parted.start_frame(kWidth, kHeight);
    EXPECT_THROW(parted.embed(), Error) << "the frame is not complete";
    int part_count = 0;
    for (; !parted.row_buffer().empty(); ++part_count) {
      const std::span<uint8_t> rows = parted.row_buffer();
      EXPECT_LT(rows.size(), size_t{6} << 20);
      std::copy_n(pixels.begin() + static_cast<ptrdiff_t>(first_row) * kWidth * 4, rows.size(),
                  rows.begin());
      first_row = parted.take_rows();
    }
    EXPECT_GT(part_count, 3);
    EXPECT_THROW(parted.take_rows(), Error);
    for (const bool also_mirrored : {true, false, true}) {
      FrameRequest request;
      request.label = "photo";
      request.also_mirrored = also_mirrored;
      const ExampleId a = *whole.observe(request, fixed_clock).example_id;
      const ExampleId b = *parted.observe(request, fixed_clock).example_id;
      for (ExampleId next = 0; next < (also_mirrored ? 2u : 1u); ++next) {
        EXPECT_EQ(parted.knn().embedding(b + next), whole.knn().embedding(a + next));
      }
    }
    parted.knn().clear();
    load(parted, small_file(), {.mirror = mirror, .range = {}});
    EXPECT_THROW(parted.embed(), Error) << "the new network has not seen the frame";
    show(parted, 10, 200, 30);
    show(whole, 10, 200, 30);
    EXPECT_TRUE(std::ranges::equal(parted.embed(), whole.embed()));
  }
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

std::vector<std::byte> file_with_a_middle() {
  GraphBuilder builder(Precision::I8PerChannel, 5);
  const TensorId output = builder.small_mobilenet_v1(16, 5);
  return write_tflite(builder.take(output));
}

ModelInfo load_layers(Classifier& classifier, const std::vector<std::byte>& file,
                      EmbeddingLayers layers, const FrameOptions& options = {}) {
  std::ranges::copy(file, classifier.model_buffer(file.size()).begin());
  return classifier.load_model(options, PrecisionChoice::Auto, layers);
}

TEST(Classifier, SaysWhichLayersAnEmbeddingHas) {
  Classifier classifier(1);
  const ModelInfo last = load_layers(classifier, file_with_a_middle(), EmbeddingLayers::Last);
  EXPECT_EQ(last.layers, EmbeddingLayers::Last);
  EXPECT_EQ(last.embedding_size, 24u);
  EXPECT_EQ(last.middle_layer_size, 16u);
  const ModelInfo two = load_layers(classifier, file_with_a_middle(), EmbeddingLayers::Auto);
  EXPECT_EQ(two.layers, EmbeddingLayers::Two);
  EXPECT_EQ(two.embedding_size, 40u);
  EXPECT_EQ(two.middle_layer_size, 16u);
  show(classifier, 10, 200, 30);
  EXPECT_EQ(classifier.embed().size(), 40u);
  EXPECT_EQ(error_of([&] { load_layers(classifier, small_file(), EmbeddingLayers::Two); }),
            ErrorCode::UnsupportedOp);
  // The model before stays.
  EXPECT_EQ(classifier.embed().size(), 40u);
  EXPECT_EQ(load_layers(classifier, small_file(), EmbeddingLayers::Auto).middle_layer_size, 0u);
}

std::vector<std::byte> save(Classifier& classifier, const std::vector<Thumbnail>& thumbnails = {}) {
  std::vector<std::byte> file;
  const auto append = [&](const std::vector<std::byte>& piece) {
    file.insert(file.end(), piece.begin(), piece.end());
  };
  DatasetTransfer transfer(classifier);
  transfer.start_save({"m", "", ""});
  for (const auto& [id, bytes] : thumbnails) transfer.plan_thumbnail(id, bytes.size());
  for (auto piece = transfer.next_saved(); !piece.empty(); piece = transfer.next_saved()) {
    append(piece);
  }
  for (const auto& [id, bytes] : thumbnails) {
    std::ranges::copy(bytes, transfer.piece_buffer(bytes.size()).begin());
    append(transfer.saved_thumbnail(id, bytes.size()));
  }
  append(transfer.end_save());
  return file;
}

std::vector<Thumbnail> begin_load(DatasetTransfer& transfer, std::span<const std::byte> bytes,
                                  size_t embedding_size = 2) {
  transfer.start_load({"m", "", ""}, embedding_size);
  std::ranges::copy(bytes, transfer.piece_buffer(bytes.size()).begin());
  return transfer.load_piece();
}

void load_dataset(Classifier& classifier, std::span<const std::byte> file, size_t embedding_size) {
  DatasetTransfer transfer(classifier);
  begin_load(transfer, file, embedding_size);
  transfer.finish_load();
}

TEST(Classifier, RefusesADataSetOfOtherLayers) {
  Classifier last(1), two(1);
  const size_t sizes[] = {
      load_layers(last, file_with_a_middle(), EmbeddingLayers::Last).embedding_size,
      load_layers(two, file_with_a_middle(), EmbeddingLayers::Two).embedding_size};
  for (Classifier* each : {&last, &two}) {
    show(*each, 10, 200, 30);
    each->knn().add(each->embed(), "green");
  }
  const auto transfer = [](Classifier& from, Classifier& to, size_t size) {
    load_dataset(to, save(from), size);
  };
  EXPECT_EQ(error_of([&] { transfer(last, two, sizes[1]); }), ErrorCode::BadDataset);
  EXPECT_EQ(error_of([&] { transfer(two, last, sizes[0]); }), ErrorCode::BadDataset);
  Classifier other(1);
  transfer(two, other, sizes[1]);
  EXPECT_EQ(other.knn().example_count(), 1u);
}

/// Returns float16 values: 1 for the last layer, 0.5 for the middle layer.
std::vector<uint8_t> space_file(size_t last, size_t middle) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < last + middle; ++i) {
    bytes.push_back(0);
    bytes.push_back(i < last ? 0x3c : 0x38);
  }
  return bytes;
}

TEST(Classifier, GivesEmbeddingsOfTwoLayersInASpace) {
  Classifier classifier(1);
  const std::vector<uint8_t> file = space_file(24, 16);
  EXPECT_EQ(error_of([&] { classifier.use_space(file); }), ErrorCode::BadArgument);
  const auto embed = [&] {
    std::ranges::fill(classifier.frame_buffer(8, 8), uint8_t{200});
    const std::span<const float> embedding = classifier.embed();
    return std::vector<float>(embedding.begin(), embedding.end());
  };
  load_layers(classifier, file_with_a_middle(), EmbeddingLayers::Two);
  const std::vector<float> raw = embed();
  EmbeddingSpace space(file, 24, 16);
  const std::span<const float> transformed = space.transform(raw);
  const std::vector<float> expected(transformed.begin(), transformed.end());

  // The frame that was embedded before is embedded again.
  classifier.use_space(file);
  const std::span<const float> same_frame = classifier.embed();
  EXPECT_TRUE(std::ranges::equal(same_frame, expected));
  EXPECT_EQ(embed(), expected);
  EXPECT_EQ(error_of([&] { classifier.use_space(space_file(24, 0)); }), ErrorCode::BadModel);
  EXPECT_EQ(embed(), expected);

  load_layers(classifier, file_with_a_middle(), EmbeddingLayers::Two);
  EXPECT_EQ(embed(), raw);

  load_layers(classifier, file_with_a_middle(), EmbeddingLayers::Last);
  const std::vector<float> last = embed();
  classifier.use_space(file);
  EXPECT_EQ(embed(), last);
}

TEST(Classifier, CentresTheMirroredFrameToo) {
  const auto make = [](bool mirror) {
    Classifier classifier(1);
    load_layers(classifier, file_with_a_middle(), EmbeddingLayers::Two,
                {.mirror = mirror, .range = {}});
    classifier.use_space(space_file(24, 16));
    show(classifier, 10, 200, 30);
    return classifier;
  };
  Classifier classifier = make(false), plain = make(false), mirrored = make(true);
  FrameRequest request;
  request.label = "green";
  request.also_mirrored = true;
  classifier.observe(request, fixed_clock);
  plain.knn().add(plain.embed(), "green");
  mirrored.knn().add(mirrored.embed(), "green");
  const std::vector<float> frame = classifier.knn().embedding(ExampleId{0});
  const std::vector<float> other_way = classifier.knn().embedding(ExampleId{1});
  EXPECT_EQ(frame, plain.knn().embedding(ExampleId{0}));
  EXPECT_EQ(other_way, mirrored.knn().embedding(ExampleId{0}));
  EXPECT_NE(frame, other_way) << "the frame has two different sides";
  // The frame's own embedding is the one that later calls see.
  EXPECT_TRUE(std::ranges::equal(classifier.embed(), plain.embed()));
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
  EXPECT_EQ(error_of([&] { classifier.knn().predict(classifier.embed(), 3); }),
            ErrorCode::BadArgument);
  EXPECT_EQ(error_of([&] {
              FrameOptions options;
              options.range = InputRange{NAN, 1};
              load(classifier, small_file(), options);
            }),
            ErrorCode::BadArgument);
}

TEST(Classifier, KeepsExamplesAndTheModelAfterErrors) {
  Classifier classifier(1);
  load(classifier, small_file());
  show(classifier, 10, 200, 30);
  classifier.knn().add(classifier.embed(), "a");
  const std::vector<std::byte> damaged(100);
  EXPECT_EQ(error_of([&] { load(classifier, damaged); }), ErrorCode::BadArgument);
  EXPECT_EQ(error_of([&] { load(classifier, small_file(6)); }), ErrorCode::BadArgument);
  EXPECT_EQ(error_of([&] { classifier.knn().predict(classifier.embed(), 0); }),
            ErrorCode::BadArgument);
  EXPECT_EQ(classifier.knn().example_count(), 1u);
  EXPECT_EQ(classifier.knn().predict(classifier.embed(), 1).class_index, 0u);

  classifier.knn().clear();
  EXPECT_EQ(error_of([&] { load(classifier, damaged); }), ErrorCode::BadModel);
  // The frame and the model from before are still there.
  EXPECT_EQ(classifier.embed().size(), 32u);
}

const std::vector<float> kRight = {1, 0}, kUp = {0, 1}, kDiagonal = {1, 1};

/// Returns the smoothed prediction for an embedding.
Prediction smoothed(Classifier& classifier, const std::vector<float>& embedding) {
  return classifier.smooth(classifier.knn().predict(embedding, 1), 4);
}

/// Adds the classes a and b, and then predicts b for several frames.
void watch_b(Classifier& classifier) {
  classifier.knn().add(kRight, "a");
  classifier.knn().add(kUp, "b");
  for (int i = 0; i < 10; ++i) smoothed(classifier, kUp);
  ASSERT_GT(smoothed(classifier, kRight).confidences[1], 0.5f);
}

TEST(Smoothing, StartsAnewWhenAnotherClassTakesTheIndex) {
  Classifier classifier(1);
  ASSERT_NO_FATAL_FAILURE(watch_b(classifier));
  classifier.knn().clear("b");
  classifier.knn().add(kDiagonal, "c");
  EXPECT_EQ(smoothed(classifier, kRight).confidences, (std::vector<float>{1, 0}));
}

TEST(Smoothing, ForgetsAClassThatIsDisabled) {
  Classifier classifier(1);
  ASSERT_NO_FATAL_FAILURE(watch_b(classifier));
  classifier.knn().enable("b", false);
  const Prediction prediction = smoothed(classifier, kUp);
  EXPECT_EQ(prediction.class_index, 0u);
  EXPECT_EQ(prediction.confidences, (std::vector<float>{1, 0}));
}

TEST(Smoothing, StartsAnewAfterAMerge) {
  Classifier classifier(1);
  ASSERT_NO_FATAL_FAILURE(watch_b(classifier));
  classifier.knn().add_class("c");
  for (int i = 0; i < 10; ++i) smoothed(classifier, kUp);
  classifier.knn().merge("b", "c");
  classifier.knn().add_class("d");
  EXPECT_EQ(smoothed(classifier, kRight).confidences, (std::vector<float>{1, 0, 0}));
}

TEST(Smoothing, StartsAnewWhenUndoRemovesAClassAndAnotherIsAdded) {
  Classifier classifier(1);
  ASSERT_NO_FATAL_FAILURE(watch_b(classifier));
  ASSERT_TRUE(classifier.knn().undo());
  classifier.knn().add(kDiagonal, "c");
  EXPECT_EQ(smoothed(classifier, kRight).confidences, (std::vector<float>{1, 0}));
}

TEST(Smoothing, ContinuesWhileTheClassesStayTheSame) {
  Classifier classifier(1);
  ASSERT_NO_FATAL_FAILURE(watch_b(classifier));
  classifier.knn().remove(classifier.knn().add(kDiagonal, "a"));
  classifier.knn().rename("b", "renamed");
  EXPECT_GT(smoothed(classifier, kRight).confidences[1], 0.4f);
}

TEST(Smoothing, KeepsTheWinnerOfTheFrameWhenVotesAreEqual) {
  Classifier classifier(1);
  classifier.knn().add(kUp, "a");
  classifier.knn().add(kRight, "b");
  const Prediction frame = classifier.knn().predict(kRight, 2);
  ASSERT_EQ(frame.class_index, 1u) << "the nearest";
  EXPECT_EQ(classifier.smooth(frame, 4).class_index, 1u);
}

TEST(ClassifierExamples, LoadingAFileReplacesAllAndKeepsTheIdsOfTheFile) {
  Classifier saved(1);
  saved.knn().add(kRight, "x");
  const ExampleId pictured = saved.knn().add(kUp, "new");
  saved.knn().remove(0);
  const std::vector<std::byte> file = save(saved, {{pictured, std::vector<std::byte>(3)}});

  Classifier classifier(1);
  DatasetTransfer transfer(classifier);
  for (int i = 0; i < 5; ++i) classifier.knn().add(kRight, "old");
  const std::vector<Thumbnail> thumbnails = begin_load(transfer, file);
  EXPECT_EQ(classifier.knn().example_count(), 5u) << "not before the end";
  transfer.finish_load();
  EXPECT_EQ(classifier.knn().labels(), (std::vector<std::string>{"x", "new"}));
  EXPECT_EQ(classifier.knn().counts(), (std::vector<size_t>{0, 1}));
  EXPECT_FALSE(classifier.knn().undo());
  ASSERT_EQ(thumbnails.size(), 1u);
  EXPECT_TRUE(classifier.knn().contains(thumbnails[0].id));
  EXPECT_EQ(classifier.knn().add(kUp, "new"), 5u) << "above those of before and those of the file";
}

TEST(ClassifierExamples, TakenExamplesGetNewIds) {
  Classifier classifier(1), other(1);
  for (int i = 0; i < 3; ++i) classifier.knn().add(kRight, "old");
  other.knn().add(kRight, "a");
  other.knn().add(kUp, "b");
  classifier.take_examples(other);
  EXPECT_EQ(classifier.knn().ids(), (std::vector<ExampleId>{3, 4}));
  EXPECT_EQ(classifier.knn().class_of(4), 1u);
  EXPECT_EQ(classifier.knn().add(kUp, "b"), 5u);
  EXPECT_EQ(other.knn().example_count(), 0u);
}

TEST(ClassifierExamples, KeepIdsAndClassesWhenTheStorageChanges) {
  Classifier classifier(1);
  classifier.knn().add_class("empty");
  classifier.knn().enable("empty", false);
  classifier.knn().remove(classifier.knn().add(kRight, "a"));
  classifier.knn().use_storage(Storage::I8);
  EXPECT_EQ(classifier.knn().labels(), (std::vector<std::string>{"empty", "a"}));
  EXPECT_FALSE(classifier.knn().enabled(0));
  EXPECT_EQ(classifier.knn().add(kRight, "a"), 1u);
}

TEST(ClassifierExamples, AFailedOrCancelledLoadReleasesItsMemory) {
  Classifier saved(1);
  for (int i = 0; i < 500; ++i) saved.knn().add(std::vector<float>{1, static_cast<float>(i)}, "a");
  std::vector<std::byte> file = save(saved);
  Classifier classifier(1);
  DatasetTransfer transfer(classifier);
  const std::span<const std::byte> most(file.data(), file.size() - 10);
  const std::ptrdiff_t before = live_allocations();

  begin_load(transfer, most);
  EXPECT_GT(live_allocations(), before + 5);
  EXPECT_EQ(error_of([&] { transfer.finish_load(); }), ErrorCode::BadDataset);
  EXPECT_EQ(live_allocations(), before) << "cut off";

  begin_load(transfer, most);
  transfer.cancel_load();
  EXPECT_EQ(live_allocations(), before) << "cancelled";
  transfer.cancel_load();
  EXPECT_EQ(error_of([&] { transfer.load_piece(); }), ErrorCode::BadArgument);

  file[file.size() / 2] ^= std::byte{1};
  EXPECT_EQ(error_of([&] { begin_load(transfer, file); }), ErrorCode::BadDataset);
  EXPECT_EQ(live_allocations(), before) << "damaged";

  begin_load(transfer, std::span(file).first(20));
  transfer.cancel_load();
  EXPECT_EQ(error_of([&] { transfer.finish_load(); }), ErrorCode::BadArgument);
}

TEST(ClassifierExamples, ACancelledSaveReleasesItsMemory) {
  Classifier classifier(1);
  DatasetTransfer transfer(classifier);
  classifier.knn().add(kRight, "a");
  const std::string long_id(100, 'm');
  const std::ptrdiff_t before = live_allocations();
  transfer.start_save({long_id, "", ""});
  transfer.next_saved();
  EXPECT_GT(live_allocations(), before);
  transfer.cancel_save();
  EXPECT_EQ(live_allocations(), before);
  EXPECT_EQ(error_of([&] { transfer.next_saved(); }), ErrorCode::BadArgument);
  // A change of the examples ends a save.
  transfer.start_save({long_id, "", ""});
  classifier.knn().enable("a", false);
  EXPECT_EQ(error_of([&] { transfer.next_saved(); }), ErrorCode::BadArgument);
  EXPECT_EQ(live_allocations(), before);
}

TEST(ClassifierExamples, ReplacingTheExamplesEndsASave) {
  Classifier classifier(1), other(1);
  DatasetTransfer transfer(classifier);
  classifier.knn().add(kRight, "a");
  other.knn().add(kUp, "b");
  transfer.start_save({"m", "", ""});
  classifier.take_examples(other);
  EXPECT_EQ(error_of([&] { transfer.next_saved(); }), ErrorCode::BadArgument);
}

TEST(ClassifierExamples, IdsStartAnewWhenNearlyAllHaveBeenUsed) {
  Classifier classifier(1), other(1);
  const auto use_up = [&] {
    classifier.knn().skip_ids(UINT32_MAX - 1);
    classifier.knn().add(kRight, "a");
    EXPECT_EQ(error_of([&] { classifier.knn().add(kUp, "b"); }), ErrorCode::OutOfMemory);
  };
  use_up();
  const std::vector<std::byte> file = save(classifier);
  DatasetTransfer transfer(classifier);
  begin_load(transfer, file);
  transfer.finish_load();
  EXPECT_EQ(classifier.knn().ids(), std::vector<ExampleId>{0});
  EXPECT_EQ(classifier.knn().add(kUp, "b"), 1u);
  use_up();
  other.knn().add(kUp, "b");
  classifier.take_examples(other);
  EXPECT_EQ(classifier.knn().add(kUp, "b"), 1u);
  use_up();
  classifier.knn().clear();
  EXPECT_EQ(classifier.knn().add(kUp, "b"), 0u);
}

TEST(Classifier, AFrameIsTaughtAndPredictedOrNeither) {
  Classifier classifier(1);
  load(classifier, small_file());
  classifier.knn().add(std::vector<float>(32, 1), "old");
  classifier.knn().enable("old", false);
  const std::vector<std::byte> before = save(classifier);
  show(classifier, 10, 200, 30);
  std::vector<FrameRequest> wrong;
  for (const PredictOptions& options :
       {PredictOptions{.k = 0}, PredictOptions{.temperature = INFINITY},
        PredictOptions{.temperature = 0}, PredictOptions{.prior = NAN},
        PredictOptions{.sharpness = -1}, PredictOptions{.unknown_threshold = 2}}) {
    wrong.push_back({.label = "new", .predict = options, .topk = 1});
  }
  for (double smoothing : {-1.0, std::nan(""), double{INFINITY}}) {
    wrong.push_back({.label = "new", .predict = PredictOptions{}, .smoothing = smoothing});
  }
  // The example would get its label, but no example may vote.
  wrong.push_back({.label = "old", .predict = PredictOptions{}});
  wrong.push_back({.label = "\xFF", .predict = PredictOptions{}});
  for (const FrameRequest& each : wrong) {
    EXPECT_EQ(error_of([&] { classifier.observe(each, fixed_clock); }), ErrorCode::BadArgument);
    EXPECT_EQ(save(classifier), before);
  }
  EXPECT_TRUE(classifier.knn().undo()) << "the history is intact";
  EXPECT_EQ(classifier.knn().example_count(), 0u);
}

TEST(Classifier, AFailedSmoothingKeepsTheMean) {
  Classifier classifier(1);
  classifier.knn().add(kRight, "right");
  classifier.knn().add(kUp, "up");
  const Prediction right = classifier.knn().predict(kRight, 1),
                   up = classifier.knn().predict(kUp, 1);
  classifier.smooth(right, 1);
  EXPECT_THROW(classifier.smooth(up, std::nan("")), Error);
  {
    Attempt attempt(classifier);
    classifier.smooth(up, 1);
    classifier.knn().add(kUp, "third");
  }
  EXPECT_EQ(classifier.knn().class_count(), 2u);
  for (double half_life : {1e9, 1e308}) {
    const std::vector<float> mean = [&] {
      Classifier fresh(1);
      fresh.knn().add(kRight, "right");
      fresh.knn().add(kUp, "up");
      fresh.smooth(right, half_life);
      return fresh.smooth(up, half_life).confidences;
    }();
    EXPECT_NEAR(mean[0], 0.5f, 1e-6) << half_life;
  }
}

/// Lets every allocation of every step fail in turn. What was taught stays, and later calls work.
TEST(Classifier, KeepsWhatWasTaughtWhenMemoryRunsOutAnywhere) {
  const std::vector<std::byte> model = small_file();
  Classifier classifier(1);
  load(classifier, model);
  for (int i = 0; i < 6; ++i) {
    show(classifier, static_cast<uint8_t>(40 * i), 200, 30);
    classifier.observe({.label = "a class with a long name " + std::to_string(i % 2)}, fixed_clock);
  }
  const std::vector<std::byte> taught = save(classifier, {{1, std::vector<std::byte>(500)}});
  const std::string new_label = "another class with a long name";
  const PredictOptions options, combined{.rule = Rule::Combined};
  const auto reload = [&] { load_dataset(classifier, taught, 32); };
  struct Step {
    const char* name;
    std::function<void()> run;
  };
  const Step steps[] = {
      {"a model",
       [&] {
         Classifier other(1);
         load(other, model);
       }},
      {"a frame",
       [&] {
         show(classifier, 1, 2, 3, 123, 77);
         classifier.embed();
       }},
      {"an observation",
       [&] {
         show(classifier, 1, 2, 3);
         classifier.observe({.label = new_label, .predict = options, .smoothing = 3, .topk = 2},
                            fixed_clock);
       }},
      {"a prediction",
       [&] {
         show(classifier, 1, 2, 3);
         classifier.observe({.predict = options, .smoothing = 3, .topk = 2}, fixed_clock);
       }},
      {"a review", [&] { review(classifier.knn(), {}); }},
      {"an observation with a linear head",
       [&] {
         show(classifier, 1, 2, 3);
         classifier.observe({.label = new_label, .predict = combined, .smoothing = 3, .topk = 2},
                            fixed_clock);
       }},
      {"an observation that is also mirrored",
       [&] {
         show(classifier, 1, 2, 3);
         classifier.observe({.label = new_label, .also_mirrored = true, .predict = combined},
                            fixed_clock);
       }},
      {"a prediction with a linear head",
       [&] {
         show(classifier, 1, 2, 3);
         classifier.observe({.predict = combined, .smoothing = 3}, fixed_clock);
       }},
      {"a review with a linear head", [&] { review(classifier.knn(), {.predict = combined}); }},
      {"a save", [&] { save(classifier, {{1, std::vector<std::byte>(500)}}); }},
      {"a load", reload},
      {"a conversion", [&] { classifier.knn().use_storage(Storage::I8); }},
  };
  for (const Step& step : steps) {
    const std::vector<std::byte> before = save(classifier, {{1, std::vector<std::byte>(500)}});
    int failures = 0;
    for (int allowed = 0;; ++allowed) {
      SCOPED_TRACE(std::string(step.name) + " after " + std::to_string(allowed) + " allocations");
      bool failed = false;
      fail_after_allocations(allowed);
      try {
        step.run();
      } catch (const std::bad_alloc&) {
        failed = true;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::OutOfMemory) << error.what();
        failed = true;
      }
      stop_failing_allocations();
      if (!failed) break;
      ++failures;
      ASSERT_EQ(save(classifier, {{1, std::vector<std::byte>(500)}}), before);
    }
    EXPECT_GT(failures, 0) << step.name;
    ASSERT_NO_THROW(reload());
    show(classifier, 1, 2, 3);
    EXPECT_EQ(classifier.observe({.predict = options}, fixed_clock).prediction->confidences.size(),
              2u);
  }
}

TEST(Classifier, TellsFewShotClassesOfRealPhotosApart) {
  for (const char* model :
       {"models/tf2_mobilenet_v2_1.0_224_ptq.tflite", "models/mobilenet_v2_1.0_224_quant.tflite"}) {
    READ_DATA_OR_SKIP(file, model);
    Classifier classifier(1);
    load(classifier, file);
    const auto show_photo = [&](const std::string& name) {
      const std::vector<std::byte> photo = read_data("imprinting/" + name + ".bmp");
      const Image image =
          decode_image({reinterpret_cast<const uint8_t*>(photo.data()), photo.size()});
      std::ranges::copy(image.view().pixels,
                        classifier.frame_buffer(image.width, image.height).begin());
    };
    for (const std::string name :
         {"cat_train_0", "dog_train_0", "hotdog_train_0", "hotdog_train_1"}) {
      show_photo(name);
      classifier.knn().add(classifier.embed(), name.substr(0, name.find('_')));
    }
    for (const std::string name : {"cat_test_0", "dog_test_0", "hotdog_test_0"}) {
      show_photo(name);
      const Prediction prediction = classifier.knn().predict(classifier.embed(), 1);
      EXPECT_EQ(classifier.knn().labels()[prediction.class_index], name.substr(0, name.find('_')))
          << name << " with " << model;
    }
  }
}

}  // namespace
}  // namespace teachable::testing
