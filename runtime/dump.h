// TCONV_DUMP: what the pipeline produced, step by step, on standard error.
#pragma once

#include <string>
#include <string_view>

#include "planner/planner.h"

namespace tconv::runtime {

// Whether `wanted`, a list of steps separated by commas or "all", has the step.
bool dumps(std::string_view wanted, std::string_view step);

void dump_text(std::string_view step, std::string_view text);

// For planner::lower; empty when nothing is wanted, so that no text is made.
planner::Dump dumper(const std::string& wanted);

}  // namespace tconv::runtime
