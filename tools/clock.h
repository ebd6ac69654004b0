// Time for measurements.
#pragma once

#include <time.h>

namespace tconv::tools {

// Microseconds: of the calling thread's CPU time, in which other processes do not count, where it
// does all of the work alone; else the clock's.
inline double now_us(bool alone) {
  timespec now{};
  clock_gettime(alone ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

}  // namespace tconv::tools
