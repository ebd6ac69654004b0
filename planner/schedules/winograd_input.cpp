// The input's transforms: one axis after the other, from local buffer to local buffer.
#include "planner/schedules/linear_map.h"
#include "planner/schedules/winograd.h"

namespace tconv::planner {

using ir::Affine;
using ir::Reg;

void WinogradKernel::transform_inputs() {
  std::size_t stage = 0;
  for (std::size_t a = 0; a < rank(); ++a)
    if (axes_[a].transformed()) {
      transform_input(a, stages_[stage], stages_[stage + 1]);
      ++stage;
    }
}

// Axes before `axis` are transformed already where they will be at all.
void WinogradKernel::transform_input(std::size_t axis, ir::ViewId from, ir::ViewId to) {
  const std::int64_t n = axes_[axis].points(), m = axes_[axis].m();
  Position points, positions;
  const auto tile = [&](const Affine& channel) {
    b_.scope([&] {
      const Reg x = vectors("x", n), y = vectors("y", n);
      Position rest(rank() - points.size(), 0);
      for (std::int64_t i = 0; i < n; ++i) {
        Position source = positions;
        source[1 + axis] = positions[1 + axis] * m + i;
        b_.mov(x(i), ir::load({from, joined({points, rest, source, {channel}})}));
      }
      emit_linear(b_, axes_[axis].filter->B, all(x, n), all(y, n), problem_.sum_dtype());
      for (std::int64_t i = 0; i < n; ++i) {
        Position target = joined({points, rest, positions, {channel}});
        target[axis] = i;
        b_.store({to, target}, y(i));
      }
    });
  };
  const std::function<void(std::size_t)> walk_positions = [&](std::size_t a) {
    if (a == rank()) {
      const std::int64_t whole = (problem_.group_ic() + L_ - 1) / L_;
      b_.loop("c", 0, whole, [&](const Affine& c) { tile(c * L_); });
      return;
    }
    const bool done = a <= axis && axes_[a].transformed();
    std::vector<Affine> count = {done ? axes_[a].entries() : axes_[a].window()};
    if (a + 1 == rank() && done) count = width_count(axes_[a].entries(), 1, axes_[a].groups - 1);
    each("e", std::move(count), positions, [&] { walk_positions(a + 1); });
  };
  const std::function<void(std::size_t)> walk_points = [&](std::size_t a) {
    if (a == axis) return each("b", {plan_.images}, positions, [&] { walk_positions(0); });
    each("p", {axes_[a].points()}, points, [&] { walk_points(a + 1); });
  };
  walk_points(0);
}

}  // namespace tconv::planner
