// Phases along the width as output channels. The s phases of a block are neighbours in the output:
// s pixels of oc channels are one of s * oc, and the layer is one of stride 1. Vectors are filled
// over the phases, rows are written without gaps, and minimal filtering sees k / s taps. Where the
// crop is no multiple of the stride the first and the last block of a row are cut
// (schedules/cut_row).
#include <algorithm>

#include "ir/builder.h"
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

// The twin's channel is phase * oc + channel, its tap along the width the tap of the phase.
void use_phases(PackedFilter& filter, const Problem& p, const Problem& twin) {
  for (PackedFilter& more : filter.more) use_phases(more, p, twin);
  const std::size_t rank = filter.dims.size();
  std::vector<PackedFilter::Form> taps;
  std::size_t next = 0;
  for (std::size_t a = 0; a < p.axes.size(); ++a) {
    const Axis& axis = p.axes[a];
    const bool width = a + 1 == p.axes.size();
    PackedFilter::Form form{.constant = 0, .coeffs = std::vector<std::int64_t>(rank, 0)};
    if (axis.k > (width ? axis.s : 1)) {
      while (twin.axes[next].k == 1) ++next;
      form = filter.taps[next++];
    }
    if (width) {  // tap * s + phase
      form.constant = form.constant * axis.s * p.oc + filter.oc.constant;
      for (std::size_t d = 0; d < rank; ++d)
        form.coeffs[d] = form.coeffs[d] * axis.s * p.oc + filter.oc.coeffs[d];
      form.divide = p.oc;
    }
    taps.push_back(std::move(form));
  }
  filter.taps = std::move(taps);
  filter.oc.modulo = p.oc;
}

}  // namespace

std::string why_not_merged(const Problem& p) {
  const Axis& w = p.axes.back();
  if (p.layout != Layout::channels_last) return "merged is channels-last: use transposed";
  if (w.s == 1 || w.d != 1) return "merged needs a stride along the width, and no dilation";
  if (w.k % w.s != 0) return "merged needs a kernel width that is a multiple of the stride";
  if ((w.p % w.s != 0 || w.o % w.s != 0) && phases(w).blocks() < 2)
    return "merged needs two blocks along the width, or whole ones";
  if (p.g != 1) return "merged needs a single group";
  if (p.output_pixel_stride != 0 && p.output_pixel_stride != p.oc)
    return "merged needs an output without gaps between its pixels";
  if (p.i_min > 0) return "merged needs a length that is known";
  return {};
}

Problem merged_twin(const Problem& problem) {
  Problem twin = problem;
  Axis& w = twin.axes.back();
  twin.oc *= w.s;
  if (twin.output_pixel_stride != 0) twin.output_pixel_stride = twin.oc;
  if (w.p % w.s != 0 || w.o % w.s != 0) {
    twin.row_begin = w.p % w.s * problem.oc;
    twin.row_length = w.o * problem.oc;
  }
  w.o = phases(w).blocks();
  w.k /= w.s;
  w.p /= w.s;
  w.s = 1;
  return normalize(twin);
}

Lowered lower_merged(const Problem& p, const Problem& twin, Lowered inner,
                     const ir::Target& target) {
  use_phases(inner.filter, p, twin);
  // Tensors of a value per channel become scratch memory that holds one per phase and channel.
  const std::size_t arguments = inner.arguments.size();
  ir::Builder b(target, std::move(inner.program));
  std::size_t stages = 0;
  const std::int64_t phases = p.axes.back().s;
  for (std::size_t i = 0; i < arguments; ++i) {
    const ArgumentInfo info = inner.arguments[i];
    const ir::Buffer buffer = b.program().buffers[i];
    if (!one_per_channel(p, info)) continue;
    inner.arguments[i] = {.kind = Argument::scratch, .bytes = info.bytes, .align = 64};
    inner.arguments.push_back(info);
    inner.arguments.back().bytes = info.bytes / phases;
    const ViewId from = b.buffer("first_" + buffer.name, buffer.dtype, {p.oc}, buffer.kind);
    const ViewId to =
        b.view("all_" + buffer.name, static_cast<ViewId>(i), 0, buffer.dtype, {phases, p.oc});
    emit_repeated(b, "repeat_" + buffer.name, buffer.dtype, from, to, phases, p.oc);
    ++stages;
  }
  inner.program = b.take();
  for (std::size_t i = 0; i < arguments; ++i)
    if (inner.arguments[i].kind == Argument::scratch)
      inner.program.buffers[i].kind = ir::BufferKind::scratch;
  auto& s = inner.program.stages;
  std::rotate(s.begin(), s.end() - static_cast<std::ptrdiff_t>(stages), s.end());
  return inner;
}

}  // namespace tconv::planner
