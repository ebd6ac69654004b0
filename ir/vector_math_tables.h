// Coefficients of vector_math.cpp: minimax fits whose coefficients are numbers of the type. Lowest
// power first. The errors given are the fits' own, relative to the function that uses them.
#pragma once

#include <cstdint>
#include <span>

namespace tconv::ir::math {

struct Tables {
  std::span<const double> exp;       // exp(r), |r| <= ln 2
  std::span<const double> exp_tail;  // (exp(r) - 1 - r) / r^2, |r| <= ln 2 / 2
  std::span<const double> log_tail;  // (log1p(f) - f + f^2 / 2) / f^3, |f| <= 1/3
  // -log(erfc(t)) / t on 0..erf_top, where erf has become 1; its constant term is the sum of the
  // first two.
  std::span<const double> erf;
  double erf_top;
  double ln2_high, ln2_low;  // high has enough trailing zeros for exact products with exponents
  double exp_lowest, exp_highest;  // beyond them exp is 0 or infinite for certain
  double expm1_lowest;             // below it expm1 is -1
  double tanh_top;                 // beyond it tanh is 1
  double sigmoid_top;              // beyond it sigmoid is 1
  double magic;  // 1.5 * 2^p: adding it rounds to integral and leaves the integer in the low bits
  double smallest_normal, denormal_scale;  // x * scale is normal for every denormal x
  int denormal_exponent;                   // log2(denormal_scale)
  int mantissa_bits, exponent_bias;
  std::uint64_t sign, infinity;  // bits
  std::uint64_t two_thirds;      // bits of 2/3: log's reduced argument is 2/3..4/3
};

// exp 1.8e-8, exp_tail 1.4e-8, log_tail 5e-9, erf 4.0e-9
inline constexpr double kExpF32[] = {0x1p0,         0x1p0,         0x1.00001p-1,   0x1.55552cp-3,
                                     0x1.554858p-5, 0x1.111d78p-7, 0x1.7208b8p-10, 0x1.9f0a4ep-13};
inline constexpr double kExpTailF32[] = {0x1p-1, 0x1.5554bp-3, 0x1.5554c8p-5, 0x1.1227cep-7,
                                         0x1.6d722cp-10};
inline constexpr double kLogTailF32[] = {0x1.55554cp-2,  -0x1.ffff74p-3, 0x1.99addep-3,
                                         -0x1.558a74p-3, 0x1.211ab6p-3,  -0x1.f4c81p-4,
                                         0x1.132ee2p-3,  -0x1.04ff52p-3};
inline constexpr double kErfF32[] = {
    0x1.20dd76p0,   -0x1.d0e248p-25, 0x1.45f2fap-1,   0x1.a4fa4ap-4,  -0x1.39cc9ep-6,
    -0x1.516b8p-13, 0x1.b520c8p-10,  -0x1.4bec5ap-11, 0x1.edb72ep-14, -0x1.36d7a2p-17};
inline constexpr Tables kF32 = {.exp = kExpF32,
                                .exp_tail = kExpTailF32,
                                .log_tail = kLogTailF32,
                                .erf = kErfF32,
                                .erf_top = 4,
                                .ln2_high = 0x1.62e4p-1,
                                .ln2_low = 0x1.7f7d1cp-20,
                                .exp_lowest = -104,
                                .exp_highest = 89,
                                .expm1_lowest = -20,
                                .tanh_top = 10,
                                .sigmoid_top = 20,
                                .magic = 0x1.8p23,
                                .smallest_normal = 0x1p-126,
                                .denormal_scale = 0x1p25,
                                .denormal_exponent = 25,
                                .mantissa_bits = 23,
                                .exponent_bias = 127,
                                .sign = 0x80000000,
                                .infinity = 0x7f800000,
                                .two_thirds = 0x3f2aaaab};

// exp 1.1e-17, exp_tail 3.6e-17, log_tail 1e-17, erf 7.5e-17
inline constexpr double kExpF64[] = {0x1p0,
                                     0x1.fffffffffffffp-1,
                                     0x1.fffffffffffeep-2,
                                     0x1.555555555563bp-3,
                                     0x1.5555555556d32p-5,
                                     0x1.11111111024c2p-7,
                                     0x1.6c16c1697ce9ap-10,
                                     0x1.a01a01b9ee742p-13,
                                     0x1.a01a05c3412cbp-16,
                                     0x1.71de24cef59dfp-19,
                                     0x1.27e1ac9cc91e5p-22,
                                     0x1.ae74a93d58e15p-26,
                                     0x1.21849672d35b4p-29,
                                     0x1.5d85906223dfcp-33};
inline constexpr double kExpTailF64[] = {
    0x1.0000000000001p-1,  0x1.5555555555558p-3,  0x1.5555555553cb1p-5,  0x1.111111110f8c7p-7,
    0x1.6c16c178be1d1p-10, 0x1.a01a01afc4de3p-13, 0x1.a019b869d19cbp-16, 0x1.71ddf759c284cp-19,
    0x1.2892327b2f156p-22, 0x1.af621eeee0a02p-26};
inline constexpr double kLogTailF64[] = {
    0x1.5555555555554p-2, -0x1.0000000000104p-2, 0x1.999999999ac3cp-3, -0x1.555555551135p-3,
    0x1.24924923522fcp-3, -0x1.00000029d1a8ap-3, 0x1.c71c72d09756bp-4, -0x1.99998250f2122p-4,
    0x1.745cdf504231fp-4, -0x1.5558d529f49eap-4, 0x1.3b1a78bf3d8c5p-4, -0x1.24439ded1b4cp-4,
    0x1.10914486210ecp-4, -0x1.04231dcdc29c3p-4, 0x1.ed75bd0eab17dp-5, -0x1.861d9a66ab23cp-5,
    0x1.5f5bf244948e1p-5, -0x1.52050e1ce775cp-4, 0x1.542c5eec0470fp-4};
inline constexpr double kErfF64[] = {
    0x1.20dd750429b6dp0,    -0x1.2a3ccd60c3907p-54, 0x1.45f306dc9c993p-1,   0x1.a4f4e2a193993p-4,
    -0x1.396685884a87p-6,   -0x1.b6b6d58c1b5afp-13, 0x1.bca6c30702497p-10,  -0x1.35682a2e94b2ep-11,
    0x1.b374c927d39cap-16,  0x1.0da6ddf807999p-14,  -0x1.ebf79d536f109p-16, 0x1.7740f70bbfcb6p-19,
    0x1.de71cd8f4e39ep-19,  -0x1.461f4b2261943p-19, 0x1.ca55bedc37b09p-21,  -0x1.75dc58d4d8241p-23,
    0x1.1f96637b23964p-27,  0x1.0b6dff13c52b7p-27,  -0x1.b1663af1d7bbap-29, 0x1.76788624ddd29p-31,
    -0x1.a3fac9f7acadep-34, 0x1.32e19826a24c3p-37,  -0x1.0bb5e79ae049ap-41, 0x1.a9343b61686c5p-47};
inline constexpr Tables kF64 = {.exp = kExpF64,
                                .exp_tail = kExpTailF64,
                                .log_tail = kLogTailF64,
                                .erf = kErfF64,
                                .erf_top = 6,
                                .ln2_high = 0x1.62e42fefa38p-1,
                                .ln2_low = 0x1.ef35793c76730p-45,
                                .exp_lowest = -746,
                                .exp_highest = 710,
                                .expm1_lowest = -45,
                                .tanh_top = 20,
                                .sigmoid_top = 40,
                                .magic = 0x1.8p52,
                                .smallest_normal = 0x1p-1022,
                                .denormal_scale = 0x1p54,
                                .denormal_exponent = 54,
                                .mantissa_bits = 52,
                                .exponent_bias = 1023,
                                .sign = 0x8000000000000000,
                                .infinity = 0x7ff0000000000000,
                                .two_thirds = 0x3fe5555555555555};

}  // namespace tconv::ir::math
