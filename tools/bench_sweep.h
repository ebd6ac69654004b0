// bench --sweep: every legal plan of a family timed, and how far the model's choice is from the
// best.
#pragma once

#include "tools/command.h"

namespace tconv::tools {

int bench_sweep(const Command& command);

}  // namespace tconv::tools
