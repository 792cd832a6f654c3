// The border to JavaScript: a registration table and adapters that only change shapes. web/src/wasm-module.d.ts is the other half.
#include <emscripten/bind.h>
#include <emscripten/heap.h>
#include <emscripten/val.h>

#include <cmath>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "classifier/classifier.h"
#include "core/error.h"

namespace teachable {
namespace {

using emscripten::val;

int live_classifier_count = 0;

/// A C++ exception that reached JavaScript would be an opaque, leaking handle: each becomes an Error with a code here.
[[noreturn]] void throw_to_js(const std::string& code, const std::string& message) {
  val error = val::global("Error").new_(message);
  error.set("code", code);
  error.throw_();
  __builtin_unreachable();
}

constexpr const char* kMemoryUsedUp =
    "the module's memory is used up; dispose of what isn't needed, use smaller pictures or fewer examples";

template <typename Body>
auto guard(Body&& body) {
  std::string code;
  std::string message;
  try {
    return body();
  } catch (const Error& e) {
    code = to_string(e.code());
    message = e.what();
  } catch (const std::bad_alloc&) {
    code = to_string(ErrorCode::OutOfMemory);
    message = kMemoryUsedUp;
  } catch (const std::length_error&) {
    // A vector longer than half the address space.
    code = to_string(ErrorCode::OutOfMemory);
    message = kMemoryUsedUp;
  } catch (const std::exception& e) {
    code = to_string(ErrorCode::Internal);
    message = e.what();
  }
  throw_to_js(code, message);
}

/// A view of the heap: dies at the next call into the module.
template <typename T>
val view_of(std::span<T> span) {
  return val(emscripten::typed_memory_view(span.size(), reinterpret_cast<uint8_t*>(span.data())));
}

/// JavaScript's numbers reach size_t unchecked.
size_t to_count(double value, const char* what) {
  if (!(value >= 0) || value > 4294967295.0 || value != std::floor(value)) {
    throw Error(ErrorCode::BadArgument,
                std::string(what) + ": got " + std::to_string(value) + ", wanted a whole number of 0 or more");
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
    throw Error(ErrorCode::BadArgument, "crop: got '" + js.crop + "', wanted 'squash' or 'center'");
  }
  if (js.resize != "half-pixel" && js.resize != "align-corners") {
    throw Error(ErrorCode::BadArgument,
                "resize: got '" + js.resize + "', wanted 'half-pixel' or 'align-corners'");
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
              "precision: got '" + name + "', wanted 'auto', 'f32', 'int8' or 'exact'");
}

val to_js(const ModelInfo& info) {
  val js = val::object();
  js.set("inputWidth", info.input_width);
  js.set("inputHeight", info.input_height);
  js.set("inputType", std::string(to_string(info.input_type)));
  js.set("rangeLow", info.range.low);
  js.set("rangeHigh", info.range.high);
  js.set("embeddingSize", info.embedding_size);
  js.set("classCount", info.class_count);
  js.set("format", std::string(to_string(info.format)));
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
  js.set("label", knn.labels()[prediction.class_index]);
  js.set("confidences", val::array(prediction.confidences));
  return js;
}

val size_to_js(const RgbaView& frame) {
  val js = val::object();
  js.set("width", frame.width);
  js.set("height", frame.height);
  return js;
}

/// Classifier with JavaScript's types; one line each.
class JsClassifier {
 public:
  explicit JsClassifier(double thread_count)
      : classifier_(guard([&] { return std::make_unique<Classifier>(to_count(thread_count, "thread count")); })) {
    ++live_classifier_count;
  }
  JsClassifier(const JsClassifier&) = delete;
  ~JsClassifier() { --live_classifier_count; }

  val model_buffer(double byte_count) {
    return guard([&] { return view_of(classifier_->model_buffer(to_count(byte_count, "byte length"))); });
  }
  val weights_buffer(double byte_count) {
    return guard([&] { return view_of(classifier_->weights_buffer(to_count(byte_count, "byte length"))); });
  }
  val load_model(const JsFrameOptions& options, const std::string& precision) {
    return guard([&] {
      return to_js(classifier_->load_model(to_frame_options(options), to_precision(precision)));
    });
  }
  val frame_buffer(int width, int height) {
    return guard([&] { return view_of(classifier_->frame_buffer(width, height)); });
  }
  val encoded_buffer(double byte_count) {
    return guard([&] { return view_of(classifier_->encoded_buffer(to_count(byte_count, "byte length"))); });
  }
  val decode_frame() {
    return guard([&] { return size_to_js(classifier_->decode_frame()); });
  }
  val classify(double topk) {
    return guard([&] { return to_js(classifier_->classify(to_count(topk, "topk"))); });
  }
  val embed() {
    return guard([&] {
      const std::span<const float> embedding = classifier_->embed();
      return val::global("Float32Array")
          .new_(val(emscripten::typed_memory_view(embedding.size(), embedding.data())));
    });
  }
  void add_example(const std::string& label) {
    guard([&] { classifier_->add_example(label); });
  }
  val predict(double k) {
    return guard([&] { return to_js(classifier_->predict(to_count(k, "k")), classifier_->knn()); });
  }
  void add_embedding(const val& embedding, const std::string& label) {
    guard([&] { classifier_->knn().add(emscripten::convertJSArrayToNumberVector<float>(embedding), label); });
  }
  val predict_embedding(const val& embedding, double k) {
    return guard([&] {
      return to_js(classifier_->knn().predict(emscripten::convertJSArrayToNumberVector<float>(embedding),
                                              to_count(k, "k")),
                   classifier_->knn());
    });
  }
  void clear(const std::string& label) {
    guard([&] { classifier_->knn().clear(label); });
  }
  void clear_all() {
    guard([&] { classifier_->knn().clear(); });
  }
  val labels() {
    return guard([&] { return val::array(classifier_->knn().labels()); });
  }
  val counts() {
    return guard([&] { return val::array(classifier_->knn().counts()); });
  }

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
  emscripten::class_<JsClassifier>("Classifier")
      .constructor<double>()
      .function("modelBuffer", &JsClassifier::model_buffer)
      .function("weightsBuffer", &JsClassifier::weights_buffer)
      .function("loadModel", &JsClassifier::load_model)
      .function("frameBuffer", &JsClassifier::frame_buffer)
      .function("encodedBuffer", &JsClassifier::encoded_buffer)
      .function("decodeFrame", &JsClassifier::decode_frame)
      .function("classify", &JsClassifier::classify)
      .function("embed", &JsClassifier::embed)
      .function("addExample", &JsClassifier::add_example)
      .function("predict", &JsClassifier::predict)
      .function("addEmbedding", &JsClassifier::add_embedding)
      .function("predictEmbedding", &JsClassifier::predict_embedding)
      .function("clear", &JsClassifier::clear)
      .function("clearAll", &JsClassifier::clear_all)
      .function("labels", &JsClassifier::labels)
      .function("counts", &JsClassifier::counts);
  emscripten::function("heapBytes", &heap_bytes);
  emscripten::function("liveClassifierCount", &live_classifiers);
}

}  // namespace teachable
