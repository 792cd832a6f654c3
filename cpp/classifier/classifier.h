// Frame -> embedding -> prediction: the one object that the page's side holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "image/image.h"
#include "image/preprocess.h"
#include "knn/dataset_file.h"
#include "knn/knn.h"
#include "knn/smoothing.h"
#include "model/reader.h"
#include "net/network.h"
#include "net/xnn.h"

namespace teachable {

/// What a loaded model is.
struct ModelInfo {
  int input_width = 0, input_height = 0;  ///< pixels
  DataType input_type = DataType::F32;    ///< what the network's first layer reads
  InputRange range;                       ///< real values of a channel at 0 and 255
  const char* range_source = "";  ///< who says so: "given" (FrameOptions), "metadata" or "file"
                                  ///< (the model's), "assumed" (nobody)
  size_t embedding_size = 0;
  size_t class_count = 0;      ///< 0 for a model without a classifier
  std::string name;            ///< what its maker calls it; empty when the file doesn't say
  std::string labels_file;     ///< see Model
  Summary summary;             ///< of the network as it runs
  uint64_t multiply_adds = 0;  ///< of one picture, classifier included
};

/// One of the model's own classes.
struct ClassScore {
  size_t class_index = 0;  ///< index into the network's output
  float probability = 0;   ///< 0-1; over all classes the sum is 1, unless the network ends in a
                           ///< sigmoid: then each is for itself
};

/// How frames reach the network. The range is the model's own where it says one, unless it is given
/// here.
struct FrameOptions {
  Crop crop = Crop::Center;
  ResizeRule resize = ResizeRule::HalfPixel;
  bool mirror = false;
  std::optional<InputRange> range;
};

/// A model, the current frame, and what was taught. Buffers are lent for filling and stay this
/// object's; a lent span dies at the next call. Every failure is an Error and leaves examples and
/// model as they were. Not thread-safe.
class Classifier {
 public:
  /// As of use_threads().
  explicit Classifier(size_t thread_count) { use_threads(thread_count); }
  /// Computes with so many threads from now on, the caller's among them; >= 1. Throws
  /// Error{BadArgument}, Error{OutOfMemory} when they can't be started.
  void use_threads(size_t thread_count);

  /// Memory for a .tflite file, to be filled before load_model().
  std::span<std::byte> model_buffer(size_t byte_count);
  /// Reads what the buffer holds and frees it, also on failure. Throws Error{BadModel},
  /// Error{UnsupportedOp}, Error{OutOfMemory}, and Error{BadArgument} while there are examples:
  /// they belong to the model that embedded them.
  ModelInfo load_model(const FrameOptions& options,
                       PrecisionChoice precision = PrecisionChoice::Auto);

  /// Memory for the next frame, [height, width, 4]; it becomes the current one. Throws
  /// Error{BadImage} for a side of 0 or above kMaxSide.
  std::span<uint8_t> frame_buffer(int width, int height);

  /// The model's own classes of the current frame, most probable first, at most `topk`.
  std::vector<ClassScore> classify(size_t topk);
  /// The model's own classes of the current frame before softmax, [class_count], borrowed until the
  /// next call.
  std::span<const float> logits();
  /// The current frame's embedding, [embedding_size], borrowed until the next call. Runs the
  /// network once a frame, however often it is asked for.
  std::span<const float> embed();

  /// Teaches the current frame; see Knn::add.
  ExampleId add_example(std::string_view label) { return knn_.add(embed(), label); }
  /// Predicts the current frame; see Knn::predict.
  Prediction predict(const PredictOptions& options) { return knn_.predict(embed(), options); }
  Prediction predict(size_t k) { return knn_.predict(embed(), k); }

  /// What was taught; embeddings from elsewhere go straight to it.
  Knn& knn() { return knn_; }
  /// The prediction with the mean of its confidences and those of the calls before, see Smoothing;
  /// the winner is the mean's. Another half-life, other classes (new, erased, enabled or disabled)
  /// and loaded examples start anew; 0 changes nothing. Throws Error{BadArgument}.
  Prediction smooth(Prediction prediction, double half_life);
  /// Puts the examples of `other` in the place of those that were there, and leaves `other`
  /// without. Their ids are counted on from those that were given here, so that none is given
  /// twice.
  void take_examples(Classifier& other);
  /// See Knn::use_storage().
  void use_storage(Storage storage) { knn_.use_storage(storage); }

  /// Begins a file of the examples: next_saved() returns its pieces, an empty one after the last.
  /// See DatasetWriter.
  void start_save(DatasetModel model, std::vector<Thumbnail> thumbnails);
  std::vector<std::byte> next_saved();
  /// Lets go of a save that isn't wanted any more, if there is one.
  void cancel_save() noexcept { writer_.reset(); }
  /// Begins to read such a file, of embeddings [embedding_size] of `expected`: fill
  /// dataset_buffer() and call load_piece(), again and again, then finish_load(), which puts its
  /// examples in the place of those that were there. Until then, and on any Error, these stay. An
  /// Error ends the load. Examples have the ids that they have in the file, as its thumbnails speak
  /// of them by these: an id from before the load is then of another example or none. New ones get
  /// ids above all of both.
  void start_load(DatasetModel expected, size_t embedding_size);
  std::span<std::byte> dataset_buffer(size_t byte_count);
  void load_piece();
  /// Returns what else the file held.
  std::vector<Thumbnail> finish_load();
  /// Lets go of a load that isn't wanted any more, if there is one.
  void cancel_load() noexcept;

 private:
  void set_knn(Knn knn);
  DatasetReader& reader();
  Network& network();
  void write_input();

  Threadpool threadpool_;  // before network_ and knn_, which borrow it
  std::unique_ptr<Network> network_;
  Preprocess preprocess_;
  Preprocessor preprocessor_;
  Knn knn_;

  std::optional<Smoothing> smoothing_;
  double half_life_ = 0;           ///< of smoothing_
  uint64_t smoothed_classes_ = 0;  ///< the Knn's class_revision() that smoothing_ is of

  std::optional<DatasetWriter> writer_;
  std::optional<DatasetReader> reader_;
  std::vector<std::byte> piece_;

  PaddedBuffer<std::byte> model_;
  PaddedBuffer<uint8_t> pixels_;  // that the caller wrote
  RgbaView frame_;                // the current one: into pixels_
  bool embedded_ = false;         // the network holds the embedding of frame_
  bool scored_ = false;           // and the logits
};

}  // namespace teachable
