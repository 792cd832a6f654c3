// Where a network ends: its embedding and its classes.
#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "graph/errors.h"
#include "model/passes.h"
#include "model/walk.h"

namespace teachable {
namespace {

/// Number of values above which an embedding counts as unusually long.
constexpr size_t kLongEmbedding = 8192;

bool is_vector(const Shape& shape) {
  return shape.element_count() == static_cast<size_t>(shape.channels());
}

/// Returns the number of pixels of a map [1, height, width, channels].
int64_t pixel_count(const Shape& shape) { return shape.rank() == 4 ? shape[1] * shape[2] : 1; }

/// Returns true for an operator that changes each value of a vector by itself, or adds or
/// multiplies vectors. Together with fully connected layers, these are what people train for their
/// classes.
bool is_elementwise(const Op& op) {
  const auto* convert = std::get_if<Convert>(&op);
  if (convert != nullptr) return !convert->to_unit_length;
  return std::visit(
      [](const auto& o) {
        using T = std::remove_cvref_t<decltype(o)>;
        return requires { o.a; } || requires { o.offset; } || std::is_same_v<T, Clamp> ||
               std::is_same_v<T, HardSwish> || std::is_same_v<T, Sigmoid> ||
               std::is_same_v<T, Apply> || std::is_same_v<T, Reshape>;
      },
      op);
}

/// Returns true for a layer with weights that reads one vector: a fully connected layer, or a
/// convolution of one pixel if it is the last layer. Elsewhere such a convolution is part of the
/// network, as in MobileNet v3.
bool is_dense(const Graph& graph, const Op& op, bool is_last) {
  if (const auto* fc = std::get_if<FullyConnected>(&op))
    return is_vector(graph.tensors[fc->input].shape);
  const auto* conv = std::get_if<Conv2d>(&op);
  return is_last && conv != nullptr && is_vector(graph.tensors[conv->input].shape);
}

/// A classifier: what its first layer reads, and the number of its layers.
struct Classifier {
  TensorId input = kNoTensor;
  size_t layer_count = 0;
};

/// Walks back from the scores `end` over fully connected layers and elementwise operators, and
/// returns the last tensor on which everything after it depends: what the first of these layers
/// reads. A classifier of several layers, as Teachable Machine exports it, counts as one: its
/// hidden layers are specialized for its own classes, while the activation before them describes
/// the image.
Classifier find_classifier(const Graph& graph, TensorId end) {
  Classifier result;
  std::vector<bool> needed(graph.tensors.size());
  needed[end] = true;
  size_t needed_count = 1;  // tensors that are needed and not yet replaced by what they depend on
  size_t layer_count = 0;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Op& op = graph.nodes[i].op;
    const TensorId output = output_of(op);
    if (!needed[output]) continue;
    const bool is_layer = is_dense(graph, op, layer_count == 0);
    if (!is_layer && !(is_elementwise(op) && (is_vector(graph.tensors[output].shape) ||
                                              std::holds_alternative<Reshape>(op)))) {
      break;
    }
    if (is_layer) ++layer_count;
    needed[output] = false;
    --needed_count;
    TensorId last = kNoTensor;
    for (TensorId id : inputs_of(op)) {
      if (graph.tensors[id].is_constant() || needed[id]) continue;
      needed[id] = true;
      ++needed_count;
    }
    for (TensorId id : inputs_of(op)) last = needed[id] ? id : last;
    // The image itself is not an embedding.
    if (needed_count == 1 && last != graph.input && layer_count > result.layer_count)
      result = {last, layer_count};
  }
  return result;
}

/// Returns the tensor before reshapes, a map if there is one.
TensorId before_reshapes(Graph& graph, TensorId id) {
  while (const auto* reshape = writer_op_as<Reshape>(graph, id)) id = reshape->input;
  return id;
}

/// Warns of an embedding that isn't pooled.
void warn_of_map(Graph& graph) {
  const TensorId map = before_reshapes(graph, graph.embedding);
  const Tensor& tensor = graph.tensors[map];
  const size_t count = graph.tensors[graph.embedding].shape.element_count();
  if (pixel_count(tensor.shape) == 1 && count < kLongEmbedding) return;
  if (map != graph.embedding && count < kLongEmbedding) return;
  warn(graph, {"The network has no pooling at its end: an embedding has ", count,
               " numbers. Pass `embedding: '", tensor.name,
               "'` for the mean over all pixels of this layer, of shape ", tensor.shape, "."});
}

/// Makes the mean over all pixels of the embedding the new embedding, if it is a map.
void use_mean(Graph& graph) {
  const Tensor& map = graph.tensors[graph.embedding];
  if (pixel_count(map.shape) == 1) return;
  Tensor mean;
  mean.name = map.name;
  mean.type = map.type;
  mean.quantization = map.quantization;
  mean.shape = Shape{1, map.shape.channels()};
  const GlobalAveragePool pool{graph.embedding, static_cast<TensorId>(graph.tensors.size())};
  graph.tensors.push_back(std::move(mean));
  graph.nodes.push_back({pool, "mean of the embedding"});
  graph.embedding = pool.output;
}

Activation activation_of(const Op& op) {
  return std::visit(
      [](const auto& o) {
        if constexpr (requires { o.activation; }) return o.activation;
        return Activation::none();
      },
      op);
}

/// Returns the map that a convolution reads whose mean over all pixels is `scores`, as in
/// SqueezeNet; kNoTensor for other networks.
TensorId input_of_scores(Graph& graph, TensorId scores) {
  const auto* pool = writer_op_as<GlobalAveragePool>(graph, scores);
  if (pool == nullptr) return kNoTensor;
  TensorId map = pool->input;
  while (const auto* clamp = writer_op_as<Clamp>(graph, map)) map = clamp->input;
  const auto* conv = writer_op_as<Conv2d>(graph, map);
  return conv == nullptr || conv->input == graph.input ? kNoTensor : conv->input;
}

/// Returns whether the logits depend on the input by a way that doesn't lead through the embedding.
bool need_input(const Graph& graph) {
  std::vector<bool> needed(graph.tensors.size());
  needed[graph.logits] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const TensorId output = output_of(graph.nodes[i].op);
    if (!needed[output] || output == graph.embedding) continue;
    for (TensorId id : inputs_of(graph.nodes[i].op)) needed[id] = true;
  }
  return needed[graph.input];
}

}  // namespace

void find_ends(Graph& graph) {
  TensorId end = graph.output;
  const bool is_chosen = graph.embedding != kNoTensor;
  TensorId output = end;  // The embedding of a network without a classifier.
  graph.logits = kNoTensor;
  bool has_scores = false;
  // Walks back from the output to the last layer with weights, over operators that don't change the
  // order of the classes.
  for (Node* node = writer_of(graph, end); node != nullptr; node = writer_of(graph, end)) {
    if (const auto* softmax = std::get_if<Softmax>(&node->op); softmax != nullptr && !has_scores) {
      graph.softmax_beta = softmax->beta;
      end = softmax->input;
      has_scores = true;
    } else if (const auto* sigmoid = std::get_if<Sigmoid>(&node->op);
               sigmoid != nullptr && !has_scores) {
      end = sigmoid->input;
      has_scores = graph.ends_in_sigmoid = true;
    } else if (const auto* reshape = std::get_if<Reshape>(&node->op)) {
      end = reshape->input;
    } else if (const auto* convert = std::get_if<Convert>(&node->op);
               convert != nullptr && !convert->to_unit_length) {
      end = convert->input;
    } else {
      break;
    }
    // Without a classifier, a sigmoid is part of the embedding.
    if (!graph.ends_in_sigmoid) output = end;
  }
  const Node* last = writer_of(graph, end);
  if (last == nullptr) {
    throw_bad_model("model", "the output doesn't depend on the input");
  }
  const Shape& shape = graph.tensors[end].shape;
  if (has_scores && pixel_count(shape) > 1 && !is_chosen) {
    throw Error(
        ErrorCode::UnsupportedOp,
        {"The network ends in scores for each of ", shape[1], " x ", shape[2], " places (shape ",
         shape, "): it detects or segments. Supported: one result for ",
         "the whole picture. To teach with it, pass `embedding` with the name of a layer."});
  }
  const Classifier classifier = find_classifier(graph, end);
  const bool is_layer = is_dense(graph, last->op, true) && !activation_of(last->op).any();
  const TensorId scored = has_scores ? input_of_scores(graph, end) : kNoTensor;
  if (classifier.input != kNoTensor && (has_scores || is_layer)) {
    graph.logits = end;
  } else if (scored != kNoTensor) {
    graph.logits = end;
    graph.logits_need_input = true;
  }
  if (is_chosen) {
    graph.embedding_reason = "chosen by the option `embedding`";
    use_mean(graph);
    graph.logits_need_input = graph.logits != kNoTensor && need_input(graph);
  } else if (graph.logits == kNoTensor) {
    graph.embedding = output;
    graph.embedding_reason = "the output of a network without a classifier";
  } else if (graph.logits_need_input) {
    graph.embedding = scored;
    use_mean(graph);
    graph.embedding_reason = "the mean of what the layer of the class scores reads";
  } else {
    graph.embedding = classifier.input;
    graph.embedding_reason = Text{"what the classifier of ", classifier.layer_count,
                                  classifier.layer_count == 1 ? " layer reads" : " layers reads"}
                                 .to_string();
  }
  graph.ends_in_sigmoid = graph.ends_in_sigmoid && graph.logits != kNoTensor;
  graph.output = graph.logits == kNoTensor ? graph.embedding : graph.logits;
  if (!is_chosen) warn_of_map(graph);
}
void find_middle(Graph& graph) {
  std::vector<bool> needed(graph.tensors.size());
  needed[graph.embedding] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Op& op = graph.nodes[i].op;
    const Shape& after = graph.tensors[output_of(op)].shape;
    if (!needed[output_of(op)]) continue;
    const std::vector<TensorId> inputs = inputs_of(op);
    for (TensorId id : inputs) needed[id] = true;
    const Shape& before = graph.tensors[inputs[0]].shape;
    const bool halves = before.rank() == 4 && after.rank() == 4 && after[1] * after[2] > 1 &&
                        2 * after[1] <= before[1] + 1 && 2 * after[2] <= before[2] + 1;
    if (!halves) continue;
    graph.middle = inputs[0] == graph.input ? kNoTensor : inputs[0];
    return;
  }
}

}  // namespace teachable
