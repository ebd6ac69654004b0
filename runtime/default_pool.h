// The pool that runs an operation's workers when the caller brings none: oneTBB, or with
// TCONV_TBB=OFF nobody but the calling thread.
#pragma once

#include "runtime/parallel.h"

namespace tconv::runtime {

// For people: "oneTBB", or "" when there is none.
const char* default_pool_name();

// Threads that can work at the same time, the caller's included; 1 in the child of a fork.
int default_pool_threads();

// Runs fork.work(0..tasks), some of them on the calling thread.
void run_in_default_pool(int tasks, Fork& fork);

}  // namespace tconv::runtime
