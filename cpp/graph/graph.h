// A network as plain data: tensors, and operators in the order in which they run. Readers create a
// graph, passes rewrite it, and cpp/net turns it into an XNNPACK runtime.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/shape.h"
#include "graph/constant_data.h"

namespace teachable {

/// Type of a tensor's elements.
enum class DataType { F32, I32, I8, U8 };

/// Returns the size of one element in bytes.
size_t element_size(DataType type);
/// Returns "float32", "int32", "int8" or "uint8".
const char* to_string(DataType type);

/// Quantization parameters of a tensor: real = scale * (q - zero_point). No scales: the tensor
/// isn't quantized. One scale: it applies to the whole tensor. Several scales: one per channel of
/// `axis`, and all zero points are 0 (as the TensorFlow Lite quantization specification requires).
struct Quantization {
  std::vector<float> scales;
  std::vector<int32_t> zero_points;  ///< same length as `scales`
  size_t axis = 0;                   ///< axis of the channels, for per-channel scales

  bool present() const { return !scales.empty(); }
  bool per_channel() const { return scales.size() > 1; }
};

/// Index of a tensor in Graph::tensors.
using TensorId = uint32_t;
inline constexpr TensorId kNoTensor = std::numeric_limits<TensorId>::max();

/// A constant, or the description of an activation.
struct Tensor {
  std::string name;  ///< used in messages only
  DataType type = DataType::F32;
  Shape shape;  ///< activations: [1, height, width, channels] or [1, channels]
  Quantization quantization;
  ConstantData data;  ///< empty for an activation

  bool is_constant() const { return !data.empty(); }
};

/// Number of pixels added on each side of an image. They hold 0, or the zero point when quantized.
struct Padding {
  uint32_t top = 0, right = 0, bottom = 0, left = 0;

  bool any() const { return (top | right | bottom | left) != 0; }
  bool operator==(const Padding&) const = default;
};

/// Height and width of a window, stride or dilation, in pixels.
struct Extent2d {
  uint32_t height = 1, width = 1;

  bool operator==(const Extent2d&) const = default;
};

/// Range to which an operator clamps its real output values.
struct Activation {
  float min = -std::numeric_limits<float>::infinity();
  float max = std::numeric_limits<float>::infinity();

  static Activation none() { return {}; }
  static Activation relu() { return {0.0f, std::numeric_limits<float>::infinity()}; }
  static Activation relu6() { return {0.0f, 6.0f}; }
  bool any() const { return *this != none(); }
  bool operator==(const Activation&) const = default;
};

/// Two-dimensional convolution: input [1, h, w, in], filter [out, kh, kw, in], bias [out] or
/// kNoTensor -> output [1, oh, ow, out].
struct Conv2d {
  TensorId input = kNoTensor, filter = kNoTensor, bias = kNoTensor, output = kNoTensor;
  Padding padding;
  Extent2d stride, dilation;
  Activation activation;
};

/// Depthwise convolution: input [1, h, w, c], filter [1, kh, kw, c * multiplier], bias
/// [c * multiplier] or kNoTensor -> output [1, oh, ow, c * multiplier]. Output channel o reads
/// input channel o / multiplier.
struct DepthwiseConv2d {
  TensorId input = kNoTensor, filter = kNoTensor, bias = kNoTensor, output = kNoTensor;
  Padding padding;
  Extent2d stride, dilation;
  Activation activation;
};

/// Fully connected layer: input of rows * n elements, filter [out, n], bias [out] or kNoTensor ->
/// output [rows, out]. An input [..., n] may also give an output [..., out] of the same rank.
struct FullyConnected {
  TensorId input = kNoTensor, filter = kNoTensor, bias = kNoTensor, output = kNoTensor;
  Activation activation;
};

/// Elementwise sum a + b. `b` has the shape of `a`, or is repeated for each pixel: [1, 1, 1,
/// channels], [channels], or one element. Only `b` may be a constant.
struct Add {
  TensorId a = kNoTensor, b = kNoTensor, output = kNoTensor;
  Activation activation;
};

/// Elementwise product a * b, for example of squeeze-and-excite. Shapes follow the rules of Add.
struct Multiply {
  TensorId a = kNoTensor, b = kNoTensor, output = kNoTensor;
  Activation activation;
};

/// Hard-swish: x * clamp(x + 3, 0, 6) / 6.
struct HardSwish {
  TensorId input = kNoTensor, output = kNoTensor;
};

/// Logistic function: 1 / (1 + exp(-x)).
struct Sigmoid {
  TensorId input = kNoTensor, output = kNoTensor;
};

/// Function of each value by itself. Log is the natural logarithm, for floats only; readers write
/// softplus with it. Gelu is the exact form with the error function.
enum class Function { Elu, Gelu, LeakyRelu, Log, Tanh };

/// Applies a function to each value.
struct Apply {
  TensorId input = kNoTensor, output = kNoTensor;
  Function function = Function::Elu;
  float slope = 0;  ///< of LeakyRelu below 0
};

/// Mean over each window. Padding pixels are not counted.
struct AveragePool2d {
  TensorId input = kNoTensor, output = kNoTensor;
  Extent2d window, stride;
  Padding padding;
  Activation activation;
};

/// Maximum over each window. Padding pixels are ignored.
struct MaxPool2d {
  TensorId input = kNoTensor, output = kNoTensor;
  Extent2d window, stride;
  Padding padding;
  Activation activation;
};

/// Mean over all pixels: [1, h, w, c] -> [1, 1, 1, c] or [1, c].
struct GlobalAveragePool {
  TensorId input = kNoTensor, output = kNoTensor;
};

/// Adds zeros around the image, and channels of zeros: [1, h, w, c] -> [1, top + h + bottom, left +
/// w
/// + right, before + c + after]. Readers write a concatenation as a sum of such images.
struct Pad {
  TensorId input = kNoTensor, output = kNoTensor;
  Padding padding;
  uint32_t channels_before = 0, channels_after = 0;
};

/// Clamp as a separate operator. fuse_activations() moves it into the operator before it.
struct Clamp {
  TensorId input = kNoTensor, output = kNoTensor;
  Activation activation;
};

/// Affine map of each channel: output = input * scale + offset, with float constants [c]. A batch
/// normalization at inference time has this form. Float only. fold_batch_norm() moves it into the
/// convolution before it.
struct ScaleShift {
  TensorId input = kNoTensor, scale = kNoTensor, offset = kNoTensor, output = kNoTensor;
};

/// Gives the same elements another shape.
struct Reshape {
  TensorId input = kNoTensor, output = kNoTensor;
};

/// Stores the same real values with another data type or quantization (QUANTIZE, DEQUANTIZE, and
/// CAST of the input image in TensorFlow Lite). With `to_unit_length`, also divides one vector by
/// its length (L2_NORMALIZATION).
struct Convert {
  TensorId input = kNoTensor, output = kNoTensor;
  bool to_unit_length = false;
};

/// Softmax over the last axis: exp(beta * x) / sum(exp(beta * x)).
struct Softmax {
  TensorId input = kNoTensor, output = kNoTensor;
  float beta = 1;
};

/// Any operator.
using Op = std::variant<Conv2d, DepthwiseConv2d, FullyConnected, Add, Multiply, HardSwish, Sigmoid,
                        Apply, AveragePool2d, MaxPool2d, GlobalAveragePool, Pad, Clamp, ScaleShift,
                        Reshape, Convert, Softmax>;

/// An operator, and its name and position in the model file for messages ("CONV_2D (node 12)").
struct Node {
  Op op;
  std::string where;
};

/// Real input values that stand for the pixel values 0 and 255.
struct InputRange {
  float low = -1, high = 1;
};

/// Height and width of an input that can have any, in pixels: the usual size of the networks that
/// people train on.
inline constexpr int64_t kUsualSide = 224;

/// Source of the input range. Assumed: the file doesn't say, so the most common range is used.
enum class RangeSource { Assumed, File, Metadata };

/// Affine map that the model file applies to its input first: scale * value + offset, equal for all
/// channels.
struct InputScaling {
  double scale = 1, offset = 0;
};

/// A whole network.
struct Graph {
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;     ///< each reads constants, `input` and outputs of earlier nodes only
  TensorId input = kNoTensor;  ///< [1, height, width, channels], 3 channels or 1
  /// When true, the model file allows any height and width of the input. Readers choose one.
  bool has_any_size = false;
  TensorId output = kNoTensor;            ///< output of the file; find_ends() may replace it
  std::vector<std::string> file_outputs;  ///< names of the file's outputs; may be ""
  size_t file_output = 0;                 ///< index in `file_outputs` of the one that is used

  /// Embedding [1, ..., dim] and logits of the built-in classifier, which reads the embedding. Both
  /// are set by find_ends(), which keeps an embedding that is set before. `logits` is kNoTensor in
  /// a model without a classifier.
  TensorId embedding = kNoTensor;
  TensorId logits = kNoTensor;
  /// When true, the embedding alone doesn't give the logits: they are computed from the input.
  bool logits_need_input = false;
  std::string embedding_reason;       ///< why this tensor is the embedding: part of a sentence
  std::vector<std::string> warnings;  ///< what a user should know, in plain sentences
  /// Map [1, height, width, channels] that the last halving layer before the embedding reads; set
  /// by find_middle(). kNoTensor when there is none.
  TensorId middle = kNoTensor;
  float softmax_beta = 1;  ///< probabilities = softmax(beta * logits)
  /// When true, classes are independent: probabilities = sigmoid(logits).
  bool ends_in_sigmoid = false;

  /// Values that pixels have in `input`. Without a value, the range is not known yet.
  std::optional<InputRange> input_range;
  RangeSource range_source = RangeSource::Assumed;
  /// Range by the quantization of the input, if it is not believed; see take_quantized_range().
  std::optional<InputRange> unusual_range;
  /// Converts the values of the file's own input to the values of `input`.
  InputScaling input_scaling;
};

/// Returns the tensors that an operator reads, including constants, without a missing bias.
std::vector<TensorId> inputs_of(const Op& op);
/// Returns the tensor that an operator writes.
TensorId output_of(const Op& op);
/// Replaces `from` by `to` in all inputs of `op`.
void replace_input(Op& op, TensorId from, TensorId to);

/// Returns the padding {before, after} of TensorFlow's SAME rule along one axis, in pixels.
std::array<uint32_t, 2> same_padding(int64_t input, uint32_t window, uint32_t stride,
                                     uint32_t dilation);

/// Computes the output shape of `node` from the shapes of its inputs. The file chooses the output
/// shape of Reshape and the output rank of GlobalAveragePool and FullyConnected; for these the
/// declared shape is checked and returned. Throws Error{BadModel} when the tensors contradict each
/// other.
Shape infer_shape(const Graph& graph, const Node& node);

/// Maximum number of elements of one tensor (1 GB of floats, far more than a MobileNet needs).
inline constexpr int64_t kMaxTensorElements = int64_t{1} << 28;

/// Maximum size of the input and all activations together, in bytes. Without a limit, a file of 1
/// kB could ask for any amount. A MobileNet v2 of 224 x 224 pixels needs 30 MB as floats.
inline constexpr size_t kMaxActivationBytes = size_t{1} << 29;

/// Maximum number of pixels in all windows of one operator. XNNPACK keeps a pointer to each.
inline constexpr double kMaxWindowPixels = 1 << 25;

/// Checks everything that cpp/net relies on: indices, node order, one writer per tensor, shapes,
/// lengths of constants, matching types, finite positive scales, zero points in range, non-empty
/// activation ranges, and the memory limits above. Throws Error{BadModel} for a contradiction and
/// Error{UnsupportedOp} for a valid combination that this library doesn't support.
void validate(const Graph& graph);

}  // namespace teachable
