// A Knn as a file, in pieces.
//
// All numbers little-endian. "TMKN", version (u16) 1, 0 (u16), then sections:
//   kind (u32), byte length of the payload (u32), payload, CRC-32 of all three (u32)
// 1 header, first:  model id (text), model SHA-256 (text), preprocessing (text),
//                   storage (u32: 0 f32, 1 i16, 2 i8), dimension (u32), next id (u32), examples
//                   (u32), classes (u32), of each: label (text), examples (u32), enabled (u32: 0 or
//                   1)
// 2 rows, 1 to 64:  count (u32), ids [count] (u32), classes [count] (u32), rows (Rows::row_bytes())
// 3 thumbnail:      id (u32), bytes of a picture file
// 4 end, last:      CRC-32s of all sections, CRC-32 of them (u32)
// A text is its byte length (u32) and its bytes. Rows come with rising ids; thumbnails after all
// rows, with rising ids of examples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "knn/knn.h"

namespace teachable {

/// Whose embeddings a data set holds. Another model's can't be compared with them.
struct DatasetModel {
  std::string id;             ///< the catalogue's
  std::string sha256;         ///< lower-case hex; empty when it isn't known
  std::string preprocessing;  ///< how pictures reached the model; free text
};

/// A picture for people, of the example `id`: the bytes of a picture file.
struct Thumbnail {
  ExampleId id = 0;
  std::vector<std::byte> bytes;

  bool operator==(const Thumbnail&) const = default;
};

/// Writes a Knn, which must live and stay as it is until the last piece.
class DatasetWriter {
 public:
  /// Throws Error{BadArgument} for thumbnails of examples that aren't there, two of one example, or
  /// one of more than kMostThumbnailBytes.
  DatasetWriter(const Knn& knn, DatasetModel model, std::vector<Thumbnail> thumbnails = {});

  /// The next piece, some hundred kilobytes; empty after the last. Throws Error{BadArgument} when
  /// the Knn has changed since the first.
  std::vector<std::byte> next();

 private:
  std::vector<std::byte> section(uint32_t kind, std::vector<std::byte> payload);
  std::vector<std::byte> header() const;
  std::vector<std::byte> rows();

  const Knn& knn_;
  uint64_t revision_;
  DatasetModel model_;
  std::vector<Thumbnail> thumbnails_;
  std::vector<ExampleId> ids_;
  size_t next_row_ = 0, next_thumbnail_ = 0;
  uint32_t crc_ = 0;
  enum class State { Start, Rows, Thumbnails, End, Done } state_ = State::Start;
};

/// What a file held.
struct Dataset {
  DatasetModel model;
  Knn knn;
  std::vector<Thumbnail> thumbnails;  ///< by rising id
};

/// Reads a data set from pieces of any size. Nothing is to be had before all is read and checked:
/// the examples that were there stay until finish() has returned.
/// Every damage is Error{BadDataset}; no memory, Error{OutOfMemory}. After an Error it is of no
/// use.
class DatasetReader {
 public:
  /// `expected`: the model whose embeddings the examples have to be, [dimension] each; its id, or
  /// where both are known its SHA-256, has to be the file's. None: any.
  explicit DatasetReader(std::optional<DatasetModel> expected = {}, size_t dimension = 0)
      : expected_(std::move(expected)), expected_dimension_(dimension) {}

  /// Takes the next piece. Throws as soon as what has come is wrong.
  void add(std::span<const std::byte> piece);
  /// Throws Error{BadDataset} when the file isn't whole.
  Dataset finish();

  static constexpr uint16_t kVersion = 1;
  static constexpr size_t kMostDimension = 1 << 20;
  static constexpr size_t kMostThumbnailBytes = 4 << 20;

 private:
  class Fields;

  /// The bytes that the state waits for.
  size_t wanted() const;
  void take();
  void read_section();
  void read_header(Fields& fields);
  void read_rows(Fields& fields);
  void read_thumbnail(Fields& fields);
  size_t most_payload_bytes(uint32_t kind) const;
  [[noreturn]] void throw_no_memory();

  std::optional<DatasetModel> expected_;
  size_t expected_dimension_;
  Dataset dataset_;
  enum class State { Start, SectionHead, SectionBody, Done, Failed } state_ = State::Start;
  std::vector<std::byte> waiting_;
  uint32_t kind_ = 0, payload_bytes_ = 0;
  uint32_t crc_ = 0;
  bool has_header_ = false;
  size_t dimension_ = 0, example_count_ = 0;
  uint32_t next_id_ = 0;
  std::vector<size_t> class_counts_;  ///< as the header says
  std::optional<ExampleId> last_id_, last_thumbnail_;
};

}  // namespace teachable
