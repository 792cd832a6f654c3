// Builder of small graphs with random weights, for tests.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "test_seed.h"

namespace teachable::testing {

/// Numeric precision of a network.
enum class Precision {
  F32,
  I8PerTensor,   ///< int8 activations, int8 weights with one scale
  I8PerChannel,  ///< int8 activations, int8 weights with one scale per channel
  U8,            ///< asymmetric uint8 activations and weights
};

const char* to_string(Precision precision);

/// Appends operators to a graph. Each quantized output gets a scale that fits its values, as
/// computed by the reference interpreter.
class GraphBuilder {
 public:
  GraphBuilder(Precision precision, uint32_t seed);

  std::mt19937& random() { return random_; }
  /// Return a random number from `low` to `high`.
  int integer(int low, int high);
  double real(double low, double high);

  /// Gives the outputs of all later layers with weights mean 0 and standard deviation 1, as batch
  /// normalization does during training. Without this, values would vanish or explode in a deep
  /// network. Must be called before input(), which then draws a smoother image.
  void normalize_layers() { normalizes_ = true; }

  /// Adds the graph's input, with random values.
  TensorId input(int64_t height, int64_t width, int64_t channels);
  /// Returns the random real values of the input.
  const std::vector<double>& input_values() const { return input_values_; }

  /// Window of a convolution or pool.
  struct Window {
    Extent2d kernel, stride, dilation;
    Padding padding;
  };
  /// Returns the padding of TensorFlow's SAME rule for an input.
  Padding same(TensorId input, Extent2d kernel, Extent2d stride, Extent2d dilation = {}) const;

  TensorId conv(TensorId input, int64_t channels, const Window& window, Activation activation = {},
                bool bias = true);
  TensorId depthwise(TensorId input, int64_t multiplier, const Window& window,
                     Activation activation = {}, bool bias = true);
  TensorId fully_connected(TensorId input, int64_t outputs, Activation activation = {},
                           bool bias = true);
  /// Adds a fully connected layer over the last axis of an input with several rows.
  TensorId fully_connected_rows(TensorId input, int64_t outputs);
  TensorId add(TensorId a, TensorId b, Activation activation = {});
  TensorId multiply(TensorId a, TensorId b, Activation activation = {});
  /// Adds a constant with the data type of activations, as an operand of add() and multiply().
  TensorId operand(Shape shape);
  /// Adds such a constant with one value, which must be above 0.
  TensorId scalar(float value);
  TensorId hard_swish(TensorId input);
  TensorId sigmoid(TensorId input);
  /// `slope` is that of LeakyRelu. For Gelu, a slope other than 0 is the form by tanh; only the
  /// test writer and the reference know it.
  TensorId apply(TensorId input, Function function, float slope = 0);
  TensorId max_pool(TensorId input, const Window& window);
  TensorId average_pool(TensorId input, const Window& window);
  TensorId global_average_pool(TensorId input, bool keep_dims);
  TensorId pad(TensorId input, Padding padding, uint32_t channels_before = 0,
               uint32_t channels_after = 0);
  TensorId clamp(TensorId input, Activation activation);
  TensorId scale_shift(TensorId input);
  TensorId reshape(TensorId input, Shape shape);
  TensorId convert(TensorId input, DataType type);
  TensorId to_unit_length(TensorId input);
  TensorId softmax(TensorId input);

  /// Adds a small MobileNet v1: alternating depthwise and pointwise convolutions, average pool with
  /// a window, classifier, softmax.
  TensorId small_mobilenet_v1(int64_t size, int64_t classes);

  /// Adds a small MobileNet v1 with the end that Keras writes: a global average pool, and Reshape
  /// operators between vectors and images.
  TensorId small_keras_v1(int64_t size, int64_t classes);

  /// Adds a small MobileNet v2: convolutions, residual connection, pool, classifier, softmax.
  TensorId small_mobilenet(int64_t size, int64_t classes);

  /// Adds a small MobileNet v2 with the end of Teachable Machine: after the pool, a hidden layer
  /// and a layer without bias.
  TensorId small_teachable_machine(int64_t size, int64_t classes);

  /// Adds a small version of MobileNet v3 small: hard-swish, squeeze-and-excite, and a hidden layer
  /// before the classifier.
  TensorId small_mobilenet_v3(int64_t size, int64_t classes);

  /// Adds the same network with a Reshape in squeeze-and-excite, as Keras writes it.
  TensorId small_keras_v3(int64_t size, int64_t classes);

  /// Adds a small version of MobileNet v3 large: a block with ReLU and without squeeze-and-excite,
  /// then a block with a window of 5 x 5 and squeeze-and-excite.
  TensorId small_mobilenet_v3_large(int64_t size, int64_t classes);

  /// Multiplies an image by gates of its channels. With `reshapes`, uses a Reshape as Keras does.
  TensorId squeeze_and_excite(TensorId spatial, int64_t squeezed_channels, bool reshapes = false);

  /// Returns the graph, not simplified, with `output` as its output. The builder is empty
  /// afterwards.
  Graph take(TensorId output);
  const Graph& graph() const { return graph_; }

 private:
  TensorId mobilenet_v1_features(int64_t size);
  TensorId mobilenet_v2_features(int64_t size);
  TensorId mobilenet_v3_features(int64_t size, bool reshapes);
  TensorId v3_end(TensorId features, int64_t classes);
  TensorId constant(const std::string& name, Shape shape, DataType type, double spread);
  TensorId filter(Shape shape, size_t channel_axis);
  TensorId bias(TensorId input, TensorId filter, int64_t channels);
  TensorId activation_like(TensorId like, Shape shape);
  template <typename Pool>
  TensorId pool(TensorId input, const Window& window);
  TensorId append(Op op, TensorId output, bool keep_quantization);
  template <typename Layer>
  TensorId append_layer(Layer op);
  static void fit_quantization(Tensor& tensor, const std::vector<double>& values);
  void compute_values();

  Precision precision_;
  std::mt19937 random_;
  Graph graph_;
  std::vector<double> input_values_;
  std::vector<std::vector<double>> values_;  // for each tensor, if computed
  size_t computed_count_ = 0;                // number of nodes with computed values
  bool normalizes_ = false;
};

/// Adds a cast from bytes at the input of a float network.
void cast_input(Graph& graph);

}  // namespace teachable::testing
