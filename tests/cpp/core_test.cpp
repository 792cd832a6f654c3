#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/buffer.h"
#include "core/error.h"
#include "core/heap_sort.h"
#include "core/text.h"

namespace teachable {
namespace {

TEST(PaddedBuffer, IsAlignedAndZeroedAndCanBeReadPastItsEnd) {
  for (size_t size : {size_t{1}, size_t{15}, size_t{16}, size_t{1000}}) {
    const PaddedBuffer<float> buffer(size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % PaddedBuffer<float>::kAlignment, 0u);
    // AddressSanitizer reports a read outside of the allocation.
    const auto* bytes = reinterpret_cast<const volatile unsigned char*>(buffer.data());
    for (size_t i = 0; i < size * sizeof(float) + kReadSlack; ++i) EXPECT_EQ(bytes[i], 0);
    EXPECT_EQ(buffer.span().size(), size);
  }
}

TEST(PaddedBuffer, ThrowsBadAllocForAnImpossibleSize) {
  EXPECT_THROW(PaddedBuffer<float>(SIZE_MAX / 2), std::bad_alloc);
  for (const size_t size : {SIZE_MAX - 10, SIZE_MAX - 967'296, size_t{PTRDIFF_MAX} - 100}) {
    EXPECT_THROW(PaddedBuffer<char>{size}, std::bad_alloc) << size;
  }
}

TEST(PaddedBuffer, CanBeMoved) {
  PaddedBuffer<int> from(3);
  from[2] = 7;
  const PaddedBuffer<int> to = std::move(from);
  EXPECT_EQ(to[2], 7);
  EXPECT_TRUE(PaddedBuffer<int>().empty());
}

TEST(Error, EveryCodeHasAUniqueName) {
  std::set<std::string_view> names;
  for (ErrorCode code :
       {ErrorCode::BadModel, ErrorCode::UnsupportedOp, ErrorCode::BadImage, ErrorCode::BadArgument,
        ErrorCode::BadDataset, ErrorCode::OutOfMemory, ErrorCode::Internal}) {
    names.insert(to_string(code));
  }
  EXPECT_EQ(names.size(), 7u);
  const Error error(ErrorCode::BadModel, "what, where");
  EXPECT_EQ(error.code(), ErrorCode::BadModel);
  EXPECT_STREQ(error.what(), "what, where");
}

TEST(Text, FormatsNumbersWithSixDigits) {
  const std::pair<double, const char*> expected[] = {{0, "0"},
                                                     {-3, "-3"},
                                                     {1e15, "1000000000000000"},
                                                     {0.5, "0.5"},
                                                     {0.0078125, "0.0078125"},
                                                     {1.0 / 3, "0.333333"},
                                                     {-127.5, "-127.5"},
                                                     {123456.7, "123457"},
                                                     {999999.6, "1e+06"},
                                                     {1234567.5, "1.23457e+06"},
                                                     {0.99999999, "1"},
                                                     {1e-5, "0.00001"},
                                                     {1.5e-7, "1.5e-07"},
                                                     {1e300, "1e+300"},
                                                     {NAN, "nan"},
                                                     {-INFINITY, "-inf"},
                                                     {5e-324, "4.94066e-324"}};
  for (const auto& [number, text] : expected) EXPECT_EQ(to_text(number), text);
}

TEST(Text, FormattedNumbersParseToSixDigits) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    const double number =
        std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 400) - 260);
    EXPECT_NEAR(std::stod(to_text(number)), number, 6e-6 * number);
  }
}

TEST(HeapSort, SortsByTheGivenOrder) {
  std::mt19937 random(3);
  std::vector<unsigned> values(1000);
  for (unsigned& value : values) value = random() % 300;
  heap_sort(values);
  EXPECT_TRUE(std::ranges::is_sorted(values));
  heap_sort(values, std::ranges::greater());
  EXPECT_TRUE(std::ranges::is_sorted(values, std::ranges::greater()));
  std::vector<int> none;
  heap_sort(none);
}

}  // namespace
}  // namespace teachable
