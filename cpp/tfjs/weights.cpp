#include "tfjs/weights.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "core/half.h"
#include "graph/errors.h"
#include "graph/graph.h"

namespace teachable {
namespace {

static_assert(std::endian::native == std::endian::little, "the shards are little-endian");

constexpr size_t kNone = static_cast<size_t>(-1);
constexpr size_t kAmbiguous = static_cast<size_t>(-2);
/// Limits of the index, which has an entry for every part of every name. A MobileNet has about 270
/// weights.
constexpr size_t kMaxWeights = 16384;
constexpr size_t kMaxNameLength = 512;
constexpr ptrdiff_t kMaxNameParts = 32;

[[noreturn]] void bad_manifest(const Text& what) {
  throw_bad_model("model.json", {"weightsManifest ", what});
}

[[noreturn]] void bad_missing(const std::string& quoted) {
  bad_manifest({"has no weight ", quoted});
}

template <typename T>
T load(std::span<const std::byte> bytes, size_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

Shape read_shape(const Json& spec, const std::string& where) {
  const Json* dims = find(spec, "shape");
  if (dims == nullptr || !dims->is_array()) throw_bad_model(where, "the shape is missing");
  std::vector<int64_t> values;
  for (const Json& dim : *dims) {
    const std::optional<int64_t> value = dim.integer();
    if (!value || *value < 0)
      throw_bad_model(where, "the shape has a size that isn't an integer of at least 0");
    values.push_back(*value);
  }
  return Shape(std::move(values));
}

std::string join(std::span<const std::string> path, std::string_view name) {
  std::string text;
  for (const std::string& part : path) text += part + "/";
  return text += name;
}

}  // namespace

std::vector<float> transposed(const std::vector<float>& values, size_t rows, size_t columns) {
  std::vector<float> result(values.size());
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column) {
      result[column * rows + row] = values[row * columns + column];
    }
  }
  return result;
}

TfjsWeights::TfjsWeights(const Json& manifest, std::span<const std::byte> bytes) {
  if (!manifest.is_array()) bad_manifest("isn't an array");
  std::span<const std::byte> rest = bytes;
  for (const Json& group : manifest) {
    const Json* weights = find(group, "weights");
    if (weights == nullptr || !weights->is_array()) {
      bad_manifest("has a group without weights");
    }
    for (const Json& spec : *weights) read_entry(spec, rest);
  }
  if (!rest.empty()) {
    bad_manifest({"needs ", bytes.size() - rest.size(), " bytes of weights; found ", bytes.size()});
  }
}

void TfjsWeights::read_entry(const Json& spec, std::span<const std::byte>& rest) {
  auto entry = std::make_unique<Entry>();
  Config config(spec, "weight of model.json");
  entry->name = config.text("name", "");
  if (entry->name.ends_with(":0")) entry->name.resize(entry->name.size() - 2);
  if (entry->name.empty() || entry->name.size() > kMaxNameLength) {
    bad_manifest(
        {"has a name of ", entry->name.size(), " characters; expected 1 to ", kMaxNameLength});
  }
  if (std::ranges::count(entry->name, '/') >= kMaxNameParts || entries_.size() >= kMaxWeights) {
    bad_manifest({"has more than ", kMaxWeights, " weights, or a name of more than ", kMaxNameParts,
                  " parts"});
  }
  const std::string where = "weight " + in_quotes(entry->name);
  entry->shape = read_shape(spec, where);

  const std::string dtype = config.text("dtype", "float32");
  size_t element_bytes = 4;
  if (dtype == "bool" || dtype == "uint8") {
    element_bytes = 1;
  } else if (dtype != "float32" && dtype != "int32") {
    throw Error(ErrorCode::UnsupportedOp,
                {"Unsupported dtype ", in_quotes(dtype), " of ", where, ". Supported: float32."});
  }
  if (dtype != "float32") entry->storage = dtype == "int32" ? Storage::I32 : Storage::Other;
  if (const Json* quantization = config.find("quantization")) {
    read_quantization(*quantization, *entry);
    const bool is_byte = entry->storage == Storage::U8;
    element_bytes = is_byte ? 1 : 2;
    if (dtype != "float32") entry->storage = Storage::Other;
  }

  const int64_t count = entry->shape.checked_element_count(kMaxTensorElements);
  if (count < 0) throw_bad_model(where, {"the shape ", entry->shape, " is too large"});
  const size_t byte_count = static_cast<size_t>(count) * element_bytes;
  if (byte_count > rest.size()) {
    throw_bad_model(where, {"the shape ", entry->shape, " needs ", byte_count,
                            " bytes; the weights have ", rest.size(), " left"});
  }
  entry->bytes = rest.first(byte_count);
  rest = rest.subspan(byte_count);
  entries_.push_back(std::move(entry));
  index(entries_.size() - 1);
}

void TfjsWeights::read_quantization(const Json& quantization, Entry& entry) const {
  const Config config(quantization, "weight " + in_quotes(entry.name));
  const std::string dtype = config.text("dtype", "");
  if (dtype == "float16") {
    entry.storage = Storage::F16;
    return;
  }
  if (dtype != "uint8" && dtype != "uint16") {
    config.unsupported({"quantization ", in_quotes(dtype)}, "uint8, uint16 and float16");
  }
  entry.storage = dtype == "uint8" ? Storage::U8 : Storage::U16;
  entry.scale = config.number("scale", NAN);
  entry.min = config.number("min", NAN);
  if (!std::isfinite(entry.scale) || entry.scale <= 0 || !std::isfinite(entry.min)) {
    config.bad({"the quantization has scale ", entry.scale, " and min ", entry.min,
                "; expected finite values and a scale above 0"});
  }
}

void TfjsWeights::index(size_t entry) {
  const std::string_view name = entries_[entry]->name;
  if (!by_name_.emplace(name, entry).second) {
    bad_manifest({"has the weight ", in_quotes(std::string(name)), " twice"});
  }
  for (size_t slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1)) {
    const auto [at, is_new] = by_suffix_.emplace(name.substr(slash + 1), entry);
    if (!is_new) at->second = kAmbiguous;
  }
}

size_t TfjsWeights::find_entry(std::span<const std::string> path, std::string_view name) const {
  for (size_t skip = 0; skip < path.size(); ++skip) {
    const auto found = by_name_.find(join(path.subspan(skip), name));
    if (found != by_name_.end()) return found->second;
  }
  for (size_t skip = 0; skip < path.size(); ++skip) {
    const auto found = by_suffix_.find(join(path.subspan(skip), name));
    if (found != by_suffix_.end()) return found->second;
  }
  return kNone;
}

bool TfjsWeights::contains(std::span<const std::string> path, std::string_view name) const {
  return find_entry(path, name) != kNone;
}

TfjsWeight TfjsWeights::take(std::span<const std::string> path, std::string_view name) {
  const size_t found = find_entry(path, name);
  const std::string quoted = in_quotes(path.back() + "/" + std::string(name));
  if (found == kNone) bad_missing(quoted);
  if (found == kAmbiguous) bad_manifest({"has several weights that match ", quoted});
  Entry& entry = *entries_[found];
  const std::string where = "weight " + in_quotes(entry.name);
  if (entry.taken) throw_bad_model(where, "two layers use this weight");
  entry.taken = true;
  return decode(entry);
}

const TfjsWeights::Entry& TfjsWeights::entry_of(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    bad_missing(in_quotes(std::string(name)));
  }
  return *entries_[found->second];
}

TfjsWeight TfjsWeights::read(std::string_view name) const { return decode(entry_of(name)); }

std::vector<int64_t> TfjsWeights::integers(std::string_view name) const {
  const Entry& entry = entry_of(name);
  constexpr size_t kMaxIntegers = 64;
  if (entry.storage != Storage::I32 || entry.bytes.size() > kMaxIntegers * sizeof(int32_t)) {
    throw_bad_model("weight " + in_quotes(entry.name),
                    {"expected up to ", kMaxIntegers, " int32 values"});
  }
  std::vector<int64_t> values(entry.bytes.size() / sizeof(int32_t));
  for (size_t i = 0; i < values.size(); ++i) values[i] = load<int32_t>(entry.bytes, i);
  return values;
}

TfjsWeight TfjsWeights::decode(const Entry& entry) {
  const std::string where = "weight " + in_quotes(entry.name);
  if (entry.storage == Storage::Other || entry.storage == Storage::I32) {
    throw_bad_model(where, "the type isn't float32");
  }

  TfjsWeight weight{entry.shape, std::vector<float>(entry.shape.element_count())};
  for (size_t i = 0; i < weight.values.size(); ++i) {
    float& value = weight.values[i];
    switch (entry.storage) {
      case Storage::F16:
        value = half_to_float(load<uint16_t>(entry.bytes, i));
        break;
      // Computed in doubles, as in TensorFlow.js.
      case Storage::U8:
        value = static_cast<float>(load<uint8_t>(entry.bytes, i) * entry.scale + entry.min);
        break;
      case Storage::U16:
        value = static_cast<float>(load<uint16_t>(entry.bytes, i) * entry.scale + entry.min);
        break;
      case Storage::F32:
      case Storage::I32:
      case Storage::Other:
        value = load<float>(entry.bytes, i);
        break;
    }
    if (!std::isfinite(value)) {
      throw_bad_model(where, {"the value at index ", i, " isn't finite"});
    }
  }
  return weight;
}

}  // namespace teachable
