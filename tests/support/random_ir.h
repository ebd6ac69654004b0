// Random programs that are no convolution: nested loops with run-time bounds, guards, unrolls, many
// views of several types, masks, permutations, params, grids of several axes. Every program
// verifies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/ir.h"

namespace tconv::test {

struct RandomProgram {
  ir::Program program;
  std::vector<std::vector<std::int64_t>> params;  // some legal values
  int views = 0;                                  // of the kernel with the most
};

// No kernel of a program uses more views, unless asked for: so many have registers for pointers.
inline constexpr int kFewViews = 7;

// The same program for the same seed on every machine. `target`: "avx512" or "avx2". `views`: the
// most that a kernel uses; above kFewViews every kernel uses more than that, up to all of them.
RandomProgram random_program(const std::string& target, std::uint32_t seed, int views = kFewViews);

}  // namespace tconv::test
