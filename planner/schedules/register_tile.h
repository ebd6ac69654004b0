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
  // The packed filter is read in the order of its addresses: bytes ahead that are prefetched.
  std::int64_t fetch_bytes = 0;
};

// Registers beside the accumulators.
int tile_operands(int pixels, int vectors, const ir::Target& target);
// Why the plan's mr x nr tile does not fit, or its ku does not divide the channels; else empty.
std::string why_not_register_tile(const Problem& problem, const Plan& plan,
                                  const ir::Target& target);
void emit_tile_step(ir::Builder& b, const TileStep& step);

}  // namespace tconv::planner
