// `tconv run --keras`.
#pragma once

#include "tools/command.h"

namespace tconv::tools {

// The transposed layer that --keras and --layer name, with the weights of the file, on --input.
// Returns the exit status; throws UsageError or tconv::Error.
int run_keras_layer(const Command& command);

}  // namespace tconv::tools
