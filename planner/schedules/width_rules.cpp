// Which plans width can lower.
#include <fmt/format.h>

#include <algorithm>

#include "planner/schedules/ahead.h"
#include "planner/schedules/width.h"

namespace tconv::planner {
namespace {

std::string why_not_post(const Problem& p, const WidthSizes& sizes, const ir::Target& target) {
  const int lanes = target.lanes(p.sum_dtype());
  const std::size_t begin = plane_post_ops(p, sizes, lanes);
  Problem row = p, plane = p;
  const auto split = p.post.begin() + static_cast<std::ptrdiff_t>(begin);
  plane.post = std::vector<PostOp>(p.post.begin(), split);
  row.post = std::vector<PostOp>(split, p.post.end());
  if (p.layout == Layout::channels_last && p.oc > 1)
    for (const PostOp& op : row.post)
      if (op.kind == PostKind::prelu)
        return "a prelu after add or mul needs one channel per vector";
  const Tensors none;
  // A transposed block, or a vector and what is merged into it, and one of lane numbers; then one
  // vector's post-ops, the others wait in memory if they must.
  const int work = sizes.planes >= lanes ? lanes : 1;
  const int row_post = Epilogue(row, none).registers(target);
  const bool wait = work > 1 && TransposedVectors::wait(target, p.sum_dtype(), row_post);
  const int registers =
      std::max({work + 3, 1 + row_post, 1 + Epilogue(plane, none).registers(target)});
  if (registers > target.registers)
    return fmt::format("writing a row needs {} registers, {} has {}", registers, target.name,
                       target.registers);
  const auto operands = std::count_if(p.post.begin(), p.post.end(),
                                      [](const PostOp& o) { return o.takes_operand(); });
  const auto views = operands + 5 + (p.bias ? 1 : 0) + (wait ? 1 : 0);
  if (views > target.pointers)
    return fmt::format("{} tensors and local buffers, {} has {} pointers", views, target.name,
                       target.pointers);
  return {};
}

}  // namespace

std::string why_not_width(const Problem& p, const Plan& plan, const ir::Target& target) {
  if (plan.mr < 1 || plan.nr < 1 || plan.rows < 1) return "mr, nr and rows must be at least 1";
  if (plan.tile != TileAxis::w || plan.panels != 0 || plan.ku != 1 || plan.strip)
    return "width has no tile=n, panels, ku or strip: it always has a strip";
  if (!can_transpose(target, p.sum_dtype()))
    return fmt::format("width transposes, and {} lanes of {} leave no registers for it",
                       target.lanes(p.sum_dtype()), ir::name(p.sum_dtype()));
  if (plan.ordered && !adds_channels_first(p))
    return "ordered: width adds in the definition's order here without it";
  if (plan.rows > 1 && p.axes.size() == 1) return "rows needs a second axis";
  if (p.i_min > 0) return "width writes whole rows: their length must be known";
  const bool whole_rows = plan.cols == 0 || p.axes.size() == 1;
  if (std::string reason = why_not_prefetch(p, plan, whole_rows); !reason.empty()) return reason;
  const bool last = p.layout == Layout::channels_last;
  if (last && p.output_pixel_stride > p.oc)
    return "an output pixel stride: rows are written as a whole";
  const int lanes = target.lanes(p.sum_dtype());
  if (plan.cols % (std::int64_t{plan.nr} * lanes) != 0)
    return "cols must be a multiple of nr vectors";
  constexpr std::int64_t kMostStride = 1 << 16;
  const Axis& a = p.axes.back();
  if (a.s > kMostStride) return fmt::format("a stride above {}", kMostStride);

  const WidthBlocks blocks = width_blocks(p, plan.mr);
  const int planes = blocks.residues * blocks.channels;
  if (planes != plan.mr)
    return fmt::format("mr={} is no number of residues x channels, {} is", plan.mr, planes);
  const int operands = planes == 1 && plan.nr > 1                           ? 1
                       : plan.nr == 1 && target.bcast_operand && planes > 1 ? 1
                                                                            : plan.nr + 1;
  const int registers = planes * plan.nr + operands + p.type().multiply_add_registers;
  if (registers > target.registers)
    return fmt::format("a tile of {}x{} needs {} registers, {} has {}", planes, plan.nr, registers,
                       target.name, target.registers);
  const WidthSizes sizes(p, plan, lanes, blocks);
  const std::int64_t row = a.o * (last ? p.oc : 1);
  if (plan.stream && (row % lanes != 0 || (sizes.planes >= lanes && sizes.planes % lanes != 0)))
    return "stream needs rows of whole vectors";
  const std::string post = why_not_post(p, sizes, target);
  if (!post.empty()) return post;

  constexpr std::int64_t kMostPlaneBytes = 1 << 20, kMostStripBytes = 8 << 20;
  const std::int64_t element = ir::bytes(p.sum_dtype());
  const std::int64_t plane_bytes = sizes.stored_planes * sizes.plane_columns * element;
  if (plane_bytes > kMostPlaneBytes)
    return fmt::format("the planes of a row take {} bytes, at most {}", plane_bytes,
                       kMostPlaneBytes);
  double strip_bytes = static_cast<double>(sizes.strip_columns * sizes.strip_channels * element);
  for (std::size_t i = 0; i + 1 < p.axes.size(); ++i) {
    const AxisPhases x = phases(p.axes[i]);
    const bool several = i + 2 == p.axes.size() && plan.rows > 1;
    strip_bytes *= static_cast<double>(several ? plan.rows + x.halo() : x.taps);
  }
  if (strip_bytes > static_cast<double>(kMostStripBytes))
    return fmt::format("the strip takes {:.0f} bytes, at most {}", strip_bytes, kMostStripBytes);

  // Every shape of a block of residues is a copy of the tile's code, twice where columns are left
  // over.
  constexpr std::int64_t kMostProducts = 6000;
  std::int64_t products = 0;
  for (const ResidueBlocks& b : blocks.blocks)
    products +=
        std::min<std::int64_t>(b.products() * blocks.channels * plan.nr, 256) + planes * plan.nr;
  products *=
      (sizes.vectors % plan.nr != 0 ? 2 : 1) * (p.group_oc() % blocks.channels != 0 ? 2 : 1);
  if (products > kMostProducts)
    return fmt::format("{} different residues: too much code", blocks.blocks.size());
  return {};
}

}  // namespace tconv::planner
