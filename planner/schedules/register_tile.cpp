#include "planner/schedules/register_tile.h"

#include <fmt/format.h>

namespace tconv::planner {

using ir::Affine;
using ir::Reg;

int tile_operands(int pixels, int vectors, const ir::Target& target) {
  // A broadcast that cannot be an instruction's operand needs a register.
  return vectors == 1 && target.bcast_operand ? 1 : pixels == 1 ? 2 : vectors + 1;
}

std::string why_not_register_tile(const Problem& p, const Plan& plan, const ir::Target& target) {
  const int registers = plan.mr * plan.nr + tile_operands(plan.mr, plan.nr, target);
  if (registers > target.registers)
    return fmt::format("a tile of {}x{} needs {} registers, {} has {}", plan.mr, plan.nr, registers,
                       target.name, target.registers);
  if (plan.ku < 1 || p.group_ic() % plan.ku != 0)
    return fmt::format("ku={} must divide the {} input channels of a group", plan.ku, p.group_ic());
  return {};
}

void emit_tile_step(ir::Builder& b, const TileStep& s) {
  if (s.fetch_bytes > 0)
    b.unroll("j", 0, s.vectors, [&](const Affine& j) {
      ir::Mem further = s.weights(j);
      further.index.back() += s.fetch_bytes / ir::bytes(s.type);
      b.prefetch(std::move(further), ir::Hint::l1);
    });
  b.scope([&] {
    if (s.pixels == 1) {
      const Reg a = b.vec("a", {}, s.type);
      b.mov(a(), ir::bcast(s.input(0)));
      b.unroll("j", 0, s.vectors, [&](const Affine& j) {
        b.fma(s.acc(0, j), a(), ir::load(s.weights(j)), s.acc(0, j));
      });
      return;
    }
    const Reg f = b.vec("f", {s.vectors}, s.type);
    b.unroll("j", 0, s.vectors, [&](const Affine& j) { b.mov(f(j), ir::load(s.weights(j))); });
    b.unroll("i", 0, s.pixels, [&](const Affine& i) {
      // For values that are used more than once an embedded broadcast costs 5-15% (6x4 tile, filter
      // in L2, Emerald Rapids: 174 to 149 GFLOP/s).
      if (s.vectors == 1 && b.target().bcast_operand)
        return b.fma(s.acc(i, 0), f(0), ir::bcast(s.input(i)), s.acc(i, 0));
      const Reg a = b.vec("a", {}, s.type);
      b.mov(a(), ir::bcast(s.input(i)));
      b.unroll("j", 0, s.vectors,
               [&](const Affine& j) { b.fma(s.acc(i, j), a(), f(j), s.acc(i, j)); });
    });
  });
}

}  // namespace tconv::planner
