// Cases of Keras' initializers, regularizers and constraints as arguments of their front doors.
#pragma once

#include "tools/conformance/families.h"

namespace tconv::tools::conformance {

// {object, kwargs, ..} as the parameters themselves.
void complete_keras_object(const Json& json, Value::Dict& arguments);

// What a case says of a sample (sample_in_range, property, holds), found out from the output.
void examine_sample(const Json& json, Value& result);

}  // namespace tconv::tools::conformance
