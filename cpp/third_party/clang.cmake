# Toolchain file of the native presets: the clang that also drives Emscripten, so that one compiler's warnings count
# and its sanitizers are there.
find_program(CMAKE_C_COMPILER NAMES clang-19 clang REQUIRED)
find_program(CMAKE_CXX_COMPILER NAMES clang++-19 clang++ REQUIRED)
