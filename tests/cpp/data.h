// Access to real models and photos, which are not part of the project.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace teachable::testing {

/// Returns the folder in the environment variable TEACHABLE_DATA, or ../shared/data next to the
/// project.
inline std::filesystem::path data_folder() {
  if (const char* folder = std::getenv("TEACHABLE_DATA")) return folder;
  return std::filesystem::path(TEACHABLE_SOURCE_DIR) / "../shared/data";
}

/// Returns the bytes of a data file; empty if it doesn't exist.
inline std::vector<std::byte> read_data(const std::string& name) {
  std::ifstream file(data_folder() / name, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  return {begin, begin + bytes.size()};
}

/// Real model files.
inline constexpr const char* kModels[] = {
    "models/mobilenet_v1_0.25_128_quant.tflite", "models/mobilenet_v1_0.5_160_quant.tflite",
    "models/mobilenet_v1_0.75_192_quant.tflite", "models/mobilenet_v2_1.0_224_quant.tflite",
    "models/tf2_mobilenet_v2_1.0_224_ptq.tflite"};

}  // namespace teachable::testing

/// Reads a data file into `bytes`, or skips the test if the file doesn't exist.
#define READ_DATA_OR_SKIP(bytes, name)                                        \
  const std::vector<std::byte> bytes = ::teachable::testing::read_data(name); \
  if (bytes.empty()) GTEST_SKIP() << "needs " << (name) << " in TEACHABLE_DATA"
