// Owned, aligned memory that vector kernels may read a little past its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace teachable {

/// Number of bytes after the last element that vector kernels may read, but never write. net/xnn.h
/// asserts that it is at least XNNPACK's XNN_EXTRA_BYTES.
inline constexpr size_t kReadSlack = 128;

/// Array of zero-initialized elements, aligned to 64 bytes and followed by kReadSlack readable
/// bytes. Buffers that are passed to XNNPACK must be of this type. Move-only.
template <typename T>
class PaddedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  static constexpr size_t kAlignment = 64;

  PaddedBuffer() = default;
  /// Allocates [size] elements. Throws std::bad_alloc when there is not enough memory.
  explicit PaddedBuffer(size_t size) : data_(allocate(size)), size_(size) {}

  /// Takes over the memory of a buffer of larger elements, with the same number of elements. The
  /// contents are those bytes; the unused part of the memory stays allocated.
  template <typename Larger>
    requires(sizeof(Larger) > sizeof(T))
  explicit PaddedBuffer(PaddedBuffer<Larger>&& other) noexcept
      : data_(reinterpret_cast<T*>(other.data_.release())), size_(std::exchange(other.size_, 0)) {}

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

  /// View of the elements [size]; valid as long as this buffer.
  std::span<T> span() { return {data(), size_}; }
  std::span<const T> span() const { return {data(), size_}; }

 private:
  template <typename Other>
  friend class PaddedBuffer;

  struct Free {
    void operator()(T* p) const { std::free(p); }
  };

  static T* allocate(size_t size) {
    // PTRDIFF_MAX limits the size of any object. Besides, Emscripten's allocator writes past the
    // end of memory for sizes just below 4 GB.
    if (size > (PTRDIFF_MAX - kReadSlack - kAlignment) / sizeof(T)) throw std::bad_alloc();
    // aligned_alloc() requires a multiple of the alignment.
    const size_t bytes = (size * sizeof(T) + kReadSlack + kAlignment - 1) / kAlignment * kAlignment;
    void* memory = std::aligned_alloc(kAlignment, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(std::memset(memory, 0, bytes));
  }

  std::unique_ptr<T, Free> data_;
  size_t size_ = 0;
};

}  // namespace teachable
