// Usage: write_corpus FOLDER. Writes small models, data sets and pictures of all kinds as seeds of
// the fuzzers.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "graph_builder.h"
#include "knn/dataset_file.h"
#include "model/tflite_writer.h"
#include "picture_files.h"
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

/// Replaces the first `from` in a text.
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  if (at == text.npos) throw std::invalid_argument("the text has no " + from);
  return text.replace(at, from.size(), to);
}

/// Writes networks with channels first, with inputs of any size, and with several outputs.
void write_forms(const std::filesystem::path& folder) {
  for (auto precision :
       {testing::Precision::F32, testing::Precision::I8PerChannel, testing::Precision::U8}) {
    GraphBuilder first(precision, 1);
    const TensorId stem = first.conv(first.input(8, 8, 3), 4, {{3, 3}, {2, 2}, {}, {}});
    const TensorId gate = first.sigmoid(first.conv(first.global_average_pool(stem, true), 4, {}));
    const TensorId active = first.apply(first.multiply(stem, gate), Function::Gelu, /*slope=*/1);
    const TensorId sum = first.add(first.depthwise(active, 1, {}), active);
    const TensorId pooled = first.global_average_pool(first.pad(sum, {1, 0, 0, 2}), false);
    const Graph fixed = first.take(first.softmax(first.fully_connected(pooled, 3)));
    const std::string name = precision == testing::Precision::F32  ? "float32"
                             : precision == testing::Precision::U8 ? "uint8"
                                                                   : "int8";
    write(folder / "tflite" / ("channels-first-" + name + ".tflite"), write_channels_first(fixed));
    write(folder / "tflite" / ("outputs-" + name + ".tflite"),
          write_tflite_outputs(fixed, {fixed.output, pooled}, {{pooled, "pooled"}}));
    GraphBuilder b(precision, 1);
    const TensorId map = b.conv(b.input(8, 8, 3), 4, {{3, 3}, {2, 2}, {}, {}});
    Graph any = b.take(b.global_average_pool(b.add(map, b.conv(map, 4, {})), false));
    any.has_any_size = true;
    const TfliteFile file = to_tflite(any);
    write(folder / "tflite" / ("any-size-" + name + ".tflite"), file.bytes);
  }
  for (auto build : {&GraphBuilder::small_mobilenet, &GraphBuilder::small_mobilenet_v3}) {
    GraphBuilder b(testing::Precision::F32, 1);
    const TensorId end = (b.*build)(8, 3);
    const Graph graph = b.take(end);
    const std::string version = build == &GraphBuilder::small_mobilenet ? "-v2" : "-v3";
    constexpr auto kFirst = TfjsOrder::ChannelsFirst;
    write(folder / "tfjs" / ("graph-fused-first" + version),
          write_graph_model(graph, true, TfjsStorage::F32, kFirst));
    write(folder / "tfjs" / ("graph-plain-first" + version),
          write_graph_model(graph, false, TfjsStorage::F16, kFirst));
    TfjsFile layers = write_layers_model(graph, TfjsStorage::F32, kFirst);
    write(folder / "tfjs" / ("layers-first" + version), layers);
    layers.model_json = replaced(layers.model_json, "[null,3,8,8]", "[null,3,null,null]");
    write(folder / "tfjs" / ("layers-first-any-size" + version), layers);
    layers = write_layers_model(graph);
    layers.model_json = replaced(layers.model_json, "[null,8,8,3]", "[null,null,null,3]");
    write(folder / "tfjs" / ("layers-any-size" + version), layers);
    // The softmax, and what it reads.
    const std::string last = "[\"layer" + std::to_string(graph.output) + "\",0,0]";
    const std::string before =
        "[\"layer" + std::to_string(inputs_of(graph.nodes.back().op)[0]) + "\",0,0]";
    layers.model_json = replaced(layers.model_json, "\"output_layers\":[" + last,
                                 "\"output_layers\":[" + last + "," + before);
    write(folder / "tfjs" / ("layers-outputs" + version), layers);
  }
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

void write_pictures(const std::filesystem::path& folder) {
  const auto write_picture = [&](const char* fuzzer, const std::string& name, const Bytes& file) {
    write(folder / fuzzer / name, std::as_bytes(std::span(file)));
  };
  const Bytes palette = {0, 0, 0, 0, 3, 2, 1, 0};
  for (int bits : {1, 4, 8, 16, 24, 32}) {
    const Bytes rows(static_cast<size_t>(4 * ((5 * bits + 31) / 32) * 3), 1);
    write_picture("picture", "bmp-" + std::to_string(bits),
                  make_bmp(5, bits == 24 ? -3 : 3, bits, bits < 16 ? palette : Bytes(), rows));
  }
  for (int color_type : {0, 2, 3, 4, 6}) {
    for (int bits : {1, 2, 4, 8, 16}) {
      if (bits < 8 && color_type != 0 && color_type != 3) continue;
      if (bits == 16 && color_type == 3) continue;
      const int samples = std::array{1, 1, 3, 1, 2, 1, 4}[static_cast<size_t>(color_type)];
      Bytes lines;
      for (int y = 0; y < 6; ++y) {
        lines.push_back(static_cast<uint8_t>(y % 5));
        for (int i = 0; i < (5 * bits * samples + 7) / 8; ++i) lines.push_back(1);
      }
      const bool has_palette = color_type == 3;
      Bytes file = make_png(5, 6, bits, color_type, lines, has_palette ? "PLTE" : "tRNS",
                            has_palette ? Bytes{1, 2, 3, 4, 5, 6} : Bytes(2 * samples, 1));
      const std::string name = "png-" + std::to_string(color_type) + "-" + std::to_string(bits);
      write_picture("picture", name, file);
      constexpr size_t kInterlace = 28;
      file[kInterlace] = 1;
      write_picture("picture", name + "-interlaced", file);
    }
  }
  for (bool progressive : {false, true}) {
    const std::string kind = progressive ? "-progressive" : "";
    const Bytes grey = make_jpeg(9, 9, {{1}, {2}, {3}, {4}}, {progressive});
    write_picture("picture", "jpeg-grey" + kind, grey);
    write_picture("picture", "jpeg-colour" + kind,
                  make_jpeg(9, 8, {{1, 2, 3}, {250, 4, 9}}, {progressive}));
    write_picture("picture", "jpeg-cmyk" + kind, make_jpeg(8, 8, {{1, 2, 3, 4}}, {progressive, 2}));
    // Restart markers, and a scan of all other coefficients.
    Bytes more = with_segment(grey, 0xDD, {0, 1});
    more.resize(more.size() - 2);
    append(more, {0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0, 0x55, 0x55, 0xFF, 0xD0, 0x55, 0xFF, 0xD9});
    write_picture("picture", "jpeg-more" + kind, more);
  }
  const Bytes jpeg = make_jpeg(8, 8, {{1}});
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Bytes file = with_segment(jpeg, 0xE1, make_exif(orientation, orientation % 2 == 0));
    write_picture("exif", std::to_string(orientation), file);
    write_picture("picture", "jpeg-exif-" + std::to_string(orientation), file);
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
  write_pictures(folder);
  write_forms(folder);
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
