#include "planner/schedules/winograd.h"

#include <fmt/format.h>

#include <algorithm>

#include "planner/integer.h"
#include "planner/schedules/schedule.h"

namespace tconv::planner {

using ir::Affine;

WinogradKernel::WinogradKernel(ir::Builder& b, const Problem& problem, const Plan& plan,
                               const Tensors& tensors, const Epilogue& epilogue, ir::ViewId weights,
                               Ahead& ahead, std::vector<WinogradAxis> axes, const Panels& panels,
                               const Open& open, int number)
    : b_(b),
      problem_(problem),
      plan_(plan),
      tensors_(tensors),
      epilogue_(epilogue),
      weights_(weights),
      ahead_(ahead),
      axes_(std::move(axes)),
      panels_(panels),
      open_(open),
      number_(number),
      L_(b.lanes(problem.sum_dtype())) {
  for (std::size_t a = rank(); a-- > 0;)
    if (axes_[a].transformed()) final_ = a;
  entries_ = results_ = {plan.images};
  for (const WinogradAxis& a : axes_) {
    entries_.push_back(a.entries());
    results_.push_back(a.results());
  }
  flat_from_ = rank();
  while (flat_from_ > 0 && entries_[flat_from_] == results_[flat_from_]) --flat_from_;
  // Unrolled post-ops must fit into the registers and be short.
  constexpr std::int64_t kMostInstructions = 100;
  if (final_) {
    const std::int64_t m = axes_[*final_].m();
    staged_ = m + epilogue_.registers(b.target()) > b.target().registers ||
              m * epilogue_.instructions() > kMostInstructions;
  }
}

void WinogradKernel::emit() {
  declare();
  std::vector<ir::Builder::Axis> grid = {
      {"g", problem_.g},
      {"ob", panels_.blocks()},
      {"n", plan_.images == 1 ? tensors_.n : problem_.n / plan_.images}};
  for (std::size_t a = 0; a < rank(); ++a) grid.push_back({fmt::format("q{}", a), axes_[a].grid()});
  if (problem_.i_min > 0) grid.back().extent = open_.blocks;
  b_.kernel(fmt::format("winograd{}_{}x{}", number_, plan_.mr, plan_.nr), grid,
            [&](std::span<const Affine> point) { body(point); });
}

void WinogradKernel::declare() {
  const auto local = [&](const char* name, std::vector<Affine> dims) {
    return b_.buffer(fmt::format("{}{}", name, number_), problem_.sum_dtype(), std::move(dims),
                     ir::BufferKind::local);
  };
  const std::int64_t all = strip_channels(problem_.group_ic(), problem_.sum_dtype(), L_);
  slab_vectors_ = slab_vectors(axes_, problem_.group_ic(), L_, b_.target().vector_bytes);
  strip_ = {.width = axes_.back().window(),
            .channels = strip_channels(slab_vectors_ * L_, problem_.sum_dtype(), L_)};
  std::vector<Affine> rows, points, positions = {plan_.images};
  for (const WinogradAxis& a : axes_) {
    rows.emplace_back(a.points());
    points.emplace_back(a.points());
    positions.emplace_back(a.entries());
  }
  rows.back() = strip_.width;
  rows.emplace_back(strip_.channels);
  inputs_ = local("u", joined({points, positions, {all}}));
  if (final_) {
    strip_.view = local("s", rows);
  } else {
    strip_.view = inputs_;
    strip_.channels = all;
  }

  const auto flat = [&](const std::vector<std::int64_t>& counts, std::int64_t last) {
    std::vector<Affine> d = points;
    std::int64_t inner = 1;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (i < flat_from_)
        d.emplace_back(counts[i]);
      else
        inner *= counts[i];
    }
    d.emplace_back(inner);
    d.emplace_back(last);
    return d;
  };
  flat_input_ = inputs_;
  products_out_ = local("m", flat(results_, panels_.width()));
  products_in_ = products_out_;
  if (flat_from_ == rank()) return;
  flat_input_ =
      b_.view(fmt::format("uf{}", number_), inputs_, 0, problem_.sum_dtype(), flat(entries_, all));
  std::vector<Affine> d = points;
  for (std::int64_t n : results_) d.emplace_back(n);
  d.emplace_back(panels_.width());
  products_in_ = b_.view(fmt::format("mt{}", number_), products_out_, 0, problem_.sum_dtype(), d);
}

void WinogradKernel::body(std::span<const Affine> point) {
  group_ = point[0];
  image_ = point[2] * plan_.images;
  base_.clear();
  for (std::size_t a = 0; a < rank(); ++a)
    base_.push_back(axes_[a].x.q_begin + point[3 + a] * axes_[a].block);
  width_block_ = point.back();
  transform_inputs();
  look_ahead();

  phase_.assign(rank(), 0);
  const std::function<void(std::size_t)> phases = [&](std::size_t a) {
    if (a < rank()) {
      b_.loop(fmt::format("t{}", a), 0, axes_[a].t_end - axes_[a].t_begin, [&](const Affine& t) {
        phase_[a] = t;
        phases(a + 1);
      });
      return;
    }
    panels_.each(b_, point[1], [&](const Panel& panel) {
      panel_ = panel;
      products();
      outputs();
    });
  };
  phases(0);
}

WinogradKernel::Position WinogradKernel::joined(std::initializer_list<Position> parts) {
  Position all;
  for (const Position& p : parts) all.insert(all.end(), p.begin(), p.end());
  return all;
}

Affine WinogradKernel::output_position(std::size_t axis, const Affine& c) const {
  const WinogradAxis& a = axes_[axis];
  const Affine q = base_[axis] + result_[1 + axis] * a.m() + c;
  return q * a.x.axis.s + (phase_[axis] + a.t_begin) * a.x.axis.d - a.x.axis.p;
}

ir::Reg WinogradKernel::vectors(const char* name, std::int64_t count) {
  return b_.vec(name, {static_cast<int>(count)}, problem_.sum_dtype());
}
std::vector<ir::RegRef> WinogradKernel::all(const ir::Reg& reg, std::int64_t count) const {
  std::vector<ir::RegRef> refs;
  for (std::int64_t i = 0; i < count; ++i) refs.push_back(reg(i));
  return refs;
}
void WinogradKernel::each(const char* name, std::vector<Affine> count, Position& at,
                          const std::function<void()>& inside) {
  b_.loop(name, {0}, std::move(count), [&](const Affine& i) {
    at.push_back(i);
    inside();
    at.pop_back();
  });
}

std::vector<Affine> WinogradKernel::width_count(std::int64_t count, std::int64_t per_tile,
                                                std::int64_t more) const {
  if (problem_.i_min == 0) return {count};
  const Affine tiles = open_.tiles - width_block_ * (axes_.back().block / plan_.m.back());
  return {count, tiles * per_tile + more};
}

Affine WinogradKernel::length(std::size_t axis) const {
  return axis + 1 == rank() ? tensors_.o : Affine(axes_[axis].x.axis.o);
}
std::vector<Affine> WinogradKernel::exists(std::size_t axis, const Affine& c) const {
  const Affine o = output_position(axis, c);
  return {o, length(axis) - 1 - o};
}

Lowered lower_winograd(const Problem& problem, const Plan& plan, const ir::Target& target) {
  const std::string reason = why_not_winograd(problem, plan, target);
  require(reason.empty(), reason);
  ir::Builder b(target);
  const Panels panels{.channels = problem.group_oc(),
                      .nr = plan.nr,
                      .lanes = target.lanes(problem.sum_dtype()),
                      .in_block = plan.panels};
  const auto kernels = winograd_kernels(problem, plan);
  Lowered out;
  std::vector<PackedFilter> arrays;
  for (const auto& axes : kernels) arrays.push_back(winograd_packing(problem, axes, panels));
  out.filter = arrays[0];
  out.filter.more.assign(arrays.begin() + 1, arrays.end());
  const std::int64_t element = ir::bytes(problem.sum_dtype());
  const PackedFilter whole{.dtype = problem.sum_dtype(),
                           .dims = {packed_bytes(out.filter) / element}};
  const Tensors tensors = declare_tensors(b, problem, whole, plan.stream);
  const Epilogue epilogue(problem, tensors);
  Ahead ahead(b, problem, plan.prefetch);
  ahead.declare(tensors);
  WinogradKernel::Open open;
  if (problem.i_min > 0) {
    const WinogradAxis& width = kernels[0].back();
    const Affine blocks = tensors.i + (width.x.blocks() - width.x.axis.i);
    open.blocks = b.param_ceil("blocks", blocks, width.block);
    open.tiles = b.param_ceil("tiles", blocks, plan.m.back());
    open.whole = b.param_ceil("whole", open.tiles - (plan.mr - 1), plan.mr);
    open.rest = b.param_ceil("rest", open.tiles - open.whole * plan.mr, 1);
  }
  b.stage([&] {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < kernels.size(); ++i) {
      const std::vector<Affine> dims(arrays[i].dims.begin(), arrays[i].dims.end());
      const int number = static_cast<int>(i);
      const ir::ViewId weights =
          b.view(fmt::format("w{}", i), tensors.filter, offset, problem.sum_dtype(), dims);
      WinogradKernel(b, problem, plan, tensors, epilogue, weights, ahead, kernels[i], panels, open,
                     number)
          .emit();
      offset += packed_bytes(arrays[i]);
    }
  });
  out.program = b.take();
  out.arguments = tensors.arguments;
  out.needs_finite_filter = true;
  return out;
}

}  // namespace tconv::planner
