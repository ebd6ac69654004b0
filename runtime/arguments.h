// Sizes of an operation's tensors, and the checks that every run makes before it reads or writes
// anything.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/planner.h"
#include "tconv/tconv.hpp"

namespace tconv::runtime {

struct TensorBytes {
  std::int64_t input = 0, filter = 0, bias = 0, output = 0;  // bias 0: the problem has none
  std::vector<std::int64_t> operands;  // of the post-ops that take one, in order
};

TensorBytes tensor_bytes(const planner::Problem& problem);

// Throws Error unless `batch` and `length` are sizes that the problem allows.
void check_sizes(const planner::Problem& problem, const RunArgs& args);

struct BufferNeeds {
  std::int64_t packed_filter = 0, workspace = 0;
};

// Throws Error naming the argument: a null pointer, too few bytes, a bias or operand too many, or
// an output or workspace that overlaps with another tensor. A workspace of {nullptr, 0} passes.
void check_arguments(const TensorBytes& sizes, const BufferNeeds& needs, const RunArgs& args);

}  // namespace tconv::runtime
