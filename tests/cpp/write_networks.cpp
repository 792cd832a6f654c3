// Usage: write_networks FOLDER. Writes full-size MobileNets as NAME.tflite, and with the embedding
// as the output as NAME-embedding.tflite. tests/web/browser/rival.browser.test.mjs runs them in
// several engines and compares the results.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "full_networks.h"
#include "tflite_writer.h"

namespace {

using namespace teachable;
using namespace teachable::testing;

void write(const std::filesystem::path& path, const Graph& graph) {
  const std::vector<std::byte> bytes = write_tflite(graph);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

void write_network(const std::filesystem::path& folder, const std::string& name,
                   FullNetwork (*build)(GraphBuilder& builder)) {
  GraphBuilder builder(testing::Precision::F32, /*seed=*/1);
  builder.normalize_layers();
  const FullNetwork network = build(builder);
  Graph graph = builder.take(network.output);
  graph.output = network.output;
  write(folder / (name + ".tflite"), graph);
  graph.output = network.embedding;
  write(folder / (name + "-embedding.tflite"), graph);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "Usage: write_networks FOLDER\n");
    return 1;
  }
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  write_network(folder, "v1-float32", mobilenet_v1);
  write_network(folder, "v3-large-float32", mobilenet_v3_large);
  write_network(folder, "v3-small-float32", mobilenet_v3_small);
  return 0;
}
