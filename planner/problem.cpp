#include "planner/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "planner/problem_fields.h"

namespace tconv::planner {
namespace {

using Int = std::int64_t;

// 8 bytes times this fits in 2^62, so byte counts and sums of two of them never overflow.
constexpr Int kMaxElements = Int{1} << 59;
// A length plus its crop, or a kernel's reach. Products of two lengths are checked as they are
// formed.
constexpr Int kMaxLength = kMaxElements;

[[noreturn]] void fail(const std::string& given, const std::string& why) {
  throw ProblemError(given + ": " + why);
}

// Product of factors >= 0; a factor 0 counts as 1, so that an empty tensor's other sizes are sane
// too.
Int checked_product(const std::string& what, std::initializer_list<Int> factors,
                    const std::vector<Axis>& axes = {}, Int Axis::*member = nullptr) {
  Int r = 1;
  const auto times = [&](Int f) {
    if (__builtin_mul_overflow(r, std::max<Int>(f, 1), &r) || r > kMaxElements)
      fail(what, "more than 2^59 elements");
  };
  for (const Int f : factors) times(f);
  if (member != nullptr)
    for (const Axis& a : axes) times(a.*member);
  return r;
}

void check_types(const Problem& p) {
  using ir::DType;
  const DType t = p.dtype;
  const bool narrow = t == DType::f16 || t == DType::bf16;
  if (!narrow && t != DType::f32 && t != DType::f64 && t != DType::i32)
    fail(ir::name(t), "element type must be one of f32 f64 f16 bf16 i32");
  if (p.narrow_sum && t != DType::f16)
    fail("sum=f16", fmt::format("only beside f16, the element type is {}", ir::name(t)));
  if (p.wide_output && p.narrow_sum)
    fail("out=f32",
         "the output has the type of the sum or the element type, and with sum=f16 both are f16");
  if (p.wide_output && !narrow)
    fail("out=f32", fmt::format("only beside f16 or bf16, the element type is {}", ir::name(t)));
  if (p.bias_dtype) {
    const std::string given = fmt::format("bias={}", ir::name(*p.bias_dtype));
    if (!p.bias) fail(given, "a bias type without a bias");
    if (*p.bias_dtype != t && *p.bias_dtype != p.type().bias)
      fail(given, p.narrow_sum ? "bias must be f16 with sum=f16"
                  : narrow     ? fmt::format("bias must be f32 or {}", ir::name(t))
                               : fmt::format("bias must be {}", ir::name(t)));
  }
}

void check_counts(const Problem& p) {
  const auto at_least = [](const char* field, const char* meaning, Int value, Int least) {
    if (value < least)
      fail(fmt::format("{}={}", field, value),
           fmt::format("{} must be at least {}, got {}", meaning, least, value));
  };
  at_least("n", "batch", p.n, 0);
  at_least("g", "groups", p.g, 1);
  at_least("ic", "input channels", p.ic, 0);
  at_least("oc", "output channels", p.oc, 1);
  if (p.ic % p.g != 0)
    fail(fmt::format("g={}", p.g), fmt::format("groups must divide ic={}", p.ic));
  if (p.oc % p.g != 0)
    fail(fmt::format("g={}", p.g), fmt::format("groups must divide oc={}", p.oc));
  if (p.n_min != 0 && (p.n_min < 1 || p.n_min >= p.n))
    fail(fmt::format("n={}..{}", p.n_min, p.n), "a batch range goes from at least 1 upwards");
}

void check_axes(const Problem& p) {
  if (p.rank() < 1 || p.rank() > 3)
    fail(fmt::format("{} spatial axes", p.rank()), "1 to 3 are allowed");
  for (const AxisField& f : kAxisFields) {
    for (const Axis& a : p.axes) {
      const Int value = a.*f.member;
      const auto given = [&] { return fmt::format("{}={}", f.name, join_axes(p, f.member)); };
      if (value < f.least)
        fail(given(), fmt::format("{} must be at least {} on every axis, got {}", f.meaning,
                                  f.least, value));
      if (value > kMaxLength)
        fail(given(), fmt::format("{} must be at most 2^59, got {}", f.meaning, value));
    }
  }
  for (const Axis& a : p.axes) {
    Int in = 0, kernel = 0, reach = 0;
    if (__builtin_mul_overflow(std::max<Int>(a.i, 1), a.s, &in) ||
        __builtin_mul_overflow(a.k, a.d, &kernel) || __builtin_add_overflow(in, kernel, &reach) ||
        reach > kMaxLength || a.o + a.p > kMaxLength)
      fail(fmt::format("i={} o={} k={} s={} d={} p={}", a.i, a.o, a.k, a.s, a.d, a.p),
           "i*s + k*d and o + p must be at most 2^59 on every axis");
  }
}

void check_length_range(const Problem& p) {
  if (p.i_min == 0) return;
  const Axis& a = p.axes[0];
  const std::string given = fmt::format("i={}..{}", p.i_min, a.i);
  constexpr const char* kRule = "a length known only at run time needs nwc and n=1";
  if (p.rank() != 1) fail(given, kRule);
  if (p.layout != Layout::channels_last) fail(given, fmt::format("the layout is ncw: {}", kRule));
  if (p.n_min != 0) fail(given, fmt::format("n={}..{}: {}", p.n_min, p.n, kRule));
  if (p.n != 1) fail(given, fmt::format("n={}: {}", p.n, kRule));
  if (p.i_min < 1 || p.i_min >= a.i) fail(given, "a length range goes from at least 1 upwards");
  if (a.o != a.natural() - 2 * a.p)
    fail(fmt::format("o={}", a.o),
         fmt::format("with {} the output length follows from the input and must not be given",
                     given));
  Axis shortest = a;
  shortest.i = p.i_min;
  if (shortest.natural() < 2 * a.p)
    fail(given, fmt::format("with i={} the natural length {} minus p={} on both sides is negative",
                            p.i_min, shortest.natural(), a.p));
}

void check_pixel_stride(const Problem& p, const char* field, Int stride, const char* channels,
                        Int least) {
  if (stride == 0) return;
  const std::string given = fmt::format("{}={}", field, stride);
  if (p.layout != Layout::channels_last) fail(given, "a pixel stride needs a channels-last layout");
  if (stride < least || stride < 1)
    fail(given, fmt::format("pixel stride must be at least {}={}", channels, least));
}

void check_sizes(const Problem& p) {
  const Int in_pixel = std::max(p.ic, p.input_pixel_stride);
  const Int out_pixel = std::max(p.oc, p.output_pixel_stride);
  checked_product("input", {p.n, in_pixel}, p.axes, &Axis::i);
  checked_product("output", {p.n, out_pixel}, p.axes, &Axis::o);
  checked_product("filter", {p.ic, p.group_oc()}, p.axes, &Axis::k);
}

// Where a post-op's formula holds.
template <class Given>
void check_range(const PostOp& op, const Given& given) {
  const auto within = [&](double low, double high) {
    if (!(op.a >= low && op.a <= high))
      fail(given(), fmt::format("the parameter must be between {} and {}", low, high));
  };
  constexpr double kMost = std::numeric_limits<double>::max();
  if (op.kind == PostKind::celu) within(1e-5, 1e5);
  if (op.kind == PostKind::squareplus && op.a != 0) within(1e-30, 1e30);
  if (op.kind == PostKind::hard_shrink || op.kind == PostKind::soft_shrink) within(0, kMost);
}

// What half arithmetic has: no polynomials, and no constants beyond its numbers.
template <class Given>
void check_half(const PostOp& op, const Given& given) {
  constexpr PostKind kAllowed[] = {PostKind::relu,  PostKind::relu6, PostKind::leaky_relu,
                                   PostKind::prelu, PostKind::clip,  PostKind::add,
                                   PostKind::mul};
  if (std::find(std::begin(kAllowed), std::end(kAllowed), op.kind) == std::end(kAllowed))
    fail(given(),
         "sum=f16 allows only the post-ops relu relu6 leaky_relu prelu clip add mul; without it "
         "f16 has all of them");
  constexpr double kMost = 65504;
  if (std::abs(op.a) > kMost || std::abs(op.b) > kMost)
    fail(given(), "with sum=f16 parameters must be between -65504 and 65504");
}

void check_post_ops(const Problem& p) {
  const auto operands = std::count_if(p.post.begin(), p.post.end(),
                                      [](const PostOp& op) { return op.takes_operand(); });
  if (operands > kMostOperands)
    fail(fmt::format("{} prelu, add and mul", operands),
         fmt::format("at most {} post-ops may take an operand", kMostOperands));
  for (const PostOp& op : p.post) {
    const int count = parameter_count(op.kind);
    const auto given = [&] {
      std::string text = name(op.kind);
      if (count > 0) text += fmt::format("={}", op.a);
      if (count > 1) text += fmt::format(",{}", op.b);
      if (count > 2) text += fmt::format(",{}", op.c);
      return text;
    };
    if ((count > 0 && !std::isfinite(op.a)) || (count > 1 && !std::isfinite(op.b)))
      fail(given(), "parameters must be finite");
    if (count > 2 && (std::isnan(op.c) || op.c == -std::numeric_limits<double>::infinity()))
      fail(given(), "the last parameter must be a number, or inf for none");
    check_range(op, given);
    if (op.kind == PostKind::clip && op.a > op.b)
      fail(given(), "the low bound must not exceed the high one");
    if ((count < 1 && op.a != 0) || (count < 2 && op.b != 0) || (count < 3 && op.c != 0))
      fail(name(op.kind), fmt::format("takes {} parameters", count));
    if (p.narrow_sum) check_half(op, given);
    if (p.dtype != ir::DType::i32) continue;
    const bool exact = op.kind == PostKind::relu || op.kind == PostKind::relu6 ||
                       op.kind == PostKind::add || op.kind == PostKind::mul ||
                       op.kind == PostKind::clip;
    if (!exact) fail(given(), "i32 allows only the post-ops relu relu6 clip add mul");
    const auto whole = [](double v) {
      return v == std::floor(v) && v >= std::numeric_limits<std::int32_t>::min() &&
             v <= std::numeric_limits<std::int32_t>::max();
    };
    if (!whole(op.a) || !whole(op.b)) fail(given(), "i32 bounds must be integers of 32 bits");
  }
}

// Elements from the first to the last of a tensor whose pixels are `pixel_stride` apart.
Int span_elements(const Problem& p, Int channels, Int pixel_stride, Int Axis::*length) {
  Int pixels = p.n;
  for (const Axis& a : p.axes) pixels *= a.*length;
  if (pixels == 0 || channels == 0) return 0;
  return pixel_stride == 0 ? pixels * channels : (pixels - 1) * pixel_stride + channels;
}

__extension__ typedef __int128 Wide;

// Sum of floor((a*x + b) / m) over x in 0..n, all numbers >= 0, as Euclid walks a and m.
Wide floor_sum(Wide n, Wide m, Wide a, Wide b) {
  Wide sum = 0;
  while (n > 0) {
    sum += n * (n - 1) / 2 * (a / m) + n * (b / m);
    a %= m;
    b %= m;
    const Wide top = a * n + b;
    if (top < m) break;
    n = top / m;
    b = top % m;
    std::swap(m, a);
  }
  return sum;
}

// Pairs (x, t) with x*s + t*d <= most. Sizes may be 10^12: no loop over either.
Wide pairs_up_to(const Axis& a, Int most) {
  if (most < 0 || a.i == 0) return 0;
  const Int inputs = std::min(a.i, most / a.s + 1);
  // The first of them reach every tap.
  const Int spare = most - (a.k - 1) * a.d;
  const Int whole = spare < 0 ? 0 : std::min(inputs, spare / a.s + 1);
  const Int rest = inputs - whole;
  return Wide{whole} * a.k + rest + floor_sum(rest, a.d, a.s, most - (inputs - 1) * a.s);
}

}  // namespace

void validate(const Problem& problem) {
  check_types(problem);
  check_counts(problem);
  check_axes(problem);
  check_length_range(problem);
  check_pixel_stride(problem, "ips", problem.input_pixel_stride, "ic", problem.ic);
  check_pixel_stride(problem, "ops", problem.output_pixel_stride, "oc", problem.oc);
  check_sizes(problem);
  check_post_ops(problem);
}

Problem at_sizes(const Problem& problem, std::int64_t n, std::int64_t i) {
  Problem fixed = problem;
  fixed.n = n;
  fixed.n_min = fixed.i_min = 0;
  if (problem.i_min > 0) {
    Axis& a = fixed.axes[0];
    a.o -= a.s * (a.i - i);
    a.i = i;
  }
  return fixed;
}

std::int64_t input_elements(const Problem& problem) {
  return span_elements(problem, problem.ic, problem.input_pixel_stride, &Axis::i);
}

std::int64_t output_elements(const Problem& problem) {
  if (problem.row_length == 0)
    return span_elements(problem, problem.oc, problem.output_pixel_stride, &Axis::o);
  Int elements = problem.n * problem.row_length;
  for (std::size_t a = 0; a + 1 < problem.axes.size(); ++a)
    elements *= problem.merged_blocks.empty() ? problem.axes[a].o : problem.merged_blocks[a].o;
  return elements;
}

std::int64_t filter_elements(const Problem& problem) {
  Int r = problem.ic * problem.group_oc();
  for (const Axis& a : problem.axes) r *= a.k;
  return r;
}

double products(const Axis& a) {
  return static_cast<double>(pairs_up_to(a, a.o + a.p - 1) - pairs_up_to(a, a.p - 1));
}

double multiply_adds(const Problem& problem) {
  double r = static_cast<double>(problem.n) * static_cast<double>(problem.ic) *
             static_cast<double>(problem.group_oc());
  for (const Axis& a : problem.axes) r *= products(a);
  return r;
}

}  // namespace tconv::planner
