#include "model/input_range.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace teachable {
namespace {

/// Usual ranges of the pixel values that networks are trained on.
constexpr InputRange kPixelRanges[] = {{-1, 1}, {0, 255}, {0, 1}};

/// Usual ranges of the values that first layers read. The last but one is 0 to 255 minus ImageNet's
/// mean; the last one is also divided by its standard deviation.
constexpr InputRange kFirstLayerRanges[] = {{-1, 1},  {0, 1},      {-0.5f, 0.5f},
                                            {0, 255}, {-115, 140}, {-2, 2.44f}};

/// Ranges of whole pictures that preprocessing gives: those above, bytes minus 128, and the
/// extremes of all channels minus ImageNet's mean, with and without division by the standard
/// deviation.
constexpr InputRange kUsualRanges[] = {{-1, 1},     {0, 1},      {-0.5f, 0.5f},  {0, 255},
                                       {-128, 127}, {-124, 151}, {-2.12f, 2.64f}};

}  // namespace

InputRange quantized_range(const Tensor& tensor) {
  const float scale = tensor.quantization.scales[0];
  const auto zero_point = static_cast<float>(tensor.quantization.zero_points[0]);
  const float lowest = tensor.type == DataType::I8 ? -128.0f : 0.0f;
  return {scale * (lowest - zero_point), scale * (lowest + 255.0f - zero_point)};
}

bool is_usual_range(const InputRange& range) {
  return std::ranges::any_of(kUsualRanges, [&](const InputRange& usual) {
    const float tolerance = 0.15f * (usual.high - usual.low);
    return std::fabs(range.low - usual.low) <= tolerance &&
           std::fabs(range.high - usual.high) <= tolerance;
  });
}

void take_quantized_range(Graph& graph) {
  const Tensor& input = graph.tensors[graph.input];
  if (!input.quantization.present() || graph.input_range) return;
  const InputRange range = quantized_range(input);
  if (is_usual_range(range)) {
    graph.input_range = range;
    graph.range_source = RangeSource::File;
    return;
  }
  graph.unusual_range = range;
  graph.input_range = kPixelRanges[0];
}

void guess_input_range(Graph& graph, double scale, double offset) {
  double best = std::numeric_limits<double>::infinity();
  double second = best;
  graph.input_range = kPixelRanges[0];
  for (const InputRange& range : kPixelRanges) {
    const double low = scale * range.low + offset;
    const double high = scale * range.high + offset;
    double cost = std::numeric_limits<double>::infinity();
    for (const InputRange& usual : kFirstLayerRanges) {
      const double width = double{usual.high} - usual.low;
      const double ratio = std::fabs(high - low) / width;
      const double shift = std::fabs(low + high - usual.low - usual.high) / (2 * width);
      cost = std::min(cost, std::max(ratio, 1 / ratio) - 1 + shift);
    }
    if (cost < best) graph.input_range = range;
    second = std::min(second, std::max(cost, best));
    best = std::min(best, cost);
  }
  graph.range_source = best + 0.2 < second ? RangeSource::File : RangeSource::Assumed;
}

}  // namespace teachable
