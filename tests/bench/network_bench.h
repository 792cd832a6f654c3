#pragma once

#include <string>

namespace teachable {

/// Registers a benchmark for each model that is in `folder` (as models/fetch.mjs lays it out).
void register_network_benchmarks(const std::string& folder);

}  // namespace teachable
