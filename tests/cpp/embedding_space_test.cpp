#include "classifier/embedding_space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "core/error.h"
#include "half.h"
#include "test_seed.h"

namespace teachable::testing {
namespace {

struct Direction {
  float factor;
  std::vector<int8_t> values;
};

std::vector<uint8_t> file_of(const std::vector<float>& mean,
                             const std::vector<Direction>& directions) {
  std::vector<uint8_t> file;
  for (const float value : mean) {
    const uint16_t half = to_half(value);
    file.push_back(static_cast<uint8_t>(half));
    file.push_back(static_cast<uint8_t>(half >> 8));
  }
  for (const auto& [factor, values] : directions) {
    uint8_t bytes[sizeof factor];
    std::memcpy(bytes, &factor, sizeof factor);
    file.insert(file.end(), std::begin(bytes), std::end(bytes));
    for (const int8_t value : values) file.push_back(static_cast<uint8_t>(value));
  }
  return file;
}

using Row = std::vector<double>;

void scale(Row& row, double length) {
  double squares = 0;
  for (const double value : row) squares += value * value;
  for (double& value : row) value *= squares > 0 ? length / std::sqrt(squares) : 0;
}

/// The formula of EmbeddingSpace, element by element in double precision.
Row transform(const std::vector<float>& raw, size_t last_size, const std::vector<float>& mean,
              const std::vector<Direction>& directions) {
  const auto middle_begin = raw.begin() + static_cast<std::ptrdiff_t>(last_size);
  Row last(raw.begin(), middle_begin), middle(middle_begin, raw.end());
  for (Row* layer : {&last, &middle}) scale(*layer, 1);
  for (size_t i = 0; i < last.size(); ++i) last[i] -= mean[i];
  for (size_t i = 0; i < middle.size(); ++i) middle[i] -= mean[last_size + i];
  for (const auto& [factor, values] : directions) {
    double dot = 0;
    for (size_t i = 0; i < middle.size(); ++i) dot += values[i] * middle[i];
    for (size_t i = 0; i < middle.size(); ++i) middle[i] -= factor * dot * values[i];
  }
  scale(last, 1);
  scale(middle, EmbeddingSpace::kMiddleWeight);
  last.insert(last.end(), middle.begin(), middle.end());
  return last;
}

class EmbeddingSpaceTest : public ::testing::Test {
 protected:
  std::mt19937 random_{test_seed()};

  size_t below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }
  std::vector<float> values(size_t count) {
    std::vector<float> result(count);
    // Multiples of 1/256, which a float16 holds.
    for (float& value : result) value = static_cast<float>(below(256)) / 256;
    return result;
  }
};

TEST_F(EmbeddingSpaceTest, AgreesWithTheFormula) {
  for (int round = 0; round < 100; ++round) {
    const size_t last_size = 1 + below(40), middle_size = 2 + below(40);
    const std::vector<float> mean = values(last_size + middle_size);
    std::vector<Direction> directions(below(5));
    for (auto& [factor, row] : directions) {
      for (size_t i = 0; i < middle_size; ++i) {
        row.push_back(static_cast<int8_t>(static_cast<int>(below(255)) - 127));
      }
      // About 0.5 in a direction of unit length.
      factor = 0.5f / (5400.0f * static_cast<float>(middle_size));
    }
    EmbeddingSpace space(file_of(mean, directions), last_size, middle_size);
    for (int frame = 0; frame < 3; ++frame) {
      std::vector<float> raw = values(last_size + middle_size);
      for (float& value : raw) value += 0.25f;
      const Row expected = transform(raw, last_size, mean, directions);
      const std::span<const float> result = space.transform(raw);
      ASSERT_EQ(result.size(), expected.size());
      for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(result[i], expected[i], 1e-4) << i;
    }
  }
}

TEST_F(EmbeddingSpaceTest, GivesFiniteValuesForZeros) {
  EmbeddingSpace space(file_of({0, 0, 0.5f, 0.5f}, {{1, {127, 0}}}), 2, 2);
  for (const float value : space.transform(std::vector<float>(4))) {
    EXPECT_TRUE(std::isfinite(value));
  }
}

TEST_F(EmbeddingSpaceTest, RefusesDamagedFiles) {
  const auto error_of = [](const std::vector<uint8_t>& file) {
    try {
      EmbeddingSpace(file, 2, 3);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::Internal;
  };
  const std::vector<float> mean(5, 0.5f);
  const std::vector<uint8_t> good = file_of(mean, {{0.25f, {1, 2, 3}}});
  EXPECT_NO_THROW(EmbeddingSpace(good, 2, 3));
  for (size_t size = 0; size < good.size(); ++size) {
    const std::vector<uint8_t> cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    if (size != 2 * mean.size()) EXPECT_EQ(error_of(cut), ErrorCode::BadModel) << size;
  }
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float factor : {-0.1f, kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_EQ(error_of(file_of(mean, {{factor, {1, 2, 3}}})), ErrorCode::BadModel) << factor;
  }
  std::vector<uint8_t> infinite = good;
  infinite[9] = 0x7c;
  infinite[8] = 0;
  EXPECT_EQ(error_of(infinite), ErrorCode::BadModel);
}

}  // namespace
}  // namespace teachable::testing
