// Bytes of a constant tensor: a copy, or a view of the model file.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "core/buffer.h"

namespace teachable {

/// Row-major elements in native byte order, followed by kReadSlack readable bytes. Either owned or
/// borrowed; borrowed bytes are copied before the first change. Move-only.
class ConstantData {
 public:
  ConstantData() = default;
  ConstantData(PaddedBuffer<std::byte> owned) : owned_(std::move(owned)) {}
  /// Returns a view of `bytes`. They and kReadSlack readable bytes after them must outlive this
  /// object, unless own() is called first.
  static ConstantData borrowed(std::span<const std::byte> bytes) {
    ConstantData result;
    result.borrowed_ = bytes;
    return result;
  }

  const std::byte* data() const { return span().data(); }
  const std::byte* begin() const { return data(); }
  const std::byte* end() const { return data() + size(); }
  size_t size() const { return span().size(); }
  bool empty() const { return size() == 0; }

  std::byte* data() {
    own();
    return owned_.data();
  }
  std::byte* begin() { return data(); }
  std::byte* end() { return data() + size(); }

  /// Copies borrowed bytes; does nothing when the bytes are owned. Throws std::bad_alloc.
  void own() {
    if (borrowed_.empty()) return;
    PaddedBuffer<std::byte> copy(borrowed_.size());
    std::memcpy(copy.data(), borrowed_.data(), borrowed_.size());
    owned_ = std::move(copy);
    borrowed_ = {};
  }

 private:
  std::span<const std::byte> span() const { return borrowed_.empty() ? owned_.span() : borrowed_; }

  PaddedBuffer<std::byte> owned_;
  std::span<const std::byte> borrowed_;
};

}  // namespace teachable
