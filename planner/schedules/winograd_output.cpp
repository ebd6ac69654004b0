// From products to outputs: all transformed axes but the outermost in place, that one in registers,
// then bias, post-ops and stores.
#include "planner/schedules/cut_row.h"
#include "planner/schedules/linear_map.h"
#include "planner/schedules/winograd.h"

namespace tconv::planner {

using ir::Affine;
using ir::Lanes;
using ir::Reg;

void WinogradKernel::outputs() {
  result_.clear();
  column_.assign(rank(), 0);
  each("b", {plan_.images}, result_, [&] { walk(0); });
}

void WinogradKernel::walk(std::size_t axis) {
  if (axis == rank()) return finish_tile();
  if (axes_[axis].transformed()) return walk_tiles(axis);
  std::vector<Affine> count = {axes_[axis].results()};
  if (axis + 1 == rank()) count = width_count(axes_[axis].results(), plan_.m.back(), 0);
  each("e", std::move(count), result_, [&] { b_.when(exists(axis, 0), [&] { walk(axis + 1); }); });
}

void WinogradKernel::walk_tiles(std::size_t axis) {
  std::vector<Affine> count = {axes_[axis].results()};
  if (axis + 1 == rank()) count = width_count(axes_[axis].results(), 1, 0);
  each("e", std::move(count), result_, [&] {
    if (axis != final_) return walk(axis + 1);
    // Tiles whose outputs all exist, as a whole, need no guards.
    const RowCuts cuts = axis + 1 == rank() ? row_cuts(problem_) : RowCuts{};
    const Affine first = output_position(axis, 0) - (cuts.first ? 1 : 0);
    const Affine past =
        output_position(axis, axes_[axis].m() - 1) - length(axis) + (cuts.last ? 1 : 0);
    inside_ = true;
    b_.when({first, -1 - past}, [&] { walk(axis + 1); });
    inside_ = false;
    b_.when({-1 - first}, [&] { walk(axis + 1); });
    b_.when({first, past}, [&] { walk(axis + 1); });
  });
}

void WinogradKernel::finish_tile() {
  for (std::size_t a = rank(); a-- > 0;)
    if (axes_[a].transformed() && a != final_) output_pass(a);
  output_columns(0);
}

// M <- A M along one axis, in place. Inner axes hold outputs already, outer ones still points.
void WinogradKernel::output_pass(std::size_t axis) {
  const std::int64_t n = axes_[axis].points(), m = axes_[axis].m();
  Position points;
  const std::function<void()> walk_points = [&] {
    const std::size_t a = points.size();
    if (a < rank()) {
      const std::int64_t count = a == axis ? 1 : a < axis ? axes_[a].points() : axes_[a].m();
      return each("p", {count}, points, walk_points);
    }
    b_.loop("j", 0, panel_.vectors, [&](const Affine& j) {
      const auto at = [&](std::int64_t p) {
        Position index = joined({points, result_, {j * L_}});
        index[axis] = p;
        return ir::Mem{products_in_, index};
      };
      const Reg x = vectors("x", n), y = vectors("y", m);
      for (std::int64_t i = 0; i < n; ++i) b_.mov(x(i), ir::load(at(i)));
      emit_linear(b_, axes_[axis].filter->A, all(x, n), all(y, m), problem_.sum_dtype());
      for (std::int64_t i = 0; i < m; ++i) b_.store(at(i), y(i));
    });
  };
  walk_points();
}

// The outputs inside a tile, along all transformed axes but the final one.
void WinogradKernel::output_columns(std::size_t axis) {
  if (axis == rank())
    return panels_.each_vector(
        b_, panel_, has_parts(problem_) ? Panels::Vectors::written : Panels::Vectors::looped,
        [&](const Affine& j, Lanes lanes) { b_.scope([&] { output_vector(j, lanes); }); });
  if (!axes_[axis].transformed() || axis == final_) return output_columns(axis + 1);
  b_.loop("c", 0, axes_[axis].m(), [&](const Affine& c) {
    column_[axis] = c;
    b_.when(exists(axis, c), [&] { output_columns(axis + 1); });
  });
}

void WinogradKernel::output_vector(const Affine& j, Lanes lanes) {
  const auto at = [&](const Affine& p) {
    Position index = joined({column_, result_, {j * L_}});
    if (final_) index[*final_] = p;
    return ir::Mem{products_in_, index};
  };
  if (!final_) {
    const Reg v = b_.vec("v", {}, problem_.sum_dtype());
    b_.mov(v(), ir::load(at(0)));
    return put(v(), j, 0, lanes);
  }
  const std::size_t axis = *final_;
  const std::int64_t n = axes_[axis].points(), m = axes_[axis].m();
  const auto guarded = [&](const Affine& c, const std::function<void()>& store) {
    if (inside_) return store();
    b_.when(exists(axis, c), store);
  };
  b_.scope([&] {
    const Reg y = vectors("y", m);
    b_.scope([&] {
      const Reg x = vectors("x", n);
      for (std::int64_t i = 0; i < n; ++i) b_.mov(x(i), ir::load(at(i)));
      emit_linear(b_, axes_[axis].filter->A, all(x, n), all(y, m), problem_.sum_dtype());
    });
    for (std::int64_t c = 0; c < m; ++c) {
      if (staged_)
        b_.store(at(c), y(c));
      else
        guarded(c, [&] { put(y(c), j, c, lanes); });
    }
  });
  if (!staged_) return;
  b_.loop("v", 0, m, [&](const Affine& c) {
    guarded(c, [&] {
      b_.scope([&] {
        const Reg v = b_.vec("v", {}, problem_.sum_dtype());
        b_.mov(v(), ir::load(at(c)));
        put(v(), j, c, lanes);
      });
    });
  });
}

// Bias, post-ops and store of one vector of outputs; c: along the final axis.
void WinogradKernel::put(const ir::RegRef& v, const Affine& j, const Affine& c, Lanes lanes) {
  const Affine channel =
      has_parts(problem_) ? j * L_  // one group, one panel
                          : group_ * problem_.group_oc() + panel_.index * panels_.width() + j * L_;
  Position o;
  for (std::size_t a = 0; a < rank(); ++a)
    o.push_back(output_position(a, a == final_ ? c : column_[a]));
  if (problem_.bias) b_.op(ir::Op::add, v, v, ir::load({tensors_.bias, {channel}}, lanes));
  epilogue_.store_channels(b_, v, image_ + result_[0], o, channel, lanes, plan_.stream);
}

}  // namespace tconv::planner
