// Cost of the width schedule.
#include <algorithm>
#include <cmath>

#include "planner/candidates.h"
#include "planner/schedules/width.h"

namespace tconv::planner {

double width_us(const CostModel& model, const Plan& plan, const ir::Target& target) {
  const Problem& p = model.problem();
  const bool last = p.layout == Layout::channels_last;
  const int lanes = target.lanes(p.sum_dtype());
  const WidthBlocks residues = width_blocks(p, plan.mr);
  const WidthSizes sizes(p, plan, lanes, residues);
  const double icg = static_cast<double>(p.group_ic()), ocg = static_cast<double>(p.group_oc());
  const double vector_bytes = target.vector_bytes;

  double rows = static_cast<double>(p.n), outer_taps = 1;
  GridSize grid;
  grid.repeat(static_cast<double>(p.n * sizes.blocks));
  double strip = static_cast<double>(sizes.strip_channels * sizes.strip_columns) / lanes;
  for (std::size_t a = 0; a + 1 < p.axes.size(); ++a) {
    const bool inner = a + 2 == p.axes.size();
    const AxisPhases& x = model.axes()[a];
    rows *= static_cast<double>(x.axis.o);
    outer_taps *= model.taps(a);
    grid.split(static_cast<double>(x.blocks()), inner ? plan.rows : 1);
    strip *= static_cast<double>(inner && plan.rows > 1 ? plan.rows + x.halo() : x.taps);
  }
  if (!last) grid.repeat(static_cast<double>(p.g));
  const double strip_bandwidth = model.bandwidth(strip * vector_bytes);

  // Unaligned loads take two cache lines; a perm or a store one cycle.
  constexpr double kUnaligned = 1.7, kTile = 12, kTap = 4;
  const double nr = std::min<double>(plan.nr, static_cast<double>(sizes.vectors));
  const double tiles = static_cast<double>(sizes.vectors) / nr;
  double row = 0;
  for (const ResidueBlocks& b : residues.blocks) {
    double fmas = 0, loads = 0;
    for (const WidthTaps& t : b.taps) {
      const double n = static_cast<double>(t.count), planes = (t.hi - t.lo) * residues.channels;
      fmas += n * planes * nr;
      loads += n * (nr * kUnaligned + planes);
    }
    // Of an accumulator's chain; short sums overlap with the next tile's.
    const double chain = fmas / (static_cast<double>(b.size * residues.channels) * nr);
    const double latency = icg * outer_taps > 8 ? 4 * chain : 0;
    const double step =
        std::max({fmas / model.fma_per_cycle(), loads / model.machine().loads_per_cycle, latency,
                  nr * vector_bytes / strip_bandwidth});
    row += static_cast<double>(b.count) * tiles *
           (outer_taps * (icg * step + kTap) + kTile + b.size * residues.channels * nr);
  }
  row *= std::ceil(ocg / residues.channels) * static_cast<double>(p.g);
  const double row_vectors = static_cast<double>(p.axes.back().o * p.oc) / lanes;
  const double merge = sizes.planes < lanes ? 1 + static_cast<double>(sizes.planes) : 9;
  row += row_vectors * (merge + static_cast<double>(p.post.size()));

  const bool transposed = last && p.ic > 1;
  // Cycles per vector of the strip; blocks of channels that are not full cost as much as full ones.
  constexpr double kTransposed = 5.5, kCopied = 2;
  const double fill =
      std::ceil(static_cast<double>(p.ic) / lanes) * lanes / static_cast<double>(p.ic);
  const double copied = transposed ? kTransposed * fill : kCopied;
  double cycles = rows * row + grid.points * strip * (copied + vector_bytes / strip_bandwidth);
  // Part of the memory's time does not overlap with the rest, which strips and rows interrupt.
  constexpr double kApart = 0.35, kPrefetched = 0.25;  // and part of that, where it is prefetched
  const double memory = model.memory_cycles(plan.stream);
  const double prefetched = model.prefetched_cycles(plan, strip * vector_bytes);
  cycles = std::max(cycles + kApart * memory - kPrefetched * prefetched, memory);
  return model.finish(cycles, grid);
}

}  // namespace tconv::planner
