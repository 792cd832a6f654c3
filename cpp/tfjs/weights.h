// The weights of a TensorFlow.js model: the manifest's names, shapes and quantisation over the
// joined shards.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/shape.h"
#include "tfjs/json.h"

namespace teachable {

/// A weight as the file stores it, in floats and Keras's axis order.
struct TfjsWeight {
  Shape shape;
  std::vector<float> values;
};

/// [rows, columns] -> [columns, rows]
std::vector<float> transposed(const std::vector<float>& values, size_t rows, size_t columns);

/// Finds weights by layer or by name. Lends the manifest's and the shards' memory: both outlive
/// this.
class TfjsWeights {
 public:
  /// Checks the whole manifest: names given once, dimensions, and that the byte counts add up to
  /// `bytes`, before anything is allocated for a weight. Throws Error{BadModel}, or
  /// Error{UnsupportedOp} for a dtype that isn't read.
  TfjsWeights(const Json& manifest, std::span<const std::byte> bytes);

  /// `path` is the names of the models around a layer and its own, outermost first; "kernel" of
  /// {"model", "conv"} is found as "model/conv/kernel", "conv/kernel" or "anything/conv/kernel", in
  /// this order, each with or without ":0".
  bool contains(std::span<const std::string> path, std::string_view name) const;

  /// Decodes a weight, which belongs to one layer: a second time is an error. Throws
  /// Error{BadModel} when it is missing or ambiguous, isn't float32 once decoded, or holds a value
  /// that isn't finite.
  TfjsWeight take(std::span<const std::string> path, std::string_view name);

  /// Decodes the weight of exactly this name, as often as it is asked for. Errors as of take().
  TfjsWeight read(std::string_view name) const;

  /// The elements of a weight of int32, at most 64: axes, paddings, shapes. Throws Error{BadModel}
  /// when it is missing or isn't that.
  std::vector<int64_t> integers(std::string_view name) const;

 private:
  enum class Storage { F32, F16, U8, U16, I32, Other };

  struct Entry {
    std::string name;  ///< without ":0"
    Shape shape;
    std::span<const std::byte> bytes;
    Storage storage = Storage::F32;
    double scale = 1, min = 0;  ///< of U8 and U16
    bool taken = false;
  };

  void read_entry(const Json& spec, std::span<const std::byte>& rest);
  void read_quantization(const Json& quantization, Entry& entry) const;
  void index(size_t entry);
  static TfjsWeight decode(const Entry& entry);
  const Entry& entry_of(std::string_view name) const;
  size_t find_entry(std::span<const std::string> path, std::string_view name) const;

  std::vector<std::unique_ptr<Entry>> entries_;  ///< views of the names stay valid while it grows
  std::unordered_map<std::string_view, size_t> by_name_;
  /// Name from any '/' on -> entry, or kAmbiguous.
  std::unordered_map<std::string_view, size_t> by_suffix_;
};

}  // namespace teachable
