// Cases of Keras' layers and activations: what their format leaves out.
#pragma once

#include "tools/conformance/families.h"

namespace tconv::tools::conformance {

Value::Dict keras_layer_arguments(const Literal& literal);
// The case's type, objects as config objects, and kernel and bias, which the format sets after
// build.
void complete_keras_layer(const Json& json, Value::Dict& arguments);
// x is a list of numbers with a shape beside it. The case names the activation as an argument, of
// keras.activations.get.
void complete_keras_activation(const Json& json, Value::Dict& arguments);

}  // namespace tconv::tools::conformance
