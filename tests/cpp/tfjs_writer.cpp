#include "tfjs_writer.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "core/half.h"
#include "half.h"

namespace teachable::testing {
namespace {

using Json = nlohmann::json;

/// Bytes of a weight, and its quantization in the manifest.
struct Stored {
  std::vector<std::byte> bytes;
  Json quantization;  ///< null for float32
};

template <typename T>
void append_bytes(std::vector<std::byte>& bytes, const std::vector<T>& values) {
  const auto raw = std::as_bytes(std::span(values));
  bytes.insert(bytes.end(), raw.begin(), raw.end());
}

template <typename T>
Stored store_steps(const std::vector<float>& values, const char* dtype) {
  const auto [low, high] = std::ranges::minmax(values);
  const double steps = std::numeric_limits<T>::max();
  const double scale = high > low ? (double{high} - low) / steps : 1;
  std::vector<T> result;
  for (float v : values) result.push_back(static_cast<T>(std::lround((double{v} - low) / scale)));
  Stored stored{{}, {{"dtype", dtype}, {"scale", scale}, {"min", double{low}}}};
  append_bytes(stored.bytes, result);
  return stored;
}

Stored store(const std::vector<float>& values, TfjsStorage storage) {
  switch (storage) {
    case TfjsStorage::U8:
      return store_steps<uint8_t>(values, "uint8");
    case TfjsStorage::U16:
      return store_steps<uint16_t>(values, "uint16");
    case TfjsStorage::F16: {
      std::vector<uint16_t> halves;
      for (float v : values) halves.push_back(to_half(v));
      Stored stored{{}, {{"dtype", "float16"}}};
      append_bytes(stored.bytes, halves);
      return stored;
    }
    case TfjsStorage::F32:
      break;
  }
  Stored stored;
  append_bytes(stored.bytes, values);
  return stored;
}

/// Shards of weights, and their manifest.
class WeightFile {
 public:
  explicit WeightFile(TfjsStorage storage) : storage_(storage) {}

  /// Adds a tensor. `order` returns the index in `tensor` of each element to write.
  template <typename Order>
  void add(const std::string& name, const Tensor& tensor, std::vector<int64_t> shape, Order order) {
    const auto* values = reinterpret_cast<const float*>(tensor.data.data());
    const size_t count = tensor.shape.element_count();
    std::vector<float> ordered(count);
    for (size_t i = 0; i < count; ++i) ordered[i] = values[order(i)];
    const Stored stored = store(ordered, storage_);
    Json entry = {{"name", name}, {"shape", std::move(shape)}, {"dtype", "float32"}};
    if (!stored.quantization.is_null()) entry["quantization"] = stored.quantization;
    manifest_.push_back(std::move(entry));
    bytes_.insert(bytes_.end(), stored.bytes.begin(), stored.bytes.end());
  }

  template <typename T>
  void append(const std::string& name, const char* dtype, std::vector<int64_t> shape,
              const std::vector<T>& values) {
    manifest_.push_back({{"name", name}, {"shape", std::move(shape)}, {"dtype", dtype}});
    append_bytes(bytes_, values);
  }

  /// Adds a filter [out, kh, kw, in] as [kh, kw, in, out], or a matrix [out, in] as [in, out].
  void add_filter(const std::string& name, const Tensor& tensor) {
    const std::vector<int64_t>& dims = tensor.shape.dims();
    const auto out = static_cast<size_t>(dims[0]);
    const size_t rest = tensor.shape.element_count() / out;
    std::vector<int64_t> shape(dims.begin() + 1, dims.end());
    shape.push_back(dims[0]);
    add(name, tensor, shape, [=](size_t i) { return i % out * rest + i / out; });
  }

  /// Adds a depthwise filter [1, kh, kw, in * multiplier] as [kh, kw, in, multiplier].
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
  TfjsStorage storage_;
  Json manifest_ = Json::array();
  std::vector<std::byte> bytes_;
};

/// Window of a pool, with the field names of a convolution.
struct PoolWindow {
  TensorId input;
  Padding padding;
  Extent2d stride, dilation;

  template <typename Pool>
  explicit PoolWindow(const Pool& op) : input(op.input), padding(op.padding), stride(op.stride) {}
};

template <typename Pool>
Shape window_shape(const Pool& op) {
  return {1, op.window.height, op.window.width, 1};
}

template <typename Layer>
bool is_same_padded(const Graph& graph, const Layer& op, const Shape& filter) {
  if (!op.padding.any()) return false;
  const Shape& in = graph.tensors[op.input].shape;
  const auto rows =
      same_padding(in[1], static_cast<uint32_t>(filter[1]), op.stride.height, op.dilation.height);
  const auto columns =
      same_padding(in[2], static_cast<uint32_t>(filter[2]), op.stride.width, op.dilation.width);
  const Padding same = {.top = rows[0], .right = columns[1], .bottom = rows[1], .left = columns[0]};
  if (op.padding != same) throw std::invalid_argument("padding is neither SAME nor VALID");
  return true;
}

/// Returns "relu", "relu6" or "".
std::string activation_name(const Activation& activation) {
  if (activation == Activation::relu()) return "relu";
  if (activation == Activation::relu6()) return "relu6";
  if (activation.any())
    throw std::invalid_argument("unsupported activation; supported: relu and relu6");
  return "";
}

float scalar_of(const Tensor& constant) {
  if (constant.shape.element_count() != 1)
    throw std::invalid_argument("unsupported constant operand; supported: one value");
  return *reinterpret_cast<const float*>(constant.data.data());
}

std::string name_of(TensorId id) { return "block/t" + std::to_string(id); }

/// Returns the size of each axis in the file.
std::vector<int64_t> in_file(const Shape& shape, TfjsOrder order) {
  std::vector<int64_t> dims = shape.dims();
  if (order == TfjsOrder::ChannelsFirst && dims.size() == 4) {
    std::rotate(dims.begin() + 1, dims.begin() + 3, dims.end());
  }
  return dims;
}

class GraphModelWriter {
 public:
  GraphModelWriter(const Graph& graph, bool is_fused, TfjsStorage storage, TfjsOrder order)
      : graph_(graph), is_fused_(is_fused), order_(order), weights_(storage) {}

  TfjsFile write() {
    const std::vector<int64_t> in = in_file(graph_.tensors[graph_.input].shape, order_);
    const auto size = [](int64_t n) { return Json{{"size", std::to_string(n)}}; };
    nodes_.push_back(
        {{"name", name_of(graph_.input)},
         {"op", "Placeholder"},
         {"attr",
          {{"shape", {{"shape", {{"dim", {size(-1), size(in[1]), size(in[2]), size(in[3])}}}}}}}}});
    for (const Node& node : graph_.nodes) std::visit(*this, node.op);
    add("Identity", "Identity", {name_of(graph_.output)}, Json::object());
    return weights_.finish({{"format", "graph-model"}, {"modelTopology", {{"node", nodes_}}}});
  }

  void operator()(const Conv2d& op) {
    weights_.add_filter(constant(op.filter), graph_.tensors[op.filter]);
    weighted(op, is_fused_ ? "_FusedConv2D" : "Conv2D",
             windows(op, graph_.tensors[op.filter].shape));
  }
  void operator()(const DepthwiseConv2d& op) {
    weights_.add_depthwise(constant(op.filter), graph_.tensors[op.filter],
                           graph_.tensors[op.input].shape.channels());
    weighted(op, is_fused_ ? "FusedDepthwiseConv2dNative" : "DepthwiseConv2dNative",
             windows(op, graph_.tensors[op.filter].shape));
  }
  void operator()(const FullyConnected& op) {
    weights_.add_filter(constant(op.filter), graph_.tensors[op.filter]);
    weighted(op, is_fused_ ? "_FusedMatMul" : "MatMul", {{"transpose_b", {{"b", false}}}});
  }
  void operator()(const Add& op) { binary(op, "AddV2"); }
  void operator()(const Multiply& op) { binary(op, "Mul"); }
  void operator()(const Sigmoid& op) {
    add(name_of(op.output), "Sigmoid", {name_of(op.input)}, Json::object());
  }
  void operator()(const Clamp& op) {
    activate(op.activation, name_of(op.input), name_of(op.output));
  }
  void operator()(const HardSwish& op) {
    const std::string in = name_of(op.input);
    const std::string out = name_of(op.output);
    add(out + "/up", "AddV2", {in, scalar(3)}, Json::object());
    add(out + "/gate", "Relu6", {out + "/up"}, Json::object());
    // The first form is that of Keras, the second that of TensorFlow-Slim.
    if (is_fused_) {
      add(out + "/mul", "Mul", {out + "/gate", scalar(1.0f / 6)}, Json::object());
      add(out, "Mul", {in, out + "/mul"}, Json::object());
    } else {
      add(out + "/mul", "Mul", {in, out + "/gate"}, Json::object());
      add(out, "Mul", {out + "/mul", scalar(0.16667f)}, Json::object());
    }
  }
  void operator()(const AveragePool2d& op) { pool(op, "AvgPool"); }
  void operator()(const MaxPool2d& op) { pool(op, "MaxPool"); }
  void operator()(const GlobalAveragePool& op) {
    const bool keep = graph_.tensors[op.output].shape.rank() == 4;
    add(name_of(op.output), "Mean",
        {name_of(op.input), integers(is_first() ? std::vector{2, 3} : std::vector{1, 2})},
        {{"keep_dims", {{"b", keep}}}});
  }
  void operator()(const Reshape& op) {
    std::vector<int32_t> dims = {-1};
    const std::vector<int64_t> to = in_file(graph_.tensors[op.output].shape, order_);
    for (size_t i = 1; i < to.size(); ++i) dims.push_back(static_cast<int32_t>(to[i]));
    add(name_of(op.output), "Reshape", {name_of(op.input), integers(dims)}, Json::object());
  }
  void operator()(const Softmax& op) {
    add(name_of(op.output), "Softmax", {name_of(op.input)}, Json::object());
  }
  template <typename Other>
  void operator()(const Other&) {
    throw std::invalid_argument("unsupported operator");
  }

 private:
  void add(const std::string& name, const char* op, Json inputs, Json attr) {
    nodes_.push_back(
        {{"name", name}, {"op", op}, {"input", std::move(inputs)}, {"attr", std::move(attr)}});
  }

  std::string scalar(float value) {
    const std::string name = "scalar" + std::to_string(nodes_.size());
    weights_.append(name, "float32", {}, std::vector{value});
    nodes_.push_back({{"name", name}, {"op", "Const"}});
    return name;
  }

  template <typename Binary>
  void binary(const Binary& op, const char* kind) {
    const Tensor& b = graph_.tensors[op.b];
    const std::string second = b.is_constant() ? scalar(scalar_of(b)) : name_of(op.b);
    const std::string last = name_of(op.output);
    const std::string sum = op.activation.any() ? last + "/linear" : last;
    add(sum, kind, {name_of(op.a), second}, Json::object());
    if (op.activation.any()) activate(op.activation, sum, last);
  }

  void activate(const Activation& activation, const std::string& from, const std::string& to) {
    add(to, activation_name(activation) == "relu" ? "Relu" : "Relu6", {from}, Json::object());
  }

  template <typename Pool>
  void pool(const Pool& op, const char* kind) {
    if (op.activation.any()) throw std::invalid_argument("unsupported activation of a pool");
    Json attr = windows(PoolWindow(op), window_shape(op));
    attr["ksize"] = extents(op.window);
    add(name_of(op.output), kind, {name_of(op.input)}, std::move(attr));
  }

  /// Adds the Const node of a weight and returns its name.
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

  bool is_first() const { return order_ == TfjsOrder::ChannelsFirst; }

  Json extents(Extent2d e) const {
    const std::string height = std::to_string(e.height), width = std::to_string(e.width);
    if (is_first()) return {{"list", {{"i", {"1", "1", height, width}}}}};
    return {{"list", {{"i", {"1", height, width, "1"}}}}};
  }

  /// Returns "NCHW" or "NHWC", in base64.
  Json data_format() const { return {{"s", is_first() ? "TkNIVw==" : "TkhXQw=="}}; }

  template <typename Layer>
  Json windows(const Layer& op, const Shape& window) {
    // "SAME" and "VALID" in base64.
    return {{"strides", extents(op.stride)},
            {"dilations", extents(op.dilation)},
            {"data_format", data_format()},
            {"padding", {{"s", is_same_padded(graph_, op, window) ? "U0FNRQ==" : "VkFMSUQ="}}}};
  }

  template <typename Layer>
  void weighted(const Layer& op, const char* kind, Json attr) {
    const std::string last = name_of(op.output);
    const std::string name = activation_name(op.activation);
    const bool active = !name.empty();
    Json inputs = {name_of(op.input), name_of(op.filter)};
    if (is_fused_) {
      Json fused = Json::array();
      if (op.bias != kNoTensor) {
        weights_.add_vector(constant(op.bias), graph_.tensors[op.bias]);
        inputs.push_back(name_of(op.bias));
        fused.push_back("Qmlhc0FkZA==");
      }
      // "Relu" and "Relu6" in base64.
      if (active) fused.push_back(name == "relu" ? "UmVsdQ==" : "UmVsdTY=");
      attr["fused_ops"] = {{"list", {{"s", fused}}}};
      return add(last, kind, inputs, attr);
    }
    const bool has_bias = op.bias != kNoTensor;
    const std::string sum = has_bias ? last + "/linear" : active ? last + "/sum" : last;
    add(sum, kind, inputs, attr);
    if (has_bias) {
      weights_.add_vector(constant(op.bias), graph_.tensors[op.bias]);
      add(active ? last + "/sum" : last, "BiasAdd", {sum + ":0", name_of(op.bias)},
          {{"data_format", data_format()}});
    }
    if (active) activate(op.activation, last + "/sum", last);
  }

  const Graph& graph_;
  bool is_fused_;
  TfjsOrder order_;
  Json nodes_ = Json::array();
  WeightFile weights_;
};

class LayersModelWriter {
 public:
  LayersModelWriter(const Graph& graph, TfjsStorage storage, TfjsOrder order)
      : graph_(graph), order_(order), weights_(storage) {}

  TfjsFile write() {
    const std::vector<int64_t> in = in_file(graph_.tensors[graph_.input].shape, order_);
    layers_.push_back({{"name", layer_of(graph_.input)},
                       {"class_name", "InputLayer"},
                       {"config", {{"batch_input_shape", {nullptr, in[1], in[2], in[3]}}}},
                       {"inbound_nodes", Json::array()}});
    for (const Node& node : graph_.nodes) std::visit(*this, node.op);
    const Json config = {{"name", "model"},
                         {"layers", layers_},
                         {"input_layers", {{layer_of(graph_.input), 0, 0}}},
                         {"output_layers", {{layer_of(graph_.output), 0, 0}}}};
    return weights_.finish({{"format", "layers-model"},
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
  void operator()(const Add& op) { binary(op, "Add"); }
  void operator()(const Multiply& op) { binary(op, "Multiply"); }
  void operator()(const Sigmoid& op) {
    add(layer_of(op.output), "Activation", {{"activation", "sigmoid"}}, {layer_of(op.input)});
  }
  void operator()(const Clamp& op) {
    activate(op.activation, layer_of(op.input), layer_of(op.output));
  }
  void operator()(const HardSwish& op) {
    const std::string in = layer_of(op.input);
    const std::string out = layer_of(op.output);
    const int form = hard_swish_count_++ % 4;
    if (form == 0) return add(out, "Activation", {{"activation", "hard_swish"}}, {in});
    const auto scalar = [&](const std::string& to, const std::string& from, bool adds,
                            double value) {
      if (form == 1) {
        return add(to, "Rescaling", {{"scale", adds ? 1 : value}, {"offset", adds ? value : 0}},
                   {from});
      }
      Json config = {{"name", to}};
      Json call = {
          {"args",
           {{{"class_name", "__keras_tensor__"}, {"config", {{"keras_history", {from, 0, 0}}}}},
            value}},
          {"kwargs", Json::object()}};
      if (form == 2) {
        config["function"] = adds ? "__operators__.add" : "math.multiply";
        call = {from, 0, 0, {{"y", value}, {"name", nullptr}}};
      }
      layers_.push_back({{"name", to},
                         {"class_name", form == 2 ? "TFOpLambda"
                                        : adds    ? "Add"
                                                  : "Multiply"},
                         {"config", std::move(config)},
                         {"inbound_nodes", Json::array({call})}});
    };
    scalar(out + "_up", in, true, 3);
    activate(Activation::relu6(), out + "_up", out + "_gate");
    scalar(out + "_sixth", out + "_gate", false, 1.0 / 6);
    add(out, "Multiply", Json::object(), {in, out + "_sixth"});
  }
  void operator()(const AveragePool2d& op) { pool(op, "AveragePooling2D"); }
  void operator()(const MaxPool2d& op) { pool(op, "MaxPooling2D"); }
  void operator()(const GlobalAveragePool& op) {
    const bool keep = graph_.tensors[op.output].shape.rank() == 4;
    add(op.output, "GlobalAveragePooling2D", {{"keepdims", keep}, {"data_format", data_format()}},
        op.input);
  }
  void operator()(const Reshape& op) {
    std::vector<int64_t> dims = in_file(graph_.tensors[op.output].shape, order_);
    dims.erase(dims.begin());
    add(op.output, "Reshape", {{"target_shape", dims}}, op.input);
  }
  void operator()(const Softmax& op) { add(op.output, "Softmax", Json::object(), op.input); }
  template <typename Other>
  void operator()(const Other&) {
    throw std::invalid_argument("unsupported operator");
  }

 private:
  const char* data_format() const {
    return order_ == TfjsOrder::ChannelsFirst ? "channels_first" : "channels_last";
  }

  static std::string layer_of(TensorId id) { return "layer" + std::to_string(id); }

  void add(const std::string& name, const char* class_name, Json config,
           const std::vector<std::string>& inputs) {
    Json calls = Json::array();
    for (const std::string& input : inputs) calls.push_back({input, 0, 0, Json::object()});
    layers_.push_back({{"name", name},
                       {"class_name", class_name},
                       {"config", std::move(config)},
                       {"inbound_nodes", Json::array({calls})}});
  }

  void add(TensorId output, const char* class_name, Json config, TensorId input) {
    add(layer_of(output), class_name, std::move(config), {layer_of(input)});
  }

  void activate(const Activation& activation, const std::string& from, const std::string& to) {
    Json config = Json::object();
    if (activation_name(activation) == "relu6") config["max_value"] = 6;
    add(to, "ReLU", std::move(config), {from});
  }

  template <typename Binary>
  void binary(const Binary& op, const char* class_name) {
    const std::string last = layer_of(op.output);
    const std::string sum = op.activation.any() ? last + "_linear" : last;
    const Tensor& b = graph_.tensors[op.b];
    if (b.is_constant()) {
      const bool adds = std::is_same_v<Binary, Add>;
      const double value = double{scalar_of(b)};
      add(sum, "Rescaling", {{"scale", adds ? 1 : value}, {"offset", adds ? value : 0}},
          {layer_of(op.a)});
    } else {
      add(sum, class_name, Json::object(), {layer_of(op.a), layer_of(op.b)});
    }
    if (op.activation.any()) activate(op.activation, sum, last);
  }

  template <typename Pool>
  void pool(const Pool& op, const char* class_name) {
    if (op.activation.any()) throw std::invalid_argument("unsupported activation of a pool");
    const bool same = is_same_padded(graph_, PoolWindow(op), window_shape(op));
    add(op.output, class_name,
        {{"pool_size", {op.window.height, op.window.width}},
         {"strides", {op.stride.height, op.stride.width}},
         {"padding", same ? "same" : "valid"},
         {"data_format", data_format()}},
        op.input);
  }

  template <typename Layer>
  Json windows(const Layer& op) {
    const Shape& filter = graph_.tensors[op.filter].shape;
    return {{"kernel_size", {filter[1], filter[2]}},
            {"strides", {op.stride.height, op.stride.width}},
            {"dilation_rate", {op.dilation.height, op.dilation.width}},
            {"padding", is_same_padded(graph_, op, filter) ? "same" : "valid"},
            {"data_format", data_format()}};
  }

  template <typename Layer>
  void weighted(const Layer& op, const char* class_name, Json config) {
    const std::string activation = activation_name(op.activation);
    config["use_bias"] = op.bias != kNoTensor;
    config["activation"] = activation.empty() ? "linear" : activation;
    if (op.bias != kNoTensor) {
      weights_.add_vector(layer_of(op.output) + "/bias", graph_.tensors[op.bias]);
    }
    add(op.output, class_name, std::move(config), op.input);
  }

  const Graph& graph_;
  TfjsOrder order_;
  int hard_swish_count_ = 0;
  Json layers_ = Json::array();
  WeightFile weights_;
};

}  // namespace

std::vector<float> as_stored(const std::vector<float>& values, TfjsStorage storage) {
  const Stored stored = store(values, storage);
  std::vector<float> result;
  const auto element = [&]<typename T>(size_t i, T) {
    return reinterpret_cast<const T*>(stored.bytes.data())[i];
  };
  for (size_t i = 0; i < values.size(); ++i) {
    const auto real = [&](double steps) {
      return static_cast<float>(steps * stored.quantization["scale"].get<double>() +
                                stored.quantization["min"].get<double>());
    };
    switch (storage) {
      case TfjsStorage::F32:
        result.push_back(values[i]);
        break;
      case TfjsStorage::F16:
        result.push_back(half_to_float(element(i, uint16_t{})));
        break;
      case TfjsStorage::U8:
        result.push_back(real(element(i, uint8_t{})));
        break;
      case TfjsStorage::U16:
        result.push_back(real(element(i, uint16_t{})));
        break;
    }
  }
  return result;
}

TfjsFile write_graph_model(const Graph& graph, bool is_fused, TfjsStorage storage,
                           TfjsOrder order) {
  return GraphModelWriter(graph, is_fused, storage, order).write();
}

TfjsFile write_layers_model(const Graph& graph, TfjsStorage storage, TfjsOrder order) {
  return LayersModelWriter(graph, storage, order).write();
}

}  // namespace teachable::testing
