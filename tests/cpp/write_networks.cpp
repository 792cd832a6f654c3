// Usage: write_networks FOLDER. Writes full-size MobileNets as NAME.tflite, and with the embedding
// as the output as NAME-embedding.tflite. tests/web/browser/rival.browser.test.mjs runs them in
// several engines and compares the results. Also writes small networks as small-NAME.tflite; copies
// of these are in tests/data/tflite, for tests in Node.
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

/// Writes a small network, whose file doesn't say which range of pixel values it takes if it
/// computes with floats, and says 0 to 1 if it computes with integers. Its classes have 3 scores,
/// and there are two more outputs.
void write_small(const std::filesystem::path& folder, testing::Precision precision,
                 const char* name, int64_t channels) {
  GraphBuilder b(precision, /*seed=*/1);
  const TensorId map =
      b.conv(b.input(8, 8, channels), 4, {{3, 3}, {2, 2}, {}, {}}, Activation::relu6());
  const TensorId pooled = b.global_average_pool(map, false);
  const TensorId scores = b.softmax(b.fully_connected(pooled, 3));
  const TensorId last = b.fully_connected(pooled, 2);
  Graph graph = b.take(last);
  Tensor& input = graph.tensors[graph.input];
  if (input.quantization.present()) {
    input.quantization = {{1.0f / 255}, {-128}, 0};
    // The scale of a bias is that of the input times that of the filter.
    const auto& conv = std::get<Conv2d>(graph.nodes[0].op);
    std::vector<float>& scales = graph.tensors[conv.bias].quantization.scales;
    scales = graph.tensors[conv.filter].quantization.scales;
    for (float& scale : scales) scale *= 1.0f / 255;
  }
  const std::vector<std::byte> bytes =
      write_tflite_outputs(graph, {pooled, scores, last}, {{scores, "scores"}, {last, "last"}});
  std::ofstream(folder / (std::string("small-") + name + ".tflite"), std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
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
  write_small(folder, testing::Precision::F32, "float32", 3);
  write_small(folder, testing::Precision::I8PerChannel, "int8", 3);
  write_small(folder, testing::Precision::I8PerChannel, "grey-int8", 1);
  return 0;
}
