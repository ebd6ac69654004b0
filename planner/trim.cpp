#include "planner/trim.h"

#include <algorithm>

#include "planner/phase.h"

namespace tconv::planner {
namespace {

// Whether some input sends tap t into the output.
bool lands(const Axis& a, std::int64_t t) {
  const std::int64_t shift = t * a.d - a.p;  // where input 0 sends it
  if (shift >= a.o) return false;
  const std::int64_t i = shift >= 0 ? 0 : (-shift + a.s - 1) / a.s;
  return i < a.i && i * a.s + shift < a.o;
}

// Taps before the first that any input can send to output 0 or beyond.
std::int64_t before_output(const Axis& a) {
  const std::int64_t gap = a.p - (a.i - 1) * a.s;
  return gap <= 0 ? 0 : (gap - 1) / a.d + 1;
}

// A kernel may have 10^12 taps, so the ends are found by division; what is left to walk are taps
// that miss a short output between two of its strides.
std::int64_t trim_axis(Axis& a) {
  if (a.i == 0 || a.o == 0) {
    a.k = a.d = 1;
    return 0;
  }
  std::int64_t first = std::min({before_output(a), a.k - 1, a.p / a.d});
  a.k -= first;
  a.p -= first * a.d;
  a.k = std::min(a.k, (a.o - 1 + a.p) / a.d + 1);
  while (a.k > 1 && a.p >= a.d && !lands(a, 0)) {
    ++first;
    --a.k;
    a.p -= a.d;
  }
  while (a.k > 1 && !lands(a, a.k - 1)) --a.k;
  if (a.k == 1) a.d = 1;
  if (a.i == 1) a.s = a.k * a.d;
  return first;
}

}  // namespace

Trimmed trim(const Problem& problem) {
  Trimmed t{problem, {}};
  for (Axis& a : t.problem.axes) t.first_tap.push_back(trim_axis(a));
  return t;
}

Problem reduce(const Problem& problem) { return normalize(trim(problem).problem); }

}  // namespace tconv::planner
