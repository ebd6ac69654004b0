// Tensors that a model holds.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "runtime/frontends/onnx_part/interface.h"
#include "runtime/frontends/onnx_part/onnx_classes.h"

namespace tconv::frontends {

// The value of that name where the graph says it: an initializer, the output of a Constant, or of
// an Identity of one. Nothing where it is an input of the graph or computed. `folder` is the
// model's, for tensors in files beside it. Throws OnnxReject, naming value and reason.
std::optional<OnnxTensor> constant(const ::onnx::GraphProto& graph, const std::string& name,
                                   const std::filesystem::path& folder);

// The bytes of a tensor in a file beside the model: external_data.cpp.
std::string external_bytes(const ::onnx::TensorProto& tensor, std::uint64_t bytes,
                           const std::filesystem::path& folder);

}  // namespace tconv::frontends
