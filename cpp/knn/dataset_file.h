// Writes and reads a Knn as a data set file (.tmkn), piece by piece.
//
// File format. All numbers are little-endian. The file starts with "TMKN", the version 1 (u16) and
// 0 (u16). Sections follow, each with
//   kind (u32), length of the payload in bytes (u32), payload, CRC-32 of these three (u32)
// Kinds of sections and their payloads:
//   1 header: model id (text), model SHA-256 (text), preprocessing (text), storage (u32: 0 f32, 1
//   i16,
//             2 i8), dimension (u32), next id (u32), number of examples (u32), number of classes
//             (u32), and for each class: label (text), number of examples (u32), enabled (u32: 0 or
//             1)
//   2 rows: count (u32, 1 to 64), ids [count] (u32), class indices [count] (u32), rows [count]
//   (each
//             of Rows::row_bytes())
//   3 thumbnail: id of the example (u32), bytes of a picture file
//   4 end: CRC-32 of the CRC-32s of all earlier sections (u32)
// A text is its length in bytes (u32) and its bytes. Labels are UTF-8. The order is: header, rows
// with ascending ids, thumbnails with ascending ids, end.
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

/// Model that computed the embeddings of a data set. Embeddings of different models cannot be
/// compared.
struct DatasetModel {
  std::string id;             ///< id in the model catalogue
  std::string sha256;         ///< SHA-256 of the model file in lower-case hex; empty when unknown
  std::string preprocessing;  ///< preprocessing settings as free text, for information only
};

/// Small picture of an example, for display.
struct Thumbnail {
  ExampleId id = 0;
  std::vector<std::byte> bytes;  ///< a picture file

  bool operator==(const Thumbnail&) const = default;
};

/// Writes a Knn as a data set file. The Knn must outlive the writer, and must not change before the
/// last piece is written. The writer never needs much more memory than one piece, so it works when
/// the memory is full of examples.
///
/// Call next() until it returns an empty piece, then thumbnail() for each thumbnail, then finish().
/// The file is all returned pieces, one after the other.
class DatasetWriter {
 public:
  /// Throws Error{BadArgument} when the labels are too long altogether for a file.
  DatasetWriter(const Knn& knn, DatasetModel model);

  /// Returns the next piece of classes and examples: about kPieceBytes, or one example that is
  /// larger. Returns an empty vector after the last one. All methods throw Error{BadArgument} when
  /// the Knn has changed since the writer was created.
  std::vector<std::byte> next();
  /// Checks a thumbnail before anything is written. Call it for each one, in ascending order of
  /// ids. Throws Error{BadArgument} for an unknown example, for two thumbnails of the same example,
  /// and for more than DatasetReader::kMaxThumbnailBytes.
  void plan_thumbnail(ExampleId id, size_t byte_count);
  /// Returns the piece for the next part of a thumbnail of `byte_count` bytes: all of them, or
  /// successive parts in several calls. Thumbnails have ascending ids. Throws the errors of
  /// plan_thumbnail(), and Error{BadArgument} when a part is too long or comes too early.
  std::vector<std::byte> thumbnail(ExampleId id, size_t byte_count,
                                   std::span<const std::byte> part);
  /// Returns the last piece. Throws Error{BadArgument} when it comes too early.
  std::vector<std::byte> finish();

  /// Size of most pieces, in bytes.
  static constexpr size_t kPieceBytes = 1 << 16;

 private:
  class Section;

  void check_unchanged() const;
  void check_thumbnail(std::optional<ExampleId> last, ExampleId id, size_t byte_count) const;
  /// Length of the header's payload, in bytes.
  size_t header_bytes() const;
  std::vector<std::byte> start();
  /// Appends classes to the header, until the piece is full.
  void add_classes(Section& header);
  std::vector<std::byte> rows();

  const Knn& knn_;
  uint64_t revision_;
  DatasetModel model_;
  enum class State { Start, Header, Rows, Thumbnails, Done } state_ = State::Start;
  size_t next_class_ = 0, rows_left_;
  ExampleId next_id_ = 0;                       ///< lower bound of the ids that are not written yet
  std::optional<ExampleId> planned_, written_;  ///< last thumbnail
  size_t thumbnail_left_ = 0;                   ///< bytes of the thumbnail that was begun
  uint32_t section_crc_ = 0;                    ///< CRC-32 of the section that was begun
  uint32_t crc_ = 0;                            ///< CRC-32 of the CRC-32s of all sections so far
};

/// Contents of a data set file.
struct Dataset {
  DatasetModel model;
  Knn knn;
  /// In ascending order of ids, without those that DatasetReader::take_thumbnails() returned.
  std::vector<Thumbnail> thumbnails;
};

/// Reads a data set file from pieces of any size. finish() returns the contents after everything
/// was read and validated. Any damage throws Error{BadDataset}, and a lack of memory
/// Error{OutOfMemory}. After an error, all methods throw Error{BadDataset}.
///
/// Examples keep their ids, unless those leave less than Knn::kEnoughIds for new examples: then
/// they get new ones, 0, 1, ..., and so do the thumbnails.
class DatasetReader {
 public:
  /// Creates a reader for data sets of the model `expected`, or of any model when it is empty. The
  /// model of the file must have the same SHA-256, or the same id when one of the two SHA-256s is
  /// unknown. `dimension` is the number of values per embedding of the expected model; 0 accepts
  /// any.
  explicit DatasetReader(std::optional<DatasetModel> expected = {}, size_t dimension = 0)
      : expected_(std::move(expected)), expected_dimension_(dimension) {}

  /// Reads the next piece. Throws as soon as an error is found.
  void add(std::span<const std::byte> piece);
  /// Returns the thumbnails that were read since the last call, so that they need not stay in
  /// memory.
  std::vector<Thumbnail> take_thumbnails() { return std::exchange(dataset_.thumbnails, {}); }
  /// Returns the data set after the last piece. Throws Error{BadDataset} when the file is
  /// truncated. The reader must not be used afterwards.
  Dataset finish();

  /// Supported version of the file format.
  static constexpr uint16_t kVersion = 1;
  /// Maximum number of values per embedding.
  static constexpr size_t kMaxDimension = 1 << 20;
  /// Maximum size of a thumbnail, in bytes.
  static constexpr size_t kMaxThumbnailBytes = 4 << 20;

 private:
  class Fields;

  /// Number of bytes that the buffer must hold before process_buffer() can be called.
  size_t needed_bytes() const;
  /// Reads the buffered part of the file and goes to the next state.
  void process_buffer();
  void read_section();
  void read_header(Fields& fields);
  void read_rows(Fields& fields);
  void read_thumbnail(Fields& fields);
  /// Called after the last row: leaves enough ids for new examples.
  void settle_ids();
  /// Returns the maximum payload of a section, in bytes. Throws Error{BadDataset} when a section of
  /// this kind is unknown or not allowed here.
  size_t max_payload_bytes(uint32_t kind) const;
  [[noreturn]] void throw_out_of_memory();

  std::optional<DatasetModel> expected_;
  size_t expected_dimension_;
  Dataset dataset_;
  enum class State { Start, SectionHead, SectionBody, Done, Failed } state_ = State::Start;
  std::vector<std::byte> buffer_;  ///< received bytes that were not processed yet
  uint32_t kind_ = 0, payload_bytes_ = 0;
  uint32_t crc_ = 0;  ///< CRC-32 of the CRC-32s of all sections so far
  bool has_header_ = false;
  size_t dimension_ = 0, example_count_ = 0;
  uint32_t next_id_ = 0;
  std::vector<size_t> class_counts_;  ///< number of examples of each class according to the header
  std::optional<ExampleId> last_id_, last_thumbnail_;
  bool has_settled_ids_ = false;
  std::vector<ExampleId> ids_in_file_;  ///< ids of all examples; empty when they keep theirs
};

}  // namespace teachable
