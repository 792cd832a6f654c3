#include "knn/rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "test_seed.h"

namespace teachable {
namespace {

using Vector = std::vector<float>;
using Bytes = std::vector<std::byte>;

Bytes written(const Rows& rows, size_t i) {
  Bytes bytes(rows.row_bytes());
  rows.write_row(i, bytes.data());
  return bytes;
}

Bytes written(Storage storage, const Vector& vector) {
  Rows rows(storage);
  rows.reserve(1, vector.size());
  rows.append(vector, norm_of(vector));
  return written(rows, 0);
}

/// Returns the same row with its length multiplied by `factor`.
Bytes scaled(Storage storage, Bytes bytes, float factor) {
  const size_t floats = storage == Storage::F32 ? bytes.size() / sizeof(float) : 2;
  for (size_t i = 0; i < floats; ++i) {
    float value;
    std::memcpy(&value, &bytes[i * sizeof value], sizeof value);
    value *= factor;
    std::memcpy(&bytes[i * sizeof value], &value, sizeof value);
  }
  return bytes;
}

double length(const Rows& rows, size_t i) {
  Vector values(rows.dimension());
  rows.decode(i, values.data());
  return norm_of(values);
}

class RowBytes : public ::testing::TestWithParam<Storage> {};

TEST_P(RowBytes, AreRestoredBitByBit) {
  const uint32_t seed = testing::test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (const size_t dimension : {1, 2, 33, 1280, 200'000}) {
    // Kinds: values around 0; nearly equal values; mostly zeros; one value with almost all the
    // length.
    for (const int kind : {0, 1, 2, 3}) {
      Vector vector(dimension);
      for (float& value : vector) {
        value = normal(random) * (kind == 3 ? 1e-3f : 1) + (kind == 1 ? 100 : 0);
        if (kind == 2 && random() % 8 != 0) value = 0;
      }
      if (kind >= 2) vector[dimension / 2] = std::sqrt(static_cast<float>(dimension));
      const Bytes bytes = written(GetParam(), vector);
      Rows rows(GetParam());
      rows.reserve(1, dimension);
      ASSERT_TRUE(rows.append_row(bytes.data()));
      ASSERT_EQ(written(rows, 0), bytes) << dimension << " values of kind " << kind;
    }
  }
}

TEST_P(RowBytes, AreNormalizedWhenTheirLengthIsInexact) {
  Rows rows(GetParam());
  rows.reserve(3, 3);
  const Bytes bytes = written(GetParam(), {1, 2, 3});
  for (const float factor : {1.0004f, 0.9996f}) {
    ASSERT_TRUE(rows.append_row(scaled(GetParam(), bytes, factor).data()));
    EXPECT_NEAR(length(rows, rows.count() - 1), 1, 3e-7) << factor;
  }
  for (const float factor : {1.001f, 0.999f, 0.0f, 1e30f}) {
    EXPECT_FALSE(rows.append_row(scaled(GetParam(), bytes, factor).data())) << factor;
  }
  EXPECT_EQ(rows.count(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Storages, RowBytes,
                         ::testing::Values(Storage::F32, Storage::I16, Storage::I8),
                         [](const auto& storage) {
                           return std::string(
                               std::vector{"F32", "I16", "I8"}[static_cast<size_t>(storage.param)]);
                         });

}  // namespace
}  // namespace teachable
