#include "classifier/dataset_transfer.h"

#include <utility>

#include "core/error.h"

namespace teachable {

void DatasetTransfer::start_save(DatasetModel model, std::vector<Thumbnail> thumbnails) {
  writer_.emplace(classifier_.knn(), std::move(model), std::move(thumbnails));
  saved_replacement_ = classifier_.replacement_count();
}

std::vector<std::byte> DatasetTransfer::next_saved() {
  // Other examples may have the revision that the writer expects.
  if (saved_replacement_ != classifier_.replacement_count()) writer_.reset();
  if (!writer_) throw Error(ErrorCode::BadArgument, "No save is under way. Start one first.");
  try {
    std::vector<std::byte> piece = writer_->next();
    if (piece.empty()) writer_.reset();
    return piece;
  } catch (...) {
    writer_.reset();
    throw;
  }
}

void DatasetTransfer::start_load(DatasetModel expected, size_t embedding_size) {
  reader_.emplace(std::move(expected), embedding_size);
}

std::span<std::byte> DatasetTransfer::dataset_buffer(size_t byte_count) {
  piece_.resize(byte_count);
  return piece_;
}

DatasetReader& DatasetTransfer::reader() {
  if (!reader_) throw Error(ErrorCode::BadArgument, "No load is under way. Start one first.");
  return *reader_;
}

void DatasetTransfer::load_piece() {
  try {
    reader().add(piece_);
  } catch (...) {
    cancel_load();
    throw;
  }
}

std::vector<Thumbnail> DatasetTransfer::finish_load() {
  std::optional<Dataset> dataset;
  try {
    dataset = reader().finish();
  } catch (...) {
    cancel_load();
    throw;
  }
  cancel_load();
  dataset->knn.skip_ids(classifier_.knn().next_id());
  writer_.reset();
  classifier_.replace_examples(std::move(dataset->knn));
  return std::move(dataset->thumbnails);
}

void DatasetTransfer::cancel_load() noexcept {
  reader_.reset();
  piece_ = std::vector<std::byte>();  // `= {}` would keep its memory.
}

}  // namespace teachable
