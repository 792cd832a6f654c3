// Memory of one decode.
#pragma once

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace teachable {

/// Memory that a decoder allocates for one picture. It is zeroed, so no picture ever shows earlier
/// contents of the memory, and freed when the decode ends, also by an exception. Not copyable.
class DecodeMemory {
 public:
  DecodeMemory() = default;
  DecodeMemory(const DecodeMemory&) = delete;
  DecodeMemory& operator=(const DecodeMemory&) = delete;
  ~DecodeMemory() {
    for (void* block : blocks_) std::free(block);
  }

  /// Returns zeroed memory, or nullptr when there is none.
  void* allocate(size_t size) {
    void** const slot = find(nullptr);
    return slot == nullptr ? nullptr : *slot = std::calloc(1, size);
  }

  /// Grows a block of `old_size` bytes. The new bytes are zeroed. Returns nullptr, and keeps the
  /// block, when there is not enough memory. `old` may be nullptr.
  void* grow(void* old, size_t old_size, size_t size) {
    void** const slot = find(old);
    void* const grown = slot == nullptr ? nullptr : std::realloc(old, size);
    if (grown == nullptr) return nullptr;
    std::memset(static_cast<std::byte*>(grown) + old_size, 0, size - old_size);
    return *slot = grown;
  }

  void free(void* block) { std::free(release(block)); }

  /// Passes a block, which may be nullptr, to the caller, who frees it.
  void* release(void* block) {
    if (block != nullptr) *find(block) = nullptr;
    return block;
  }

 private:
  void** find(const void* block) {
    for (void*& each : blocks_) {
      if (each == block) return &each;
    }
    return nullptr;
  }

  /// Blocks in use; nullptr for a free place. stb_image uses at most 18 at a time.
  std::array<void*, 32> blocks_{};
};

}  // namespace teachable
