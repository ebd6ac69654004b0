// The innermost step of a register tile: a rank-one update of pixels x vectors accumulators.
#pragma once

#include <functional>
#include <string>

#include "ir/builder.h"
#include "planner/planner.h"

namespace tconv::planner {

// acc += input * weights, by fma or dot2, for all pixels and vectors.
struct TileStep {
  ir::Reg acc;  // [pixels][vectors]
  int pixels = 1, vectors = 1;
  ir::DType type = ir::DType::f32;  // of acc
  ir::Op op = ir::Op::fma;
  std::function<ir::Mem(const ir::Affine& pixel)> input;  // one element, broadcast
  std::function<ir::Mem(const ir::Affine& vector)> weights;
  // The packed filter is read in the order of its addresses: bytes ahead that are prefetched.
  std::int64_t fetch_bytes = 0;
};

// What a step reads.
struct TileOperands {
  bool input_converts = false, weights_convert = false;  // on the way into a register
  int more_registers = 0;                                // of the multiply-add
  std::int64_t steps = 1;                                // over the input channels of a group
};
// Registers beside the accumulators.
int tile_registers(int pixels, int vectors, const TileOperands& operands, const ir::Target& target);
// Why the plan's mr x nr tile does not fit, or its ku does not divide the steps; else empty.
std::string why_not_register_tile(const Plan& plan, const TileOperands& operands,
                                  const ir::Target& target);
void emit_tile_step(ir::Builder& b, const TileStep& step);

}  // namespace tconv::planner
