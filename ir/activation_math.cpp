#include "ir/activation_math.h"

#include <cmath>
#include <numbers>

#include "ir/activation_tables.h"
#include "ir/vector_math.h"
#include "ir/vector_math_sequence.h"

namespace tconv::ir {
namespace {

using math::Sequence;

double lowest_for_product(const Sequence& s) { return s.tables().exp_lowest - 10; }

// dst = v / (1 + exp(-(y + low))) where y has the sign of v; y and low are overwritten. With
// E = exp(-|y|) = 2^n (1 + q) it is v / (1 + E), times E where v is negative. What the sum and the
// quotient lose is taken back in one product with q. Infinity times that product is NaN, hence the
// selection at the end.
void logistic_product(Sequence& s, const RegRef& dst, const RegRef& v, const RegRef& y,
                      const RegRef* low) {
  const RegRef q = s.temporary("q"), k = s.temporary("k"), k2 = s.temporary("k2"),
               n = s.temporary("n");
  const Operand sign = bits(s.tables().sign);
  if (low != nullptr) {
    s.op(Op::xor_, n, y, sign);
    s.op(Op::and_, n, n, sign);
    s.op(Op::xor_, *low, *low, n);
  }
  s.op(Op::or_, y, y, sign);
  s.op(Op::max, y, s.number(lowest_for_product(s)), y);
  s.exp_parts(q, k, k2, y, n, low);
  s.op(Op::add, n, q, s.number(1));
  s.op(Op::mul, n, n, k);
  s.op(Op::mul, n, n, k2);
  s.sel(q, v, q, s.number(0));
  s.sel(k, v, k, s.number(1));
  s.sel(k2, v, k2, s.number(1));
  const RegRef sum = y, lost = s.temporary("lost");
  s.op(Op::add, sum, n, s.number(1));
  s.op(Op::sub, lost, sum, s.number(1));
  s.op(Op::sub, lost, n, lost);
  s.op(Op::div, n, s.number(1), sum);
  s.fma(sum, n, sum, s.number(-1));
  s.fma(sum, n, lost, sum);
  s.op(Op::sub, q, q, sum);
  // One power of two first, lest v (1 + q) overflow.
  s.op(Op::mul, k, k, v);
  s.op(Op::mul, sum, n, k);
  s.op(Op::sub, lost, s.number(0), sum);
  s.fma(lost, n, k, lost);
  s.fma(lost, sum, q, lost);
  s.op(Op::add, n, sum, lost);
  s.op(Op::mul, n, n, k2);
  s.op(Op::lt, k, v, bits(s.tables().infinity));
  s.sel(dst, k, n, v);
}

// d = log1p(exp(-|x|)); the exponential in two parts goes into the logarithm's own correction.
void log1p_exp(Builder& b, Sequence& s, const RegRef& d, const RegRef& x) {
  const math::Tables& t = s.tables();
  const RegRef f = s.temporary("f"), e = s.temporary("e"), p = s.temporary("p"),
               z = s.temporary("z"), c = s.temporary("c");
  s.op(Op::or_, f, x, bits(t.sign));
  s.op(Op::max, f, s.number(lowest_for_product(s)), f);
  s.exp_parts(p, e, z, f, c);
  s.op(Op::add, f, p, s.number(1));
  s.op(Op::sub, c, f, s.number(1));
  s.op(Op::sub, c, p, c);
  for (const RegRef& part : {f, c}) {
    s.op(Op::mul, part, part, e);
    s.op(Op::mul, part, part, z);
  }
  s.op(Op::add, e, f, s.number(1));
  s.op(Op::sub, z, e, s.number(1));
  s.op(Op::sub, z, f, z);
  s.op(Op::add, c, c, z);
  b.mov(f, e);
  s.op(Op::div, c, c, f);
  s.split(f, e);
  s.log_polynomial(p, z, f);
  s.fma(c, e, s.number(t.ln2_low), c);
  s.fma(c, z, p, c);
  s.op(Op::add, f, f, c);
  s.fma(d, e, s.number(t.ln2_high), f);
}

// x (1 + erf(x / sqrt 2)) / 2 in f64: erf's argument and its sum lose too much on the far left for
// a bound relative to the result, so that bound is relative to x / 2.
void gelu_by_erf(Builder& b, Sequence& s, DType type, const RegRef& dst, const RegRef& src) {
  const RegRef t = s.temporary("t");
  s.op(Op::mul, t, src, s.number(std::numbers::sqrt2 / 2));
  emit_erf(b, type, t, t);
  s.fma(t, t, s.number(0.5), s.number(0.5));
  s.op(Op::mul, dst, src, t);
}

// max(x, 0) - |x| Phi(-|x|), where t Phi(-t) = v S(v) exp(-t^2 / 2) with v = t / (t + 2): S is
// smooth up to v = 1. v and t^2 are held in two parts: 1 / (t + 2) is (1 - v) / 2.
void gelu_by_tail(Sequence& s, const RegRef& dst, const RegRef& src) {
  const RegRef t = s.temporary("t"), v = s.temporary("v"), e = s.temporary("e"),
               q = s.temporary("q"), k = s.temporary("k"), k2 = s.temporary("k2"),
               n = s.temporary("n"), m = s.temporary("m"), low = s.temporary("low");
  s.magnitude(t, src);
  s.op(Op::min, t, s.number(math::kGeluTop), t);
  s.op(Op::mul, m, t, t);
  s.op(Op::sub, n, s.number(0), t);
  s.fma(e, n, t, m);  // m - t^2
  s.op(Op::mul, e, e, s.number(0.5));
  s.op(Op::mul, m, m, s.number(-0.5));
  s.exp_parts(q, k, k2, m, n, &e);

  s.op(Op::add, m, t, s.number(2));
  s.op(Op::div, v, t, m);
  s.op(Op::sub, n, m, s.number(2));
  s.op(Op::sub, n, t, n);  // of t + 2, what m lost
  s.op(Op::sub, e, s.number(0), v);
  s.fma(t, e, m, t);
  s.fma(t, e, n, t);
  s.fma(e, e, s.number(0.5), s.number(0.5));
  s.op(Op::mul, t, t, e);  // of the quotient, what v lost
  const std::span<const double> tail = math::kGeluTailF32;
  s.op(Op::sub, m, v, s.number(math::kGeluMiddle));
  s.polynomial(low, m, tail.subspan(1));
  s.fma(n, low, m, s.number(tail[0]));
  const RegRef sum = s.temporary("sum");
  s.op(Op::sub, sum, s.number(tail[0]), n);
  s.fma(low, low, m, sum);
  s.op(Op::mul, low, low, v);  // of v S, what S lost
  s.op(Op::mul, m, v, n);
  s.op(Op::sub, e, s.number(0), m);
  s.fma(sum, v, s.number(math::kGeluSlope), n);
  s.fma(t, t, sum, low);
  s.fma(low, v, n, e);
  s.op(Op::add, t, t, low);  // of the product, what m lost
  s.fma(t, t, q, t);
  s.fma(t, m, q, t);
  s.op(Op::sub, e, e, t);
  s.op(Op::mul, e, e, k);
  s.op(Op::max, n, s.number(0), src);
  s.fma(dst, e, k2, n);
}

}  // namespace

void emit_swish(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  b.scope([&] {
    Sequence s(b, type);
    const RegRef y = s.temporary("y");
    b.mov(y, src);
    logistic_product(s, dst, src, y, nullptr);
  });
}

void emit_gelu(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  b.scope([&] {
    Sequence s(b, type);
    if (type == DType::f64) return gelu_by_erf(b, s, type, dst, src);
    gelu_by_tail(s, dst, src);
  });
}

// x / (1 + exp(-y)), y = 2 sqrt(2 / pi) (x + 0.044715 x^3). An error of y counts |y| times, so y is
// computed in two parts.
void emit_gelu_tanh(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  constexpr long double kLinear = 1.5957691216057307117597842397375L, kCubic = 0.044715L * kLinear;
  b.scope([&] {
    Sequence s(b, type);
    const auto low = [&](long double exact) {
      const long double high =
          type == DType::f64 ? static_cast<double>(exact) : static_cast<float>(exact);
      return s.number(static_cast<double>(exact - high));
    };
    const double top = type == DType::f64 ? 32 : 12;
    const RegRef x = s.temporary("x"), e = s.temporary("e");
    b.scope([&] {
      const RegRef minus = s.temporary("minus"), h = s.temporary("h"), c = s.temporary("c"),
                   t = s.temporary("t"), p = s.temporary("p");
      s.op(Op::min, x, s.number(top), src);
      s.op(Op::max, x, s.number(-top), x);
      s.op(Op::sub, minus, s.number(0), x);
      s.op(Op::mul, h, x, x);
      s.fma(e, minus, x, h);  // h - x^2
      s.op(Op::mul, c, h, s.number(-static_cast<double>(kCubic)));
      s.fma(t, h, s.number(static_cast<double>(kCubic)), c);
      s.op(Op::sub, p, s.number(static_cast<double>(kLinear)), c);
      s.fma(e, e, s.number(-static_cast<double>(kCubic)), t);
      s.fma(e, h, low(kCubic), e);
      s.op(Op::sub, h, p, s.number(static_cast<double>(kLinear)));
      s.op(Op::add, c, c, h);  // of p, minus what the sum's second part lost
      s.op(Op::sub, h, p, h);
      s.op(Op::sub, h, s.number(static_cast<double>(kLinear)), h);
      s.op(Op::sub, h, h, c);
      s.op(Op::add, e, e, h);
      s.op(Op::add, e, e, low(kLinear));
      s.op(Op::mul, e, e, x);
      s.op(Op::mul, minus, minus, p);
      s.fma(c, x, p, minus);
      s.op(Op::add, e, e, c);
      s.op(Op::sub, x, s.number(0), minus);
    });
    logistic_product(s, dst, src, x, &e);
  });
}

// x w (w + 2) / (w^2 + 2 w + 2) with w = e^x = 2^n (1 + q). Right of 0 it is x - 2 x / (..), where
// an error of w hardly counts; left of it the factors are multiplied in two parts.
void emit_mish(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  b.scope([&] {
    Sequence s(b, type);
    const RegRef x = s.temporary("x"), q = s.temporary("q"), k = s.temporary("k"),
                 k2 = s.temporary("k2"), n = s.temporary("n"), c = s.temporary("c"),
                 w = s.temporary("w"), d = s.temporary("d");
    const double top = type == DType::f64 ? 40 : 20;
    s.op(Op::min, x, s.number(top), src);
    s.op(Op::max, x, s.number(lowest_for_product(s)), x);
    b.mov(d, x);
    s.exp_parts(q, k, k2, d, n);
    s.op(Op::add, w, q, s.number(1));
    s.op(Op::mul, w, w, k);
    s.op(Op::mul, w, w, k2);
    s.op(Op::add, c, w, s.number(2));
    s.fma(d, w, c, s.number(2));
    s.op(Op::sub, n, c, s.number(2));
    s.op(Op::sub, n, w, n);  // of c
    const RegRef t = s.temporary("t");
    s.op(Op::sub, t, s.number(2), d);
    s.fma(t, w, c, t);  // of d
    s.op(Op::div, w, s.number(-1), d);
    s.fma(d, w, d, s.number(1));
    s.fma(d, w, t, d);  // of the reciprocal, relative to it
    // Left of 0: 2^n (1 + q) (-x) (c + n) w (1 + d)
    s.op(Op::sub, x, s.number(0), x);
    s.op(Op::mul, n, n, x);
    s.op(Op::mul, t, c, x);
    s.op(Op::sub, x, s.number(0), x);
    s.fma(c, c, x, t);
    s.op(Op::sub, n, n, c);  // of t
    s.op(Op::mul, c, t, w);
    s.op(Op::mul, n, n, w);
    s.fma(n, c, d, n);
    s.op(Op::sub, d, s.number(0), c);
    s.fma(d, t, w, d);
    s.op(Op::add, n, n, d);
    s.fma(n, n, q, n);
    s.fma(n, c, q, n);
    s.op(Op::add, c, c, n);
    s.op(Op::mul, c, c, k);
    s.op(Op::mul, c, c, k2);
    s.op(Op::mul, w, w, x);
    s.fma(w, w, s.number(2), src);
    s.sel(dst, src, c, w);
  });
}

namespace {

// The part of x on one side of 0, and what log1p(exp(-|x|)) adds to it.
void beyond_zero(Builder& b, DType type, const RegRef& dst, const RegRef& src, Op side, Op join) {
  b.scope([&] {
    Sequence s(b, type);
    const RegRef t = s.temporary("t");
    log1p_exp(b, s, t, src);
    const RegRef m = s.temporary("m");
    s.op(side, m, s.number(0), src);
    s.op(join, dst, m, t);
  });
}

}  // namespace

void emit_softplus(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  beyond_zero(b, type, dst, src, Op::max, Op::add);
}

void emit_log_sigmoid(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  beyond_zero(b, type, dst, src, Op::min, Op::sub);
}

// x^3 T(x^2 - 2) below 2, where x and tanh x cancel.
void emit_tanh_shrink(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  b.scope([&] {
    Sequence s(b, type);
    const RegRef t = s.temporary("t"), x = s.temporary("x"), y = s.temporary("y"),
                 z = s.temporary("z");
    s.magnitude(t, src);
    s.op(Op::min, x, s.number(2), t);
    s.fma(y, x, x, s.number(-2));
    s.polynomial(z, y,
                 type == DType::f64 ? std::span<const double>(math::kTanhShrinkF64)
                                    : std::span<const double>(math::kTanhShrinkF32));
    const RegRef low = s.temporary("low"), minus = s.temporary("minus");
    s.op(Op::mul, y, x, x);
    s.op(Op::sub, low, s.number(0), x);
    s.fma(minus, low, x, y);
    s.op(Op::mul, minus, minus, low);  // of x^3, from the square
    s.op(Op::mul, low, low, y);        // -x^3
    s.fma(y, x, y, low);
    s.op(Op::add, y, y, minus);  // of x^3
    s.op(Op::sub, x, s.number(0), low);
    s.op(Op::mul, y, y, z);
    s.fma(x, x, z, y);
    s.op(Op::lt, y, t, s.number(2));
    emit_tanh(b, type, z, t);
    s.op(Op::sub, z, t, z);
    s.sel(z, y, x, z);
    s.restore_sign(dst, z, src, y);
  });
}

// out * expm1(in * x) = 2^n (out * (e^(in r) - 1)) + out * (2^n - 1) with x = n ln 2 / in + r: the
// scales are in the constants and cost no rounding.
void emit_elu(Builder& b, DType type, const RegRef& dst, const RegRef& src, EluScales scales) {
  b.scope([&] {
    Sequence s(b, type);
    const RegRef x = s.temporary("x"), k = s.temporary("k"), n = s.temporary("n"),
                 q = s.temporary("q");
    const double in = scales.in, out = scales.out;
    const long double step = std::numbers::ln2_v<long double> / in;
    const long double high =
        type == DType::f64 ? static_cast<double>(step) : static_cast<float>(step);
    s.op(Op::min, x, s.number(0), src);
    s.op(Op::max, x, s.number(s.tables().expm1_lowest / in), x);
    s.round_scaled(k, n, x, std::numbers::log2e * in, s.tables().exponent_bias);
    s.fma(x, n, s.number(static_cast<double>(-high)), x);
    s.fma(x, n, s.number(static_cast<double>(high - step)), x);
    s.polynomial(q, x, s.tables().exp_tail, out * in * in, in);
    if (out * in == 1 || in != 1) {
      s.op(Op::mul, n, x, x);
      s.fma(q, n, q, x);
    } else {
      s.fma(q, q, x, s.number(out));
      s.op(Op::mul, q, q, x);
    }
    s.to_exponent(k);
    s.fma(n, k, s.number(out), s.number(-out));
    s.fma(q, k, q, n);
    s.op(Op::max, x, s.number(0), src);
    if (scales.scale == 1) return s.op(Op::add, dst, x, q);
    s.fma(dst, x, s.number(scales.scale), q);
  });
}

// max(x, 0) + a / h, h = (|x| + sqrt(x^2 + 4a)) / 2: no cancellation on the left. Beyond 2^62,
// where 4a is nothing beside x^2, h is |x|, lest the square overflow.
void emit_squareplus(Builder& b, DType type, const RegRef& dst, const RegRef& src, double four_a) {
  b.scope([&] {
    Sequence s(b, type);
    const RegRef t = s.temporary("t"), r = s.temporary("r"), m = s.temporary("m");
    if (four_a == 0) return s.op(Op::max, dst, s.number(0), src);
    const RegRef h = s.temporary("h");
    s.magnitude(t, src);
    s.op(Op::min, m, s.number(type == DType::f64 ? 0x1p510 : 0x1p62), t);
    s.fma(h, m, m, s.number(four_a));
    const RegRef e = s.temporary("e");
    b.assign(Op::sqrt, r, {h});
    s.op(Op::mul, r, r, s.number(0.5));
    s.op(Op::mul, h, h, s.number(0.25));
    s.op(Op::sub, e, s.number(0), r);
    s.fma(e, e, r, h);  // of r^2
    s.fma(h, m, s.number(0.5), r);
    s.op(Op::sub, r, r, h);
    s.fma(m, m, s.number(0.5), r);  // of h; what r lost is e / (2 r), and e / (2 h) where it counts
    s.op(Op::max, h, h, t);
    s.op(Op::div, r, s.number(four_a / 4), h);
    s.op(Op::mul, e, e, s.number(2 / four_a));
    s.fma(m, e, r, m);
    s.op(Op::mul, h, r, r);
    s.op(Op::mul, m, m, s.number(-4 / four_a));
    s.fma(r, h, m, r);
    s.op(Op::max, m, s.number(0), src);
    s.op(Op::add, dst, m, r);
  });
}

}  // namespace tconv::ir
