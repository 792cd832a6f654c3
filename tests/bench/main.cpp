// Usage: bench [--models=FOLDER] [--benchmark_...]
//    or: bench [--models=FOLDER] --profile=NAME, see profile.h
#include <benchmark/benchmark.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network_bench.h"
#include "profile.h"

int main(int argc, char** argv) {
  std::string models = "models/files";
  std::optional<std::string> profiled;
  std::vector<char*> rest;
  for (int i = 0; i < argc; ++i) {
    constexpr std::string_view kModels = "--models=", kProfile = "--profile=";
    if (std::string_view(argv[i]).starts_with(kModels)) {
      models = argv[i] + kModels.size();
    } else if (std::string_view(argv[i]).starts_with(kProfile)) {
      profiled = argv[i] + kProfile.size();
    } else {
      rest.push_back(argv[i]);
    }
  }
  if (profiled) {
    teachable::print_profile(models, *profiled);
    return 0;
  }
  teachable::register_network_benchmarks(models);
  int rest_count = static_cast<int>(rest.size());
  benchmark::Initialize(&rest_count, rest.data());
  if (benchmark::ReportUnrecognizedArguments(rest_count, rest.data())) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
