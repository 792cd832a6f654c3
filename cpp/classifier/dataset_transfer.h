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

  /// Starts a save. Throws as DatasetWriter's constructor.
  void start_save(DatasetModel model, std::vector<Thumbnail> thumbnails);
  /// Returns the next piece of the file; empty after the last one. Throws Error{BadArgument}
  /// without a save, and when the examples have changed since its start, which ends the save.
  std::vector<std::byte> next_saved();
  /// Ends a save and frees its memory. Does nothing without one.
  void cancel_save() noexcept { writer_.reset(); }

  /// Starts a load of embeddings [embedding_size] of the model `expected`. For each piece of the
  /// file fill dataset_buffer() and call load_piece(), then call finish_load(). An Error ends the
  /// load.
  void start_load(DatasetModel expected, size_t embedding_size);
  std::span<std::byte> dataset_buffer(size_t byte_count);
  void load_piece();
  /// Replaces the classifier's examples and returns the thumbnails of the file. Until then, and on
  /// any Error, the examples are unchanged. Loaded examples keep the ids that they have in the
  /// file, because the thumbnails refer to them; ids from before the load are no longer valid. New
  /// examples get ids above both.
  std::vector<Thumbnail> finish_load();
  /// Ends a load and frees its memory. Does nothing without one.
  void cancel_load() noexcept;

 private:
  DatasetReader& reader();

  Classifier& classifier_;
  std::optional<DatasetWriter> writer_;
  uint64_t saved_replacement_ = 0;  // The replacement_count() at the start of the save.
  std::optional<DatasetReader> reader_;
  std::vector<std::byte> piece_;
};

}  // namespace teachable
