// Coefficients of activation_math.cpp, as in vector_math_tables.h.
#pragma once

namespace tconv::ir::math {

// (t + 2) exp(t^2 / 2) erfc(t / sqrt 2) / 2 with t = 2 v / (1 - v) in powers of v - kGeluMiddle,
// for t up to kGeluTop, beyond which t Phi(-t) is 0; 7.86e-9.
inline constexpr double kGeluTop = 15, kGeluMiddle = 0.4375;
inline constexpr double kGeluSlope = -0.65;  // of that, roughly
inline constexpr double kGeluTailF32[] = {
    0x1.6dad2ep-1,  -0x1.58f8d8p-1, 0x1.ef0cbp-5,  0x1.26c736p-2, 0x1.a85ed2p-5,  -0x1.4d41c6p-3,
    -0x1.315e7cp-3, 0x1.66e0fp-7,   0x1.38bdaep-3, 0x1.1c77b4p-3, -0x1.d42a42p-5, -0x1.23d85p-3};

// (x - tanh x) / x^3 in powers of x^2 - 2, |x| <= 2; in powers of x^2 the terms would
// cancel. 4.33e-9, 2.94e-17
inline constexpr double kTanhShrinkF32[] = {
    0x1.7cbd7ap-3,   -0x1.4e0ccep-5, 0x1.2a1d8ep-7,   -0x1.0ac54p-9,  0x1.ddb8bcp-12,
    -0x1.abab9ap-14, 0x1.7d99cp-16,  -0x1.56830ap-18, 0x1.4231f2p-20, -0x1.1aee48p-22,
    0x1.414bcap-25,  -0x1.4327cp-27, 0x1.a1e51ap-28,  -0x1.605e26p-30};
inline constexpr double kTanhShrinkF64[] = {
    0x1.7cbd79f52bdfap-3,   -0x1.4e0cce8d9eefbp-5,  0x1.2a1da75c6c41bp-7,  -0x1.0ac516dcaf29p-9,
    0x1.ddaae7a7dd6d1p-12,  -0x1.abaef2032fc1fp-14, 0x1.7eef8a58f2aebp-16, -0x1.56def2981cbb7p-18,
    0x1.32ff7ff96afa3p-20,  -0x1.12e0eab014c89p-22, 0x1.ec3d18377dc52p-25, -0x1.b8bb0da8e0eb1p-27,
    0x1.8a9fb136d4d3fp-29,  -0x1.61747638fd858p-31, 0x1.3c6c110d343f5p-33, -0x1.1a0c64f7b1182p-35,
    0x1.f9ebf73482aaep-38,  -0x1.d7d543fa0ddc5p-40, 0x1.a1d4447e9f1cfp-42, -0x1.14ec24330c299p-44,
    0x1.092a2d9dd705dp-46,  -0x1.2163824d6f34ap-47, 0x1.dd04aa217f7e7p-50, 0x1.5f9640241a4d3p-52,
    -0x1.0162587f29406p-54, -0x1.94dd66cfc1618p-55, 0x1.58cff8f3288cp-57};

}  // namespace tconv::ir::math
