// Division that rounds the same way for every sign. Divisors are positive.
#pragma once

#include <cstdint>

namespace tconv::planner {

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && a < 0 ? 1 : 0);
}
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return -floor_div(-a, b); }

}  // namespace tconv::planner
