#include "ir/vector_math.h"

#include <numbers>

#include "ir/vector_math_sequence.h"

namespace tconv::ir {
namespace {

using math::Sequence;

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
