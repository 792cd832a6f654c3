// Keras layers to operators: one function a class of layer.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "tfjs/json.h"
#include "tfjs/weights.h"

namespace teachable {

/// A layer as model.json describes it.
struct TfjsLayer {
  const Json& json;  ///< {class_name, config, name, inbound_nodes}
  std::string class_name;
  std::vector<std::string> path;  ///< names of the models around it and its own, outermost first

  /// "layer 'model/conv' (Conv2D)"
  std::string where() const;
  const Json& config() const;
};

/// Appends layers to a graph. Lends everything; the JSON that layers refer to stays in place while
/// this lives.
class TfjsLayerBuilder {
 public:
  TfjsLayerBuilder(Graph& graph, TfjsWeights& weights) : graph_(graph), weights_(weights) {}

  /// Makes the graph's input: `shape` is Keras's [null, height, width, channels]. Throws
  /// Error{UnsupportedOp} for extents that aren't fixed.
  TensorId add_input(const Json& shape, const Config& config);

  /// What the layer makes of `inputs`: a new tensor, or the input itself when the layer does
  /// nothing at inference. A layer that is called again shares its weights. Throws
  /// Error{UnsupportedOp} for a class or setting that isn't run, Error{BadModel} for
  /// contradictions.
  TensorId add_layer(const TfjsLayer& layer, std::span<const TensorId> inputs);

 private:
  /// Weights of a layer in the graph's order: filter and bias, or scale and offset.
  struct Constants {
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
  TensorId build_function(const Call& call);
  TensorId build_rescaling(const Call& call);
  TensorId build_zero_padding(const Call& call);
  TensorId build_global_average(const Call& call);
  TensorId build_average_pool(const Call& call);
  TensorId build_max_pool(const Call& call);
  TensorId build_reshape(const Call& call);
  TensorId build_flatten(const Call& call);
  TensorId build_identity(const Call& call);

  template <typename ConvOp>
  TensorId build_windowed(const Call& call, Constants constants, Extent2d window);
  TensorId reshape_to(const Call& call, TensorId input, Shape shape);
  TensorId add_softmax(const Call& call, TensorId input);
  /// What a layer's activation does beyond the clamp that its operator has.
  TensorId activate(const Call& call, const KerasActivation& activation, TensorId input);
  /// The inputs, joined by one operator from the first to the last.
  template <typename BinaryOp>
  TensorId add_binary(const Call& call);
  /// The input times `scale` plus `offset`, each one value or one a channel.
  TensorId add_affine(const Call& call, std::vector<float> scale, std::vector<float> offset);
  template <typename Pool>
  Pool windowed_pool(const Call& call);

  TensorId add_constant(const Call& call, const char* role, Shape shape,
                        const std::vector<float>& values);
  TensorId take_bias(const Call& call, int64_t channels);
  /// Appends `op` with a new output; `declared` is its shape where the operator leaves a choice.
  template <typename OpType>
  TensorId add_node(const Call& call, OpType op, Shape declared = {});

  Graph& graph_;
  TfjsWeights& weights_;
  std::map<const Json*, Constants> constants_;
  int64_t rescaled_channels_ = 0;
};

}  // namespace teachable
