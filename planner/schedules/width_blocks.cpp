#include "planner/schedules/width_blocks.h"

#include <algorithm>

#include "planner/integer.h"
#include "planner/phase.h"

namespace tconv::planner {
namespace {

// Appends the block to the last one's loop when it continues it.
void append(std::vector<ResidueBlocks>& out, ResidueBlocks block) {
  if (!out.empty() && out.back().size == block.size) {
    ResidueBlocks& b = out.back();
    const std::int64_t stride = block.first - (b.first + (b.count - 1) * b.stride);
    std::vector<WidthTaps> moved = b.taps;
    for (WidthTaps& t : moved) t.packed += b.packed_stride * b.count;
    if ((b.count == 1 || b.stride == stride) && moved == block.taps && stride > 0) {
      b.stride = stride;
      ++b.count;
      return;
    }
  }
  out.push_back(std::move(block));
}

// Without dilation neighbouring residues read neighbouring taps: t = r + p - s*delta.
void undilated(const Axis& a, WidthBlocks& w) {
  const std::int64_t top = floor_div(a.s - 1 + a.p, a.s);
  w.tap_constant = a.p - a.s * top;
  w.tap_step = a.s;
  w.packed_taps = (a.k - 1 - w.tap_constant) / a.s + 1;
  w.packed_blocks = ceil_div(a.s, w.residues);
  for (std::int64_t r = 0; r < a.s; r += w.residues) {
    ResidueBlocks b{.first = r,
                    .size = static_cast<int>(std::min<std::int64_t>(w.residues, a.s - r)),
                    .taps = {},
                    .packed_block = r / w.residues,
                    .packed_block_stride = 1};
    const std::int64_t high = floor_div(r + b.size - 1 + a.p, a.s);
    const std::int64_t low = ceil_div(r + a.p - a.k + 1, a.s);
    for (std::int64_t delta = high; delta >= low; --delta) {
      const std::int64_t t = r + a.p - a.s * delta;  // of the block's first residue
      const auto lo = static_cast<int>(std::max<std::int64_t>(0, -t));
      const auto hi = static_cast<int>(std::min<std::int64_t>(b.size, a.k - t));
      if (lo >= hi) continue;
      WidthTaps* same = b.taps.empty() ? nullptr : &b.taps.back();
      if (same != nullptr && same->lo == lo && same->hi == hi &&
          same->delta - same->count == delta) {
        ++same->count;
      } else {
        b.taps.push_back({.delta = delta, .lo = lo, .hi = hi, .packed = top - delta});
      }
    }
    append(w.blocks, std::move(b));
  }
}

// With dilation they do not: a residue at a time, in the order of the phases, whose residues are d
// apart.
void dilated(const AxisPhases& x, WidthBlocks& w) {
  const Axis& a = x.axis;
  w.packed_taps = a.k;
  for (std::int64_t eps = 0; eps < x.g; ++eps)
    for (std::int64_t t0 = 0; t0 < x.S; ++t0) {
      const std::int64_t at = a.d * t0 + eps - a.p, u = floor_div(at, a.s);
      ResidueBlocks b{.first = at - u * a.s, .taps = {}, .packed_stride = 1};
      if (eps == 0 && t0 < a.k)
        b.taps.push_back({.delta = -u,
                          .step = x.D,
                          .count = ceil_div(a.k - t0, x.S),
                          .packed = t0,
                          .packed_step = x.S});
      append(w.blocks, std::move(b));
    }
}

}  // namespace

std::int64_t ResidueBlocks::products() const {
  std::int64_t n = 0;
  for (const WidthTaps& t : taps) n += t.count * (t.hi - t.lo);
  return n;
}

bool unrolls_width_taps(const Problem& p) {
  constexpr std::int64_t kMostTaps = 8;  // for each of at most 32 accumulators
  return phases(p.axes.back()).taps <= kMostTaps;
}

bool adds_channels_first(const Problem& p) {
  return p.group_ic() > 1 && phases(p.axes.back()).taps > 1 && unrolls_width_taps(p);
}

WidthBlocks width_blocks(const Problem& p, int mr) {
  const Axis& a = p.axes.back();
  WidthBlocks w;
  w.channels = static_cast<int>(std::min<std::int64_t>(p.group_oc(), mr));
  if (a.d == 1) {
    w.residues = static_cast<int>(std::clamp<std::int64_t>(mr / p.group_oc(), 1, a.s));
    undilated(a, w);
  } else {
    dilated(phases(a), w);
  }
  bool first = true;
  for (const ResidueBlocks& b : w.blocks)
    for (const WidthTaps& t : b.taps) {
      const std::int64_t last = t.delta - (t.count - 1) * t.step;
      w.first_delta = first ? last : std::min(w.first_delta, last);
      w.last_delta = first ? t.delta : std::max(w.last_delta, t.delta);
      first = false;
    }
  return w;
}

}  // namespace tconv::planner
