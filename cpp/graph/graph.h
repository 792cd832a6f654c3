// A network as plain data: tensors and operators in running order. Readers make it, passes rewrite
// it, net lowers it.
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

enum class DataType { F32, I32, I8, U8 };

/// Bytes of one element.
size_t element_size(DataType type);
/// "float32", "int32", "int8", "uint8".
const char* to_string(DataType type);

/// real = scale * (q - zero_point). Empty scales: not quantised. One scale: per tensor. More: one a
/// channel of `axis`, zero points all 0 (the TensorFlow Lite quantisation specification).
struct Quantization {
  std::vector<float> scales;
  std::vector<int32_t> zero_points;  ///< as many as scales
  size_t axis = 0;

  bool present() const { return !scales.empty(); }
  bool per_channel() const { return scales.size() > 1; }
};

/// Index into Graph::tensors.
using TensorId = uint32_t;
inline constexpr TensorId kNoTensor = std::numeric_limits<TensorId>::max();

struct Tensor {
  std::string name;  ///< for messages only
  DataType type = DataType::F32;
  Shape shape;  ///< activations: [1, height, width, channels] or [1, channels]
  Quantization quantization;
  ConstantData data;  ///< empty for an activation

  bool is_constant() const { return !data.empty(); }
};

/// Pixels of zero (of the zero point, when quantised) around the input.
struct Padding {
  uint32_t top = 0, right = 0, bottom = 0, left = 0;

  bool any() const { return (top | right | bottom | left) != 0; }
  bool operator==(const Padding&) const = default;
};

struct Extent2d {
  uint32_t height = 1, width = 1;

  bool operator==(const Extent2d&) const = default;
};

/// Clamp of real values that follows an operator.
struct Activation {
  float min = -std::numeric_limits<float>::infinity();
  float max = std::numeric_limits<float>::infinity();

  static Activation none() { return {}; }
  static Activation relu() { return {0.0f, std::numeric_limits<float>::infinity()}; }
  static Activation relu6() { return {0.0f, 6.0f}; }
  bool any() const { return *this != none(); }
  bool operator==(const Activation&) const = default;
};

/// input [1, h, w, in], filter [out, kh, kw, in], bias [out] or kNoTensor -> output [1, oh, ow,
/// out].
struct Conv2d {
  TensorId input = kNoTensor, filter = kNoTensor, bias = kNoTensor, output = kNoTensor;
  Padding padding;
  Extent2d stride, dilation;
  Activation activation;
};

/// input [1, h, w, c], filter [1, kh, kw, c * multiplier], bias [c * multiplier] or kNoTensor ->
/// output [1, oh, ow, c * multiplier]. Output channel o reads input channel o / multiplier.
struct DepthwiseConv2d {
  TensorId input = kNoTensor, filter = kNoTensor, bias = kNoTensor, output = kNoTensor;
  Padding padding;
  Extent2d stride, dilation;
  Activation activation;
};

/// input with n elements, filter [out, n], bias [out] or kNoTensor -> output [1, out], or, of a
/// vector [1, ..., 1, n], [1, ..., 1, out].
struct FullyConnected {
  TensorId input = kNoTensor, filter = kNoTensor, bias = kNoTensor, output = kNoTensor;
  Activation activation;
};

/// a + b. `b` has the shape of `a`, or stands for it in each pixel: [1, 1, 1, channels],
/// [channels], or one element. Only `b` may be a constant.
struct Add {
  TensorId a = kNoTensor, b = kNoTensor, output = kNoTensor;
  Activation activation;
};

/// a * b, shapes as of Add: a residual's twin, or the channel weights of squeeze-and-excite.
struct Multiply {
  TensorId a = kNoTensor, b = kNoTensor, output = kNoTensor;
  Activation activation;
};

/// x * clamp(x + 3, 0, 6) / 6.
struct HardSwish {
  TensorId input = kNoTensor, output = kNoTensor;
};

/// 1 / (1 + exp(-x)).
struct Sigmoid {
  TensorId input = kNoTensor, output = kNoTensor;
};

/// Mean over windows; padded pixels are not counted.
struct AveragePool2d {
  TensorId input = kNoTensor, output = kNoTensor;
  Extent2d window, stride;
  Padding padding;
  Activation activation;
};

/// Maximum over windows; padded pixels are not looked at.
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

/// Zeros around the picture: [1, h, w, c] -> [1, top + h + bottom, left + w + right, c].
struct Pad {
  TensorId input = kNoTensor, output = kNoTensor;
  Padding padding;
};

/// Clamp on its own; fuse_activations() moves it into the operator before.
struct Clamp {
  TensorId input = kNoTensor, output = kNoTensor;
  Activation activation;
};

/// output = input * scale + offset, by channel; both [c] float constants. What a batch norm is when
/// it isn't trained. Float only. fold_batch_norm() moves it into the convolution before.
struct ScaleShift {
  TensorId input = kNoTensor, scale = kNoTensor, offset = kNoTensor, output = kNoTensor;
};

/// The same elements in another shape.
struct Reshape {
  TensorId input = kNoTensor, output = kNoTensor;
};

/// The same real values in another data type or quantisation (QUANTIZE, DEQUANTIZE and, of a
/// picture, CAST of TensorFlow Lite), or, of one vector, these divided by its length
/// (L2_NORMALIZATION).
struct Convert {
  TensorId input = kNoTensor, output = kNoTensor;
  bool to_unit_length = false;
};

/// exp(beta * x) / sum over the last axis.
struct Softmax {
  TensorId input = kNoTensor, output = kNoTensor;
  float beta = 1;
};

using Op = std::variant<Conv2d, DepthwiseConv2d, FullyConnected, Add, Multiply, HardSwish, Sigmoid,
                        AveragePool2d, MaxPool2d, GlobalAveragePool, Pad, Clamp, ScaleShift,
                        Reshape, Convert, Softmax>;

/// An operator and what its file calls it ("CONV_2D at node 12"), for messages.
struct Node {
  Op op;
  std::string where;
};

/// The real values of a channel at pixel values 0 and 255.
struct InputRange {
  float low = -1, high = 1;
};

/// Who says what pixels stand for. Assumed: nobody; it is what most networks want.
enum class RangeSource { Assumed, File, Metadata };

/// What a file does to its input first: scale * value + offset, the same for all channels.
struct InputScaling {
  double scale = 1, offset = 0;
};

struct Graph {
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;      ///< every input is a constant, `input`, or an earlier node's output
  TensorId input = kNoTensor;   ///< [1, height, width, 3]
  TensorId output = kNoTensor;  ///< what the file calls its output; find_ends() moves on from here

  /// Set by find_ends(): the vector that the classifier reads, [1, ..., dim], and what the
  /// classifier makes of it. `logits` is kNoTensor in a model without a classifier.
  TensorId embedding = kNoTensor;
  TensorId logits = kNoTensor;
  float softmax_beta = 1;  ///< probabilities = softmax(beta * logits)
  bool ends_in_sigmoid =
      false;  ///< instead, each class for itself: probabilities = sigmoid(logits)

  /// The values of `input`, as far as `range_source` knows.
  std::optional<InputRange> input_range;
  RangeSource range_source = RangeSource::Assumed;
  /// From the values of the file's own input to those of `input`.
  InputScaling input_scaling;
};

/// The tensors that an operator reads, constants included, a missing bias left out.
std::vector<TensorId> inputs_of(const Op& op);
/// The tensor that an operator writes.
TensorId output_of(const Op& op);
/// Makes `op` read `to` wherever it read `from`.
void replace_input(Op& op, TensorId from, TensorId to);

/// Padding of TensorFlow's SAME rule along one axis, {before, after}.
std::array<uint32_t, 2> same_padding(int64_t input, uint32_t window, uint32_t stride,
                                     uint32_t dilation);

/// The shape that `op` gives, from the shapes of what it reads. Reshape, and the rank of
/// GlobalAveragePool and FullyConnected, are a choice of the file: for these the declared output
/// shape is checked and returned. Throws Error{BadModel} when the operator's tensors contradict
/// each other.
Shape infer_shape(const Graph& graph, const Node& node);

/// Elements that one tensor may have: 1 GB of floats is no MobileNet.
inline constexpr int64_t kMaxTensorElements = int64_t{1} << 28;

/// Bytes that the input and all that is computed may have together: a file of 1 kB can ask for any
/// number. A MobileNet V2 of 224 x 224 pixels has 30 MB in floats.
inline constexpr size_t kMaxActivationBytes = size_t{1} << 29;

/// Pixels of all windows of one operator: XNNPACK keeps a pointer to each.
inline constexpr double kMaxWindowPixels = 1 << 25;

/// Checks everything that lowering relies on: indices, running order, one writer a tensor, shapes,
/// constants' lengths, types that fit together, finite positive scales, zero points in range,
/// finite activations, and no more memory than the limits above. Throws Error{BadModel}, or
/// Error{UnsupportedOp} for type combinations that are sound but not run here.
void validate(const Graph& graph);

}  // namespace teachable
