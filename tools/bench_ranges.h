// bench --sizes: kernels of problems that leave a size open, beside kernels made for one size.
#pragma once

#include "tools/command.h"

namespace tconv::tools {

int bench_ranges(const Command& command);

}  // namespace tconv::tools
