// Builds small graphs with random weights for tests.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "test_seed.h"

namespace teachable::testing {

/// The number kinds that networks come in.
enum class Precision {
  F32,
  I8PerTensor,   ///< int8 activations, int8 weights with one scale
  I8PerChannel,  ///< int8 activations, int8 weights with a scale a channel
  U8,            ///< uint8 activations and weights, asymmetric
};

const char* to_string(Precision precision);

/// Adds operators one after another. Quantised outputs get a scale that fits the values which the
/// naive reference gives them.
class GraphBuilder {
 public:
  GraphBuilder(Precision precision, uint32_t seed);

  std::mt19937& random() { return random_; }
  int integer(int low, int high);
  double real(double low, double high);

  /// From now on, what layers with weights give has the mean 0 and the deviation 1 over all pixels,
  /// as batch norms see to when a network is trained: in a deep one, values would vanish or grow
  /// else. To be called before input(), which then draws something smoother.
  void normalize_layers() { normalizes_ = true; }

  /// Starts with a picture of random values.
  TensorId input(int64_t height, int64_t width, int64_t channels);
  /// The values that input() drew, real.
  const std::vector<double>& input_values() const { return input_values_; }

  struct Window {
    Extent2d kernel, stride, dilation;
    Padding padding;
  };
  /// Padding of the SAME rule for a tensor.
  Padding same(TensorId input, Extent2d kernel, Extent2d stride, Extent2d dilation = {}) const;

  TensorId conv(TensorId input, int64_t channels, const Window& window, Activation activation = {},
                bool bias = true);
  TensorId depthwise(TensorId input, int64_t multiplier, const Window& window,
                     Activation activation = {}, bool bias = true);
  TensorId fully_connected(TensorId input, int64_t outputs, Activation activation = {},
                           bool bias = true);
  TensorId add(TensorId a, TensorId b, Activation activation = {});
  TensorId multiply(TensorId a, TensorId b, Activation activation = {});
  /// A constant of the number kind of activations, as an operand of add() and multiply().
  TensorId operand(Shape shape);
  /// The same of one value, above 0.
  TensorId scalar(float value);
  TensorId hard_swish(TensorId input);
  TensorId sigmoid(TensorId input);
  TensorId max_pool(TensorId input, const Window& window);
  TensorId average_pool(TensorId input, const Window& window);
  TensorId global_average_pool(TensorId input, bool keep_dims);
  TensorId pad(TensorId input, Padding padding);
  TensorId clamp(TensorId input, Activation activation);
  TensorId scale_shift(TensorId input);
  TensorId reshape(TensorId input, Shape shape);
  TensorId convert(TensorId input, DataType type);
  TensorId to_unit_length(TensorId input);
  TensorId softmax(TensorId input);

  /// A MobileNet v1 in small: depthwise and pointwise convolutions in turn, an average pool over
  /// windows, classifier, softmax.
  TensorId small_mobilenet_v1(int64_t size, int64_t classes);

  /// The same as Keras ends it: its pool has no window, and its vectors become pictures and back by
  /// Reshape.
  TensorId small_keras_v1(int64_t size, int64_t classes);

  /// A MobileNet v2 in small: convolutions, a residual, pool, classifier, softmax.
  TensorId small_mobilenet(int64_t size, int64_t classes);

  /// What Teachable Machine makes of it: a hidden layer and one without bias after the pool.
  TensorId small_teachable_machine(int64_t size, int64_t classes);

  /// A MobileNet v3 small in small: hard-swish, squeeze-and-excite, and a hidden layer before the
  /// classifier.
  TensorId small_mobilenet_v3(int64_t size, int64_t classes);

  /// The same with a Reshape in squeeze-and-excite, as Keras writes it.
  TensorId small_keras_v3(int64_t size, int64_t classes);

  /// A MobileNet v3 large in small: before that, a block of ReLU without squeeze-and-excite, and
  /// one with a window of 5 x 5.
  TensorId small_mobilenet_v3_large(int64_t size, int64_t classes);

  /// The gates of a picture's channels, times the picture. `reshapes`: as Keras.
  TensorId squeeze_and_excite(TensorId spatial, int64_t squeezed_channels, bool reshapes = false);

  /// The graph so far, with `output` as its output, not simplified.
  Graph take(TensorId output);
  const Graph& graph() const { return graph_; }

 private:
  TensorId mobilenet_v1_features(int64_t size);
  TensorId mobilenet_v2_features(int64_t size);
  TensorId mobilenet_v3_features(int64_t size, bool reshapes);
  TensorId v3_ending(TensorId features, int64_t classes);
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
  std::vector<std::vector<double>> values_;  // of each tensor, as far as they were needed
  size_t computed_count_ = 0;                // nodes whose values are there
  bool normalizes_ = false;
};

/// Has a network of floats begin with a cast of bytes.
void cast_input(Graph& graph);

}  // namespace teachable::testing
