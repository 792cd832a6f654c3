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

/// Adds operators one after another. Each call runs the naive reference on what is there, so that quantised outputs get a scale which
/// fits their values.
class GraphBuilder {
 public:
  GraphBuilder(Precision precision, uint32_t seed);

  std::mt19937& random() { return random_; }
  int integer(int low, int high);
  double real(double low, double high);

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
  TensorId softmax(TensorId input);

  /// A MobileNet v1 in small: depthwise and pointwise convolutions in turn, an average pool over windows, classifier, softmax.
  TensorId small_mobilenet_v1(int64_t size, int64_t classes);

  /// A MobileNet v2 in small: convolutions, a residual, pool, classifier, softmax.
  TensorId small_mobilenet(int64_t size, int64_t classes);

  /// A MobileNet v3 small in small: hard-swish, squeeze-and-excite, and a hidden layer before the classifier.
  TensorId small_mobilenet_v3(int64_t size, int64_t classes);

  /// A MobileNet v3 large in small: before that, a block of ReLU without squeeze-and-excite, and one with a window of 5 x 5.
  TensorId small_mobilenet_v3_large(int64_t size, int64_t classes);

  /// The graph so far, with `output` as its output, not simplified.
  Graph take(TensorId output);
  const Graph& graph() const { return graph_; }

 private:
  TensorId squeeze_and_excite(TensorId spatial, int64_t squeezed_channels);
  TensorId v3_ending(TensorId features, int64_t classes);
  TensorId constant(const std::string& name, Shape shape, DataType type, double spread);
  TensorId filter(Shape shape, size_t channel_axis);
  TensorId bias(TensorId input, TensorId filter, int64_t channels);
  TensorId activation_like(TensorId like, Shape shape);
  template <typename Pool>
  TensorId pool(TensorId input, const Window& window);
  TensorId append(Op op, TensorId output, bool keep_quantization);
  void fit_quantization(Tensor& tensor, const std::vector<double>& values);

  Precision precision_;
  std::mt19937 random_;
  Graph graph_;
  std::vector<double> input_values_;
};

}  // namespace teachable::testing
