#include "knn/example_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "failing_new.h"
#include "test_seed.h"

namespace teachable {
namespace {

using Vector = std::vector<float>;
using Matrix = std::vector<std::vector<double>>;

/// Exact map: an eigendecomposition of the whole covariance in double precision.
struct Reference {
  std::vector<double> x, y;       ///< places of the examples; the signs are any
  std::vector<double> variances;  ///< all eigenvalues, greatest first
};

/// Eigenvalues and eigenvectors (columns) of a symmetric matrix, by cyclic Jacobi rotations.
std::vector<double> eigen(Matrix a, Matrix& vectors) {
  const size_t n = a.size();
  vectors.assign(n, std::vector<double>(n));
  for (size_t i = 0; i < n; ++i) vectors[i][i] = 1;
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0;
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) {
        off += a[p][q] * a[p][q];
        if (a[p][q] == 0) continue;
        const double angle = 0.5 * std::atan2(2 * a[p][q], a[q][q] - a[p][p]);
        const double c = std::cos(angle), s = std::sin(angle);
        for (size_t i = 0; i < n; ++i) {
          const double ip = a[i][p], iq = a[i][q];
          a[i][p] = c * ip - s * iq;
          a[i][q] = s * ip + c * iq;
        }
        for (size_t i = 0; i < n; ++i) {
          const double pi = a[p][i], qi = a[q][i];
          a[p][i] = c * pi - s * qi;
          a[q][i] = s * pi + c * qi;
        }
        for (size_t i = 0; i < n; ++i) {
          const double ip = vectors[i][p], iq = vectors[i][q];
          vectors[i][p] = c * ip - s * iq;
          vectors[i][q] = s * ip + c * iq;
        }
      }
    }
    if (off < 1e-30) break;
  }
  std::vector<double> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = a[i][i];
  return values;
}

Reference reference_of(const Knn& knn) {
  const std::vector<ExampleId> ids = knn.ids();
  const size_t n = ids.size(), d = knn.dimension();
  Matrix rows;
  for (const ExampleId id : ids) {
    const Vector row = knn.embedding(id);
    rows.emplace_back(row.begin(), row.end());
  }
  for (size_t j = 0; j < d; ++j) {
    double mean = 0;
    for (const auto& row : rows) mean += row[j] / static_cast<double>(n);
    for (auto& row : rows) row[j] -= mean;
  }
  Matrix covariance(d, std::vector<double>(d)), vectors;
  for (const auto& row : rows) {
    for (size_t i = 0; i < d; ++i) {
      for (size_t j = 0; j < d; ++j) covariance[i][j] += row[i] * row[j] / static_cast<double>(n);
    }
  }
  const std::vector<double> values = eigen(covariance, vectors);
  std::vector<size_t> order(d);
  for (size_t i = 0; i < d; ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] > values[b]; });
  Reference reference;
  for (const size_t i : order) reference.variances.push_back(values[i]);
  for (const auto& row : rows) {
    double x = 0, y = 0;
    for (size_t j = 0; j < d; ++j) {
      x += row[j] * vectors[j][order[0]];
      y += row[j] * vectors[j][order[1]];
    }
    reference.x.push_back(x);
    reference.y.push_back(y);
  }
  return reference;
}

/// Makes examples of several classes, each around a centre of its own.
class Source {
 public:
  explicit Source(size_t dimension, size_t class_count = 3, float noise = 0.3f)
      : class_count_(class_count), noise_(noise), centres_(class_count) {
    for (Vector& centre : centres_) {
      centre.resize(dimension);
      for (float& value : centre) value = normal_(random_);
    }
  }
  void add(Knn& knn, size_t count) {
    for (size_t i = 0; i < count; ++i) knn.add(next(), std::to_string(class_));
  }
  Vector next() {
    class_ = (class_ + 1) % class_count_;
    Vector vector = centres_[class_];
    for (float& value : vector) value += noise_ * normal_(random_);
    return vector;
  }

 private:
  size_t class_count_, class_ = 0;
  float noise_;
  std::mt19937 random_{testing::test_seed()};
  std::normal_distribution<float> normal_;
  std::vector<Vector> centres_;
};

/// Largest distance by which places differ from the reference, apart from the signs of the axes.
double difference(const MapPoints& map, const Reference& reference) {
  double worst = 0;
  for (const auto& [axis, wanted] : {std::pair{0, &reference.x}, std::pair{1, &reference.y}}) {
    double same = 0, flipped = 0;
    for (size_t i = 0; i < wanted->size(); ++i) {
      const double got = map.points[2 * i + static_cast<size_t>(axis)];
      same = std::max(same, std::abs(got - (*wanted)[i]));
      flipped = std::max(flipped, std::abs(got + (*wanted)[i]));
    }
    worst = std::max(worst, std::min(same, flipped));
  }
  return worst;
}

double distance(const float* a, const float* b) { return std::hypot(a[0] - b[0], a[1] - b[1]); }

TEST(ExampleMap, AgreesWithAnEigendecompositionInDoublePrecision) {
  for (const Storage storage : {Storage::F32, Storage::I16, Storage::I8}) {
    for (const size_t dimension : {2, 3, 16, 33, 90}) {
      for (const size_t count : {3, 20, 200}) {
        Knn knn(storage);
        Source(dimension, 4, 0.2f).add(knn, count);
        const Reference reference = reference_of(knn);
        const MapPoints map = ExampleMap().update(knn);
        EXPECT_EQ(map.ids, knn.ids());
        ASSERT_EQ(map.points.size(), 2 * count);
        double total = 0;
        for (const double each : reference.variances) total += each;
        for (size_t i = 0; i < 2; ++i) {
          EXPECT_NEAR(map.explained[i], reference.variances[i] / total, 1e-3)
              << dimension << " values, " << count << " examples";
        }
        EXPECT_LT(difference(map, reference), 2e-3)
            << dimension << " values, " << count << " examples, storage "
            << static_cast<int>(storage);
      }
    }
  }
}

TEST(ExampleMap, FindsComponentsOfEqualVariance) {
  // Three corners of a triangle: two components with the same variance.
  Knn knn;
  for (int turn = 0; turn < 5; ++turn) {
    for (size_t axis = 0; axis < 3; ++axis) {
      Vector vector(40);
      vector[axis] = 1;
      knn.add(vector, std::to_string(axis));
    }
  }
  const MapPoints map = ExampleMap().update(knn);
  EXPECT_NEAR(map.explained[0], 0.5, 1e-4);
  EXPECT_NEAR(map.explained[1], 0.5, 1e-4);
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < i; ++j) {
      EXPECT_NEAR(distance(&map.points[2 * i], &map.points[2 * j]), std::sqrt(2.0), 1e-4);
    }
  }
}

TEST(ExampleMap, HasNoPlacesWithoutExamples) {
  ExampleMap map;
  EXPECT_TRUE(map.update(Knn()).ids.empty());
  EXPECT_FALSE(map.project(Vector{1, 2, 3}));
  Knn knn;
  Source(8).add(knn, 10);
  map.update(knn);
  EXPECT_TRUE(map.project(Vector(8, 1.0f)));
  // It forgets what was removed.
  knn.clear();
  EXPECT_TRUE(map.update(knn).points.empty());
  EXPECT_FALSE(map.project(Vector(8, 1.0f)));
}

TEST(ExampleMap, PutsExamplesOfOneDirectionOnOnePlace) {
  for (const Storage storage : {Storage::F32, Storage::I16, Storage::I8}) {
    for (const size_t count : {1, 2, 9}) {
      Knn knn(storage);
      for (size_t i = 0; i < count; ++i) {
        knn.add(Vector{0.1f, 0.7f, -0.3f, 0.2f, 0.9f}, "a");
      }
      ExampleMap map;
      const MapPoints points = map.update(knn);
      EXPECT_EQ(Vector(points.points.begin(), points.points.end()), Vector(2 * count));
      EXPECT_EQ(points.explained[0], 0);
      const auto place = map.project(Vector{1, 2, 3, 4, 5});
      ASSERT_TRUE(place);
      EXPECT_EQ((*place)[0], 0);
      EXPECT_EQ((*place)[1], 0);
    }
  }
}

TEST(ExampleMap, PutsTwoDirectionsOnALine) {
  Knn knn;
  knn.add(Vector{1, 0, 0}, "a");
  knn.add(Vector{0, 1, 0}, "b");
  const MapPoints map = ExampleMap().update(knn);
  EXPECT_NEAR(distance(&map.points[0], &map.points[2]), std::sqrt(2.0), 1e-5);
  EXPECT_EQ(map.points[1], 0);
  EXPECT_EQ(map.points[3], 0);
  EXPECT_NEAR(map.explained[0], 1, 1e-5);
  EXPECT_NEAR(map.explained[1], 0, 1e-5);
}

TEST(ExampleMap, MapsOneValue) {
  Knn knn;
  knn.add(Vector{2}, "a");
  knn.add(Vector{-3}, "b");
  const MapPoints map = ExampleMap().update(knn);
  EXPECT_NEAR(std::abs(map.points[0] - map.points[2]), 2, 1e-5);
}

TEST(ExampleMap, ProjectsAnEmbeddingToThePlaceOfItsExample) {
  Knn knn;
  Source source(50);
  source.add(knn, 60);
  ExampleMap map;
  const MapPoints points = map.update(knn);
  for (const size_t i : {0, 17, 59}) {
    Vector embedding = knn.embedding(points.ids[i]);
    // Only the direction counts.
    for (float& value : embedding) value *= 1234;
    const auto place = map.project(embedding);
    ASSERT_TRUE(place);
    EXPECT_LT(distance(place->data(), &points.points[2 * i]), 1e-5);
  }
}

TEST(ExampleMap, HasNoPlaceForWhatHasNoDirection) {
  Knn knn;
  Source(4).add(knn, 5);
  ExampleMap map;
  map.update(knn);
  EXPECT_FALSE(map.project(Vector(4)));
  EXPECT_FALSE(map.project(Vector{1, std::numeric_limits<float>::quiet_NaN(), 0, 0}));
  EXPECT_FALSE(map.project(Vector{1, std::numeric_limits<float>::infinity(), 0, 0}));
  EXPECT_FALSE(map.project(Vector(5, 1.0f)));
  EXPECT_FALSE(map.project(Vector()));
}

TEST(ExampleMap, IsTheSameForTheSameCalls) {
  Source first_source(70), second_source(70);
  Knn first_knn, second_knn;
  ExampleMap first, second;
  for (int turn = 0; turn < 5; ++turn) {
    first_source.add(first_knn, 11);
    second_source.add(second_knn, 11);
    const MapPoints a = first.update(first_knn), b = second.update(second_knn);
    EXPECT_EQ(Vector(a.points.begin(), a.points.end()), Vector(b.points.begin(), b.points.end()));
  }
}

TEST(ExampleMap, MovesPointsLittleWhenExamplesCome) {
  // Three classes of equal distance have two components of almost equal variance, which change
  // places and turn with each example.
  Knn knn;
  Source source(120, 3, 0.1f);
  source.add(knn, 30);
  ExampleMap map;
  MapPoints before = map.update(knn);
  double size = 0;
  for (size_t i = 0; i < 30; ++i) {
    for (size_t j = 0; j < i; ++j) {
      size = std::max(size, distance(&before.points[2 * i], &before.points[2 * j]));
    }
  }
  for (int turn = 0; turn < 40; ++turn) {
    source.add(knn, 1);
    MapPoints after = map.update(knn);
    for (size_t i = 0; i < before.ids.size(); ++i) {
      EXPECT_LT(distance(&after.points[2 * i], &before.points[2 * i]), 0.05 * size) << turn;
    }
    before = std::move(after);
  }
  const std::vector<double> variances = reference_of(knn).variances;
  double total = 0;
  for (const double each : variances) total += each;
  EXPECT_NEAR(before.explained[0] + before.explained[1], (variances[0] + variances[1]) / total,
              2e-3);
}

TEST(ExampleMap, FindsANewClassThatTheMapBeforeKnewNothingOf) {
  Knn knn;
  ExampleMap map;
  const auto add = [&](size_t axis, float tilt) {
    Vector vector(64);
    vector[axis] = 1;
    vector[40] = tilt;
    knn.add(vector, std::to_string(axis));
  };
  for (int i = 0; i < 20; ++i) add(0, i % 2 == 0 ? 0.1f : -0.1f);
  map.update(knn);
  for (int i = 0; i < 20; ++i) add(7, 0);
  const MapPoints points = map.update(knn);
  EXPECT_GT(distance(&points.points[0], &points.points[2 * 30]), 1.3);
}

TEST(ExampleMap, KeepsAMapOfManyExamples) {
  // Of so many, only some decide about the plane; all are on the map.
  Knn knn(Storage::I8);
  Source source(2048, 5, 0.4f);
  source.add(knn, 2200);
  const MapPoints map = ExampleMap().update(knn);
  ASSERT_EQ(map.points.size(), 4400u);
  // Classes are apart: the mean distance within a class is smaller than between two.
  double within = 0, between = 0;
  for (size_t i = 0; i < 1000; ++i) {
    within += distance(&map.points[2 * i], &map.points[2 * (i + 5)]);
    between += distance(&map.points[2 * i], &map.points[2 * (i + 1)]);
  }
  EXPECT_LT(within, 0.7 * between);
}

TEST(ExampleMap, FindsNewComponentsOfEqualVariance) {
  // Two components, equal and larger, in directions that the map before has no part in.
  Knn knn;
  ExampleMap map;
  const auto add = [&](size_t axis, float value) {
    Vector vector(64);
    vector[60] = 1;
    vector[axis] = value;
    knn.add(vector, std::to_string(axis));
  };
  for (const float value : {0.1f, -0.1f}) {
    add(0, value);
    add(1, value);
  }
  map.update(knn);
  for (const float value : {1.0f, -1.0f}) {
    add(30, value);
    add(31, value);
  }
  const MapPoints points = map.update(knn);
  EXPECT_NEAR(points.explained[0], points.explained[1], 1e-4);
  EXPECT_NEAR(points.explained[0] + points.explained[1], 0.25 / 0.2757, 1e-3);
}

TEST(ExampleMap, ContainsExamplesOfDisabledClasses) {
  Knn knn;
  Source(6, 2).add(knn, 10);
  knn.enable("0", false);
  EXPECT_EQ(ExampleMap().update(knn).ids.size(), 10u);
}

TEST(ExampleMap, StaysWhenMemoryRunsOut) {
  Knn knn;
  Source source(20);
  source.add(knn, 12);
  ExampleMap map;
  map.update(knn);
  const Vector query = source.next();
  const auto before = map.project(query);
  source.add(knn, 6);
  int failures = 0;
  for (bool failed = true; failed; ++failures) {
    failed = false;
    testing::fail_after_allocations(failures);
    try {
      map.update(knn);
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    testing::stop_failing_allocations();
    if (failed) EXPECT_EQ(map.project(query), before);
  }
  // The optimizer of a build may join or remove allocations.
  EXPECT_GT(failures, 1);
  EXPECT_NE(map.project(query), before);
}

}  // namespace
}  // namespace teachable
