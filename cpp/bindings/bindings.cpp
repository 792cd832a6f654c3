// The interface of the module to JavaScript. web/src/worker/wasm-module.ts declares the same
// interface for TypeScript.
//
// The table at the end defines all methods. The code reads options and builds results by hand,
// because value objects would take 2 kB more after compression, and would fail without a code when
// there is no memory for them.
#include <emscripten/bind.h>
#include <emscripten/emscripten.h>
#include <emscripten/heap.h>
#include <emscripten/val.h>
#include <malloc.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "border/failure.h"
#include "classifier/classifier.h"
#include "classifier/dataset_transfer.h"
#include "core/error.h"
#include "core/text.h"
#include "knn/example_map.h"
#include "knn/review.h"

/// Throws a JavaScript Error with a code. In JavaScript, a C++ exception would be an opaque handle
/// that leaks. It needs none of the module's memory.
EM_JS(void, throw_to_js,
      (const char* code, size_t code_size, const char* message, size_t message_size), {
        const error = new Error(UTF8ToString(message, message_size));
        error.code = UTF8ToString(code, code_size);
        throw error;
      });
EM_JS_DEPS(throw_to_js_needs, "$UTF8ToString");

namespace teachable {
namespace {

using emscripten::val;

int live_classifier_count = 0;

template <typename Body>
auto guard(Body&& body) {
  Failure failure;
  try {
    return body();
  } catch (...) {
    failure = current_failure();
  }
  throw_to_js(failure.code.data(), failure.code.size(), failure.message().data(),
              failure.message().size());
  __builtin_unreachable();
}

/// Returns a view of the module's memory. It is valid until the next call into the module.
template <typename T>
val view_of(std::span<T> span) {
  return val(emscripten::typed_memory_view(span.size(), reinterpret_cast<uint8_t*>(span.data())));
}

/// Checks a number from JavaScript, which Embind would convert unchecked.
size_t to_count(double value, const char* what) {
  if (!(value >= 0) || value > 4294967295.0 || value != std::floor(value)) {
    throw Error(ErrorCode::BadArgument,
                {what, ": got ", value, ", wanted a whole number of 0 or more"});
  }
  return static_cast<size_t>(value);
}

ExampleId to_id(double id) { return static_cast<ExampleId>(to_count(id, "id")); }

/// Returns the index of a name in a list of allowed names. Throws Error{BadArgument} if it is not
/// in the list.
size_t index_of(const std::string& name, const char* what, std::span<const char* const> allowed) {
  std::string list;
  for (size_t i = 0; i < allowed.size(); ++i) {
    if (name == allowed[i]) return i;
    list += i == 0 ? "'" : ", '";
    list += allowed[i];
    list += '\'';
  }
  throw Error(ErrorCode::BadArgument, {what, ": got '", name, "', wanted one of ", list});
}

/// Names of an option's values.
template <typename Value, size_t kCount>
struct Names {
  const char* names[kCount];
  Value values[kCount];
};

template <typename Value, size_t kCount>
Value named(const std::string& name, const char* what, const Names<Value, kCount>& table) {
  return table.values[index_of(name, what, table.names)];
}

constexpr Names<Crop, 2> kCrops{{"squash", "center"}, {Crop::Squash, Crop::Center}};
constexpr Names<ResizeRule, 3> kResizeRules{
    {"area", "half-pixel", "align-corners"},
    {ResizeRule::Area, ResizeRule::HalfPixel, ResizeRule::AlignCorners}};
constexpr Names<PrecisionChoice, 4> kPrecisions{
    {"auto", "f32", "int8", "exact"},
    {PrecisionChoice::Auto, PrecisionChoice::F32, PrecisionChoice::Int8, PrecisionChoice::Exact}};
constexpr Names<Rule, 2> kRules{{"combined", "neighbours"}, {Rule::Combined, Rule::Neighbours}};
constexpr Names<EmbeddingLayers, 3> kLayers{
    {"last", "two", "auto"}, {EmbeddingLayers::Last, EmbeddingLayers::Two, EmbeddingLayers::Auto}};
constexpr Names<Weighting, 2> kWeightings{{"votes", "similarity"},
                                          {Weighting::Votes, Weighting::Similarity}};
constexpr Names<Storage, 3> kStorages{{"f32", "i16", "i8"},
                                      {Storage::F32, Storage::I16, Storage::I8}};

struct JsFrameOptions {
  std::string crop;
  std::string resize;
  bool mirror = false;
  float range_low = NAN;
  float range_high = NAN;
  int background = -1;  // 0xRRGGBB; -1 for none.
  /// Ranges of R, G and B: three lows, then three highs. Empty: `range_low` and `range_high`.
  std::vector<float> channel_ranges;
  std::string embedding;
  std::string output;
  double width = 0, height = 0;  // 0: not given.
};

FrameOptions to_frame_options(const JsFrameOptions& js) {
  FrameOptions options;
  options.crop = named(js.crop, "crop", kCrops);
  options.resize = named(js.resize, "resize", kResizeRules);
  options.mirror = js.mirror;
  if (!std::isnan(js.range_low) || !std::isnan(js.range_high)) {
    options.range = InputRange{js.range_low, js.range_high};
  }
  if (js.background >= 0) {
    const auto channel = [&](int shift) { return static_cast<uint8_t>(js.background >> shift); };
    options.background = Rgb{channel(16), channel(8), channel(0)};
  }
  if (const std::vector<float>& r = js.channel_ranges; r.size() == 6) {
    options.channel_ranges = {InputRange{r[0], r[3]}, InputRange{r[1], r[4]},
                              InputRange{r[2], r[5]}};
  }
  options.embedding = js.embedding;
  options.output = js.output;
  options.input_size = {static_cast<int64_t>(js.width), static_cast<int64_t>(js.height)};
  return options;
}

/// Options of a prediction. JavaScript sends all fields, because its side has the defaults.
struct JsPredictOptions {
  std::string rule;
  double k = 0;
  std::string weighting;
  float temperature = 0;
  float prior = 0;
  float sharpness = 0;
  bool balanced = false;
  float unknown_threshold = 0;
  double smoothing = 0;
};

PredictOptions to_predict_options(const JsPredictOptions& js) {
  return {.rule = named(js.rule, "rule", kRules),
          .k = to_count(js.k, "k"),
          .weighting = named(js.weighting, "weighting", kWeightings),
          .temperature = js.temperature,
          .prior = js.prior,
          .sharpness = js.sharpness,
          .balanced = js.balanced,
          .unknown_threshold = js.unknown_threshold};
}

struct JsFrameRequest {
  bool teaches = false;
  std::string label;
  bool also_mirrored = false;
  bool predicts = false;
  bool predicts_only_when_taught = false;
  JsPredictOptions options;
  double topk = 0;
  bool embedding = false;
  bool map = false;
};

/// Conversion of an argument from what Embind passes. Strings and options come as values of
/// JavaScript: Embind itself would convert them outside of guard(), where a lack of memory is an
/// opaque exception.
template <typename Arg>
struct Wire {
  using Type = Arg;
  static Arg from(Arg arg) { return std::forward<Arg>(arg); }
};
template <>
struct Wire<const std::string&> {
  using Type = val;
  static std::string from(const val& js) { return js.as<std::string>(); }
};
std::string text_or_empty(const val& js) { return js.isUndefined() ? "" : js.as<std::string>(); }

template <>
struct Wire<const JsFrameOptions&> {
  using Type = val;
  static JsFrameOptions from(const val& js) {
    return {.crop = js["crop"].as<std::string>(),
            .resize = js["resize"].as<std::string>(),
            .mirror = js["mirror"].as<bool>(),
            .range_low = js["rangeLow"].as<float>(),
            .range_high = js["rangeHigh"].as<float>(),
            .background = js["background"].as<int>(),
            .channel_ranges =
                js["channelRanges"].isUndefined()
                    ? std::vector<float>()
                    : emscripten::convertJSArrayToNumberVector<float>(js["channelRanges"]),
            .embedding = text_or_empty(js["embedding"]),
            .output = text_or_empty(js["output"]),
            .width = js["width"].isUndefined() ? 0 : js["width"].as<double>(),
            .height = js["height"].isUndefined() ? 0 : js["height"].as<double>()};
  }
};
template <>
struct Wire<const JsPredictOptions&> {
  using Type = val;
  static JsPredictOptions from(const val& js) {
    return {.rule = js["rule"].as<std::string>(),
            .k = js["k"].as<double>(),
            .weighting = js["weighting"].as<std::string>(),
            .temperature = js["temperature"].as<float>(),
            .prior = js["prior"].as<float>(),
            .sharpness = js["sharpness"].as<float>(),
            .balanced = js["balanced"].as<bool>(),
            .unknown_threshold = js["unknownThreshold"].as<float>(),
            .smoothing = js["smoothing"].as<double>()};
  }
};
template <>
struct Wire<const JsFrameRequest&> {
  using Type = val;
  static JsFrameRequest from(const val& js) {
    return {.teaches = js["teaches"].as<bool>(),
            .label = js["label"].as<std::string>(),
            .also_mirrored = js["alsoMirrored"].as<bool>(),
            .predicts = js["predicts"].as<bool>(),
            .predicts_only_when_taught = js["predictsOnlyWhenTaught"].as<bool>(),
            .options = Wire<const JsPredictOptions&>::from(js["options"]),
            .topk = js["topk"].as<double>(),
            .embedding = js["embedding"].as<bool>(),
            .map = js["map"].as<bool>()};
  }
};

/// Function for Embind that calls a lambda without captures. Its exceptions become JavaScript
/// errors.
template <auto Body>
constexpr auto guarded =
    []<typename Result, typename Class, typename... Args>(Result (Class::*)(Args...) const) {
      return +[](typename Wire<Args>::Type... args) -> Result {
        return guard([&]() -> Result {
          return Body(Wire<Args>::from(std::forward<typename Wire<Args>::Type>(args))...);
        });
      };
    }(&decltype(Body)::operator());

/// Returns a copy of a text. Throws std::bad_alloc when there is no memory for the copy that Embind
/// makes on the way: Embind would write it to address 0, over the module's own data.
val to_js(const std::string& text) {
  ::operator delete(::operator new(sizeof(size_t) + text.size() + 1));
  return val(text);
}

val to_js(const std::vector<std::string>& texts) {
  val js = val::array();
  for (const std::string& text : texts) js.call<void>("push", to_js(text));
  return js;
}

val to_js(const ModelInfo& info) {
  val js = val::object();
  js.set("inputWidth", info.input_width);
  js.set("inputHeight", info.input_height);
  js.set("inputType", to_js(std::string(to_string(info.input_type))));
  js.set("rangeLow", info.range.low);
  js.set("rangeHigh", info.range.high);
  js.set("rangeSource", to_js(std::string(info.range_source)));
  js.set("inputChannels", info.input_channels);
  js.set("embeddingSize", info.embedding_size);
  js.set("embeddingLayer", to_js(info.embedding_layer));
  js.set("embeddingReason", to_js(info.embedding_reason));
  js.set("warnings", to_js(info.warnings));
  js.set("outputs", to_js(info.outputs));
  js.set("outputIndex", info.output);
  js.set("layers", to_js(std::string(info.layers == EmbeddingLayers::Two ? "two" : "last")));
  js.set("middleLayerSize", info.middle_layer_size);
  js.set("classCount", info.class_count);
  js.set("name", to_js(info.name));
  js.set("labelsFile", to_js(info.labels_file));
  js.set("precision", to_js(std::string(to_string(info.summary.precision))));
  js.set("weightBytes", info.summary.weight_bytes);
  js.set("multiplyAdds", static_cast<double>(info.multiply_adds));
  val operators = val::object();
  for (const auto& [name, count] : info.summary.operators)
    operators.set(to_js(std::string(name)), count);
  js.set("operators", operators);
  return js;
}

val to_js(const std::vector<ClassScore>& scores) {
  val js = val::array();
  for (const ClassScore& score : scores) {
    val item = val::object();
    item.set("classIndex", score.class_index);
    item.set("probability", score.probability);
    js.call<void>("push", item);
  }
  return js;
}

val to_js(const Prediction& prediction, const Knn& knn) {
  val js = val::object();
  js.set("classIndex", prediction.class_index);
  js.set("label", to_js(knn.labels()[prediction.class_index]));
  js.set("unknown", prediction.unknown);
  js.set("confidences", val::array(prediction.confidences));
  val neighbours = val::array();
  for (const Neighbour& neighbour : prediction.neighbours) {
    val item = val::object();
    item.set("id", neighbour.id);
    item.set("classIndex", neighbour.class_index);
    item.set("similarity", neighbour.similarity);
    neighbours.call<void>("push", item);
  }
  js.set("neighbours", neighbours);
  return js;
}

val to_js(const Review& review) {
  val js = val::object();
  js.set("tested", review.tested);
  js.set("correct", review.correct);
  js.set("temperature", review.temperature);
  js.set("prior", review.prior);
  js.set("sharpness", review.sharpness);
  js.set("predictions", val::array(review.predictions));
  val pair = val::null();
  if (review.most_confusable) {
    pair = val::object();
    pair.set("classA", review.most_confusable->class_a);
    pair.set("classB", review.most_confusable->class_b);
    pair.set("confusions", review.most_confusable->confusions);
  }
  js.set("mostConfusable", pair);
  val duplicates = val::array();
  for (const Duplicate& each : review.duplicates) {
    val item = val::object();
    item.set("id", each.id);
    item.set("of", each.of);
    item.set("similarity", each.similarity);
    duplicates.call<void>("push", item);
  }
  js.set("duplicates", duplicates);
  val outliers = val::array();
  for (const Outlier& each : review.outliers) {
    val item = val::object();
    item.set("id", each.id);
    item.set("classIndex", each.class_index);
    item.set("suggestedClass", each.suggested_class);
    item.set("confidence", each.confidence);
    outliers.call<void>("push", item);
  }
  js.set("outliers", outliers);
  return js;
}

/// Returns a copy that JavaScript owns.
val to_js(std::span<const float> values) {
  return val::global("Float32Array")
      .new_(val(emscripten::typed_memory_view(values.size(), values.data())));
}

/// Returns a copy that JavaScript owns.
val to_js(const std::vector<std::byte>& bytes) {
  return val::global("Uint8Array")
      .new_(val(emscripten::typed_memory_view(bytes.size(),
                                              reinterpret_cast<const uint8_t*>(bytes.data()))));
}

std::vector<float> to_floats(const val& js) {
  return emscripten::convertJSArrayToNumberVector<float>(js);
}

val to_js(const std::vector<Thumbnail>& thumbnails) {
  val js = val::array();
  for (const Thumbnail& thumbnail : thumbnails) {
    val item = val::object();
    item.set("id", thumbnail.id);
    item.set("bytes", to_js(thumbnail.bytes));
    js.call<void>("push", item);
  }
  return js;
}

/// A classifier with the saves and loads of its examples. live_classifier_count counts the
/// instances that exist.
struct JsClassifier {
  explicit JsClassifier(double thread_count)
      : classifier(guard([&] { return Classifier(to_count(thread_count, "thread count")); })) {
    ++live_classifier_count;
  }
  JsClassifier(const JsClassifier&) = delete;
  ~JsClassifier() { --live_classifier_count; }

  Knn& knn() { return classifier.knn(); }

  Classifier classifier;
  DatasetTransfer transfer{classifier};
  ExampleMap map;
};

/// Returns null when the embedding has no place on the map.
val map_point(const JsClassifier& self, std::span<const float> embedding) {
  const auto place = self.map.project(embedding);
  return place ? to_js(std::span<const float>(*place)) : val::null();
}

val observe(JsClassifier& self, const JsFrameRequest& js) {
  FrameRequest request;
  if (js.teaches) request.label = js.label;
  request.also_mirrored = js.also_mirrored;
  if (js.predicts) request.predict = to_predict_options(js.options);
  request.predicts_only_when_taught = js.predicts_only_when_taught;
  request.smoothing = js.options.smoothing;
  request.topk = to_count(js.topk, "topk");
  Attempt attempt(self.classifier);
  const FrameResult result = self.classifier.observe(request, emscripten_get_now);
  val prediction = val::null();
  val labels = val::array();
  if (result.prediction) {
    prediction = to_js(*result.prediction, self.knn());
    labels = to_js(self.knn().labels());
  }
  val object = val::object();
  object.set("networkMs", result.network_ms);
  object.set("preprocessMs", result.preprocess_ms);
  if (result.example_id) object.set("exampleId", *result.example_id);
  object.set("exampleCount", result.example_count);
  object.set("prediction", prediction);
  object.set("labels", labels);
  object.set("classes", to_js(result.classes));
  if (js.embedding) object.set("embedding", to_js(self.classifier.embed()));
  if (js.map) object.set("mapPoint", map_point(self, self.classifier.embed()));
  attempt.keep();
  return object;
}

val predict_embedding(JsClassifier& self, const val& embedding, const JsPredictOptions& options) {
  const PredictOptions how = to_predict_options(options);
  self.knn().prepare(how);
  Attempt attempt(self.classifier);
  Prediction prediction = self.knn().predict(to_floats(embedding), how);
  val js = to_js(self.classifier.smooth(std::move(prediction), options.smoothing), self.knn());
  attempt.keep();
  return js;
}

/// Returns the ids of the new examples. They are made before the examples, which stay when anything
/// fails later.
val add_embeddings(JsClassifier& self, const val& embeddings, double dimension, const val& labels) {
  const std::vector<float> values = to_floats(embeddings);
  const auto names = emscripten::vecFromJSArray<std::string>(labels);
  val ids = val::array();
  for (size_t i = 0; i < names.size(); ++i) {
    ids.call<void>("push", self.knn().next_id() + static_cast<ExampleId>(i));
  }
  self.knn().add_batch(values, to_count(dimension, "dimension"), names);
  return ids;
}

val predict_embeddings(JsClassifier& self, const val& embeddings, double dimension,
                       const JsPredictOptions& options) {
  val js = val::array();
  const PredictOptions how = to_predict_options(options);
  self.knn().prepare(how);
  for (const Prediction& each :
       self.knn().predict_batch(to_floats(embeddings), to_count(dimension, "dimension"), how)) {
    js.call<void>("push", to_js(each, self.knn()));
  }
  return js;
}

/// The ids come as an array of JavaScript, like those of other methods.
val map_examples(JsClassifier& self) {
  const MapPoints points = self.map.update(self.knn());
  val js = val::object();
  js.set("ids", val::array(points.ids));
  js.set("points", to_js(points.points.span()));
  js.set("explained", to_js(std::span<const float>(points.explained)));
  return js;
}

val review_examples(JsClassifier& self, const JsPredictOptions& options, double max_examples) {
  ReviewOptions review_options;
  review_options.predict = to_predict_options(options);
  review_options.max_examples = to_count(max_examples, "max examples");
  return to_js(review(self.knn(), review_options));
}

val storage_name(const JsClassifier& self) {
  for (size_t i = 0; i < std::size(kStorages.values); ++i) {
    if (kStorages.values[i] == self.classifier.knn().storage())
      return to_js(std::string(kStorages.names[i]));
  }
  return val::undefined();
}

double heap_bytes() { return static_cast<double>(emscripten_get_heap_size()); }
/// Bytes of static data, stack and allocated blocks.
double used_bytes() {
  return static_cast<double>(reinterpret_cast<std::uintptr_t>(sbrk(0)) - mallinfo().fordblks);
}
int live_classifiers() { return live_classifier_count; }

using Self = JsClassifier;
using Str = const std::string&;

}  // namespace

EMSCRIPTEN_BINDINGS(teachable) {
  emscripten::class_<JsClassifier>("Classifier")
      .constructor<double>()
      .function("useThreads", guarded<[](Self& self, double count) {
                  self.classifier.use_threads(to_count(count, "thread count"));
                }>)
      .function("limitThreads", guarded<[](Self& self, double count) {
                  self.classifier.limit_threads(to_count(count, "thread count"));
                }>)
      .function("modelBuffer", guarded<[](Self& self, double size) {
                  return view_of(self.classifier.model_buffer(to_count(size, "byte length")));
                }>)
      .function("loadModel",
                guarded<[](Self& self, const JsFrameOptions& options, Str precision, Str layers) {
                  return to_js(self.classifier.load_model(
                      to_frame_options(options), named(precision, "precision", kPrecisions),
                      named(layers, "layers", kLayers)));
                }>)
      .function(
          "useSpace", guarded<[](Self& self, const val& file) {
            self.classifier.use_space(emscripten::convertJSArrayToNumberVector<uint8_t>(file));
          }>)
      .function("frameBuffer", guarded<[](Self& self, int width, int height) {
                  return view_of(self.classifier.frame_buffer(width, height));
                }>)
      .function("reorderFrame", guarded<[](Self& self, bool blue_first, bool has_alpha) {
                  return self.classifier.reorder_frame({blue_first, has_alpha});
                }>)
      .function("startFrame", guarded<[](Self& self, int width, int height) {
                  return self.classifier.start_frame(width, height);
                }>)
      .function("rowBuffer",
                guarded<[](Self& self) { return view_of(self.classifier.row_buffer()); }>)
      .function("takeRows", guarded<[](Self& self) { return self.classifier.take_rows(); }>)
      .function(
          "observe",
          guarded<[](Self& self, const JsFrameRequest& request) { return observe(self, request); }>)
      .function("embed", guarded<[](Self& self) { return to_js(self.classifier.embed()); }>)
      .function("logits", guarded<[](Self& self) { return to_js(self.classifier.logits()); }>)
      .function("addEmbedding", guarded<[](Self& self, const val& embedding, Str label) {
                  return self.knn().add(to_floats(embedding), label);
                }>)
      .function("addEmbeddings",
                guarded<[](Self& self, const val& embeddings, double dimension, const val& labels) {
                  return add_embeddings(self, embeddings, dimension, labels);
                }>)
      .function("predictEmbedding",
                guarded<[](Self& self, const val& embedding, const JsPredictOptions& options) {
                  return predict_embedding(self, embedding, options);
                }>)
      .function("predictEmbeddings", guarded<[](Self& self, const val& embeddings, double dimension,
                                                const JsPredictOptions& options) {
                  return predict_embeddings(self, embeddings, dimension, options);
                }>)
      .function("removeExample",
                guarded<[](Self& self, double id) { self.knn().remove(to_id(id)); }>)
      .function(
          "moveExample",
          guarded<[](Self& self, double id, Str label) { self.knn().move_to(to_id(id), label); }>)
      .function("undo", guarded<[](Self& self) { return self.knn().undo(); }>)
      .function("addClass", guarded<[](Self& self, Str label) { self.knn().add_class(label); }>)
      .function("renameClass", guarded<[](Self& self, Str label, Str new_label) {
                  self.knn().rename(label, new_label);
                }>)
      .function("mergeClasses",
                guarded<[](Self& self, Str from, Str into) { self.knn().merge(from, into); }>)
      .function(
          "enableClass",
          guarded<[](Self& self, Str label, bool enabled) { self.knn().enable(label, enabled); }>)
      .function("classEnabled", guarded<[](Self& self, double class_index) {
                  return self.knn().enabled(to_count(class_index, "class index"));
                }>)
      .function("exampleIds",
                guarded<[](Self& self, Str label) { return val::array(self.knn().ids(label)); }>)
      .function("exampleEmbedding", guarded<[](Self& self, double id) {
                  return to_js(std::span<const float>(self.knn().embedding(to_id(id))));
                }>)
      .function("review",
                guarded<[](Self& self, const JsPredictOptions& options, double max_examples) {
                  return review_examples(self, options, max_examples);
                }>)
      .function("map", guarded<[](Self& self) { return map_examples(self); }>)
      .function("mapPoint", guarded<[](Self& self, const val& embedding) {
                  return map_point(self, to_floats(embedding));
                }>)
      .function("useStorage", guarded<[](Self& self, Str storage) {
                  self.knn().use_storage(named(storage, "storage", kStorages));
                }>)
      .function("storage", guarded<[](Self& self) { return storage_name(self); }>)
      .function(
          "takeExamples",
          guarded<[](Self& self, Self& other) { self.classifier.take_examples(other.classifier); }>)
      .function("exampleBytes",
                guarded<[](Self& self) { return static_cast<double>(self.knn().memory_bytes()); }>)
      .function("startSave", guarded<[](Self& self, Str id, Str sha256, Str preprocessing) {
                  self.transfer.start_save({id, sha256, preprocessing});
                }>)
      .function("planThumbnail", guarded<[](Self& self, double id, double byte_count) {
                  self.transfer.plan_thumbnail(to_id(id), to_count(byte_count, "byte length"));
                }>)
      .function("nextSaved", guarded<[](Self& self) { return to_js(self.transfer.next_saved()); }>)
      .function("savedThumbnail", guarded<[](Self& self, double id, double byte_count) {
                  return to_js(self.transfer.saved_thumbnail(to_id(id),
                                                             to_count(byte_count, "byte length")));
                }>)
      .function("endSave", guarded<[](Self& self) { return to_js(self.transfer.end_save()); }>)
      .function("cancelSave", guarded<[](Self& self) { self.transfer.cancel_save(); }>)
      .function("startLoad", guarded<[](Self& self, Str id, Str sha256, double embedding_size) {
                  self.transfer.start_load({id, sha256, ""},
                                           to_count(embedding_size, "embedding size"));
                }>)
      .function("pieceBuffer", guarded<[](Self& self, double size) {
                  return view_of(self.transfer.piece_buffer(to_count(size, "byte length")));
                }>)
      .function("loadPiece", guarded<[](Self& self) { return to_js(self.transfer.load_piece()); }>)
      .function("finishLoad", guarded<[](Self& self) { self.transfer.finish_load(); }>)
      .function("cancelLoad", guarded<[](Self& self) { self.transfer.cancel_load(); }>)
      .function("clear", guarded<[](Self& self, Str label) { self.knn().clear(label); }>)
      .function("clearAll", guarded<[](Self& self) { self.knn().clear(); }>)
      .function("labels", guarded<[](Self& self) { return to_js(self.knn().labels()); }>)
      .function("counts", guarded<[](Self& self) { return val::array(self.knn().counts()); }>);
  emscripten::function("heapBytes", &heap_bytes);
  emscripten::function("usedBytes", &used_bytes);
  emscripten::function("liveClassifierCount", &live_classifiers);
}

}  // namespace teachable
