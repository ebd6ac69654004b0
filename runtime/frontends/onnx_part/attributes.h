// The attributes of a node as the operator has them.
#pragma once

#include "runtime/frontends/onnx_part/onnx_classes.h"
#include "tconv/onnx.hpp"

namespace tconv::frontends {

// Throws OnnxReject for an attribute that ConvTranspose does not have, that is of another type, or
// is given twice.
onnx::ConvTransposeAttributes attributes_of(const ::onnx::NodeProto& node);

}  // namespace tconv::frontends
