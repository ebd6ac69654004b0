// Plans of the winograd schedule.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "planner/candidates.h"
#include "planner/integer.h"
#include "planner/schedules/cut_row.h"
#include "planner/schedules/register_tile.h"
#include "planner/schedules/schedule.h"

namespace tconv::planner {
namespace {

// Tiles of F(m, r) that may be proposed: m, and r where taps come in groups.
struct Filtering {
  int m = 1, r = 0;
};
// Products per output, those of the last tile that nobody needs included.
double products_per_output(const AxisPhases& x, int m) {
  const auto blocks = static_cast<double>(x.blocks());
  return static_cast<double>(m + x.taps - 1) * std::ceil(blocks / m) / blocks;
}
std::vector<Filtering> filterings(const AxisPhases& x) {
  if (x.g != 1 || x.D != 1 || x.taps < 2) return {{1, 0}};
  std::vector<Filtering> found = {{1, 0}};
  // The longer tile if it pays for its transforms, a shorter one as well unless it is far behind:
  // errors and buffers may forbid the other.
  const auto add_tiles = [&](int longer, int shorter, double far) {
    const double a = products_per_output(x, longer), b = products_per_output(x, shorter);
    if (a < 0.97 * b) found.push_back({longer, 0});
    if (a >= 0.97 * b || b < far * a) found.push_back({shorter, 0});
  };
  switch (x.taps) {
    case 2:
      add_tiles(5, products_per_output(x, 2) <= products_per_output(x, 3) ? 2 : 3, 2);
      break;
    case 3:
      add_tiles(4, 2, 1.2);
      break;
    case 4:
      found.push_back({3, 0});
      break;
    case 5:
      found.push_back({2, 0});
      found.push_back({3, 3});
      break;
    default:
      if (x.taps > 6) found.push_back({4, 4});
      found.push_back({3, 3});
  }
  return found;
}

// Tiles per grid point along the width and the axis before, about `wanted` together.
struct Block {
  std::int64_t width = 1, rows = 1, images = 1;
};
std::vector<Block> blocks(const CostModel& model, const Plan& plan) {
  const Problem& p = model.problem();
  const std::size_t rank = p.axes.size();
  const std::int64_t across = ceil_div(model.axes()[rank - 1].blocks(), plan.m[rank - 1]);
  const std::int64_t down =
      rank > 1 ? ceil_div(model.axes()[rank - 2].blocks(), plan.m[rank - 2]) : 1;
  std::vector<Block> found;
  for (std::int64_t wanted : {3, 12, 24, 44, 88}) {
    if (wanted == 3 && model.machine().threads == 1) continue;  // small blocks are for many threads
    // Rows as a whole where they are not too long, in even parts where they are.
    Block b;
    b.width = ceil_div(across, ceil_div(across, wanted));
    b.rows = std::clamp<std::int64_t>(wanted / b.width, 1, down);
    b.rows = ceil_div(down, ceil_div(down, b.rows));
    if (b.width == across && b.rows == down && rank < 3 && p.n_min == 0)
      for (std::int64_t images = 2; images * b.width * b.rows <= wanted + wanted / 4; ++images)
        if (p.n % images == 0) b.images = images;
    const bool known = std::any_of(found.begin(), found.end(), [&](const Block& o) {
      return o.width == b.width && o.rows == b.rows && o.images == b.images;
    });
    if (!known) found.push_back(b);
  }
  return found;
}

// Of the transformed filter.
double filter_bytes(const CostModel& model, const std::vector<std::vector<WinogradAxis>>& kernels) {
  const Problem& p = model.problem();
  double total = 0;
  for (const auto& axes : kernels) {
    double bytes = static_cast<double>(p.ic * p.group_oc()) * ir::bytes(p.sum_dtype());
    for (const WinogradAxis& a : axes)
      bytes *= static_cast<double>((a.t_end - a.t_begin) * a.points() * a.steps());
    total += bytes;
  }
  return total;
}

void propose_blocks(const CostModel& model, const ir::Target& target, Plan plan, Proposals& out) {
  const Problem& p = model.problem();
  const std::size_t rank = p.axes.size();
  const auto vectors = ceil_div(p.group_oc(), std::int64_t{target.lanes(p.sum_dtype())});
  const auto threads = static_cast<std::int64_t>(model.machine().threads);
  for (const Block& b : blocks(model, plan)) {
    plan.cols = b.width * plan.m[rank - 1];
    plan.rows = rank > 1 ? static_cast<int>(b.rows * plan.m[rank - 2]) : 1;
    plan.images = static_cast<int>(b.images);
    plan.mr = plan.nr = 1;
    plan.panels = 0;
    plan.prefetch = model.prefetches() && p.g == 1 &&
                    (rank == 1 || plan.cols >= model.axes()[rank - 1].blocks());
    if (const std::string reason = why_not_winograd(p, plan, target); !reason.empty()) {
      out.rejected.push_back({print(plan), reason});
      continue;
    }
    auto kernels = winograd_kernels(p, plan);
    const std::int64_t tiles = b.width * b.rows * b.images;
    for (int nr : {1, 2, 3, 4, 6}) {
      if (nr > vectors) break;
      plan.nr = nr;
      const int most = (target.registers - tile_registers(2, nr, {}, target)) / nr;
      int before = 0;
      // The tallest tile, and the most even split of the pixels into as many or one more.
      for (std::int64_t parts :
           {ceil_div(tiles, std::int64_t{most}), ceil_div(tiles, std::int64_t{most}) + 1}) {
        const auto mr = static_cast<int>(std::min<std::int64_t>(ceil_div(tiles, parts), most));
        if (mr == before || mr * nr < 4) continue;
        before = plan.mr = mr;
        if (p.i_min > 0) {  // blocks of whole register tiles
          plan.cols = ceil_div(b.width, std::int64_t{mr}) * mr * plan.m[rank - 1];
          kernels = winograd_kernels(p, plan);
        }
        const std::int64_t panels = ceil_div(vectors, std::int64_t{nr});
        // Threads without a block of their own share the panels of one.
        for (std::int64_t split = 1; split <= std::min(panels, threads); split *= 2) {
          plan.panels = split == 1 ? 0 : static_cast<int>(ceil_div(panels, split));
          plan.fetch = fetch_ahead(plan, model.beyond_l2(filter_bytes(model, kernels)));
          out.legal.push_back({plan, winograd_us(model, plan, target, kernels, p.i_min > 0)});
        }
      }
    }
  }
}

}  // namespace

void propose_winograd(const CostModel& model, const ir::Target& target, Proposals& out) {
  const Problem& p = model.problem();
  if (p.layout != Layout::channels_last) return;
  if (!p.type().proposes_winograd) {
    out.rejected.push_back({"winograd()", fmt::format("{} only by name", ir::name(p.dtype))});
    return;
  }
  constexpr std::int64_t kFewestChannels = 16;
  if (p.group_ic() < kFewestChannels || p.group_oc() < kFewestChannels / 2) {
    out.rejected.push_back({"winograd()", "too few channels per group: the transforms cost more"});
    return;
  }
  const int lanes = target.lanes(p.sum_dtype());
  Plan plan{.schedule = Schedule::winograd};
  plan.stream = aligned_vectors(p, lanes) && model.streams();
  const std::size_t rank = p.axes.size();
  plan.m.assign(rank, 1);
  // Beside that of direct: docs/accuracy.md.
  constexpr double kMostError = 4;
  const std::function<void(std::size_t, double)> choose_axis = [&](std::size_t a, double error) {
    if (error > kMostError) return;
    if (a == rank) {
      if (std::any_of(plan.m.begin(), plan.m.end(), [](int m) { return m > 1; }))
        propose_blocks(model, target, plan, out);
      return;
    }
    for (const Filtering& f : filterings(model.axes()[a])) {
      if (plan.r != 0 && f.r != 0 && f.r != plan.r) continue;
      const int r = plan.r;
      plan.m[a] = f.m;
      plan.r = std::max(plan.r, f.r);
      const auto taps = static_cast<int>(model.axes()[a].taps);
      choose_axis(a + 1, f.m == 1 ? error : error * relative_error(f.m, f.r > 0 ? f.r : taps));
      plan.r = r;
    }
    plan.m[a] = 1;
  };
  choose_axis(0, 1);
}

}  // namespace tconv::planner
