// How long a tuner may try: seconds, or turns of plans.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace tconv::tools {

class TuneBudget {
 public:
  // turns > 0: so many, however long they take.
  TuneBudget(double seconds, std::int64_t turns)
      : seconds_(seconds), turns_(turns), start_(Clock::now()) {}

  void turn_taken() { ++taken_; }
  std::int64_t turns_taken() const { return taken_; }
  double seconds_taken() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }
  // The part that is left, 1 to 0.
  double left() const {
    const double used = turns_ > 0 ? static_cast<double>(taken_) / static_cast<double>(turns_)
                                   : seconds_taken() / seconds_;
    return std::max(0.0, 1 - used);
  }
  double seconds() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;
  double seconds_;
  std::int64_t turns_, taken_ = 0;
  Clock::time_point start_;
};

}  // namespace tconv::tools
