// A graph that XNNPACK runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/buffer.h"
#include "graph/graph.h"
#include "graph/summary.h"
#include "net/kernels/gemm_weights.h"
#include "net/lower.h"
#include "net/xnn.h"

namespace teachable {

/// Layers that an embedding describes.
enum class EmbeddingLayers {
  Last,  ///< the network's own embedding, as the file defines it
  Two,   ///< the own embedding and the mean over all pixels of Graph::middle, each of unit length
  Auto,  ///< Two if the graph has a middle map, else Last
};

/// A neural network that runs in two parts. The backbone computes the embedding of the input, which
/// is all that teaching needs. The head computes class scores from the embedding. Usage:
///
///   Network network(std::move(graph), threadpool);
///   preprocess(frame, network.input_f32());  // or input_u8(), input_i8(): see input_type()
///   network.run_backbone();                  // embedding() is valid
///   network.run_head();                      // logits() is valid
///
/// Not thread-safe: make one call at a time.
class Network {
 public:
  /// Takes a graph that was validated and whose ends were found. Constants that the graph borrows
  /// are no longer needed afterwards. `threadpool` is borrowed, may be null, and must outlive the
  /// network. Throws Error{UnsupportedOp} for a node that XNNPACK refuses, and for two layers and a
  /// graph without a middle map. Throws Error{OutOfMemory}.
  Network(Graph graph, pthreadpool_t threadpool, EmbeddingLayers layers = EmbeddingLayers::Last);
  /// Computes with another thread pool from now on. `threadpool` is borrowed, may be null, and must
  /// outlive the network. If this throws Error{OutOfMemory}, the network keeps the pool it had.
  void use_threadpool(pthreadpool_t threadpool);

  int input_height() const { return static_cast<int>(input_tensor().shape[1]); }
  int input_width() const { return static_cast<int>(input_tensor().shape[2]); }
  /// 3, or 1 for a grey network.
  int input_channels() const { return static_cast<int>(input_tensor().shape[3]); }
  DataType input_type() const { return input_tensor().type; }
  /// Quantization of an int8 or uint8 input: real = input_scale() * (q - input_zero_point()).
  float input_scale() const { return input_tensor().quantization.scales[0]; }
  int input_zero_point() const { return input_tensor().quantization.zero_points[0]; }
  /// Range of the values that pixels stand for, if it is known, and the source of the range.
  std::optional<InputRange> input_range() const { return graph_.input_range; }
  RangeSource range_source() const { return graph_.range_source; }
  /// Range by the quantization of the input, if it wasn't believed.
  std::optional<InputRange> unusual_range() const { return graph_.unusual_range; }
  /// Name of the embedding's tensor in the file, and why it is the embedding.
  const std::string& embedding_name() const { return graph_.tensors[graph_.embedding].name; }
  const std::string& embedding_reason() const { return graph_.embedding_reason; }
  /// Returns plain sentences with what a user should know about the network.
  const std::vector<std::string>& warnings() const { return graph_.warnings; }
  InputScaling input_scaling() const { return graph_.input_scaling; }

  /// Buffer of the input [1, height, width, channels], to be written in place. Call the one that
  /// input_type() names. The others throw Error{BadArgument}.
  std::span<float> input_f32();
  std::span<uint8_t> input_u8();
  std::span<int8_t> input_i8();

  size_t embedding_size() const { return embedding_.size(); }
  /// Layers of the embedding: Last or Two.
  EmbeddingLayers layers() const {
    return middle_ == kNoTensor ? EmbeddingLayers::Last : EmbeddingLayers::Two;
  }
  /// Number of elements of the embedding that come from the last layer. They are first.
  size_t last_layer_size() const { return last_size_; }
  /// Number of elements that the middle map adds to an embedding of two layers; 0 if there is none.
  size_t middle_layer_size() const;
  /// Number of classes, 0 for a model without a classifier.
  size_t class_count() const { return logits_.size(); }
  bool has_head() const { return head_ != nullptr; }

  /// Computes the embedding from the input.
  void run_backbone();
  /// Computes the logits from the embedding of the last run_backbone(). Throws Error{BadArgument}
  /// if the model has no classifier.
  void run_head();

  /// Embedding [embedding_size()] as real values, valid until the next run_backbone(). With two
  /// layers, each part has unit length, or is 0 if all its values are.
  std::span<const float> embedding() const { return embedding_; }
  /// Class scores [class_count()] before softmax, valid until the next run_head().
  std::span<const float> logits() const { return logits_; }
  /// Factor in the model's softmax: probabilities = softmax(softmax_beta() * logits).
  float softmax_beta() const { return graph_.softmax_beta; }
  /// Returns true if the model ends in a sigmoid: probabilities = sigmoid(logits) for each class.
  bool ends_in_sigmoid() const { return graph_.ends_in_sigmoid; }

  /// Number of multiply-adds in one run. Benchmarks count two floating-point operations for each.
  uint64_t backbone_multiply_adds() const;
  uint64_t head_multiply_adds() const;
  /// Operators, precision and weights of both parts.
  const Summary& summary() const { return summary_; }

 private:
  const Tensor& input_tensor() const { return graph_.tensors[graph_.input]; }
  std::span<std::byte> input_bytes(DataType wanted);
  XnnRuntime make_runtime(TensorId input, PaddedBuffer<std::byte>& in, TensorId output,
                          PaddedBuffer<std::byte>& out);
  void set_up(xnn_runtime_t runtime, PaddedBuffer<std::byte>& in, PaddedBuffer<std::byte>& out);
  void set_up_with(pthreadpool_t threadpool);
  /// Tensor that the head starts from, and its values.
  TensorId head_start() const { return graph_.logits_need_input ? graph_.input : graph_.embedding; }
  PaddedBuffer<std::byte>& head_input() {
    return graph_.logits_need_input ? input_ : raw_embedding_;
  }
  PaddedBuffer<std::byte>& backbone_output() {
    return raw_end_.empty() ? raw_embedding_ : raw_end_;
  }

  // XNNPACK keeps pointers into graph_ (constant operands), scales_ and the buffers, and our
  // kernels keep pointers into extras_. Members that are declared first outlive the runtimes below.
  Graph graph_;
  Summary summary_;
  ScaleStore scales_;
  ExtrasStore extras_;
  pthreadpool_t threadpool_;
  TensorId middle_;        // the map for the second part of the embedding, or kNoTensor
  TensorId backbone_end_;  // the embedding, or the tensor whose L2-normalized value it is
  PaddedBuffer<std::byte> input_;
  PaddedBuffer<std::byte> raw_end_;        // backbone_end_, unless it is the embedding
  PaddedBuffer<std::byte> raw_embedding_;  // as the network computes it, possibly quantized
  PaddedBuffer<std::byte> raw_middle_;     // empty without middle_
  PaddedBuffer<std::byte> raw_logits_;
  size_t last_size_;
  std::vector<float> embedding_;
  std::vector<float> logits_;
  XnnRuntime backbone_;
  XnnRuntime head_;
};

}  // namespace teachable
