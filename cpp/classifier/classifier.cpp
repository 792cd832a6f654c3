#include "classifier/classifier.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "core/half.h"
#include "core/text.h"

namespace teachable {
namespace {

std::vector<float> softmax(std::span<const float> logits, float beta) {
  const float highest = *std::ranges::max_element(logits);
  std::vector<float> result(logits.size());
  double sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    // Subtracting the highest value keeps exponentials from overflowing.
    result[i] = std::exp(beta * (logits[i] - highest));
    sum += result[i];
  }
  for (float& p : result) p = static_cast<float>(p / sum);
  return result;
}

std::vector<float> sigmoid(std::span<const float> logits) {
  std::vector<float> result(logits.begin(), logits.end());
  for (float& p : result) p = 1 / (1 + std::exp(-p));
  return result;
}

/// Returns an empty function without a pool; the Knn then uses a loop.
ParallelFor parallel_for_on(pthreadpool_t pool) {
  if (pool == nullptr) return {};
  return [pool](size_t count, const auto& body) { parallel_for(pool, count, body); };
}

/// Memory for the rows of a frame in parts, in bytes, unless one row of the input needs more.
constexpr size_t kPartBytes = size_t{4} << 20;

const char* to_string(RangeSource source) {
  switch (source) {
    case RangeSource::Assumed:
      return "assumed";
    case RangeSource::File:
      return "file";
    case RangeSource::Metadata:
      return "metadata";
  }
  return "";
}

/// Adds a warning if the input range is assumed.
void warn_of_range(const Network& network, const InputRange& range,
                   std::vector<std::string>& warnings) {
  if (network.range_source() != RangeSource::Assumed) return;
  constexpr const char* kAdvice =
      " is assumed, and a wrong range gives wrong results without an error. Look it up in the "
      "documentation of the model, and pass `preprocess: { range }` or `{ mean, std }`.";
  if (const auto unusual = network.unusual_range()) {
    warnings.push_back(Text({"By the quantization of the input, pixels are ", unusual->low, " to ",
                             unusual->high, ", which no preprocessing of pictures gives. ",
                             range.low, " to ", range.high, kAdvice})
                           .to_string());
  } else {
    warnings.push_back(Text({"The file doesn't say which values pixels have. ", range.low, " to ",
                             range.high, kAdvice})
                           .to_string());
  }
}

}  // namespace

void Classifier::use_threads(size_t thread_count) {
  if (thread_count < 1) {
    throw Error(ErrorCode::BadArgument, "thread count: got 0, wanted 1 or more");
  }
  Threadpool fresh = make_threadpool(thread_count);
  if (network_ != nullptr) network_->use_threadpool(fresh.get());
  knn_.set_parallel_for(parallel_for_on(fresh.get()));
  threadpool_ = std::move(fresh);
}

void Classifier::replace_examples(Knn knn) {
  knn.set_parallel_for(parallel_for_on(threadpool_.get()));
  smoothing_.reset();
  ++replacement_count_;
  knn_ = std::move(knn);
}

Prediction Classifier::smooth(Prediction prediction, double half_life) {
  if (half_life == 0) return prediction;
  if (!smoothing_ || half_life_ != half_life || smoothed_classes_ != knn_.class_revision()) {
    smoothing_ = Smoothing(half_life);
  }
  half_life_ = half_life;
  smoothed_classes_ = knn_.class_revision();
  const std::span<const float> mean = smoothing_->add(prediction.confidences);
  prediction.confidences.assign(mean.begin(), mean.end());
  // Among equal means, the frame's own winner stays.
  for (size_t i = 0; i < mean.size(); ++i) {
    if (mean[i] > mean[prediction.class_index]) prediction.class_index = i;
  }
  return prediction;
}

Attempt::Attempt(Classifier& classifier)
    : classifier_(classifier),
      smoothing_(classifier.smoothing_),
      half_life_(classifier.half_life_),
      smoothed_classes_(classifier.smoothed_classes_),
      next_id_(classifier.knn_.next_id()) {}

Attempt::~Attempt() {
  if (is_kept_) return;
  while (classifier_.knn_.next_id() != next_id_) classifier_.knn_.take_back();
  classifier_.smoothing_ = std::move(smoothing_);
  classifier_.half_life_ = half_life_;
  classifier_.smoothed_classes_ = smoothed_classes_;
}

void Classifier::take_examples(Classifier& other) {
  // Everything that may throw comes first.
  Knn rest(other.knn_.storage());
  // In 64 bits: in the module, the sum of two size_t could overflow.
  if (other.knn_.ids_left() >= uint64_t{knn_.next_id()} + Knn::kEnoughIds) {
    other.knn_.raise_ids(knn_.next_id());
  }
  rest.skip_ids(other.knn_.next_id());
  replace_examples(std::move(other.knn_));
  other.replace_examples(std::move(rest));
}

std::span<std::byte> Classifier::model_buffer(size_t byte_count) {
  model_ = PaddedBuffer<std::byte>(byte_count);
  return model_.span();
}

ModelInfo Classifier::load_model(const FrameOptions& options, PrecisionChoice precision,
                                 EmbeddingLayers layers) {
  const PaddedBuffer<std::byte> model_bytes = std::exchange(model_, {});
  if (knn_.example_count() > 0) {
    throw Error(ErrorCode::BadArgument,
                {"There are ", knn_.example_count(),
                 " examples of the current model. Clear them first, or load the new model into "
                 "another classifier."});
  }
  Model model = read_model(model_bytes.span(), precision, ConstantStorage::Borrowed,
                           options.embedding, options.input_size, options.output);
  std::vector<std::string> outputs = std::move(model.graph.file_outputs);
  const size_t output = model.graph.file_output;
  auto network = std::make_unique<Network>(std::move(model.graph), threadpool_.get(), layers);

  // The caller's range is that of the file's input. Layers that were removed may have scaled it.
  const InputScaling scaling = network->input_scaling();
  const auto to_first_layer = [&](float value) {
    return static_cast<float>(scaling.scale * value + scaling.offset);
  };
  const auto to_file = [&](float value) {
    return static_cast<float>((value - scaling.offset) / scaling.scale);
  };
  const InputRange first_layer = network->input_range().value_or(InputRange{-1.0f, 1.0f});
  const InputRange own{to_file(first_layer.low), to_file(first_layer.high)};
  const InputRange one = options.range.value_or(own);
  std::array<InputRange, 3> ranges = options.channel_ranges.value_or(std::array{one, one, one});
  const bool is_grey = network->input_channels() == 1;
  if (is_grey) {
    ranges.fill({(ranges[0].low + ranges[1].low + ranges[2].low) / 3,
                 (ranges[0].high + ranges[1].high + ranges[2].high) / 3});
  }
  const bool is_given = options.range || options.channel_ranges;
  std::array<Levels, 3> levels = {};
  InputRange range = ranges[0];
  for (size_t c = 0; c < 3; ++c) {
    const auto [low, high] = ranges[c];
    levels[c] = {to_first_layer(low), to_first_layer(high)};
    if (!std::isfinite(levels[c].low) || !std::isfinite(levels[c].high) || low == high) {
      throw Error(ErrorCode::BadArgument,
                  {"input range: got ", low, " to ", high, ", wanted two different finite values"});
    }
    if (options.channel_ranges) range = {std::min(range.low, low), std::max(range.high, high)};
  }
  std::vector<std::string> warnings = network->warnings();
  if (!is_given) warn_of_range(*network, own, warnings);
  preprocess_ = {.crop = options.crop,
                 .resize = options.resize,
                 .mirror = options.mirror,
                 .background = options.background,
                 .channel_ranges = levels,
                 .grey = is_grey};
  network_ = std::move(network);
  space_.reset();
  embedded_ = scored_ = false;
  if (in_parts_) frame_ = {};  // The earlier network had it.
  part_ = {};
  return {.input_width = network_->input_width(),
          .input_height = network_->input_height(),
          .input_channels = network_->input_channels(),
          .input_type = network_->input_type(),
          .range = range,
          .range_source = is_given ? "given" : to_string(network_->range_source()),
          .embedding_size = network_->embedding_size(),
          .embedding_layer = network_->embedding_name(),
          .embedding_reason = network_->embedding_reason(),
          .layers = network_->layers(),
          .middle_layer_size = network_->middle_layer_size(),
          .class_count = network_->class_count(),
          .name = std::move(model.name),
          .labels_file = std::move(model.labels_file),
          .summary = network_->summary(),
          .multiply_adds = network_->backbone_multiply_adds() + network_->head_multiply_adds(),
          .warnings = std::move(warnings),
          .outputs = std::move(outputs),
          .output = output};
}

void Classifier::use_space(std::span<const uint8_t> file) {
  const size_t last = network().last_layer_size();
  const size_t middle = network().middle_layer_size();
  EmbeddingSpace space(file, last, middle);
  if (network().embedding_size() != last + middle) return;
  embedded_ = false;
  space_ = std::move(space);
}

void Classifier::check_side(int width, int height) const {
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide) {
    throw Error(ErrorCode::BadImage,
                {"frame: got ", width, " x ", height, " pixels, wanted 1 to ", kMaxSide,
                 " per side. A video has no pixels before its first frame."});
  }
}

std::span<uint8_t> Classifier::frame_buffer(int width, int height) {
  check_side(width, height);
  const size_t byte_count = static_cast<size_t>(width) * static_cast<size_t>(height) * 4;
  frame_ = {};
  part_ = {};
  in_parts_ = embedded_ = scored_ = false;
  if (pixels_.size() != byte_count) pixels_ = PaddedBuffer<uint8_t>(byte_count);
  frame_ = {pixels_.span(), width, height};
  return pixels_.span();
}

bool Classifier::reorder_frame(ByteOrder order) {
  embedded_ = scored_ = false;
  return to_rgba(in_parts_ ? std::span<uint8_t>() : pixels_.span(), order);
}

int Classifier::start_frame(int width, int height) {
  check_side(width, height);
  network();
  frame_ = {};
  flipped_ = embedded_ = scored_ = false;
  in_parts_ = true;
  want_rows_from(0, width, height);
  frame_ = {{}, width, height};
  return part_.first_row;
}

void Classifier::want_rows_from(int output_row, int frame_width, int frame_height) {
  part_ = {};
  const int width = network_->input_width(), height = network_->input_height();
  if (output_row == height) return;
  part_ = preprocessor_.part_from(output_row, frame_width, frame_height, preprocess_, width, height,
                                  kPartBytes);
}

std::span<uint8_t> Classifier::row_buffer() {
  const size_t byte_count =
      static_cast<size_t>(part_.row_count) * static_cast<size_t>(frame_.width) * 4;
  const size_t wanted = std::max(byte_count, kPartBytes);
  // Memory of a large frame before is not kept.
  if (pixels_.size() < wanted || pixels_.size() > 2 * wanted) {
    pixels_ = {};
    pixels_ = PaddedBuffer<uint8_t>(wanted);
  }
  return pixels_.span().first(byte_count);
}

int Classifier::take_rows() {
  if (part_.row_count == 0) throw Error(ErrorCode::Internal, "no rows are wanted");
  frame_.pixels = row_buffer();
  write_input(preprocess_, &part_);
  frame_.pixels = {};
  want_rows_from(part_.output_end, frame_.width, frame_.height);
  return part_.first_row;
}

void Classifier::flip_input() {
  const auto bytes = [&]() -> std::span<std::byte> {
    if (network_->input_type() == DataType::F32)
      return std::as_writable_bytes(network_->input_f32());
    if (network_->input_type() == DataType::U8) return std::as_writable_bytes(network_->input_u8());
    return std::as_writable_bytes(network_->input_i8());
  }();
  const size_t width = static_cast<size_t>(network_->input_width());
  const size_t row = bytes.size() / static_cast<size_t>(network_->input_height());
  const size_t pixel = row / width;
  for (std::byte* begin = bytes.data(); begin != bytes.data() + bytes.size(); begin += row) {
    std::byte* right = begin + row;
    for (std::byte* left = begin; left < (right -= pixel); left += pixel) {
      std::swap_ranges(left, left + pixel, right);
    }
  }
  flipped_ = !flipped_;
}

Network& Classifier::network() {
  if (network_ == nullptr) {
    throw Error(ErrorCode::BadArgument, "No model is loaded. Load one first.");
  }
  return *network_;
}

void Classifier::write_input(const Preprocess& how, const Preprocessor::Part* part) {
  Network& net = network();
  if (frame_.width == 0 || (part == nullptr && part_.row_count > 0)) {
    throw Error(ErrorCode::BadImage, "There is no frame. Pass one first.");
  }
  if (in_parts_ && part == nullptr) {
    if (flipped_ != (how.mirror != preprocess_.mirror)) flip_input();
    return;
  }
  const int width = net.input_width();
  const int height = net.input_height();
  switch (net.input_type()) {
    case DataType::F32:
      preprocessor_.run(frame_, how, width, height, net.input_f32(), part);
      return;
    case DataType::U8:
      preprocessor_.run(frame_, how, width, height, net.input_scale(), net.input_zero_point(),
                        net.input_u8(), part);
      return;
    case DataType::I8:
      preprocessor_.run(frame_, how, width, height, net.input_scale(), net.input_zero_point(),
                        net.input_i8(), part);
      return;
    case DataType::I32:
      break;
  }
  throw Error(ErrorCode::Internal, "the network's input is int32");
}

void Classifier::run_network() {
  network_->run_backbone();
  embedding_ = network_->embedding();
  if (space_) embedding_ = space_->transform(embedding_);
}

std::span<const float> Classifier::embed() {
  if (!embedded_) {
    run(preprocess_);
    embedded_ = true;
  }
  return embedding_;
}

std::vector<float> Classifier::embed_mirrored() {
  Preprocess mirrored = preprocess_;
  mirrored.mirror = !mirrored.mirror;
  embedded_ = scored_ = false;
  run(mirrored);
  return {embedding_.begin(), embedding_.end()};
}

std::span<const float> Classifier::logits() {
  embed();
  if (!scored_) {
    network_->run_head();
    scored_ = true;
  }
  return network_->logits();
}

FrameResult Classifier::observe(const FrameRequest& request, double (*now_ms)()) {
  if (request.predict) check(*request.predict);
  const Smoothing checked(request.smoothing);
  Attempt attempt(*this);
  FrameResult result;
  const double start = now_ms();
  // First, so that the network holds the frame's own embedding afterwards.
  std::vector<float> mirrored;
  if (request.label && request.also_mirrored) mirrored = embed_mirrored();
  if (!embedded_) {
    const double before = now_ms();
    write_input(preprocess_);
    result.preprocess_ms = now_ms() - before;
    run_network();
    embedded_ = true;
  }
  result.network_ms = now_ms() - start;
  if (request.label) {
    result.example_id = knn_.add(embed(), *request.label);
    if (!mirrored.empty()) knn_.add(mirrored, *request.label);
    result.example_count = knn_.counts()[knn_.class_of(*result.example_id)];
  }
  const auto may_vote = [&] {
    return std::ranges::any_of(knn_.voting_counts(), [](size_t count) { return count > 0; });
  };
  if (request.predict && (!request.predicts_only_when_taught || may_vote())) {
    knn_.prepare(*request.predict);
    result.prediction = smooth(knn_.predict(embed(), *request.predict), request.smoothing);
  }
  if (request.topk > 0) result.classes = classify(request.topk);
  attempt.keep();
  return result;
}

std::vector<ClassScore> Classifier::classify(size_t topk) {
  const std::span<const float> scored = logits();
  const std::vector<float> probabilities =
      network_->ends_in_sigmoid() ? sigmoid(scored) : softmax(scored, network_->softmax_beta());
  std::vector<size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const size_t count = std::min(topk, order.size());
  // Equal probabilities are ordered by index, so that the result doesn't depend on the sort.
  std::ranges::partial_sort(
      order, order.begin() + static_cast<std::ptrdiff_t>(count), [&](size_t a, size_t b) {
        return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
      });
  std::vector<ClassScore> scores(count);
  for (size_t i = 0; i < count; ++i) scores[i] = {order[i], probabilities[order[i]]};
  return scores;
}

}  // namespace teachable
