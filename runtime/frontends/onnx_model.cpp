// Nodes of .onnx files: asks the part libtconv_onnx.so.
#include <cstring>

#include "jit/part.h"
#include "runtime/error.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/onnx_part/interface.h"
#include "tconv/onnx.hpp"

namespace tconv::onnx {
namespace {

const frontends::OnnxPartFunctions& part() {
  static const auto* const functions =
      static_cast<const frontends::OnnxPartFunctions*>(jit::open_part("onnx", jit::part_folders()));
  return *functions;
}

DType type_of(const std::string& onnx_name) {
  if (onnx_name == "FLOAT16") return DType::f16;
  if (onnx_name == "BFLOAT16") return DType::bf16;
  return onnx_name == "DOUBLE" ? DType::f64 : DType::f32;
}

OwnedTensor tensor_of(const frontends::OnnxTensor& from, const std::string& name) {
  if (from.shape.size() > Dims::kMost)
    frontends::invalid_argument("model", "tensor '{}' has {} axes; at most {} are read", name,
                                from.shape.size(), Dims::kMost);
  OwnedTensor out = OwnedTensor::uninitialized(type_of(from.type), Dims(from.shape));
  if (!from.bytes.empty()) std::memcpy(out.data(), from.bytes.data(), out.bytes());
  return out;
}

}  // namespace

Node read_node(const std::string& model, const std::string& node) {
  return runtime::guarded([&] {
    frontends::OnnxReading reading = part().read(model, node);
    if (!reading.error.empty()) frontends::invalid_argument(reading.argument, "{}", reading.error);
    frontends::OnnxNode& from = reading.node;
    Node out;
    out.name = std::move(from.name);
    out.attributes = std::move(from.attributes);
    if (from.weight) out.weight = tensor_of(*from.weight, from.w);
    if (from.bias) out.bias = tensor_of(*from.bias, from.b);
    out.X = std::move(from.x);
    out.W = std::move(from.w);
    out.B = std::move(from.b);
    out.Y = std::move(from.y);
    return out;
  });
}

}  // namespace tconv::onnx
