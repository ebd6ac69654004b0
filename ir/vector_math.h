// exp, log, tanh, erf ... as IR sequences: the same bits on every backend.
#pragma once

#include <functional>

#include "ir/builder.h"

namespace tconv::ir {

// Each computes dst = f(src) for f32 or f64 registers (dst may be src) inside a scope of its own
// that declares the temporaries. Accuracy over all inputs, denormal results included: f32 within 2
// ULP of the exact value, f64 within 4 (the table is in docs/ir.md). NaN gives NaN; infinities,
// signed zeros and poles are as in C.
void emit_exp(Builder& b, DType type, const RegRef& dst, const RegRef& src);
void emit_expm1(Builder& b, DType type, const RegRef& dst, const RegRef& src);
void emit_log(Builder& b, DType type, const RegRef& dst, const RegRef& src);
void emit_log1p(Builder& b, DType type, const RegRef& dst, const RegRef& src);
void emit_tanh(Builder& b, DType type, const RegRef& dst, const RegRef& src);
void emit_erf(Builder& b, DType type, const RegRef& dst, const RegRef& src);
void emit_sigmoid(Builder& b, DType type, const RegRef& dst, const RegRef& src);

// Registers that the largest of these declares besides dst and src; ir::temporaries counts at most
// one more for a constant.
inline constexpr int kMathRegisters = 5;

}  // namespace tconv::ir
