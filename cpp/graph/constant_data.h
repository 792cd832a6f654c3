// The elements of a constant, which the file they were read from may lend.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "core/buffer.h"

namespace teachable {

/// Row-major elements in native byte order, kReadSlack readable bytes after them. Owned, or lent:
/// then copied before the first change. Move-only.
class ConstantData {
 public:
  ConstantData() = default;
  ConstantData(PaddedBuffer<std::byte> owned) : owned_(std::move(owned)) {}
  /// `bytes` and kReadSlack readable bytes after them must outlive this object, or own() be called
  /// before they end.
  static ConstantData lent(std::span<const std::byte> bytes) {
    ConstantData result;
    result.lent_ = bytes;
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

  /// Copies what is lent. Throws std::bad_alloc.
  void own() {
    if (lent_.empty()) return;
    PaddedBuffer<std::byte> copy(lent_.size());
    std::memcpy(copy.data(), lent_.data(), lent_.size());
    owned_ = std::move(copy);
    lent_ = {};
  }

 private:
  std::span<const std::byte> span() const { return lent_.empty() ? owned_.span() : lent_; }

  PaddedBuffer<std::byte> owned_;
  std::span<const std::byte> lent_;
};

}  // namespace teachable
