// No product reaches any output: bias and post-ops alone.
#include "planner/schedules/epilogue.h"
#include "planner/schedules/schedule.h"

namespace tconv::planner {

using ir::Affine;
using ir::Lanes;

Lowered lower_bias_only(const Problem& problem, const Plan&, const ir::Target& target) {
  ir::Builder b(target);
  const int L = b.lanes(problem.sum_dtype());
  PackedFilter packed{
      .dtype = problem.dtype, .dims = {1}, .group = {}, .oc = {}, .ic = {}, .taps = {}};
  // One element that is never read: outside the filter, so that packing reads nothing either.
  packed.group = {-1, {0}};
  packed.oc = packed.ic = {0, {0}};
  packed.taps.assign(problem.axes.size(), {0, {0}});
  Lowered out{.program = {}, .filter = packed, .arguments = {}};

  const Tensors t = declare_tensors(b, problem, packed, false);
  out.arguments = t.arguments;
  const Epilogue epilogue(problem, t);
  const bool last = problem.layout == Layout::channels_last;
  const std::int64_t row = problem.axes.back().o;
  // A grid point is a whole row, or a block of one whose length only a run knows.
  constexpr std::int64_t kBlock = 1024;
  const bool open = problem.i_min > 0;
  const Affine blocks = open ? b.param_ceil("blocks", t.o, kBlock) : Affine(1);
  std::vector<ir::Builder::Axis> grid = {{"n", t.n}, {"c", last ? 1 : problem.oc}, {"wb", blocks}};
  for (std::size_t a = 0; a + 1 < problem.axes.size(); ++a)
    grid.push_back({"o" + std::to_string(a), problem.axes[a].o});
  if (output_elements(problem) == 0) {
    out.program = b.take();
    return out;
  }
  b.stage([&] {
    b.kernel("bias_only", grid, [&](std::span<const Affine> g) {
      const auto put = [&](const Affine& o, const Affine& channel, Lanes lanes) {
        b.scope([&] {
          const ir::Reg v = b.vec("v", {}, problem.sum_dtype());
          b.mov(v(), !problem.bias ? ir::bits(0)
                     : last        ? ir::load({t.bias, {channel}}, lanes)
                                   : ir::bcast({t.bias, {channel}}));
          std::vector<Affine> spatial(g.begin() + 3, g.end());
          spatial.push_back(o);
          const Place place{last, channel, tensor_index(problem, g[0], channel, spatial), lanes};
          epilogue.emit(b, v(), place);
          b.store({t.output, place.index}, v(), lanes);
        });
      };
      const std::int64_t length = last ? problem.oc : row;
      const auto vectors = [&](const std::function<void(const Affine&, Lanes)>& f) {
        b.loop("v", 0, length / L, [&](const Affine& v) { f(v * L, {}); });
        const auto rest = static_cast<int>(length % L);
        if (rest != 0) f(length - rest, {0, rest});
      };
      if (last) {
        const Affine first = g[2] * kBlock;
        b.loop("o", {0}, open ? std::vector<Affine>{kBlock, t.o - first} : std::vector<Affine>{row},
               [&](const Affine& o) {
                 vectors([&](const Affine& c, Lanes lanes) { put(first + o, c, lanes); });
               });
      } else {
        vectors([&](const Affine& o, Lanes lanes) { put(o, g[1], lanes); });
      }
    });
  });
  out.program = b.take();
  return out;
}

}  // namespace tconv::planner
