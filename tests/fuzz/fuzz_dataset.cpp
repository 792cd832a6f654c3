// libFuzzer's entry to the reader of data sets. The checksums are made right first, or nearly
// nothing would get past them. The first byte chooses: pieces of what size, and whether to leave
// checksums.
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
    // What was accepted can be used, and saved again.
    teachable::Knn& knn = dataset.knn;
    if (knn.example_count() > 0) knn.neighbours_of(knn.ids().front(), 5);
    teachable::DatasetWriter writer(knn, dataset.model, dataset.thumbnails);
    while (!writer.next().empty()) {
    }
    for (teachable::ExampleId id : knn.ids()) knn.remove(id);
    while (knn.undo()) {
    }
    knn.add(std::vector<float>(knn.dimension() > 0 ? knn.dimension() : 1, 1.0f), "new");
  } catch (const teachable::Error&) {
    // Refusing is an answer.
  }
  return 0;
}
