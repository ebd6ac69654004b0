// How much a program really computes, padding and idle lanes included: the other half of "GFLOP/s".
#pragma once

#include "ir/ir.h"

namespace tconv::runtime {

// Lanes of every fma that one run of all stages executes. Programs without params only.
double executed_multiply_adds(const ir::Program& program);

}  // namespace tconv::runtime
