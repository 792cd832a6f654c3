#pragma once

#include <string>
#include <vector>

#include "model/reader.h"

namespace teachable {

/// Registers benchmarks for each model in `folder`, which has the layout of models/files.
void register_network_benchmarks(const std::string& folder);

/// Returns the names of the networks in `folder`, such as "mobilenet-v2-1.0-224-int8/auto": one for
/// each precision.
std::vector<std::string> network_names(const std::string& folder);
/// Reads the network of such a name.
Model read_network(const std::string& folder, const std::string& name);

}  // namespace teachable
