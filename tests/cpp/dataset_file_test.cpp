#include "knn/dataset_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "knn/crc32.h"

namespace teachable {
namespace {

using Bytes = std::vector<std::byte>;
using Vector = std::vector<float>;

const DatasetModel kModel = {"mobilenet", std::string(64, 'a'), "{\"crop\":\"center\"}"};

/// Saves thumbnails in parts of at most `part` bytes.
Bytes save(const Knn& knn, const DatasetModel& model = kModel,
           const std::vector<Thumbnail>& thumbnails = {}, size_t part = SIZE_MAX) {
  DatasetWriter writer(knn, model);
  Bytes file;
  const auto append = [&](const Bytes& piece) {
    file.insert(file.end(), piece.begin(), piece.end());
  };
  for (const auto& [id, bytes] : thumbnails) writer.plan_thumbnail(id, bytes.size());
  for (Bytes piece = writer.next(); !piece.empty(); piece = writer.next()) append(piece);
  for (const auto& [id, bytes] : thumbnails) {
    std::span<const std::byte> left = bytes;
    do {
      const size_t count = std::min(part, left.size());
      append(writer.thumbnail(id, bytes.size(), left.first(count)));
      left = left.subspan(count);
    } while (!left.empty());
  }
  append(writer.finish());
  EXPECT_TRUE(writer.next().empty());
  return file;
}

Dataset load(std::span<const std::byte> file, size_t piece = SIZE_MAX,
             std::optional<DatasetModel> expected = {}, size_t dimension = 0) {
  DatasetReader reader(std::move(expected), dimension);
  while (!file.empty()) {
    const size_t count = std::min(piece, file.size());
    reader.add(file.first(count));
    file = file.subspan(count);
  }
  return reader.finish();
}

/// Returns the message of the Error{BadDataset} that a call throws.
std::string error_message(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::BadDataset) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

/// Returns examples of some classes, one of them empty and one disabled. Some ids are missing.
Knn sample(Storage storage, size_t count = 150, size_t dimension = 9) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  Knn knn(storage);
  knn.add_class("first, without examples");
  for (size_t i = 0; i < count; ++i) {
    Vector vector(dimension);
    for (float& value : vector) value = normal(random);
    knn.add(vector, std::vector<std::string>{"", "__proto__", std::string("a\0b", 3)}[i % 3]);
  }
  for (ExampleId id : {0u, 1u, 64u}) {
    if (count > id + 1) knn.remove(id);
  }
  knn.remove(static_cast<ExampleId>(count - 1));
  knn.enable("__proto__", false);
  return knn;
}

void expect_same(const Knn& a, const Knn& b) {
  ASSERT_EQ(a.labels(), b.labels());
  ASSERT_EQ(a.counts(), b.counts());
  ASSERT_EQ(a.ids(), b.ids());
  ASSERT_EQ(a.storage(), b.storage());
  ASSERT_EQ(a.dimension(), b.dimension());
  for (size_t i = 0; i < a.class_count(); ++i) ASSERT_EQ(a.enabled(i), b.enabled(i));
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (int i = 0; i < 10 && a.example_count() > 0; ++i) {
    Vector query(a.dimension());
    for (float& value : query) value = normal(random);
    ASSERT_EQ(a.predict(query, 10).neighbours, b.predict(query, 10).neighbours);
  }
}

TEST(DatasetFile, IsRestoredBitByBitFromPiecesOfAnySize) {
  for (Storage storage : {Storage::F32, Storage::I16, Storage::I8}) {
    Knn knn = sample(storage);
    const Bytes file = save(knn);
    for (size_t piece : {size_t{1}, size_t{7}, size_t{1000}, SIZE_MAX}) {
      Dataset dataset = load(file, piece);
      ASSERT_NO_FATAL_FAILURE(expect_same(knn, dataset.knn));
      EXPECT_EQ(dataset.model.id, kModel.id);
      EXPECT_EQ(dataset.model.sha256, kModel.sha256);
      EXPECT_EQ(dataset.model.preprocessing, kModel.preprocessing);
      EXPECT_EQ(save(dataset.knn), file);
      EXPECT_EQ(dataset.knn.add(Vector(9, 1), "new"), 150u) << "ids continue";
    }
  }
}

TEST(DatasetFile, RestoresAHundredThousandExamples) {
  const Knn knn = sample(Storage::I8, 100'000, 128);
  // Saves and loads piece by piece, as a page does, without the whole file in memory.
  DatasetWriter writer(knn, kModel);
  DatasetReader reader;
  size_t bytes = 0;
  for (Bytes piece = writer.next(); !piece.empty(); piece = writer.next()) {
    EXPECT_LE(piece.size(), DatasetWriter::kPieceBytes + 100);
    reader.add(piece);
    bytes += piece.size();
  }
  reader.add(writer.finish());
  EXPECT_GT(bytes, knn.example_count() * 128);
  const Dataset dataset = reader.finish();
  EXPECT_EQ(dataset.knn.example_count(), 100'000u - 4);
  ASSERT_NO_FATAL_FAILURE(expect_same(knn, dataset.knn));
}

TEST(DatasetFile, RestoresAnEmptySet) {
  Knn knn;
  Dataset empty = load(save(knn));
  EXPECT_EQ(empty.knn.example_count(), 0u);
  EXPECT_EQ(empty.knn.add(Vector{1, 2}, "a"), 0u);
  empty.knn.clear();
  EXPECT_EQ(load(save(empty.knn)).knn.add(Vector{1, 2, 3}, "a"), 0u) << "ids start anew";
}

TEST(DatasetFile, RestoresIdsThatAreFarApart) {
  Knn knn;
  knn.skip_ids(50'000'000);
  knn.add(Vector{1, 2}, "a");
  knn.skip_ids(4'000'000'000);
  knn.add(Vector{2, 1}, "a");
  knn.remove(knn.add(Vector{1, 1}, "b"));
  const Dataset dataset = load(save(knn));
  EXPECT_EQ(dataset.knn.ids(), (std::vector<ExampleId>{50'000'000, 4'000'000'000}));
  EXPECT_EQ(dataset.knn.next_id(), 4'000'000'002u);
  EXPECT_LT(dataset.knn.memory_bytes(), 100'000u);
}

TEST(DatasetFile, RestoresTenThousandClassesAndManyRows) {
  Knn knn(Storage::I8);
  for (int i = 0; i < 10'000; ++i) {
    knn.add(Vector{1, static_cast<float>(i)}, "class " + std::to_string(i));
  }
  ASSERT_NO_FATAL_FAILURE(expect_same(knn, load(save(knn), 4096).knn));
}

TEST(DatasetFile, RestoresThumbnails) {
  const Knn knn = sample(Storage::F32);
  const std::vector<Thumbnail> thumbnails = {{7, Bytes(300, std::byte{1})}, {100, Bytes{}}};
  const Bytes file = save(knn, kModel, thumbnails);
  EXPECT_EQ(save(knn, kModel, thumbnails, 7), file) << "in parts";
  EXPECT_EQ(load(file, 50).thumbnails, thumbnails);
  DatasetWriter writer(knn, kModel);
  EXPECT_THROW(writer.plan_thumbnail(0, 1), Error) << "example 0 was removed";
  EXPECT_THROW(writer.plan_thumbnail(7, DatasetReader::kMaxThumbnailBytes + 1), Error);
  writer.plan_thumbnail(7, 1);
  EXPECT_THROW(writer.plan_thumbnail(7, 1), Error) << "twice";
  EXPECT_THROW(writer.plan_thumbnail(6, 1), Error) << "out of order";
  EXPECT_THROW(writer.thumbnail(7, 1, Bytes(1)), Error) << "before the examples";
  EXPECT_THROW(writer.finish(), Error) << "before the examples";
  while (!writer.next().empty()) {
  }
  EXPECT_THROW(writer.thumbnail(7, 1, Bytes(2)), Error) << "too long";
  writer.thumbnail(7, 2, Bytes(1));
  EXPECT_THROW(writer.thumbnail(8, 1, Bytes(1)), Error) << "7 is incomplete";
  EXPECT_THROW(writer.finish(), Error) << "7 is incomplete";
}

TEST(DatasetFile, HandsOverThumbnailsAsTheyCome) {
  const std::vector<Thumbnail> thumbnails = {{7, Bytes(30)}, {8, Bytes(20)}};
  const Bytes file = save(sample(Storage::I8), kModel, thumbnails);
  DatasetReader reader;
  std::vector<Thumbnail> taken;
  for (std::byte each : file) {
    reader.add({&each, 1});
    for (Thumbnail& thumbnail : reader.take_thumbnails()) taken.push_back(std::move(thumbnail));
  }
  EXPECT_EQ(taken, thumbnails);
  EXPECT_TRUE(reader.finish().thumbnails.empty());
}

TEST(DatasetFile, WritesManyLabelsInSmallPieces) {
  Knn knn;
  for (int i = 0; i < 1000; ++i) knn.add_class(std::string(1000, 'x') + std::to_string(i));
  DatasetWriter writer(knn, kModel);
  size_t count = 0;
  for (Bytes piece = writer.next(); !piece.empty(); piece = writer.next(), ++count) {
    EXPECT_LE(piece.size(), DatasetWriter::kPieceBytes + 2000);
  }
  EXPECT_GT(count, 10u);
  ASSERT_NO_FATAL_FAILURE(expect_same(knn, load(save(knn), 4096).knn));
}

TEST(DatasetFile, RefusesLabelsThatAFileCannotHold) {
  Knn knn;
  const std::string label(Classes::kMaxLabelBytes - 10, 'x');
  for (int i = 0; i < 1025; ++i) knn.add_class(label + std::to_string(i));
  EXPECT_THROW(DatasetWriter(knn, kModel), Error);
}

/// Returns the offset of the header's field `next id` in a file of kModel.
size_t next_id_offset() {
  return 8 + 8 + 3 * 4 + kModel.id.size() + kModel.sha256.size() + kModel.preprocessing.size() + 8;
}

/// Corrects the checksums of all sections.
void repair(Bytes& file) {
  uint32_t all = 0;
  for (size_t at = 8; at < file.size();) {
    uint32_t kind, length;
    std::memcpy(&kind, &file[at], 4);
    std::memcpy(&length, &file[at + 4], 4);
    if (kind == 4) std::memcpy(&file[at + 8], &all, 4);
    const uint32_t crc = crc32(std::span(file).subspan(at, 8 + length));
    std::memcpy(&file[at + 8 + length], &crc, 4);
    all = crc32(std::span(file).subspan(at + 8 + length, 4), all);
    at += 12 + length;
  }
}

TEST(DatasetFile, LeavesIdsForNewExamples) {
  Knn knn;
  for (int i = 0; i < 3; ++i) knn.add(Vector{1, static_cast<float>(i)}, "a");
  for (uint32_t next : {UINT32_MAX, UINT32_MAX - 1, 0xFF000001u}) {
    Bytes file = save(knn);
    std::memcpy(&file[next_id_offset()], &next, 4);
    repair(file);
    Dataset dataset = load(file);
    EXPECT_EQ(dataset.knn.ids(), knn.ids()) << next;
    EXPECT_EQ(dataset.knn.add(Vector{1, 1}, "a"), 3u) << next;
  }
  for (uint32_t next : {0xFF000000u - 1, 0x80000000u}) {
    Bytes file = save(knn);
    std::memcpy(&file[next_id_offset()], &next, 4);
    repair(file);
    EXPECT_EQ(load(file).knn.add(Vector{1, 1}, "a"), next);
  }
}

TEST(DatasetFile, GivesNewIdsWhereThoseOfTheFileLeaveNone) {
  Knn knn;
  knn.skip_ids(5);
  for (int i = 0; i < 5; ++i) knn.add(Vector{1, static_cast<float>(i)}, i < 3 ? "a" : "b");
  knn.remove(6);
  knn.skip_ids(UINT32_MAX - 70);
  for (int i = 0; i < 70; ++i) knn.add(Vector{2, static_cast<float>(i)}, "c");
  EXPECT_THROW(knn.add(Vector{1, 1}, "a"), Error);
  const std::vector<ExampleId> ids = knn.ids();
  const std::vector<Thumbnail> thumbnails = {{ids[2], Bytes(3)}, {ids.back(), Bytes(4)}};
  Dataset dataset = load(save(knn, kModel, thumbnails));
  ASSERT_EQ(dataset.knn.example_count(), ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto id = static_cast<ExampleId>(i);
    EXPECT_EQ(dataset.knn.embedding(id), knn.embedding(ids[i]));
    EXPECT_EQ(dataset.knn.class_of(id), knn.class_of(ids[i]));
  }
  EXPECT_EQ(dataset.thumbnails, (std::vector<Thumbnail>{{2, Bytes(3)}, {73, Bytes(4)}}));
  EXPECT_EQ(dataset.knn.add(Vector{1, 1}, "a"), 74u);
  EXPECT_TRUE(knn.undo()) << "undo does not need new ids";
}

TEST(DatasetFile, RefusesLabelsThatAreNotUtf8) {
  Knn knn;
  knn.add(Vector{1, 2}, "####");
  const Bytes file = save(knn);
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const size_t at = text.find("####");
  for (const char* label :
       {"a\xFF##", "\xED\xA0\xBD#", "\xC0\x80##", "###\xE2", "\xF4\x90\x80\x80"}) {
    Bytes damaged = file;
    std::memcpy(&damaged[at], label, 4);
    repair(damaged);
    EXPECT_NE(error_message([&] { load(damaged); }).find("UTF-8"), std::string::npos);
    EXPECT_THROW(knn.add(Vector{1, 2}, label), Error);
    EXPECT_THROW(knn.add_class(label), Error);
    EXPECT_THROW(knn.rename("####", label), Error);
    EXPECT_THROW(knn.move_to(0, label), Error);
    EXPECT_EQ(save(knn), file) << "nothing changed";
  }
  Bytes valid = file;
  std::memcpy(&valid[at], "\xF0\x9F\x98\x80", 4);
  repair(valid);
  EXPECT_EQ(load(valid).knn.labels()[0], "\xF0\x9F\x98\x80");
}

TEST(DatasetFile, ReportsEveryChangedByte) {
  for (Storage storage : {Storage::F32, Storage::I16, Storage::I8}) {
    const Knn knn = sample(storage, 8, 3);
    Bytes file = save(knn, kModel, {{5, Bytes(10, std::byte{9})}});
    for (size_t i = 0; i < file.size(); ++i) {
      for (int change : {0x01, 0x80, 0xFF}) {
        file[i] ^= std::byte(change);
        error_message([&] { load(file); });
        file[i] ^= std::byte(change);
      }
    }
    load(file);
  }
}

TEST(DatasetFile, ReportsEveryTruncatedOrLongerFile) {
  Bytes file = save(sample(Storage::I8, 8, 3));
  for (size_t size = 0; size < file.size(); ++size) {
    error_message([&] { load(std::span(file).first(size)); });
  }
  file.push_back(std::byte{0});
  EXPECT_EQ(
      error_message([&] { load(file); }),
      "The data set is damaged: there are more bytes after its end. Load an intact copy of it.");
}

TEST(DatasetFile, ReportsMissingRepeatedAndSwappedSections) {
  const Knn knn = sample(Storage::I8, 70, 3);
  DatasetWriter writer(knn, kModel);
  std::vector<Bytes> pieces;
  for (Bytes piece = writer.next(); !piece.empty(); piece = writer.next()) pieces.push_back(piece);
  pieces.push_back(writer.finish());
  ASSERT_EQ(pieces.size(), 4u);
  for (const std::vector<size_t>& order : {std::vector<size_t>{0, 1, 3},
                                           {0, 2, 3},
                                           {0, 2, 1, 3},
                                           {0, 1, 1, 3},
                                           {0, 3, 1, 2},
                                           {1, 2}}) {
    error_message([&] {
      DatasetReader reader;
      for (size_t i : order) reader.add(pieces[i]);
      reader.finish();
    });
  }
}

TEST(DatasetFile, RejectsADataSetOfAnotherModelAndNamesBoth) {
  const Bytes file = save(sample(Storage::F32));
  DatasetModel other{"efficientnet", std::string(64, 'b'), ""};
  EXPECT_EQ(
      error_message([&] { load(file, SIZE_MAX, other); }),
      "The data set was made with the model 'mobilenet' (SHA-256 aaaaaaaaaaaa...). Its examples "
      "cannot be compared with embeddings of 'efficientnet' (SHA-256 bbbbbbbbbbbb...). Load the "
      "model of the data set, with the same option `layers`.");
  other.id = "mobilenet";
  error_message([&] { load(file, SIZE_MAX, other); });
  other = {"renamed", std::string(64, 'a'), "other preprocessing"};
  EXPECT_EQ(load(file, SIZE_MAX, other, 9).model.id, "mobilenet")
      << "the same file with another id";
  other = {"mobilenet", "", ""};
  load(file, SIZE_MAX, other);
  EXPECT_EQ(
      error_message([&] { load(file, SIZE_MAX, other, 1280); }),
      "The examples of the data set have 9 values, but embeddings of 'mobilenet' have 1280. Load "
      "the model of the data set, with the same option `layers`.");
}

TEST(DatasetFile, RejectsANewerVersionAndOtherFiles) {
  Bytes file = save(sample(Storage::F32));
  file[4] = std::byte{2};
  EXPECT_EQ(
      error_message([&] { load(file); }),
      "The data set has version 2. This library supports version 1. Use a newer version of the "
      "library.");
  const std::string text = "{\"dataset\": 1}";
  Bytes other(text.size());
  std::memcpy(other.data(), text.data(), text.size());
  EXPECT_EQ(
      error_message([&] { load(other); }),
      "The file is not a data set: it does not begin with TMKN. Load a file that was saved with "
      "saveDataset().");
}

TEST(DatasetFile, ReportsChangesOfTheExamplesDuringSaving) {
  Knn knn = sample(Storage::F32);
  DatasetWriter writer(knn, kModel);
  writer.next();
  knn.remove(5);
  EXPECT_THROW(writer.next(), Error);
}

TEST(DatasetFile, AReaderRejectsEverythingAfterAnError) {
  DatasetReader reader;
  error_message([&] { reader.add(Bytes(8)); });
  error_message([&] { reader.add(Bytes(8)); });
  error_message([&] { reader.finish(); });
}

// Bugs of the classifier of tfjs-models when data sets are restored. B1 is the number of the bug.

TEST(DatasetBugs, B1ClassIndicesAreRestoredAndContinue) {
  Knn knn;
  knn.add(Vector{1, 0}, "b");
  knn.add(Vector{0, 1}, "a");
  Knn loaded = load(save(knn)).knn;
  EXPECT_EQ(loaded.predict(Vector{0, 1}, 1).class_index, 1u);
  loaded.add(Vector{-1, 0}, "c");
  EXPECT_EQ(loaded.predict(Vector{-1, 0}, 1).class_index, 2u);
}

}  // namespace
}  // namespace teachable
