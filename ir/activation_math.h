// Activations with exponentials, logarithms or roots as IR sequences: the same bits on every
// backend.
#pragma once

#include "ir/builder.h"

namespace tconv::ir {

// Each computes dst = f(src) for f32 or f64 registers (dst may be src) inside a scope of its own.
// What the exponential's argument and the quotients lose is added back, so that f32 results are
// within 2 ULP of the exact value, denormal ones included, also where a textbook formula cancels
// (gelu and swish far left, softplus, squareplus, tanh_shrink). The table is in
// docs/activations.md.
void emit_swish(Builder& b, DType type, const RegRef& dst, const RegRef& src);
void emit_gelu(Builder& b, DType type, const RegRef& dst, const RegRef& src);
void emit_gelu_tanh(Builder& b, DType type, const RegRef& dst, const RegRef& src);
void emit_mish(Builder& b, DType type, const RegRef& dst, const RegRef& src);
void emit_softplus(Builder& b, DType type, const RegRef& dst, const RegRef& src);
void emit_log_sigmoid(Builder& b, DType type, const RegRef& dst, const RegRef& src);
void emit_tanh_shrink(Builder& b, DType type, const RegRef& dst, const RegRef& src);
// scale * max(x, 0) + out * expm1(min(x, 0) * in); in > 0, and in is 1 or out * in is 1.
struct EluScales {
  double scale = 1, out = 1, in = 1;
};
void emit_elu(Builder& b, DType type, const RegRef& dst, const RegRef& src, EluScales scales);
// (x + sqrt(x^2 + four_a)) / 2, four_a 0 or 1e-30..1e30
void emit_squareplus(Builder& b, DType type, const RegRef& dst, const RegRef& src, double four_a);

// Registers that the largest of these declares besides dst and src.
inline constexpr int kActivationRegisters = 10;

}  // namespace tconv::ir
