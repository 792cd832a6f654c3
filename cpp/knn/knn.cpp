#include "knn/knn.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <new>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "core/heap_sort.h"
#include "core/text.h"
#include "knn/combine.h"
#include "knn/reserve_more.h"

namespace teachable {
namespace {

/// Number of rows that a thread scans as one unit of work.
constexpr size_t kRowsPerPart = 1024;
/// Number of queries that are compared with a row while it is in the cache. It bounds the memory
/// for similarities.
constexpr size_t kQueriesPerPass = 16;

/// Number of changes at once that a linear head follows one by one.
constexpr size_t kMaxHeadChanges = 8;

/// Row that may be among the nearest.
struct Candidate {
  double upper_bound;  ///< upper bound of its similarity to the query
  size_t index;
};

[[noreturn]] void throw_bad_argument(const Text& message) {
  throw Error(ErrorCode::BadArgument, message);
}

[[noreturn]] void throw_no_ids() {
  throw Error(
      ErrorCode::OutOfMemory,
      "All 4,294,967,295 example ids have been used. Save the examples and load them again: "
      "they then get new ids.");
}

/// Throws std::bad_alloc unless there is enough memory for calls that don't add examples, such as a
/// save, a prediction and a change of the storage format: for pieces of files, for a similarity and
/// a candidate of each row, and for a linear head.
void check_spare_memory(size_t row_count, size_t head_bytes) {
  const size_t bytes =
      (size_t{4} << 20) + row_count * (sizeof(float) + sizeof(Candidate)) + head_bytes;
  ::operator delete(::operator new(bytes));
}

/// Memory of examples, in bytes, up to which nothing is checked. WebAssembly memory never shrinks,
/// so the check makes it larger by what it checks. Few examples leave the browser enough to give.
constexpr size_t kUncheckedBytes = size_t{32} << 20;

LinearHead::RowOwner owner_of_rows(const Rows& rows) {
  return rows.storage() == Storage::F32 ? LinearHead::RowOwner::Caller : LinearHead::RowOwner::Head;
}

}  // namespace

double Knn::checked_norm(std::span<const float> embedding) const {
  if (embedding.empty()) throw_bad_argument("The embedding has 0 values. It must have at least 1.");
  if (rows_.count() > 0 && embedding.size() != rows_.dimension()) {
    throw_bad_argument({"The embedding has ", embedding.size(),
                        " values, but the stored examples have ", rows_.dimension(),
                        ". Use embeddings of the same model."});
  }
  const double norm = norm_of(embedding);
  if (!std::isfinite(norm)) {
    size_t i = 0;
    while (std::isfinite(embedding[i])) ++i;
    throw_bad_argument(
        {"Value ", i, " of the embedding is ", embedding[i], ". All values must be finite."});
  }
  if (norm == 0) {
    throw_bad_argument({"All ", embedding.size(),
                        " values of the embedding are 0. At least one must be different, because "
                        "cosine similarity "
                        "compares directions."});
  }
  return norm;
}

void Knn::check_batch(std::span<const float> embeddings, size_t dimension) const {
  if (dimension == 0)
    throw_bad_argument("The embeddings have dimension 0. They must have at least 1 value each.");
  if (embeddings.size() % dimension != 0) {
    throw_bad_argument({"The batch has ", embeddings.size(),
                        " values, which is not a multiple of the dimension ", dimension, "."});
  }
}

void Knn::check_ids(size_t more) const {
  if (more > ids_left()) throw_no_ids();
}

void Knn::reserve(size_t more, size_t dimension) {
  const auto no_memory = [&] {
    return Error(
        ErrorCode::OutOfMemory,
        {"There is not enough memory for ", more, " more examples of ", dimension, " values. The ",
         rows_.count(), " stored examples take ", memory_bytes() / 1'000'000, " MB. Remove some",
         (rows_.storage() == Storage::I8 ? "." : ", or change the storage format to 'i8'.")});
  };
  try {
    const bool grows = !rows_.has_room(more, dimension);
    rows_.reserve(more, dimension);
    reserve_more(class_of_, more);
    reserve_more(id_of_, more);
    row_of_.reserve(more);
    // Last, so that what it frees is in one piece with the memory that was never used.
    const size_t count = rows_.count() + more;
    if (grows && rows_.memory_bytes() > kUncheckedBytes) {
      check_spare_memory(count, LinearHead::needed_bytes(dimension, count, classes_.size() + 1,
                                                         owner_of_rows(rows_)));
    }
  } catch (const std::bad_alloc&) {
    rows_.free_unused();
    throw no_memory();
  } catch (const std::length_error&) {
    rows_.free_unused();
    throw no_memory();
  }
}

const float* Knn::row_for(LinearHead& head, size_t i) const noexcept {
  if (const float* values = rows_.values(i)) return values;
  rows_.decode(i, head.row_buffer());
  return head.row_buffer();
}

template <typename Change>
void Knn::update_head(size_t i, const Change& change) noexcept {
  if (!head_) return;
  change(*head_, row_for(*head_, i));
}

void Knn::reserve_head() noexcept {
  if (!head_) return;
  try {
    head_->reserve(classes_.size());
  } catch (const std::bad_alloc&) {
    // The head is derived from the examples, which matter more.
    head_.reset();
  }
}

void Knn::append_entry(ExampleId id, uint32_t class_index) noexcept {
  row_of_.add(id, static_cast<uint32_t>(id_of_.size()));
  class_of_.push_back(class_index);
  id_of_.push_back(id);
  next_id_ = std::max(next_id_, id + 1);
  classes_.increase_count(class_index);
  reserve_head();
  update_head(id_of_.size() - 1,
              [&](LinearHead& head, const float* row) { head.add(row, id, class_index); });
  ++revision_;
}

uint32_t Knn::add_class(std::string_view label) {
  if (const auto known = classes_.find(label)) return *known;
  const uint32_t index = classes_.add(label);
  ++revision_;
  return index;
}

ExampleId Knn::add(std::span<const float> embedding, std::string_view label) {
  const double norm = checked_norm(embedding);
  check_ids(1);
  // Everything that may throw comes first.
  reserve(1, embedding.size());
  Change change;
  history_.emplace_back();
  uint32_t class_index;
  try {
    const auto known = classes_.find(label);
    change.created_class = !known;
    class_index = known ? *known : classes_.add(label);
  } catch (...) {
    history_.pop_back();
    throw;
  }
  change.id = next_id_;
  history_.back() = std::move(change);
  trim_history();

  rows_.append(embedding, norm);
  append_entry(history_.back().id, class_index);
  return history_.back().id;
}

std::vector<ExampleId> Knn::add_batch(std::span<const float> embeddings, size_t dimension,
                                      std::span<const std::string> labels) {
  check_batch(embeddings, dimension);
  if (embeddings.size() / dimension != labels.size()) {
    throw_bad_argument({"The batch has ", embeddings.size() / dimension, " embeddings, but ",
                        labels.size(), " labels. Pass one label per embedding."});
  }
  std::vector<double> norms;
  norms.reserve(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    try {
      norms.push_back(checked_norm(embeddings.subspan(i * dimension, dimension)));
    } catch (const Error& error) {
      throw_bad_argument({"Embedding ", i, " of the batch is invalid. ", error.what()});
    }
  }
  std::vector<ExampleId> ids(labels.size());
  if (labels.empty()) return ids;
  check_ids(labels.size());
  // One new head costs less than many changes.
  if (labels.size() > kMaxHeadChanges) head_.reset();
  reserve(labels.size(), dimension);
  const size_t old_class_count = classes_.size();
  const size_t remembered = std::min(labels.size(), kMaxHistory);
  const size_t old_history = history_.size();
  std::vector<uint32_t> class_of(labels.size());
  std::vector<bool> created(labels.size());
  try {
    history_.resize(old_history + remembered);
    for (size_t i = 0; i < labels.size(); ++i) {
      const auto known = classes_.find(labels[i]);
      created[i] = !known;
      class_of[i] = known ? *known : classes_.add(labels[i]);
    }
  } catch (...) {
    history_.resize(old_history);
    while (classes_.size() > old_class_count) {
      classes_.erase(static_cast<uint32_t>(classes_.size() - 1));
    }
    throw;
  }
  auto change = std::prev(history_.end(), static_cast<std::ptrdiff_t>(remembered));
  for (size_t i = 0; i < labels.size(); ++i) {
    ids[i] = next_id_;
    rows_.append(embeddings.subspan(i * dimension, dimension), norms[i]);
    append_entry(ids[i], class_of[i]);
    if (i + remembered >= labels.size()) {
      change->id = ids[i];
      change->created_class = created[i];
      ++change;
    }
  }
  trim_history();
  return ids;
}

std::vector<Knn::Votes> Knn::nearest(std::span<const RowQuery> queries, size_t k,
                                     std::optional<size_t> left_out, bool votes) const {
  const size_t count = rows_.count();
  std::vector<std::vector<float>> scanned(queries.size());
  for (std::vector<float>& each : scanned) each.resize(count);
  const size_t part_count = (count + kRowsPerPart - 1) / kRowsPerPart;
  const std::function<void(size_t)> scan_part = [&](size_t part) {
    constexpr size_t kRowsInCache = 64;  // rows that stay in the cache from one query to the next
    const size_t end = std::min(count, (part + 1) * kRowsPerPart);
    for (size_t first = part * kRowsPerPart; first < end; first += kRowsInCache) {
      for (size_t q = 0; q < queries.size(); ++q) {
        rows_.scan(queries[q], first,
                   std::span(scanned[q]).subspan(first, std::min(kRowsInCache, end - first)));
      }
    }
  };
  if (parallel_for_ && part_count > 1) {
    parallel_for_(part_count, scan_part);
  } else {
    for (size_t part = 0; part < part_count; ++part) scan_part(part);
  }

  const bool all_eligible = [&] {
    for (size_t i = 0; i < classes_.size(); ++i) {
      if (!classes_.enabled(i) && classes_.counts()[i] > 0) return false;
    }
    return !left_out;
  }();
  const auto eligible = [&](size_t i) {
    return all_eligible || (i != left_out && classes_.enabled(class_of_[i]));
  };

  std::vector<Votes> results;
  results.reserve(queries.size());
  for (size_t q = 0; q < queries.size(); ++q) {
    const RowQuery& query = queries[q];
    Nearest lower_bounds(k);
    const auto offer = [&](float similarity, double margin) {
      lower_bounds.offer(
          {.similarity = std::nextafter(static_cast<float>(similarity - margin), -3.0f)});
    };
    // At least k rows are as similar as the k-th greatest lower bound, so a row whose upper bound
    // is below it cannot be among the k nearest.
    for (size_t i = 0; i < count; ++i) {
      const float similarity = scanned[q][i];
      if (lower_bounds.full() && similarity <= lower_bounds.lowest_similarity()) continue;
      if (eligible(i)) offer(similarity, rows_.scan_margin(query, i));
    }
    float threshold = lower_bounds.full() ? lower_bounds.lowest_similarity() : -3;
    std::vector<Candidate> candidates;
    const auto scan_threshold =
        static_cast<float>(threshold - rows_.largest_scan_margin(query) - 1e-6);
    for (size_t i = 0; i < count; ++i) {
      if (scanned[q][i] < scan_threshold) continue;
      const double upper_bound = scanned[q][i] + rows_.scan_margin(query, i);
      if (upper_bound >= threshold && eligible(i)) candidates.push_back({upper_bound, i});
    }
    if (rows_.coarse(query) && candidates.size() > k) {
      lower_bounds = Nearest(k);
      for (Candidate& candidate : candidates) {
        const float similarity = rows_.rescan(query, candidate.index);
        const double margin = rows_.margin(query, candidate.index);
        candidate.upper_bound = similarity + margin;
        offer(similarity, margin);
      }
      threshold = lower_bounds.full() ? lower_bounds.lowest_similarity() : -3;
      std::erase_if(candidates,
                    [&](const Candidate& each) { return each.upper_bound < threshold; });
    }
    // Re-ranking with exact similarities, highest upper bound first. It ends when no remaining
    // candidate can be among the k nearest.
    heap_sort(candidates, [](const Candidate& a, const Candidate& b) {
      return a.upper_bound != b.upper_bound ? a.upper_bound > b.upper_bound : a.index < b.index;
    });
    Nearest found(k);
    for (const Candidate& candidate : candidates) {
      if (found.full() && candidate.upper_bound < found.lowest_similarity()) break;
      found.offer({.id = id_of_[candidate.index],
                   .class_index = class_of_[candidate.index],
                   .similarity = rows_.similarity(queries[q], candidate.index)});
    }
    results.push_back({.neighbours = found.take_sorted(), .votes = {}});
    if (!votes) continue;
    // The scan's similarities are exact to about 0.001, which changes a vote by 2 percent.
    AllVotes all(classes_.size(), results.back().neighbours.front().similarity);
    for (size_t i = 0; i < count; ++i) {
      if (eligible(i)) all.add(scanned[q][i], class_of_[i]);
    }
    results.back().votes = all.take();
  }
  return results;
}

Prediction Knn::predict(std::span<const float> embedding, const PredictOptions& options) const {
  return std::move(predict_batch(embedding, embedding.size(), options).front());
}

std::vector<Prediction> Knn::predict_batch(std::span<const float> embeddings, size_t dimension,
                                           const PredictOptions& options) const {
  check(options);
  if (rows_.count() == 0) {
    throw_bad_argument("There are no examples to predict from. Add at least one first.");
  }
  const size_t enabled = classes_.enabled_count();
  if (enabled == 0) {
    throw_bad_argument(
        "All classes with examples are disabled. Enable at least one before predicting.");
  }
  if (embeddings.empty() && dimension == 0) checked_norm(embeddings);
  check_batch(embeddings, dimension);
  const size_t query_count = embeddings.size() / dimension;
  const std::vector<size_t> voting_counts = classes_.voting_counts();
  const bool combined = options.rule == Rule::Combined;
  std::optional<LinearHead> own_head;
  if (combined && !head_) own_head.emplace(make_head());
  const LinearHead* const head = head_ ? &*head_ : own_head ? &*own_head : nullptr;
  std::vector<double> scores(classes_.size());
  // Rule::Combined compares with two neighbours to tell what is unknown.
  const size_t k = std::min(combined ? std::max<size_t>(options.k, 2) : options.k, enabled);
  std::vector<Prediction> predictions;
  predictions.reserve(query_count);
  for (size_t first = 0; first < query_count; first += kQueriesPerPass) {
    std::vector<RowQuery> queries;
    for (size_t q = first; q < std::min(query_count, first + kQueriesPerPass); ++q) {
      const std::span<const float> embedding = embeddings.subspan(q * dimension, dimension);
      queries.push_back(rows_.make_query(embedding, checked_norm(embedding)));
    }
    std::vector<Votes> found = nearest(queries, k, {}, combined);
    for (size_t i = 0; i < found.size(); ++i) {
      if (!combined) {
        predictions.push_back(vote(std::move(found[i].neighbours), voting_counts, options));
        continue;
      }
      head->scores(queries[i].unit.data(), scores);
      predictions.push_back(
          combine(std::move(found[i].neighbours), found[i].votes, scores, voting_counts, options));
    }
  }
  return predictions;
}

Knn::Votes Knn::nearest_to(ExampleId id, size_t k, bool votes) const {
  if (k < 1) throw_bad_argument("k is 0. It must be at least 1.");
  const size_t index = index_of(id);
  size_t others = classes_.enabled_count();
  if (classes_.enabled(class_of_[index])) --others;
  if (others == 0) return {};
  std::vector<float> values(rows_.dimension());
  rows_.decode(index, values.data());
  const RowQuery query = rows_.make_query(values, norm_of(values));
  return std::move(nearest({&query, 1}, std::min(k, others), index, votes).front());
}

Knn::Votes Knn::votes_without(ExampleId id, size_t k) const { return nearest_to(id, k, true); }

std::vector<Neighbour> Knn::neighbours_of(ExampleId id, size_t k) const {
  return std::move(nearest_to(id, k, false).neighbours);
}

LinearHead Knn::make_head() const try {
  LinearHead head(rows_.dimension(), owner_of_rows(rows_));
  std::vector<std::vector<size_t>> rows_of_class(classes_.size());
  for (size_t i = 0; i < class_of_.size(); ++i) rows_of_class[class_of_[i]].push_back(i);
  // The factor takes one example of each class in turn, until it is full.
  std::vector<bool> in_factor(class_of_.size());
  for (size_t turn = 0, chosen = 1; chosen > 0 && head.factor_count() < head.max_factor(); ++turn) {
    chosen = 0;
    for (uint32_t c = 0; c < rows_of_class.size(); ++c) {
      if (turn >= rows_of_class[c].size() || head.factor_count() == head.max_factor()) continue;
      const size_t i = rows_of_class[c][turn];
      head.reserve(classes_.size());
      head.add(row_for(head, i), id_of_[i], c);
      in_factor[i] = true;
      ++chosen;
    }
  }
  std::vector<double> sum(head.stride());
  for (uint32_t c = 0; c < rows_of_class.size(); ++c) {
    std::fill(sum.begin(), sum.end(), 0.0);
    size_t count = 0;
    for (const size_t i : rows_of_class[c]) {
      if (in_factor[i]) continue;
      const float* const row = row_for(head, i);
      for (size_t at = 0; at < rows_.dimension(); ++at) sum[at] += double{row[at]};
      ++count;
    }
    if (count > 0) head.add_sum(sum.data(), count, c);
  }
  return head;
} catch (const std::bad_alloc&) {
  throw Error(
      ErrorCode::OutOfMemory,
      {"There is not enough memory for the linear head of ", rows_.count(), " examples of ",
       rows_.dimension(), " values. Remove some examples, or predict with the rule 'neighbours'."});
}

void Knn::prepare(const PredictOptions& options) {
  if (options.rule == Rule::Combined && !head_ && rows_.count() > 0) head_.emplace(make_head());
}

bool Knn::contains(ExampleId id) const { return row_of_.find(id) != RowOfId::kNoRow; }

size_t Knn::index_of(ExampleId id) const {
  const uint32_t row = row_of_.find(id);
  if (row == RowOfId::kNoRow) {
    throw_bad_argument({"There is no example ", id, ". It was removed or never added."});
  }
  return row;
}

uint32_t Knn::class_of(ExampleId id) const { return class_of_[index_of(id)]; }

std::vector<float> Knn::embedding(ExampleId id) const {
  std::vector<float> values(rows_.dimension());
  embedding(id, values.data());
  return values;
}

std::vector<ExampleId> Knn::ids() const { return row_of_.ids(); }

std::vector<ExampleId> Knn::ids(std::string_view label) const {
  const uint32_t wanted = classes_.at(label);
  std::vector<ExampleId> result = row_of_.ids();
  std::erase_if(result, [&](ExampleId id) { return class_of_[row_of_.find(id)] != wanted; });
  return result;
}

void Knn::remove_row(size_t i) noexcept {
  update_head(
      i, [&](LinearHead& head, const float* row) { head.remove(row, id_of_[i], class_of_[i]); });
  // The last row takes this one's place.
  if (head_ && rows_.values(i) != nullptr) head_->follow(id_of_.back(), rows_.values(i));
  classes_.decrease_count(class_of_[i]);
  row_of_.move(id_of_.back(), static_cast<uint32_t>(i));
  row_of_.remove(id_of_[i]);
  class_of_[i] = class_of_.back();
  id_of_[i] = id_of_.back();
  class_of_.pop_back();
  id_of_.pop_back();
  rows_.remove(i);
  ++revision_;
}

void Knn::remove(ExampleId id) {
  const size_t i = index_of(id);
  Change change{.kind = Change::Kind::Removed,
                .id = id,
                .class_index = class_of_[i],
                .dimension = rows_.dimension(),
                .row = {}};
  change.row.resize(rows_.row_bytes());
  rows_.write_row(i, change.row.data());
  history_.push_back(std::move(change));
  trim_history();
  remove_row(i);
}

void Knn::move_to(ExampleId id, std::string_view label) {
  const size_t i = index_of(id);
  const auto known = classes_.find(label);
  if (known == class_of_[i]) return;
  history_.push_back({.kind = Change::Kind::Moved,
                      .id = id,
                      .created_class = !known,
                      .class_index = class_of_[i]});
  uint32_t to;
  try {
    to = known ? *known : classes_.add(label);
  } catch (...) {
    history_.pop_back();
    throw;
  }
  trim_history();
  classes_.decrease_count(class_of_[i]);
  classes_.increase_count(to);
  reserve_head();
  update_head(i, [&](LinearHead& head, const float* row) { head.move(row, id, class_of_[i], to); });
  class_of_[i] = to;
  ++revision_;
}

bool Knn::undo() {
  trimmed_.clear();
  return undo_last();
}

bool Knn::undo_last() {
  if (history_.empty()) return false;
  const Change& change = history_.back();
  uint32_t class_after = 0;
  switch (change.kind) {
    case Change::Kind::Added: {
      const size_t i = index_of(change.id);
      class_after = class_of_[i];
      remove_row(i);
      break;
    }
    case Change::Kind::Moved: {
      const size_t i = index_of(change.id);
      class_after = class_of_[i];
      classes_.decrease_count(class_after);
      classes_.increase_count(change.class_index);
      reserve_head();
      update_head(i, [&](LinearHead& head, const float* row) {
        head.move(row, change.id, class_after, change.class_index);
      });
      class_of_[i] = change.class_index;
      break;
    }
    case Change::Kind::Removed: {
      reserve(1, change.dimension);
      rows_.append_row(change.row.data());
      append_entry(change.id, change.class_index);
      break;
    }
  }
  // Classes that were created later have been undone already, unless add_class() created them.
  if (change.created_class && class_after + 1 == classes_.size() &&
      classes_.counts()[class_after] == 0) {
    classes_.erase(class_after);
    if (head_) head_->erase_class(class_after);
  }
  history_.pop_back();
  ++revision_;
  return true;
}

// Undoing an added example, which exists, allocates nothing and finds everything.
// NOLINTNEXTLINE(bugprone-exception-escape)
void Knn::take_back() noexcept {
  const bool was_full = history_.size() == kMaxHistory;
  next_id_ = history_.back().id;
  // A head without this example would have rounding errors of its own. The next one is made anew.
  head_.reset();
  undo_last();
  if (was_full && !trimmed_.empty()) {
    history_.splice(history_.begin(), trimmed_, std::prev(trimmed_.end()));
  }
}

void Knn::trim_history() noexcept {
  while (history_.size() > kMaxHistory) {
    trimmed_.splice(trimmed_.end(), history_, history_.begin());
  }
  while (trimmed_.size() > kMaxTakenBack) trimmed_.pop_front();
}

void Knn::clear_history() noexcept {
  history_.clear();
  trimmed_.clear();
}

void Knn::rename(std::string_view label, std::string_view new_label) {
  classes_.rename(classes_.at(label), new_label);
  ++revision_;
}

void Knn::enable(std::string_view label, bool enabled) {
  classes_.enable(classes_.at(label), enabled);
  ++revision_;
}

void Knn::erase_class(uint32_t index) noexcept {
  classes_.erase(index);
  if (head_) head_->erase_class(index);
  for (uint32_t& each : class_of_) {
    if (each > index) --each;
  }
  clear_history();
  ++revision_;
}

void Knn::merge(std::string_view from, std::string_view into) {
  const uint32_t merged = classes_.at(from), target = classes_.at(into);
  if (merged == target)
    throw_bad_argument("A class cannot be merged with itself. Pass two different labels.");
  std::replace(class_of_.begin(), class_of_.end(), merged, target);
  classes_.increase_count(target, classes_.counts()[merged]);
  reserve_head();
  if (head_) head_->merge(merged, target);
  erase_class(merged);
}

void Knn::clear(std::string_view label) {
  // `label` may be a view of an element of labels(), so it must not be used after this line.
  const uint32_t cleared = classes_.at(label);
  if (classes_.counts()[cleared] > kMaxHeadChanges) head_.reset();
  for (size_t i = class_of_.size(); i-- > 0;) {
    if (class_of_[i] == cleared) remove_row(i);
  }
  erase_class(cleared);
}

void Knn::clear() {
  head_.reset();
  rows_.clear();
  classes_.clear();
  // Assigning `{}` would keep the capacity of a vector.
  class_of_ = std::vector<uint32_t>();
  id_of_ = std::vector<ExampleId>();
  row_of_ = RowOfId();
  next_id_ = 0;
  clear_history();
  ++revision_;
}

void Knn::use_storage(Storage storage) {
  if (storage == rows_.storage()) return;
  // Everything that may throw comes first.
  std::list<Change> history = history_;
  for (Change& change : history) {
    if (change.kind != Change::Kind::Removed) continue;
    Rows before(rows_.storage()), after(storage);
    before.reserve(1, change.dimension);
    before.append_row(change.row.data());
    std::vector<float> values(change.dimension);
    before.decode(0, values.data());
    after.reserve(1, change.dimension);
    after.append(values, norm_of(values));
    change.row.resize(after.row_bytes());
    after.write_row(0, change.row.data());
  }
  // The examples are rounded anew. Its memory is needed for them, too.
  head_.reset();
  try {
    rows_.convert(storage);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::OutOfMemory,
                {"There is not enough memory to store ", rows_.count(),
                 " examples in a larger format. Keep the present format, or remove some."});
  }
  history_.swap(history);
  ++revision_;
}

void Knn::raise_ids(ExampleId more) {
  if (more > UINT32_MAX - next_id_) throw_no_ids();
  head_.reset();
  for (ExampleId& id : id_of_) id += more;
  row_of_.raise(more);
  next_id_ += more;
  clear_history();
  ++revision_;
}

void Knn::renumber() noexcept {
  head_.reset();
  row_of_.renumber();
  for (ExampleId id = 0; id < id_of_.size(); ++id) id_of_[row_of_.find(id)] = id;
  next_id_ = static_cast<ExampleId>(id_of_.size());
  clear_history();
  ++revision_;
}

size_t Knn::memory_bytes() const {
  size_t bytes = rows_.memory_bytes() + class_of_.capacity() * sizeof(uint32_t) +
                 id_of_.capacity() * sizeof(ExampleId) + row_of_.memory_bytes() +
                 (head_ ? head_->memory_bytes() : 0);
  for (const std::list<Change>* changes : {&history_, &trimmed_}) {
    for (const Change& change : *changes) bytes += sizeof(Change) + change.row.capacity();
  }
  return bytes;
}

}  // namespace teachable
