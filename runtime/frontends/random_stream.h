// Random numbers that are the same on every machine: the engine's bits are the standard's, what is
// made of them is written here (the standard's distributions differ between libraries).
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace tconv::frontends {

class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t call) {
    std::seed_seq both{seed & 0xffffffff, seed >> 32, call & 0xffffffff, call >> 32};
    engine_.seed(both);
  }

  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }  // [0, 1)

  double normal() {  // Box and Muller
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    const double angle = 2 * std::numbers::pi * uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

  double truncated_normal() {  // cut at two standard deviations
    for (;;)
      if (const double z = normal(); std::fabs(z) <= 2) return z;
  }

 private:
  std::mt19937_64 engine_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace tconv::frontends
