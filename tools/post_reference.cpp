#include "tools/post_reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

namespace tconv::tools {
namespace {

using Real = long double;  // whose errors f64 does not see

constexpr Real kSeluScale = 1.0507009873554804934193349852946L;
constexpr Real kSeluAlpha = 1.6732632423543772848170429916717L;

Real sigmoid(Real x) { return 1 / (1 + std::exp(-x)); }
Real softplus(Real x) { return std::max(x, Real{0}) + std::log1p(std::exp(-std::fabs(x))); }
Real hard_sigmoid(Real x) { return std::isnan(x) ? x : std::clamp(x + 3, Real{0}, Real{6}) / 6; }
Real elu(Real x, Real a) { return x > 0 ? x : a * std::expm1(x); }
Real gelu_tanh(Real x) {
  return x * sigmoid(2 * std::sqrt(2 / std::numbers::pi_v<Real>) * (x + 0.044715L * x * x * x));
}

Real tanh_shrink(Real x) {
  if (std::fabs(x) > 0.1L) return x - std::tanh(x);  // of 64 bits they cancel at most 9
  const Real y = x * x;  // Taylor: the next term is below 2^-63 of the first
  Real sum = 0;
  for (const Real c : {6404582.0L / 10854718875, -929569.0L / 638512875, 21844.0L / 6081075,
                       -1382.0L / 155925, 62.0L / 2835, -17.0L / 315, 2.0L / 15, -1.0L / 3})
    sum = sum * y + c;
  return -x * y * sum;
}
Real squareplus(Real x, Real b) {
  const Real root = std::sqrt(x * x + b);
  return x > 0 ? (x + root) / 2 : b == 0 ? 0 : b / 2 / (root - x);
}
Real relu_above(Real x, Real slope, Real t, Real most) {
  if (x > t) return std::isinf(most) ? x : std::clamp(x, Real{0}, most);
  if (slope == 0) return t == 0 && std::isnan(x) ? x : 0;
  return slope * (x - t);
}
Real sparse_plus(Real x) { return x <= -1 ? 0 : x < 1 ? (x + 1) * (x + 1) / 4 : x; }
Real sparse_sigmoid(Real x) { return x <= -1 ? 0 : x >= 1 ? 1 : (x + 1) / 2; }
Real soft_shrink(Real x, Real t) { return x > t ? x - t : x < -t ? x + t : 0; }

using Operation = const PostOp&;
struct Entry {
  const char* name;
  Real (*function)(Real x, Operation op, Real operand);
  double ulps, ulps_f64;
  double turning_point = std::numeric_limits<double>::quiet_NaN();  // NaN: nowhere
};

// x <= 0 first, so that NaN and -0 pass through as max(0, x) does.
constexpr std::array<Entry, kPostOps> kTable{{
    {"relu", [](Real x, Operation, Real) { return x < 0 ? 0 : x; }, 0, 0},
    {"relu6", [](Real x, Operation, Real) { return x < 0   ? 0
                                                   : x > 6 ? 6
                                                           : x; }, 0, 0},
    {"leaky_relu", [](Real x, Operation p, Real) { return x > 0 ? x : p.a * x; }, 1, 1, 0},
    {"prelu", [](Real x, Operation, Real y) { return x > 0 ? x : y * x; }, 1, 1, 0},
    {"elu", [](Real x, Operation p, Real) { return elu(x, p.a); }, 2, 4, 0},
    {"celu", [](Real x, Operation p, Real) { return x > 0 ? x : p.a * std::expm1(x / p.a); }, 2, 4},
    {"selu", [](Real x, Operation, Real) { return kSeluScale * elu(x, kSeluAlpha); }, 2, 5},
    {"tanh", [](Real x, Operation, Real) { return std::tanh(x); }, 2, 4},
    {"tanh_shrink", [](Real x, Operation, Real) { return tanh_shrink(x); }, 2, 4},
    {"sigmoid", [](Real x, Operation, Real) { return sigmoid(x); }, 2, 4},
    {"log_sigmoid", [](Real x, Operation, Real) { return -softplus(-x); }, 2, 4},
    {"sparse_sigmoid", [](Real x, Operation, Real) { return sparse_sigmoid(x); }, 1, 1},
    {"hard_sigmoid", [](Real x, Operation, Real) { return hard_sigmoid(x); }, 2, 2},
    {"swish", [](Real x, Operation, Real) { return x * sigmoid(x); }, 2, 5, -1.2784645427610738},
    {"hard_swish", [](Real x, Operation, Real) { return x * hard_sigmoid(x); }, 2, 3, -1.5},
    {"gelu",
     [](Real x, Operation, Real) { return x / 2 * std::erfc(-x / std::numbers::sqrt2_v<Real>); }, 2,
     4, -0.7517915246935645},
    {"gelu_tanh", [](Real x, Operation, Real) { return gelu_tanh(x); }, 2, 4, -0.7524614220710163},
    {"softplus", [](Real x, Operation, Real) { return softplus(x); }, 2, 4},
    {"sparse_plus", [](Real x, Operation, Real) { return sparse_plus(x); }, 1, 1},
    {"squareplus", [](Real x, Operation p, Real) { return squareplus(x, p.a); }, 2, 2},
    {"softsign", [](Real x, Operation, Real) { return x / (1 + std::fabs(x)); }, 2, 2},
    {"hard_shrink", [](Real x, Operation p, Real) { return std::fabs(x) > p.a ? x : 0; }, 0, 0},
    {"soft_shrink", [](Real x, Operation p, Real) { return soft_shrink(x, p.a); }, 1, 1},
    {"threshold", [](Real x, Operation p, Real) { return x > p.a ? x : p.b; }, 1, 1},
    {"relu_above", [](Real x, Operation p, Real) { return relu_above(x, p.a, p.b, p.c); }, 2, 2},
    {"mish", [](Real x, Operation, Real) { return x * std::tanh(softplus(x)); }, 2, 8,
     -1.1924312145154},
    {"exp", [](Real x, Operation, Real) { return std::exp(x); }, 2, 4},
    {"clip", [](Real x, Operation p, Real) { return x < p.a   ? p.a
                                                    : x > p.b ? p.b
                                                              : x; }, 0, 0},
    {"add", [](Real x, Operation, Real y) { return x + y; }, 1, 1},
    {"mul", [](Real x, Operation, Real y) { return x * y; }, 1, 1},
}};

const Entry& entry(const PostOp& op) {
  for (const Entry& e : kTable)
    if (op.name == e.name) return e;
  throw std::invalid_argument("unknown post-op " + op.name);
}

// What the stated error is relative to, at most, over an interval. f64's gelu is 1 + erf, which
// cancels on the left.
double error_scale(const PostOp& op, const Element& x, const Element& y, double operand, bool f64) {
  const double in = std::max(std::fabs(x.low), std::fabs(x.high));
  const double out = std::max(std::fabs(y.low), std::fabs(y.high));
  if (op.name == "add") return std::max(out, std::max(in, std::fabs(operand)));
  if (op.name == "soft_shrink") return std::max(out, std::fabs(op.a));
  if (op.name == "relu_above")
    return std::max(out, std::fabs(op.a) * std::max(in, std::fabs(op.b)));
  return f64 && op.name == "gelu" ? std::max(out, in / 2) : out;
}

// Where the function turns or jumps, and the next number above a jump.
std::array<double, 2> turning_points(const PostOp& op, const Entry& e) {
  if (op.name != "threshold" && op.name != "relu_above") return {e.turning_point, e.turning_point};
  const double at = op.name == "threshold" ? op.a : op.b;
  return {at, std::nextafter(at, std::numeric_limits<double>::infinity())};
}

}  // namespace

double apply(const PostOp& op, double x, double operand) {
  return static_cast<double>(entry(op).function(x, op, operand));
}

double stated_ulps(const PostOp& op, bool f64) { return f64 ? entry(op).ulps_f64 : entry(op).ulps; }

const std::array<const char*, kPostOps>& post_op_names() {
  static const auto names = [] {
    std::array<const char*, kPostOps> list{};
    for (std::size_t i = 0; i < kPostOps; ++i) list[i] = kTable[i].name;
    return list;
  }();
  return names;
}

Element apply(const PostOp& op, const Element& x, double operand, double unit, double smallest) {
  const Entry& e = entry(op);
  const auto f = [&](double v) { return static_cast<double>(e.function(v, op, operand)); };
  Element y;
  y.value = f(x.value);
  const double at_low = f(x.low), at_high = f(x.high);
  // Formulas differ in what they make of an infinity (x*sigmoid(x) at -inf): none is wrong.
  y.anything = x.anything || (!std::isnan(x.value) &&
                              (std::isnan(y.value) || std::isnan(at_low) || std::isnan(at_high)));
  y.low = std::min(at_low, at_high);
  y.high = std::max(at_low, at_high);
  for (const double point : turning_points(op, e)) {
    if (!(x.low <= point && point <= x.high)) continue;
    const double turn = f(point);
    y.low = std::min(y.low, turn);
    y.high = std::max(y.high, turn);
  }
  const bool f64 = unit < 0x1p-40;
  const double widen =
      stated_ulps(op, f64) * (2 * unit * error_scale(op, x, y, operand, f64) + smallest);
  if (std::isfinite(widen)) {
    y.low -= widen;
    y.high += widen;
  }
  return y;
}

}  // namespace tconv::tools
