# Toolchain file of the native presets. It takes the clang that Emscripten uses, too, so that there is one set of warnings,
# and the sanitizers are available.
find_program(CMAKE_C_COMPILER NAMES clang-19 clang REQUIRED)
find_program(CMAKE_CXX_COMPILER NAMES clang++-19 clang++ REQUIRED)
