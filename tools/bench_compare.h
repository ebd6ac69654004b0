// bench --compare: what changed between two sets of results, and what of it is more than noise.
#pragma once

#include "tools/command.h"

namespace tconv::tools {

int bench_compare(const Command& command);

}  // namespace tconv::tools
