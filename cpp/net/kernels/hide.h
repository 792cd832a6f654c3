// A pointer that the compiler can't see through.
#pragma once

namespace teachable {

/// Hides from the compiler where a pointer points to, so that it loads from exactly this address.
/// JavaScriptCore needs three instructions for a splat whose address has an offset, otherwise one.
template <typename T>
inline void hide(T*& pointer) {
  asm("" : "+r"(pointer));
}

}  // namespace teachable
