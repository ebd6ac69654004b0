// Phases as output channels. Along the width the s phases of a block are neighbours in the output:
// s pixels of oc channels are one of s * oc, and the layer is one of stride 1. Vectors are filled
// over the phases, rows are written without gaps, and minimal filtering sees k / s taps. Where the
// crop is no multiple of the stride the first and the last block of a row are cut. Phases along
// the axes before it may be channels, too: a vector then goes to several rows (schedules/cut_row).
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "ir/builder.h"
#include "planner/integer.h"
#include "planner/phase.h"
#include "planner/schedules/schedule.h"

namespace tconv::planner {
namespace {

using ir::Affine;
using ir::Lanes;
using ir::ViewId;

// to[t][c] = from[c]: what every phase has of a tensor of one value per channel.
void emit_repeated(ir::Builder& b, const std::string& name, ir::DType type, ViewId from, ViewId to,
                   std::int64_t times, std::int64_t channels) {
  const int L = b.lanes(type);
  b.stage([&] {
    b.kernel(name, {}, [&](std::span<const Affine>) {
      const auto copy = [&](const Affine& t, const Affine& c, Lanes lanes) {
        b.scope([&] {
          const ir::Reg v = b.vec("v", {}, type);
          b.mov(v(), ir::load({from, {c}}, lanes));
          b.store({to, {t, c}}, v(), lanes);
        });
      };
      b.loop("t", 0, times, [&](const Affine& t) {
        b.loop("c", 0, channels / L, [&](const Affine& c) { copy(t, c * L, {}); });
        const auto rest = static_cast<int>(channels % L);
        if (rest != 0) copy(t, channels - rest, {0, rest});
      });
    });
  });
}

bool one_per_channel(const Problem& p, const ArgumentInfo& info) {
  if (info.kind != Argument::operand) return info.kind == Argument::bias;
  int operand = 0;
  for (const PostOp& op : p.post)
    if (op.takes_operand() && operand++ == info.operand) return op.kind == PostKind::prelu;
  return false;
}

bool is_merged(const Problem& p, int axes, std::size_t a) {
  return a + static_cast<std::size_t>(axes) >= p.axes.size();
}

// Phases of the merged axes together.
std::int64_t merged_phases(const Problem& p, int axes) {
  std::int64_t phases = 1;
  for (std::size_t a = 0; a < p.axes.size(); ++a)
    if (is_merged(p, axes, a)) phases *= p.axes[a].s;
  return phases;
}

// The twin's channel is phases (the outermost axis' first) * oc + channel; a tap along a merged
// axis is s times the twin's and the phase.
void use_phases(PackedFilter& filter, const Problem& p, const Problem& twin, int axes) {
  for (PackedFilter& more : filter.more) use_phases(more, p, twin, axes);
  const std::size_t rank = filter.dims.size();
  std::vector<PackedFilter::Form> taps;
  std::size_t next = 0;
  std::int64_t inner = p.oc * merged_phases(p, axes);  // channels of a phase of this axis
  for (std::size_t a = 0; a < p.axes.size(); ++a) {
    const Axis& axis = p.axes[a];
    const bool merged = is_merged(p, axes, a);
    PackedFilter::Form form{.constant = 0, .coeffs = std::vector<std::int64_t>(rank, 0)};
    if (axis.k > (merged ? axis.s : 1)) {
      while (twin.axes[next].k == 1) ++next;
      form = filter.taps[next++];
    }
    if (merged) {
      if (form.divide != 1 || form.modulo != 0 || form.base_constant != 0 || !form.base.empty())
        throw std::logic_error("a merged plan's taps must be affine");
      inner /= axis.s;
      PackedFilter::Form of_phase = filter.oc;
      of_phase.divide = inner;
      of_phase.modulo = axis.s;
      of_phase.base_constant = form.constant * axis.s;
      of_phase.base = std::move(form.coeffs);
      for (std::int64_t& c : of_phase.base) c *= axis.s;
      form = std::move(of_phase);
    }
    taps.push_back(std::move(form));
  }
  filter.taps = std::move(taps);
  filter.oc.modulo = p.oc;
}

std::string why_not_axis(const Problem& p, const Plan& plan, std::size_t a) {
  const Axis& axis = p.axes[a];
  const std::string name = a + 1 == p.axes.size() ? "the width" : fmt::format("axis {}", a);
  if (axis.d != 1) return fmt::format("merged needs no dilation along {}", name);
  // A tap more that is 0 would be multiplied by inputs that may not be finite; winograd spreads
  // these in any case.
  if (axis.k % axis.s != 0 && plan.schedule != Schedule::winograd)
    return fmt::format("merged needs a kernel that is a multiple of the stride along {}", name);
  // Outputs that no input reaches are exactly the bias, which a tile does not keep to.
  if (axis.k % axis.s != 0)
    for (const Run& r : runs(phases(axis)))
      if (r.taps == 0 || r.q_begin < 0 || r.q_end > axis.i + r.taps - 1)
        return fmt::format("merged: {} has outputs that no input reaches", name);
  return {};
}

}  // namespace

std::string why_not_merged(const Problem& p, const Plan& plan, const ir::Target& target) {
  const auto axes = static_cast<std::size_t>(plan.merged);
  if (axes > p.axes.size())
    return fmt::format("merged={}: the reduced problem has {} axes", axes, p.axes.size());
  if (p.layout != Layout::channels_last) return "merged is channels-last: use transposed";
  for (std::size_t a = p.axes.size() - axes; a < p.axes.size(); ++a)
    if (std::string reason = why_not_axis(p, plan, a); !reason.empty()) return reason;
  const Axis &first = p.axes[p.axes.size() - axes], &w = p.axes.back();
  if (first.s == 1)
    return axes == 1 ? "merged needs a stride along the width"
                     : fmt::format("merged={} needs a stride along the first of its axes", axes);
  const std::int64_t shorter = p.i_min > 0 ? w.i - p.i_min : 0;  // of the shortest run
  if ((w.p % w.s != 0 || w.o % w.s != 0) && phases(w).blocks() - shorter < 2)
    return "merged needs two blocks along the width, or whole ones";
  if (p.g != 1) return "merged needs a single group";
  if (p.output_pixel_stride != 0 && p.output_pixel_stride != p.oc)
    return "merged needs an output without gaps between its pixels";
  const std::int64_t channels = p.oc * merged_phases(p, plan.merged);
  if (axes > 1 && channels > std::int64_t{plan.nr} * target.lanes(p.sum_dtype()))
    return fmt::format("merged={} needs a register tile that holds all {} channels of a block",
                       axes, channels);
  return {};
}

Problem merged_twin(const Problem& problem, int axes) {
  Problem twin = problem;
  const Axis& w = problem.axes.back();
  twin.oc *= merged_phases(problem, axes);
  if (twin.output_pixel_stride != 0) twin.output_pixel_stride = twin.oc;
  if (w.p % w.s != 0 || w.o % w.s != 0 || axes > 1) {
    twin.row_begin = w.p % w.s * problem.oc;
    twin.row_length = w.o * problem.oc;
  }
  for (std::size_t a = 0; a < problem.axes.size(); ++a) {
    const Axis& axis = problem.axes[a];
    const bool merged = is_merged(problem, axes, a);
    if (axes > 1 && a + 1 < problem.axes.size())
      twin.merged_blocks.push_back(merged ? Problem::Blocks{axis.s, axis.p % axis.s, axis.o}
                                          : Problem::Blocks{1, 0, axis.o});
    if (!merged) continue;
    Axis& t = twin.axes[a];
    t.o = phases(axis).blocks();
    t.k = ceil_div(axis.k, axis.s);
    t.p = axis.p / axis.s;
    t.s = 1;
  }
  return normalize(twin);
}

Lowered lower_merged(const Problem& p, const Problem& twin, int axes, Lowered inner,
                     const ir::Target& target) {
  use_phases(inner.filter, p, twin, axes);
  // Tensors of a value per channel become scratch memory that holds one per phase and channel.
  const std::size_t arguments = inner.arguments.size();
  ir::Builder b(target, std::move(inner.program));
  std::size_t stages = 0;
  const std::int64_t phases = merged_phases(p, axes);
  const ir::DType sum = p.sum_dtype();  // of the scratch memory
  for (std::size_t i = 0; i < arguments; ++i) {
    const ArgumentInfo info = inner.arguments[i];
    const ir::Buffer buffer = b.program().buffers[i];
    if (!one_per_channel(p, info)) continue;
    inner.arguments[i] = {.kind = Argument::scratch,
                          .bytes = info.bytes / ir::bytes(buffer.dtype) * ir::bytes(sum),
                          .align = 64};
    inner.arguments.push_back(info);
    inner.arguments.back().bytes = info.bytes / phases;
    const ViewId from = b.buffer("first_" + buffer.name, buffer.dtype, {p.oc}, buffer.kind);
    const ViewId to = b.view("all_" + buffer.name, static_cast<ViewId>(i), 0, sum, {phases, p.oc});
    emit_repeated(b, "repeat_" + buffer.name, sum, from, to, phases, p.oc);
    ++stages;
  }
  inner.program = b.take();
  for (std::size_t i = 0; i < arguments; ++i) {
    if (inner.arguments[i].kind != Argument::scratch) continue;
    inner.program.buffers[i].kind = ir::BufferKind::scratch;
    inner.program.buffers[i].dtype = inner.program.views[i].dtype = sum;
  }
  auto& s = inner.program.stages;
  std::rotate(s.begin(), s.end() - static_cast<std::ptrdiff_t>(stages), s.end());
  return inner;
}

}  // namespace tconv::planner
