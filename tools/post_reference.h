// Post-ops in float64, of numbers and of intervals.
#pragma once

#include <array>
#include <cstddef>

#include "tools/shape.h"

namespace tconv::tools {

// What a kernel may answer: `value` is the reference, any number in low..high is right. NaN means
// that the answer must be NaN; `anything` that no answer is wrong (an intermediate result may
// overflow).
struct Element {
  double value = 0, low = 0, high = 0;
  bool anything = false;
};

// `operand` is the slope of prelu or the second argument of add and mul.
double apply(const PostOp& op, double x, double operand);

// The same for an interval: the op's range over low..high, turning points included, widened by the
// op's stated error in a type of unit roundoff `unit` that loses `smallest` near 0.
Element apply(const PostOp& op, const Element& x, double operand, double unit, double smallest);

// Stated error in ULP of f32 or f64, relative to the result (docs/accuracy.md names the
// exceptions).
double stated_ulps(const PostOp& op, bool f64);

inline constexpr std::size_t kPostOps = 30;
const std::array<const char*, kPostOps>& post_op_names();

}  // namespace tconv::tools
