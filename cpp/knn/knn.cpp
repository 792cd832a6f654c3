#include "knn/knn.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/buffer.h"
#include "core/error.h"
#include "knn/nearest.h"

namespace teachable {
namespace {

[[noreturn]] void throw_bad_argument(const std::string& message) {
  throw Error(ErrorCode::BadArgument, message);
}

/// reserve(size() + 1) that keeps push_back's amortised cost.
template <typename T>
void reserve_one(std::vector<T>& vector) {
  if (vector.size() == vector.capacity()) {
    vector.reserve(std::max<size_t>(2 * vector.capacity(), 8));
  }
}

}  // namespace

double Knn::checked_norm(std::span<const float> embedding) const {
  if (embedding.empty()) throw_bad_argument("the embedding has 0 values; it needs at least 1");
  if (rows_.count() > 0 && embedding.size() != rows_.dimension()) {
    throw_bad_argument("the embedding has " + std::to_string(embedding.size()) +
                       " values; the examples have " + std::to_string(rows_.dimension()));
  }
  const double norm = norm_of(embedding);
  if (!std::isfinite(norm)) {
    size_t i = 0;
    while (std::isfinite(embedding[i])) ++i;
    throw_bad_argument("value " + std::to_string(i) + " of the embedding is " +
                       std::to_string(embedding[i]) + "; all have to be finite");
  }
  if (norm == 0) {
    throw_bad_argument("the embedding's " + std::to_string(embedding.size()) +
                       " values are all 0; a direction is needed");
  }
  return norm;
}

size_t Knn::add(std::span<const float> embedding, std::string_view label) {
  const double norm = checked_norm(embedding);

  // All that may throw comes first. The map's entry is last of it, because it would have to be
  // undone.
  rows_.reserve_one(embedding.size());
  reserve_one(class_of_);
  uint32_t class_index;
  if (const auto known = class_by_label_.find(label); known != class_by_label_.end()) {
    class_index = known->second;
  } else {
    class_index = static_cast<uint32_t>(labels_.size());
    reserve_one(labels_);
    reserve_one(counts_);
    std::string name(label);
    class_by_label_.emplace(name, class_index);
    labels_.push_back(std::move(name));
    counts_.push_back(0);
  }

  rows_.append(embedding, norm);
  class_of_.push_back(class_index);
  ++counts_[class_index];
  return rows_.count() - 1;
}

Prediction Knn::predict(std::span<const float> embedding, size_t k) const {
  if (k < 1) throw_bad_argument("k is 0; it has to be at least 1");
  const size_t count = rows_.count();
  if (count == 0) throw_bad_argument("there are no examples yet; a prediction needs at least 1");
  const double norm = checked_norm(embedding);
  k = std::min(k, count);

  PaddedBuffer<float> query(UnitRows::stride_of(embedding.size()));
  UnitRows::write_unit(embedding, norm, query.data());
  Nearest nearest(k);
  std::array<float, 64> block;
  for (size_t first = 0; first < count; first += block.size()) {
    const std::span<float> similarities(block.data(), std::min(block.size(), count - first));
    rows_.similarities(query.data(), first, similarities);
    for (size_t i = 0; i < similarities.size(); ++i) nearest.offer(similarities[i], first + i);
  }

  Prediction prediction;
  prediction.neighbours.reserve(k);
  prediction.similarities.reserve(k);
  std::vector<size_t> votes(class_count());
  for (const Neighbour& neighbour : nearest.sort()) {
    prediction.neighbours.push_back(neighbour.index);
    prediction.similarities.push_back(neighbour.similarity);
    ++votes[class_of_[neighbour.index]];
  }

  prediction.confidences.reserve(votes.size());
  for (size_t class_votes : votes) {
    prediction.confidences.push_back(
        static_cast<float>(static_cast<double>(class_votes) / static_cast<double>(k)));
  }
  // Of the classes with most votes, the nearest example's: the first that comes by.
  const size_t most_votes = *std::max_element(votes.begin(), votes.end());
  for (size_t neighbour : prediction.neighbours) {
    prediction.class_index = class_of_[neighbour];
    if (votes[prediction.class_index] == most_votes) break;
  }
  return prediction;
}

void Knn::clear(std::string_view label) {
  const auto known = class_by_label_.find(label);
  if (known == class_by_label_.end()) {
    throw_bad_argument("there is no class \"" + std::string(label) + "\"");
  }
  // `label` may lie in labels_: it isn't looked at from here on.
  const uint32_t cleared = known->second;
  class_by_label_.erase(known);
  labels_.erase(labels_.begin() + cleared);
  counts_.erase(counts_.begin() + cleared);

  rows_.drop([&](size_t i) { return class_of_[i] == cleared; });
  std::erase(class_of_, cleared);
  const auto move_up = [cleared](uint32_t& class_index) {
    if (class_index > cleared) --class_index;
  };
  std::for_each(class_of_.begin(), class_of_.end(), move_up);
  for (auto& [_, class_index] : class_by_label_) move_up(class_index);
}

void Knn::clear() { *this = Knn(); }

}  // namespace teachable
