// A graph made runnable on XNNPACK.
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

/// Runs in two parts, because teaching needs the first only: the backbone makes the embedding of
/// the input, the head makes class scores of the embedding. Usage:
///
///   Network network(std::move(graph), threadpool);
///   preprocess(frame, network.input_f32());  // or input_u8(), input_i8(): see input_type()
///   network.run_backbone();                  // embedding() is valid
///   network.run_head();                      // logits() is valid
///
/// Not thread-safe; one call at a time.
class Network {
 public:
  /// Takes the graph (validated, with its ends found); constants that it was lent are not needed
  /// any more afterwards. `threadpool` is borrowed, may be null, and must outlive the network.
  /// Throws Error{UnsupportedOp} for what XNNPACK refuses, Error{OutOfMemory}.
  Network(Graph graph, pthreadpool_t threadpool);
  /// Computes with other threads from now on; `threadpool` as above. Throws Error{OutOfMemory}, and
  /// goes on with those that there were.
  void use_threadpool(pthreadpool_t threadpool);

  int input_height() const { return static_cast<int>(input_tensor().shape[1]); }
  int input_width() const { return static_cast<int>(input_tensor().shape[2]); }
  DataType input_type() const { return input_tensor().type; }
  /// Of an int8 or uint8 input: real = input_scale() * (q - input_zero_point()).
  float input_scale() const { return input_tensor().quantization.scales[0]; }
  int input_zero_point() const { return input_tensor().quantization.zero_points[0]; }
  /// What is known of the values that pixels stand for, and from where.
  std::optional<InputRange> input_range() const { return graph_.input_range; }
  RangeSource range_source() const { return graph_.range_source; }
  InputScaling input_scaling() const { return graph_.input_scaling; }

  /// The input [1, height, width, 3], to be written in place. Ask for the one that input_type()
  /// names; another throws Error{BadArgument}.
  std::span<float> input_f32();
  std::span<uint8_t> input_u8();
  std::span<int8_t> input_i8();

  size_t embedding_size() const { return embedding_.size(); }
  /// 0 for a model without a classifier.
  size_t class_count() const { return logits_.size(); }
  bool has_head() const { return head_ != nullptr; }

  /// Input -> embedding.
  void run_backbone();
  /// Embedding of the last run_backbone() -> logits. Throws Error{BadArgument} without a
  /// classifier.
  void run_head();

  /// [embedding_size()] real values, valid until the next run_backbone().
  std::span<const float> embedding() const { return embedding_; }
  /// [class_count()] real values before softmax, valid until the next run_head().
  std::span<const float> logits() const { return logits_; }
  /// The model's softmax: probabilities = softmax(softmax_beta() * logits).
  float softmax_beta() const { return graph_.softmax_beta; }
  /// The model has a sigmoid in its place: probabilities = sigmoid(logits), each class for itself.
  bool ends_in_sigmoid() const { return graph_.ends_in_sigmoid; }

  /// Multiply-adds of one run, by which benchmarks count GFLOP/s (two floating-point operations
  /// each).
  uint64_t backbone_multiply_adds() const;
  uint64_t head_multiply_adds() const;
  /// Operators, precision and weights of both.
  const Summary& summary() const { return summary_; }

 private:
  const Tensor& input_tensor() const { return graph_.tensors[graph_.input]; }
  std::span<std::byte> input_bytes(DataType wanted);
  XnnRuntime make_runtime(TensorId input, PaddedBuffer<std::byte>& in, TensorId output,
                          PaddedBuffer<std::byte>& out);
  void set_up(xnn_runtime_t runtime, PaddedBuffer<std::byte>& in, PaddedBuffer<std::byte>& out);
  void set_up_with(pthreadpool_t threadpool);
  PaddedBuffer<std::byte>& backbone_output() {
    return raw_end_.empty() ? raw_embedding_ : raw_end_;
  }

  // XNNPACK keeps pointers into graph_ (constant operands), scales_ and the buffers, and kernels
  // into extras_: members that come first outlive the runtimes below.
  Graph graph_;
  Summary summary_;
  ScaleStore scales_;
  ExtrasStore extras_;
  pthreadpool_t threadpool_;
  TensorId backbone_end_;  // the embedding, or what it is made of by division by its length
  PaddedBuffer<std::byte> input_;
  PaddedBuffer<std::byte> raw_end_;        // of another backbone_end_
  PaddedBuffer<std::byte> raw_embedding_;  // as the network computes it, perhaps quantised
  PaddedBuffer<std::byte> raw_logits_;
  std::vector<float> embedding_;
  std::vector<float> logits_;
  XnnRuntime backbone_;
  XnnRuntime head_;
};

}  // namespace teachable
