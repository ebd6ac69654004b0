#include "tools/post_reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

namespace tconv::tools {
namespace {

constexpr double kSeluScale = 1.0507009873554804934193349852946;
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
double hard_sigmoid(double x) { return std::isnan(x) ? x : std::clamp(x + 3, 0.0, 6.0) / 6; }
double elu(double x, double a) { return x > 0 ? x : a * std::expm1(x); }
double gelu_tanh(double x) {
  return x * sigmoid(2 * std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x));
}

double tanh_shrink(double x) {
  if (std::fabs(x) > 0.25) {  // they cancel
    const long double wide = x;
    return static_cast<double>(wide - std::tanh(wide));
  }
  const double y = x * x;  // Taylor: the next term is below 2^-55 of the first
  double sum = 0;
  for (const double c : {6404582.0 / 10854718875, -929569.0 / 638512875, 21844.0 / 6081075,
                         -1382.0 / 155925, 62.0 / 2835, -17.0 / 315, 2.0 / 15, -1.0 / 3})
    sum = sum * y + c;
  return -x * y * sum;
}
double squareplus(double x, double b) {
  const double root = std::hypot(x, std::sqrt(b));
  return x > 0 ? (x + root) / 2 : b == 0 ? 0 : b / 2 / (root - x);
}
double relu_above(double x, double slope, double t, double most) {
  if (x > t) return std::isinf(most) ? x : std::clamp(x, 0.0, most);
  if (slope == 0) return t == 0 && std::isnan(x) ? x : 0;
  return slope * (x - t);
}
double sparse_plus(double x) { return x <= -1 ? 0 : x < 1 ? (x + 1) * (x + 1) / 4 : x; }
double sparse_sigmoid(double x) { return x <= -1 ? 0 : x >= 1 ? 1 : (x + 1) / 2; }
double soft_shrink(double x, double t) { return x > t ? x - t : x < -t ? x + t : 0; }

using Operation = const PostOp&;
struct Entry {
  const char* name;
  double (*function)(double x, Operation op, double operand);
  double ulps, ulps_f64;
  double turning_point = std::numeric_limits<double>::quiet_NaN();  // NaN: nowhere
};

// x <= 0 first, so that NaN and -0 pass through as max(0, x) does.
constexpr std::array<Entry, kPostOps> kTable{{
    {"relu", [](double x, Operation, double) { return x < 0 ? 0 : x; }, 0, 0},
    {"relu6", [](double x, Operation, double) { return x < 0   ? 0
                                                       : x > 6 ? 6
                                                               : x; }, 0, 0},
    {"leaky_relu", [](double x, Operation p, double) { return x > 0 ? x : p.a * x; }, 1, 1, 0},
    {"prelu", [](double x, Operation, double y) { return x > 0 ? x : y * x; }, 1, 1, 0},
    {"elu", [](double x, Operation p, double) { return elu(x, p.a); }, 2, 4, 0},
    {"celu", [](double x, Operation p, double) { return x > 0 ? x : p.a * std::expm1(x / p.a); }, 2,
     4},
    {"selu", [](double x, Operation, double) { return kSeluScale * elu(x, kSeluAlpha); }, 2, 5},
    {"tanh", [](double x, Operation, double) { return std::tanh(x); }, 2, 4},
    {"tanh_shrink", [](double x, Operation, double) { return tanh_shrink(x); }, 2, 4},
    {"sigmoid", [](double x, Operation, double) { return sigmoid(x); }, 2, 4},
    {"log_sigmoid", [](double x, Operation, double) { return -softplus(-x); }, 2, 4},
    {"sparse_sigmoid", [](double x, Operation, double) { return sparse_sigmoid(x); }, 1, 1},
    {"hard_sigmoid", [](double x, Operation, double) { return hard_sigmoid(x); }, 2, 2},
    {"swish", [](double x, Operation, double) { return x * sigmoid(x); }, 2, 5,
     -1.2784645427610738},
    {"hard_swish", [](double x, Operation, double) { return x * hard_sigmoid(x); }, 2, 3, -1.5},
    {"gelu",
     [](double x, Operation, double) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); }, 2,
     4, -0.7517915246935645},
    {"gelu_tanh", [](double x, Operation, double) { return gelu_tanh(x); }, 2, 4,
     -0.7524614220710163},
    {"softplus", [](double x, Operation, double) { return softplus(x); }, 2, 4},
    {"sparse_plus", [](double x, Operation, double) { return sparse_plus(x); }, 1, 1},
    {"squareplus", [](double x, Operation p, double) { return squareplus(x, p.a); }, 2, 2},
    {"softsign", [](double x, Operation, double) { return x / (1 + std::fabs(x)); }, 2, 2},
    {"hard_shrink", [](double x, Operation p, double) { return std::fabs(x) > p.a ? x : 0; }, 0, 0},
    {"soft_shrink", [](double x, Operation p, double) { return soft_shrink(x, p.a); }, 1, 1},
    {"threshold", [](double x, Operation p, double) { return x > p.a ? x : p.b; }, 1, 1},
    {"relu_above", [](double x, Operation p, double) { return relu_above(x, p.a, p.b, p.c); }, 2,
     2},
    {"mish", [](double x, Operation, double) { return x * std::tanh(softplus(x)); }, 2, 8,
     -1.1924312145154},
    {"exp", [](double x, Operation, double) { return std::exp(x); }, 2, 4},
    {"clip", [](double x, Operation p, double) { return x < p.a   ? p.a
                                                        : x > p.b ? p.b
                                                                  : x; }, 0, 0},
    {"add", [](double x, Operation, double y) { return x + y; }, 1, 1},
    {"mul", [](double x, Operation, double y) { return x * y; }, 1, 1},
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
  return entry(op).function(x, op, operand);
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
  const auto f = [&](double v) { return e.function(v, op, operand); };
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
