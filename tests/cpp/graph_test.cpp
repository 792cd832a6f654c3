#include "graph/graph.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <utility>

#include "core/error.h"
#include "graph_builder.h"

namespace teachable::testing {
namespace {

Graph small_graph(Precision precision = Precision::I8PerChannel) {
  GraphBuilder builder(precision, 7);
  const TensorId output = builder.small_mobilenet(8, 4);
  return builder.take(output);
}

Conv2d& first_conv(Graph& graph) { return std::get<Conv2d>(graph.nodes[0].op); }

/// What validate() says of a graph after `damage`; "" when nothing.
std::string complaint(const std::function<void(Graph&)>& damage,
                      Precision precision = Precision::I8PerChannel) {
  Graph graph = small_graph(precision);
  damage(graph);
  try {
    validate(graph);
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ErrorCode::BadModel || error.code() == ErrorCode::UnsupportedOp);
    return error.what();
  }
  return "";
}

void expect_complaint(const std::string& part, const std::function<void(Graph&)>& damage,
                      Precision precision = Precision::I8PerChannel) {
  const std::string text = complaint(damage, precision);
  EXPECT_NE(text.find(part), std::string::npos) << "wanted '" << part << "', got '" << text << "'";
}

TEST(ConstantData, ChangesACopyOfWhatItWasLent) {
  const std::array<std::byte, 3> file = {std::byte{1}, std::byte{2}, std::byte{3}};
  ConstantData data = ConstantData::lent(file);
  EXPECT_EQ(std::as_const(data).data(), file.data());
  ConstantData moved = std::move(data);
  moved.data()[1] = std::byte{7};
  EXPECT_EQ(moved.size(), 3u);
  EXPECT_EQ(file[1], std::byte{2});
  EXPECT_NE(std::as_const(moved).data(), file.data());
  EXPECT_EQ(*moved.begin(), std::byte{1});
}

TEST(Validate, AcceptsSoundGraphsOfEveryPrecision) {
  for (Precision precision :
       {Precision::F32, Precision::I8PerTensor, Precision::I8PerChannel, Precision::U8}) {
    EXPECT_EQ(complaint([](Graph&) {}, precision), "") << to_string(precision);
  }
}

TEST(Validate, RefusesIndicesThatPointNowhere) {
  expect_complaint("doesn't exist", [](Graph& g) { first_conv(g).filter = 9999; });
  expect_complaint("doesn't exist", [](Graph& g) { first_conv(g).filter = kNoTensor; });
  expect_complaint("doesn't exist", [](Graph& g) { first_conv(g).output = 9999; });
  expect_complaint("no input", [](Graph& g) { g.input = kNoTensor; });
  expect_complaint("computed by no operator", [](Graph& g) { g.output = kNoTensor; });
  expect_complaint("computed by no operator", [](Graph& g) { g.embedding = 9999; });
}

TEST(Validate, RefusesCyclesAndSecondWriters) {
  expect_complaint("before it is computed", [](Graph& g) { std::swap(g.nodes[0], g.nodes[1]); });
  expect_complaint("before it is computed",
                   [](Graph& g) { first_conv(g).input = first_conv(g).output; });
  expect_complaint("already has a value", [](Graph& g) { first_conv(g).output = g.input; });
  expect_complaint("already has a value",
                   [](Graph& g) { g.nodes.push_back({g.nodes[0].op, "again"}); });
}

TEST(Validate, RefusesShapesThatContradictEachOther) {
  expect_complaint("the model says",
                   [](Graph& g) { g.tensors[first_conv(g).output].shape = Shape{1, 5, 4, 8}; });
  expect_complaint("filter has shape", [](Graph& g) {
    g.tensors[first_conv(g).filter].shape = Shape{8, 1, 9, 3};
    g.tensors[first_conv(g).filter].shape = Shape{8, 3, 9, 1};
  });
  expect_complaint("wants",
                   [](Graph& g) { g.tensors[first_conv(g).filter].shape = Shape{8, 3, 3, 4}; });
  expect_complaint("negative or too large",
                   [](Graph& g) { g.tensors[g.input].shape = Shape{1, -8, 8, 3}; });
  expect_complaint("negative or too large", [](Graph& g) {
    g.tensors[g.input].shape = Shape{1, int64_t{1} << 40, int64_t{1} << 40, 3};
  });
  expect_complaint("wanted one picture",
                   [](Graph& g) { g.tensors[g.input].shape = Shape{1, 8, 8, 4}; });
}

TEST(Validate, RefusesQuantisationThatCannotBe) {
  expect_complaint("scale of 0", [](Graph& g) { g.tensors[g.input].quantization.scales = {0.0f}; });
  expect_complaint("scale of nan",
                   [](Graph& g) { g.tensors[g.input].quantization.scales = {NAN}; });
  expect_complaint("scale of inf",
                   [](Graph& g) { g.tensors[g.input].quantization.scales = {INFINITY}; });
  expect_complaint("zero point of 1000",
                   [](Graph& g) { g.tensors[g.input].quantization.zero_points = {1000}; });
  expect_complaint("has no scale", [](Graph& g) { g.tensors[g.input].quantization = {}; });
  expect_complaint("scales for axis",
                   [](Graph& g) { g.tensors[first_conv(g).filter].quantization.axis = 2; });
  expect_complaint("bias has scale", [](Graph& g) {
    for (float& s : g.tensors[first_conv(g).bias].quantization.scales) s *= 2;
  });
}

TEST(Validate, RefusesWindowsOutOfRange) {
  expect_complaint("out of range", [](Graph& g) { first_conv(g).stride.width = 0; });
  expect_complaint("out of range", [](Graph& g) { first_conv(g).padding.left = 1u << 30; });
  expect_complaint("out of range", [](Graph& g) { first_conv(g).dilation.height = 1u << 31; });
  expect_complaint("empty range", [](Graph& g) { first_conv(g).activation = {6, 0}; });
  expect_complaint("empty range", [](Graph& g) { first_conv(g).activation = {NAN, 6}; });
}

TEST(Validate, RefusesTypesThatAreNotRun) {
  expect_complaint("run are", [](Graph& g) {
    g.tensors[g.input].type = DataType::U8;
    g.tensors[g.input].quantization.zero_points = {128};
  });
  expect_complaint("isn't a constant", [](Graph& g) { first_conv(g).filter = g.input; });
}

TEST(SamePadding, FollowsTensorFlowsRule) {
  using Pair = std::array<uint32_t, 2>;
  EXPECT_EQ(same_padding(224, 3, 2, 1), (Pair{0, 1}));
  EXPECT_EQ(same_padding(225, 3, 2, 1), (Pair{1, 1}));
  EXPECT_EQ(same_padding(7, 3, 1, 1), (Pair{1, 1}));
  EXPECT_EQ(same_padding(7, 3, 1, 2), (Pair{2, 2}));
  EXPECT_EQ(same_padding(7, 1, 2, 1), (Pair{0, 0}));
  EXPECT_EQ(same_padding(7, 4, 1, 1), (Pair{1, 2}));
}

TEST(ShapeSize, OverflowIsSeen) {
  EXPECT_EQ((Shape{1, 224, 224, 3}).checked_element_count(kMaxTensorElements), 150528);
  EXPECT_EQ((Shape{int64_t{1} << 40, int64_t{1} << 40}).checked_element_count(INT64_MAX), -1);
  EXPECT_EQ((Shape{-1, -1}).checked_element_count(INT64_MAX), -1);
  EXPECT_EQ((Shape{0, int64_t{1} << 62}).checked_element_count(INT64_MAX), 0);
  EXPECT_EQ(Shape{}.checked_element_count(1), 1);
}

}  // namespace
}  // namespace teachable::testing
