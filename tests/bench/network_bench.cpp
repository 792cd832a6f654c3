// Real networks from the models folder: the backbone (embedding of a frame) and the head (its
// classes). GFLOP/s counts two operations for each multiply-add, whatever the number type.
#include "network_bench.h"

#include <benchmark/benchmark.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "converter/convert.h"
#include "core/error.h"
#include "model/reader.h"
#include "net/network.h"

namespace teachable {
namespace {

std::vector<std::byte> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  return {begin, begin + bytes.size()};
}

struct Case {
  const char* model;    ///< id in the catalogue
  const char* file;     ///< file name in the folder of that id
  const char* weights;  ///< weights file of a model.json, otherwise null
  bool has_head;        ///< true when the network has classes
  std::vector<PrecisionChoice> precisions;
};

// The precisions in which each kind of file can run. PrecisionChoice::Auto was chosen by these
// measurements.
const std::vector<PrecisionChoice> kOfFloats = {PrecisionChoice::Auto};
const std::vector<PrecisionChoice> kOfInt8 = {PrecisionChoice::Auto, PrecisionChoice::F32};
const std::vector<PrecisionChoice> kOfUint8 = {PrecisionChoice::Auto, PrecisionChoice::Exact,
                                               PrecisionChoice::F32};

const Case kCases[] = {
    {"mobilenet-v2-1.0-224-int8", "tf2_mobilenet_v2_1.0_224_ptq.tflite", nullptr, true, kOfInt8},
    {"mobilenet-v2-1.0-224-uint8", "mobilenet_v2_1.0_224_quant.tflite", nullptr, true, kOfUint8},
    {"mobilenet-v1-0.75-192-uint8", "mobilenet_v1_0.75_192_quant.tflite", nullptr, true, kOfUint8},
    {"mobilenet-v1-0.5-160-uint8", "mobilenet_v1_0.5_160_quant.tflite", nullptr, true, kOfUint8},
    {"mobilenet-v1-0.25-128-uint8", "mobilenet_v1_0.25_128_quant.tflite", nullptr, true, kOfUint8},
    {"mobilenet-v2-1.0-224-nsfwjs", "model.json", "weights.bin", false, kOfFloats},
    {"mobilenet-v2-1.4-224-nsfwjs", "model.json", "weights.bin", true, kOfFloats},
};

Model read_case(const std::string& folder, const Case& c, PrecisionChoice precision) {
  const std::vector<std::byte> model = read_file(folder + "/" + c.model + "/" + c.file);
  if (c.weights == nullptr) return read_model(model, precision);
  const std::vector<std::byte> weights = read_file(folder + "/" + c.model + "/" + c.weights);
  return read_model(convert_tfjs(model, weights).file.bytes, precision);
}

std::string name_of(const Case& c, PrecisionChoice precision) {
  return std::string(c.model) + "/" + to_string(precision);
}

/// A network and the thread pool that it uses. They are made when their benchmark first runs.
struct Loaded {
  Threadpool pool;
  Network network;

  Loaded(const std::string& folder, const Case& c, PrecisionChoice precision, size_t thread_count)
      : pool(make_threadpool(thread_count)),
        network(read_case(folder, c, precision).graph, pool.get()) {}
};

void set_rate(benchmark::State& state, uint64_t multiply_adds) {
  state.counters["FLOP/s"] = benchmark::Counter(2.0 * static_cast<double>(multiply_adds),
                                                benchmark::Counter::kIsIterationInvariantRate);
}

/// Measures the load: from the bytes of the file to a network that can run.
void add_load(const std::string& folder, const Case& c, PrecisionChoice precision) {
  benchmark::RegisterBenchmark(
      (std::string("load/") + c.model + "/" + to_string(precision)).c_str(),
      [=](benchmark::State& state) {
        const std::vector<std::byte> file = read_file(folder + "/" + c.model + "/" + c.file);
        for (auto _ : state) {
          const Network network(read_model(file, precision).graph, nullptr);
          benchmark::DoNotOptimize(network.embedding_size());
        }
        state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * file.size()));
      })
      ->Unit(benchmark::kMillisecond);
}

void add_case(const std::string& folder, const Case& c, PrecisionChoice precision,
              size_t thread_count) {
  const std::string suffix = std::string(c.model) + "/" + to_string(precision) +
                             "/threads:" + std::to_string(thread_count);
  benchmark::RegisterBenchmark(("backbone/" + suffix).c_str(), [=](benchmark::State& state) {
    Loaded loaded(folder, c, precision, thread_count);
    for (auto _ : state) loaded.network.run_backbone();
    set_rate(state, loaded.network.backbone_multiply_adds());
  })->UseRealTime();
  if (!c.has_head) return;
  benchmark::RegisterBenchmark(("head/" + suffix).c_str(), [=](benchmark::State& state) {
    Loaded loaded(folder, c, precision, thread_count);
    loaded.network.run_backbone();
    for (auto _ : state) loaded.network.run_head();
    set_rate(state, loaded.network.head_multiply_adds());
  })->UseRealTime();
}

}  // namespace

void register_network_benchmarks(const std::string& folder) {
  for (const Case& c : kCases) {
    if (read_file(folder + "/" + c.model + "/" + c.file).empty()) continue;
    for (PrecisionChoice precision : c.precisions) {
      if (c.weights == nullptr) add_load(folder, c, precision);
      for (size_t thread_count : {1, 2}) {
        if (thread_count == 1 || has_threads()) add_case(folder, c, precision, thread_count);
      }
    }
  }
}

std::vector<std::string> network_names(const std::string& folder) {
  std::vector<std::string> names;
  for (const Case& c : kCases) {
    if (read_file(folder + "/" + c.model + "/" + c.file).empty()) continue;
    for (PrecisionChoice precision : c.precisions) names.push_back(name_of(c, precision));
  }
  return names;
}

Model read_network(const std::string& folder, const std::string& name) {
  for (const Case& c : kCases) {
    for (PrecisionChoice precision : c.precisions) {
      if (name_of(c, precision) == name) return read_case(folder, c, precision);
    }
  }
  throw Error(ErrorCode::BadArgument, {"There is no network '", name, "'."});
}

}  // namespace teachable
