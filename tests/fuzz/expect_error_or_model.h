// What the fuzzers of the readers have in common.
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

/// Of all tensors. What is above would be slow under the sanitizers, which is no finding.
inline size_t bytes_of(const Graph& graph) {
  size_t bytes = 0;
  for (const Tensor& tensor : graph.tensors)
    bytes += tensor.shape.element_count() * element_size(tensor.type);
  return bytes;
}

/// Any bytes are an Error of the file, or a model that can be made ready and, when that is little
/// work, run; all else (another exception, a crash, a sanitizer's finding) ends the fuzzer. As in
/// the package, the file lends its constants.
inline void expect_error_or_model(std::span<const std::byte> bytes) {
  constexpr PrecisionChoice kChoices[] = {PrecisionChoice::Auto, PrecisionChoice::F32,
                                          PrecisionChoice::Exact};
  constexpr size_t kMaxBytes = size_t{1} << 22;
  constexpr uint64_t kMaxMultiplyAdds = 1 << 20;
  PaddedBuffer<std::byte> file(bytes.size());
  std::ranges::copy(bytes, file.begin());
  try {
    Graph graph =
        read_model(file.span(), kChoices[bytes.size() % std::size(kChoices)], Constants::Lent)
            .graph;
    if (bytes_of(graph) > kMaxBytes) return;
    Network network(std::move(graph), nullptr);
    std::ranges::fill(file, std::byte{0x5a});
    if (network.backbone_multiply_adds() + network.head_multiply_adds() > kMaxMultiplyAdds) return;
    network.run_backbone();
    if (network.has_head()) network.run_head();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::BadModel && error.code() != ErrorCode::UnsupportedOp)
      std::abort();
  }
}

}  // namespace teachable::testing
