// Axes rewritten so that schedules meet fewer special cases: the outputs and their products are the
// same.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/problem.h"

namespace tconv::planner {

// Taps at either end that land in no output are left out, lengths that do not matter get the value
// that makes phases simplest: the dilation of a single tap is 1, and an input of length 1 has its
// kernel's length as stride, so that each output has a phase of its own with one tap.
struct Trimmed {
  Problem problem;
  std::vector<std::int64_t> first_tap;  // per axis: tap 0 of `problem` is this one of the original
};
Trimmed trim(const Problem& problem);

// Trimmed and normalized: what plans are made for.
Problem reduce(const Problem& problem);

}  // namespace tconv::planner
