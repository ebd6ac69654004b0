// Microseconds between two points of one thread.
#pragma once

#include <chrono>

namespace tconv::runtime {

class Stopwatch {
 public:
  double elapsed_us() const {
    return std::chrono::duration<double, std::micro>(Clock::now() - start_).count();
  }
  // Since construction or the last lap.
  double lap_us() {
    const auto now = Clock::now();
    const double us = std::chrono::duration<double, std::micro>(now - start_).count();
    start_ = now;
    return us;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace tconv::runtime
