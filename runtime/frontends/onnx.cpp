#include "tconv/onnx.hpp"

#include "runtime/error.h"
#include "runtime/frontends/onnx_rules.h"

namespace tconv::onnx {

OwnedTensor conv_transpose(const TensorView& X, const TensorView& W, const TensorView& B,
                           const ConvTransposeAttributes& attributes, const Options& options) {
  return runtime::guarded([&] {
    const frontends::Layer layer = frontends::resolve_onnx(X, W, B, attributes);
    return frontends::run_layer(layer, {X, W, nullptr, B, {}}, options, "W");
  });
}

OwnedTensor conv_transpose(const TensorView& X, const PackedFilters& W, const TensorView& B,
                           const ConvTransposeAttributes& attributes, const Options& options) {
  return runtime::guarded([&] {
    const frontends::Layer layer = frontends::resolve_onnx(X, W.view(), B, attributes);
    return frontends::run_layer(layer, {X, {}, &W, B, {}}, options, "W");
  });
}

std::string problem_line(const TensorView& X, const TensorView& W, const TensorView& B,
                         const ConvTransposeAttributes& attributes) {
  return runtime::guarded([&] {
    return frontends::problem_line(frontends::resolve_onnx(X, W, B, attributes), B.dtype());
  });
}

}  // namespace tconv::onnx
