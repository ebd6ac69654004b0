// The innermost step of a register tile: a rank-one update of pixels x vectors accumulators.
#pragma once

#include <functional>
#include <string>

#include "ir/builder.h"
#include "planner/planner.h"

namespace tconv::planner {

struct TileStep {
  ir::Reg acc;  // [pixels][vectors]
  int pixels = 1, vectors = 1;
  ir::DType type = ir::DType::f32;
  std::function<ir::Mem(const ir::Affine& pixel)> input;  // one element, broadcast
  std::function<ir::Mem(const ir::Affine& vector)> weights;
};

// Registers beside the accumulators. `input`: the type in the memory that a step broadcasts from.
int tile_operands(int pixels, int vectors, ir::DType input, const ElementType& type,
                  const ir::Target& target);
// Why the plan's mr x nr tile does not fit, or its ku does not divide the channels; else empty.
std::string why_not_register_tile(const Problem& problem, const Plan& plan, ir::DType input,
                                  const ir::Target& target);
void emit_tile_step(ir::Builder& b, const TileStep& step);

}  // namespace tconv::planner
