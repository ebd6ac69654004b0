// TCONV_DUMP: what the pipeline produced, step by step, on standard error.
#pragma once

#include <string>
#include <string_view>

#include "jit/backend.h"
#include "planner/planner.h"

namespace tconv::runtime {

// Whether `wanted`, a list of steps separated by commas or "all", has the step.
bool dumps(std::string_view wanted, std::string_view step);

void dump_text(std::string_view step, std::string_view text);

// As the step asm. Without the part that disassembles, the reason stands in its place: a create
// that would do is not refused for the sake of a dump.
void dump_code(const jit::CompiledProgram& code);

// For planner::lower; empty when nothing is wanted, so that no text is made.
planner::Dump dumper(const std::string& wanted);

}  // namespace tconv::runtime
