// bench of layers: each with the model's plan (or the one that was named), in one or several
// accuracy modes that take turns.
#pragma once

#include "tools/command.h"

namespace tconv::tools {

int bench_modes(const Command& command);

}  // namespace tconv::tools
