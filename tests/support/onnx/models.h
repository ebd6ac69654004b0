// .onnx files for tests, built with the classes of protobuf.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <onnx/onnx_pb.h>
#pragma GCC diagnostic pop

namespace tconv::tests {

// ConvTranspose 'up' of X [1, 2, 3] and the initializers W [2, 1, 2] = 1 2 3 4 and B [1] = 5 with
// strides 2, in opset 11.
::onnx::ModelProto small_model();

// One of ONNX' own node tests as conformance_cases.json has it, W and B as initializers.
::onnx::ModelProto node_test(const nlohmann::json& test);

::onnx::AttributeProto& add_integers(::onnx::NodeProto& node, const std::string& name,
                                     const std::vector<std::int64_t>& values);

// Writes the file and returns its path.
std::string written(const ::onnx::ModelProto& model, const std::string& path);

}  // namespace tconv::tests
