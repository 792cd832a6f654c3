#include "knn/example_map.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "core/float4.h"

namespace teachable {
namespace {

/// Rows are padded to a multiple of this number of floats.
constexpr size_t kStep = 16;
/// Maximum number of values from which components are computed, and the minimum number of examples.
constexpr size_t kMaxValues = size_t{1} << 22;
constexpr size_t kMinSample = 256;
/// Number of directions that are followed at once. More than two, because the others find
/// components that the two of the map before do not contain.
constexpr size_t kBlock = 4;
/// Maximum number of passes over the examples. Each adds kBlock directions.
constexpr size_t kMaxPasses = 10;
constexpr size_t kMaxBasis = kMaxPasses * kBlock;
/// Variance below which examples count as equal. They have length 1.
constexpr double kLeastVariance = 1e-10;

float dot(const float* a, const float* b, size_t stride) {
  Float4 s0{}, s1{}, s2{}, s3{};
  for (size_t i = 0; i < stride; i += kStep) {
    s0 += load4(a + i) * load4(b + i);
    s1 += load4(a + i + 4) * load4(b + i + 4);
    s2 += load4(a + i + 8) * load4(b + i + 8);
    s3 += load4(a + i + 12) * load4(b + i + 12);
  }
  return sum4((s0 + s1) + (s2 + s3));
}

/// Adds factor * row to `sum`.
void add_scaled(float* sum, float factor, const float* row, size_t stride) {
  const Float4 factors = splat4(factor);
  for (size_t i = 0; i < stride; i += 8) {
    store4(sum + i, load4(sum + i) + factors * load4(row + i));
    store4(sum + i + 4, load4(sum + i + 4) + factors * load4(row + i + 4));
  }
}

/// Multiplies a row by a factor.
void scale(float* row, float factor, size_t stride) {
  for (size_t i = 0; i < stride; i += 4) store4(row + i, load4(row + i) * splat4(factor));
}

/// Leading eigenvectors of the covariance of examples, by Rayleigh-Ritz in a block Krylov space.
/// The covariance itself, [dimension, dimension], is never formed.
class Components {
 public:
  /// `mean` [stride] is subtracted from all rows.
  Components(const Knn& knn, std::span<const ExampleId> ids, const float* mean, size_t stride)
      : knn_(knn),
        ids_(ids),
        mean_(mean),
        stride_(stride),
        basis_(kMaxBasis * stride),
        images_(kMaxBasis * stride),
        scratch_(kBlock * stride) {}

  /// Calls `body` with each example as a row [stride] from which the mean is subtracted.
  template <typename Body>
  static void for_each(const Knn& knn, std::span<const ExampleId> ids, const float* mean,
                       size_t stride, const Body& body) {
    PaddedBuffer<float> row(stride);
    for (const ExampleId id : ids) {
      knn.embedding(id, row.data());
      add_scaled(row.data(), -1, mean, stride);
      body(row.data());
    }
  }

  /// Adds a direction [stride], unless the others contain it.
  void add(const float* direction) {
    float* const added = basis_.data() + size_ * stride_;
    std::copy_n(direction, stride_, added);
    // Twice more, because the first time leaves rounding errors.
    for (size_t turn = 0; turn < 3; ++turn) {
      const float norm = std::sqrt(dot(added, added, stride_));
      if (!(norm > (turn == 0 ? 0 : 1e-4f))) return;
      scale(added, 1 / norm, stride_);
      for (size_t i = 0; turn < 2 && i < size_; ++i) {
        const float* const other = basis_.data() + i * stride_;
        add_scaled(added, -dot(added, other, stride_), other, stride_);
      }
    }
    ++size_;
  }

  /// Adds directions without a pattern, always the same ones, until there are enough to start from.
  void add_any(size_t dimension) {
    uint32_t state = 12345;
    for (size_t turn = 0; turn < kBlock && size_ < kBlock; ++turn) {
      for (size_t i = 0; i < dimension; ++i) {
        state = state * 1664525 + 1013904223;
        scratch_[i] = static_cast<float>(static_cast<int32_t>(state));
      }
      add(scratch_.data());
    }
  }

  /// Finds the two leading components [2, stride], or as many as there are. The others are all 0.
  PaddedBuffer<float> find() {
    for (size_t pass = 1;; ++pass) {
      apply_covariance();
      solve();
      // The residuals show how exact the components are, and where to search further.
      bool done = true;
      const size_t residual_count = std::min(kBlock, size_);
      for (size_t i = 0; i < residual_count; ++i) {
        float* const residual = scratch_.data() + i * stride_;
        std::fill_n(residual, stride_, 0.0f);
        combine(images_, i, 1, residual);
        combine(basis_, i, -variance(i), residual);
        const double allowed = 1e-4 * variance(i) + 1e-6 * variance(0);
        if (i < 2 && dot(residual, residual, stride_) > allowed * allowed) done = false;
      }
      if (done || pass == kMaxPasses) break;
      const size_t before = size_;
      for (size_t i = 0; i < residual_count; ++i) add(scratch_.data() + i * stride_);
      if (size_ == before) break;
    }
    PaddedBuffer<float> axes(2 * stride_);
    for (size_t i = 0; i < 2; ++i) {
      if (variance(i) > 1e-7 * variance(0)) combine(basis_, i, 1, axes.data() + i * stride_);
    }
    return axes;
  }

  /// Variance along component i after find(); 0 when there are fewer.
  double variance(size_t i) const { return i < size_ ? values_[order_[i]][order_[i]] : 0; }
  /// Sum of the variances along all components after find().
  double total_variance() const { return total_; }

 private:
  /// Multiplies the directions that are new with the covariance.
  void apply_covariance() {
    const float share = 1 / static_cast<float>(ids_.size());
    total_ = 0;
    for_each(knn_, ids_, mean_, stride_, [&](const float* row) {
      total_ += double{share * dot(row, row, stride_)};
      for (size_t i = applied_ * stride_; i < size_ * stride_; i += stride_) {
        add_scaled(&images_[i], share * dot(row, &basis_[i], stride_), row, stride_);
      }
    });
    applied_ = size_;
  }

  /// Finds the combinations of the directions that are closest to eigenvectors: makes the
  /// covariance in the basis diagonal by Jacobi's rotations.
  void solve() {
    for (size_t i = 0; i < size_; ++i) {
      for (size_t j = 0; j < size_; ++j) {
        vectors_[i][j] = i == j ? 1 : 0;
        if (j > i) continue;
        values_[i][j] = values_[j][i] =
            double{dot(&basis_[i * stride_], &images_[j * stride_], stride_)};
      }
    }
    constexpr size_t kSweeps = 10;
    for (size_t turn = 0; turn < kSweeps; ++turn) {
      for (size_t p = 0; p < size_; ++p) {
        for (size_t q = p + 1; q < size_; ++q) rotate(p, q);
      }
    }
    for (size_t i = 0; i < size_; ++i) {
      size_t at = i;
      for (; at > 0 && variance(at - 1) < values_[i][i]; --at) order_[at] = order_[at - 1];
      order_[at] = i;
    }
  }

  /// Makes the value at [p, q] zero.
  void rotate(size_t p, size_t q) {
    const double off = values_[p][q];
    if (std::abs(off) <= 1e-18 * (values_[p][p] + values_[q][q])) return;
    const double theta = (values_[q][q] - values_[p][p]) / (2 * off);
    const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
    const double c = 1 / std::sqrt(t * t + 1), s = t * c;
    const auto turn = [&](double& a, double& b) {
      const double old = a;
      a = c * old - s * b;
      b = s * old + c * b;
    };
    for (size_t i = 0; i < size_; ++i) {
      turn(values_[i][p], values_[i][q]);
      turn(vectors_[i][p], vectors_[i][q]);
    }
    for (size_t i = 0; i < size_; ++i) turn(values_[p][i], values_[q][i]);
  }

  /// Adds factor * the combination of `rows` for the component i to `sum`.
  void combine(const PaddedBuffer<float>& rows, size_t i, double factor, float* sum) const {
    for (size_t j = 0; j < size_; ++j) {
      add_scaled(sum, static_cast<float>(factor * vectors_[j][order_[i]]), &rows[j * stride_],
                 stride_);
    }
  }

  const Knn& knn_;
  std::span<const ExampleId> ids_;
  const float* mean_;
  size_t stride_;
  PaddedBuffer<float> basis_;    ///< [size_, stride] orthonormal directions
  PaddedBuffer<float> images_;   ///< [size_, stride] the covariance times each of them
  PaddedBuffer<float> scratch_;  ///< [kBlock, stride]
  size_t size_ = 0;              ///< number of directions
  size_t applied_ = 0;           ///< number of directions whose images are computed
  double total_ = 0;
  double values_[kMaxBasis][kMaxBasis];   ///< the covariance in the basis, diagonal after solve()
  double vectors_[kMaxBasis][kMaxBasis];  ///< [i][j]: coordinate i of eigenvector j
  size_t order_[kMaxBasis] = {};          ///< numbers of the eigenvectors, greatest variance first
};

/// Makes the greatest value of an axis positive.
void fix_sign(float* axis, size_t stride) {
  float greatest = 0;
  for (size_t i = 0; i < stride; ++i) {
    if (std::abs(axis[i]) > std::abs(greatest)) greatest = axis[i];
  }
  if (greatest < 0) scale(axis, -1, stride);
}

/// Turns and flips two axes [2, stride] within their plane, so that they are as close as possible
/// to earlier ones (orthogonal Procrustes problem).
void turn_towards(const float* earlier, float* axes, size_t stride) {
  float m[2][2];
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = 0; j < 2; ++j) m[i][j] = dot(axes + i * stride, earlier + j * stride, stride);
  }
  const float flip = m[0][0] * m[1][1] < m[0][1] * m[1][0] ? -1 : 1;
  float c = m[0][0] + flip * m[1][1], s = m[1][0] - flip * m[0][1];
  const float length = std::sqrt(c * c + s * s);
  if (!(length > 1e-3f)) return;
  c /= length;
  s /= length;
  for (size_t i = 0; i < stride; ++i) {
    const float x = axes[i], y = axes[stride + i];
    axes[i] = c * x + s * y;
    axes[stride + i] = flip * (c * y - s * x);
  }
}

}  // namespace

MapPoints ExampleMap::update(const Knn& knn) {
  MapPoints map;
  map.ids = knn.ids();
  const size_t count = map.ids.size(), dimension = knn.dimension();
  if (count == 0) {
    *this = {};
    return map;
  }
  const size_t stride = (dimension + kStep - 1) / kStep * kStep;
  const size_t sample_count = std::min(count, std::max(kMinSample, kMaxValues / dimension));
  std::vector<ExampleId> sample(sample_count);
  for (size_t i = 0; i < sample_count; ++i) {
    sample[i] = map.ids[static_cast<size_t>(static_cast<double>(i) * static_cast<double>(count) /
                                            static_cast<double>(sample_count))];
  }

  // Sums need another row than the one that is subtracted.
  const PaddedBuffer<float> zero(stride);
  PaddedBuffer<float> mean(stride);
  const float share = 1 / static_cast<float>(sample_count);
  Components::for_each(knn, sample, zero.data(), stride,
                       [&](const float* row) { add_scaled(mean.data(), share, row, stride); });

  const bool continues = dimension == dimension_;
  Components components(knn, sample, mean.data(), stride);
  if (continues) {
    for (size_t i = 0; i < 2; ++i) components.add(&axes_[i * stride]);
  }
  components.add_any(dimension);
  PaddedBuffer<float> axes = components.find();
  const double total = components.total_variance();
  if (total > kLeastVariance) {
    for (size_t i = 0; i < 2; ++i) {
      map.explained[i] = static_cast<float>(std::clamp(components.variance(i) / total, 0.0, 1.0));
      fix_sign(&axes[i * stride], stride);
    }
    if (continues) turn_towards(axes_.data(), axes.data(), stride);
  } else {
    axes = PaddedBuffer<float>(2 * stride);
  }

  map.points = PaddedBuffer<float>(2 * count);
  float* point = map.points.data();
  Components::for_each(knn, map.ids, mean.data(), stride, [&](const float* row) {
    for (size_t i = 0; i < 2; ++i) *point++ = dot(row, &axes[i * stride], stride);
  });
  dimension_ = dimension;
  mean_ = std::move(mean);
  axes_ = std::move(axes);
  return map;
}

std::optional<std::array<float, 2>> ExampleMap::project(std::span<const float> embedding) const {
  if (dimension_ == 0 || embedding.size() != dimension_) return {};
  const double norm = norm_of(embedding);
  if (!(norm > 0) || !std::isfinite(norm)) return {};
  const size_t stride = mean_.size();
  PaddedBuffer<float> row(stride);
  for (size_t i = 0; i < dimension_; ++i) row[i] = static_cast<float>(embedding[i] / norm);
  add_scaled(row.data(), -1, mean_.data(), stride);
  return std::array{dot(row.data(), axes_.data(), stride), dot(row.data(), &axes_[stride], stride)};
}

}  // namespace teachable
