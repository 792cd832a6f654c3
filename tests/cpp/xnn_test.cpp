// XNNPACK's status codes as Errors. The WebAssembly module contains only the operators that a
// MobileNet needs, and refuses the others.
#include "net/xnn.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "core/error.h"

namespace teachable {
namespace {

using Define = std::function<xnn_status(xnn_subgraph_t subgraph, uint32_t input, uint32_t output)>;

/// Makes a runtime of one operator from [2, 4] values of this type to as many.
void prepare(xnn_datatype type, const Define& define) {
  initialize_xnnpack();
  xnn_subgraph_t handle = nullptr;
  check(xnn_create_subgraph(/*external_value_ids=*/2, /*flags=*/0, &handle), "test");
  const XnnSubgraph subgraph(handle);
  const size_t dims[] = {2, 4};
  uint32_t ids[2];
  for (uint32_t i : {0u, 1u}) {
    const uint32_t flag = i == 0 ? XNN_VALUE_FLAG_EXTERNAL_INPUT : XNN_VALUE_FLAG_EXTERNAL_OUTPUT;
    check(xnn_define_tensor_value(subgraph.get(), type, 2, dims, nullptr, i, flag, &ids[i]),
          "test");
  }
  check(define(subgraph.get(), ids[0], ids[1]), "test");
  xnn_runtime_t runtime = nullptr;
  check(xnn_create_runtime_v2(subgraph.get(), nullptr, 0, &runtime), "ABS at node 3");
  const XnnRuntime owner(runtime);
}

xnn_status define_unary(xnn_unary_operator type, xnn_subgraph_t subgraph, uint32_t input,
                        uint32_t output) {
  return xnn_define_unary(subgraph, type, nullptr, input, output, 0);
}

xnn_status define_reshape(xnn_subgraph_t subgraph, uint32_t input, uint32_t output) {
  const size_t dims[] = {2, 4};
  return xnn_define_static_reshape(subgraph, 2, dims, input, output, 0);
}

TEST(Xnn, MakesWhatANetworkNeeds) {
  prepare(xnn_datatype_fp32,
          [](auto... args) { return define_unary(xnn_unary_hardswish, args...); });
  prepare(xnn_datatype_fp32, define_reshape);
}

TEST(Xnn, RefusesWhatTheModuleLeavesOut) {
  const std::pair<xnn_datatype, Define> left_out[] = {
      // a configuration
      {xnn_datatype_fp32, [](auto... args) { return define_unary(xnn_unary_abs, args...); }},
      // an operator
      {xnn_datatype_fp16, define_reshape},
  };
  for (const auto& [type, define] : left_out) {
#ifdef __EMSCRIPTEN__
    try {
      prepare(type, define);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::UnsupportedOp);
      EXPECT_NE(std::string(error.what()).find("ABS at node 3: XNNPACK says unsupported"),
                std::string::npos)
          << error.what();
    }
#else
    prepare(type, define);
#endif
  }
}

}  // namespace
}  // namespace teachable
