// Usage: write_corpus FOLDER. Writes small models and data sets of all kinds as seeds of the
// fuzzers.
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
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

void write(const std::filesystem::path& path, const TfjsFile& file) {
  const auto text = std::as_bytes(std::span(file.model_json));
  std::vector<std::byte> all(text.begin(), text.end());
  all.push_back(std::byte{0});
  all.insert(all.end(), file.weights.begin(), file.weights.end());
  write(path, all);
}

/// Writes a data set after a byte of options, which fuzz_dataset.cpp describes.
void write(const std::filesystem::path& path, const Knn& knn,
           const std::vector<Thumbnail>& thumbnails, uint8_t choice) {
  std::vector<std::byte> file{std::byte{choice}};
  const auto append = [&](const std::vector<std::byte>& piece) {
    file.insert(file.end(), piece.begin(), piece.end());
  };
  DatasetWriter writer(knn, {"m", "00", "p"});
  for (auto piece = writer.next(); !piece.empty(); piece = writer.next()) append(piece);
  for (const auto& [id, bytes] : thumbnails) append(writer.thumbnail(id, bytes.size(), bytes));
  append(writer.finish());
  write(path, file);
}

void write_datasets(const std::filesystem::path& folder) {
  constexpr uint8_t kRepairChecksums = 1, kInSmallPieces = 2;
  write(folder / "empty", Knn(), {}, kRepairChecksums);
  for (const auto& [name, storage] :
       {std::pair{"f32", Storage::F32}, std::pair{"i16", Storage::I16},
        std::pair{"i8", Storage::I8}}) {
    Knn knn(storage);
    for (int i = 0; i < 5; ++i) {
      knn.add(std::vector<float>{1, static_cast<float>(i)}, std::to_string(i % 2));
    }
    knn.remove(2);
    write(folder / name, knn, {{3, std::vector<std::byte>(4)}}, kRepairChecksums);
    // Two sections of rows, distant ids, an empty class and a disabled class.
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
  struct Version {
    const char* name;
    TensorId (GraphBuilder::*build)(int64_t size, int64_t classes);
  };
  const auto graph_of = [](const Version& version, testing::Precision precision) {
    GraphBuilder b(precision, kSeed);
    const TensorId end = (b.*version.build)(8, 3);
    return b.take(end);
  };
  for (const Version& version : {Version{"v2", &GraphBuilder::small_mobilenet},
                                 Version{"v3", &GraphBuilder::small_mobilenet_v3}}) {
    for (auto precision : {testing::Precision::F32, testing::Precision::I8PerTensor,
                           testing::Precision::I8PerChannel, testing::Precision::U8}) {
      const Graph graph = graph_of(version, precision);
      std::string name = std::string(version.name) + "-" + to_string(precision);
      for (char& c : name) c = c == ' ' ? '-' : c;
      const TfliteMetadata metadata = {name, "labels.txt", {127.5f}, {127.5f}};
      write(folder / "tflite" / (name + ".tflite"), write_tflite(graph, metadata));
      if (precision != testing::Precision::F32) continue;
      write(folder / "tflite" / (name + "-half.tflite"), write_half_tflite(graph));
      const TfliteMetadata by_channel = {name, "labels.txt", {124, 116, 104}, {58, 57, 56}};
      write(folder / "tflite" / (name + "-by-channel.tflite"), write_tflite(graph, by_channel));
      const std::string version_name = std::string("-") + version.name;
      write(folder / "tfjs" / ("graph-fused" + version_name), write_graph_model(graph, true));
      write(folder / "tfjs" / ("graph-plain" + version_name),
            write_graph_model(graph, false, TfjsStorage::F16));
      write(folder / "tfjs" / ("layers" + version_name), write_layers_model(graph));
      write(folder / "tfjs" / ("layers-uint8" + version_name),
            write_layers_model(graph, TfjsStorage::U8));
    }
  }
  for (const Version& version : {Version{"v1", &GraphBuilder::small_mobilenet_v1},
                                 Version{"v3-large", &GraphBuilder::small_mobilenet_v3_large}}) {
    const std::string name = version.name;
    write(folder / "tflite" / (name + "-int8.tflite"),
          write_tflite(graph_of(version, testing::Precision::I8PerChannel)));
    write(folder / "tflite" / (name + "-uint8.tflite"),
          write_tflite(graph_of(version, testing::Precision::U8)));
    const Graph floats = graph_of(version, testing::Precision::F32);
    write(folder / "tfjs" / ("graph-fused-" + name), write_graph_model(floats, true));
    write(folder / "tfjs" / ("layers-" + name), write_layers_model(floats));
  }
  for (const Version& version :
       {Version{"v1", &GraphBuilder::small_keras_v1}, Version{"v3", &GraphBuilder::small_keras_v3},
        Version{"teachable-machine", &GraphBuilder::small_teachable_machine}}) {
    write(folder / "tflite" / (std::string("keras-") + version.name + ".tflite"),
          write_keras_tflite(graph_of(version, testing::Precision::I8PerChannel)));
  }

  // Byte input with preprocessing, both kinds of pools, L2 normalization, sigmoid.
  for (auto precision :
       {testing::Precision::F32, testing::Precision::I8PerChannel, testing::Precision::U8}) {
    GraphBuilder b(precision, kSeed);
    TensorId t = b.input(8, 8, 3);
    if (precision == testing::Precision::F32) t = b.scale_shift(b.scale_shift(t));
    t = b.max_pool(b.conv(t, 4, {}), {{2, 2}, {2, 2}, {}, {}});
    t = b.average_pool(t, {{3, 3}, {1, 1}, {}, {}});
    t = b.to_unit_length(b.global_average_pool(t, true));
    t = b.sigmoid(b.fully_connected(t, 2));
    Graph graph = b.take(t);
    if (precision == testing::Precision::F32) testing::cast_input(graph);
    write(folder / "tflite" /
              (std::string("ends-") +
               (precision == testing::Precision::F32  ? "float32"
                : precision == testing::Precision::U8 ? "uint8"
                                                      : "int8") +
               ".tflite"),
          write_tflite(graph));
  }
  return 0;
}
