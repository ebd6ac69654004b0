// Lengths along one axis, with overflow checks.
#pragma once

#include <cstdint>

namespace tconv::frontends {

// No size or attribute may be larger (docs/problem.md, "Errors").
inline constexpr std::int64_t kLargest = std::int64_t{1} << 59;

// The full result's length, (i-1)*s + (k-1)*d + 1, which may be below 1 where i is 0. Arguments are
// at most kLargest, s, d and k at least 1. Throws FrontError for lengths above kLargest, naming
// `stride` or `dilation`, whichever it is due to.
std::int64_t natural_length(std::int64_t i, std::int64_t k, std::int64_t s, std::int64_t d,
                            const char* stride, const char* dilation);

}  // namespace tconv::frontends
