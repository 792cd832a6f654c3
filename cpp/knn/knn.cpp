#include "knn/knn.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <new>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "core/heap_sort.h"
#include "core/text.h"
#include "knn/reserve_more.h"

namespace teachable {
namespace {

/// Rows that one thread scans before it looks for more work.
constexpr size_t kPartRows = 1024;
/// Queries of a batch that share each read of a row, and so the memory for their similarities.
constexpr size_t kQueriesTogether = 16;

/// A row that may be among the nearest.
struct Candidate {
  double highest;  ///< that its similarity can be
  size_t index;
};

[[noreturn]] void throw_bad_argument(const Text& message) {
  throw Error(ErrorCode::BadArgument, message);
}

[[noreturn]] void throw_no_ids() {
  throw Error(ErrorCode::OutOfMemory, "all 4,294,967,295 ids of examples have been given out");
}

}  // namespace

double Knn::checked_norm(std::span<const float> embedding) const {
  if (embedding.empty()) throw_bad_argument("the embedding has 0 values; it needs at least 1");
  if (rows_.count() > 0 && embedding.size() != rows_.dimension()) {
    throw_bad_argument(
        {"the embedding has ", embedding.size(), " values; the examples have ", rows_.dimension()});
  }
  const double norm = norm_of(embedding);
  if (!std::isfinite(norm)) {
    size_t i = 0;
    while (std::isfinite(embedding[i])) ++i;
    throw_bad_argument(
        {"value ", i, " of the embedding is ", embedding[i], "; all have to be finite"});
  }
  if (norm == 0) {
    throw_bad_argument(
        {"the embedding's ", embedding.size(), " values are all 0; a direction is needed"});
  }
  return norm;
}

void Knn::check_batch(std::span<const float> embeddings, size_t dimension) const {
  if (dimension == 0) throw_bad_argument("the embeddings have 0 values; they need at least 1");
  if (embeddings.size() % dimension != 0) {
    throw_bad_argument({"the batch has ", embeddings.size(),
                        " values, which is no multiple of the dimension ", dimension});
  }
}

void Knn::reserve(size_t more, size_t dimension) {
  if (more > size_t{UINT32_MAX} - next_id_) throw_no_ids();
  const auto no_memory = [&] {
    return Error(
        ErrorCode::OutOfMemory,
        {"there is no memory for ", more, " more examples of ", dimension, " values; the ",
         rows_.count(), " that are stored take ", memory_bytes() / 1'000'000, " MB; remove some",
         (rows_.storage() == Storage::I8 ? "" : ", or store them as bytes")});
  };
  try {
    rows_.reserve(more, dimension);
    reserve_more(class_of_, more);
    reserve_more(id_of_, more);
    row_of_.reserve(more);
  } catch (const std::bad_alloc&) {
    throw no_memory();
  } catch (const std::length_error&) {
    throw no_memory();
  }
}

void Knn::append_entry(ExampleId id, uint32_t class_index) noexcept {
  row_of_.add(id, static_cast<uint32_t>(id_of_.size()));
  class_of_.push_back(class_index);
  id_of_.push_back(id);
  next_id_ = std::max(next_id_, id + 1);
  classes_.count_in(class_index);
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
  // All that may throw comes first.
  reserve(1, embedding.size());
  Change change;
  history_.emplace_back();
  uint32_t class_index;
  try {
    const auto known = classes_.find(label);
    change.made_class = !known;
    class_index = known ? *known : classes_.add(label);
  } catch (...) {
    history_.pop_back();
    throw;
  }
  change.id = next_id_;
  history_.back() = std::move(change);
  if (history_.size() > kHistory) history_.pop_front();

  rows_.append(embedding, norm);
  append_entry(history_.back().id, class_index);
  return history_.back().id;
}

std::vector<ExampleId> Knn::add_batch(std::span<const float> embeddings, size_t dimension,
                                      std::span<const std::string> labels) {
  check_batch(embeddings, dimension);
  if (embeddings.size() / dimension != labels.size()) {
    throw_bad_argument({"the batch has ", embeddings.size() / dimension, " embeddings and ",
                        labels.size(), " labels"});
  }
  std::vector<double> norms;
  norms.reserve(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    try {
      norms.push_back(checked_norm(embeddings.subspan(i * dimension, dimension)));
    } catch (const Error& error) {
      throw_bad_argument({"embedding ", i, " of the batch: ", error.what()});
    }
  }
  std::vector<ExampleId> ids(labels.size());
  if (labels.empty()) return ids;
  reserve(labels.size(), dimension);
  const size_t old_class_count = classes_.size();
  const size_t remembered = std::min(labels.size(), kHistory);
  const size_t old_history = history_.size();
  std::vector<uint32_t> class_of(labels.size());
  std::vector<bool> made(labels.size());
  try {
    history_.resize(old_history + remembered);
    for (size_t i = 0; i < labels.size(); ++i) {
      const auto known = classes_.find(labels[i]);
      made[i] = !known;
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
      change->made_class = made[i];
      ++change;
    }
  }
  while (history_.size() > kHistory) history_.pop_front();
  return ids;
}

std::vector<std::vector<Neighbour>> Knn::nearest(std::span<const RowQuery> queries, size_t k,
                                                 std::optional<size_t> left_out) const {
  const size_t count = rows_.count();
  std::vector<std::vector<float>> scanned(queries.size());
  for (std::vector<float>& each : scanned) each.resize(count);
  const size_t part_count = (count + kPartRows - 1) / kPartRows;
  const std::function<void(size_t)> scan_part = [&](size_t part) {
    constexpr size_t kCached = 64;  // rows that stay in the cache from one query to the next
    const size_t end = std::min(count, (part + 1) * kPartRows);
    for (size_t first = part * kPartRows; first < end; first += kCached) {
      for (size_t q = 0; q < queries.size(); ++q) {
        rows_.scan(queries[q], first,
                   std::span(scanned[q]).subspan(first, std::min(kCached, end - first)));
      }
    }
  };
  if (parallel_for_ && part_count > 1) {
    parallel_for_(part_count, scan_part);
  } else {
    for (size_t part = 0; part < part_count; ++part) scan_part(part);
  }

  const auto all = [&] {
    for (size_t i = 0; i < classes_.size(); ++i) {
      if (!classes_.enabled(i) && classes_.counts()[i] > 0) return false;
    }
    return !left_out;
  }();
  const auto takes_part = [&](size_t i) {
    return all || (i != left_out && classes_.enabled(class_of_[i]));
  };

  std::vector<std::vector<Neighbour>> results;
  results.reserve(queries.size());
  for (size_t q = 0; q < queries.size(); ++q) {
    const RowQuery& query = queries[q];
    Nearest least(k);
    const auto offer = [&](float similarity, double margin) {
      least.offer({.similarity = std::nextafter(static_cast<float>(similarity - margin), -3.0f)});
    };
    // At least k rows are as similar as the k-th greatest of the least that similarities can be.
    for (size_t i = 0; i < count; ++i) {
      const float similarity = scanned[q][i];
      if (least.full() && similarity <= least.worst()) continue;
      if (takes_part(i)) offer(similarity, rows_.scan_margin(query, i));
    }
    float bar = least.full() ? least.worst() : -3;
    std::vector<Candidate> candidates;
    const auto out_of_reach = static_cast<float>(bar - rows_.largest_scan_margin(query) - 1e-6);
    for (size_t i = 0; i < count; ++i) {
      if (scanned[q][i] < out_of_reach) continue;
      const double highest = scanned[q][i] + rows_.scan_margin(query, i);
      if (highest >= bar && takes_part(i)) candidates.push_back({highest, i});
    }
    if (rows_.coarse(query) && candidates.size() > k) {
      least = Nearest(k);
      for (Candidate& candidate : candidates) {
        const float similarity = rows_.rescan(query, candidate.index);
        const double margin = rows_.margin(query, candidate.index);
        candidate.highest = similarity + margin;
        offer(similarity, margin);
      }
      bar = least.full() ? least.worst() : -3;
      std::erase_if(candidates, [&](const Candidate& each) { return each.highest < bar; });
    }
    // The most promising first: soon none of the rest can get in.
    heap_sort(candidates, [](const Candidate& a, const Candidate& b) {
      return a.highest != b.highest ? a.highest > b.highest : a.index < b.index;
    });
    Nearest found(k);
    for (const Candidate& candidate : candidates) {
      if (found.full() && candidate.highest < found.worst()) break;
      found.offer({.id = id_of_[candidate.index],
                   .class_index = class_of_[candidate.index],
                   .similarity = rows_.similarity(queries[q], candidate.index)});
    }
    results.push_back(found.sort());
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
    throw_bad_argument("there are no examples yet; a prediction needs at least 1");
  }
  const size_t enabled = classes_.enabled_count();
  if (enabled == 0) {
    throw_bad_argument("all classes with examples are disabled; a prediction needs an enabled one");
  }
  if (embeddings.empty() && dimension == 0) checked_norm(embeddings);
  check_batch(embeddings, dimension);
  const size_t query_count = embeddings.size() / dimension;
  const std::vector<size_t> voting_counts = classes_.voting_counts();
  std::vector<Prediction> predictions;
  predictions.reserve(query_count);
  for (size_t first = 0; first < query_count; first += kQueriesTogether) {
    std::vector<RowQuery> queries;
    for (size_t q = first; q < std::min(query_count, first + kQueriesTogether); ++q) {
      const std::span<const float> embedding = embeddings.subspan(q * dimension, dimension);
      queries.push_back(rows_.make_query(embedding, checked_norm(embedding)));
    }
    for (std::vector<Neighbour>& each : nearest(queries, std::min(options.k, enabled), {})) {
      predictions.push_back(vote(std::move(each), voting_counts, options));
    }
  }
  return predictions;
}

std::vector<Neighbour> Knn::neighbours_of(ExampleId id, size_t k) const {
  if (k < 1) throw_bad_argument("k is 0; it has to be at least 1");
  const size_t index = index_of(id);
  size_t others = classes_.enabled_count();
  if (classes_.enabled(class_of_[index])) --others;
  if (others == 0) return {};
  std::vector<float> values(rows_.dimension());
  rows_.decode(index, values.data());
  const RowQuery query = rows_.make_query(values, norm_of(values));
  return std::move(nearest({&query, 1}, std::min(k, others), index).front());
}

bool Knn::contains(ExampleId id) const { return row_of_.find(id) != RowOfId::kNone; }

size_t Knn::index_of(ExampleId id) const {
  const uint32_t row = row_of_.find(id);
  if (row == RowOfId::kNone) {
    throw_bad_argument({"there is no example ", id, "; it was removed or never added"});
  }
  return row;
}

uint32_t Knn::class_of(ExampleId id) const { return class_of_[index_of(id)]; }

std::vector<float> Knn::embedding(ExampleId id) const {
  const size_t index = index_of(id);
  std::vector<float> values(rows_.dimension());
  rows_.decode(index, values.data());
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
  classes_.count_out(class_of_[i]);
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
  if (history_.size() > kHistory) history_.pop_front();
  remove_row(i);
}

void Knn::move_to(ExampleId id, std::string_view label) {
  const size_t i = index_of(id);
  const auto known = classes_.find(label);
  if (known == class_of_[i]) return;
  history_.push_back(
      {.kind = Change::Kind::Moved, .id = id, .made_class = !known, .class_index = class_of_[i]});
  uint32_t to;
  try {
    to = known ? *known : classes_.add(label);
  } catch (...) {
    history_.pop_back();
    throw;
  }
  if (history_.size() > kHistory) history_.pop_front();
  classes_.count_out(class_of_[i]);
  classes_.count_in(to);
  class_of_[i] = to;
  ++revision_;
}

bool Knn::undo() {
  if (history_.empty()) return false;
  const Change& change = history_.back();
  uint32_t made = 0;
  switch (change.kind) {
    case Change::Kind::Added: {
      const size_t i = index_of(change.id);
      made = class_of_[i];
      remove_row(i);
      break;
    }
    case Change::Kind::Moved: {
      const size_t i = index_of(change.id);
      made = class_of_[i];
      classes_.count_out(made);
      classes_.count_in(change.class_index);
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
  // Later classes were made later, and so have been taken back, unless they were made by name.
  if (change.made_class && made + 1 == classes_.size() && classes_.counts()[made] == 0) {
    classes_.erase(made);
  }
  history_.pop_back();
  ++revision_;
  return true;
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
  for (uint32_t& each : class_of_) {
    if (each > index) --each;
  }
  history_.clear();
  ++revision_;
}

void Knn::merge(std::string_view from, std::string_view into) {
  const uint32_t gone = classes_.at(from), kept = classes_.at(into);
  if (gone == kept) throw_bad_argument("a class can't be merged with itself");
  std::replace(class_of_.begin(), class_of_.end(), gone, kept);
  classes_.count_in(kept, classes_.counts()[gone]);
  erase_class(gone);
}

void Knn::clear(std::string_view label) {
  // `label` may lie in labels(): it isn't looked at from here on.
  const uint32_t cleared = classes_.at(label);
  for (size_t i = class_of_.size(); i-- > 0;) {
    if (class_of_[i] == cleared) remove_row(i);
  }
  erase_class(cleared);
}

void Knn::clear() {
  rows_.clear();
  classes_.clear();
  // `= {}` would keep the memory of a vector.
  class_of_ = std::vector<uint32_t>();
  id_of_ = std::vector<ExampleId>();
  row_of_ = RowOfId();
  history_.clear();
  ++revision_;
}

void Knn::use_storage(Storage storage) {
  if (storage == rows_.storage()) return;
  if (rows_.count() > 0) {
    throw_bad_argument(
        {"there are ", rows_.count(), " examples, which are stored another way; clear them first"});
  }
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
  history_.swap(history);
  rows_ = Rows(storage);
  ++revision_;
}

void Knn::raise_ids(ExampleId more) {
  if (more > UINT32_MAX - next_id_) throw_no_ids();
  for (ExampleId& id : id_of_) id += more;
  row_of_.raise(more);
  next_id_ += more;
  history_.clear();
  ++revision_;
}

size_t Knn::memory_bytes() const {
  size_t bytes = rows_.memory_bytes() + class_of_.capacity() * sizeof(uint32_t) +
                 id_of_.capacity() * sizeof(ExampleId) + row_of_.memory_bytes();
  for (const Change& change : history_) bytes += sizeof(Change) + change.row.capacity();
  return bytes;
}

}  // namespace teachable
