// Plans of the direct schedule.
#include <algorithm>

#include "planner/candidates.h"
#include "planner/integer.h"
#include "planner/schedules/cut_row.h"
#include "planner/schedules/register_tile.h"
#include "planner/schedules/schedule.h"

namespace tconv::planner {
namespace {

// Pixels per tile: the tallest that fits, and those that leave less of a last tile. `open`: how
// many pixels there are is known only at run time.
std::vector<int> tile_heights(int nr, std::int64_t pixels, bool open, const ElementType& type,
                              const ir::Target& t) {
  const int operands = tile_registers(2, nr, {.more_registers = type.multiply_add_registers}, t);
  const std::int64_t tallest = open ? std::min<std::int64_t>(kTallestOpen, pixels) : pixels;
  const int most = static_cast<int>(std::min<std::int64_t>((t.registers - operands) / nr, tallest));
  std::vector<int> heights;
  for (int mr = std::max(most, 1); mr >= 1; --mr) {
    if (mr * nr * 2 < most * nr && mr > 1 && heights.size() > 3) continue;
    const std::int64_t tiles = (pixels + mr - 1) / mr;
    // Of equally many tiles only the most even split is of use, and the tallest.
    const bool even = mr == most || mr == 1 || open || (tiles * mr - pixels) < tiles;
    if (even) heights.push_back(mr);
    if (heights.size() >= 6) break;
  }
  if (std::find(heights.begin(), heights.end(), 1) == heights.end() && most <= 2)
    heights.push_back(1);
  return heights;
}

// Equal shares of `whole`, one to four for each thread, for several threads.
std::vector<int> shares(std::int64_t whole, int threads) {
  std::vector<int> found;
  for (const int each : {1, 2, 4}) {
    const std::int64_t share = ceil_div(whole, std::int64_t{threads} * each);
    if (threads > 1 && share < whole && share < 4096) found.push_back(static_cast<int>(share));
  }
  return found;
}

// With powers of two alone, one row in 17 would be a grid point of its own: the second thread's
// whole work.
std::vector<int> row_counts(std::int64_t blocks, int threads) {
  std::vector<int> rows = shares(blocks, threads);
  for (int r : {1, 2, 4, 8, 16})
    if (r == 1 || r < blocks) rows.push_back(r);
  if (blocks > 1 && blocks <= 32) rows.push_back(static_cast<int>(blocks));
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

}  // namespace

void propose_direct(const CostModel& model, const ir::Target& target, Proposals& out) {
  const Problem& p = model.problem();
  const bool last = p.layout == Layout::channels_last;
  const int lanes = target.lanes(p.sum_dtype());
  const auto vectors =
      static_cast<int>(std::min<std::int64_t>((p.group_oc() + lanes - 1) / lanes, 64));
  const int threads = model.machine().threads;
  const ElementType& type = p.type();
  const bool pairs = type.has_pairs() && target.dot2 && model.machine().dot2_per_cycle > 0;
  const double filter_bytes = static_cast<double>(filter_elements(p)) * ir::bytes(p.dtype);
  const auto consider_one = [&](Plan plan) {
    plan.prefetch = model.prefetches() && p.g == 1 && plan.tile == TileAxis::w;
    plan.fetch = fetch_ahead(plan, model.beyond_l2(filter_bytes));
    for (const bool dot2 : {false, true}) {
      if (dot2 && !pairs) break;
      plan.dot2 = dot2;
      const std::string reason = why_not_direct(p, plan, target);
      if (reason.empty()) {
        out.legal.push_back({plan, model.direct_us(plan)});
      } else {
        out.rejected.push_back({print(plan), reason});
      }
    }
  };
  // Where pixels do not make enough points for the threads, panels of output channels do.
  const auto consider = [&](Plan plan) {
    consider_one(plan);
    if (threads == 1 || model.direct_grid(plan).points >= 4 * threads) return;
    for (const int share : shares(ceil_div(vectors, plan.nr), threads)) {
      plan.panels = share;
      consider_one(plan);
    }
  };
  const AxisPhases& w = model.axes().back();
  std::int64_t row_pixels = 1;
  for (const Run& r : model.width_runs()) row_pixels = std::max(row_pixels, r.q_end - r.q_begin);
  const bool stream = last && aligned_vectors(p, lanes) && model.streams();

  for (int nr : {1, 2, 3, 4, 5, 6, 8}) {
    if (nr > vectors) break;
    // Along the batch.
    if (p.n > 1 && last) {
      for (int mr : tile_heights(nr, p.n, p.n_min > 0, type, target))
        for (int rows : row_counts(w.blocks(), threads)) {
          Plan plan{.mr = mr, .nr = nr, .tile = TileAxis::n, .rows = rows, .stream = stream};
          consider(plan);
          plan.strip = p.n_min > 0 && w.taps > 1 && least_rest(p, mr) > 1;
          if (plan.strip) consider(plan);
        }
    }
    // Along the width, blocked where a row is long.
    const bool one_axis = p.axes.size() == 1;
    std::vector<std::int64_t> blocks = one_axis ? row_blocks(p, row_pixels) : kWholeRows;
    constexpr int kShortest = 32;  // a block reads the filter anew
    if (one_axis && p.i_min == 0)
      for (const int share : shares(row_pixels, threads))
        if (share >= kShortest) blocks.push_back(share);
    for (int mr : tile_heights(nr, row_pixels, p.i_min > 0, type, target)) {
      const std::vector<int> rows =
          one_axis ? std::vector<int>{1}
                   : row_counts(model.axes()[p.axes.size() - 2].blocks(), threads);
      for (int r : rows)
        for (bool strip : {false, true}) {
          if (strip && w.taps <= 1 && last && !type.converts()) continue;  // nothing to pad
          for (const std::int64_t block : blocks) {
            const std::int64_t cols = ceil_div(block, std::int64_t{mr}) * mr;
            consider(
                {.mr = mr, .nr = nr, .rows = r, .cols = cols, .strip = strip, .stream = stream});
            // Channels-first cannot always be cut, and there is always a plan, with and without
            // strip.
            if (cols > 0 && !last)
              consider({.mr = mr, .nr = nr, .rows = r, .strip = strip, .stream = stream});
          }
        }
    }
  }
}

}  // namespace tconv::planner
