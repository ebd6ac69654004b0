#include "planner/schedules/register_tile.h"

#include <fmt/format.h>

namespace tconv::planner {

using ir::Affine;
using ir::Reg;

int tile_registers(int pixels, int vectors, const TileOperands& o, const ir::Target& target) {
  // A broadcast that cannot be an instruction's operand needs a register.
  const bool folded = target.bcast_operand && !o.input_converts;
  const bool one = vectors == 1 && folded && (pixels > 1 || !o.weights_convert);
  return (one ? 1 : pixels == 1 ? 2 : vectors + 1) + o.more_registers;
}

std::string why_not_register_tile(const Plan& plan, const TileOperands& operands,
                                  const ir::Target& target) {
  const int registers = plan.mr * plan.nr + tile_registers(plan.mr, plan.nr, operands, target);
  if (registers > target.registers)
    return fmt::format("a tile of {}x{} needs {} registers, {} has {}", plan.mr, plan.nr, registers,
                       target.name, target.registers);
  if (plan.ku < 1 || operands.steps % plan.ku != 0)
    return fmt::format("ku={} must divide the {} steps over a group's input channels", plan.ku,
                       operands.steps);
  return {};
}

void emit_tile_step(ir::Builder& b, const TileStep& s) {
  const ir::DType operand = ir::operand_type(s.op, 0, s.type);
  const auto multiply_add = [&](const ir::RegRef& sum, ir::Operand x, ir::Operand w) {
    b.assign(s.op, sum, {std::move(x), std::move(w), sum});
  };
  if (s.fetch_bytes > 0)
    b.unroll("j", 0, s.vectors, [&](const Affine& j) {
      ir::Mem further = s.weights(j);
      further.index.back() += s.fetch_bytes / ir::bytes(b.program().views[further.view].dtype);
      b.prefetch(std::move(further), ir::Hint::l1);
    });
  b.scope([&] {
    if (s.pixels == 1) {
      const Reg a = b.vec("a", {}, operand);
      b.mov(a(), ir::bcast(s.input(0)));
      b.unroll("j", 0, s.vectors,
               [&](const Affine& j) { multiply_add(s.acc(0, j), a(), ir::load(s.weights(j))); });
      return;
    }
    const Reg f = b.vec("f", {s.vectors}, operand);
    b.unroll("j", 0, s.vectors, [&](const Affine& j) { b.mov(f(j), ir::load(s.weights(j))); });
    b.unroll("i", 0, s.pixels, [&](const Affine& i) {
      // For values that are used more than once an embedded broadcast costs 5-15% (6x4 tile, filter
      // in L2, Emerald Rapids: 174 to 149 GFLOP/s).
      if (s.vectors == 1 && b.target().bcast_operand &&
          b.program().views[s.input(i).view].dtype == operand)
        return multiply_add(s.acc(i, 0), f(0), ir::bcast(s.input(i)));
      const Reg a = b.vec("a", {}, operand);
      b.mov(a(), ir::bcast(s.input(i)));
      b.unroll("j", 0, s.vectors, [&](const Affine& j) { multiply_add(s.acc(i, j), a(), f(j)); });
    });
  });
}

}  // namespace tconv::planner
