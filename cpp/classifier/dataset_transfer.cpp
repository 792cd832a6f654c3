#include "classifier/dataset_transfer.h"

#include <utility>

#include "core/error.h"

namespace teachable {

void DatasetTransfer::start_save(DatasetModel model) {
  writer_.reset();
  writer_.emplace(classifier_.knn(), std::move(model));
  saved_replacement_ = classifier_.replacement_count();
}

template <typename Body>
auto DatasetTransfer::write(Body&& body) {
  // Other examples may have the revision that the writer expects.
  if (saved_replacement_ != classifier_.replacement_count()) writer_.reset();
  if (!writer_) throw Error(ErrorCode::BadArgument, "No save is under way. Start one first.");
  try {
    return body(*writer_);
  } catch (...) {
    writer_.reset();
    throw;
  }
}

void DatasetTransfer::plan_thumbnail(ExampleId id, size_t byte_count) {
  write([&](DatasetWriter& writer) { writer.plan_thumbnail(id, byte_count); });
}

std::vector<std::byte> DatasetTransfer::next_saved() {
  return write([](DatasetWriter& writer) { return writer.next(); });
}

std::vector<std::byte> DatasetTransfer::saved_thumbnail(ExampleId id, size_t byte_count) {
  return write([&](DatasetWriter& writer) { return writer.thumbnail(id, byte_count, piece_); });
}

std::vector<std::byte> DatasetTransfer::end_save() {
  std::vector<std::byte> piece = write([](DatasetWriter& writer) { return writer.finish(); });
  writer_.reset();
  return piece;
}

void DatasetTransfer::start_load(DatasetModel expected, size_t embedding_size) {
  reader_.emplace(std::move(expected), embedding_size);
}

std::span<std::byte> DatasetTransfer::piece_buffer(size_t byte_count) {
  // The old contents need not be copied, so their memory can be freed first.
  if (byte_count > piece_.capacity()) piece_ = std::vector<std::byte>();
  piece_.resize(byte_count);
  return piece_;
}

DatasetReader& DatasetTransfer::reader() {
  if (!reader_) throw Error(ErrorCode::BadArgument, "No load is under way. Start one first.");
  return *reader_;
}

std::vector<Thumbnail> DatasetTransfer::load_piece() {
  try {
    reader().add(piece_);
    return reader().take_thumbnails();
  } catch (...) {
    cancel_load();
    throw;
  }
}

void DatasetTransfer::finish_load() {
  std::optional<Dataset> dataset;
  try {
    dataset = reader().finish();
  } catch (...) {
    cancel_load();
    throw;
  }
  cancel_load();
  const Knn& old = classifier_.knn();
  if (old.ids_left() >= Knn::kEnoughIds) dataset->knn.skip_ids(old.next_id());
  writer_.reset();
  classifier_.replace_examples(std::move(dataset->knn));
}

void DatasetTransfer::cancel_load() noexcept {
  reader_.reset();
  piece_ = std::vector<std::byte>();  // `= {}` would keep its memory.
}

}  // namespace teachable
