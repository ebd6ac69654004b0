#include "planner/schedules/tiled.h"

#include <fmt/format.h>

#include <algorithm>

#include "planner/integer.h"
#include "planner/schedules/cut_row.h"

namespace tconv::planner {

Tiled::Tiled(const Problem& problem, const Plan& plan, const ir::Target& target,
             std::int64_t channels, Tiled* with)
    : problem_(problem),
      plan_(plan),
      own_(target),
      b_(with != nullptr ? with->b_ : own_),
      L_(target.lanes(problem.sum_dtype())),
      channels_(channels),
      panels_{.channels = channels, .nr = plan.nr, .lanes = L_, .in_block = plan.panels},
      width_(phases(problem.axes.back())),
      outer_(b_, problem, problem.axes.size() - (plan.tile == TileAxis::w ? 1 : 0), plan.rows),
      epilogue_(problem_, tensors_),
      ahead_(b_, problem_, plan.prefetch) {
  if (along_width()) runs_ = plan.phases > 1 ? joint_runs(width_, plan.phases) : runs(width_);
}

Lowered Tiled::lower(Tiled* images) {
  const std::string label = fmt::format("{}_{}x{}", name(plan_.schedule), plan_.mr, plan_.nr);
  packed_ = packing();
  tensors_ = declare_tensors(b_, problem_, packed_, plan_.stream);
  images_ = along_width() ? tensors_.n : Affine(1);
  declare_views();
  ahead_.declare(tensors_);
  declare();
  if (images != nullptr) images->take_images(*this);
  b_.stage([&] {
    kernel(label);
    if (images != nullptr) images->kernel(label + "_images");
  });

  Lowered out;
  out.program = b_.take();
  out.filter = packed_;
  out.arguments = tensors_.arguments;
  const bool padded = plan_.strip || (images != nullptr && images->plan_.strip);
  out.needs_finite_filter = padded && width_.halo() > 0;
  return out;
}

void Tiled::kernel(const std::string& label) {
  std::vector<ir::Builder::Axis> grid;
  grid.push_back({"g", problem_.oc / channels_});
  grid.push_back({"ob", panels_.blocks()});
  grid.push_back({"n", images_});
  outer_.add_grid(grid);
  grid.push_back({"wb", grid_blocks_});
  b_.kernel(label, grid, [&](std::span<const Affine> point) { body(point); });
}

void Tiled::declare() {
  std::int64_t first = 0, spread = 0, most = 1;
  if (along_width() && !runs_.empty()) {
    std::int64_t last_begin = runs_[0].q_begin, last_end = runs_[0].q_end;
    first = first_block();
    for (const Run& r : runs_) {
      last_begin = std::max(last_begin, r.q_begin);
      last_end = std::max(last_end, r.q_end);
      most = std::max(most, ceil_div(r.q_end - r.q_begin, plan_.mr));
    }
    spread = last_begin - first;
    const std::int64_t tiles = plan_.cols > 0 ? plan_.cols / plan_.mr : most;
    blocks_w_ = ceil_div(most, tiles);
    block_pixels_ = tiles * plan_.mr;
    const bool several = blocks_w_ > 1 || problem_.i_min > 0;
    if (!several) block_pixels_ = last_end - first;
    // Without a padded strip the tiles of every block start a halo later.
    if (several && !plan_.strip)
      for (const Run& r : runs_)
        spread = std::max(spread, std::min((r.taps - 1) * width_.D, r.q_end) - first);
  }
  grid_blocks_ = blocks_w_;
  declare_open();
  if (local_input()) {
    const std::int64_t reach = width_.axis.i + width_.halo();
    std::int64_t columns = block_pixels_ + spread + width_.halo();
    if (blocks_w_ == 1 && problem_.i_min == 0) columns = std::min(columns, reach + width_.halo());
    strip_ = declare_strip(b_, problem_, outer_, std::max<std::int64_t>(columns, 1),
                           strip_channels(), strip_type());
  }
  if (!last()) {
    const std::int64_t columns =
        blocks_w_ == 1 ? ceil_div(problem_.axes.back().o, L_) * L_ : block_pixels_ * width_.axis.s;
    const std::vector<Affine> dims = {columns, plan_.nr * L_};
    row_buffer_ = b_.buffer("t", problem_.sum_dtype(), dims, ir::BufferKind::local);
    transposed_.emplace(b_, problem_.sum_dtype(), epilogue_.registers(b_.target()));
  } else {
    // Unrolled epilogues must fit into the registers and be short.
    constexpr int kMostInstructions = 400;
    const std::int64_t tile = std::int64_t{plan_.mr} * plan_.nr * plan_.phases;
    staged_ = tile + epilogue_.registers(b_.target()) > b_.target().registers ||
              tile * epilogue_.instructions() * most_parts(problem_) > kMostInstructions;
    if (staged_)
      stage_ = b_.buffer("e", problem_.sum_dtype(), {plan_.mr * plan_.phases, plan_.nr * L_},
                         ir::BufferKind::local);
  }
}

void Tiled::body(std::span<const Affine> point) {
  group_ = point[0];
  n_ = first_image_ + point[2];
  outer_.start(point.subspan(3, outer_.size()));
  wb_ = point.back();
  block_ = point[1];
  std::vector<Affine> inside;
  if (first_image_ != Affine(0)) inside.push_back(tensors_.n - 1 - n_);
  b_.when(inside, [&] {
    if (local_input()) {
      const StripSource source = strip_source();
      strip_column0_ = source.column0;
      fill_strip(source);
    }
    look_ahead();
    panels_.each(b_, point[1], [&](const Panel& at) {
      panel_ = at;
      panel();
    });
  });
}

std::int64_t Tiled::tiles_in_row() const {
  std::int64_t most = 1;
  for (const Run& r : runs_) most = std::max(most, (r.q_end - r.q_begin) / plan_.mr);
  return blocks_w_ == 1 && problem_.i_min == 0 ? most : block_pixels_ / plan_.mr;
}

void Tiled::look_ahead() {
  double steps = static_cast<double>(panels_.per_block() * tiles_in_row()) *
                 (outer_.size() > 0 ? plan_.rows : 1);
  for (const Axis& a : problem_.axes) steps *= static_cast<double>(a.k);
  std::vector<Ahead::Along> axes = outer_.along();
  axes.push_back({first_block() + wb_ * block_pixels_, block_pixels_,
                  problem_.i_min > 0 ? 2 : blocks_w_, wb_});
  ahead_.next(n_, 1, axes, steps);
}

void Tiled::prefetch(const Affine& channel) const {
  if (!tile_ || !ahead_.active()) return;
  Affine number = panel_.in_block;
  const std::vector<Affine> taps = filter_taps();
  for (std::size_t a = 0; a < taps.size(); ++a) number = number * problem_.axes[a].k + taps[a];
  if (outer_.size() > 0) number = number * plan_.rows + outer_.row();
  ahead_.step(number * tiles_in_row() + *tile_, channel);
}

StripSource Tiled::strip_source() const {
  const std::int64_t first = std::max<std::int64_t>(first_block(), 0) - width_.halo();
  StripSource source{.n = n_,
                     .channel = {},
                     .column0 = first + wb_ * block_pixels_,
                     .length = tensors_.i,
                     .read = {}};
  // A short input does not pay for a strip of the longest.
  if (problem_.i_min > 0) source.read = {tensors_.i + width_.halo() - source.column0};
  return source;
}

std::int64_t Tiled::first_block() const {
  std::int64_t first = runs_.empty() ? 0 : runs_[0].q_begin;
  for (const Run& r : runs_) first = std::min(first, r.q_begin);
  return first;
}

void Tiled::panel() {
  if (!along_width()) {
    outer_.each_row([&] { batch_tiles(); });
  } else if (last()) {
    outer_.each_phase([&] {
      for (const Run& r : runs_)
        width_run(r, [&](const std::function<void()>& tiles) { outer_.each_row_of_phase(tiles); });
    });
  } else {
    outer_.each_row([&] {
      for (const Run& r : runs_) width_run(r, [](const std::function<void()>& tiles) { tiles(); });
      store_row();
    });
  }
}

void Tiled::width_run(const Run& run,
                      const std::function<void(const std::function<void()>&)>& around) {
  const std::int64_t t_end = joint(run) ? run.t_begin + 1 : run.t_end;
  b_.loop("tw", run.t_begin, t_end, [&](const Affine& t0) {
    b_.loop("ew", run.e_begin, run.e_end, [&](const Affine& eps) {
      around([&] {
        spot_ = {t0, eps, {}, {}};
        width_tiles(run);
      });
    });
  });
}

void Tiled::width_tiles(const Run& run) {
  if (problem_.i_min > 0) return open_width_tiles(run);
  const AxisPhases& w = width_;
  const std::int64_t last = blocks_w_ - 1, halo = (run.taps - 1) * w.D;
  if (run.taps == 0) return pixels(run, run.q_begin, run.q_end, last, Border::none);
  const std::int64_t begin = std::clamp<std::int64_t>(0, run.q_begin, run.q_end);
  const std::int64_t end = std::clamp(w.axis.i + halo, begin, run.q_end);
  Run none = run;
  none.taps = 0;
  pixels(none, run.q_begin, begin, 0, Border::none);
  if (plan_.strip) {
    tiled(run, begin, end, Border::padded);
  } else {
    const std::int64_t inner = std::clamp(halo, begin, end);
    const std::int64_t inner_end = std::clamp(w.axis.i, inner, end);
    pixels(run, begin, inner, 0, Border::skipped);
    tiled(run, inner, inner_end, Border::padded);
    // The far border may begin in an earlier block than the last: each strip holds its own pixels.
    const std::int64_t origin = std::max<std::int64_t>(first_block(), 0);
    const std::int64_t from =
        std::clamp<std::int64_t>((inner_end - origin) / block_pixels_, 0, last);
    for (std::int64_t block = from; block <= last; ++block) {
      const std::int64_t lo = block == from ? inner_end : origin + block * block_pixels_;
      const std::int64_t hi = block == last ? end : origin + (block + 1) * block_pixels_;
      pixels(run, lo, std::min(hi, end), block, Border::skipped);
    }
  }
  pixels(none, end, run.q_end, last, Border::none);
}

// Pixels one by one, in one block of the grid.
void Tiled::pixels(const Run& run, std::int64_t begin, std::int64_t end, std::int64_t block,
                   Border border) {
  b_.when({wb_ - block, block - wb_}, [&] {
    b_.loop("v", 0, end - begin, [&](const Affine& v) {
      tile(run, begin - block * block_pixels_ + wb_ * block_pixels_ + v, 1, border);
    });
  });
}

void Tiled::tiled(const Run& run, std::int64_t begin, std::int64_t end, Border border) {
  const std::int64_t mr = plan_.mr, whole = (end - begin) / mr, rest = (end - begin) % mr;
  const std::int64_t per_block =
      blocks_w_ == 1 ? std::max<std::int64_t>(whole, 1) : block_pixels_ / mr;
  const Affine base = begin + wb_ * block_pixels_;
  b_.loop("m", {0}, {per_block, whole - wb_ * per_block}, [&](const Affine& m) {
    tile_ = m;
    tile(run, base + m * mr, plan_.mr, border);
    tile_.reset();
  });
  if (rest == 0) return;
  const std::int64_t at = blocks_w_ == 1 ? 0 : whole / per_block;
  b_.when({wb_ - at, at - wb_},
          [&] { tile(run, base + (whole - at * per_block) * mr, static_cast<int>(rest), border); });
}

void Tiled::batch_tiles() {
  if (problem_.n_min > 0) return open_batch_tiles();
  const std::int64_t whole = problem_.n / plan_.mr, rest = problem_.n % plan_.mr;
  const Run all{.t_begin = 0, .t_end = 1, .taps = 1};
  b_.loop("m", 0, whole, [&](const Affine& m) {
    n_ = m * plan_.mr;
    tile(all, 0, plan_.mr, Border::padded);
  });
  if (rest == 0) return;
  n_ = whole * plan_.mr;
  tile(all, 0, static_cast<int>(rest), Border::padded);
}

}  // namespace tconv::planner
