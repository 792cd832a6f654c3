#include "net/xnn.h"

namespace teachable {

bool has_threads() { return true; }

}  // namespace teachable
