#include "tfjs_writer.h"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace teachable::testing {
namespace {

using Json = nlohmann::json;

/// The shards and their manifest.
class WeightFile {
 public:
  /// `order` gives the index in `tensor` of each element written.
  template <typename Order>
  void add(const std::string& name, const Tensor& tensor, std::vector<int64_t> shape, Order order) {
    const auto* values = reinterpret_cast<const float*>(tensor.data.data());
    const size_t count = tensor.shape.element_count();
    std::vector<float> ordered(count);
    for (size_t i = 0; i < count; ++i) ordered[i] = values[order(i)];
    append(name, "float32", std::move(shape), ordered);
  }

  template <typename T>
  void append(const std::string& name, const char* dtype, std::vector<int64_t> shape,
              const std::vector<T>& values) {
    manifest_.push_back({{"name", name}, {"shape", std::move(shape)}, {"dtype", dtype}});
    const auto* begin = reinterpret_cast<const std::byte*>(values.data());
    bytes_.insert(bytes_.end(), begin, begin + values.size() * sizeof(T));
  }

  /// [out, kh, kw, in] -> [kh, kw, in, out]; of a matrix [out, in] -> [in, out].
  void add_filter(const std::string& name, const Tensor& tensor) {
    const std::vector<int64_t>& dims = tensor.shape.dims();
    const auto out = static_cast<size_t>(dims[0]);
    const size_t rest = tensor.shape.element_count() / out;
    std::vector<int64_t> shape(dims.begin() + 1, dims.end());
    shape.push_back(dims[0]);
    add(name, tensor, shape, [=](size_t i) { return i % out * rest + i / out; });
  }

  /// [1, kh, kw, in * multiplier] -> [kh, kw, in, multiplier]
  void add_depthwise(const std::string& name, const Tensor& tensor, int64_t inputs) {
    const Shape& s = tensor.shape;
    add(name, tensor, {s[1], s[2], inputs, s[3] / inputs}, [](size_t i) { return i; });
  }

  void add_vector(const std::string& name, const Tensor& tensor) {
    add(name, tensor, {tensor.shape[0]}, [](size_t i) { return i; });
  }

  TfjsFile finish(Json model) {
    model["weightsManifest"] = {{{"paths", {"weights.bin"}}, {"weights", manifest_}}};
    return {model.dump(), std::move(bytes_)};
  }

 private:
  Json manifest_ = Json::array();
  std::vector<std::byte> bytes_;
};

template <typename Layer>
bool is_same_padded(const Graph& graph, const Layer& op) {
  if (!op.padding.any()) return false;
  const Shape& in = graph.tensors[op.input].shape;
  const Shape& filter = graph.tensors[op.filter].shape;
  const auto rows = same_padding(in[1], static_cast<uint32_t>(filter[1]), op.stride.height,
                                 op.dilation.height);
  const auto columns = same_padding(in[2], static_cast<uint32_t>(filter[2]), op.stride.width,
                                    op.dilation.width);
  const Padding same = {.top = rows[0], .right = columns[1], .bottom = rows[1], .left = columns[0]};
  if (op.padding != same) throw std::invalid_argument("padding is neither SAME nor VALID");
  return true;
}

bool is_relu6(const Activation& activation) {
  if (activation == Activation::relu6()) return true;
  if (activation.any()) throw std::invalid_argument("only relu6 is written");
  return false;
}

std::string name_of(TensorId id) { return "block/t" + std::to_string(id); }

class GraphModelWriter {
 public:
  GraphModelWriter(const Graph& graph, bool is_fused) : graph_(graph), is_fused_(is_fused) {}

  TfjsFile write() {
    const Shape& in = graph_.tensors[graph_.input].shape;
    const auto size = [](int64_t n) { return Json{{"size", std::to_string(n)}}; };
    nodes_.push_back({{"name", name_of(graph_.input)},
                      {"op", "Placeholder"},
                      {"attr", {{"shape", {{"shape", {{"dim", {size(-1), size(in[1]), size(in[2]), size(in[3])}}}}}}}}});
    for (const Node& node : graph_.nodes) std::visit(*this, node.op);
    add("Identity", "Identity", {name_of(graph_.output)}, Json::object());
    return weights_.finish({{"format", "graph-model"}, {"modelTopology", {{"node", nodes_}}}});
  }

  void operator()(const Conv2d& op) {
    weights_.add_filter(constant(op.filter), graph_.tensors[op.filter]);
    weighted(op, is_fused_ ? "_FusedConv2D" : "Conv2D", windows(op));
  }
  void operator()(const DepthwiseConv2d& op) {
    weights_.add_depthwise(constant(op.filter), graph_.tensors[op.filter],
                           graph_.tensors[op.input].shape.channels());
    weighted(op, is_fused_ ? "FusedDepthwiseConv2dNative" : "DepthwiseConv2dNative", windows(op));
  }
  void operator()(const FullyConnected& op) {
    weights_.add_filter(constant(op.filter), graph_.tensors[op.filter]);
    weighted(op, is_fused_ ? "_FusedMatMul" : "MatMul", {{"transpose_b", {{"b", false}}}});
  }
  void operator()(const Add& op) {
    if (op.activation.any()) throw std::invalid_argument("an activation after add");
    add(name_of(op.output), "AddV2", {name_of(op.a), name_of(op.b)}, Json::object());
  }
  void operator()(const GlobalAveragePool& op) {
    const bool keep = graph_.tensors[op.output].shape.rank() == 4;
    add(name_of(op.output), "Mean", {name_of(op.input), integers({1, 2})},
        {{"keep_dims", {{"b", keep}}}});
  }
  void operator()(const Reshape& op) {
    std::vector<int32_t> dims = {-1};
    const std::vector<int64_t>& to = graph_.tensors[op.output].shape.dims();
    for (size_t i = 1; i < to.size(); ++i) dims.push_back(static_cast<int32_t>(to[i]));
    add(name_of(op.output), "Reshape", {name_of(op.input), integers(dims)}, Json::object());
  }
  void operator()(const Softmax& op) {
    add(name_of(op.output), "Softmax", {name_of(op.input)}, Json::object());
  }
  template <typename Other>
  void operator()(const Other&) {
    throw std::invalid_argument("not written");
  }

 private:
  void add(const std::string& name, const char* op, Json inputs, Json attr) {
    nodes_.push_back({{"name", name}, {"op", op}, {"input", std::move(inputs)}, {"attr", std::move(attr)}});
  }

  /// The Const node of a weight that is about to be written.
  std::string constant(TensorId id) {
    const std::string name = name_of(id);
    nodes_.push_back({{"name", name}, {"op", "Const"}, {"input", {"^" + name_of(graph_.input)}}});
    return name;
  }

  std::string integers(const std::vector<int32_t>& values) {
    const std::string name = "integers" + std::to_string(nodes_.size());
    weights_.append(name, "int32", {static_cast<int64_t>(values.size())}, values);
    nodes_.push_back({{"name", name}, {"op", "Const"}});
    return name;
  }

  template <typename Layer>
  Json windows(const Layer& op) {
    const auto list = [](Extent2d e) {
      return Json{{"list", {{"i", {"1", std::to_string(e.height), std::to_string(e.width), "1"}}}}};
    };
    // "SAME" and "VALID" in base64.
    return {{"strides", list(op.stride)},
            {"dilations", list(op.dilation)},
            {"data_format", {{"s", "TkhXQw=="}}},
            {"padding", {{"s", is_same_padded(graph_, op) ? "U0FNRQ==" : "VkFMSUQ="}}}};
  }

  template <typename Layer>
  void weighted(const Layer& op, const char* kind, Json attr) {
    const std::string last = name_of(op.output);
    const bool relu6 = is_relu6(op.activation);
    Json inputs = {name_of(op.input), name_of(op.filter)};
    if (is_fused_) {
      Json fused = Json::array();
      if (op.bias != kNoTensor) {
        weights_.add_vector(constant(op.bias), graph_.tensors[op.bias]);
        inputs.push_back(name_of(op.bias));
        fused.push_back("Qmlhc0FkZA==");
      }
      if (relu6) fused.push_back("UmVsdTY=");
      attr["fused_ops"] = {{"list", {{"s", fused}}}};
      return add(last, kind, inputs, attr);
    }
    const bool has_bias = op.bias != kNoTensor;
    const std::string sum = has_bias ? last + "/linear" : relu6 ? last + "/sum" : last;
    add(sum, kind, inputs, attr);
    if (has_bias) {
      weights_.add_vector(constant(op.bias), graph_.tensors[op.bias]);
      add(relu6 ? last + "/sum" : last, "BiasAdd", {sum + ":0", name_of(op.bias)}, Json::object());
    }
    if (relu6) add(last, "Relu6", {last + "/sum"}, Json::object());
  }

  const Graph& graph_;
  bool is_fused_;
  Json nodes_ = Json::array();
  WeightFile weights_;
};

class LayersModelWriter {
 public:
  explicit LayersModelWriter(const Graph& graph) : graph_(graph) {}

  TfjsFile write() {
    const Shape& in = graph_.tensors[graph_.input].shape;
    layers_.push_back({{"name", layer_of(graph_.input)},
                       {"class_name", "InputLayer"},
                       {"config", {{"batch_input_shape", {nullptr, in[1], in[2], in[3]}}}},
                       {"inbound_nodes", Json::array()}});
    for (const Node& node : graph_.nodes) std::visit(*this, node.op);
    const Json config = {{"name", "model"},
                         {"layers", layers_},
                         {"input_layers", {{layer_of(graph_.input), 0, 0}}},
                         {"output_layers", {{layer_of(graph_.output), 0, 0}}}};
    return weights_.finish(
        {{"format", "layers-model"},
         {"modelTopology", {{"class_name", "Model"}, {"config", config}}}});
  }

  void operator()(const Conv2d& op) {
    weights_.add_filter(layer_of(op.output) + "/kernel", graph_.tensors[op.filter]);
    Json config = windows(op);
    config["filters"] = graph_.tensors[op.filter].shape[0];
    weighted(op, "Conv2D", std::move(config));
  }
  void operator()(const DepthwiseConv2d& op) {
    const int64_t inputs = graph_.tensors[op.input].shape.channels();
    weights_.add_depthwise(layer_of(op.output) + "/depthwise_kernel", graph_.tensors[op.filter],
                           inputs);
    Json config = windows(op);
    config["depth_multiplier"] = graph_.tensors[op.filter].shape[3] / inputs;
    weighted(op, "DepthwiseConv2D", std::move(config));
  }
  void operator()(const FullyConnected& op) {
    weights_.add_filter(layer_of(op.output) + "/kernel", graph_.tensors[op.filter]);
    weighted(op, "Dense", {{"units", graph_.tensors[op.filter].shape[0]}});
  }
  void operator()(const Add& op) {
    if (op.activation.any()) throw std::invalid_argument("an activation after add");
    add(op.output, "Add", Json::object(), {op.a, op.b});
  }
  void operator()(const GlobalAveragePool& op) {
    const bool keep = graph_.tensors[op.output].shape.rank() == 4;
    add(op.output, "GlobalAveragePooling2D", {{"keepdims", keep}}, {op.input});
  }
  void operator()(const Reshape& op) {
    std::vector<int64_t> dims = graph_.tensors[op.output].shape.dims();
    dims.erase(dims.begin());
    add(op.output, "Reshape", {{"target_shape", dims}}, {op.input});
  }
  void operator()(const Softmax& op) { add(op.output, "Softmax", Json::object(), {op.input}); }
  template <typename Other>
  void operator()(const Other&) {
    throw std::invalid_argument("not written");
  }

 private:
  static std::string layer_of(TensorId id) { return "layer" + std::to_string(id); }

  void add(TensorId output, const char* class_name, Json config, const std::vector<TensorId>& inputs) {
    Json calls = Json::array();
    for (TensorId id : inputs) calls.push_back({layer_of(id), 0, 0, Json::object()});
    layers_.push_back({{"name", layer_of(output)},
                       {"class_name", class_name},
                       {"config", std::move(config)},
                       {"inbound_nodes", Json::array({calls})}});
  }

  template <typename Layer>
  Json windows(const Layer& op) {
    const Shape& filter = graph_.tensors[op.filter].shape;
    return {{"kernel_size", {filter[1], filter[2]}},
            {"strides", {op.stride.height, op.stride.width}},
            {"dilation_rate", {op.dilation.height, op.dilation.width}},
            {"padding", is_same_padded(graph_, op) ? "same" : "valid"}};
  }

  template <typename Layer>
  void weighted(const Layer& op, const char* class_name, Json config) {
    config["use_bias"] = op.bias != kNoTensor;
    config["activation"] = is_relu6(op.activation) ? "relu6" : "linear";
    if (op.bias != kNoTensor) {
      weights_.add_vector(layer_of(op.output) + "/bias", graph_.tensors[op.bias]);
    }
    add(op.output, class_name, std::move(config), {op.input});
  }

  const Graph& graph_;
  Json layers_ = Json::array();
  WeightFile weights_;
};

}  // namespace

TfjsFile write_graph_model(const Graph& graph, bool is_fused) {
  return GraphModelWriter(graph, is_fused).write();
}

TfjsFile write_layers_model(const Graph& graph) { return LayersModelWriter(graph).write(); }

}  // namespace teachable::testing
