#pragma once

#include <string>

namespace teachable {

/// Registers benchmarks for each model in `folder`, which has the layout of models/files.
void register_network_benchmarks(const std::string& folder);

}  // namespace teachable
