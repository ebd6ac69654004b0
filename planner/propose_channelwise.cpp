// Plans of the channel-wise schedule.
#include <algorithm>
#include <cmath>

#include "planner/candidates.h"
#include "planner/integer.h"
#include "planner/schedules/schedule.h"

namespace tconv::planner {

double channelwise_us(const CostModel& model, const Plan& plan, int lanes) {
  const Problem& p = model.problem();
  const double element = ir::bytes(p.dtype);
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
  double cycles = 0;
  for (const Run& r : model.width_runs()) {
    const double pixels = static_cast<double>(r.q_end - r.q_begin);
    const double tiles = std::ceil(pixels / plan.mr), used = pixels / tiles;
    const double steps = outer_taps * static_cast<double>(r.taps * p.group_ic());
    const double step =
        std::max(model.step_cycles(used * plan.nr, (used + 1) * plan.nr, 0, 1), 1.0);
    cycles += static_cast<double>(r.phases()) * tiles * std::ceil(vectors / plan.nr) *
              (steps * step + 25 + used * plan.nr * 2.5);
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
  const double per_vector = !last ? kTransposed : plain ? 1.5 : 4;
  cycles += grid.points * strip * columns *
            (per_vector + lanes * element / model.bandwidth(strip * columns * lanes * element));
  if (!last) cycles += outputs * static_cast<double>(w.axis.o) * vectors * kTransposed;
  const bool passes = vectors > plan.nr;
  const double chunk = last && passes ? plan.nr * lanes * element : 0;
  return model.finish(CostModel::overlap(cycles, model.memory_cycles(plan.stream, chunk)), grid);
}

void propose_channelwise(const CostModel& model, const ir::Target& target, Proposals& out) {
  const Problem& p = model.problem();
  if (p.g == 1) return;
  const int lanes = target.lanes(p.dtype);
  const bool last = p.layout == Layout::channels_last;
  const auto vectors =
      static_cast<int>(std::min<std::int64_t>((p.oc + lanes - 1) / lanes, 1 << 20));
  std::int64_t row_pixels = 1;
  for (const Run& r : model.width_runs()) row_pixels = std::max(row_pixels, r.q_end - r.q_begin);
  const double output_bytes = static_cast<double>(output_elements(p)) * ir::bytes(p.dtype);
  const bool stream = last && p.oc % lanes == 0 && p.output_pixel_stride % lanes == 0 &&
                      output_bytes > static_cast<double>(model.machine().stream_from_bytes);
  const bool prefetch = last && model.far_input() && p.group_ic() <= kGatheredChannels;
  const std::vector<std::int64_t> blocks = last ? row_blocks(p, row_pixels) : kWholeRows;
  for (int nr : {1, 2, 4}) {
    if (nr > vectors) break;
    for (int mr : {14, 8, 7, 6, 4, 3, 2, 1}) {
      if (mr > row_pixels || mr * nr + 1 > target.registers) continue;
      for (int rows : {1, 4, 8}) {
        if (rows > 1 && (p.axes.size() == 1 || rows > model.axes()[p.axes.size() - 2].blocks()))
          continue;
        for (int panels : {0, 4 / nr}) {  // all channels, or what keeps the strip small
          if (panels * nr >= vectors) continue;
          for (bool strip : {true, false}) {
            if (strip && model.axes().back().taps <= 1) continue;
            for (const std::int64_t block : blocks) {
              const Plan plan{.schedule = Schedule::channelwise,
                              .mr = mr,
                              .nr = nr,
                              .rows = rows,
                              .cols = ceil_div(block, std::int64_t{mr}) * mr,
                              .panels = panels,
                              .strip = strip,
                              .stream = stream,
                              .prefetch = prefetch};
              const std::string reason = why_not_channelwise(p, plan, target);
              if (reason.empty()) {
                out.legal.push_back({plan, channelwise_us(model, plan, lanes)});
              } else {
                out.rejected.push_back({print(plan), reason});
              }
            }
          }
        }
      }
    }
  }
}

}  // namespace tconv::planner
