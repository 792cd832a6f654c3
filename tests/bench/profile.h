#pragma once

#include <string>

namespace teachable {

/// Prints a profile by operator of each network in `folder` whose name contains `name`, as JSON:
/// {"peaks": [{"name", "integer", "multiplyAdds"}], "networks": [{"name", "runs", "milliseconds",
/// "operators": [{"name", "kernel", "multiplyAdds", "microseconds"}]}]}. `multiplyAdds` of a peak
/// are per second. Times are those of one run: means of the fastest quarter of runs.
void print_profile(const std::string& folder, const std::string& name);

}  // namespace teachable
