// Plans of the width schedule.
#include <algorithm>

#include "planner/candidates.h"
#include "planner/integer.h"
#include "planner/schedules/schedule.h"
#include "planner/schedules/width_blocks.h"

namespace tconv::planner {
namespace {

// Planes of a tile: all of a group when they fit, else the most even split, residues first.
int tile_planes(const Problem& p, std::int64_t most) {
  const std::int64_t channels = p.group_oc(), stride = p.axes.back().d == 1 ? p.axes.back().s : 1;
  if (channels > most) return static_cast<int>(ceil_div(channels, ceil_div(channels, most)));
  const std::int64_t residues = std::min(most / channels, stride);
  return static_cast<int>(ceil_div(stride, ceil_div(stride, residues)) * channels);
}

}  // namespace

void propose_width(const CostModel& model, const ir::Target& target, Proposals& out) {
  const Problem& p = model.problem();
  constexpr std::int64_t kMostChannels = 64;  // beyond, the other schedules fill their vectors
  if (p.group_oc() > kMostChannels) {
    out.rejected.push_back({"width()", "more than 64 output channels per group"});
    return;
  }
  const Axis& a = p.axes.back();
  const std::int64_t lanes = target.lanes(p.sum_dtype()),
                     vectors = ceil_div(ceil_div(a.o, a.s), lanes);
  const bool last = p.layout == Layout::channels_last;
  const std::int64_t planes = a.s * (last ? p.oc : 1);
  const bool large = static_cast<double>(output_elements(p)) * ir::bytes(p.output_dtype()) >
                     static_cast<double>(model.machine().stream_from_bytes);
  const std::int64_t blocks = p.axes.size() == 1 ? 1 : model.axes()[p.axes.size() - 2].blocks();
  for (std::int64_t nr : {1, 2, 3, 4, 5, 6, 8, 10, 12}) {
    if (nr > vectors) break;
    const std::int64_t most = nr == 1 ? target.registers - 2 : (target.registers - 1 - nr) / nr;
    if (most < 1) break;
    const Plan plan{
        .schedule = Schedule::width, .mr = tile_planes(p, most), .nr = static_cast<int>(nr)};
    std::int64_t before = -1;
    // Whole rows, or blocks of about so many columns.
    for (std::int64_t columns : {0, 64, 128, 256, 512, 1024}) {
      if (columns >= vectors * lanes) break;
      if (columns > 0 && columns < 256 && p.axes.size() > 1) continue;  // rows are points enough
      const std::int64_t cols = ceil_div(columns, nr * lanes) * nr * lanes;
      if (cols == before) continue;
      before = cols;
      for (int rows : {1, 2, 4, 8, 16}) {
        if (rows > blocks) break;
        Plan q = plan;
        q.rows = rows;
        q.cols = cols;
        q.stream = large && (a.o * (last ? p.oc : 1)) % lanes == 0 &&
                   (planes < lanes || planes % lanes == 0);
        q.prefetch = model.prefetches() && p.g == 1 && (cols == 0 || p.axes.size() == 1);
        const std::string reason = why_not_width(p, q, target);
        if (!reason.empty()) {
          out.rejected.push_back({print(q), reason});
          continue;
        }
        out.legal.push_back({q, width_us(model, q, target)});
        if (!adds_channels_first(p)) continue;
        q.ordered = true;
        out.legal.push_back({q, width_us(model, q, target)});
      }
    }
  }
}

}  // namespace tconv::planner
