// Saving and loading the examples of a classifier, piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "classifier/classifier.h"
#include "knn/dataset_file.h"

namespace teachable {

/// At most one save and one load of a classifier's examples. Starting another one ends the one
/// before.
class DatasetTransfer {
 public:
  /// `classifier` must outlive this object.
  explicit DatasetTransfer(Classifier& classifier) : classifier_(classifier) {}

  /// Starts a save. Then call plan_thumbnail() for each thumbnail, next_saved() until it returns an
  /// empty piece, saved_thumbnail() for each part of the thumbnails, and end_save(). The methods
  /// are those of DatasetWriter. They throw Error{BadArgument} without a save; an Error ends the
  /// save.
  void start_save(DatasetModel model);
  void plan_thumbnail(ExampleId id, size_t byte_count);
  std::vector<std::byte> next_saved();
  /// Writes the part that the caller has put into piece_buffer().
  std::vector<std::byte> saved_thumbnail(ExampleId id, size_t byte_count);
  std::vector<std::byte> end_save();
  /// Ends a save and frees its memory. Does nothing without one.
  void cancel_save() noexcept { writer_.reset(); }

  /// Starts a load of embeddings [embedding_size] of the model `expected`. For each piece of the
  /// file fill piece_buffer() and call load_piece(), then call finish_load(). An Error ends the
  /// load.
  void start_load(DatasetModel expected, size_t embedding_size);
  /// Returns memory [byte_count] for the next part of a file or thumbnail.
  std::span<std::byte> piece_buffer(size_t byte_count);
  /// Reads a piece, and returns the thumbnails that it completed.
  std::vector<Thumbnail> load_piece();
  /// Replaces the classifier's examples. Until then, and on any Error, they are unchanged. Loaded
  /// examples keep the ids that they have in the file (see DatasetReader); ids from before the load
  /// are no longer valid. New examples get ids above both.
  void finish_load();
  /// Ends a load and frees its memory. Does nothing without one.
  void cancel_load() noexcept;

 private:
  /// Calls `body` with the writer. An exception ends the save.
  template <typename Body>
  auto write(Body&& body);
  DatasetReader& reader();

  Classifier& classifier_;
  std::optional<DatasetWriter> writer_;
  uint64_t saved_replacement_ = 0;  // The replacement_count() at the start of the save.
  std::optional<DatasetReader> reader_;
  std::vector<std::byte> piece_;
};

}  // namespace teachable
