#include "graph/outputs.h"

#include "core/error.h"

namespace teachable {
namespace {

/// Maximum number of outputs that a message lists, and of characters of a name.
constexpr size_t kMaxListed = 12;
constexpr size_t kMaxLength = 80;

std::string_view without_zero(std::string_view name) {
  return name.ends_with(":0") ? name.substr(0, name.size() - 2) : name;
}

}  // namespace

void OutputChoice::add(std::string_view name, std::string_view alias, Scores scores) {
  const size_t index = graph_.file_outputs.size();
  graph_.file_outputs.emplace_back(name.substr(0, kMaxLength));
  int fit = static_cast<int>(scores);
  if (!wanted_.empty()) {
    const std::string_view wanted = without_zero(wanted_);
    const bool is_named = without_zero(name) == wanted || without_zero(alias) == wanted;
    fit = is_named ? 2 : std::to_string(index) == wanted_ ? 1 : 0;
  }
  if (fit <= best_ && (best_ != 0 || !wanted_.empty())) return;
  best_ = fit;
  graph_.file_output = index;
}

size_t OutputChoice::choose() {
  if (best_ != 0 || wanted_.empty()) return graph_.file_output;
  std::string list;
  for (size_t i = 0; i < graph_.file_outputs.size() && i <= kMaxListed; ++i) {
    if (i > 0) list += ", ";
    if (i == kMaxListed) {
      list += "...";
    } else {
      Text({i, " '", graph_.file_outputs[i], "'"}).append_to(list);
    }
  }
  throw Error(ErrorCode::BadArgument,
              {"output: got '", std::string_view(wanted_).substr(0, kMaxLength),
               "', which is no output of the model. Its outputs are ", list, "."});
}

}  // namespace teachable
