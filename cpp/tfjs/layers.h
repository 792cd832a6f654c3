// Converts Keras layers to operators, with one function per class of layer.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "tfjs/json.h"
#include "tfjs/weights.h"

namespace teachable {

/// A layer of model.json.
struct TfjsLayer {
  const Json& json;  ///< {class_name, config, name, inbound_nodes}
  std::string class_name;
  std::vector<std::string>
      path;  ///< names of the enclosing models and of the layer, outermost first

  /// Returns the layer's name for messages, such as "layer 'model/conv' (Conv2D)".
  std::string where() const;
  /// Returns the layer's settings; an empty object if there are none.
  const Json& config() const;
};

/// Output of a layer. In the graph, maps have their channels last, whatever the file has.
struct LayerOutput {
  TensorId tensor = kNoTensor;
  bool is_channels_first = false;  ///< a map whose channels come first in the file

  bool has_tensor() const { return tensor != kNoTensor; }
};

/// Appends layers to a graph. The graph, the weights and the JSON of all layers must outlive this
/// object.
class TfjsLayerBuilder {
 public:
  TfjsLayerBuilder(Graph& graph, TfjsWeights& weights) : graph_(graph), weights_(weights) {}

  /// Creates the graph's input. `shape` is Keras's [null, height, width, channels], or [null,
  /// channels, height, width] with 3 channels or 1.
  LayerOutput add_input(const Json& shape, const Config& config);

  /// Appends a call of a layer and returns its output, which is the input itself if the layer does
  /// nothing at inference. Several calls of a layer share its weights. Throws Error{UnsupportedOp}
  /// for an unsupported class or setting, and Error{BadModel} for contradictions.
  LayerOutput add_layer(const TfjsLayer& layer, std::span<const LayerOutput> inputs);

 private:
  /// Constants of a layer: filter and bias, or scale and offset.
  struct LayerConstants {
    TensorId first = kNoTensor, second = kNoTensor;
  };
  struct Call;
  struct KerasActivation;
  static KerasActivation activation_of(const Config& config);
  using Build = TensorId (TfjsLayerBuilder::*)(const Call&);

  static Build build_of(const std::string& class_name);

  TensorId build_conv2d(const Call& call);
  TensorId build_depthwise(const Call& call);
  TensorId build_dense(const Call& call);
  TensorId build_batch_norm(const Call& call);
  TensorId build_relu(const Call& call);
  TensorId build_activation(const Call& call);
  TensorId build_softmax(const Call& call);
  TensorId build_add(const Call& call);
  TensorId build_multiply(const Call& call);
  TensorId build_concatenate(const Call& call);
  TensorId build_subtract(const Call& call);
  TensorId build_divide(const Call& call);
  TensorId build_function(const Call& call);
  TensorId build_normalization(const Call& call);
  TensorId build_leaky_relu(const Call& call);
  TensorId build_elu(const Call& call);
  TensorId build_global_max(const Call& call);
  TensorId build_rescaling(const Call& call);
  TensorId build_zero_padding(const Call& call);
  TensorId build_global_average(const Call& call);
  TensorId build_average_pool(const Call& call);
  TensorId build_max_pool(const Call& call);
  TensorId build_reshape(const Call& call);
  TensorId build_flatten(const Call& call);
  TensorId build_identity(const Call& call);

  /// Checks that a layer expects the order of axes that its input has.
  static void require_order(const Call& call);
  /// Checks that the elements of the input have the same order with channels first and last.
  void require_no_order(const Call& call, const char* what) const;
  /// Returns whether a Reshape to [channels, 1, 1] stands for a map of one pixel with its channels
  /// first, as in squeeze-and-excite.
  bool becomes_channels_first(const Call& call) const;
  /// Returns whether a Permute layer changes channels first to last or back. Throws
  /// Error{UnsupportedOp} for another order.
  static bool makes_channels_first(const Call& call);

  template <typename ConvOp>
  TensorId build_windowed(const Call& call, LayerConstants constants, Extent2d window);
  TensorId reshape_to(const Call& call, TensorId input, Shape shape);
  TensorId add_softmax(const Call& call, TensorId input);
  /// Appends the part of an activation that isn't a clamp inside the layer's operator.
  TensorId activate(const Call& call, const KerasActivation& activation, TensorId input);
  /// Combines all inputs by one operator, from the first to the last.
  template <typename BinaryOp>
  TensorId add_binary(const Call& call);
  /// Appends input * scale + offset. Each has one value, or one per channel.
  TensorId add_affine(const Call& call, std::vector<float> scale, std::vector<float> offset);
  TensorId add_affine(const Call& call, TensorId input, std::vector<float> scale,
                      std::vector<float> offset);
  TensorId add_clamp(const Call& call, TensorId input, Activation activation);
  TensorId apply(const Call& call, TensorId input, Function function, float slope = 0);
  TensorId add_elu(const Call& call, TensorId input, float alpha, float scale);
  template <typename Pool>
  Pool windowed_pool(const Call& call);

  TensorId add_constant(const Call& call, const char* role, Shape shape,
                        const std::vector<float>& values);
  /// Returns the layer's bias; kNoTensor if it has none.
  TensorId take_bias(const Call& call, int64_t channels);
  /// Appends `op` with a new output. `declared` is its shape, for operators that leave a choice.
  template <typename OpType>
  TensorId add_node(const Call& call, OpType op, Shape declared = {});

  Graph& graph_;
  TfjsWeights& weights_;
  std::map<const Json*, LayerConstants> constants_;  // for each layer
  int64_t rescaled_channels_ = 0;
  bool has_channels_first_ = false;  // the input, or a map after a Permute
};

}  // namespace teachable
