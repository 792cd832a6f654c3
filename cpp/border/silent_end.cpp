// Replacements for two functions that the C++ runtime calls before it ends the program. The
// runtime's own versions print the demangled name of an uncaught exception. No exception leaves a
// module and nothing may print, so these save 80 KB of demangler and formatted output.
#include <cstddef>
#include <cstdlib>

extern "C" {

char* __cxa_demangle(const char* /*mangled*/, char* /*buffer*/, size_t* /*length*/, int* status) {
  constexpr int kInvalidName = -2;
  if (status != nullptr) *status = kInvalidName;
  return nullptr;
}

[[noreturn]] void abort_message(const char* /*format*/, ...) { std::abort(); }

}  // extern "C"
