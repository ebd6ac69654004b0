// How a plan cuts the axes: kernels, blocks, packing.
#include <algorithm>

#include "planner/integer.h"
#include "planner/schedules/winograd_axes.h"

namespace tconv::planner {
namespace {

// Blocks per grid point of an axis, counted from the width.
std::int64_t block_size(const AxisPhases& x, const Plan& plan, std::size_t from_width,
                        std::int64_t m) {
  const std::int64_t all = ceil_div(x.blocks(), m) * m;
  const std::int64_t wanted = from_width == 0   ? (plan.cols == 0 ? all : plan.cols)
                              : from_width == 1 ? plan.rows
                                                : m;
  return std::min(wanted, all);
}

// The axis once per class of phases that is treated alike.
std::vector<WinogradAxis> classes(const Problem& p, const Plan& plan, std::size_t axis) {
  const AxisPhases x = phases(p.axes[axis]);
  const std::int64_t m = axis < plan.m.size() ? plan.m[axis] : 1;
  const std::int64_t r = plan.r > 0 ? std::min<std::int64_t>(plan.r, x.taps) : x.taps;
  const std::int64_t cut = x.axis.k < x.S ? x.axis.k : x.axis.k % x.S;
  std::vector<WinogradAxis> found;
  const auto add = [&](std::int64_t begin, std::int64_t end, std::int64_t taps) {
    if (begin == end) return;
    WinogradAxis a{.x = x, .t_begin = begin, .t_end = end, .taps = taps};
    a.block = block_size(x, plan, p.axes.size() - 1 - axis, m);
    if (m > 1 && taps > 1) {
      a.filter = minimal_filter(static_cast<int>(m), static_cast<int>(r));
      a.groups = ceil_div(taps, r);
    }
    // Phases with a tap less share the transform: their last tap is 0.
    if (!found.empty() && found.back().transformed() && a.transformed() &&
        found.back().groups == a.groups) {
      found.back().t_end = end;
      return;
    }
    found.push_back(a);
  };
  add(0, cut, x.taps);
  add(cut, x.S, x.axis.k < x.S ? 0 : x.axis.k / x.S);
  return found;
}

}  // namespace

std::int64_t WinogradAxis::halo() const {
  if (filter) return (groups - 1) * filter->m + filter->r - 1;
  return std::max<std::int64_t>(taps - 1, 0) * x.D;
}

std::vector<std::vector<WinogradAxis>> winograd_kernels(const Problem& problem, const Plan& plan) {
  std::vector<std::vector<WinogradAxis>> kernels = {{}};
  for (std::size_t a = 0; a < problem.axes.size(); ++a) {
    std::vector<std::vector<WinogradAxis>> longer;
    for (const auto& kernel : kernels)
      for (const WinogradAxis& c : classes(problem, plan, a)) {
        longer.push_back(kernel);
        longer.back().push_back(c);
      }
    kernels = std::move(longer);
  }
  return kernels;
}

PackedFilter winograd_packing(const Problem& problem, const std::vector<WinogradAxis>& axes,
                              const Panels& panels) {
  const std::size_t rank = axes.size();
  PackedFilter f{.dtype = problem.sum_dtype(), .dims = {problem.g}};
  for (const WinogradAxis& a : axes) f.dims.push_back(a.t_end - a.t_begin);
  f.dims.push_back(panels.count());
  for (const WinogradAxis& a : axes) f.dims.push_back(a.points());
  for (const WinogradAxis& a : axes) f.dims.push_back(a.steps());
  f.dims.push_back(problem.group_ic());
  f.dims.push_back(panels.width());
  const std::size_t n = f.dims.size(), points = rank + 2, steps = points + rank;
  f.group = PackedFilter::Form::index(n, 0);
  f.oc = PackedFilter::Form::index(n, n - 1);
  f.oc.coeffs[rank + 1] = panels.width();
  f.ic = PackedFilter::Form::index(n, n - 2);
  for (std::size_t a = 0; a < rank; ++a) {
    const WinogradAxis& axis = axes[a];
    PackedFilter::Form tap = PackedFilter::Form::index(n, 1 + a);
    tap.constant = axis.t_begin;
    if (axis.transformed()) {
      // Tap i of F(m, r), a correlation, is tap r-1-i of the group.
      const std::int64_t r = axis.filter->r;
      tap.constant += axis.x.S * (r - 1);
      tap.coeffs[points + a] = -axis.x.S;
      tap.coeffs[steps + a] = axis.x.S * r;
      f.transforms.push_back({points + a, axis.filter->G});
    } else {
      tap.coeffs[steps + a] = axis.x.S;
    }
    f.taps.push_back(std::move(tap));
  }
  return f;
}

}  // namespace tconv::planner
