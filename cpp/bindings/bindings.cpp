// The border to JavaScript: a registration table and adapters that only change shapes.
// web/src/shared/wasm-module.d.d.ts is the other half.
#include <emscripten/bind.h>
#include <emscripten/heap.h>
#include <emscripten/val.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "border/failure.h"
#include "classifier/classifier.h"
#include "core/error.h"
#include "core/text.h"
#include "knn/review.h"

namespace teachable {
namespace {

using emscripten::val;

int live_classifier_count = 0;

/// A C++ exception that reached JavaScript would be an opaque, leaking handle: each becomes an
/// Error with a code here.
[[noreturn]] void throw_to_js(const std::string& code, const std::string& message) {
  val error = val::global("Error").new_(message);
  error.set("code", code);
  error.throw_();
  __builtin_unreachable();
}

template <typename Body>
auto guard(Body&& body) {
  Failure failure;
  try {
    return body();
  } catch (...) {
    failure = current_failure();
  }
  throw_to_js(failure.code, failure.message);
}

/// What is bound in place of a method: the same, guarded.
template <auto Method>
constexpr auto guarded =
    []<typename Result, typename Self, typename... Args>(Result (Self::*)(Args...)) {
      return +[](Self& self, Args... args) -> Result {
        return guard([&]() -> Result { return (self.*Method)(std::forward<Args>(args)...); });
      };
    }(Method);

/// A view of the heap: dies at the next call into the module.
template <typename T>
val view_of(std::span<T> span) {
  return val(emscripten::typed_memory_view(span.size(), reinterpret_cast<uint8_t*>(span.data())));
}

/// JavaScript's numbers reach size_t unchecked.
size_t to_count(double value, const char* what) {
  if (!(value >= 0) || value > 4294967295.0 || value != std::floor(value)) {
    throw Error(ErrorCode::BadArgument,
                {what, ": got ", value, ", wanted a whole number of 0 or more"});
  }
  return static_cast<size_t>(value);
}

struct JsFrameOptions {
  std::string crop;
  std::string resize;
  bool mirror = false;
  float range_low = NAN;
  float range_high = NAN;
};

FrameOptions to_frame_options(const JsFrameOptions& js) {
  FrameOptions options;
  if (js.crop != "squash" && js.crop != "center") {
    throw Error(ErrorCode::BadArgument, {"crop: got '", js.crop, "', wanted 'squash' or 'center'"});
  }
  if (js.resize != "half-pixel" && js.resize != "align-corners") {
    throw Error(ErrorCode::BadArgument,
                {"resize: got '", js.resize, "', wanted 'half-pixel' or 'align-corners'"});
  }
  options.crop = js.crop == "squash" ? Crop::Squash : Crop::Center;
  options.resize = js.resize == "half-pixel" ? ResizeRule::HalfPixel : ResizeRule::AlignCorners;
  options.mirror = js.mirror;
  if (!std::isnan(js.range_low) || !std::isnan(js.range_high)) {
    options.range = InputRange{js.range_low, js.range_high};
  }
  return options;
}

PrecisionChoice to_precision(const std::string& name) {
  for (PrecisionChoice choice : {PrecisionChoice::Auto, PrecisionChoice::F32, PrecisionChoice::Int8,
                                 PrecisionChoice::Exact}) {
    if (name == to_string(choice)) return choice;
  }
  throw Error(ErrorCode::BadArgument,
              {"precision: got '", name, "', wanted 'auto', 'f32', 'int8' or 'exact'"});
}

val to_js(const ModelInfo& info) {
  val js = val::object();
  js.set("inputWidth", info.input_width);
  js.set("inputHeight", info.input_height);
  js.set("inputType", std::string(to_string(info.input_type)));
  js.set("rangeLow", info.range.low);
  js.set("rangeHigh", info.range.high);
  js.set("rangeSource", std::string(info.range_source));
  js.set("embeddingSize", info.embedding_size);
  js.set("classCount", info.class_count);
  js.set("name", info.name);
  js.set("labelsFile", info.labels_file);
  js.set("precision", std::string(to_string(info.summary.precision)));
  js.set("weightBytes", info.summary.weight_bytes);
  js.set("multiplyAdds", static_cast<double>(info.multiply_adds));
  val operators = val::object();
  for (const auto& [name, count] : info.summary.operators) operators.set(name, count);
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

struct JsPredictOptions {
  double k = 3;
  std::string weighting;
  float temperature = 0;
  float prior = 0;
  float sharpness = 1;
  bool balanced = false;
  float unknown_threshold = -1;
  double smoothing = 0;
};

PredictOptions to_predict_options(const JsPredictOptions& js) {
  if (js.weighting != "votes" && js.weighting != "similarity") {
    throw Error(ErrorCode::BadArgument,
                {"weighting: got '", js.weighting, "', wanted 'votes' or 'similarity'"});
  }
  return {.k = to_count(js.k, "k"),
          .weighting = js.weighting == "votes" ? Weighting::Votes : Weighting::Similarity,
          .temperature = js.temperature,
          .prior = js.prior,
          .sharpness = js.sharpness,
          .balanced = js.balanced,
          .unknown_threshold = js.unknown_threshold};
}

const char* to_string(Storage storage) {
  switch (storage) {
    case Storage::F32:
      return "f32";
    case Storage::I16:
      return "i16";
    case Storage::I8:
      return "i8";
  }
  return "";
}

Storage to_storage(const std::string& name) {
  for (Storage storage : {Storage::F32, Storage::I16, Storage::I8}) {
    if (name == to_string(storage)) return storage;
  }
  throw Error(ErrorCode::BadArgument, {"storage: got '", name, "', wanted 'f32', 'i16' or 'i8'"});
}

ExampleId to_id(double id) { return static_cast<ExampleId>(to_count(id, "id")); }

val to_js(const Prediction& prediction, const Knn& knn) {
  val js = val::object();
  js.set("classIndex", prediction.class_index);
  js.set("label", knn.labels()[prediction.class_index]);
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
  val confusion = val::array();
  for (const Confusion& cell : review.confusion) {
    val item = val::object();
    item.set("classIndex", cell.class_index);
    item.set("takenFor", cell.taken_for);
    item.set("count", cell.count);
    confusion.call<void>("push", item);
  }
  js.set("confusion", confusion);
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

/// Copies that JavaScript owns.
val to_js(std::span<const float> values) {
  return val::global("Float32Array")
      .new_(val(emscripten::typed_memory_view(values.size(), values.data())));
}

val to_js(const std::vector<std::byte>& bytes) {
  return val::global("Uint8Array")
      .new_(val(emscripten::typed_memory_view(bytes.size(),
                                              reinterpret_cast<const uint8_t*>(bytes.data()))));
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

std::vector<Thumbnail> to_thumbnails(const val& js) {
  std::vector<Thumbnail> thumbnails;
  for (const val& item : emscripten::vecFromJSArray<val>(js)) {
    const std::vector<uint8_t> bytes =
        emscripten::convertJSArrayToNumberVector<uint8_t>(item["bytes"]);
    const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
    thumbnails.push_back({to_id(item["id"].as<double>()), {begin, begin + bytes.size()}});
  }
  return thumbnails;
}

/// Classifier with JavaScript's types.
class JsClassifier {
 public:
  explicit JsClassifier(double thread_count)
      : classifier_(guard(
            [&] { return std::make_unique<Classifier>(to_count(thread_count, "thread count")); })) {
    ++live_classifier_count;
  }
  JsClassifier(const JsClassifier&) = delete;
  ~JsClassifier() { --live_classifier_count; }

  void use_threads(double thread_count) {
    classifier_->use_threads(to_count(thread_count, "thread count"));
  }
  val model_buffer(double byte_count) {
    return view_of(classifier_->model_buffer(to_count(byte_count, "byte length")));
  }
  val load_model(const JsFrameOptions& options, const std::string& precision) {
    return to_js(classifier_->load_model(to_frame_options(options), to_precision(precision)));
  }
  val frame_buffer(int width, int height) {
    return view_of(classifier_->frame_buffer(width, height));
  }
  val classify(double topk) { return to_js(classifier_->classify(to_count(topk, "topk"))); }
  val embed() { return to_js(classifier_->embed()); }
  val logits() { return to_js(classifier_->logits()); }
  double add_example(const std::string& label) { return classifier_->add_example(label); }
  val predict(const JsPredictOptions& options) {
    return to_js(
        classifier_->smooth(classifier_->predict(to_predict_options(options)), options.smoothing),
        classifier_->knn());
  }
  double add_embedding(const val& embedding, const std::string& label) {
    return classifier_->knn().add(emscripten::convertJSArrayToNumberVector<float>(embedding),
                                  label);
  }
  val add_embeddings(const val& embeddings, double dimension, const val& labels) {
    return val::array(classifier_->knn().add_batch(
        emscripten::convertJSArrayToNumberVector<float>(embeddings),
        to_count(dimension, "dimension"), emscripten::vecFromJSArray<std::string>(labels)));
  }
  val predict_embedding(const val& embedding, const JsPredictOptions& options) {
    Prediction prediction = classifier_->knn().predict(
        emscripten::convertJSArrayToNumberVector<float>(embedding), to_predict_options(options));
    return to_js(classifier_->smooth(std::move(prediction), options.smoothing), classifier_->knn());
  }
  val predict_embeddings(const val& embeddings, double dimension, const JsPredictOptions& options) {
    val js = val::array();
    for (const Prediction& each : classifier_->knn().predict_batch(
             emscripten::convertJSArrayToNumberVector<float>(embeddings),
             to_count(dimension, "dimension"), to_predict_options(options))) {
      js.call<void>("push", to_js(each, classifier_->knn()));
    }
    return js;
  }
  void remove_example(double id) { classifier_->knn().remove(to_id(id)); }
  void move_example(double id, const std::string& label) {
    classifier_->knn().move_to(to_id(id), label);
  }
  bool undo() { return classifier_->knn().undo(); }
  void add_class(const std::string& label) { classifier_->knn().add_class(label); }
  void rename_class(const std::string& label, const std::string& new_label) {
    classifier_->knn().rename(label, new_label);
  }
  void merge_classes(const std::string& from, const std::string& into) {
    classifier_->knn().merge(from, into);
  }
  void enable_class(const std::string& label, bool enabled) {
    classifier_->knn().enable(label, enabled);
  }
  bool class_enabled(double class_index) {
    return classifier_->knn().enabled(to_count(class_index, "class index"));
  }
  val example_ids(const std::string& label) { return val::array(classifier_->knn().ids(label)); }
  val example_embedding(double id) {
    const std::vector<float> embedding = classifier_->knn().embedding(to_id(id));
    return to_js(std::span<const float>(embedding));
  }
  val review(const JsPredictOptions& options, double most_examples) {
    ReviewOptions review_options;
    review_options.predict = to_predict_options(options);
    review_options.max_examples = to_count(most_examples, "most examples");
    return to_js(teachable::review(classifier_->knn(), review_options));
  }
  void use_storage(const std::string& storage) { classifier_->use_storage(to_storage(storage)); }
  std::string storage() { return to_string(classifier_->knn().storage()); }
  void take_examples(JsClassifier& other) { classifier_->take_examples(*other.classifier_); }
  double example_bytes() { return static_cast<double>(classifier_->knn().memory_bytes()); }
  void start_save(const std::string& id, const std::string& sha256,
                  const std::string& preprocessing, const val& thumbnails) {
    classifier_->start_save({id, sha256, preprocessing}, to_thumbnails(thumbnails));
  }
  val next_saved() { return to_js(classifier_->next_saved()); }
  void cancel_save() { classifier_->cancel_save(); }
  void start_load(const std::string& id, const std::string& sha256, double embedding_size) {
    classifier_->start_load({id, sha256, ""}, to_count(embedding_size, "embedding size"));
  }
  val dataset_buffer(double byte_count) {
    return view_of(classifier_->dataset_buffer(to_count(byte_count, "byte length")));
  }
  void load_piece() { classifier_->load_piece(); }
  val finish_load() { return to_js(classifier_->finish_load()); }
  void cancel_load() { classifier_->cancel_load(); }
  void clear(const std::string& label) { classifier_->knn().clear(label); }
  void clear_all() { classifier_->knn().clear(); }
  val labels() { return val::array(classifier_->knn().labels()); }
  val counts() { return val::array(classifier_->knn().counts()); }

 private:
  std::unique_ptr<Classifier> classifier_;
};

double heap_bytes() { return static_cast<double>(emscripten_get_heap_size()); }
int live_classifiers() { return live_classifier_count; }

}  // namespace

EMSCRIPTEN_BINDINGS(teachable) {
  emscripten::value_object<JsFrameOptions>("FrameOptions")
      .field("crop", &JsFrameOptions::crop)
      .field("resize", &JsFrameOptions::resize)
      .field("mirror", &JsFrameOptions::mirror)
      .field("rangeLow", &JsFrameOptions::range_low)
      .field("rangeHigh", &JsFrameOptions::range_high);
  emscripten::value_object<JsPredictOptions>("PredictOptions")
      .field("k", &JsPredictOptions::k)
      .field("weighting", &JsPredictOptions::weighting)
      .field("temperature", &JsPredictOptions::temperature)
      .field("prior", &JsPredictOptions::prior)
      .field("sharpness", &JsPredictOptions::sharpness)
      .field("balanced", &JsPredictOptions::balanced)
      .field("unknownThreshold", &JsPredictOptions::unknown_threshold)
      .field("smoothing", &JsPredictOptions::smoothing);
  emscripten::class_<JsClassifier>("Classifier")
      .constructor<double>()
      .function("useThreads", guarded<&JsClassifier::use_threads>)
      .function("modelBuffer", guarded<&JsClassifier::model_buffer>)
      .function("loadModel", guarded<&JsClassifier::load_model>)
      .function("frameBuffer", guarded<&JsClassifier::frame_buffer>)
      .function("classify", guarded<&JsClassifier::classify>)
      .function("embed", guarded<&JsClassifier::embed>)
      .function("logits", guarded<&JsClassifier::logits>)
      .function("addExample", guarded<&JsClassifier::add_example>)
      .function("predict", guarded<&JsClassifier::predict>)
      .function("addEmbedding", guarded<&JsClassifier::add_embedding>)
      .function("predictEmbedding", guarded<&JsClassifier::predict_embedding>)
      .function("addEmbeddings", guarded<&JsClassifier::add_embeddings>)
      .function("predictEmbeddings", guarded<&JsClassifier::predict_embeddings>)
      .function("removeExample", guarded<&JsClassifier::remove_example>)
      .function("moveExample", guarded<&JsClassifier::move_example>)
      .function("undo", guarded<&JsClassifier::undo>)
      .function("addClass", guarded<&JsClassifier::add_class>)
      .function("renameClass", guarded<&JsClassifier::rename_class>)
      .function("mergeClasses", guarded<&JsClassifier::merge_classes>)
      .function("enableClass", guarded<&JsClassifier::enable_class>)
      .function("classEnabled", guarded<&JsClassifier::class_enabled>)
      .function("exampleIds", guarded<&JsClassifier::example_ids>)
      .function("exampleEmbedding", guarded<&JsClassifier::example_embedding>)
      .function("review", guarded<&JsClassifier::review>)
      .function("useStorage", guarded<&JsClassifier::use_storage>)
      .function("storage", guarded<&JsClassifier::storage>)
      .function("takeExamples", guarded<&JsClassifier::take_examples>)
      .function("exampleBytes", guarded<&JsClassifier::example_bytes>)
      .function("startSave", guarded<&JsClassifier::start_save>)
      .function("nextSaved", guarded<&JsClassifier::next_saved>)
      .function("cancelSave", guarded<&JsClassifier::cancel_save>)
      .function("startLoad", guarded<&JsClassifier::start_load>)
      .function("datasetBuffer", guarded<&JsClassifier::dataset_buffer>)
      .function("loadPiece", guarded<&JsClassifier::load_piece>)
      .function("finishLoad", guarded<&JsClassifier::finish_load>)
      .function("cancelLoad", guarded<&JsClassifier::cancel_load>)
      .function("clear", guarded<&JsClassifier::clear>)
      .function("clearAll", guarded<&JsClassifier::clear_all>)
      .function("labels", guarded<&JsClassifier::labels>)
      .function("counts", guarded<&JsClassifier::counts>);
  emscripten::function("heapBytes", &heap_bytes);
  emscripten::function("liveClassifierCount", &live_classifiers);
}

}  // namespace teachable
