// k-nearest-neighbours classifier by cosine similarity. There is no training: the stored examples
// are the model.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "knn/classes.h"
#include "knn/linear_head.h"
#include "knn/nearest.h"
#include "knn/row_of_id.h"
#include "knn/rows.h"
#include "knn/vote.h"

namespace teachable {

/// Function that calls body(0) ... body(count - 1), possibly in parallel, and returns when all
/// calls have returned. The calls do not throw and do not depend on each other.
using ParallelFor =
    std::function<void(size_t count, const std::function<void(size_t index)>& body)>;

/// Set of examples: L2-normalized embeddings, each with a class and an id.
///
/// Classes are numbered from 0 in the order in which their labels were first added. clear(label)
/// and merge() decrease the indices of later classes by 1. A class remains when its last example is
/// removed. A label is valid UTF-8 of at most Classes::kMaxLabelBytes, including the empty string;
/// others are Error{BadArgument}.
///
/// Search is exact: its result is bit-identical to comparing the query with all stored values. A
/// scan of one byte per value selects candidates by a proven error bound, and the candidates are
/// re-ranked in double precision. For equal similarity, the lower id, which was added first, is
/// nearer.
///
/// A method that throws changes nothing, also for std::bad_alloc. When the store cannot grow,
/// methods throw Error{OutOfMemory}. Const methods may be called by several threads at the same
/// time; other methods must not run at the same time as any method. Move-only.
class Knn {
 public:
  /// Creates an empty set, whose examples will be stored in the given format.
  explicit Knn(Storage storage = Storage::F32) : rows_(storage) {}

  // Adding

  /// Adds an example and returns its id. Creates the class if there is none with this label. The
  /// first example determines the dimension; when the last one is removed, any dimension is allowed
  /// again. Takes O(dimension) time, independent of the number of examples. Throws
  /// Error{BadArgument} when the dimension is 0 or differs, when a value is not finite, or when all
  /// values are 0.
  ExampleId add(std::span<const float> embedding, std::string_view label);
  /// Adds [labels.size(), dimension] embeddings and returns their ids, [labels.size()]. Adds either
  /// all or none. Throws the errors of add(), and Error{BadArgument} when the sizes do not match.
  std::vector<ExampleId> add_batch(std::span<const float> embeddings, size_t dimension,
                                   std::span<const std::string> labels);
  /// Returns the index of the class with this label. Adds a class without examples if there is
  /// none.
  uint32_t add_class(std::string_view label);

  // Predicting

  /// Predicts the class of an embedding [dimension]. Throws Error{BadArgument} when an option is
  /// out of range, when there is no example of an enabled class, or when the embedding is invalid
  /// as in add(); Error{OutOfMemory} when there is no room for a linear head.
  Prediction predict(std::span<const float> embedding, const PredictOptions& options) const;
  /// Predicts with the default options and the given number of neighbours.
  Prediction predict(std::span<const float> embedding, size_t k) const {
    return predict(embedding, PredictOptions{.k = k});
  }
  /// Predicts the classes of [n, dimension] embeddings. Returns [n] predictions, identical to those
  /// of predict(), but takes less time. Throws the errors of predict().
  std::vector<Prediction> predict_batch(std::span<const float> embeddings, size_t dimension,
                                        const PredictOptions& options) const;
  /// Creates the linear head for predictions with Rule::Combined, if it is missing. Changes of
  /// single examples keep it current; other changes discard it. Without this call, each prediction
  /// creates a head of its own, which takes up to some 0.2 s. Throws Error{OutOfMemory}.
  void prepare(const PredictOptions& options);
  /// Returns the k nearest neighbours of a stored example, without the example itself. Only
  /// examples of enabled classes are considered; the result is shorter when there are fewer than k.
  /// Throws Error{BadArgument} for an unknown id or when k is 0.
  std::vector<Neighbour> neighbours_of(ExampleId id, size_t k) const;
  /// Returns the nearest neighbours of a stored example like neighbours_of(), and the votes of all
  /// other examples for each class, [class_count], as for Rule::Combined.
  struct Votes {
    std::vector<Neighbour> neighbours;
    std::vector<double> votes;
  };
  Votes votes_without(ExampleId id, size_t k) const;
  /// Creates a linear head over all examples. Throws Error{OutOfMemory}.
  LinearHead make_head() const;

  // Editing. All methods throw Error{BadArgument} for an unknown id or label.

  /// Removes an example. Its class remains. O(dimension + log(example_count)), amortized.
  void remove(ExampleId id);
  /// Changes the class of an example. Creates the class if there is none with this label.
  void move_to(ExampleId id, std::string_view label);
  /// Undoes the last add(), remove() or move_to() that was not undone yet. Also removes a class
  /// that the change created. Returns false when there is nothing to undo. The last kMaxHistory
  /// changes can be undone; clear(), merge() and raise_ids() discard the history.
  bool undo();
  /// Undoes an add() without a change since, as if it had not happened: its id is free again, too.
  /// Works for the last kMaxTakenBack additions.
  void take_back() noexcept;
  /// Changes the label of a class. Throws Error{BadArgument} when another class has the new label.
  void rename(std::string_view label, std::string_view new_label);
  /// Moves all examples of the class `from` to the class `into`, and removes the class `from`.
  void merge(std::string_view from, std::string_view into);
  /// Enables or disables a class. Examples of disabled classes are ignored in predictions.
  void enable(std::string_view label, bool enabled);
  /// Removes a class and its examples.
  void clear(std::string_view label);
  /// Removes everything and frees the memory. Ids start at 0 again.
  void clear();
  /// Changes the storage format of all examples. Classes, ids and the history remain. A smaller
  /// format needs little memory, so that it also works when the memory is full; what it rounds off
  /// is lost. Throws Error{OutOfMemory} when there is too little memory for a larger format.
  void use_storage(Storage storage);

  // Ids, for merging data sets

  /// Id of the next example.
  ExampleId next_id() const { return next_id_; }
  /// Sets the id of the next example to at least `next`.
  void skip_ids(ExampleId next) { next_id_ = std::max(next_id_, next); }
  /// Adds `more` to the ids of all examples and to next_id(), and discards the history. Throws
  /// Error{OutOfMemory} when an id would overflow.
  void raise_ids(ExampleId more);
  /// Replaces the ids by 0, 1, ... in the same order, and discards the history.
  void renumber() noexcept;
  /// Number of ids that new examples can get.
  size_t ids_left() const { return size_t{UINT32_MAX} - next_id_; }
  /// Number of ids that data sets leave for new examples, whatever ids a file contains.
  static constexpr size_t kEnoughIds = 1 << 24;

  // Contents

  /// Number of examples of all classes.
  size_t example_count() const { return rows_.count(); }
  /// Number of classes, including empty and disabled ones.
  size_t class_count() const { return classes_.size(); }
  /// Number of values per embedding; 0 when there are no examples.
  size_t dimension() const { return rows_.dimension(); }
  /// Storage format of the examples.
  Storage storage() const { return rows_.storage(); }
  /// Labels of the classes, [class_count].
  const std::vector<std::string>& labels() const { return classes_.labels(); }
  /// Number of examples of each class, [class_count].
  const std::vector<size_t>& counts() const { return classes_.counts(); }
  /// Number of examples of each class that take part in predictions, [class_count]: 0 for disabled
  /// classes.
  std::vector<size_t> voting_counts() const { return classes_.voting_counts(); }
  /// Returns true when the class takes part in predictions. Requires class_index < class_count().
  bool enabled(size_t class_index) const { return classes_.enabled(class_index); }
  /// Returns true when there is an example with this id.
  bool contains(ExampleId id) const;
  /// Returns the class index of an example. Throws Error{BadArgument} for an unknown id.
  uint32_t class_of(ExampleId id) const;
  /// Returns the stored embedding of an example, [dimension]: L2-normalized and rounded to the
  /// storage format. Throws Error{BadArgument} for an unknown id.
  std::vector<float> embedding(ExampleId id) const;
  /// Writes the same to `values` [dimension].
  void embedding(ExampleId id, float* values) const { rows_.decode(index_of(id), values); }
  /// Returns the ids of all examples in ascending order.
  std::vector<ExampleId> ids() const;
  /// Returns the ids of the examples of a class in ascending order. Throws Error{BadArgument} for
  /// an unknown label.
  std::vector<ExampleId> ids(std::string_view label) const;
  /// Memory of everything that grows with the number of examples, in bytes.
  size_t memory_bytes() const;
  /// Number that changes with every change of the contents.
  uint64_t revision() const { return revision_; }
  /// Number that changes whenever a class index gets another meaning, or a class is enabled or
  /// disabled.
  uint64_t class_revision() const { return classes_.revision(); }

  /// Sets the function that distributes scans of many rows over threads. An empty function scans on
  /// the calling thread.
  void set_parallel_for(ParallelFor parallel_for) { parallel_for_ = std::move(parallel_for); }

  /// Maximum number of changes that can be undone.
  static constexpr size_t kMaxHistory = 100;
  /// Maximum number of additions in a row that take_back() undoes exactly.
  static constexpr size_t kMaxTakenBack = 2;

 private:
  friend class DatasetWriter;
  friend class DatasetReader;

  /// Change that undo() can revert.
  struct Change {
    enum class Kind { Added, Removed, Moved } kind = Kind::Added;
    ExampleId id = 0;
    bool created_class = false;
    uint32_t class_index = 0;      ///< Removed and Moved: the class before the change
    size_t dimension = 0;          ///< Removed only
    std::vector<std::byte> row{};  ///< Removed only: the row as Rows::write_row() writes it
  };

  /// Validates an embedding and returns its L2 norm.
  double checked_norm(std::span<const float> embedding) const;
  /// Validates the size of a batch.
  void check_batch(std::span<const float> embeddings, size_t dimension) const;
  bool undo_last();
  /// Moves changes that are too many to undo to trimmed_.
  void trim_history() noexcept;
  void clear_history() noexcept;
  /// Throws Error{OutOfMemory} unless there are `more` ids for new examples.
  void check_ids(size_t more) const;
  /// Reserves room for `more` rows with ids and classes, and leaves spare memory for calls that
  /// don't add examples, such as a save. Throws Error{OutOfMemory}.
  void reserve(size_t more, size_t dimension);
  /// Appends id and class of the row that was appended to `rows_`, in room that reserve() made.
  void append_entry(ExampleId id, uint32_t class_index) noexcept;
  /// Returns the row of an example. Throws Error{BadArgument} for an unknown id.
  size_t index_of(ExampleId id) const;
  /// Removes row i and updates the count of its class.
  void remove_row(size_t i) noexcept;
  /// Removes a class without examples, and discards the history, whose class indices are invalid
  /// now.
  void erase_class(uint32_t index) noexcept;
  /// Returns the k nearest neighbours of each query, [queries.size()], from enabled classes, except
  /// row `left_out`. With `votes`, also the votes of all of these rows.
  std::vector<Votes> nearest(std::span<const RowQuery> queries, size_t k,
                             std::optional<size_t> left_out, bool votes) const;
  /// Returns what nearest() finds for a stored example, without the example itself.
  Votes nearest_to(ExampleId id, size_t k, bool votes) const;
  /// Returns the values of row i: the stored ones, or a copy in the head's buffer.
  const float* row_for(LinearHead& head, size_t i) const noexcept;
  /// Runs `change` on the linear head with the row i, if there is a head.
  template <typename Change>
  void update_head(size_t i, const Change& change) noexcept;
  /// Makes room in the linear head for one more example, or discards the head.
  void reserve_head() noexcept;

  Rows rows_;
  Classes classes_;
  std::vector<uint32_t> class_of_;  ///< [example_count] class index of each row
  std::vector<ExampleId> id_of_;    ///< [example_count] id of each row
  RowOfId row_of_;
  ExampleId next_id_ = 0;           ///< greater than all used ids
  std::list<Change> history_;       ///< oldest change first
  std::list<Change> trimmed_;       ///< what the last changes made too many, for take_back()
  std::optional<LinearHead> head_;  ///< over all examples, if there is one
  ParallelFor parallel_for_;
  uint64_t revision_ = 0;
};

}  // namespace teachable
