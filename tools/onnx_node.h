// `tconv run --onnx`.
#pragma once

#include "tools/command.h"

namespace tconv::tools {

// The ConvTranspose node that --onnx and --node name: X from --input, W and B from the model or,
// where it does not hold them, from --filter and --bias. Returns the exit status; throws UsageError
// or tconv::Error.
int run_onnx_node(const Command& command);

}  // namespace tconv::tools
