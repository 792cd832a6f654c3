#include "net/xnn.h"

namespace teachable {

bool has_threads() { return false; }

}  // namespace teachable
