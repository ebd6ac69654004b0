// Which plans winograd can lower.
#include <fmt/format.h>

#include <algorithm>

#include "planner/schedules/ahead.h"
#include "planner/schedules/cut_row.h"
#include "planner/schedules/register_tile.h"
#include "planner/schedules/schedule.h"
#include "planner/schedules/winograd_axes.h"

namespace tconv::planner {
namespace {

std::string why_not_axes(const Problem& p, const Plan& plan) {
  if (plan.m.size() != p.axes.size())
    return fmt::format("m has {} numbers, the reduced problem has {} axes", plan.m.size(),
                       p.axes.size());
  if (std::all_of(plan.m.begin(), plan.m.end(), [](int m) { return m == 1; }))
    return "m: one axis at least must be transformed (m > 1)";
  std::int64_t most_taps = 0;
  for (std::size_t a = 0; a < p.axes.size(); ++a)
    if (plan.m[a] > 1) most_taps = std::max(most_taps, phases(p.axes[a]).taps);
  if (plan.r >= most_taps)
    return fmt::format("r={}: no axis has more than {} taps per phase; leave r out", plan.r,
                       most_taps);
  for (std::size_t a = 0; a < p.axes.size(); ++a) {
    const AxisPhases x = phases(p.axes[a]);
    const std::int64_t m = plan.m[a];
    if (x.g != 1) return fmt::format("axis {}: stride and dilation have a common divisor", a);
    if (m < 1) return "m must be at least 1";
    if (m == 1) continue;
    if (x.D != 1) return fmt::format("axis {} is dilated", a);
    if (x.taps < 2) return fmt::format("axis {} has one tap per phase: nothing to save", a);
    const std::int64_t r = plan.r > 0 ? std::min<std::int64_t>(plan.r, x.taps) : x.taps;
    if (r < 2) return "r must be at least 2";
    if (m + r - 1 > kMostPoints)
      return fmt::format("F({},{}) needs {} points, at most {}", m, r, m + r - 1, kMostPoints);
    if (r < x.taps && m != r)
      return fmt::format("axis {} has {} taps per phase in groups of {}: m must be r", a, x.taps,
                         r);
  }
  return {};
}

// Outputs that no input reaches are the bias, exactly: a tile would leave rounding errors of its
// other outputs in them.
std::string why_not_reached(const Problem& p, const Plan& plan) {
  for (std::size_t a = 0; a < p.axes.size(); ++a) {
    if (plan.m[a] == 1) continue;
    for (const Run& r : runs(phases(p.axes[a])))
      if (r.q_begin < 0 || r.q_end > p.axes[a].i + r.taps - 1)
        return fmt::format("axis {} has outputs that no input reaches", a);
  }
  return {};
}

}  // namespace

std::string why_not_winograd(const Problem& p, const Plan& plan, const ir::Target& target) {
  if (!p.type().minimal_filtering)
    return fmt::format("minimal filtering divides, {} does not", ir::name(p.dtype));
  if (p.layout != Layout::channels_last) return "winograd is channels-last: use transposed";
  const std::int64_t register_tile = std::int64_t{plan.m.empty() ? 1 : plan.m.back()} * plan.mr;
  if (p.i_min > 0 && (plan.cols == 0 || plan.cols % std::max<std::int64_t>(register_tile, 1) != 0))
    return fmt::format(
        "a length that is known only at run time needs cols, a multiple of m * mr = {}",
        register_tile);
  if (p.n_min > 0 && plan.images > 1) return "images needs a batch that is known";
  if (plan.mr < 1 || plan.nr < 1 || plan.rows < 1 || plan.images < 1)
    return "mr, nr, rows and images must be at least 1";
  if (plan.tile != TileAxis::w || plan.strip)
    return "winograd has no tile=n or strip: it has its own";
  if (std::string reason = why_not_axes(p, plan); !reason.empty()) return reason;
  if (std::string reason = why_not_reached(p, plan); !reason.empty()) return reason;
  // Beside large neighbours an output of few products could not keep its error bound.
  constexpr std::int64_t kFewestChannels = 8;
  if (p.group_ic() < kFewestChannels)
    return fmt::format("{} input channels per group, at least {}", p.group_ic(), kFewestChannels);
  if (p.n % plan.images != 0)
    return fmt::format("images={} must divide the batch of {}", plan.images, p.n);
  const std::size_t rank = p.axes.size();
  if (plan.cols % plan.m[rank - 1] != 0)
    return fmt::format("cols={} must be a multiple of the width's m={}", plan.cols,
                       plan.m[rank - 1]);
  if (rank > 1 && plan.rows % plan.m[rank - 2] != 0)
    return fmt::format("rows={} must be a multiple of its axis' m={}", plan.rows, plan.m[rank - 2]);
  if (rank == 1 && plan.rows != 1) return "rows needs a second axis";
  const bool whole_rows =
      rank == 1 || plan.cols == 0 || plan.cols >= phases(p.axes.back()).blocks();
  if (std::string reason = why_not_prefetch(p, plan, whole_rows); !reason.empty()) return reason;
  if (std::string reason = why_not_register_tile(plan, {.steps = p.group_ic()}, target);
      !reason.empty())
    return reason;
  const int lanes = target.lanes(p.sum_dtype());
  if (plan.stream && !aligned_vectors(p, lanes))
    return "stream needs whole vectors of output channels";
  // Tensors, and per kernel: strip, a buffer per transformed axis, products, and two views of them.
  const auto operands = std::count_if(p.post.begin(), p.post.end(),
                                      [](const PostOp& o) { return o.takes_operand(); });
  const auto views = operands + 7 + static_cast<std::ptrdiff_t>(rank) + (p.bias ? 1 : 0);
  if (views > target.pointers)
    return fmt::format("{} tensors and local buffers, {} has {} pointers", views, target.name,
                       target.pointers);
  constexpr double kMostBytes = 1 << 28;
  for (const auto& kernel : winograd_kernels(p, plan)) {
    double input = static_cast<double>(p.group_ic() * plan.images) * ir::bytes(p.sum_dtype());
    double products = static_cast<double>(plan.images) * plan.nr * target.vector_bytes;
    for (const WinogradAxis& a : kernel) {
      input *= static_cast<double>(a.points() * a.window());
      products *= static_cast<double>(a.points() * a.results());
    }
    if (const double bytes = std::max(input, products); bytes > kMostBytes)
      return fmt::format(
          "transformed inputs or products of {:.0f} bytes per grid point, at most {:.0f}", bytes,
          kMostBytes);
  }
  return {};
}

}  // namespace tconv::planner
