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
double hard_sigmoid(double x) { return std::isnan(x) ? x : std::clamp(x / 6 + 0.5, 0.0, 1.0); }
double elu(double x, double a) { return x > 0 ? x : a * std::expm1(x); }
double gelu_tanh(double x) {
  const double inner = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1 + std::tanh(inner));
}

struct Entry {
  const char* name;
  double (*function)(double x, double a, double b, double operand);
  double ulps;
  double turning_point;  // where the function may turn (NaN: nowhere)
};

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// x <= 0 first, so that NaN and -0 pass through as max(0, x) does.
constexpr std::array<Entry, 20> kTable{{
    {"relu", [](double x, double, double, double) { return x < 0 ? 0 : x; }, 0, kNone},
    {"relu6", [](double x, double, double, double) { return x < 0   ? 0
                                                            : x > 6 ? 6
                                                                    : x; }, 0, kNone},
    {"leaky_relu", [](double x, double a, double, double) { return x > 0 ? x : a * x; }, 1, 0},
    {"prelu", [](double x, double, double, double y) { return x > 0 ? x : y * x; }, 1, 0},
    {"elu", [](double x, double a, double, double) { return elu(x, a); }, 4, 0},
    {"selu", [](double x, double, double, double) { return kSeluScale * elu(x, kSeluAlpha); }, 5,
     kNone},
    {"tanh", [](double x, double, double, double) { return std::tanh(x); }, 4, kNone},
    {"sigmoid", [](double x, double, double, double) { return sigmoid(x); }, 4, kNone},
    {"hard_sigmoid", [](double x, double, double, double) { return hard_sigmoid(x); }, 2, kNone},
    {"swish", [](double x, double, double, double) { return x * sigmoid(x); }, 5,
     -1.2784645427610738},
    {"hard_swish", [](double x, double, double, double) { return x * hard_sigmoid(x); }, 3, -1.5},
    {"gelu",
     [](double x, double, double, double) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); },
     4, -0.7517915246935645},
    {"gelu_tanh", [](double x, double, double, double) { return gelu_tanh(x); }, 4,
     -0.7524614220710163},
    {"softplus", [](double x, double, double, double) { return softplus(x); }, 4, kNone},
    {"softsign", [](double x, double, double, double) { return x / (1 + std::fabs(x)); }, 2, kNone},
    {"mish", [](double x, double, double, double) { return x * std::tanh(softplus(x)); }, 8,
     -1.1924312145154},
    {"exp", [](double x, double, double, double) { return std::exp(x); }, 4, kNone},
    {"clip", [](double x, double a, double b, double) { return x < a   ? a
                                                               : x > b ? b
                                                                       : x; }, 0,
     kNone},
    {"add", [](double x, double, double, double y) { return x + y; }, 1, kNone},
    {"mul", [](double x, double, double, double y) { return x * y; }, 1, kNone},
}};

const Entry& entry(const PostOp& op) {
  for (const Entry& e : kTable)
    if (op.name == e.name) return e;
  throw std::invalid_argument("unknown post-op " + op.name);
}

bool cancels(const PostOp& op) {
  return op.name == "gelu" || op.name == "gelu_tanh" || op.name == "hard_sigmoid" ||
         op.name == "hard_swish";
}

// What the stated error is relative to, at most, over an interval.
double error_scale(const PostOp& op, const Element& x, const Element& y, double operand) {
  const double in = std::max(std::fabs(x.low), std::fabs(x.high));
  const double out = std::max(std::fabs(y.low), std::fabs(y.high));
  if (op.name == "add") return std::max(out, std::max(in, std::fabs(operand)));
  if (op.name == "hard_sigmoid") return 0.5 + out;
  return cancels(op) ? std::max(out, in / 2) : out;
}

}  // namespace

double apply(const PostOp& op, double x, double operand) {
  return entry(op).function(x, op.a, op.b, operand);
}

double stated_ulps(const PostOp& op) { return entry(op).ulps; }

Element apply(const PostOp& op, const Element& x, double operand, double unit, double smallest) {
  const Entry& e = entry(op);
  const auto f = [&](double v) { return e.function(v, op.a, op.b, operand); };
  Element y;
  y.value = f(x.value);
  const double at_low = f(x.low), at_high = f(x.high);
  // Formulas differ in what they make of an infinity (x*sigmoid(x) at -inf): none is wrong.
  y.anything = x.anything || (!std::isnan(x.value) &&
                              (std::isnan(y.value) || std::isnan(at_low) || std::isnan(at_high)));
  y.low = std::min(at_low, at_high);
  y.high = std::max(at_low, at_high);
  if (x.low < e.turning_point && e.turning_point < x.high) {
    const double turn = f(e.turning_point);
    y.low = std::min(y.low, turn);
    y.high = std::max(y.high, turn);
  }
  const double widen = e.ulps * (2 * unit * error_scale(op, x, y, operand) + smallest);
  if (std::isfinite(widen)) {
    y.low -= widen;
    y.high += widen;
  }
  return y;
}

}  // namespace tconv::tools
