// Building blocks of the sequences in vector_math.cpp and activation_math.cpp.
#pragma once

#include <cmath>
#include <numbers>
#include <span>
#include <utility>

#include "ir/builder.h"
#include "ir/vector_math_tables.h"

namespace tconv::ir::math {

// One sequence being written: its type, its tables, and constants of the type. A NaN passes through
// `max` and `min` only as the second operand, so bounds are always the first.
class Sequence {
 public:
  Sequence(Builder& b, DType type)
      : b_(b), type_(type), tables_(type == DType::f64 ? kF64 : kF32) {}

  const Tables& tables() const { return tables_; }
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

  // q = e^r - 1 and k1 * k2 = 2^n with x + low = n ln 2 + r, |r| <= ln 2 / 2: in two factors,
  // because 2^n may leave the normal numbers. x, n and `low`, a correction to x, are overwritten.
  void exp_parts(const RegRef& q, const RegRef& k1, const RegRef& k2, const RegRef& x,
                 const RegRef& n, const RegRef* low = nullptr) {
    round_scaled(k1, n, x, std::numbers::log2e, 2 * tables_.exponent_bias);
    if (low == nullptr) {
      add_ln2(x, n, -1);
    } else {
      fma(x, n, number(-tables_.ln2_high), x);
      fma(*low, n, number(-tables_.ln2_low), *low);
      op(Op::add, x, x, *low);
    }
    op(Op::shr, k2, k1, bits(1));
    op(Op::isub, k1, k1, k2);
    to_exponent(k1);
    to_exponent(k2);
    polynomial(q, x, tables_.exp_tail);
    op(Op::mul, n, x, x);
    fma(q, n, q, x);
  }

 private:
  Builder& b_;
  DType type_;
  const Tables& tables_;
};

}  // namespace tconv::ir::math
