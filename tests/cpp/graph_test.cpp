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

/// Returns the message of validate() for a graph after `damage`, or "" if it is accepted.
std::string message_after(const std::function<void(Graph&)>& damage,
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

void expect_message(const std::string& part, const std::function<void(Graph&)>& damage,
                    Precision precision = Precision::I8PerChannel) {
  const std::string message = message_after(damage, precision);
  EXPECT_NE(message.find(part), std::string::npos)
      << "expected '" << part << "', found '" << message << "'";
}

TEST(ConstantData, CopiesBorrowedBytesBeforeAChange) {
  const std::array<std::byte, 3> file = {std::byte{1}, std::byte{2}, std::byte{3}};
  ConstantData data = ConstantData::borrowed(file);
  EXPECT_EQ(std::as_const(data).data(), file.data());
  ConstantData moved = std::move(data);
  moved.data()[1] = std::byte{7};
  EXPECT_EQ(moved.size(), 3u);
  EXPECT_EQ(file[1], std::byte{2});
  EXPECT_NE(std::as_const(moved).data(), file.data());
  EXPECT_EQ(*moved.begin(), std::byte{1});
}

TEST(Validate, AcceptsValidGraphsOfEveryPrecision) {
  for (Precision precision :
       {Precision::F32, Precision::I8PerTensor, Precision::I8PerChannel, Precision::U8}) {
    EXPECT_EQ(message_after([](Graph&) {}, precision), "") << to_string(precision);
  }
}

TEST(Validate, RejectsMissingTensors) {
  expect_message("doesn't exist", [](Graph& g) { first_conv(g).filter = 9999; });
  expect_message("doesn't exist", [](Graph& g) { first_conv(g).filter = kNoTensor; });
  expect_message("doesn't exist", [](Graph& g) { first_conv(g).output = 9999; });
  expect_message("there is no input", [](Graph& g) { g.input = kNoTensor; });
  expect_message("no operator computes", [](Graph& g) { g.output = kNoTensor; });
  expect_message("no operator computes", [](Graph& g) { g.embedding = 9999; });
}

TEST(Validate, RejectsCyclesAndSecondWriters) {
  expect_message("before it is computed", [](Graph& g) { std::swap(g.nodes[0], g.nodes[1]); });
  expect_message("before it is computed",
                 [](Graph& g) { first_conv(g).input = first_conv(g).output; });
  expect_message("already has a value", [](Graph& g) { first_conv(g).output = g.input; });
  expect_message("already has a value",
                 [](Graph& g) { g.nodes.push_back({g.nodes[0].op, "again"}); });
}

TEST(Validate, RejectsContradictoryShapes) {
  expect_message("the model declares",
                 [](Graph& g) { g.tensors[first_conv(g).output].shape = Shape{1, 5, 4, 8}; });
  expect_message("filter has shape", [](Graph& g) {
    g.tensors[first_conv(g).filter].shape = Shape{8, 1, 9, 3};
    g.tensors[first_conv(g).filter].shape = Shape{8, 3, 9, 1};
  });
  expect_message("needs",
                 [](Graph& g) { g.tensors[first_conv(g).filter].shape = Shape{8, 3, 3, 4}; });
  expect_message("negative or too large",
                 [](Graph& g) { g.tensors[g.input].shape = Shape{1, -8, 8, 3}; });
  expect_message("negative or too large", [](Graph& g) {
    g.tensors[g.input].shape = Shape{1, int64_t{1} << 40, int64_t{1} << 40, 3};
  });
  expect_message("expected one image",
                 [](Graph& g) { g.tensors[g.input].shape = Shape{1, 8, 8, 4}; });
}

TEST(Validate, RejectsInvalidQuantization) {
  expect_message("scale is 0", [](Graph& g) { g.tensors[g.input].quantization.scales = {0.0f}; });
  expect_message("scale is nan", [](Graph& g) { g.tensors[g.input].quantization.scales = {NAN}; });
  expect_message("scale is inf",
                 [](Graph& g) { g.tensors[g.input].quantization.scales = {INFINITY}; });
  expect_message("zero point is 1000; expected -128 to 127",
                 [](Graph& g) { g.tensors[g.input].quantization.zero_points = {1000}; });
  expect_message("needs a quantization scale",
                 [](Graph& g) { g.tensors[g.input].quantization = {}; });
  expect_message("scales for axis",
                 [](Graph& g) { g.tensors[first_conv(g).filter].quantization.axis = 2; });
  expect_message("bias has scale", [](Graph& g) {
    for (float& s : g.tensors[first_conv(g).bias].quantization.scales) s *= 2;
  });
}

TEST(Validate, RejectsWindowsOutOfRange) {
  expect_message("out of range", [](Graph& g) { first_conv(g).stride.width = 0; });
  expect_message("out of range", [](Graph& g) { first_conv(g).padding.left = 1u << 30; });
  expect_message("out of range", [](Graph& g) { first_conv(g).dilation.height = 1u << 31; });
  expect_message("empty range", [](Graph& g) { first_conv(g).activation = {6, 0}; });
  expect_message("empty range", [](Graph& g) { first_conv(g).activation = {NAN, 6}; });
}

TEST(Validate, RejectsUnsupportedTypes) {
  expect_message("Unsupported types uint8 (input), int8 (filter)", [](Graph& g) {
    g.tensors[g.input].type = DataType::U8;
    g.tensors[g.input].quantization.zero_points = {128};
  });
  expect_message("Unsupported computed filter", [](Graph& g) { first_conv(g).filter = g.input; });
}

TEST(SamePadding, FollowsTheRuleOfTensorFlow) {
  using Pair = std::array<uint32_t, 2>;
  EXPECT_EQ(same_padding(224, 3, 2, 1), (Pair{0, 1}));
  EXPECT_EQ(same_padding(225, 3, 2, 1), (Pair{1, 1}));
  EXPECT_EQ(same_padding(7, 3, 1, 1), (Pair{1, 1}));
  EXPECT_EQ(same_padding(7, 3, 1, 2), (Pair{2, 2}));
  EXPECT_EQ(same_padding(7, 1, 2, 1), (Pair{0, 0}));
  EXPECT_EQ(same_padding(7, 4, 1, 1), (Pair{1, 2}));
}

TEST(ShapeSize, DetectsOverflow) {
  EXPECT_EQ((Shape{1, 224, 224, 3}).checked_element_count(kMaxTensorElements), 150528);
  EXPECT_EQ((Shape{int64_t{1} << 40, int64_t{1} << 40}).checked_element_count(INT64_MAX), -1);
  EXPECT_EQ((Shape{-1, -1}).checked_element_count(INT64_MAX), -1);
  EXPECT_EQ((Shape{0, int64_t{1} << 62}).checked_element_count(INT64_MAX), 0);
  EXPECT_EQ(Shape{}.checked_element_count(1), 1);
}

}  // namespace
}  // namespace teachable::testing
