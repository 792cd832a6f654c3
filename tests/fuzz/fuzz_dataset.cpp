// Fuzzer of the data set reader. The first byte of an input has options: bit 0 corrects the
// checksums, without which nearly all inputs would be rejected early; bit 1 splits the file into
// small pieces, whose size is in the other bits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "core/error.h"
#include "knn/crc32.h"
#include "knn/dataset_file.h"

namespace {

using teachable::crc32;

/// Corrects the checksums of all sections.
void repair(std::vector<std::byte>& file) {
  uint32_t all = 0;
  for (size_t at = 8; at + 12 <= file.size();) {
    uint32_t kind, length;
    std::memcpy(&kind, &file[at], 4);
    std::memcpy(&length, &file[at + 4], 4);
    if (length > file.size() - at - 12) return;
    if (kind == 4 && length == 4) std::memcpy(&file[at + 8], &all, 4);
    const uint32_t crc = crc32(std::span(file).subspan(at, 8 + length));
    std::memcpy(&file[at + 8 + length], &crc, 4);
    all = crc32(std::span(file).subspan(at + 8 + length, 4), all);
    at += 12 + length;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const uint8_t choice = data[0];
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> file(begin + 1, begin + size);
  if (choice & 1) repair(file);
  const size_t piece = choice & 2 ? 1 + (choice >> 2) : SIZE_MAX;
  try {
    teachable::DatasetReader reader;
    for (std::span<const std::byte> rest = file; !rest.empty();) {
      const size_t count = std::min(piece, rest.size());
      reader.add(rest.first(count));
      rest = rest.subspan(count);
    }
    teachable::Dataset dataset = reader.finish();
    // An accepted data set must be usable, and it must be possible to save it again.
    teachable::Knn& knn = dataset.knn;
    if (knn.example_count() > 0) knn.neighbours_of(knn.ids().front(), 5);
    teachable::DatasetWriter writer(knn, dataset.model);
    while (!writer.next().empty()) {
    }
    for (const auto& [id, bytes] : dataset.thumbnails) writer.thumbnail(id, bytes.size(), bytes);
    writer.finish();
    for (teachable::ExampleId id : knn.ids()) knn.remove(id);
    while (knn.undo()) {
    }
    knn.add(std::vector<float>(knn.dimension() > 0 ? knn.dimension() : 1, 1.0f), "new");
  } catch (const teachable::Error&) {
    // Rejecting the file is correct too.
  }
  return 0;
}
