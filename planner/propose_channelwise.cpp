// Plans of the channel-wise schedule.
#include <algorithm>
#include <cmath>

#include "planner/candidates.h"
#include "planner/integer.h"
#include "planner/schedules/schedule.h"

namespace tconv::planner {

double channelwise_us(const CostModel& model, const Plan& plan, int lanes) {
  const Problem& p = model.problem();
  const double element = ir::bytes(p.sum_dtype());
  const bool last = p.layout == Layout::channels_last;
  const double vectors = std::ceil(static_cast<double>(p.oc) / lanes);
  double outputs = static_cast<double>(p.n), outer_taps = 1;
  GridSize grid;
  grid.repeat(static_cast<double>(p.n));
  double strip = static_cast<double>(p.group_ic()) * vectors;  // vectors per grid point
  for (std::size_t a = 0; a + 1 < p.axes.size(); ++a) {
    const bool rows = a + 2 == p.axes.size();
    const AxisPhases& x = model.axes()[a];
    outputs *= static_cast<double>(x.axis.o);
    outer_taps *= model.taps(a);
    grid.split(static_cast<double>(x.blocks()), rows ? plan.rows : 1);
    strip *= static_cast<double>(rows && plan.rows > 1 ? plan.rows + x.halo() : x.taps);
  }
  const AxisPhases& w = model.axes().back();
  const double columns = CostModel::strip_columns(plan, w);
  const double strip_blocks = plan.panels > 0 ? std::ceil(vectors / plan.nr / plan.panels) : 1;
  const double strip_bandwidth = model.bandwidth(strip * columns * lanes * element / strip_blocks);
  double cycles = 0;
  const std::vector<Run> runs = plan.phases > 1 ? joint_runs(w, plan.phases) : model.width_runs();
  for (const Run& r : runs) {
    const double pixels = static_cast<double>(r.q_end - r.q_begin);
    const double tiles = std::ceil(pixels / plan.mr), used = pixels / tiles;
    const bool joint = plan.phases > 1 && r.phases() == plan.phases;
    const double phases = joint ? plan.phases : 1;
    // All taps along the width of one input channel and row: neighbours read the same pixels.
    const double taps = static_cast<double>(r.taps), fmas = phases * used * taps * plan.nr;
    const double pixel_vectors = taps > 0 ? (used + taps - 1) * plan.nr : 0;
    const double loads =
        joint ? pixel_vectors + phases * taps * plan.nr : (used + 1) * taps * plan.nr;
    const double step = std::max(
        model.step_cycles(fmas, loads, pixel_vectors * lanes * element, strip_bandwidth), taps);
    const double steps = taps > 0 ? outer_taps * static_cast<double>(p.group_ic()) : 0;
    cycles += static_cast<double>(r.phases()) / phases * tiles * std::ceil(vectors / plan.nr) *
              (steps * step + 25 + phases * used * plan.nr * 2.5);
  }
  cycles *= outputs;
  if (plan.cols > 0) grid.split(static_cast<double>(w.blocks()), static_cast<double>(plan.cols));
  if (plan.panels > 0) {
    const double blocks = std::ceil(vectors / plan.nr / plan.panels);
    grid.split(vectors / plan.nr, plan.panels);
    strip /= blocks;
  }
  const bool plain = p.group_ic() == 1 && p.group_oc() == 1;
  // A vector through a transpose: measured on Zen 5, depthwise k2 s2 in 3-D, 10 to 14 cycles.
  constexpr double kTransposed = 11;
  // Parts of pixels are slower to read than rows of them (8 images of 28x28, 256 groups: 1.55 ms in
  // blocks of 64 channels, 1.22 ms with all; Zen 4).
  const double parts = strip_blocks > 1 ? 1.5 : 1;
  const double per_vector = parts * (!last ? kTransposed : plain ? 1.5 : 4);
  cycles += grid.points * strip * columns *
            (per_vector + lanes * element / model.bandwidth(strip * columns * lanes * element));
  if (!last) cycles += outputs * static_cast<double>(w.axis.o) * vectors * kTransposed;
  const bool passes = vectors > plan.nr;
  const double chunk = last && passes ? plan.nr * lanes * ir::bytes(p.output_dtype()) : 0;
  return model.finish(CostModel::overlap(cycles, model.memory_cycles(plan.stream, chunk)), grid);
}

namespace {

// Phases along the width that one register tile computes together, of as many taps each; 1: none.
int phases_together(const AxisPhases& width) {
  constexpr std::int64_t kMost = 4;  // each has registers for its sums and weights
  const std::int64_t phases = width.axis.s;
  if (width.axis.d != 1 || phases == 1 || phases > kMost) return 1;
  for (const Run& r : joint_runs(width, static_cast<int>(phases)))
    if (r.phases() == phases) return static_cast<int>(phases);
  return 1;
}

}  // namespace

void propose_channelwise(const CostModel& model, const ir::Target& target, Proposals& out) {
  const Problem& p = model.problem();
  if (p.g == 1) return;
  const int lanes = target.lanes(p.sum_dtype());
  const bool last = p.layout == Layout::channels_last;
  const auto vectors =
      static_cast<int>(std::min<std::int64_t>((p.oc + lanes - 1) / lanes, 1 << 20));
  std::int64_t row_pixels = 1;
  for (const Run& r : model.width_runs()) row_pixels = std::max(row_pixels, r.q_end - r.q_begin);
  const double output_bytes = static_cast<double>(output_elements(p)) * ir::bytes(p.output_dtype());
  const bool stream = last && p.oc % lanes == 0 && p.output_pixel_stride % lanes == 0 &&
                      output_bytes > static_cast<double>(model.machine().stream_from_bytes);
  const bool prefetch = last && model.prefetches() && p.group_ic() <= kGatheredChannels;
  std::vector<std::int64_t> blocks = last ? row_blocks(p, row_pixels) : kWholeRows;
  // A strip in L1: 1-D, 64 groups, k16 s8, blocks of 70 and 511 columns: 0.17 and 0.23 ms (Zen 4).
  if (last && p.i_min == 0 && blocks != kWholeRows)
    for (const std::int64_t few : {64, 128}) blocks.push_back(few);
  const auto consider = [&](const Plan& plan) {
    const std::string reason = why_not_channelwise(p, plan, target);
    if (reason.empty()) {
      out.legal.push_back({plan, channelwise_us(model, plan, lanes)});
    } else {
      out.rejected.push_back({print(plan), reason});
    }
  };
  const auto taps = static_cast<int>(std::min<std::int64_t>(model.axes().back().taps, 64));
  std::vector<int> together = {1};
  if (const int joint = phases_together(model.axes().back()); joint > 1) together.push_back(joint);
  Plan plan{.schedule = Schedule::channelwise, .stream = stream, .prefetch = prefetch};
  const auto blocks_of = [&] {
    for (const std::int64_t block : blocks) {
      plan.cols = ceil_div(block, std::int64_t{plan.mr}) * plan.mr;
      if (plan.phases == 1 || block == 0) consider(plan);
    }
  };
  const auto parts = [&] {
    for (const int rows : {1, 4, 8}) {
      if (rows > 1 && (p.axes.size() == 1 || rows > model.axes()[p.axes.size() - 2].blocks()))
        continue;
      plan.rows = rows;
      for (const int panels : {0, 4 / plan.nr}) {  // all channels, or what keeps the strip small
        if (panels * plan.nr >= vectors) continue;
        plan.panels = panels;
        for (const bool strip : {true, false}) {
          plan.strip = strip;
          if (!strip || taps > 1) blocks_of();
        }
      }
    }
  };
  for (const int phases : together)
    for (const int nr : {1, 2, 4})
      for (const int mr : {14, 12, 8, 7, 6, 4, 3, 2, 1}) {
        const int weights = phases > 1 ? phases * taps : 0;
        if (nr > vectors || mr > row_pixels || phases * mr * nr + weights + 1 > target.registers)
          continue;
        plan.phases = phases;
        plan.nr = nr;
        plan.mr = mr;
        parts();
      }
}

}  // namespace tconv::planner
