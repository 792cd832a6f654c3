#include "knn/dataset_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <stdexcept>

#include "core/error.h"
#include "core/utf8.h"
#include "knn/crc32.h"

namespace teachable {
namespace {

constexpr std::array<char, 4> kMagic = {'T', 'M', 'K', 'N'};
constexpr size_t kStartBytes = 8, kHeadBytes = 8, kCrcBytes = 4;
constexpr size_t kMaxRowsPerSection = 64;
/// Enough for all plausible labels and preprocessing texts, and too little to exhaust the memory.
constexpr size_t kMaxHeaderBytes = 64 << 20;

/// Kinds of sections.
constexpr uint32_t kHeader = 1, kRows = 2, kThumbnail = 3, kEnd = 4;

[[noreturn]] void throw_bad_dataset(const Text& message) {
  throw Error(ErrorCode::BadDataset, message);
}

[[noreturn]] void throw_damaged(const Text& what) {
  throw_bad_dataset({"The data set is damaged: ", what, ". Load an intact copy of it."});
}

[[noreturn]] void throw_after_error() {
  throw_bad_dataset(
      "The data set cannot be read further after an error. Load it again from its start.");
}

void put(std::vector<std::byte>& bytes, const void* data, size_t size) {
  const auto* begin = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), begin, begin + size);
}

void put(std::vector<std::byte>& bytes, uint32_t value) { put(bytes, &value, sizeof value); }
void put(std::vector<std::byte>& bytes, size_t value) { put(bytes, static_cast<uint32_t>(value)); }

void put(std::vector<std::byte>& bytes, const std::string& text) {
  put(bytes, text.size());
  put(bytes, text.data(), text.size());
}

std::string describe(const DatasetModel& model) {
  return "'" + model.id + "'" +
         (model.sha256.empty() ? "" : " (SHA-256 " + model.sha256.substr(0, 12) + "...)");
}

}  // namespace

/// Appends a section, or a part of one, to a piece. end_part() must be called before the piece is
/// passed on.
class DatasetWriter::Section {
 public:
  Section(DatasetWriter& writer, std::vector<std::byte>& piece)
      : writer_(writer), piece_(piece), start_(piece.size()) {}
  Section(DatasetWriter& writer, std::vector<std::byte>& piece, uint32_t kind, size_t byte_count)
      : Section(writer, piece) {
    writer.section_crc_ = 0;
    put(piece, kind);
    put(piece, byte_count);
  }
  std::vector<std::byte>& piece() { return piece_; }
  void end_part() {
    writer_.section_crc_ = crc32(std::span(piece_).subspan(start_), writer_.section_crc_);
  }
  /// Ends the section.
  void end() {
    end_part();
    put(piece_, writer_.section_crc_);
    writer_.crc_ = crc32(std::span(piece_).last(kCrcBytes), writer_.crc_);
  }

 private:
  DatasetWriter& writer_;
  std::vector<std::byte>& piece_;
  size_t start_;
};

DatasetWriter::DatasetWriter(const Knn& knn, DatasetModel model)
    : knn_(knn),
      revision_(knn.revision()),
      model_(std::move(model)),
      rows_left_(knn.example_count()) {
  if (header_bytes() > kMaxHeaderBytes) {
    throw Error(ErrorCode::BadArgument,
                {"The labels of the ", knn.class_count(), " classes take ", header_bytes(),
                 " bytes. A file can have ", kMaxHeaderBytes, ". Use shorter labels."});
  }
}

void DatasetWriter::check_unchanged() const {
  if (knn_.revision() != revision_) {
    throw Error(ErrorCode::BadArgument,
                "The examples changed while they were being saved. Save again, and change no "
                "examples before all pieces are written.");
  }
}

void DatasetWriter::check_thumbnail(std::optional<ExampleId> last, ExampleId id,
                                    size_t byte_count) const {
  const auto refuse = [&](const Text& what) {
    throw Error(ErrorCode::BadArgument, {"The thumbnail of example ", id, what});
  };
  if (!knn_.contains(id)) refuse(" cannot be saved: the example was removed or never added.");
  if (last && *last == id) refuse(" was passed twice. Pass at most one thumbnail per example.");
  if (last && *last > id) refuse(" is out of order. Pass thumbnails in the order of their ids.");
  if (byte_count > DatasetReader::kMaxThumbnailBytes) {
    refuse({" has ", byte_count, " bytes. The maximum is ", DatasetReader::kMaxThumbnailBytes,
            " bytes."});
  }
}

void DatasetWriter::plan_thumbnail(ExampleId id, size_t byte_count) {
  check_unchanged();
  check_thumbnail(planned_, id, byte_count);
  planned_ = id;
}

size_t DatasetWriter::header_bytes() const {
  size_t bytes =
      8 * sizeof(uint32_t) + model_.id.size() + model_.sha256.size() + model_.preprocessing.size();
  for (const std::string& label : knn_.labels()) bytes += 3 * sizeof(uint32_t) + label.size();
  return bytes;
}

std::vector<std::byte> DatasetWriter::start() {
  std::vector<std::byte> piece;
  put(piece, kMagic.data(), kMagic.size());
  put(piece, uint32_t{DatasetReader::kVersion});
  Section header(*this, piece, kHeader, header_bytes());
  put(piece, model_.id);
  put(piece, model_.sha256);
  put(piece, model_.preprocessing);
  put(piece, static_cast<uint32_t>(knn_.storage()));
  put(piece, knn_.dimension());
  put(piece, knn_.next_id_);
  put(piece, knn_.example_count());
  put(piece, knn_.class_count());
  add_classes(header);
  return piece;
}

void DatasetWriter::add_classes(Section& header) {
  std::vector<std::byte>& piece = header.piece();
  size_t i = next_class_;
  for (; i < knn_.class_count() && piece.size() < kPieceBytes; ++i) {
    put(piece, knn_.labels()[i]);
    put(piece, knn_.counts()[i]);
    put(piece, uint32_t{knn_.enabled(i)});
  }
  if (i == knn_.class_count()) {
    header.end();
    state_ = State::Rows;
  } else {
    header.end_part();
    state_ = State::Header;
  }
  next_class_ = i;
}

std::vector<std::byte> DatasetWriter::rows() {
  const size_t row_bytes = knn_.rows_.row_bytes();
  const size_t rows_in_piece =
      std::clamp<size_t>(kPieceBytes / (8 + row_bytes), 1, kMaxRowsPerSection);
  const size_t count = std::min(rows_in_piece, rows_left_);
  std::array<ExampleId, kMaxRowsPerSection> ids;
  ExampleId next_id = next_id_;
  for (size_t i = 0; i < count; ++i) {
    ids[i] = *knn_.row_of_.first_from(next_id);
    next_id = ids[i] + 1;
  }
  std::vector<std::byte> piece;
  const size_t byte_count = 4 + count * (8 + row_bytes);
  piece.reserve(kHeadBytes + byte_count + kCrcBytes);
  Section section(*this, piece, kRows, byte_count);
  put(piece, count);
  for (size_t i = 0; i < count; ++i) put(piece, ids[i]);
  for (size_t i = 0; i < count; ++i) put(piece, knn_.class_of(ids[i]));
  for (size_t i = 0; i < count; ++i) {
    piece.resize(piece.size() + row_bytes);
    knn_.rows_.write_row(knn_.index_of(ids[i]), piece.data() + piece.size() - row_bytes);
  }
  section.end();
  next_id_ = next_id;
  rows_left_ -= count;
  return piece;
}

std::vector<std::byte> DatasetWriter::next() {
  check_unchanged();
  switch (state_) {
    case State::Start:
      return start();
    case State::Header: {
      std::vector<std::byte> piece;
      Section header(*this, piece);
      add_classes(header);
      return piece;
    }
    case State::Rows:
      if (rows_left_ > 0) return rows();
      state_ = State::Thumbnails;
      break;
    case State::Thumbnails:
    case State::Done:
      break;
  }
  return {};
}

std::vector<std::byte> DatasetWriter::thumbnail(ExampleId id, size_t byte_count,
                                                std::span<const std::byte> part) {
  check_unchanged();
  const bool continues = thumbnail_left_ > 0 && written_ == id;
  if (!continues) check_thumbnail(written_, id, byte_count);
  const size_t left = continues ? thumbnail_left_ : byte_count;
  if (state_ != State::Thumbnails || (!continues && thumbnail_left_ > 0) || part.size() > left ||
      (part.empty() && left > 0)) {
    throw Error(ErrorCode::BadArgument,
                {"A part of the thumbnail of example ", id,
                 " has a wrong place or length. Pass all parts in order, after all examples."});
  }
  std::vector<std::byte> piece;
  piece.reserve(kHeadBytes + sizeof id + part.size() + kCrcBytes);
  if (!continues) {
    Section head(*this, piece, kThumbnail, sizeof id + byte_count);
    put(piece, id);
    head.end_part();
  }
  Section section(*this, piece);
  put(piece, part.data(), part.size());
  if (part.size() == left) {
    section.end();
  } else {
    section.end_part();
  }
  written_ = id;
  thumbnail_left_ = left - part.size();
  return piece;
}

std::vector<std::byte> DatasetWriter::finish() {
  check_unchanged();
  if (state_ != State::Thumbnails || thumbnail_left_ > 0) {
    throw Error(ErrorCode::BadArgument,
                "The end of a data set cannot be written before all examples and thumbnails.");
  }
  std::vector<std::byte> piece;
  const uint32_t crc = crc_;
  Section section(*this, piece, kEnd, kCrcBytes);
  put(piece, crc);
  section.end();
  state_ = State::Done;
  return piece;
}

/// Reads values from the payload of a section.
class DatasetReader::Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::span<const std::byte> bytes(size_t count) {
    if (count > bytes_.size()) throw_damaged("a section is shorter than its contents");
    const std::span<const std::byte> result = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return result;
  }
  uint32_t number() {
    uint32_t value;
    std::memcpy(&value, bytes(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() {
    const std::span<const std::byte> result = bytes(number());
    return {reinterpret_cast<const char*>(result.data()), result.size()};
  }
  size_t left() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

size_t DatasetReader::needed_bytes() const {
  switch (state_) {
    case State::Start:
      return kStartBytes;
    case State::SectionHead:
      return kHeadBytes;
    case State::SectionBody:
      return kHeadBytes + payload_bytes_ + kCrcBytes;
    case State::Done:
    case State::Failed:
      break;
  }
  return 0;
}

void DatasetReader::add(std::span<const std::byte> piece) {
  if (state_ == State::Failed) throw_after_error();
  try {
    while (!piece.empty()) {
      if (state_ == State::Done) throw_damaged("there are more bytes after its end");
      const size_t count = std::min(piece.size(), needed_bytes() - buffer_.size());
      put(buffer_, piece.data(), count);
      piece = piece.subspan(count);
      if (buffer_.size() == needed_bytes()) process_buffer();
    }
  } catch (const std::bad_alloc&) {
    throw_out_of_memory();
  } catch (const std::length_error&) {
    throw_out_of_memory();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::OutOfMemory) throw_out_of_memory();
    state_ = State::Failed;
    throw;
  }
}

void DatasetReader::throw_out_of_memory() {
  state_ = State::Failed;
  throw Error(ErrorCode::OutOfMemory,
              {"There is not enough memory for the data set of ", example_count_,
               " examples beside those that it replaces. Save those, clear them, and load again."});
}

size_t DatasetReader::max_payload_bytes(uint32_t kind) const {
  if (has_header_ == (kind == kHeader)) {
    throw_damaged(has_header_ ? "it has two headers" : "its header is missing");
  }
  switch (kind) {
    case kHeader:
      return kMaxHeaderBytes;
    case kRows:
      return 4 + kMaxRowsPerSection * (8 + Rows::row_bytes(dataset_.knn.storage(), dimension_));
    case kThumbnail:
      return 4 + kMaxThumbnailBytes;
    case kEnd:
      return 4;
    default:
      throw_damaged({"a section has the unknown kind ", kind});
  }
}

void DatasetReader::process_buffer() {
  const auto number_at = [&](size_t at) {
    uint32_t value;
    std::memcpy(&value, buffer_.data() + at, sizeof value);
    return value;
  };
  switch (state_) {
    case State::Start: {
      if (std::memcmp(buffer_.data(), kMagic.data(), kMagic.size()) != 0) {
        throw_bad_dataset(
            "The file is not a data set: it does not begin with TMKN. Load a file that was saved "
            "with "
            "saveDataset().");
      }
      const uint32_t version = number_at(kMagic.size());
      if (version > kVersion && version <= UINT16_MAX) {
        throw_bad_dataset({"The data set has version ", version, ". This library supports version ",
                           kVersion, ". Use a newer version of the library."});
      }
      if (version != kVersion) throw_damaged("its version is invalid");
      buffer_.clear();
      state_ = State::SectionHead;
      return;
    }
    case State::SectionHead: {
      kind_ = number_at(0);
      payload_bytes_ = number_at(4);
      const size_t max_bytes = max_payload_bytes(kind_);
      if (payload_bytes_ > max_bytes) {
        throw_damaged({"a section has ", payload_bytes_, " bytes, but its maximum is ", max_bytes});
      }
      state_ = State::SectionBody;
      return;
    }
    case State::SectionBody:
      read_section();
      buffer_.clear();
      return;
    case State::Done:
    case State::Failed:
      return;
  }
}

void DatasetReader::read_section() {
  const std::span<const std::byte> bytes(buffer_);
  const std::span<const std::byte> crc = bytes.last(kCrcBytes);
  uint32_t stored;
  std::memcpy(&stored, crc.data(), sizeof stored);
  if (crc32(bytes.first(bytes.size() - kCrcBytes)) != stored) {
    throw_damaged("a checksum does not match");
  }
  Fields fields(bytes.subspan(kHeadBytes, payload_bytes_));
  switch (kind_) {
    case kHeader:
      read_header(fields);
      break;
    case kRows:
      read_rows(fields);
      break;
    case kThumbnail:
      settle_ids();
      read_thumbnail(fields);
      break;
    case kEnd:
      settle_ids();
      if (fields.number() != crc_) throw_damaged("sections are missing or out of order");
      if (dataset_.knn.example_count() != example_count_) throw_damaged("examples are missing");
      if (dataset_.knn.counts() != class_counts_)
        throw_damaged("the number of examples of a class is wrong");
      state_ = State::Done;
      break;
    default:
      break;  // max_payload_bytes() has rejected other kinds
  }
  if (fields.left() > 0) throw_damaged("a section is longer than its contents");
  crc_ = crc32(crc, crc_);
  if (state_ != State::Done) state_ = State::SectionHead;
}

void DatasetReader::read_header(Fields& fields) {
  DatasetModel& model = dataset_.model;
  model.id = fields.text();
  model.sha256 = fields.text();
  model.preprocessing = fields.text();
  if (expected_) {
    const bool both_known = !expected_->sha256.empty() && !model.sha256.empty();
    if (both_known ? expected_->sha256 != model.sha256 : expected_->id != model.id) {
      throw_bad_dataset({"The data set was made with the model ", describe(model),
                         ". Its examples cannot be compared with embeddings of ",
                         describe(*expected_),
                         ". Load the model of the data set, with the same option `layers`."});
    }
  }
  const uint32_t storage = fields.number();
  if (storage > static_cast<uint32_t>(Storage::I8)) throw_damaged("its storage format is unknown");
  dimension_ = fields.number();
  next_id_ = fields.number();
  example_count_ = fields.number();
  if (dimension_ > kMaxDimension || (dimension_ == 0) != (example_count_ == 0) ||
      example_count_ > next_id_) {
    throw_damaged("its dimension or number of examples is invalid");
  }
  if (expected_ && expected_dimension_ > 0 && dimension_ > 0 && dimension_ != expected_dimension_) {
    throw_bad_dataset({"The examples of the data set have ", dimension_,
                       " values, but embeddings of ", describe(*expected_), " have ",
                       expected_dimension_,
                       ". Load the model of the data set, with the same option `layers`."});
  }
  dataset_.knn = Knn(static_cast<Storage>(storage));
  Classes& classes = dataset_.knn.classes_;
  const uint32_t class_count = fields.number();
  for (uint32_t i = 0; i < class_count; ++i) {
    const std::string label = fields.text();
    if (label.size() > Classes::kMaxLabelBytes || !is_utf8(label)) {
      throw_damaged({"the label of class ", i, " is too long or not valid UTF-8"});
    }
    if (classes.find(label)) throw_damaged("two classes have the same label");
    classes.add(label);
    class_counts_.push_back(fields.number());
    const uint32_t enabled = fields.number();
    if (enabled > 1) throw_damaged("the enabled flag of a class is neither 0 nor 1");
    classes.enable(i, enabled == 1);
  }
  has_header_ = true;
}

void DatasetReader::read_rows(Fields& fields) {
  Knn& knn = dataset_.knn;
  const size_t count = fields.number();
  const size_t row_bytes = Rows::row_bytes(knn.storage(), dimension_);
  if (count < 1 || count > kMaxRowsPerSection || count > example_count_ - knn.example_count() ||
      fields.left() != count * (8 + row_bytes)) {
    throw_damaged("a section has a wrong number of rows");
  }
  if (last_thumbnail_) throw_damaged("there are rows after thumbnails");
  std::array<ExampleId, kMaxRowsPerSection> ids;
  for (size_t i = 0; i < count; ++i) ids[i] = fields.number();
  std::array<uint32_t, kMaxRowsPerSection> classes;
  for (size_t i = 0; i < count; ++i) classes[i] = fields.number();
  knn.reserve(count, dimension_);
  for (size_t i = 0; i < count; ++i) {
    if (ids[i] >= next_id_ || (last_id_ && ids[i] <= *last_id_) ||
        classes[i] >= knn.class_count()) {
      throw_damaged("a row has an invalid id or class");
    }
    if (!knn.rows_.append_row(fields.bytes(row_bytes).data())) {
      throw_damaged("a row is not L2-normalized");
    }
    knn.append_entry(ids[i], classes[i]);
    last_id_ = ids[i];
  }
}

void DatasetReader::settle_ids() {
  if (std::exchange(has_settled_ids_, true)) return;
  if (UINT32_MAX - next_id_ >= Knn::kEnoughIds) return;
  // The ids between the last example and the next one are free.
  Knn& knn = dataset_.knn;
  next_id_ = knn.next_id();
  if (knn.ids_left() >= Knn::kEnoughIds) return;
  ids_in_file_ = knn.ids();
  knn.renumber();
  next_id_ = knn.next_id();
}

void DatasetReader::read_thumbnail(Fields& fields) {
  const ExampleId id = fields.number();
  ExampleId own_id = id;
  bool exists;
  if (ids_in_file_.empty()) {
    exists = dataset_.knn.contains(id);
  } else {
    const auto found = std::lower_bound(ids_in_file_.begin(), ids_in_file_.end(), id);
    exists = found != ids_in_file_.end() && *found == id;
    own_id = static_cast<ExampleId>(found - ids_in_file_.begin());
  }
  if (!exists || (last_thumbnail_ && id <= *last_thumbnail_)) {
    throw_damaged("a thumbnail has an invalid id");
  }
  const std::span<const std::byte> bytes = fields.bytes(fields.left());
  dataset_.thumbnails.push_back({own_id, {bytes.begin(), bytes.end()}});
  last_thumbnail_ = id;
}

Dataset DatasetReader::finish() {
  if (state_ != State::Done) {
    const bool failed = std::exchange(state_, State::Failed) == State::Failed;
    if (failed) throw_after_error();
    throw_bad_dataset("The data set is truncated: its end is missing. Load a complete copy of it.");
  }
  state_ = State::Failed;
  dataset_.knn.skip_ids(next_id_);
  return std::move(dataset_);
}

}  // namespace teachable
