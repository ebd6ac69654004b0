// The pool that a caller brings (tconv_parallel_for), and the checks that it keeps its contract.
#pragma once

#include "runtime/parallel.h"

namespace tconv::runtime {

// Runs fork.work(0..tasks) on it. Throws Error(invalid_argument) when `pool` leaves a task out,
// even if others did its share, runs one twice, or returns before one is done; when it throws, with
// its exception nested. In all cases every task that began has ended on return. A task that begins
// after `pool` returned cannot be caught: its context is gone.
void run_in_caller_pool(const ParallelFor& pool, int tasks, Fork& fork);

}  // namespace tconv::runtime
