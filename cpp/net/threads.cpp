#include "net/xnn.h"
#include "third_party/joining_pool.h"

namespace teachable {

bool has_threads() { return true; }

void limit_threads(pthreadpool_t pool, size_t count) {
  if (pool != nullptr) joining_pool_limit(pool, count);
}

}  // namespace teachable
