// The part libtconv_onnx.so: Debian's libonnx and libprotobuf, and the .onnx reader made with them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tconv/onnx.hpp"

namespace tconv::frontends {

// A constant of a model: dense, row-major, little-endian.
struct OnnxTensor {
  std::string type;  // as ONNX spells it: FLOAT, DOUBLE, FLOAT16, BFLOAT16
  std::vector<std::int64_t> shape;
  std::string bytes;
};

struct OnnxNode {
  std::string name, x, w, b, y;
  onnx::ConvTransposeAttributes attributes;
  std::optional<OnnxTensor> weight, bias;
};

struct OnnxReading {
  OnnxNode node;
  // Where the file is not what it should be, the rest is meaningless.
  std::string argument, error;
};

struct OnnxPartFunctions {
  OnnxReading (*read)(const std::string& path, const std::string& node);
};

}  // namespace tconv::frontends
