#include "peak.h"

namespace teachable {

std::vector<Peak> relaxed_peaks() { return {}; }

}  // namespace teachable
