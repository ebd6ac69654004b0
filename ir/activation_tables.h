// Coefficients of activation_math.cpp, as in vector_math_tables.h.
#pragma once

namespace tconv::ir::math {

// (t + 2) exp(t^2 / 2) erfc(t / sqrt 2) / 2 with t = 2 v / (1 - v), for t up to kGeluTop, beyond which
// t Phi(-t) is 0; 5e-9.
inline constexpr double kGeluTop = 15;
inline constexpr double kGeluTailF32[] = {
    0x1p0,           -0x1.3108bep-1, -0x1.882ebcp-3, 0x1.5860e2p-4,
    0x1.dbafap-4,    -0x1.502854p-6, 0x1.e5df62p-3,  -0x1.4a27a2p-1,
    0x1.fe9972p-1,   -0x1.0c03b6p0,  0x1.33d38cp-1,  -0x1.197ff6p-3};

// (x - tanh x) / x^3 in powers of x^2, |x| <= 2; 6e-8 (at 0, by the rounding of 1/3), 6e-17
inline constexpr double kTanhShrinkF32[] = {
    0x1.555554p-2,  -0x1.1110a4p-3, 0x1.ba08c6p-5,  -0x1.659368p-6, 0x1.1e56f8p-7,
    -0x1.ba0afap-9, 0x1.3886e4p-10, -0x1.7a8598p-12, 0x1.6e62d4p-14, -0x1.08a942p-16,
    0x1.078afp-19,  -0x1.3f93ccp-23, 0x1.61943ap-28};
inline constexpr double kTanhShrinkF64[] = {
    0x1.5555555555555p-2,   -0x1.111111111107p-3,   0x1.ba1ba1ba131cfp-5,  -0x1.664f48813aafbp-6,
    0x1.226e353846984p-7,   -0x1.d6d3cc36c89d4p-9,  0x1.7da3328c41bbbp-10, -0x1.3556a56afd1d3p-11,
    0x1.f56c25f1d3807p-13,  -0x1.9630651195703p-14, 0x1.4868a0931147fp-15, -0x1.07f3db343ded4p-16,
    0x1.a221523f1d4c2p-18,  -0x1.4186c16ccd8a1p-19, 0x1.d638758a05a4fp-21, -0x1.3f3ab08855c38p-22,
    0x1.88cca5885a8b7p-24,  -0x1.ac38caabd9b15p-26, 0x1.95268244f81acp-28, -0x1.46305e106f6dp-30,
    0x1.b5f73bf937567p-33,  -0x1.df19f16a9b099p-36, 0x1.9ea69866e3b7fp-39, -0x1.1080d139cf55cp-42,
    0x1.fe24914548837p-47,  -0x1.2e82decb26439p-51, 0x1.554a0c95d5d71p-57};

}  // namespace tconv::ir::math
