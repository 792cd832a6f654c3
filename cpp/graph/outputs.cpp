#include "graph/outputs.h"

#include <algorithm>
#include <string_view>

#include "core/error.h"

namespace teachable {
namespace {

/// Maximum number of outputs that a message lists.
constexpr size_t kMaxListed = 12;

std::string_view without_zero(std::string_view name) {
  return name.ends_with(":0") ? name.substr(0, name.size() - 2) : name;
}

size_t default_output(std::span<const FileOutput> outputs) {
  const auto best = std::ranges::max_element(outputs, {}, &FileOutput::scores);
  return best->scores == FileOutput::Scores::None ? outputs.size() - 1
                                                  : static_cast<size_t>(best - outputs.begin());
}

size_t wanted_output(std::span<const FileOutput> outputs, const std::string& wanted) {
  const std::string_view name = without_zero(wanted);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const FileOutput& each = outputs[i];
    if (without_zero(each.name) == name || without_zero(each.alias) == name) return i;
  }
  std::string list;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (std::to_string(i) == wanted) return i;
    if (i == kMaxListed) list += ", ...";
    if (i >= kMaxListed) continue;
    Text({i == 0 ? "" : ", ", i, " '", outputs[i].name.substr(0, 80), "'"}).append_to(list);
  }
  throw Error(ErrorCode::BadArgument,
              {"output: got '", wanted.substr(0, 80), "', which is no output of the model. Its ",
               "outputs are ", list, "."});
}

}  // namespace

size_t choose_output(Graph& graph, std::span<const FileOutput> outputs, const std::string& wanted) {
  graph.file_output = wanted.empty() ? default_output(outputs) : wanted_output(outputs, wanted);
  for (const FileOutput& each : outputs) graph.file_outputs.push_back(each.name.substr(0, 80));
  return graph.file_output;
}

}  // namespace teachable
