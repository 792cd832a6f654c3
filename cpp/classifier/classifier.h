// Frame -> embedding -> prediction: the one C++ object that the page's side holds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "classifier/embedding_space.h"
#include "core/buffer.h"
#include "image/byte_order.h"
#include "image/image.h"
#include "image/preprocess.h"
#include "knn/knn.h"
#include "knn/smoothing.h"
#include "model/reader.h"
#include "net/network.h"
#include "net/xnn.h"

namespace teachable {

/// Description of a loaded model.
struct ModelInfo {
  int input_width = 0, input_height = 0;  ///< Pixels.
  int input_channels = 3;                 ///< 3, or 1 for a grey network.
  DataType input_type = DataType::F32;    ///< Data type that the first layer reads.
  InputRange range;                       ///< Real values of a channel at 0 and at 255.
  /// Source of `range`: "given" (FrameOptions), "metadata" or "file" (the model's), or "assumed".
  const char* range_source = "";
  size_t embedding_size = 0;                       ///< Floats in an embedding.
  std::string embedding_layer;                     ///< Name of its tensor in the file.
  std::string embedding_reason;                    ///< Why: "chosen by ...", "what ... reads".
  EmbeddingLayers layers = EmbeddingLayers::Last;  ///< Layers of the embedding: Last or Two.
  /// Floats that a middle layer adds to an embedding of two layers; 0 for a model without one.
  size_t middle_layer_size = 0;
  size_t class_count = 0;             ///< 0 for a model without a classifier.
  std::string name;                   ///< The name inside the file; empty when there is none.
  std::string labels_file;            ///< See Model::labels_file.
  Summary summary;                    ///< Of the network as it runs.
  uint64_t multiply_adds = 0;         ///< For one picture, the classifier included.
  std::vector<std::string> warnings;  ///< Plain sentences for the user.
  std::vector<std::string> outputs;   ///< Names of the file's outputs.
  size_t output = 0;                  ///< Index in `outputs` of the one that is used.
};

/// Score of one of the model's own classes.
struct ClassScore {
  size_t class_index = 0;  ///< Index into the network's output.
  /// 0-1. The sum over all classes is 1, unless the network ends in a sigmoid.
  float probability = 0;
};

/// How frames become the network's input.
struct FrameOptions {
  Crop crop = Crop::Center;
  ResizeRule resize = ResizeRule::Area;
  bool mirror = false;
  /// Real values of a channel at 0 and at 255. Default: the model's own, else -1 and 1.
  std::optional<InputRange> range;
  /// Colour behind transparent pixels. Without one, alpha is ignored.
  std::optional<Rgb> background{};
  /// Ranges of the channels R, G and B, instead of `range`. A grey network uses the mean of the
  /// three.
  std::optional<std::array<InputRange, 3>> channel_ranges{};
  /// Name or index of the tensor to use as the embedding; "" for the network's own. See
  /// read_model().
  std::string embedding{};
  /// Size of the input of a network for pictures of any size; see read_tflite().
  InputSize input_size{};
  /// Name or index of the output to use; "" for the default one. See read_tflite().
  std::string output{};
};

/// Work to do for one frame. Everything but `also_mirrored` needs only one run of the network.
struct FrameRequest {
  /// Adds the frame as an example of this class, before the prediction.
  std::optional<std::string> label{};
  /// With a label: also adds the mirrored frame, as the next example. Runs the network once more.
  bool also_mirrored = false;
  /// Predicts the frame with these options.
  std::optional<PredictOptions> predict{};
  /// Half-life for smooth(); 0 for no smoothing.
  double smoothing = 0;
  /// Leaves the prediction out while no example may vote, instead of throwing.
  bool predicts_only_when_taught = false;
  /// Maximum number of the model's own classes to return. 0 skips them.
  size_t topk = 0;
};

/// Result of a FrameRequest.
struct FrameResult {
  std::optional<ExampleId> example_id;   ///< The new example; none without a label.
  size_t example_count = 0;              ///< Examples of the label, new ones included.
  std::optional<Prediction> prediction;  ///< None when it wasn't asked for or left out.
  std::vector<ClassScore> classes;       ///< Most probable first.
  double network_ms = 0;                 ///< Milliseconds for preprocessing and network.
  double preprocess_ms = 0;  ///< Milliseconds of them in which pixels became the network's input.
};

class Classifier;

/// Makes a call that teaches at most Knn::kMaxTakenBack examples or smooths a prediction all or
/// nothing: unless keep() is called, the destructor removes the examples again, with their class if
/// that is new, and restores the mean of smooth().
class Attempt {
 public:
  /// Throws std::bad_alloc. `classifier` must outlive this object.
  explicit Attempt(Classifier& classifier);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt();
  /// Makes the changes final.
  void keep() noexcept { is_kept_ = true; }

 private:
  Classifier& classifier_;
  std::optional<Smoothing> smoothing_;
  double half_life_;
  uint64_t smoothed_classes_;
  ExampleId next_id_;
  bool is_kept_ = false;
};

/// A model, the current frame, and the examples. It owns the buffers that it lends for filling; a
/// lent span is valid until the next call. Every failure is an Error and leaves examples and model
/// unchanged. Not thread-safe.
class Classifier {
 public:
  /// Starts with `thread_count` threads. Throws as use_threads().
  explicit Classifier(size_t thread_count) { use_threads(thread_count); }
  /// Sets the number of threads that compute, the calling one included; >= 1. Throws
  /// Error{BadArgument}, or Error{OutOfMemory} when they can't be started.
  void use_threads(size_t thread_count);
  /// Computes with at most `thread_count` of these threads until the next call; >= 1. Cheap enough
  /// for each frame.
  void limit_threads(size_t thread_count) {
    teachable::limit_threads(threadpool_.get(), thread_count);
  }

  /// Returns memory for a .tflite file. Fill it, then call load_model().
  std::span<std::byte> model_buffer(size_t byte_count);
  /// Reads the model from model_buffer() and frees the buffer, also on failure. Throws
  /// Error{BadModel}, Error{UnsupportedOp} or Error{OutOfMemory}; and Error{BadArgument} while
  /// there are examples, because they belong to the model that embedded them. Throws
  /// Error{UnsupportedOp} for EmbeddingLayers::Two and a model without a middle layer.
  ModelInfo load_model(const FrameOptions& options,
                       PrecisionChoice precision = PrecisionChoice::Auto,
                       EmbeddingLayers layers = EmbeddingLayers::Last);

  /// Gives embeddings of two layers in the EmbeddingSpace that `file` holds from now on, so that
  /// what all pictures have in common no longer makes them similar. An embedding of the last layer
  /// alone stays as the network gives it. Loading a model removes the space. Throws
  /// Error{BadArgument} without a model, and as EmbeddingSpace.
  void use_space(std::span<const uint8_t> file);

  /// Returns memory for the next frame, [height, width, 4] RGBA, and makes it the current one.
  /// Throws Error{BadImage} for a side of 0 or above kMaxSide.
  std::span<uint8_t> frame_buffer(int width, int height);
  /// Converts the current frame to RGBA, once, when frame_buffer() was filled in another order.
  /// Returns true if all its pixels are opaque.
  bool reorder_frame(ByteOrder order);

  /// Starts a frame of [height, width, 4] RGBA whose rows come in parts, so that a large photo
  /// never is in memory as a whole. Until row_buffer() is empty, there is no current frame. The
  /// network's input is the same as with frame_buffer(). Returns the first row that is wanted.
  /// Throws as frame_buffer(), and as network().
  int start_frame(int width, int height);
  /// Returns memory for the rows that are wanted, [rows, width, 4]. Fill it, then call take_rows().
  std::span<uint8_t> row_buffer();
  /// Reads row_buffer() into the network's input. Returns the next row that is wanted.
  int take_rows();

  /// Does all that is asked for with the current frame, in the order of FrameRequest's fields: all
  /// or nothing, see Attempt. Throws Error{BadArgument} without a model, and as Knn::add(),
  /// Knn::predict(), smooth() and classify(); Error{BadImage} without a frame.
  /// `now_ms` returns the time in milliseconds: std::chrono's clock would add 7 kB to the module.
  FrameResult observe(const FrameRequest& request, double (*now_ms)());
  /// Returns the model's own classes for the current frame, at most `topk`, most probable first.
  std::vector<ClassScore> classify(size_t topk);
  /// Returns the outputs before softmax, [class_count], borrowed until the next call.
  std::span<const float> logits();
  /// Returns the current frame's embedding, [embedding_size], borrowed until the next call. The
  /// network runs once for each frame, however often this is called.
  std::span<const float> embed();

  /// The examples. Embeddings from elsewhere go straight to it.
  Knn& knn() { return knn_; }
  const Knn& knn() const { return knn_; }
  /// Replaces the confidences by a mean over this and earlier predictions (see Smoothing), and the
  /// winner by the winner of the mean. The mean starts anew when the half-life changes, when
  /// classes are added, erased, enabled or disabled, and when examples are loaded. A half-life of 0
  /// returns the prediction as it is. Throws Error{BadArgument}.
  Prediction smooth(Prediction prediction, double half_life);
  /// Replaces all examples. The ids of `knn` are kept.
  void replace_examples(Knn knn);
  /// Replaces all examples by those of `other`, which is left without any. Their ids continue after
  /// those that were given here, so that no id is given twice, unless too few ids would be left.
  void take_examples(Classifier& other);
  /// Number of replace_examples() and take_examples() calls so far.
  uint64_t replacement_count() const { return replacement_count_; }

 private:
  friend class Attempt;

  Network& network();
  void check_side(int width, int height) const;
  /// Writes the current frame, or its wanted rows.
  void write_input(const Preprocess& how, const Preprocessor::Part* part = nullptr);
  /// Sets part_ to the part for the rows of the network's input from `output_row` on.
  void want_rows_from(int output_row, int frame_width, int frame_height);
  /// Flips left and right of the network's input.
  void flip_input();
  /// Computes the embedding of the current frame and leaves it in embedding_.
  void run(const Preprocess& how) {
    write_input(how);
    run_network();
  }
  /// Does so with the network's input as it is.
  void run_network();
  /// Returns the embedding of the mirrored current frame, [embedding_size].
  std::vector<float> embed_mirrored();

  Threadpool threadpool_;  // Before network_ and knn_, which borrow it.
  std::unique_ptr<Network> network_;
  std::optional<EmbeddingSpace> space_;
  std::span<const float> embedding_;  // The embedding of frame_ in space_, if embedded_.
  Preprocess preprocess_;
  Preprocessor preprocessor_;
  Knn knn_;
  uint64_t replacement_count_ = 0;

  std::optional<Smoothing> smoothing_;
  double half_life_ = 0;           // The half-life of smoothing_.
  uint64_t smoothed_classes_ = 0;  // The Knn's class_revision() that smoothing_ belongs to.

  PaddedBuffer<std::byte> model_;
  PaddedBuffer<uint8_t> pixels_;  // The caller writes the frame here.
  RgbaView frame_;                // The current frame: a view of pixels_.
  Preprocessor::Part part_;       // The wanted rows of a frame in parts.
  bool in_parts_ = false;         // frame_ has no pixels; the network's input holds it ...
  bool flipped_ = false;          // ... mirrored.
  bool embedded_ = false;         // The network holds the embedding of frame_ ...
  bool scored_ = false;           // ... and its logits.
};

}  // namespace teachable
