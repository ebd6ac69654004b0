// The classes that protoc made of onnx.proto, without their warnings.
#pragma once

#pragma GCC system_header
#include <onnx/onnx_pb.h>
