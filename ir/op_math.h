// The scalar truth of every op, memory conversion and register type, to the bit. Interpreter, tests
// and constant folding call these; every emitter must equal them (a NaN equals any NaN: payloads
// are not promised). Rounding is to nearest even and denormals are kept, which the caller's MXCSR
// must say.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "ir/ir.h"

namespace tconv::ir::op_math {

// A lane as C++ sees it: float, double, Half, or int32_t (i32, and bf16x2 where only its bits
// matter).
struct Half {
  std::uint16_t bits = 0;
};
template <class T>
using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
template <class T>
constexpr Bits<T> to_bits(T value) {
  return std::bit_cast<Bits<T>>(value);
}
template <class T>
constexpr T from_bits(Bits<T> value) {
  return std::bit_cast<T>(value);
}

// ---- memory conversions
// -----------------------------------------------------------------------------

constexpr float f16_to_f32(std::uint16_t h) {
  const std::uint32_t sign = static_cast<std::uint32_t>(h & 0x8000) << 16;
  const std::uint32_t exponent = (h >> 10) & 0x1f, mantissa = h & 0x3ff;
  if (exponent == 31)
    return from_bits<float>(sign | 0x7f800000 | mantissa << 13 | (mantissa != 0 ? 0x400000 : 0));
  if (exponent == 0)
    return from_bits<float>(sign | to_bits(static_cast<float>(mantissa) * 0x1p-24F));
  return from_bits<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

// Nearest even; NaN becomes quiet; 65520 and more becomes infinity.
template <std::floating_point T>
constexpr std::uint16_t to_f16(T value) {
  constexpr int fraction = std::numeric_limits<T>::digits - 1, extra = fraction - 10;
  constexpr int top = static_cast<int>(sizeof(T)) * 8 - 1;
  constexpr Bits<T> one = 1, bias = std::numeric_limits<T>::max_exponent - 1;
  constexpr Bits<T> infinity = to_bits(std::numeric_limits<T>::infinity());
  const Bits<T> bits = to_bits(value), magnitude = bits & ((one << top) - 1);
  const Bits<T> sign = (bits >> top) << 15;
  const auto half = [sign](Bits<T> h) { return static_cast<std::uint16_t>(sign | h); };
  if (magnitude > infinity) return half(0x7e00 | ((magnitude >> extra) & 0x3ff));
  if (magnitude >= to_bits(T(65520))) return half(0x7c00);
  if (magnitude >= to_bits(T(0x1p-14)))
    return half((magnitude - ((bias - 15) << fraction) + (one << (extra - 1)) - 1 +
                 ((magnitude >> extra) & 1)) >>
                extra);
  if (magnitude <= to_bits(T(0x1p-25))) return half(0);
  // Denormal result: the significand counted in units of 2^-24.
  const Bits<T> shift = bias - 24 + fraction - (magnitude >> fraction);
  const Bits<T> significand = (magnitude & ((one << fraction) - 1)) | one << fraction;
  const Bits<T> below_half = (one << (shift - 1)) - 1;
  return half((significand + below_half + ((significand >> shift) & 1)) >> shift);
}
constexpr std::uint16_t f32_to_f16(float value) { return to_f16(value); }

constexpr float bf16_to_f32(std::uint16_t h) {
  return from_bits<float>(static_cast<std::uint32_t>(h) << 16);
}

// As vcvtneps2bf16: nearest even, denormal inputs become zero of their sign, NaN becomes quiet.
constexpr std::uint16_t f32_to_bf16(float value) {
  const std::uint32_t bits = to_bits(value), magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  if (magnitude < 0x00800000) return static_cast<std::uint16_t>((bits >> 16) & 0x8000);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// ---- ops
// --------------------------------------------------------------------------------------------

template <class T>
T fma(T a, T b, T c) {
  if constexpr (std::floating_point<T>)
    return std::fma(a, b, c);
  else
    return from_bits<T>(to_bits(a) * to_bits(b) + to_bits(c));
}
template <class T>
constexpr T add(T a, T b) {
  if constexpr (std::floating_point<T>)
    return a + b;
  else
    return from_bits<T>(to_bits(a) + to_bits(b));
}
template <class T>
constexpr T sub(T a, T b) {
  if constexpr (std::floating_point<T>)
    return a - b;
  else
    return from_bits<T>(to_bits(a) - to_bits(b));
}
template <class T>
constexpr T mul(T a, T b) {
  if constexpr (std::floating_point<T>)
    return a * b;
  else
    return from_bits<T>(to_bits(a) * to_bits(b));
}
template <std::floating_point T>
constexpr T div(T a, T b) {
  return a / b;
}
template <std::floating_point T>
T sqrt(T a) {
  return std::sqrt(a);
}
// Also what decides about NaN and zeros: the second operand wins unless the comparison holds.
template <class T>
constexpr T max(T a, T b) {
  return a > b ? a : b;
}
template <class T>
constexpr T min(T a, T b) {
  return a < b ? a : b;
}
// Half: the exact result, rounded once. Sums and products of two halves are exact in a double: they
// have at most 41 and 22 bits. That a * b + c is rounded to a double first does no harm. It would
// only if the double were a number m halfway between two halves (or 65520, where infinity begins)
// and the exact sum m + d with 0 < |d| <= 2^-53 |m|. Let e be m's exponent, so |d| < 2^(e-52).
// * c is a half and m is not: |m - c| is at least 2^(e-11), so |a * b| = |m - c + d| > 2^(e-12).
// * d = a * b + c - m is a multiple of the last place of a * b, c or m, whichever is lowest. c's is
//   at least 2^-24 and m's 2^(e-11) or, among denormals, 2^-25: more than |d|. So it is that of
//   a * b, which has 22 bits: |a * b| < 2^(e-52+22). Both cannot be.
inline Half rounded_half(double exact) { return {to_f16(exact)}; }
inline double wide(Half a) { return f16_to_f32(a.bits); }
inline Half fma(Half a, Half b, Half c) { return rounded_half(wide(a) * wide(b) + wide(c)); }
inline Half add(Half a, Half b) { return rounded_half(wide(a) + wide(b)); }
inline Half sub(Half a, Half b) { return rounded_half(wide(a) - wide(b)); }
inline Half mul(Half a, Half b) { return rounded_half(wide(a) * wide(b)); }
inline Half max(Half a, Half b) { return wide(a) > wide(b) ? a : b; }
inline Half min(Half a, Half b) { return wide(a) < wide(b) ? a : b; }

// Adding and subtracting 2^(digits-1) rounds to integral; faster than the library's call without
// SSE4.1.
template <std::floating_point T>
constexpr T round(T a) {
  constexpr T limit = T(1) / std::numeric_limits<T>::epsilon();
  constexpr Bits<T> sign = Bits<T>(1) << (sizeof(T) * 8 - 1);
  const T magnitude = from_bits<T>(to_bits(a) & ~sign);
  if (!(magnitude < limit)) return a;
  return from_bits<T>(to_bits((magnitude + limit) - limit) | (to_bits(a) & sign));
}
template <class T>
constexpr T and_(T a, T b) {
  return from_bits<T>(to_bits(a) & to_bits(b));
}
template <class T>
constexpr T or_(T a, T b) {
  return from_bits<T>(to_bits(a) | to_bits(b));
}
template <class T>
constexpr T xor_(T a, T b) {
  return from_bits<T>(to_bits(a) ^ to_bits(b));
}
// Counts of the lane's width and more shift everything out, as the vector instructions do.
template <class T>
constexpr T shl(T a, T count) {
  const Bits<T> n = to_bits(count);
  return from_bits<T>(n < sizeof(T) * 8 ? to_bits(a) << n : 0);
}
template <class T>
constexpr T shr(T a, T count) {
  const Bits<T> n = to_bits(count);
  return from_bits<T>(n < sizeof(T) * 8 ? to_bits(a) >> n : 0);
}
template <class T>
requires(sizeof(T) == 4) constexpr T sra(T a, T count) {
  const std::uint32_t n = to_bits(count);
  return std::bit_cast<T>(std::bit_cast<std::int32_t>(a) >> (n < 32 ? n : 31));
}
template <class T>
constexpr T iadd(T a, T b) {
  return from_bits<T>(to_bits(a) + to_bits(b));
}
template <class T>
constexpr T isub(T a, T b) {
  return from_bits<T>(to_bits(a) - to_bits(b));
}
template <class T>
constexpr T lt(T a, T b) {
  return from_bits<T>(a < b ? static_cast<Bits<T>>(-1) : 0);
}
template <class T>
constexpr T sel(T a, T b, T c) {
  return to_bits(a) >> (sizeof(T) * 8 - 1) != 0 ? b : c;
}

constexpr float flush_denormal(float a) {
  return (to_bits(a) & 0x7f800000) == 0 ? from_bits<float>(to_bits(a) & 0x80000000) : a;
}
// fma whose denormal results are flushed as x86 does it: a result is a denormal if it would be one
// rounded with an unbounded exponent. 2^-126 - 2^-150 is, though the IEEE denormals round it up to
// 2^-126.
inline float fma_flushed(float a, float b, float c) {
  const float result = flush_denormal(std::fma(a, b, c));
  if ((to_bits(result) & 0x7fffffff) != 0x00800000) return result;
  const double product = static_cast<double>(a) * b, sum = product + c;
  const double c_part = sum - product, error = (product - (sum - c_part)) + (c - c_part);
  const double sign = result, edge = 0x1.ffffffp-127;  // the tie goes up
  const bool below = sign < 0 ? -sum < edge || (-sum == edge && error > 0)
                              : sum < edge || (sum == edge && error < 0);
  return below ? from_bits<float>(to_bits(result) & 0x80000000) : result;
}
// fma(lo, lo, fma(hi, hi, acc)) of bf16 pairs, hi being the upper half; inputs and both results
// have their denormals flushed, as vdpbf16ps does whatever MXCSR says.
inline float dot2(std::uint32_t a, std::uint32_t b, float acc) {
  const auto high = [](std::uint32_t v) {
    return flush_denormal(from_bits<float>(v & 0xffff0000));
  };
  const auto low = [](std::uint32_t v) { return flush_denormal(from_bits<float>(v << 16)); };
  return fma_flushed(low(a), low(b), fma_flushed(high(a), high(b), flush_denormal(acc)));
}

// ---- one op by its name
// -------------------------------------------------------------------------------

// What `op` is defined for. perm moves lanes and has no scalar meaning; dot2 has operands of two
// types.
template <Op op, class T>
inline constexpr bool is_lanewise = op != Op::perm&& op != Op::dot2 &&
                                    (std::floating_point<T> ||
                                     (op != Op::div && op != Op::sqrt && op != Op::round)) &&
                                    (sizeof(T) == 4 || op != Op::sra);
template <Op op>
inline constexpr bool is_lanewise<op, Half> = is_half_op(op) && op != Op::perm;

template <Op op, class T>
requires is_lanewise<op, T> T apply(T a, [[maybe_unused]] T b, [[maybe_unused]] T c) {
  if constexpr (op == Op::mov) return a;
  if constexpr (op == Op::fma) return fma(a, b, c);
  if constexpr (op == Op::add) return add(a, b);
  if constexpr (op == Op::sub) return sub(a, b);
  if constexpr (op == Op::mul) return mul(a, b);
  if constexpr (op == Op::div) return div(a, b);
  if constexpr (op == Op::sqrt) return sqrt(a);
  if constexpr (op == Op::max) return max(a, b);
  if constexpr (op == Op::min) return min(a, b);
  if constexpr (op == Op::round) return round(a);
  if constexpr (op == Op::and_) return and_(a, b);
  if constexpr (op == Op::or_) return or_(a, b);
  if constexpr (op == Op::xor_) return xor_(a, b);
  if constexpr (op == Op::shl) return shl(a, b);
  if constexpr (op == Op::shr) return shr(a, b);
  if constexpr (op == Op::sra) return sra(a, b);
  if constexpr (op == Op::iadd) return iadd(a, b);
  if constexpr (op == Op::isub) return isub(a, b);
  if constexpr (op == Op::lt) return lt(a, b);
  if constexpr (op == Op::sel) return sel(a, b, c);
}

}  // namespace tconv::ir::op_math
