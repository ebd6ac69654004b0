#include "ir/vector_math.h"

#include <cmath>
#include <numbers>
#include <span>

#include "ir/vector_math_tables.h"

namespace tconv::ir {
namespace {

// One sequence being written: its type, its tables, and constants of the type. A NaN passes through
// `max` and `min` only as the second operand, so bounds are always the first.
class Sequence {
 public:
  Sequence(Builder& b, DType type)
      : b_(b), type_(type), tables_(type == DType::f64 ? math::kF64 : math::kF32) {}

  const math::Tables& tables() const { return tables_; }
  Operand number(double value) const {
    return type_ == DType::f64 ? f64(value) : f32(static_cast<float>(value));
  }
  RegRef temporary(const char* name) { return b_.vec(name, {}, type_)(); }

  void op(Op o, const RegRef& d, Operand a, Operand b) { b_.op(o, d, std::move(a), std::move(b)); }
  void fma(const RegRef& d, Operand a, Operand b, Operand c) {
    b_.fma(d, std::move(a), std::move(b), std::move(c));
  }
  void sel(const RegRef& d, Operand mask, Operand yes, Operand no) {
    b_.assign(Op::sel, d, {std::move(mask), std::move(yes), std::move(no)});
  }
  void magnitude(const RegRef& d, const RegRef& a) { op(Op::and_, d, a, bits(tables_.sign - 1)); }
  // d = a with the sign of `of`; a >= 0, or already of that sign. `t` is overwritten.
  void restore_sign(const RegRef& d, const RegRef& a, const RegRef& of, const RegRef& t) {
    op(Op::and_, t, of, bits(tables_.sign));
    op(Op::or_, d, a, t);
  }

  // d = sum of c[i] * first * ratio^i * x^i.
  void polynomial(const RegRef& d, const RegRef& x, std::span<const double> c, double first = 1,
                  double ratio = 1) {
    const auto term = [&](std::size_t i) {
      return number(c[i] * first * std::pow(ratio, static_cast<double>(i)));
    };
    fma(d, x, term(c.size() - 1), term(c.size() - 2));
    for (std::size_t i = c.size() - 2; i-- > 0;) fma(d, d, x, term(i));
  }

  // n = round(x * factor), left in the low bits of `k` plus `bias` and as a number in `n`.
  void round_scaled(const RegRef& k, const RegRef& n, const RegRef& x, double factor, int bias) {
    fma(k, x, number(factor), number(tables_.magic + bias));
    op(Op::sub, n, k, number(tables_.magic + bias));
  }
  // x += n * factor * ln 2
  void add_ln2(const RegRef& x, const RegRef& n, double factor) {
    fma(x, n, number(factor * tables_.ln2_high), x);
    fma(x, n, number(factor * tables_.ln2_low), x);
  }
  void to_exponent(const RegRef& k) {
    op(Op::shl, k, k, bits(static_cast<std::uint64_t>(tables_.mantissa_bits)));
  }

  // d = (1 - exp(-scale * x)) / scale for x >= 0, accurate for small x; x, k, n and q are
  // overwritten. With s = 2^-n and r the reduced argument: (1 - s) / scale + s * (1 - exp(-scale *
  // r)) / scale.
  void one_minus_exp(const RegRef& d, const RegRef& x, const RegRef& k, const RegRef& n,
                     const RegRef& q, double scale) {
    round_scaled(k, n, x, -scale * std::numbers::log2e, tables_.exponent_bias);
    add_ln2(x, n, 1 / scale);
    polynomial(q, x, tables_.exp_tail, -scale, -scale);
    op(Op::mul, n, x, x);
    fma(q, n, q, x);
    to_exponent(k);
    fma(n, k, number(-1 / scale), number(1 / scale));
    fma(d, k, q, n);
  }

  // Splits y (positive, normal) into e and f: y = 2^e * (1 + f), |f| <= 1/3; y becomes f.
  void split(const RegRef& y, const RegRef& e) {
    const auto one = static_cast<std::uint64_t>(tables_.exponent_bias) << tables_.mantissa_bits;
    const double to_number = tables_.magic / 1.5;
    op(Op::iadd, y, y, bits(one - tables_.two_thirds));
    op(Op::shr, e, y, bits(static_cast<std::uint64_t>(tables_.mantissa_bits)));
    op(Op::or_, e, e, number(to_number));
    op(Op::sub, e, e, number(to_number + tables_.exponent_bias));
    op(Op::and_, y, y, bits((std::uint64_t{1} << tables_.mantissa_bits) - 1));
    op(Op::iadd, y, y, bits(tables_.two_thirds));
    op(Op::sub, y, y, number(1));
  }
  // p = -1/2 + f * log_tail(f), so that log1p(f) = f + f^2 * p; z = f^2.
  void log_polynomial(const RegRef& p, const RegRef& z, const RegRef& f) {
    polynomial(p, f, tables_.log_tail);
    op(Op::mul, z, f, f);
    fma(p, p, f, number(-0.5));
  }
  // d = the logarithm r that was found for x if x > pole and x < infinity; x itself for infinity
  // and NaN, -infinity at the pole, NaN below it. m and t are overwritten.
  void log_domain(const RegRef& d, const RegRef& r, const RegRef& x, double pole, const RegRef& m,
                  const RegRef& t) {
    op(Op::lt, t, x, number(pole));
    op(Op::or_, t, t, bits(tables_.infinity | tables_.sign));  // all ones is a NaN
    op(Op::lt, m, number(pole), x);
    sel(r, m, r, t);
    op(Op::lt, m, x, bits(tables_.infinity));
    sel(d, m, r, x);
  }

 private:
  Builder& b_;
  DType type_;
  const math::Tables& tables_;
};

}  // namespace

// The power of two is applied in two equal halves: the first is exact, the second rounds once, also
// into denormals and infinity. That |r| reaches ln 2 for it costs less than halving the exponent
// otherwise.
void emit_exp(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  b.scope([&] {
    Sequence s(b, type);
    const RegRef x = s.temporary("x"), k = s.temporary("k"), n = s.temporary("n");
    s.op(Op::max, x, s.number(s.tables().exp_lowest), src);
    s.op(Op::min, x, s.number(s.tables().exp_highest), x);
    s.round_scaled(k, n, x, std::numbers::log2e / 2, s.tables().exponent_bias);
    s.add_ln2(x, n, -2);
    s.polynomial(n, x, s.tables().exp);
    s.to_exponent(k);
    s.op(Op::mul, n, n, k);
    s.op(Op::mul, dst, n, k);
  });
}

// 2 * (s * (exp(r) - 1) + (s - 1/2)), s = 2^(n-1): half of it, because 2^128 is not a number.
void emit_expm1(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  b.scope([&] {
    Sequence s(b, type);
    const RegRef x = s.temporary("x"), k = s.temporary("k"), n = s.temporary("n"),
                 q = s.temporary("q");
    s.op(Op::max, x, s.number(s.tables().expm1_lowest), src);
    s.op(Op::min, x, s.number(s.tables().exp_highest), x);
    s.round_scaled(k, n, x, std::numbers::log2e, s.tables().exponent_bias - 1);
    s.add_ln2(x, n, -1);
    s.polynomial(q, x, s.tables().exp_tail);
    s.op(Op::mul, n, x, x);
    s.fma(q, n, q, x);
    s.to_exponent(k);
    s.op(Op::sub, n, k, s.number(0.5));
    s.fma(q, k, q, n);
    s.op(Op::add, q, q, q);
    s.restore_sign(dst, q, src, k);
  });
}

void emit_log(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  b.scope([&] {
    Sequence s(b, type);
    const math::Tables& t = s.tables();
    const RegRef f = s.temporary("f"), e = s.temporary("e"), p = s.temporary("p"),
                 z = s.temporary("z"), m = s.temporary("m");
    s.op(Op::lt, m, src, s.number(t.smallest_normal));
    s.op(Op::mul, f, src, s.number(t.denormal_scale));
    s.sel(f, m, f, src);
    s.op(Op::and_, m, m, s.number(t.denormal_exponent));
    s.split(f, e);
    s.op(Op::sub, e, e, m);
    s.log_polynomial(p, z, f);
    s.fma(f, e, s.number(t.ln2_low), f);
    s.fma(f, z, p, f);
    s.fma(f, e, s.number(t.ln2_high), f);
    s.log_domain(dst, f, src, 0, m, z);
  });
}

// log(u) + c / u, u = 1 + x rounded and c what the rounding lost.
void emit_log1p(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  b.scope([&] {
    Sequence s(b, type);
    const math::Tables& t = s.tables();
    const RegRef f = s.temporary("f"), e = s.temporary("e"), p = s.temporary("p"),
                 z = s.temporary("z"), c = s.temporary("c");
    s.op(Op::add, f, src, s.number(1));
    s.op(Op::sub, c, f, s.number(1));
    s.op(Op::sub, c, src, c);
    s.op(Op::div, c, c, f);
    s.split(f, e);
    s.log_polynomial(p, z, f);
    s.fma(c, e, s.number(t.ln2_low), c);
    s.fma(c, z, p, c);
    s.op(Op::add, f, f, c);
    s.fma(f, e, s.number(t.ln2_high), f);
    s.restore_sign(f, f, src, c);
    s.log_domain(dst, f, src, -1, c, z);
  });
}

// q = w / (1 - w) with w = (1 - exp(-2 |x|)) / 2, then q + e / (1 - w) with e = w - q * (1 - w):
// without that step the rounding of 1 - w and of the division add up to 2.5 ULP. 1 / (1 - w) is 1 +
// q.
void emit_tanh(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  b.scope([&] {
    Sequence s(b, type);
    const RegRef x = s.temporary("x"), k = s.temporary("k"), n = s.temporary("n"),
                 q = s.temporary("q");
    s.magnitude(x, src);
    s.op(Op::min, x, s.number(s.tables().tanh_top), x);
    s.one_minus_exp(x, x, k, n, q, 2);
    s.op(Op::sub, k, s.number(1), x);
    s.op(Op::div, q, x, k);
    s.op(Op::sub, n, x, q);
    s.fma(n, q, x, n);
    s.fma(n, n, q, n);
    s.op(Op::add, x, q, n);
    s.restore_sign(dst, x, src, k);
  });
}

// 1 - exp(-|x| * R(|x|)): one range instead of the usual two, because R is smooth on all of it.
void emit_erf(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  b.scope([&] {
    Sequence s(b, type);
    const RegRef x = s.temporary("x"), k = s.temporary("k"), n = s.temporary("n"),
                 q = s.temporary("q");
    s.magnitude(x, src);
    s.op(Op::min, x, s.number(s.tables().erf_top), x);
    s.polynomial(q, x, s.tables().erf.subspan(1));
    s.op(Op::mul, q, q, x);
    s.fma(x, x, s.number(s.tables().erf[0]), q);
    s.one_minus_exp(x, x, k, n, q, 1);
    s.restore_sign(dst, x, src, k);
  });
}

// With t = 2^n and r the reduced argument, exp(-x) = exp(-r) / t: so t / (t + exp(-r)), where the
// sum is rounded only once, and t in two factors because it leaves the normal numbers. Both sides
// are taken 1.5 times, lest 1 + t be a tie that loses all of a t of 2^-24 (3.9 ULP).
void emit_sigmoid(Builder& b, DType type, const RegRef& dst, const RegRef& src) {
  b.scope([&] {
    Sequence s(b, type);
    const math::Tables& tables = s.tables();
    const RegRef x = s.temporary("x"), k = s.temporary("k"), n = s.temporary("n"),
                 t = s.temporary("t"), sum = s.temporary("sum");
    s.op(Op::max, x, s.number(tables.exp_lowest), src);
    s.op(Op::min, x, s.number(tables.sigmoid_top), x);
    s.round_scaled(k, n, x, std::numbers::log2e, 2 * tables.exponent_bias);
    s.add_ln2(x, n, -1);
    s.op(Op::shr, t, k, bits(1));
    s.op(Op::isub, k, k, t);
    s.to_exponent(t);
    s.to_exponent(k);
    s.op(Op::or_, t, t, bits(std::uint64_t{1} << (tables.mantissa_bits - 1)));
    s.polynomial(n, x, tables.exp_tail, 1.5, -1);
    s.fma(n, n, x, s.number(-1.5));
    s.fma(sum, t, k, s.number(1.5));
    s.fma(n, n, x, sum);
    s.op(Op::div, t, t, n);
    s.op(Op::mul, dst, t, k);
  });
}

}  // namespace tconv::ir
