#include "tfjs/topology.h"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/error.h"
#include "graph/errors.h"
#include "graph/outputs.h"
#include "tfjs/layers.h"

namespace teachable {
namespace {

using Path = std::vector<std::string>;

/// Maximum number of layers, and maximum length of a layer's name. They limit memory, because every
/// layer keeps the names of its enclosing models. A MobileNet has about 150 layers.
constexpr size_t kMaxLayers = 4096;
constexpr size_t kMaxNameLength = 256;
/// Maximum number of calls of layers, and of inputs of one call. They limit time, because each call
/// reads the settings of its layer.
constexpr size_t kMaxCalls = 4096;
constexpr size_t kMaxSources = 64;

bool is_model(const std::string& class_name) {
  return class_name == "Sequential" || class_name == "Functional" || class_name == "Model";
}

/// Source of a layer's input: output number `tensor` of call number `node` of `layer`.
struct Source {
  std::string layer;
  int64_t node = 0;
  int64_t tensor = 0;
  std::string key{};  ///< name of an output in an object of outputs
};

/// Returns whether the value has the form ["conv", 0, 0], with or without a fourth element.
bool is_source(const Json& value) {
  return value.is_array() && value.size() >= 3 && value[0].is_string() &&
         value[1].integer().has_value() && value[2].integer().has_value();
}

Source to_source(const Json& value) {
  return {value[0].get<std::string>(), *value[1].integer(), *value[2].integer()};
}

/// Appends the inputs of one call. Keras 2 writes [["conv", 0, 0, {}], ...]. Keras 3 writes
/// {"args": [...]}, with a "keras_history" in each tensor. The JSON parser limits the depth.
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
  /// `wanted_output` chooses one of the outermost model's outputs.
  TopologyReader(Graph& graph, TfjsWeights& weights, const std::string& wanted_output)
      : graph_(graph), builder_(graph, weights), wanted_output_(wanted_output) {}

  /// Appends a model's layers and returns its output. Without a tensor in `input`, creates
  /// the graph's input with the size that the model declares.
  LayerOutput read_model(const TfjsLayer& model, LayerOutput input) {
    return model.class_name == "Sequential" ? read_sequential(model, input)
                                            : read_functional(model, input);
  }

  /// Returns a layer. `parent` is the path of the enclosing model.
  TfjsLayer to_layer(const Json& json, const Path& parent) {
    if (++layer_count_ > kMaxLayers) {
      throw_bad_model("model.json", {"there are more than ", kMaxLayers, " layers"});
    }
    const Json* config = find(json, "config");
    const Json* name = find(json, "name");
    if (name == nullptr && config != nullptr) name = find(*config, "name");
    const Json* class_name = find(json, "class_name");
    if (class_name == nullptr || !class_name->is_string()) {
      throw_bad_model("model.json", {"a layer has no class_name, in ",
                                     in_quotes(parent.empty() ? "model" : parent.back())});
    }
    TfjsLayer layer{json, class_name->get<std::string>(), parent};
    layer.path.push_back(name != nullptr && name->is_string() ? name->get<std::string>() : "");
    if (layer.path.back().size() > kMaxNameLength) {
      throw_bad_model(layer.where(), {"the name has more than ", kMaxNameLength, " characters"});
    }
    return layer;
  }

 private:
  /// Index of a layer of a functional model, and number of one of its calls.
  using Call = std::pair<size_t, size_t>;

  struct CalledLayer {
    TfjsLayer layer;
    /// Inputs of each call; empty for an InputLayer. Stored here, because the search for the member
    /// "inbound_nodes" is linear and many calls may read the same layer.
    std::span<const Json> calls;
  };

  struct Functional {
    std::vector<CalledLayer> layers;
    std::unordered_map<std::string, size_t> by_name;
    std::map<Call, LayerOutput> results;  ///< without a tensor while the call waits for its inputs
    std::string where;
  };

  static const Json& layers_of(const TfjsLayer& model) {
    // Keras before 2.2.3 wrote the layers of a Sequential without a config around them.
    if (model.config().is_array()) return model.config();
    const Json* layers = find(model.config(), "layers");
    if (layers == nullptr || !layers->is_array() || layers->empty()) {
      throw_bad_model(model.where(), "there are no layers");
    }
    return *layers;
  }

  /// Returns the declared input shape of a layer; nullptr if there is none.
  static const Json* input_shape_of(const TfjsLayer& layer) {
    for (const char* key : {"batch_input_shape", "batch_shape", "build_input_shape"}) {
      if (const Json* shape = find(layer.config(), key)) return shape;
    }
    return nullptr;
  }

  LayerOutput make_input(const TfjsLayer& layer) {
    const Config config(layer.config(), layer.where());
    const Json* shape = input_shape_of(layer);
    if (shape == nullptr)
      config.unsupported("first layer without an input shape", "layers that declare it");
    return builder_.add_input(*shape, config);
  }

  LayerOutput run_layer(const TfjsLayer& layer, std::span<const LayerOutput> inputs) {
    if (++call_count_ > kMaxCalls) {
      throw_bad_model("model.json", {"there are more than ", kMaxCalls, " calls of layers"});
    }
    if (!is_model(layer.class_name)) return builder_.add_layer(layer, inputs);
    if (inputs.size() != 1) {
      throw_unsupported(layer.where(), {"number of inputs (", inputs.size(), ")"},
                        "1 input of a nested model");
    }
    return read_model(layer, inputs[0]);
  }

  LayerOutput read_sequential(const TfjsLayer& model, LayerOutput current) {
    for (const Json& json : layers_of(model)) {
      const TfjsLayer layer = to_layer(json, model.path);
      if (layer.class_name == "InputLayer") {
        if (!current.has_tensor()) current = make_input(layer);
      } else if (current.has_tensor()) {
        current = run_layer(layer, {&current, 1});
      } else if (is_model(layer.class_name)) {
        current = read_model(layer, {});
      } else {
        current = make_input(input_shape_of(layer) != nullptr ? layer : model);
        current = run_layer(layer, {&current, 1});
      }
    }
    if (!current.has_tensor()) {
      throw_bad_model(model.where(), "there are no layers");
    }
    if (is_outermost(model)) {
      const Json& layers = layers_of(model);
      const Json& last = layers[layers.size() - 1];
      OutputChoice choice(graph_, wanted_output_);
      choice.add(to_layer(last, model.path).path.back(), "", scores_of(last));
      choice.choose();
    }
    return current;
  }

  LayerOutput read_functional(const TfjsLayer& model, LayerOutput input) {
    Functional functional = index_layers(model);
    const Call input_call = only_end(functional, model, "input_layers");
    if (!input.has_tensor()) input = make_input(functional.layers[input_call.first].layer);
    functional.results[input_call] = input;
    return compute(functional, is_outermost(model) ? chosen_output(functional, model)
                                                   : only_end(functional, model, "output_layers"));
  }

  static bool is_outermost(const TfjsLayer& model) { return model.path.size() == 1; }

  Call chosen_output(const Functional& functional, const TfjsLayer& model) {
    const std::vector<Source> ends = ends_of(model, "output_layers");
    if (ends.empty()) throw_bad_model(functional.where, "there are no output_layers");
    OutputChoice choice(graph_, wanted_output_);
    for (const Source& end : ends) {
      const Call call = to_call(functional, end, functional.where);
      choice.add(end.layer, end.key, scores_of(functional.layers[call.first].layer.json));
    }
    return to_call(functional, ends[choice.choose()], functional.where);
  }

  /// Returns the scores that a layer, or a nested model, gives.
  static Scores scores_of(const Json& layer) {
    static const Json kNone = Json::object();
    const Json* config = find(layer, "config");
    if (config == nullptr) config = &kNone;
    const std::string class_name = text_of(find(layer, "class_name"));
    if (is_model(class_name)) {
      const Json* layers = config->is_array() ? config : find(*config, "layers");
      if (layers == nullptr || layers->empty()) return Scores::None;
      const Json* last = &(*layers)[layers->size() - 1];
      std::vector<Source> ends;
      if (const Json* value = find(*config, "output_layers")) collect_sources(*value, ends);
      for (const Json& each : *layers) {
        if (!ends.empty() && text_of(find(each, "name")) == ends[0].layer) last = &each;
      }
      return scores_of(*last);  // The JSON parser limits the depth.
    }
    const Json* activation = find(*config, "activation");
    if (activation != nullptr && activation->is_object()) activation = find(*activation, "config");
    const std::string name = class_name == "Softmax" ? "softmax" : text_of(activation);
    return name == "softmax"   ? Scores::OfOneClass
           : name == "sigmoid" ? Scores::Independent
                               : Scores::None;
  }

  static std::string text_of(const Json* value) {
    return value == nullptr || !value->is_string() ? "" : value->get<std::string>();
  }

  Functional index_layers(const TfjsLayer& model) {
    Functional functional;
    functional.where = model.where();
    for (const Json& json : layers_of(model)) {
      TfjsLayer layer = to_layer(json, model.path);
      if (!functional.by_name.emplace(layer.path.back(), functional.layers.size()).second) {
        throw_bad_model(layer.where(), "two layers have this name");
      }
      const Json* calls = find(json, "inbound_nodes");
      const bool is_called = calls != nullptr && calls->is_array() && !calls->empty();
      functional.layers.push_back({std::move(layer), is_called
                                                         ? std::span(calls->begin(), calls->end())
                                                         : std::span<const Json>()});
    }
    return functional;
  }

  /// Returns the calls in input_layers or output_layers. Keras 3 may write them as an object, whose
  /// keys are then their names.
  static std::vector<Source> ends_of(const TfjsLayer& model, const char* key) {
    std::vector<Source> ends;
    const Json* value = find(model.config(), key);
    if (value == nullptr) return ends;
    if (!value->is_object()) {
      collect_sources(*value, ends);
      return ends;
    }
    for (const Json& each : *value) {
      const size_t count = ends.size();
      collect_sources(each, ends);
      for (size_t i = count; i < ends.size(); ++i) ends[i].key = each.key();
    }
    return ends;
  }

  /// Returns the only call in input_layers or output_layers.
  Call only_end(const Functional& functional, const TfjsLayer& model, const char* key) const {
    const std::vector<Source> ends = ends_of(model, key);
    if (ends.size() != 1) {
      throw Error(ends.empty() ? ErrorCode::BadModel : ErrorCode::UnsupportedOp,
                  {functional.where, ": there are ", ends.size(), " ", key, "; expected 1."});
    }
    return to_call(functional, ends[0], functional.where);
  }

  Call to_call(const Functional& functional, const Source& source, const std::string& where) const {
    const auto found = functional.by_name.find(source.layer);
    if (found == functional.by_name.end()) {
      throw_bad_model(where, {"the input layer ", in_quotes(source.layer), " doesn't exist"});
    }
    const auto& [layer, calls] = functional.layers[found->second];
    // An InputLayer has no calls, but others refer to its call 0.
    const size_t count = std::max<size_t>(calls.size(), 1);
    int64_t node = source.node;
    // Keras 2 counts the calls of a nested model from 1; call 0 created the model itself.
    if (is_model(layer.class_name) && count == 1 && node == 1) node = 0;
    if (node < 0 || node >= static_cast<int64_t>(count) || source.tensor != 0) {
      throw_bad_model(where, {"output ", source.tensor, " of call ", source.node, " of ",
                              layer.where(), " doesn't exist"});
    }
    if (is_model(layer.class_name) && count > 1) {
      throw_unsupported(layer.where(), "repeated call", "1 call of a nested model");
    }
    return {found->second, static_cast<size_t>(node)};
  }

  std::vector<Call> inputs_of_call(const Functional& functional, const Call& call) const {
    const auto& [layer, calls] = functional.layers[call.first];
    std::vector<Source> sources;
    if (call.second < calls.size()) collect_sources(calls[call.second], sources);
    if (sources.empty()) {
      throw_bad_model(layer.where(), "there are no inputs");
    }
    static_assert(kMaxSources == 64);
    if (sources.size() > kMaxSources) {
      throw_unsupported(layer.where(), {"number of inputs (", sources.size(), ")"},
                        "up to 64 inputs");
    }
    const std::string where = layer.where();
    std::vector<Call> result;
    for (const Source& source : sources) result.push_back(to_call(functional, source, where));
    return result;
  }

  /// Builds all calls that `output` depends on and returns its result. It uses an explicit stack,
  /// because a chain of layers may be too long for recursion.
  LayerOutput compute(Functional& functional, const Call& output) {
    std::vector<Call> stack = {output};
    while (!stack.empty()) {
      const Call call = stack.back();
      const auto known = functional.results.find(call);
      const bool is_awaiting = known != functional.results.end() && !known->second.has_tensor();
      if (known != functional.results.end() && !is_awaiting) {
        stack.pop_back();
        continue;
      }
      const TfjsLayer& layer = functional.layers[call.first].layer;
      std::vector<LayerOutput> inputs;
      bool is_complete = true;
      for (const Call& source : inputs_of_call(functional, call)) {
        const auto found = functional.results.find(source);
        if (found != functional.results.end() && found->second.has_tensor()) {
          inputs.push_back(found->second);
          continue;
        }
        is_complete = false;
        // All inputs of this call were pushed after it. An input that is still missing therefore
        // depends on this call.
        if (is_awaiting) {
          throw_bad_model(layer.where(), "the layer depends on its own output");
        }
        stack.push_back(source);
      }
      functional.results[call] = is_complete ? run_layer(layer, inputs) : LayerOutput{};
      if (is_complete) stack.pop_back();
    }
    return functional.results[output];
  }

  Graph& graph_;
  TfjsLayerBuilder builder_;
  const std::string& wanted_output_;
  size_t layer_count_ = 0;
  size_t call_count_ = 0;
};

}  // namespace

Graph read_tfjs_topology(const Json& model, TfjsWeights& weights, const std::string& output) {
  Graph graph;
  TopologyReader reader(graph, weights, output);
  const TfjsLayer layer = reader.to_layer(model, {});
  if (!is_model(layer.class_name)) {
    throw Error(ErrorCode::UnsupportedOp, {"Unsupported model class: ", layer.where(),
                                           ". Supported: Sequential, Functional and Model."});
  }
  graph.output = reader.read_model(layer, {}).tensor;
  return graph;
}

}  // namespace teachable
