#include "tfjs/topology.h"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/error.h"
#include "tfjs/layers.h"

namespace teachable {
namespace {

using Path = std::vector<std::string>;

/// Every layer keeps the names around it; these bound what that can cost. A MobileNet has about 150
/// layers.
constexpr size_t kMaxLayers = 4096;
constexpr size_t kMaxNameLength = 256;
/// The same for calls of layers, each of which reads its layer's settings, and for what one call
/// reads.
constexpr size_t kMaxCalls = 4096;
constexpr size_t kMaxSources = 64;

bool is_model(const std::string& class_name) {
  return class_name == "Sequential" || class_name == "Functional" || class_name == "Model";
}

/// Where a layer's input comes from: an output of the `node`th call of `layer`.
struct Source {
  std::string layer;
  int64_t node = 0;
  int64_t tensor = 0;
};

/// ["conv", 0, 0], with or without a fourth element.
bool is_source(const Json& value) {
  return value.is_array() && value.size() >= 3 && value[0].is_string() &&
         to_integer(value[1]).has_value() && to_integer(value[2]).has_value();
}

Source to_source(const Json& value) {
  return {value[0].get<std::string>(), *to_integer(value[1]), *to_integer(value[2])};
}

/// Adds what one call reads. Keras 2: [["conv", 0, 0, {}], ...]; Keras 3: {"args": [...]} with a
/// "keras_history" in each tensor. The depth is that of the JSON, which is limited.
void collect_sources(const Json& value, std::vector<Source>& sources) {
  if (is_source(value)) {
    sources.push_back(to_source(value));
  } else if (value.is_array()) {
    for (const Json& item : value) collect_sources(item, sources);
  } else if (const Json* args = find(value, "args")) {
    collect_sources(*args, sources);
  } else if (const Json* config = find(value, "config")) {
    const Json* history = find(*config, "keras_history");
    if (history != nullptr && is_source(*history)) sources.push_back(to_source(*history));
  }
}

class TopologyReader {
 public:
  TopologyReader(Graph& graph, TfjsWeights& weights) : builder_(graph, weights) {}

  /// Appends a model's layers. `input` is what it reads, or kNoTensor to make the graph's input
  /// where the model says its size.
  TensorId read_model(const TfjsLayer& model, TensorId input) {
    return model.class_name == "Sequential" ? read_sequential(model, input)
                                            : read_functional(model, input);
  }

  /// `parent` is the path of the model around the layer.
  TfjsLayer to_layer(const Json& json, const Path& parent) {
    if (++layer_count_ > kMaxLayers) {
      throw Error(ErrorCode::BadModel, {"model.json has more than ", kMaxLayers, " layers"});
    }
    const Json* config = find(json, "config");
    const Json* name = find(json, "name");
    if (name == nullptr && config != nullptr) name = find(*config, "name");
    const Json* class_name = find(json, "class_name");
    if (class_name == nullptr || !class_name->is_string()) {
      throw Error(ErrorCode::BadModel, {"model.json has a layer without class_name in ",
                                        in_quotes(parent.empty() ? "model" : parent.back())});
    }
    TfjsLayer layer{json, class_name->get<std::string>(), parent};
    layer.path.push_back(name != nullptr && name->is_string() ? name->get<std::string>() : "");
    if (layer.path.back().size() > kMaxNameLength) {
      throw Error(ErrorCode::BadModel,
                  {layer.where(), ": its name has more than ", kMaxNameLength, " characters"});
    }
    return layer;
  }

 private:
  /// A call of one layer of a functional model.
  using Call = std::pair<size_t, size_t>;

  struct CalledLayer {
    TfjsLayer layer;
    /// What each call reads; empty of an InputLayer. Found once, as many sources may name one
    /// layer, and an object is searched from its first to its last member.
    std::span<const Json> calls;
  };

  struct Functional {
    std::vector<CalledLayer> layers;
    std::unordered_map<std::string, size_t> by_name;
    std::map<Call, TensorId> results;  ///< kNoTensor while inputs are awaited
    std::string where;
  };

  static const Json& layers_of(const TfjsLayer& model) {
    // Keras before 2.2.3 wrote a Sequential's layers without a config around them.
    if (model.config().is_array()) return model.config();
    const Json* layers = find(model.config(), "layers");
    if (layers == nullptr || !layers->is_array() || layers->empty()) {
      throw Error(ErrorCode::BadModel, {model.where(), ": it has no layers"});
    }
    return *layers;
  }

  /// nullptr when the layer says nothing of its input.
  static const Json* input_shape_of(const TfjsLayer& layer) {
    for (const char* key : {"batch_input_shape", "batch_shape", "build_input_shape"}) {
      if (const Json* shape = find(layer.config(), key)) return shape;
    }
    return nullptr;
  }

  TensorId make_input(const TfjsLayer& layer) {
    const Config config(layer.config(), layer.where());
    const Json* shape = input_shape_of(layer);
    if (shape == nullptr) config.unsupported("it is the first layer and says no input shape");
    return builder_.add_input(*shape, config);
  }

  TensorId run_layer(const TfjsLayer& layer, std::span<const TensorId> inputs) {
    if (++call_count_ > kMaxCalls) {
      throw Error(ErrorCode::BadModel,
                  {"model.json calls its layers more than ", kMaxCalls, " times"});
    }
    if (!is_model(layer.class_name)) return builder_.add_layer(layer, inputs);
    if (inputs.size() != 1) {
      throw Error(ErrorCode::UnsupportedOp, {layer.where(), ": a model with ", inputs.size(),
                                             " inputs inside a model isn't run"});
    }
    return read_model(layer, inputs[0]);
  }

  TensorId read_sequential(const TfjsLayer& model, TensorId current) {
    for (const Json& json : layers_of(model)) {
      const TfjsLayer layer = to_layer(json, model.path);
      if (layer.class_name == "InputLayer") {
        if (current == kNoTensor) current = make_input(layer);
      } else if (current != kNoTensor) {
        current = run_layer(layer, {&current, 1});
      } else if (is_model(layer.class_name)) {
        current = read_model(layer, kNoTensor);
      } else {
        current = make_input(input_shape_of(layer) != nullptr ? layer : model);
        current = run_layer(layer, {&current, 1});
      }
    }
    if (current == kNoTensor) {
      throw Error(ErrorCode::BadModel, {model.where(), ": it has no layers"});
    }
    return current;
  }

  TensorId read_functional(const TfjsLayer& model, TensorId input) {
    Functional functional = index_layers(model);
    const Call input_call = find_end(functional, model, "input_layers");
    if (input == kNoTensor) input = make_input(functional.layers[input_call.first].layer);
    functional.results[input_call] = input;
    return compute(functional, find_end(functional, model, "output_layers"));
  }

  Functional index_layers(const TfjsLayer& model) {
    Functional functional;
    functional.where = model.where();
    for (const Json& json : layers_of(model)) {
      TfjsLayer layer = to_layer(json, model.path);
      if (!functional.by_name.emplace(layer.path.back(), functional.layers.size()).second) {
        throw Error(ErrorCode::BadModel, {layer.where(), ": two layers have this name"});
      }
      const Json* calls = find(json, "inbound_nodes");
      const bool is_called = calls != nullptr && calls->is_array() && !calls->empty();
      functional.layers.push_back({std::move(layer), is_called
                                                         ? std::span(calls->begin(), calls->end())
                                                         : std::span<const Json>()});
    }
    return functional;
  }

  /// The one call that input_layers or output_layers names.
  Call find_end(const Functional& functional, const TfjsLayer& model, const char* key) const {
    std::vector<Source> ends;
    if (const Json* value = find(model.config(), key)) collect_sources(*value, ends);
    if (ends.size() != 1) {
      throw Error(ends.empty() ? ErrorCode::BadModel : ErrorCode::UnsupportedOp,
                  {functional.where, ": it has ", ends.size(), " ", key, ", wanted 1"});
    }
    return to_call(functional, ends[0], functional.where);
  }

  Call to_call(const Functional& functional, const Source& source, const std::string& where) const {
    const auto found = functional.by_name.find(source.layer);
    if (found == functional.by_name.end()) {
      throw Error(ErrorCode::BadModel, {where, ": it reads the layer ", in_quotes(source.layer),
                                        ", which doesn't exist"});
    }
    const auto& [layer, calls] = functional.layers[found->second];
    // An InputLayer has no calls and is read as its call 0.
    const size_t count = std::max<size_t>(calls.size(), 1);
    int64_t node = source.node;
    // Keras 2 counts the calls of a model from 1: the 0th made the model itself.
    if (is_model(layer.class_name) && count == 1 && node == 1) node = 0;
    if (node < 0 || node >= static_cast<int64_t>(count) || source.tensor != 0) {
      throw Error(ErrorCode::BadModel,
                  {where, ": it reads output ", source.tensor, " of call ", source.node, " of ",
                   layer.where(), ", which doesn't exist"});
    }
    if (is_model(layer.class_name) && count > 1) {
      throw Error(ErrorCode::UnsupportedOp,
                  {layer.where(), ": a model that is called several times isn't run"});
    }
    return {found->second, static_cast<size_t>(node)};
  }

  std::vector<Call> inputs_of_call(const Functional& functional, const Call& call) const {
    const auto& [layer, calls] = functional.layers[call.first];
    std::vector<Source> sources;
    if (call.second < calls.size()) collect_sources(calls[call.second], sources);
    if (sources.empty()) {
      throw Error(ErrorCode::BadModel, {layer.where(), ": it reads nothing"});
    }
    if (sources.size() > kMaxSources) {
      throw Error(ErrorCode::UnsupportedOp, {layer.where(), ": it reads ", sources.size(),
                                             " tensors; at most ", kMaxSources, " are run"});
    }
    const std::string where = layer.where();
    std::vector<Call> result;
    for (const Source& source : sources) result.push_back(to_call(functional, source, where));
    return result;
  }

  /// Depth first with a stack of its own, since a chain of layers may be longer than the call
  /// stack.
  TensorId compute(Functional& functional, const Call& output) {
    std::vector<Call> stack = {output};
    while (!stack.empty()) {
      const Call call = stack.back();
      const auto known = functional.results.find(call);
      const bool is_awaiting = known != functional.results.end() && known->second == kNoTensor;
      if (known != functional.results.end() && !is_awaiting) {
        stack.pop_back();
        continue;
      }
      const TfjsLayer& layer = functional.layers[call.first].layer;
      std::vector<TensorId> inputs;
      bool is_complete = true;
      for (const Call& source : inputs_of_call(functional, call)) {
        const auto found = functional.results.find(source);
        if (found != functional.results.end() && found->second != kNoTensor) {
          inputs.push_back(found->second);
          continue;
        }
        is_complete = false;
        // All that this call waits for was pushed above it, so what is still open waits for this
        // call.
        if (is_awaiting) {
          throw Error(ErrorCode::BadModel, {layer.where(), ": it depends on its own output"});
        }
        stack.push_back(source);
      }
      functional.results[call] = is_complete ? run_layer(layer, inputs) : kNoTensor;
      if (is_complete) stack.pop_back();
    }
    return functional.results[output];
  }

  TfjsLayerBuilder builder_;
  size_t layer_count_ = 0;
  size_t call_count_ = 0;
};

}  // namespace

Graph read_tfjs_topology(const Json& model, TfjsWeights& weights) {
  Graph graph;
  TopologyReader reader(graph, weights);
  const TfjsLayer layer = reader.to_layer(model, {});
  if (!is_model(layer.class_name)) {
    throw Error(ErrorCode::UnsupportedOp,
                {layer.where(),
                 ": a model of this class isn't read; Sequential, Functional and "
                 "Model are"});
  }
  graph.output = reader.read_model(layer, kNoTensor);
  return graph;
}

}  // namespace teachable
