// Usage: write_corpus FOLDER. Small models and data sets of every kind, as seeds.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "graph_builder.h"
#include "knn/dataset_file.h"
#include "tfjs_writer.h"
#include "tflite_writer.h"

namespace {

using namespace teachable;
using namespace teachable::testing;

void write(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void write(const std::filesystem::path& path, const TfjsFile& file) {
  const auto text = std::as_bytes(std::span(file.model_json));
  std::vector<std::byte> all(text.begin(), text.end());
  all.push_back(std::byte{0});
  all.insert(all.end(), file.weights.begin(), file.weights.end());
  write(path, all);
}

/// The first byte tells fuzz_dataset.cpp how to take the rest.
void write(const std::filesystem::path& path, const Knn& knn, std::vector<Thumbnail> thumbnails,
           uint8_t choice) {
  std::vector<std::byte> file{std::byte{choice}};
  DatasetWriter writer(knn, {"m", "00", "p"}, std::move(thumbnails));
  for (auto piece = writer.next(); !piece.empty(); piece = writer.next()) {
    file.insert(file.end(), piece.begin(), piece.end());
  }
  write(path, file);
}

void write_datasets(const std::filesystem::path& folder) {
  constexpr uint8_t kRepairChecksums = 1, kInSmallPieces = 2;
  write(folder / "empty", Knn(), {}, kRepairChecksums);
  for (const auto& [name, storage] : {std::pair{"f32", Storage::F32}, std::pair{"i16", Storage::I16},
                                      std::pair{"i8", Storage::I8}}) {
    Knn knn(storage);
    for (int i = 0; i < 5; ++i) {
      knn.add(std::vector<float>{1, static_cast<float>(i)}, std::to_string(i % 2));
    }
    knn.remove(2);
    write(folder / name, knn, {{3, std::vector<std::byte>(4)}}, kRepairChecksums);
    // Two sections of rows, far apart ids, a class without examples and one that is disabled.
    for (int i = 0; i < 70; ++i) {
      knn.add(std::vector<float>{static_cast<float>(i), 1}, "many");
    }
    knn.skip_ids(4'000'000'000);
    knn.add(std::vector<float>{-1, 1}, "disabled");
    knn.enable("disabled", false);
    knn.add_class("");
    write(folder / (std::string(name) + "-more"), knn, {}, kRepairChecksums | kInSmallPieces);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "Usage: write_corpus FOLDER\n");
    return 1;
  }
  const std::filesystem::path folder = argv[1];
  write_datasets(folder / "dataset");
  constexpr uint32_t kSeed = 1;
  for (int version : {2, 3}) {
    for (auto precision : {testing::Precision::F32, testing::Precision::I8PerTensor,
                           testing::Precision::I8PerChannel, testing::Precision::U8}) {
      GraphBuilder b(precision, kSeed);
      const TensorId end = version == 3 ? b.small_mobilenet_v3(8, 3) : b.small_mobilenet(8, 3);
      const Graph graph = b.take(end);
      std::string name = "v" + std::to_string(version) + "-" + to_string(precision);
      for (char& c : name) c = c == ' ' ? '-' : c;
      const TfliteMetadata metadata = {name, "labels.txt", {127.5f}, {127.5f}};
      write(folder / "tflite" / (name + ".tflite"), write_tflite(graph, metadata));
      if (precision != testing::Precision::F32) continue;
      write(folder / "tflite" / (name + "-half.tflite"), write_half_tflite(graph));
      const TfliteMetadata by_channel = {name, "labels.txt", {124, 116, 104}, {58, 57, 56}};
      write(folder / "tflite" / (name + "-by-channel.tflite"), write_tflite(graph, by_channel));
      const std::string version_name = "-v" + std::to_string(version);
      write(folder / "tfjs" / ("graph-fused" + version_name), write_graph_model(graph, true));
      write(folder / "tfjs" / ("graph-plain" + version_name), write_graph_model(graph, false, TfjsStorage::F16));
      write(folder / "tfjs" / ("layers" + version_name), write_layers_model(graph));
      write(folder / "tfjs" / ("layers-uint8" + version_name), write_layers_model(graph, TfjsStorage::U8));
    }
  }
  return 0;
}
