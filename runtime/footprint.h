// What it costs to keep something compiled.
#pragma once

#include <cstdint>

#include "ir/ir.h"
#include "runtime/executable.h"

namespace tconv::runtime {

// Of a lowered program in memory, estimated from its statements.
std::int64_t memory_bytes(const ir::Program& program);

// Whole pages of machine code; 0 for the interpreter.
std::int64_t mapped_bytes(const Executable& executable);

}  // namespace tconv::runtime
