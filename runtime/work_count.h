// How much a program really computes, padding and idle lanes included: the other half of "GFLOP/s".
#pragma once

#include "ir/ir.h"

namespace tconv::runtime {

// Lanes of every fma that one run of all stages executes. `params` as a kernel's.
double executed_multiply_adds(const ir::Program& program, const std::int64_t* params);

}  // namespace tconv::runtime
