// k nearest neighbours by cosine similarity. No training: the examples are the model.
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
#include "knn/nearest.h"
#include "knn/row_of_id.h"
#include "knn/rows.h"
#include "knn/vote.h"

namespace teachable {

/// Runs body(0) ... body(count - 1), on threads or in turn, and returns when all have ended. The
/// bodies neither throw nor depend on each other.
using ParallelFor =
    std::function<void(size_t count, const std::function<void(size_t index)>& body)>;

/// Examples as unit rows, each with a class and an id. Classes are numbered in the order in which
/// their labels were first added; erasing one (clear, merge) moves later ones up. A class stays
/// when its last example goes. A label is any bytes, the empty string included. Move-only.
///
/// The neighbours are those that a comparison of the query with everything that is stored gives, to
/// the bit: a scan of bytes leaves the rows that may be among them by a proven bound, and these are
/// compared in double precision. Equal similarity: the lower id, which was added first, is nearer.
///
/// What throws changes nothing, std::bad_alloc included; a store that can't grow is
/// Error{OutOfMemory}. Not thread-safe, but any number of threads may call const members at once.
class Knn {
 public:
  explicit Knn(Storage storage = Storage::F32) : rows_(storage) {}

  // Adding

  /// Adds one example. The first fixes the dimension; after the last has gone it is free again.
  /// O(dimension), however many there are.
  /// Throws Error{BadArgument} for another dimension or none, NaN, infinity or a zero vector.
  ExampleId add(std::span<const float> embedding, std::string_view label);
  /// Adds [labels.size(), dimension] embeddings, all or none. Throws as add().
  std::vector<ExampleId> add_batch(std::span<const float> embeddings, size_t dimension,
                                   std::span<const std::string> labels);
  /// Adds a class without examples, if it isn't there. Returns its index.
  uint32_t add_class(std::string_view label);

  // Asking

  /// Throws Error{BadArgument} for options out of range, no example of an enabled class, or a query
  /// of another dimension, not finite, or zero.
  Prediction predict(std::span<const float> embedding, const PredictOptions& options) const;
  Prediction predict(std::span<const float> embedding, size_t k) const {
    return predict(embedding, PredictOptions{.k = k});
  }
  /// Predicts [n, dimension] queries: what predict() says of each, in less time.
  std::vector<Prediction> predict_batch(std::span<const float> embeddings, size_t dimension,
                                        const PredictOptions& options) const;
  /// The k nearest of enabled classes to an example that is stored, itself left out; none if it is
  /// the only one. Throws Error{BadArgument} for an unknown id or k of 0.
  std::vector<Neighbour> neighbours_of(ExampleId id, size_t k) const;

  // Editing. Ids are those of add(); Error{BadArgument} for one that isn't there.

  /// Forgets one example; its class stays. O(dimension + log examples), amortised.
  void remove(ExampleId id);
  /// Gives an example another class, which is made if it isn't there.
  void move_to(ExampleId id, std::string_view label);
  /// Takes back the last add(), remove() or move_to() that wasn't taken back; a class that it made
  /// goes too. Returns false when there is none: the last kHistory are kept, and clear() and
  /// merge() forget them.
  bool undo();
  /// After it, there is nothing to take back.
  void forget_history() noexcept { history_.clear(); }
  /// Error{BadArgument} when there is no such label, or another class has the new one.
  void rename(std::string_view label, std::string_view new_label);
  /// Gives all examples of `from` to `into`, and erases `from`.
  void merge(std::string_view from, std::string_view into);
  /// Examples of a disabled class are neither neighbours nor votes.
  void enable(std::string_view label, bool enabled);
  /// Forgets one class and its examples. Throws Error{BadArgument} when there is no such label.
  void clear(std::string_view label);
  /// Forgets everything, the dimension included, but no id is given out twice.
  void clear();
  /// How examples are kept from now on; classes, ids and what undo() takes back stay. Throws
  /// Error{BadArgument} while there are examples that are kept another way.
  void use_storage(Storage storage);

  // Ids, of examples that come from elsewhere

  /// What the next example gets.
  ExampleId next_id() const { return next_id_; }
  /// Gives out no id below `next` from now on.
  void skip_ids(ExampleId next) { next_id_ = std::max(next_id_, next); }
  /// Adds `more` to the id of every example that is or will be there, and forgets the history.
  /// Error{OutOfMemory} when there are no such ids.
  void raise_ids(ExampleId more);

  // What there is

  size_t example_count() const { return rows_.count(); }
  size_t class_count() const { return classes_.size(); }
  size_t dimension() const { return rows_.dimension(); }  ///< 0 while empty
  Storage storage() const { return rows_.storage(); }
  const std::vector<std::string>& labels() const { return classes_.labels(); }
  /// [class_count] examples of each class, in the order of labels().
  const std::vector<size_t>& counts() const { return classes_.counts(); }
  /// [class_count] the same, of disabled classes none.
  std::vector<size_t> voting_counts() const { return classes_.voting_counts(); }
  bool enabled(size_t class_index) const { return classes_.enabled(class_index); }
  bool contains(ExampleId id) const;
  uint32_t class_of(ExampleId id) const;
  /// [dimension] the example as it is stored: of length 1, and rounded as the storage rounds.
  std::vector<float> embedding(ExampleId id) const;
  /// All ids, or those of one class, rising.
  std::vector<ExampleId> ids() const;
  std::vector<ExampleId> ids(std::string_view label) const;
  /// Bytes of everything that grows with the examples.
  size_t memory_bytes() const;
  /// Changes with every change of what is stored.
  uint64_t revision() const { return revision_; }
  /// Changes when class indices stand for other classes, or other classes may vote.
  uint64_t class_revision() const { return classes_.revision(); }

  /// Spreads scans of many rows over threads. Empty: none.
  void set_parallel_for(ParallelFor parallel_for) { parallel_for_ = std::move(parallel_for); }

  static constexpr size_t kHistory = 100;

 private:
  friend class DatasetWriter;
  friend class DatasetReader;

  /// What undo() needs.
  struct Change {
    enum class Kind { Added, Removed, Moved } kind = Kind::Added;
    ExampleId id = 0;
    bool made_class = false;
    uint32_t class_index = 0;      ///< of Removed and Moved: before
    size_t dimension = 0;          ///< of Removed
    std::vector<std::byte> row{};  ///< of Removed
  };

  /// The embedding's length, after all that is asked of an embedding has been checked.
  double checked_norm(std::span<const float> embedding) const;
  void check_batch(std::span<const float> embeddings, size_t dimension) const;
  /// Room for `more` rows and their ids and classes, or Error{OutOfMemory}.
  void reserve(size_t more, size_t dimension);
  /// The id of the row to come, in the room that reserve() made.
  void append_entry(ExampleId id, uint32_t class_index) noexcept;
  size_t index_of(ExampleId id) const;
  /// Takes row i out, its class' count included.
  void remove_row(size_t i) noexcept;
  /// Gives up class indices, and with them the history.
  void erase_class(uint32_t index) noexcept;
  std::vector<std::vector<Neighbour>> nearest(std::span<const RowQuery> queries, size_t k,
                                              std::optional<size_t> left_out) const;

  Rows rows_;
  Classes classes_;
  std::vector<uint32_t> class_of_;  ///< [example_count]
  std::vector<ExampleId> id_of_;    ///< [example_count]
  RowOfId row_of_;
  ExampleId next_id_ = 0;  ///< above all that were given out
  std::list<Change> history_;
  ParallelFor parallel_for_;
  uint64_t revision_ = 0;
};

}  // namespace teachable
