#include "tfjs/graph_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/error.h"
#include "graph/errors.h"
#include "graph/outputs.h"

namespace teachable {
namespace {

/// Limits, several times what any MobileNet needs: nodes in the file, operators, inputs of a node,
/// and characters of a name.
constexpr size_t kMaxFileNodes = 16384;
constexpr size_t kMaxNodes = 4096;
constexpr size_t kMaxInputs = 64;
constexpr size_t kMaxNameLength = 512;
/// Limits for Identity nodes in a row, and for steps of shape arithmetic in the whole model.
constexpr size_t kMaxIdentities = 64;
constexpr size_t kMaxIntegerReads = 1 << 16;

/// Replaces characters that aren't printable ASCII, which no setting has, by '?' for messages.
char printable(int c) { return c >= ' ' && c <= '~' ? static_cast<char>(c) : '?'; }

/// Decodes base64. TensorFlow's protocol buffers have strings in base64 when written as JSON.
/// Returns other texts unchanged.
std::string decode_text(const std::string& text) {
  std::string result;
  uint32_t bits = 0;
  int bit_count = 0;
  for (char c : text) {
    if (c == '=') break;
    int value = -1;
    if (c >= 'A' && c <= 'Z') value = c - 'A';
    if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
    if (c >= '0' && c <= '9') value = c - '0' + 52;
    if (c == '+') value = 62;
    if (c == '/') value = 63;
    if (value < 0) return text;
    bits = (bits << 6 | static_cast<uint32_t>(value)) & 0xffffff;
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      result.push_back(printable(static_cast<int>(bits >> bit_count & 0xff)));
    }
  }
  return result;
}

/// Returns an integer. Protocol buffers have 64-bit integers as strings when written as JSON.
std::optional<int64_t> to_int(const Json& value) {
  if (!value.is_string()) return value.integer();
  const auto text = value.get<std::string>();
  if (text.empty() || text.size() > 18) return std::nullopt;
  int64_t result = 0;
  const bool negative = text[0] == '-';
  for (size_t i = negative ? 1 : 0; i < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    result = result * 10 + (text[i] - '0');
  }
  if (negative && text.size() == 1) return std::nullopt;
  return negative ? -result : result;
}

/// A node of model.json.
struct FileNode {
  std::string name, op;
  std::vector<std::string> inputs;  ///< names of nodes, without output indices and control inputs
  const Json* attr = nullptr;       ///< nullptr if there is none

  std::string where() const { return "node " + in_quotes(name) + " (" + op.substr(0, 40) + ")"; }

  [[noreturn]] void bad(const Text& what) const { throw_bad_model(where(), what); }
  [[noreturn]] void unsupported(const Text& what, const char* supported) const {
    throw_unsupported(where(), what, supported);
  }

  const Json* attribute(const char* key, const char* kind) const {
    const Json* value = attr == nullptr ? nullptr : find(*attr, key);
    return value == nullptr ? nullptr : find(*value, kind);
  }

  bool flag(const char* key) const {
    const Json* value = attribute(key, "b");
    return value != nullptr && value->is_boolean() && value->get<bool>();
  }

  double number(const char* key, double fallback) const {
    const Json* value = attribute(key, "f");
    if (value == nullptr) return fallback;
    if (!value->is_number()) bad({key, " isn't a number"});
    return value->get<double>();
  }

  std::string text_of(const Json& value) const {
    if (value.is_string()) return decode_text(value.get<std::string>());
    // Old converters write a list of character codes.
    if (value.is_array() && value.size() <= kMaxInputs) {
      std::string result;
      for (const Json& code : value) {
        result.push_back(printable(static_cast<int>(code.integer().value_or(0) & 0xff)));
      }
      return result;
    }
    bad("an attribute isn't a string");
  }

  std::string text(const char* key, const std::string& fallback) const {
    const Json* value = attribute(key, "s");
    return value == nullptr ? fallback : text_of(*value);
  }

  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> result;
    const Json* list = attribute(key, "list");
    const Json* items = list == nullptr ? nullptr : find(*list, "s");
    if (items == nullptr || !items->is_array()) return result;
    for (const Json& item : *items) result.push_back(text_of(item));
    return result;
  }

  std::vector<int64_t> integers(const char* key) const {
    std::vector<int64_t> result;
    const Json* list = attribute(key, "list");
    const Json* items = list == nullptr ? nullptr : find(*list, "i");
    if (items == nullptr || !items->is_array()) return result;
    for (const Json& item : *items) {
      const std::optional<int64_t> value = to_int(item);
      if (!value) bad({key, " has an element that isn't an integer"});
      result.push_back(*value);
    }
    return result;
  }
};

uint32_t to_extent(const FileNode& node, int64_t value, const char* what) {
  if (value < 1 || value > 1 << 14) {
    node.bad({what, " is ", value, "; expected 1 to ", 1 << 14});
  }
  return static_cast<uint32_t>(value);
}

/// Order of the axes of a map in the file.
enum class Order { ChannelsLast, ChannelsFirst };

/// Returns strides, dilations or a window, which are written as [1, height, width, 1] or, with
/// channels first, as [1, 1, height, width].
Extent2d extent_of(const FileNode& node, const char* key, Order order) {
  std::vector<int64_t> values = node.integers(key);
  if (values.empty()) return {};
  if (values.size() == 4 && order == Order::ChannelsFirst)
    values = {values[0], values[2], values[3], values[1]};
  if (values.size() != 4 || values[0] != 1 || values[3] != 1) {
    node.unsupported(key, "1 except for height and width");
  }
  return {to_extent(node, values[1], key), to_extent(node, values[2], key)};
}

uint32_t to_padding(const FileNode& node, int64_t value) {
  if (value < 0 || value > 1 << 14) node.bad({"padding is ", value, "; expected 0 to ", 1 << 14});
  return static_cast<uint32_t>(value);
}

/// Converts paddings, which are written as {before, after} for each of four axes.
Padding to_padding(const FileNode& node, std::vector<int64_t> values, Order order) {
  if (values.size() != 8) node.bad("expected four pairs of paddings");
  if (order == Order::ChannelsFirst)
    std::rotate(values.begin() + 2, values.begin() + 4, values.end());
  if (values[0] != 0 || values[1] != 0 || values[6] != 0 || values[7] != 0) {
    node.unsupported("padding axis", "height and width");
  }
  return {.top = to_padding(node, values[2]),
          .right = to_padding(node, values[5]),
          .bottom = to_padding(node, values[3]),
          .left = to_padding(node, values[4])};
}

class GraphReader {
 public:
  GraphReader(const Json& root, TfjsWeights& weights) : weights_(weights) { index(root); }

  Graph read(const Json& root, const std::string& wanted_output) {
    OutputChoice choice(graph_, wanted_output);
    const std::vector<std::string> outputs = outputs_of(root, choice);
    graph_.output = tensor_of(outputs[choice.choose()]);
    if (graph_.input == kNoTensor) {
      throw_bad_model("model.json", "the output doesn't depend on a Placeholder");
    }
    return std::move(graph_);
  }

 private:
  using Build = TensorId (GraphReader::*)(const FileNode&);

  // --- the file's nodes ----------------------------------------------------------------------

  void index(const Json& root) {
    const Json* topology = find(root, "modelTopology");
    const Json* nodes = topology == nullptr ? nullptr : find(*topology, "node");
    if (nodes == nullptr || !nodes->is_array() || nodes->empty() || nodes->size() > kMaxFileNodes) {
      throw_bad_model("model.json",
                      {"modelTopology has no list of 1 to ", kMaxFileNodes, " nodes"});
    }
    nodes_.reserve(nodes->size());
    for (const Json& json : *nodes) {
      const Config config(json, "node of model.json");
      FileNode node;
      node.name = config.text("name", "");
      node.op = config.text("op", "");
      node.attr = config.find("attr");
      if (node.name.empty() || node.name.size() > kMaxNameLength) {
        config.bad(
            {"the name has ", node.name.size(), " characters; expected 1 to ", kMaxNameLength});
      }
      if (const Json* inputs = config.find("input")) read_inputs(*inputs, node);
      nodes_.push_back(std::move(node));
      if (!by_name_.emplace(nodes_.back().name, nodes_.size() - 1).second) {
        nodes_.back().bad("two nodes have this name");
      }
    }
  }

  static void read_inputs(const Json& inputs, FileNode& node) {
    if (!inputs.is_array() || inputs.size() > kMaxInputs) {
      node.bad({"expected a list of up to ", kMaxInputs, " inputs"});
    }
    for (const Json& input : inputs) {
      if (!input.is_string()) node.bad("an input isn't a name");
      const auto name = input.get<std::string>();
      // '^' marks a control input, which only affects the order of execution.
      if (!name.starts_with('^')) node.inputs.push_back(without_index(node, name));
    }
  }

  static std::string without_index(const FileNode& node, const std::string& name) {
    const size_t colon = name.rfind(':');
    if (colon == name.npos) return name;
    if (name.substr(colon) != ":0") {
      node.unsupported({"input ", in_quotes(name)}, "first outputs (:0)");
    }
    return name.substr(0, colon);
  }

  const FileNode& node_of(const std::string& name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
      throw_bad_model("model.json", {"there is no node ", in_quotes(name)});
    }
    return nodes_[found->second];
  }

  /// Adds the outputs of the file to `choice`, and returns the names of their nodes.
  std::vector<std::string> outputs_of(const Json& root, OutputChoice& choice) const {
    const Json* signature = find(root, "signature");
    if (signature == nullptr) {
      const Json* metadata = find(root, "userDefinedMetadata");
      if (metadata != nullptr) signature = find(*metadata, "signature");
    }
    std::vector<std::string> result;
    const Json* outputs = signature == nullptr ? nullptr : find(*signature, "outputs");
    if (outputs != nullptr && outputs->is_object()) {
      for (const Json& each : *outputs) {
        const Json* name = find(each, "name");
        std::string text =
            name != nullptr && name->is_string() ? name->get<std::string>() : each.key();
        if (const size_t colon = text.rfind(':'); colon != text.npos) text.resize(colon);
        if (!by_name_.contains(text)) continue;
        choice.add(each.key(), text, scores_of(text));
        result.push_back(std::move(text));
      }
    }
    if (!result.empty()) return result;
    std::unordered_map<std::string_view, bool> is_read;
    for (const FileNode& node : nodes_) {
      for (const std::string& input : node.inputs) is_read[input] = true;
    }
    for (const FileNode& node : nodes_) {
      if (is_read.contains(node.name) || node.inputs.empty()) continue;
      choice.add(node.name, "", scores_of(node.name));
      result.push_back(node.name);
    }
    if (result.empty()) throw_bad_model("model.json", "there is no output");
    return result;
  }

  /// Returns the scores that a node gives.
  Scores scores_of(const std::string& name) const {
    const FileNode* node = &origin(name);
    for (size_t steps = 0; steps < 4; ++steps) {
      if ((node->op != "Reshape" && node->op != "Squeeze") || node->inputs.empty()) break;
      node = &origin(node->inputs[0]);
    }
    if (node->op == "Softmax") return Scores::OfOneClass;
    const bool is_sigmoid =
        node->op == "Sigmoid" || std::ranges::count(node->texts("fused_ops"), "Sigmoid") > 0;
    return is_sigmoid ? Scores::Independent : Scores::None;
  }

  static bool is_pass_through(const FileNode& node) {
    return node.op == "Identity" || node.op == "StopGradient" || node.op == "Snapshot";
  }

  /// Returns the node with this name, or the source of its value if it is an Identity.
  const FileNode& origin(const std::string& name) const {
    const FileNode* node = &node_of(name);
    for (size_t steps = 0; is_pass_through(*node); ++steps) {
      if (node->inputs.size() != 1 || steps > kMaxIdentities) {
        node->bad({"expected one input, and at most ", kMaxIdentities, " such nodes in a row"});
      }
      node = &node_of(node->inputs[0]);
    }
    return *node;
  }

  bool is_constant(const std::string& name) const { return origin(name).op == "Const"; }

  const std::string& input(const FileNode& node, size_t i) const {
    if (i >= node.inputs.size()) node.bad({"input ", i, " is missing"});
    return node.inputs[i];
  }

  // --- values --------------------------------------------------------------------------------

  /// Builds all nodes that `name` depends on, inputs first, and returns its tensor. It uses an
  /// explicit stack, because a chain of nodes may be too long for recursion.
  TensorId tensor_of(const std::string& name) {
    std::vector<const FileNode*> stack = {&origin(name)};
    while (!stack.empty()) {
      const FileNode& node = *stack.back();
      const auto [result, is_new] = results_.try_emplace(&node, std::nullopt);
      if (result->second) {
        stack.pop_back();
        continue;
      }
      bool is_complete = true;
      for (const std::string& input : node.inputs) {
        const FileNode& source = origin(input);
        if (source.op == "Const" || (is_shape_arithmetic(source) && !reads_maps(source))) continue;
        const auto found = results_.find(&source);
        if (found != results_.end() && found->second) continue;
        if (found != results_.end()) {
          // The input has been visited, but isn't built. If it is on the stack, it waits for this
          // node.
          if (std::ranges::find(stack, &source) != stack.end()) {
            node.bad("the node depends on itself");
          }
        }
        stack.push_back(&source);
        is_complete = false;
        break;
      }
      if (!is_complete) continue;
      const TensorId built = build(node);
      results_[&node] = built;
      stack.pop_back();
    }
    return *results_.at(&origin(name));
  }

  /// Returns a computed input, which tensor_of() has built before.
  TensorId activation(const FileNode& node, size_t i) const {
    const FileNode& source = origin(input(node, i));
    const auto found = results_.find(&source);
    if (found == results_.end() || !found->second) {
      node.unsupported({"constant input ", i}, "inputs that depend on the image");
    }
    return *found->second;
  }

  const Shape& shape(TensorId id) const { return graph_.tensors[id].shape; }

  const Shape& image(const FileNode& node, TensorId id) const {
    if (shape(id).rank() != 4) {
      node.bad({"the input has shape ", shape(id), "; expected [1, height, width, channels]"});
    }
    return shape(id);
  }

  TfjsWeight weight(const FileNode& node, size_t i) {
    const FileNode& source = origin(input(node, i));
    if (source.op != "Const") node.unsupported({"computed input ", i}, "constants");
    return weights_.read(source.name);
  }

  enum class Role { ConvFilter, DepthwiseFilter, Matrix, TransposedMatrix, Vector };

  /// Returns a constant in the form that `role` needs. Calls `convert` once per constant and role.
  template <typename Convert>
  TensorId constant(const FileNode& node, size_t i, Role role, Convert&& convert) {
    const FileNode& source = origin(input(node, i));
    const auto [at, is_new] = constants_.try_emplace({&source, role}, kNoTensor);
    if (!is_new) return at->second;
    TfjsWeight weight = this->weight(node, i);
    if (weight.values.empty()) node.bad({"constant ", in_quotes(source.name), " is empty"});
    convert(weight);
    return at->second = add_constant(source.name, std::move(weight.shape), weight.values);
  }

  TensorId add_constant(const std::string& name, Shape shape, const std::vector<float>& values) {
    Tensor tensor;
    tensor.name = name.substr(0, 80);
    tensor.shape = std::move(shape);
    tensor.data = PaddedBuffer<std::byte>(values.size() * sizeof(float));
    std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
    graph_.tensors.push_back(std::move(tensor));
    return static_cast<TensorId>(graph_.tensors.size() - 1);
  }

  TensorId vector(const FileNode& node, size_t i, int64_t channels) {
    const TensorId id = constant(node, i, Role::Vector, [](TfjsWeight&) {});
    if (shape(id) != Shape{channels}) {
      node.bad({"constant ", i, " has shape ", shape(id), "; expected [", channels, "]"});
    }
    return id;
  }

  /// Returns one value per channel. The constant has one value per channel, or one for all.
  std::vector<float> channel_values(const FileNode& node, size_t i, int64_t channels) {
    const TfjsWeight values = weight(node, i);
    count_copies(node, std::max(values.values.size(), static_cast<size_t>(channels)));
    if (values.values.size() == 1) {
      return std::vector<float>(static_cast<size_t>(channels), values.values[0]);
    }
    const size_t rank = values.shape.rank();
    // With channels first, a vector would be repeated along the width. BiasAdd and batch
    // normalization read vectors of channels in both orders.
    const bool is_vector_of_channels = node.op != "Add" && node.op != "AddV2" && node.op != "Sub" &&
                                       node.op != "Mul" && node.op != "RealDiv";
    const bool is_first = order_ == Order::ChannelsFirst && !is_vector_of_channels;
    const bool has_channels = is_first ? rank >= 3 && values.shape[rank - 3] == channels
                                       : values.shape.channels() == channels;
    if (values.values.size() != static_cast<size_t>(channels) || !has_channels) {
      node.unsupported({"constant of shape ", values.shape}, "one value, or one per channel");
    }
    return values.values;
  }

  /// Limits the memory for constants, which are copied for each node that reads them.
  void count_copies(const FileNode& node, size_t floats) {
    copied_values_ += floats;
    if (copied_values_ > (size_t{1} << 22)) {
      node.bad("copies of shared constants exceed 4,194,304 values");
    }
  }

  /// Returns small integers (axes, paddings or a shape): constants, or results of shape arithmetic.
  std::vector<int64_t> integers(const FileNode& node, size_t i, int depth = 0) {
    const FileNode& source = origin(input(node, i));
    if (depth > 8 || ++integer_reads_ > kMaxIntegerReads) {
      node.bad("the shape is computed in too many steps");
    }
    if (source.op == "Const") return weights_.integers(source.name);
    if (source.op == "Shape") {
      // The measured tensor may not be among those that the output depends on.
      const FileNode& measured = origin(input(source, 0));
      const auto found = results_.find(&measured);
      if (found == results_.end() || !found->second) {
        node.unsupported({"shape of ", in_quotes(measured.name)},
                         "shapes of tensors that the node depends on");
      }
      return shape_in_file(*found->second, order_of(measured)).dims();
    }
    if (source.op == "StridedSlice") return slice(source, depth + 1);
    if (source.op == "Pack" || source.op == "ConcatV2") {
      std::vector<int64_t> all;
      const size_t count = source.inputs.size() - (source.op == "ConcatV2" ? 1 : 0);
      for (size_t k = 0; k < count && k < source.inputs.size(); ++k) {
        for (int64_t value : integers(source, k, depth + 1)) all.push_back(value);
      }
      if (all.size() > kMaxInputs) source.bad({"the result has more than ", kMaxInputs, " values"});
      return all;
    }
    node.unsupported({"input ", i, ", which ", source.where(), " computes,"},
                     "constants and shape arithmetic");
  }

  /// Returns [begin:end] of a list, with step 1.
  std::vector<int64_t> slice(const FileNode& node, int depth) {
    const std::vector<int64_t> values = integers(node, 0, depth);
    const std::vector<int64_t> begin = integers(node, 1, depth);
    const std::vector<int64_t> end = integers(node, 2, depth);
    const std::vector<int64_t> step = integers(node, 3, depth);
    if (begin.size() != 1 || end.size() != 1 || step.size() != 1 || step[0] != 1) {
      node.unsupported("slice", "a part of a list, with step 1");
    }
    const auto count = static_cast<int64_t>(values.size());
    const auto mask = [&](const char* key) {
      const Json* value = node.attribute(key, "i");
      return value != nullptr && to_int(*value).value_or(0) != 0;
    };
    const auto to_index = [&](int64_t at) {
      return std::clamp<int64_t>(at < 0 ? at + count : at, 0, count);
    };
    const int64_t from = mask("begin_mask") ? 0 : to_index(begin[0]);
    const int64_t to = mask("shrink_axis_mask") ? std::min(from + 1, count)
                       : mask("end_mask")       ? count
                                                : to_index(end[0]);
    if (from >= to) return {};
    return {values.begin() + static_cast<std::ptrdiff_t>(from),
            values.begin() + static_cast<std::ptrdiff_t>(to)};
  }

  static bool is_shape_arithmetic(const FileNode& node) {
    return node.op == "Shape" || node.op == "StridedSlice" || node.op == "Pack" ||
           node.op == "ConcatV2";
  }

  /// Returns whether a concatenation joins maps rather than sizes. Files state its type; without
  /// one, its first input tells.
  bool reads_maps(const FileNode& node) const {
    if (node.op != "ConcatV2" || node.inputs.empty()) return false;
    if (const Json* type = node.attribute("T", "type"); type != nullptr && type->is_string())
      return type->get<std::string>() == "DT_FLOAT";
    const FileNode& first = origin(node.inputs[0]);
    return first.op != "Const" && !is_shape_arithmetic(first);
  }

  // --- operators -----------------------------------------------------------------------------

  template <typename OpType>
  TensorId add_node(const FileNode& node, OpType op, Shape declared = {}) {
    if (graph_.nodes.size() >= kMaxNodes) {
      node.bad({"the model has more than ", kMaxNodes, " operators"});
    }
    const auto require_size = [&](const Shape& size) {
      if (size.checked_element_count(kMaxTensorElements) >= 0) return;
      node.bad({"the output shape ", size, " is too large"});
    };
    require_size(declared);
    Tensor tensor;
    tensor.name = node.name.substr(0, 80);
    tensor.shape = std::move(declared);
    op.output = static_cast<TensorId>(graph_.tensors.size());
    graph_.tensors.push_back(std::move(tensor));
    graph_.nodes.push_back({op, node.where()});
    Shape inferred = infer_shape(graph_, graph_.nodes.back());
    require_size(inferred);
    graph_.tensors[op.output].shape = std::move(inferred);
    return op.output;
  }

  TensorId build(const FileNode& node) {
    static const std::unordered_map<std::string_view, Build> kBuilds = {
        {"Placeholder", &GraphReader::build_input},
        {"PlaceholderWithDefault", &GraphReader::build_input},
        {"Conv2D", &GraphReader::build_conv},
        {"_FusedConv2D", &GraphReader::build_conv},
        {"DepthwiseConv2dNative", &GraphReader::build_depthwise},
        {"FusedDepthwiseConv2dNative", &GraphReader::build_depthwise},
        {"_FusedDepthwiseConv2dNative", &GraphReader::build_depthwise},
        {"MatMul", &GraphReader::build_matmul},
        {"_FusedMatMul", &GraphReader::build_matmul},
        {"BiasAdd", &GraphReader::build_add},
        {"Add", &GraphReader::build_add},
        {"AddV2", &GraphReader::build_add},
        {"Sub", &GraphReader::build_subtract},
        {"Mul", &GraphReader::build_multiply},
        {"RealDiv", &GraphReader::build_divide},
        {"FusedBatchNorm", &GraphReader::build_batch_norm},
        {"FusedBatchNormV2", &GraphReader::build_batch_norm},
        {"FusedBatchNormV3", &GraphReader::build_batch_norm},
        {"Relu", &GraphReader::build_relu},
        {"Relu6", &GraphReader::build_relu6},
        {"Sigmoid", &GraphReader::build_sigmoid},
        {"AvgPool", &GraphReader::build_average_pool},
        {"MaxPool", &GraphReader::build_max_pool},
        {"Mean", &GraphReader::build_mean},
        {"Max", &GraphReader::build_max},
        {"ConcatV2", &GraphReader::build_concat},
        {"LeakyRelu", &GraphReader::build_leaky_relu},
        {"Tanh", &GraphReader::build_tanh},
        {"Elu", &GraphReader::build_elu},
        {"Selu", &GraphReader::build_selu},
        {"Softplus", &GraphReader::build_softplus},
        {"Pad", &GraphReader::build_pad},
        {"PadV2", &GraphReader::build_pad},
        {"Reshape", &GraphReader::build_reshape},
        {"Squeeze", &GraphReader::build_squeeze},
        {"Transpose", &GraphReader::build_transpose},
        {"Square", &GraphReader::build_square},
        {"Pow", &GraphReader::build_power},
        {"Softmax", &GraphReader::build_softmax},
    };
    const auto found = kBuilds.find(node.op);
    if (found == kBuilds.end()) {
      throw Error(
          ErrorCode::UnsupportedOp,
          {"Unsupported ", node.where(), ". Supported: the operators of MobileNet v1, v2 and v3."});
    }
    follow_order(node);
    const TensorId result = (this->*found->second)(node);
    if (order_ == Order::ChannelsFirst && shape(result).rank() == 4) channels_first_.insert(&node);
    return result;
  }

  // --- channels first ------------------------------------------------------------------------

  Order order_of(const FileNode& node) const {
    return channels_first_.contains(&node) ? Order::ChannelsFirst : Order::ChannelsLast;
  }

  /// Returns the shape that a tensor has in the file.
  Shape shape_in_file(TensorId id, Order order) const {
    const Shape& s = shape(id);
    if (order == Order::ChannelsLast || s.rank() != 4) return s;
    return Shape{s[0], s[3], s[1], s[2]};
  }

  /// Returns whether a map has the same elements in the same order with channels first and last.
  static bool is_order_free(const Shape& map) {
    return map.rank() != 4 || map[1] * map[2] == 1 || map[3] == 1;
  }

  [[noreturn]] static void bad_order(const FileNode& node, const Text& what) {
    node.unsupported({what, " of maps with channels first (NCHW)"},
                     "convolutions, pools, elementwise operators, and transposes to channels last "
                     "and back");
  }

  /// Sets the order of the maps that a node reads, and checks that the node expects it.
  void follow_order(const FileNode& node) {
    order_ = Order::ChannelsLast;
    bool reads_last = false;
    for (const std::string& input : node.inputs) {
      const FileNode& source = origin(input);
      const auto found = results_.find(&source);
      if (found == results_.end() || !found->second || shape(*found->second).rank() != 4) continue;
      if (order_of(source) == Order::ChannelsFirst) {
        order_ = Order::ChannelsFirst;
      } else if (shape(*found->second).element_count() > 1) {
        reads_last = true;
      }
    }
    const bool is_first = order_ == Order::ChannelsFirst;
    if (is_first && reads_last) bad_order(node, "other operands");
    if (!is_first && !reads_last) return;
    const bool has_format = node.op == "BiasAdd" || node.op.find("Conv2") != node.op.npos ||
                            node.op.find("Pool") != node.op.npos ||
                            node.op.find("BatchNorm") != node.op.npos;
    const std::string format = node.text("data_format", "NHWC");
    if (has_format && format != (is_first ? "NCHW" : "NHWC")) {
      node.unsupported({"data_format ", in_quotes(format)},
                       is_first ? "NCHW, as the input has it" : "NHWC, as the input has it");
    }
  }

  /// Absorbs a change between channels first and channels last.
  TensorId build_transpose(const FileNode& node) {
    const TensorId in = activation(node, 0);
    const std::vector<int64_t> axes = integers(node, 1);
    const bool is_first = order_ == Order::ChannelsFirst;
    const bool to_last = axes == std::vector<int64_t>{0, 2, 3, 1};
    const bool to_first = axes == std::vector<int64_t>{0, 3, 1, 2};
    if (shape(in).rank() != 4 || !(is_first ? to_last : to_first)) {
      node.unsupported("order of axes", "transposes from channels first to channels last and back");
    }
    // The result has the same elements in the graph, where channels are always last.
    order_ = to_first ? Order::ChannelsFirst : Order::ChannelsLast;
    has_channels_first_ = true;
    return in;
  }

  TensorId build_input(const FileNode& node) {
    if (graph_.input != kNoTensor) node.unsupported("second input", "one input");
    const Json* shape_attr = node.attribute("shape", "shape");
    const Json* dims = shape_attr == nullptr ? nullptr : find(*shape_attr, "dim");
    std::vector<int64_t> sizes;
    if (dims != nullptr && dims->is_array() && dims->size() == 4) {
      for (const Json& dim : *dims) {
        const Json* size = find(dim, "size");
        sizes.push_back(size == nullptr ? 0 : to_int(*size).value_or(0));
      }
    }
    const auto is_channel_count = [](int64_t size) { return size == 3 || size == 1; };
    if (sizes.size() == 4 && is_channel_count(sizes[1]) && !is_channel_count(sizes[3])) {
      sizes = {sizes[0], sizes[2], sizes[3], sizes[1]};
      order_ = Order::ChannelsFirst;
      has_channels_first_ = true;
    }
    if (sizes.size() != 4 || sizes[3] < 1) {
      node.unsupported("variable input size", "a fixed size [any, height, width, channels]");
    }
    // Any height and width: the usual size of networks that people train on.
    for (size_t i = 1; i < 3; ++i) {
      if (sizes[i] >= 1) continue;
      sizes[i] = kUsualSide;
      graph_.has_any_size = true;
    }
    sizes[0] = 1;
    Tensor tensor;
    tensor.name = node.name.substr(0, 80);
    tensor.shape = Shape(std::move(sizes));
    if (tensor.shape.checked_element_count(kMaxTensorElements) < 0)
      node.bad("the input is too large");
    graph_.tensors.push_back(std::move(tensor));
    return graph_.input = static_cast<TensorId>(graph_.tensors.size() - 1);
  }

  Padding padding_of(const FileNode& node, TensorId in, Extent2d window, Extent2d stride,
                     Extent2d dilation) const {
    const std::string padding = node.text("padding", "VALID");
    if (padding == "VALID") return {};
    if (padding == "EXPLICIT") return to_padding(node, node.integers("explicit_paddings"), order_);
    if (padding != "SAME") {
      node.unsupported({"padding ", in_quotes(padding)}, "SAME, VALID and EXPLICIT");
    }
    const Shape& size = image(node, in);
    const auto rows = same_padding(size[1], window.height, stride.height, dilation.height);
    const auto columns = same_padding(size[2], window.width, stride.width, dilation.width);
    return {.top = rows[0], .right = columns[1], .bottom = rows[1], .left = columns[0]};
  }

  /// Appends the operators that are fused into a layer: bias or batch normalization, then
  /// activation.
  TensorId finish(const FileNode& node, TensorId output) {
    size_t next = 2;  // input of the next fused operator
    for (const std::string& fused : node.texts("fused_ops")) {
      if (fused == "BiasAdd") {
        output =
            add_affine(node, output, {}, channel_values(node, next++, shape(output).channels()));
      } else if (fused == "FusedBatchNorm") {
        output = add_batch_norm(node, output, next);
        next += 4;
      } else if (fused == "Relu") {
        output = add_clamp(node, output, Activation::relu());
      } else if (fused == "Relu6") {
        output = add_clamp(node, output, Activation::relu6());
      } else if (fused == "Sigmoid") {
        output = add_node(node, Sigmoid{output, kNoTensor});
      } else if (fused == "LeakyRelu") {
        output = apply(node, output, Function::LeakyRelu, node.number("leakyrelu_alpha", 0.2));
      } else if (fused == "Elu") {
        output = apply(node, output, Function::Elu);
      } else if (fused == "Tanh") {
        output = apply(node, output, Function::Tanh);
      } else {
        node.unsupported({"fused operator ", in_quotes(fused)},
                         "BiasAdd, FusedBatchNorm, Relu, Relu6, LeakyRelu, Elu, Tanh and Sigmoid");
      }
    }
    return output;
  }

  TensorId add_clamp(const FileNode& node, TensorId in, Activation activation) {
    return add_node(node, Clamp{in, kNoTensor, activation});
  }

  /// Appends x * scale + offset. An empty vector stands for scale 1 or offset 0.
  TensorId add_affine(const FileNode& node, TensorId in, std::vector<float> scale,
                      std::vector<float> offset) {
    const auto channels = static_cast<size_t>(shape(in).channels());
    // A small file can have many nodes, each with many channels.
    rescaled_channels_ += channels;
    if (rescaled_channels_ > 1 << 22) node.bad("the model rescales more than 4,194,304 channels");
    scale.resize(channels, 1.0f);
    offset.resize(channels, 0.0f);
    for (const std::vector<float>* values : {&scale, &offset}) {
      if (!std::ranges::all_of(*values, [](float v) { return std::isfinite(v); })) {
        node.bad("a scale or offset isn't finite");
      }
    }
    const Shape each{static_cast<int64_t>(channels)};
    ScaleShift op;
    op.input = in;
    op.scale = add_constant(node.name, each, scale);
    op.offset = add_constant(node.name, each, offset);
    return add_node(node, op);
  }

  /// Completes and appends a convolution, whose input and filter are set.
  template <typename Layer>
  TensorId add_convolution(const FileNode& node, Layer& op) {
    const Shape& filter = shape(op.filter);
    op.stride = extent_of(node, "strides", order_);
    op.dilation = extent_of(node, "dilations", order_);
    op.padding =
        padding_of(node, op.input,
                   {to_extent(node, filter[1], "filter"), to_extent(node, filter[2], "filter")},
                   op.stride, op.dilation);
    return finish(node, add_node(node, op));
  }

  TensorId build_conv(const FileNode& node) {
    Conv2d op;
    op.input = activation(node, 0);
    image(node, op.input);
    op.filter = constant(node, 1, Role::ConvFilter, [&](TfjsWeight& w) {
      if (w.shape.rank() != 4)
        node.bad({"the filter has shape ", w.shape, "; expected 4 dimensions"});
      const auto out = static_cast<size_t>(w.shape[3]);
      w.values = transposed(w.values, w.values.size() / out, out);
      w.shape = Shape{w.shape[3], w.shape[0], w.shape[1], w.shape[2]};
    });
    return add_convolution(node, op);
  }

  TensorId build_depthwise(const FileNode& node) {
    DepthwiseConv2d op;
    op.input = activation(node, 0);
    image(node, op.input);
    op.filter = constant(node, 1, Role::DepthwiseFilter, [&](TfjsWeight& w) {
      if (w.shape.rank() != 4)
        node.bad({"the filter has shape ", w.shape, "; expected 4 dimensions"});
      w.shape = Shape{1, w.shape[0], w.shape[1], w.shape[2] * w.shape[3]};
    });
    return add_convolution(node, op);
  }

  TensorId build_matmul(const FileNode& node) {
    if (node.flag("transpose_a")) node.unsupported("transpose_a", "transpose_b only");
    const bool is_transposed = node.flag("transpose_b");
    FullyConnected op;
    op.input = activation(node, 0);
    op.filter = constant(
        node, 1, is_transposed ? Role::TransposedMatrix : Role::Matrix, [&](TfjsWeight& w) {
          if (w.shape.rank() != 2) {
            node.bad({"the matrix has shape ", w.shape, "; expected 2 dimensions"});
          }
          if (is_transposed) return;
          w.values = transposed(w.values, static_cast<size_t>(w.shape[0]),
                                static_cast<size_t>(w.shape[1]));
          w.shape = Shape{w.shape[1], w.shape[0]};
        });
    return finish(node, add_node(node, op));
  }

  TensorId build_add(const FileNode& node) {
    const size_t at = constant_operand(node);
    if (at == kNoOperand) {
      const auto [a, b] = operands(node);
      return add_node(node, Add{a, b, kNoTensor, {}});
    }
    const TensorId in = activation(node, 1 - at);
    return add_affine(node, in, {}, channel_values(node, at, shape(in).channels()));
  }

  TensorId build_subtract(const FileNode& node) {
    const size_t at = constant_operand(node);
    if (at == kNoOperand) node.unsupported("computed operand", "one constant");
    const TensorId in = activation(node, 1 - at);
    std::vector<float> values = channel_values(node, at, shape(in).channels());
    if (at == 0) return add_affine(node, in, std::vector<float>(values.size(), -1.0f), values);
    for (float& v : values) v = -v;
    return add_affine(node, in, {}, std::move(values));
  }

  TensorId build_multiply(const FileNode& node) {
    const size_t at = constant_operand(node);
    if (at == kNoOperand) {
      const auto [a, b] = operands(node);
      return add_node(node, Multiply{a, b, kNoTensor, {}});
    }
    const TensorId in = activation(node, 1 - at);
    return add_affine(node, in, channel_values(node, at, shape(in).channels()), {});
  }

  TensorId build_divide(const FileNode& node) {
    if (constant_operand(node) != 1) node.unsupported("divisor", "constants");
    const TensorId in = activation(node, 0);
    std::vector<float> values = channel_values(node, 1, shape(in).channels());
    for (float& v : values) v = 1 / v;
    return add_affine(node, in, std::move(values), {});
  }

  static constexpr size_t kNoOperand = static_cast<size_t>(-1);

  size_t constant_operand(const FileNode& node) const {
    if (node.inputs.size() != 2) node.bad("expected 2 inputs");
    if (is_constant(node.inputs[1])) return 1;
    return is_constant(node.inputs[0]) ? 0 : kNoOperand;
  }

  /// Returns both operands. The one that is repeated for each pixel is the second.
  std::pair<TensorId, TensorId> operands(const FileNode& node) const {
    const TensorId a = activation(node, 0);
    const TensorId b = activation(node, 1);
    for (const TensorId each : {a, b}) {
      // It would be repeated along the channels and the height.
      if (order_ == Order::ChannelsFirst && shape(each).rank() != 4 &&
          shape(each).element_count() > 1)
        bad_order(node, {"operand of shape ", shape(each)});
    }
    const bool swap = shape(a).element_count() < shape(b).element_count();
    return swap ? std::pair{b, a} : std::pair{a, b};
  }

  TensorId add_batch_norm(const FileNode& node, TensorId in, size_t first) {
    const int64_t channels = shape(in).channels();
    std::vector<float> scale = channel_values(node, first, channels);
    std::vector<float> offset = channel_values(node, first + 1, channels);
    const std::vector<float> mean = channel_values(node, first + 2, channels);
    const std::vector<float> variance = channel_values(node, first + 3, channels);
    const double epsilon = node.number("epsilon", 1e-4);
    for (size_t i = 0; i < scale.size(); ++i) {
      const double factor = scale[i] / std::sqrt(double{variance[i]} + epsilon);
      if (!std::isfinite(factor)) node.bad("the variance plus epsilon isn't above 0");
      scale[i] = static_cast<float>(factor);
      offset[i] = static_cast<float>(offset[i] - mean[i] * factor);
    }
    return add_affine(node, in, std::move(scale), std::move(offset));
  }

  TensorId build_batch_norm(const FileNode& node) {
    if (node.flag("is_training"))
      node.unsupported("is_training", "batch normalization for inference");
    return add_batch_norm(node, activation(node, 0), 1);
  }

  TensorId build_relu(const FileNode& node) {
    return add_clamp(node, activation(node, 0), Activation::relu());
  }
  TensorId build_relu6(const FileNode& node) {
    return add_clamp(node, activation(node, 0), Activation::relu6());
  }
  TensorId build_sigmoid(const FileNode& node) {
    return add_node(node, Sigmoid{activation(node, 0), kNoTensor});
  }

  TensorId apply(const FileNode& node, TensorId in, Function function, double slope = 0) {
    return add_node(node, Apply{in, kNoTensor, function, static_cast<float>(slope)});
  }
  TensorId build_leaky_relu(const FileNode& node) {
    return apply(node, activation(node, 0), Function::LeakyRelu, node.number("alpha", 0.2));
  }
  TensorId build_tanh(const FileNode& node) {
    return apply(node, activation(node, 0), Function::Tanh);
  }
  TensorId build_elu(const FileNode& node) {
    return apply(node, activation(node, 0), Function::Elu);
  }

  TensorId build_square(const FileNode& node) {
    const TensorId in = activation(node, 0);
    return add_node(node, Multiply{in, in, kNoTensor, {}});
  }

  /// x^2 and x^3, which the decomposed form of GELU has.
  TensorId build_power(const FileNode& node) {
    const std::vector<float> exponent = weight(node, 1).values;
    if (exponent.size() != 1 || (exponent[0] != 2 && exponent[0] != 3)) {
      node.unsupported("exponent", "2 and 3");
    }
    const TensorId in = activation(node, 0);
    const TensorId square = build_square(node);
    if (exponent[0] == 2) return square;
    return add_node(node, Multiply{square, in, kNoTensor, {}});
  }

  TensorId add_scaled(const FileNode& node, TensorId in, float scale, float offset = 0) {
    const auto count = static_cast<size_t>(shape(in).channels());
    return add_affine(node, in, std::vector<float>(count, scale),
                      std::vector<float>(count, offset));
  }

  TensorId build_selu(const FileNode& node) {
    constexpr float kAlpha = 1.67326324f, kScale = 1.05070099f;
    const TensorId in = activation(node, 0);
    const TensorId below = add_scaled(node, apply(node, in, Function::Elu), kScale * kAlpha);
    const TensorId above = add_clamp(node, in, Activation::relu());
    return add_node(node,
                    Add{below, add_scaled(node, above, kScale * (1 - kAlpha)), kNoTensor, {}});
  }

  TensorId build_softplus(const FileNode& node) {
    // log(1 + exp(x)) = relu(x) + log(elu(-|x|) + 2), and -|x| = x - 2 relu(x)
    const TensorId in = activation(node, 0);
    const TensorId above = add_clamp(node, in, Activation::relu());
    const TensorId below = add_node(node, Add{in, add_scaled(node, above, -2), kNoTensor, {}});
    const TensorId sum = add_scaled(node, apply(node, below, Function::Elu), 1, 2);
    return add_node(node, Add{above, apply(node, sum, Function::Log), kNoTensor, {}});
  }

  template <typename Pool>
  Pool windowed_pool(const FileNode& node) const {
    Pool pool;
    pool.input = activation(node, 0);
    image(node, pool.input);
    pool.window = extent_of(node, "ksize", order_);
    pool.stride = extent_of(node, "strides", order_);
    pool.padding = padding_of(node, pool.input, pool.window, pool.stride, {});
    return pool;
  }

  TensorId build_average_pool(const FileNode& node) {
    const auto pool = windowed_pool<AveragePool2d>(node);
    const Shape in = shape(pool.input);
    if (in[1] == pool.window.height && in[2] == pool.window.width && !pool.padding.any()) {
      return add_node(node, GlobalAveragePool{pool.input, kNoTensor}, {1, 1, 1, in[3]});
    }
    return add_node(node, pool);
  }

  TensorId build_max_pool(const FileNode& node) {
    return add_node(node, windowed_pool<MaxPool2d>(node));
  }

  /// Checks that a reduction is over height and width, and returns its input.
  TensorId spatial_input(const FileNode& node) {
    const TensorId in = activation(node, 0);
    image(node, in);
    std::vector<int64_t> axes = integers(node, 1);
    const int64_t shift = order_ == Order::ChannelsFirst ? 1 : 0;
    for (int64_t& axis : axes) axis = (axis < 0 ? axis + 4 : axis) - shift;
    if (axes != std::vector<int64_t>{1, 2} && axes != std::vector<int64_t>{2, 1}) {
      node.unsupported("axes", "height and width");
    }
    return in;
  }

  /// Global maximum: a pool whose window is the whole image.
  TensorId build_max(const FileNode& node) {
    MaxPool2d pool;
    pool.input = spatial_input(node);
    const Shape in = shape(pool.input);
    pool.window = {to_extent(node, in[1], "height"), to_extent(node, in[2], "width")};
    pool.stride = pool.window;
    const TensorId pooled = add_node(node, pool);
    return node.flag("keep_dims") ? pooled : reshape_to(node, pooled, {1, in[3]});
  }

  TensorId build_mean(const FileNode& node) {
    const TensorId in = spatial_input(node);
    const int64_t channels = shape(in).channels();
    return add_node(node, GlobalAveragePool{in, kNoTensor},
                    node.flag("keep_dims") ? Shape{1, 1, 1, channels} : Shape{1, channels});
  }

  /// Joins the channels of maps: the sum of all of them, each among channels of zeros.
  TensorId build_concat(const FileNode& node) {
    const size_t count = node.inputs.size() - 1;
    const std::vector<int64_t> axis = integers(node, count);
    int64_t channels = 0;
    for (size_t i = 0; i < count; ++i) channels += image(node, activation(node, i)).channels();
    const int64_t own_axis = order_ == Order::ChannelsFirst ? 1 : 3;
    if (axis.size() != 1 || (axis[0] != own_axis && axis[0] != own_axis - 4) ||
        channels > 1 << 14) {
      node.unsupported("axis", "the channels of maps, up to 16384");
    }
    TensorId sum = kNoTensor;
    int64_t before = 0;
    for (size_t i = 0; i < count; ++i) {
      Pad pad;
      pad.input = activation(node, i);
      const int64_t own = shape(pad.input).channels();
      pad.channels_before = static_cast<uint32_t>(before);
      pad.channels_after = static_cast<uint32_t>(channels - before - own);
      before += own;
      const TensorId padded = add_node(node, pad);
      sum = i == 0 ? padded : add_node(node, Add{sum, padded, kNoTensor, {}});
    }
    return sum;
  }

  TensorId build_pad(const FileNode& node) {
    if (node.inputs.size() > 2) {
      const std::vector<float> values = weight(node, 2).values;
      count_copies(node, values.size());
      for (float v : values) {
        if (v != 0) node.unsupported({"padding value ", v}, "0");
      }
    }
    const TensorId in = activation(node, 0);
    image(node, in);
    return add_node(node, Pad{in, kNoTensor, to_padding(node, integers(node, 1), order_)});
  }

  TensorId reshape_to(const FileNode& node, TensorId in, std::vector<int64_t> dims) {
    const int64_t count = shape(in).checked_element_count(kMaxTensorElements);
    int64_t known = 1;
    size_t open = dims.size();
    for (size_t i = 0; i < dims.size(); ++i) {
      if (dims[i] == -1 && open == dims.size()) {
        open = i;
      } else if (dims[i] < 1 || dims[i] > count / known) {
        node.bad({"the shape doesn't match the ", count, " elements of the input"});
      } else {
        known *= dims[i];
      }
    }
    if (open < dims.size()) dims[open] = count / known;
    if (order_ == Order::ChannelsFirst && !is_order_free(shape(in))) {
      bad_order(node, {"flattening to ", Shape(std::move(dims))});
    }
    order_ = Order::ChannelsLast;
    // A vector as a map of one pixel, for squeeze-and-excite.
    if (has_channels_first_ && dims.size() == 4 && dims[1] > 1 && dims[2] * dims[3] == 1) {
      dims = {dims[0], 1, 1, dims[1]};
      order_ = Order::ChannelsFirst;
    }
    Reshape op;
    op.input = in;
    return add_node(node, op, Shape(std::move(dims)));
  }

  TensorId build_reshape(const FileNode& node) {
    const TensorId in = activation(node, 0);
    std::vector<int64_t> dims = integers(node, 1);
    if (dims.empty() || dims.size() > 8) node.bad("expected a shape of 1 to 8 dimensions");
    return reshape_to(node, in, std::move(dims));
  }

  TensorId build_squeeze(const FileNode& node) {
    const TensorId in = activation(node, 0);
    const std::vector<int64_t> axes = node.integers("squeeze_dims");
    const std::vector<int64_t> from = shape_in_file(in, order_).dims();
    std::vector<int64_t> dims;
    for (size_t i = 0; i < from.size(); ++i) {
      const auto axis = static_cast<int64_t>(i);
      const auto rank = static_cast<int64_t>(from.size());
      const bool named =
          std::ranges::any_of(axes, [&](int64_t a) { return a == axis || a + rank == axis; });
      // Without a list of axes, all axes of size 1 are removed, except the batch: its size isn't
      // fixed in the original model.
      const bool is_removed = axes.empty() ? from[i] == 1 && i > 0 : named;
      if (is_removed && from[i] != 1) node.bad({"can't remove an axis of size ", from[i]});
      if (!is_removed) dims.push_back(from[i]);
    }
    return reshape_to(node, in, std::move(dims));
  }

  TensorId build_softmax(const FileNode& node) {
    if (order_ == Order::ChannelsFirst) bad_order(node, "softmax");
    return add_node(node, Softmax{activation(node, 0), kNoTensor, 1.0f});
  }

  TfjsWeights& weights_;
  std::vector<FileNode> nodes_;
  std::unordered_map<std::string_view, size_t> by_name_;  // keys are views of names in nodes_
  std::unordered_map<const FileNode*, std::optional<TensorId>> results_;
  std::map<std::pair<const FileNode*, Role>, TensorId> constants_;
  size_t copied_values_ = 0;
  size_t rescaled_channels_ = 0;
  size_t integer_reads_ = 0;
  std::unordered_set<const FileNode*> channels_first_;  // nodes whose maps have them first
  Order order_ = Order::ChannelsLast;  // of the current node: first what it reads, then its result
  bool has_channels_first_ = false;    // the input, or a map after a Transpose, has them first
  Graph graph_;
};

}  // namespace

Graph read_tfjs_graph(const Json& root, TfjsWeights& weights, const std::string& output) {
  return GraphReader(root, weights).read(root, output);
}

}  // namespace teachable
