// op_math over whole registers: what the interpreter executes. A register is always kLaneBytes
// wide; lanes beyond the target's width are computed and never seen.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ir/ir.h"

namespace tconv::ir {

inline constexpr std::size_t kLaneBytes = 64;

// dst may be an operand; operands the op does not have are not read.
using LaneOp = void (*)(std::byte* dst, const std::byte* a, const std::byte* b, const std::byte* c);
// nullptr where the op is not defined for registers of that type (and for perm, which needs its
// lanes).
LaneOp lane_op(Op op, DType type);

// Converts lanes 0..count from memory to a register, or back; the other lanes are left alone.
// nullptr where memory and register type do not convert.
using LaneCopy = void (*)(std::byte* dst, const std::byte* src, std::size_t count);
LaneCopy lane_load(DType memory, DType reg);
LaneCopy lane_store(DType memory, DType reg);

// dst lane i = concat(a, b)[lanes[i]]; dst may be a or b.
void lane_perm(std::byte* dst, const std::byte* a, const std::byte* b, const int* lanes,
               std::size_t count, std::size_t lane_bytes);

}  // namespace tconv::ir
