// A caller's pool for tests: threads that keep tconv's contract, or break it in one way.
#pragma once

#include <cstdint>

#include "tconv/tconv.hpp"

namespace tconv::tests {

enum class Misuse : std::uint8_t {
  none,
  leaves_one_out,     // the last task
  runs_one_twice,     // the first, one after the other
  runs_one_in_two,    // the first, in two threads at the same time
  runs_one_too_many,  // a task that there is not
  runs_none,
  throws_before,        // a std::runtime_error("out of threads")
  throws_in_the_middle  // the same after one task, while others run
};

struct TestPool {
  Misuse misuse = Misuse::none;
  unsigned mxcsr = 0;      // of every thread; 0: as it comes
  std::uint64_t seed = 0;  // > 0: tasks begin in this random order
  int calls = 0;           // so far
  int tasks = 0;           // of the last call
  bool mxcsr_kept = true;

  ParallelFor parallel_for();
};

}  // namespace tconv::tests
