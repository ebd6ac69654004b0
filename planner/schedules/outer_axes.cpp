#include "planner/schedules/outer_axes.h"

#include <algorithm>
#include <string>

namespace tconv::planner {

using ir::Affine;

OuterAxes::OuterAxes(ir::Builder& b, const Problem& problem, std::size_t count, int rows)
    : b_(b), rows_(rows) {
  for (std::size_t a = 0; a < count; ++a) axes_.push_back(phases(problem.axes[a]));
  spot_.resize(axes_.size());
}

void OuterAxes::add_grid(std::vector<ir::Builder::Axis>& grid) const {
  for (std::size_t a = 0; a < size(); ++a) {
    const std::int64_t step = last(a) ? rows_ : 1;
    grid.push_back({"q" + std::to_string(a), (axes_[a].blocks() + step - 1) / step});
  }
}

void OuterAxes::start(std::span<const Affine> point) {
  base_.clear();
  for (std::size_t a = 0; a < size(); ++a)
    base_.push_back(axes_[a].q_begin + point[a] * (last(a) ? rows_ : 1));
}

std::vector<std::int64_t> OuterAxes::strip_rows() const {
  std::vector<std::int64_t> n;
  for (std::size_t a = 0; a < size(); ++a)
    n.push_back(single(a) ? axes_[a].taps : rows_ + axes_[a].halo());
  return n;
}

void OuterAxes::each_strip_row(const std::function<void(const Rows&, const Rows&)>& inside) {
  strip_rows({}, {}, inside);
}

void OuterAxes::strip_rows(const Rows& strip, const Rows& image,
                           const std::function<void(const Rows&, const Rows&)>& inside) {
  const std::size_t axis = strip.size();
  if (axis == size()) return inside(strip, image);
  const AxisPhases& x = axes_[axis];
  b_.loop("r", 0, strip_rows()[axis], [&](const Affine& r) {
    const Affine i = base_[axis] - x.halo() + r * (single(axis) ? x.D : 1);
    b_.when({i, x.axis.i - 1 - i}, [&] {
      Rows s = strip, m = image;
      s.push_back(r);
      m.push_back(i);
      strip_rows(s, m, inside);
    });
  });
}

void OuterAxes::each_phase(const Inside& inside) { phases_of(0, inside); }

void OuterAxes::phases_of(std::size_t axis, const Inside& inside) {
  if (axis == size()) return inside();
  const AxisPhases& x = axes_[axis];
  b_.loop("t" + std::to_string(axis), 0, x.S, [&](const Affine& t0) {
    b_.loop("e" + std::to_string(axis), 0, x.g, [&](const Affine& eps) {
      spot_[axis] = {t0, eps, base_[axis], {}};
      phases_of(axis + 1, inside);
    });
  });
}

// One past the last block that any grid point visits: the last one's rows may reach past the end.
std::int64_t OuterAxes::blocks_end(std::size_t axis) const {
  const AxisPhases& x = axes_[axis];
  const std::int64_t step = last(axis) ? rows_ : 1;
  return x.q_begin + (x.blocks() + step - 1) / step * step;
}

Affine OuterAxes::position(std::size_t axis) const {
  const Axis& a = axes_[axis].axis;
  const Spot& s = spot_[axis];
  return s.q * a.s + s.t0 * a.d + s.eps - a.p;
}

// Conditions for the output position to exist, without those that always hold.
std::vector<Affine> OuterAxes::outside(std::size_t axis) const {
  const AxisPhases& x = axes_[axis];
  const Axis& a = x.axis;
  const Affine o = position(axis);
  std::vector<Affine> conditions;
  if (x.q_begin * a.s - a.p < 0) conditions.push_back(o);
  if ((blocks_end(axis) - 1) * a.s + a.d * (x.S - 1) + x.g - 1 - a.p >= a.o)
    conditions.push_back(a.o - 1 - o);
  return conditions;
}

void OuterAxes::each_row_of_phase(const Inside& inside) {
  if (size() == 0) return inside();
  std::vector<Affine> conditions;
  for (std::size_t a = 0; a + 1 < size(); ++a)
    for (const Affine& c : outside(a)) conditions.push_back(c);
  const std::size_t inner = size() - 1;
  b_.when(conditions, [&] {
    b_.loop("r", 0, rows_, [&](const Affine& r) {
      row_ = r;
      spot_[inner].q = base_[inner] + r;
      b_.when(outside(inner), inside);
    });
  });
}

void OuterAxes::each_tap(const Inside& inside) { taps_of(0, inside); }

void OuterAxes::taps_of(std::size_t axis, const Inside& inside) {
  if (axis == size()) return inside();
  const AxisPhases& x = axes_[axis];
  Spot& spot = spot_[axis];
  // By the loop's bounds, or by a guard where the step D would need a division.
  std::vector<Affine> lo = {0}, hi = {x.taps}, before;
  const bool low = x.q_begin - x.halo()<0, high = blocks_end(axis)> x.axis.i;
  if (x.D == 1) {
    if (high) lo.push_back(spot.q - (x.axis.i - 1));
    if (low) hi.push_back(spot.q + 1);
  }
  if (x.g > 1) before.push_back(spot.eps * -1);  // only eps = 0 has taps
  b_.when(before, [&] {
    b_.loop("j" + std::to_string(axis), lo, hi, [&](const Affine& j) {
      std::vector<Affine> guards;
      const Affine i = spot.q - j * x.D;
      if (x.D > 1 && low) guards.push_back(i);
      if (x.D > 1 && high) guards.push_back(x.axis.i - 1 - i);
      if (x.ragged_taps()) guards.push_back(x.axis.k - 1 - spot.t0 - j * x.S);
      b_.when(guards, [&] {
        spot.tap = j;
        taps_of(axis + 1, inside);
      });
    });
  });
}

OuterAxes::Rows OuterAxes::output() const {
  Rows o;
  for (std::size_t a = 0; a < size(); ++a) o.push_back(position(a));
  return o;
}

OuterAxes::Rows OuterAxes::strip_row() const {
  Rows r;
  for (std::size_t a = 0; a < size(); ++a) {
    const AxisPhases& x = axes_[a];
    r.push_back(single(a) ? x.taps - 1 - spot_[a].tap : row_ + x.halo() - spot_[a].tap * x.D);
  }
  return r;
}

OuterAxes::Rows OuterAxes::input() const {
  Rows i;
  for (std::size_t a = 0; a < size(); ++a) i.push_back(spot_[a].q - spot_[a].tap * axes_[a].D);
  return i;
}

OuterAxes::Rows OuterAxes::filter_tap() const {
  Rows t;
  for (std::size_t a = 0; a < size(); ++a) t.push_back(spot_[a].t0 + spot_[a].tap * axes_[a].S);
  return t;
}

std::vector<Ahead::Along> OuterAxes::along() const {
  std::vector<Ahead::Along> axes;
  for (std::size_t a = 0; a < size(); ++a) {
    const std::int64_t step = last(a) ? rows_ : 1;
    axes.push_back({base_[a], step, (axes_[a].blocks() + step - 1) / step});
  }
  return axes;
}

}  // namespace tconv::planner
