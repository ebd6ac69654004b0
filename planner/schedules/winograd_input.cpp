// The input's transforms. They run slab by slab, so that what lies between the tensor and the
// transformed input stays in L1: one tile along every axis but the width, all of the width, and a
// few vectors of channels. (128 -> 3, 128x128, k4 s2: whole windows of 0.6 MB went through L2 in
// every pass and took more time than the products.) Tiles overlap, so rows are copied points / m
// times.
#include <algorithm>

#include "planner/integer.h"
#include "planner/schedules/linear_map.h"
#include "planner/schedules/winograd.h"

namespace tconv::planner {

using ir::Affine;
using ir::Reg;

namespace {

constexpr std::int64_t kSlabBytes = 24 << 10;

}  // namespace

// Vectors of channels of one slab: they divide all whole ones, so that only a rest of less than a
// vector needs code of its own.
std::int64_t slab_vectors(const std::vector<WinogradAxis>& axes, std::int64_t channels, int lanes,
                          std::int64_t vector_bytes) {
  std::int64_t bytes = axes.back().window() * vector_bytes;
  for (std::size_t a = 0; a + 1 < axes.size(); ++a) bytes *= axes[a].points();
  const std::int64_t whole = std::max<std::int64_t>(channels / lanes, 1);
  std::int64_t vectors = std::clamp<std::int64_t>(kSlabBytes / bytes, 1, whole);
  while (whole % vectors != 0) --vectors;
  return vectors;
}

void WinogradKernel::transform_inputs() {
  entry_.clear();
  each("b", {plan_.images}, entry_, [&] { walk_slabs(); });
}

void WinogradKernel::walk_slabs() {
  const std::size_t a = entry_.size() - 1;
  if (a + 1 < rank()) return each("e", {axes_[a].entries()}, entry_, [&] { walk_slabs(); });
  const std::int64_t all = problem_.group_ic(), some = slab_vectors_ * L_;
  // Nothing is transformed: the slab is part of what the products read.
  if (!final_) return fill_rows(joined({Position(rank(), 0), entry_}), 0, {}, 0, all);
  b_.loop("c", 0, all / some, [&](const Affine& c) { slab(c * some, some); });
  if (all % some != 0) slab(all - all % some, all % some);
}

void WinogradKernel::slab(const Affine& channel, std::int64_t channels) {
  fill_rows({}, 0, {}, channel, channels);
  for (std::size_t a = 0; a < rank(); ++a)
    if (axes_[a].transformed()) transform_input(a, channel, channels);
}

// Rows of the slab that start with `row`, from axis `a` on; `image` is where they come from.
void WinogradKernel::fill_rows(const Position& row, std::size_t a, const Position& image,
                               const Affine& channel, std::int64_t channels) {
  const auto with = [](Position at, const Affine& next) {
    at.push_back(next);
    return at;
  };
  if (a + 1 == rank()) {
    const WinogradAxis& width = axes_.back();
    StripSource source{.n = image_ + entry_[0],
                       .channel = group_ * problem_.group_ic() + channel,
                       .channels = channels,
                       .ahead = channels < problem_.group_ic(),
                       .column0 = base_.back() - width.halo(),
                       .length = tensors_.i,
                       .read = {}};
    if (problem_.i_min > 0) source.read = {width_count(0, plan_.m.back(), width.halo()).back()};
    emit_strip_row(b_, problem_, tensors_, strip_, source, row, image);
    return;
  }
  const WinogradAxis& axis = axes_[a];
  b_.loop("r", 0, axis.points(), [&](const Affine& r) {
    const Affine i = base_[a] - axis.halo() + entry_[1 + a] * axis.m() + r;
    const Affine past = i - axis.x.axis.i;
    const Position next = final_ ? with(row, r) : row;
    b_.when({i, -1 - past}, [&] { fill_rows(next, a + 1, with(image, i), channel, channels); });
    b_.when({-1 - i}, [&] { zero_rows(next, a + 1); });
    b_.when({past}, [&] { zero_rows(next, a + 1); });
  });
}

void WinogradKernel::zero_rows(const Position& row, std::size_t a) {
  if (a + 1 == rank()) return emit_zero_row(b_, problem_, strip_, row);
  b_.loop("r", 0, axes_[a].points(), [&](const Affine& r) {
    Position next = row;
    if (final_) next.push_back(r);
    zero_rows(next, a + 1);
  });
}

// X <- B X along one axis, in place; the last one goes to the transformed input. Rows of axes
// before `axis` are points already, and there are as many.
void WinogradKernel::transform_input(std::size_t axis, const Affine& channel,
                                     std::int64_t channels) {
  const std::int64_t n = axes_[axis].points();
  bool last = true;
  for (std::size_t a = axis + 1; a < rank(); ++a) last = last && !axes_[a].transformed();
  Position at;  // in the slab: rows, then a position (or tile) of the width
  const auto tile = [&](const Affine& vector) {
    b_.scope([&] {
      const Reg x = vectors("x", n), y = vectors("y", n);
      const auto in_slab = [&](std::int64_t i) {
        Position p = at;
        p[axis] = axis + 1 == rank() ? at[axis] * axes_[axis].m() + i : Affine(i);
        return ir::Mem{strip_.view, joined({p, {vector}})};
      };
      const auto transformed = [&](std::int64_t i) {
        Position point = at;
        point.back() = 0;
        point[axis] = i;
        return ir::Mem{inputs_, joined({point, entry_, {at.back(), channel + vector}})};
      };
      for (std::int64_t i = 0; i < n; ++i) b_.mov(x(i), ir::load(in_slab(i)));
      emit_linear(b_, axes_[axis].filter->B, all(x, n), all(y, n), problem_.sum_dtype());
      for (std::int64_t i = 0; i < n; ++i) b_.store(last ? transformed(i) : in_slab(i), y(i));
    });
  };
  const std::function<void()> walk = [&] {
    const std::size_t a = at.size();
    if (a == rank())
      return b_.loop("c", 0, ceil_div(channels, std::int64_t{L_}),
                     [&](const Affine& c) { tile(c * L_); });
    if (a + 1 < rank()) return each("p", {a == axis ? 1 : axes_[a].points()}, at, walk);
    if (a != axis) return each("e", {axes_[a].window()}, at, walk);
    each("e", width_count(axes_[a].entries(), 1, axes_[a].groups - 1), at, walk);
  };
  walk();
}

}  // namespace tconv::planner
