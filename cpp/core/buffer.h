// Owned memory that may be read a little past its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

namespace teachable {

/// Bytes after the last element that vector kernels may read (never write). XNNPACK asks for
/// XNN_EXTRA_BYTES; net/xnn.h asserts that this covers it.
inline constexpr size_t kReadSlack = 128;

/// Owns `size` zeroed elements of T, aligned to 64 bytes, and kReadSlack readable bytes after them.
/// The type is the precondition of everything that is handed to XNNPACK. Move-only.
template <typename T>
class PaddedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  static constexpr size_t kAlignment = 64;

  PaddedBuffer() = default;
  /// Throws std::bad_alloc when memory doesn't suffice.
  explicit PaddedBuffer(size_t size) : data_(allocate(size)), size_(size) {}

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](size_t i) { return data_.get()[i]; }
  const T& operator[](size_t i) const { return data_.get()[i]; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }

  /// Lends the elements; dies with this buffer.
  std::span<T> span() { return {data(), size_}; }
  std::span<const T> span() const { return {data(), size_}; }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };

  static T* allocate(size_t size) {
    // No object is larger; and some bytes below 4 GB, Emscripten's allocator writes past the
    // memory's end.
    if (size > (PTRDIFF_MAX - kReadSlack - kAlignment) / sizeof(T)) throw std::bad_alloc();
    // aligned_alloc wants a multiple of the alignment.
    const size_t bytes = (size * sizeof(T) + kReadSlack + kAlignment - 1) / kAlignment * kAlignment;
    void* memory = std::aligned_alloc(kAlignment, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(std::memset(memory, 0, bytes));
  }

  std::unique_ptr<T, Free> data_;
  size_t size_ = 0;
};

}  // namespace teachable
