// The names that call() knows. A front door is a row in the table of its file; a file's table is a
// line in registry.cpp.
#pragma once

#include <span>

#include "tconv/call.hpp"

namespace tconv::frontends {

// Checks the arguments (Arguments, in arguments.h), then calls the typed function.
using DynamicFunction = Value (*)(const Value::Dict& arguments, const Options& options);

struct FrontDoor {
  std::string_view api;
  DynamicFunction function;
};

std::span<const FrontDoor> tf_front_doors();           // tf_doors.cpp
std::span<const FrontDoor> onnx_front_doors();         // onnx_doors.cpp
std::span<const FrontDoor> torch_front_doors();        // torch_doors.cpp
std::span<const FrontDoor> keras_initializer_doors();  // keras_object_doors.cpp, as the next two
std::span<const FrontDoor> keras_regularizer_doors();
std::span<const FrontDoor> keras_constraint_doors();
std::span<const FrontDoor> keras_layer_front_doors();  // keras_doors.cpp

}  // namespace tconv::frontends
