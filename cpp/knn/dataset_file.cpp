#include "knn/dataset_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <stdexcept>

#include "core/error.h"
#include "core/heap_sort.h"
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

DatasetWriter::DatasetWriter(const Knn& knn, DatasetModel model, std::vector<Thumbnail> thumbnails)
    : knn_(knn),
      revision_(knn.revision()),
      model_(std::move(model)),
      thumbnails_(std::move(thumbnails)),
      ids_(knn.ids()) {
  heap_sort(thumbnails_, [](const Thumbnail& a, const Thumbnail& b) { return a.id < b.id; });
  for (size_t i = 0; i < thumbnails_.size(); ++i) {
    const Thumbnail& each = thumbnails_[i];
    const std::string name = "The thumbnail of example " + std::to_string(each.id);
    if (!knn.contains(each.id)) {
      throw Error(ErrorCode::BadArgument,
                  {name, " cannot be saved: the example was removed or never added."});
    }
    if (i > 0 && thumbnails_[i - 1].id == each.id) {
      throw Error(ErrorCode::BadArgument,
                  {name, " was passed twice. Pass at most one thumbnail per example."});
    }
    if (each.bytes.size() > DatasetReader::kMaxThumbnailBytes) {
      throw Error(ErrorCode::BadArgument,
                  {name, " has ", each.bytes.size(), " bytes. The maximum is ",
                   DatasetReader::kMaxThumbnailBytes, " bytes."});
    }
  }
}

std::vector<std::byte> DatasetWriter::section(uint32_t kind, std::vector<std::byte> payload) {
  std::vector<std::byte> bytes;
  bytes.reserve(kHeadBytes + payload.size() + kCrcBytes);
  put(bytes, kind);
  put(bytes, payload.size());
  put(bytes, payload.data(), payload.size());
  const uint32_t crc = crc32(bytes);
  put(bytes, crc);
  crc_ = crc32({bytes.end() - kCrcBytes, bytes.end()}, crc_);
  return bytes;
}

std::vector<std::byte> DatasetWriter::header() const {
  std::vector<std::byte> payload;
  put(payload, model_.id);
  put(payload, model_.sha256);
  put(payload, model_.preprocessing);
  put(payload, static_cast<uint32_t>(knn_.storage()));
  put(payload, knn_.dimension());
  put(payload, knn_.next_id_);
  put(payload, knn_.example_count());
  put(payload, knn_.class_count());
  for (size_t i = 0; i < knn_.class_count(); ++i) {
    put(payload, knn_.labels()[i]);
    put(payload, knn_.counts()[i]);
    put(payload, uint32_t{knn_.enabled(i)});
  }
  return payload;
}

std::vector<std::byte> DatasetWriter::rows() {
  const size_t count = std::min(kMaxRowsPerSection, ids_.size() - next_row_);
  const std::span<const ExampleId> ids = std::span(ids_).subspan(next_row_, count);
  std::vector<std::byte> payload;
  const size_t row_bytes = knn_.rows_.row_bytes();
  payload.reserve(4 + count * (8 + row_bytes));
  put(payload, count);
  for (ExampleId id : ids) put(payload, id);
  for (ExampleId id : ids) put(payload, knn_.class_of(id));
  for (ExampleId id : ids) {
    payload.resize(payload.size() + row_bytes);
    knn_.rows_.write_row(knn_.index_of(id), payload.data() + payload.size() - row_bytes);
  }
  next_row_ += count;
  return payload;
}

std::vector<std::byte> DatasetWriter::next() {
  if (knn_.revision() != revision_) {
    throw Error(ErrorCode::BadArgument,
                "The examples changed while they were being saved. Save again, and change no "
                "examples before "
                "all pieces are written.");
  }
  switch (state_) {
    case State::Start: {
      std::vector<std::byte> bytes;
      put(bytes, kMagic.data(), kMagic.size());
      put(bytes, uint32_t{DatasetReader::kVersion});
      const std::vector<std::byte> head = section(kHeader, header());
      put(bytes, head.data(), head.size());
      state_ = State::Rows;
      return bytes;
    }
    case State::Rows:
      if (next_row_ < ids_.size()) return section(kRows, rows());
      state_ = State::Thumbnails;
      [[fallthrough]];
    case State::Thumbnails:
      if (next_thumbnail_ < thumbnails_.size()) {
        const Thumbnail& thumbnail = thumbnails_[next_thumbnail_++];
        std::vector<std::byte> payload;
        put(payload, thumbnail.id);
        put(payload, thumbnail.bytes.data(), thumbnail.bytes.size());
        return section(kThumbnail, std::move(payload));
      }
      state_ = State::End;
      [[fallthrough]];
    case State::End: {
      std::vector<std::byte> payload;
      put(payload, crc_);
      state_ = State::Done;
      return section(kEnd, std::move(payload));
    }
    case State::Done:
      return {};
  }
  return {};
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
  } catch (...) {
    state_ = State::Failed;
    throw;
  }
}

void DatasetReader::throw_out_of_memory() {
  state_ = State::Failed;
  throw Error(ErrorCode::OutOfMemory,
              {"There is not enough memory for the data set of ", example_count_, " examples."});
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
      read_thumbnail(fields);
      break;
    case kEnd:
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

void DatasetReader::read_thumbnail(Fields& fields) {
  const ExampleId id = fields.number();
  if (!dataset_.knn.contains(id) || (last_thumbnail_ && id <= *last_thumbnail_)) {
    throw_damaged("a thumbnail has an invalid id");
  }
  const std::span<const std::byte> bytes = fields.bytes(fields.left());
  dataset_.thumbnails.push_back({id, {bytes.begin(), bytes.end()}});
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
