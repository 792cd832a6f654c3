// Numbers of TensorFlow Lite's builtin operators that are read and written (BuiltinOperator of the
// format's schema).
#pragma once

namespace teachable {

enum BuiltinCode {
  kAdd = 0,
  kAveragePool2d = 1,
  kConv2d = 3,
  kDepthwiseConv2d = 4,
  kDequantize = 6,
  kFullyConnected = 9,
  kL2Normalization = 11,
  kLogistic = 14,
  kMaxPool2d = 17,
  kMul = 18,
  kRelu = 19,
  kReluN1To1 = 20,
  kRelu6 = 21,
  kReshape = 22,
  kSoftmax = 25,
  kPad = 34,
  kMean = 40,
  kSub = 41,
  kDiv = 42,
  kSqueeze = 43,
  kCast = 53,
  kMaximum = 55,
  kMinimum = 57,
  kPadV2 = 60,
  kQuantize = 114,
  kHardSwish = 117,
};

}  // namespace teachable
