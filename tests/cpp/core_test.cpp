#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

#include "core/buffer.h"
#include "core/error.h"

namespace teachable {
namespace {

TEST(PaddedBuffer, IsAlignedZeroedAndReadablePastItsEnd) {
  for (size_t size : {size_t{1}, size_t{15}, size_t{16}, size_t{1000}}) {
    const PaddedBuffer<float> buffer(size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % PaddedBuffer<float>::kAlignment, 0u);
    // AddressSanitizer sees it when the slack isn't there.
    const auto* bytes = reinterpret_cast<const volatile unsigned char*>(buffer.data());
    for (size_t i = 0; i < size * sizeof(float) + kReadSlack; ++i) EXPECT_EQ(bytes[i], 0);
    EXPECT_EQ(buffer.span().size(), size);
  }
}

TEST(PaddedBuffer, ASizeThatCannotBeIsBadAlloc) {
  EXPECT_THROW(PaddedBuffer<float>(SIZE_MAX / 2), std::bad_alloc);
  EXPECT_THROW(PaddedBuffer<char>(SIZE_MAX - 10), std::bad_alloc);
}

TEST(PaddedBuffer, MovesItsElements) {
  PaddedBuffer<int> from(3);
  from[2] = 7;
  const PaddedBuffer<int> to = std::move(from);
  EXPECT_EQ(to[2], 7);
  EXPECT_TRUE(PaddedBuffer<int>().empty());
}

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (ErrorCode code : {ErrorCode::BadModel, ErrorCode::UnsupportedOp, ErrorCode::BadImage,
                         ErrorCode::BadArgument, ErrorCode::BadDataset, ErrorCode::OutOfMemory,
                         ErrorCode::Internal}) {
    names.insert(to_string(code));
  }
  EXPECT_EQ(names.size(), 7u);
  const Error error(ErrorCode::BadModel, "what, where");
  EXPECT_EQ(error.code(), ErrorCode::BadModel);
  EXPECT_STREQ(error.what(), "what, where");
}

}  // namespace
}  // namespace teachable
