// Weights of a TensorFlow.js model: a manifest of names, shapes and quantization, and the
// concatenated shards.
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

/// A weight converted to floats, with the axis order of the file.
struct TfjsWeight {
  Shape shape;
  std::vector<float> values;
};

/// Transposes a matrix [rows, columns] to [columns, rows].
std::vector<float> transposed(const std::vector<float>& values, size_t rows, size_t columns);

/// Weights by layer or by name. The bytes of the shards must outlive this object.
class TfjsWeights {
 public:
  /// Checks the whole manifest before memory is allocated for a weight: names must be unique, and
  /// all sizes must add up to the size of `bytes`. Throws Error{BadModel}, or Error{UnsupportedOp}
  /// for an unsupported dtype.
  TfjsWeights(const Json& manifest, std::span<const std::byte> bytes);

  /// Returns whether a layer has a weight. `path` has the names of the enclosing models and of the
  /// layer, outermost first. The weight "kernel" of {"model", "conv"} is found as
  /// "model/conv/kernel", "conv/kernel" or "anything/conv/kernel", in this order, each with or
  /// without ":0".
  bool contains(std::span<const std::string> path, std::string_view name) const;

  /// Decodes a weight of a layer, at most once. Throws Error{BadModel} if the weight is missing,
  /// ambiguous, already taken or not a float type, or if a value isn't finite.
  TfjsWeight take(std::span<const std::string> path, std::string_view name);

  /// Decodes the weight with exactly this name, any number of times. Throws Error{BadModel} if the
  /// weight is missing or not a float type, or if a value isn't finite.
  TfjsWeight read(std::string_view name) const;

  /// Returns the elements of an int32 weight: axes, paddings or a shape. Throws Error{BadModel} if
  /// the weight is missing, has another type, or has more than 64 elements.
  std::vector<int64_t> integers(std::string_view name) const;

 private:
  enum class Storage { F32, F16, U8, U16, I32, Other };

  struct Entry {
    std::string name;  ///< without ":0"
    Shape shape;
    std::span<const std::byte> bytes;
    Storage storage = Storage::F32;
    double scale = 1, min = 0;  ///< for U8 and U16
    bool taken = false;
  };

  void read_entry(const Json& spec, std::span<const std::byte>& rest);
  void read_quantization(const Json& quantization, Entry& entry) const;
  void index(size_t entry);
  static TfjsWeight decode(const Entry& entry);
  const Entry& entry_of(std::string_view name) const;
  size_t find_entry(std::span<const std::string> path, std::string_view name) const;

  std::vector<std::unique_ptr<Entry>> entries_;  ///< pointers, because the maps have views of names
  std::unordered_map<std::string_view, size_t> by_name_;
  /// Maps each part of a name after a '/' to its entry, or to kAmbiguous.
  std::unordered_map<std::string_view, size_t> by_suffix_;
};

}  // namespace teachable
