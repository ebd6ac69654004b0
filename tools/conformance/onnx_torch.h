// Cases of ONNX and PyTorch as arguments of their front doors.
#pragma once

#include "tools/conformance/families.h"

namespace tconv::tools::conformance {

Value::Dict onnx_arguments(const Literal& literal);
Value::Dict torch_arguments(const Literal& literal);
Value::Dict torch_module_arguments(const Literal& literal);

// Adds what a module is made with, where the case says it otherwise, and its weights.
void complete_torch_module(const Json& json, Value::Dict& arguments);

}  // namespace tconv::tools::conformance
