// Common part of the fuzzers of model readers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <utility>

#include "core/buffer.h"
#include "core/error.h"
#include "model/reader.h"
#include "net/network.h"

namespace teachable::testing {

/// Returns the size of all tensors in bytes.
inline size_t bytes_of(const Graph& graph) {
  size_t bytes = 0;
  for (const Tensor& tensor : graph.tensors)
    bytes += tensor.shape.element_count() * element_size(tensor.type);
  return bytes;
}

/// Reads any bytes as a model, prepares it and, if it is small, runs it. The graph borrows its
/// constants from the file, as in the package. The number of bytes selects the precision, a size
/// for inputs of any size, and the first output in place of the default one. A model and an Error
/// with code BadModel or UnsupportedOp are fine, and BadArgument for the size of an input of one
/// size; any other exception, a crash or a sanitizer's finding ends the fuzzer.
inline void expect_error_or_model(std::span<const std::byte> bytes) {
  constexpr PrecisionChoice kChoices[] = {PrecisionChoice::Auto, PrecisionChoice::F32,
                                          PrecisionChoice::Exact};
  // Larger models would be slow under the sanitizers.
  constexpr size_t kMaxBytes = size_t{1} << 22;
  constexpr uint64_t kMaxMultiplyAdds = 1 << 20;
  const InputSize size = bytes.size() % 2 == 0 ? InputSize{} : InputSize{.width = 8, .height = 8};
  const char* const output = bytes.size() % 4 < 2 ? "" : "0";
  PaddedBuffer<std::byte> file(bytes.size());
  std::ranges::copy(bytes, file.begin());
  try {
    Graph graph = read_model(file.span(), kChoices[bytes.size() % std::size(kChoices)],
                             ConstantStorage::Borrowed, "", size, output)
                      .graph;
    if (bytes_of(graph) > kMaxBytes) return;
    Network network(std::move(graph), nullptr);
    std::ranges::fill(file, std::byte{0x5a});
    if (network.backbone_multiply_adds() + network.head_multiply_adds() > kMaxMultiplyAdds) return;
    network.run_backbone();
    if (network.has_head()) network.run_head();
  } catch (const Error& error) {
    const bool is_size = error.code() == ErrorCode::BadArgument && size.width != 0;
    if (error.code() != ErrorCode::BadModel && error.code() != ErrorCode::UnsupportedOp && !is_size)
      std::abort();
  }
}

}  // namespace teachable::testing
