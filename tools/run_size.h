// Batches and lengths that a problem leaves open until it runs (n=1..64, i=1..100000).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/shape.h"

namespace tconv::tools {

struct RunSize {
  std::int64_t batch = 0, length = 0;  // 0: the problem's own
};

inline bool open(const Shape& shape) { return shape.n_min > 0 || shape.i_min > 0; }

// The size of a run: what the user wants, and the largest of an open size that he leaves out.
// Throws UsageError for one that the problem does not have.
RunSize wanted(const Shape& shape, const RunSize& wish);
// The shape of that run, with nothing open. Not validated.
Shape at(const Shape& shape, const RunSize& size);
// Both ends of the range, their neighbours, and two between them; one size if nothing is open.
std::vector<RunSize> sampled(const Shape& shape, std::uint64_t seed);
// "n=7", "i=100"; empty if nothing is open.
std::string text(const Shape& shape, const RunSize& size);

}  // namespace tconv::tools
