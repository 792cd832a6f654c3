#include "knn/row_of_id.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "test_seed.h"

namespace teachable {
namespace {

TEST(RowOfId, AgreesWithAMap) {
  const uint32_t seed = testing::test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    RowOfId rows;
    std::map<ExampleId, uint32_t> wanted;
    std::vector<ExampleId> removed;
    ExampleId next = random() % 3 == 0 ? UINT32_MAX - 100'000 : 0;
    const uint32_t max_step = 1 + random() % 50;
    const auto random_entry = [&] {
      return std::next(wanted.begin(), static_cast<std::ptrdiff_t>(random() % wanted.size()));
    };
    for (int step = 0; step < 1500; ++step) {
      // Grows and shrinks alternately, so that tombstones appear and are compacted.
      const bool grows = random() % 10 < (step / 300 % 2 == 0 ? 7 : 3);
      const uint32_t row = random() % 1000;
      if (grows || wanted.empty()) {
        ExampleId id = next;
        if (!removed.empty() && random() % 4 == 0) {
          const size_t at = random() % removed.size();
          id = removed[at];
          removed.erase(removed.begin() + static_cast<std::ptrdiff_t>(at));
        } else {
          next += 1 + random() % max_step;
        }
        rows.reserve(1);
        rows.add(id, row);
        wanted[id] = row;
      } else if (random() % 4 == 0) {
        const auto entry = random_entry();
        rows.move(entry->first, row);
        entry->second = row;
      } else {
        const auto entry = random() % 2 == 0 ? wanted.begin() : random_entry();
        rows.remove(entry->first);
        removed.push_back(entry->first);
        wanted.erase(entry);
      }
      if (step % 50 != 0) continue;
      std::vector<ExampleId> ids;
      for (const auto& [id, each] : wanted) {
        ids.push_back(id);
        ASSERT_EQ(rows.find(id), each);
      }
      ASSERT_EQ(rows.ids(), ids);
      for (ExampleId id : removed) ASSERT_EQ(rows.find(id), RowOfId::kNoRow);
      ASSERT_EQ(rows.find(next), RowOfId::kNoRow);
    }
  }
}

TEST(RowOfId, UsesNoMemoryForRemovedIds) {
  RowOfId rows;
  for (ExampleId id = 0; id < 100'000; ++id) {
    rows.reserve(1);
    rows.add(id, id);
    if (id >= 10) rows.remove(id - 10);
  }
  EXPECT_LT(rows.memory_bytes(), 2000u);
  EXPECT_EQ(rows.ids().size(), 10u);
}

}  // namespace
}  // namespace teachable
