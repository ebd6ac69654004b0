// Which plans direct can lower.
#include <fmt/format.h>

#include "planner/integer.h"
#include "planner/phase.h"
#include "planner/schedules/ahead.h"
#include "planner/schedules/cut_row.h"
#include "planner/schedules/direct.h"
#include "planner/schedules/schedule.h"

namespace tconv::planner {
namespace {

// Channels-last reads the tensor as well without a strip, so an unreasonable one is refused.
// Channels-first has no choice.
std::string why_not_strip(const Problem& p, const Plan& plan) {
  constexpr double kMostBytes = 1 << 30;
  double bytes = static_cast<double>(p.group_ic()) * ir::bytes(p.sum_dtype());
  for (std::size_t a = 0; a < p.axes.size(); ++a) {
    const AxisPhases x = phases(p.axes[a]);
    const std::int64_t columns = (plan.cols > 0 ? plan.cols : x.axis.i + x.halo()) + x.halo();
    const bool width = a + 1 == p.axes.size(), several = a + 2 == p.axes.size() && plan.rows > 1;
    bytes *= static_cast<double>(width ? columns : several ? plan.rows + x.halo() : x.taps);
  }
  if (bytes > kMostBytes)
    return fmt::format("a strip of {:.0f} bytes, at most {:.0f}", bytes, kMostBytes);
  return {};
}

std::string why_not_dot2(const Problem& p, const Plan& plan, const ir::Target& target) {
  if (!plan.dot2) return {};
  if (!p.type().has_pairs())
    return fmt::format("dot2 multiplies pairs, which {} has not", ir::name(p.dtype));
  if (!target.dot2) return fmt::format("{} has no dot2", target.name);
  const bool odd = p.group_ic() % 2 != 0;
  if (!reads_strip(p, plan) && (odd || p.input_pixel_stride % 2 != 0))
    return "dot2 without a strip needs even numbers of input channels, and of elements per pixel";
  if (odd && plan.cols != 0 && p.layout == Layout::channels_first)
    return "dot2 with cols in channels-first needs an even number of input channels";
  return {};
}

}  // namespace

bool reads_strip(const Problem& p, const Plan& plan) {
  return p.layout == Layout::channels_first || (plan.strip && plan.tile == TileAxis::w);
}

TileOperands direct_operands(const Problem& p, const Plan& plan) {
  const ElementType& type = p.type();
  if (plan.dot2) return {.steps = ceil_div(p.group_ic(), std::int64_t{2})};
  return {.input_converts = type.converts() && !reads_strip(p, plan),
          .weights_convert = type.converts(),
          .more_registers = type.multiply_add_registers,
          .steps = p.group_ic()};
}

std::string why_not_direct(const Problem& p, const Plan& plan, const ir::Target& target) {
  const bool last = p.layout == Layout::channels_last, along_width = plan.tile == TileAxis::w;
  if (plan.mr < 1 || plan.nr < 1 || plan.rows < 1) return "mr, nr and rows must be at least 1";
  if (std::string reason = why_not_register_tile(plan, direct_operands(p, plan), target);
      !reason.empty())
    return reason;
  if (std::string reason = why_not_dot2(p, plan, target); !reason.empty()) return reason;
  if (std::string reason = why_not_open(p, plan); !reason.empty()) return reason;
  const bool whole_rows = plan.cols == 0 || p.axes.size() == 1;
  if (std::string reason = why_not_prefetch(p, plan, whole_rows); !reason.empty()) return reason;
  const int lanes = target.lanes(p.sum_dtype());
  if (plan.stream && (!last || !aligned_vectors(p, lanes)))
    return "stream needs channels-last and whole vectors of output channels";
  if (!along_width) {
    if (!last) return "tile=n needs channels-last";
    if (plan.cols != 0 || (plan.strip && p.n_min == 0)) return "tile=n has neither strip nor cols";
    if (plan.strip && least_rest(p, plan.mr) == 1)
      return "tile=n has a strip only for the images that tiles leave over";
    return plan.strip ? why_not_strip(p, plan) : std::string();
  }
  if (plan.strip && last)
    if (std::string reason = why_not_strip(p, plan); !reason.empty()) return reason;
  if (plan.cols == 0) return {};
  const AxisPhases width = phases(p.axes.back());
  if (plan.cols % plan.mr != 0) return "cols must be a multiple of mr";
  if (last) return {};
  if (!plan.strip && width.taps > 1)
    return "cols in channels-first needs a strip where phases have several taps";
  if (plan.cols % lanes * (width.axis.s % lanes) % lanes != 0)
    return "cols * stride must be whole vectors";
  for (const Run& r : runs(width))
    if (!r.exact || r.taps == 0 || r.q_begin < 0 || r.q_end > width.axis.i + (r.taps - 1) * width.D)
      return "cols in channels-first needs phases whose outputs all have taps";
  return {};
}

}  // namespace tconv::planner
