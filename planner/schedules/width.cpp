#include "planner/schedules/width.h"
#include "planner/integer.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace tconv::planner {
namespace {

std::int64_t odd_vectors(std::int64_t columns, int lanes) {
  const std::int64_t v = ceil_div(columns, lanes);
  return (v + (v % 2 == 0 ? 1 : 0)) * lanes;
}

// The post-ops begin..end of the problem.
Problem with_post(Problem p, std::size_t begin, std::size_t end) {
  const auto at = [&p](std::size_t i) { return p.post.begin() + static_cast<std::ptrdiff_t>(i); };
  p.post = std::vector<PostOp>(at(begin), at(end));
  return p;
}

}  // namespace

WidthSizes::WidthSizes(const Problem& p, const Plan& plan, int L, const WidthBlocks& r) {
  const Axis& a = p.axes.back();
  const bool last = p.layout == Layout::channels_last;
  const std::int64_t columns = ceil_div(a.o, a.s), tile = std::int64_t{plan.nr} * L;
  vectors = ceil_div(columns, L);
  block_columns = vectors * L;
  if (plan.cols > 0 && plan.cols < block_columns) {
    block_columns = plan.cols / tile * tile;
    blocks = ceil_div(vectors * L, block_columns);
  }
  strip_columns = odd_vectors(block_columns + r.last_delta - r.first_delta, L);
  plane_columns = odd_vectors(block_columns + L, L);
  planes = a.s * (last ? p.oc : 1);
  stored_planes = last ? planes : a.s * r.channels;
  strip_channels = last ? p.ic : p.group_ic();
}

std::size_t plane_post_ops(const Problem& p, const WidthSizes& sizes, int lanes) {
  const auto find = [&](auto&& wanted) {
    return static_cast<std::size_t>(std::find_if(p.post.begin(), p.post.end(), wanted) -
                                    p.post.begin());
  };
  const bool mixed = p.layout == Layout::channels_last && p.oc > 1;
  const bool slopes =
      find([](const PostOp& o) { return o.kind == PostKind::prelu; }) < p.post.size();
  // Transposed rows leave few registers for post-ops, rows of mixed channels no broadcast slope.
  if (sizes.planes < lanes && !(mixed && slopes)) return 0;
  return find([](const PostOp& o) { return o.kind == PostKind::add || o.kind == PostKind::mul; });
}

Width::Width(const Problem& problem, const Plan& plan, const ir::Target& target)
    : problem_(problem),
      plan_(plan),
      b_(target),
      L_(target.lanes(problem.sum_dtype())),
      residues_(width_blocks(problem, plan.mr)),
      sizes_(problem, plan, L_, residues_),
      outer_(b_, problem_, problem_.axes.size() - 1, plan.rows),
      plane_epilogue_(plane_part_, plane_tensors_),
      row_epilogue_(row_part_, row_tensors_),
      ahead_(b_, problem_, plan.prefetch) {}

// [group][outer taps..][width taps][residue block][channel block][ic][residue][channel]
PackedFilter Width::packing() const {
  PackedFilter f{.dtype = problem_.sum_dtype(),
                 .dims = {problem_.g},
                 .group = {},
                 .oc = {},
                 .ic = {},
                 .taps = {}};
  const std::size_t outer = outer_.size();
  for (std::size_t a = 0; a < outer; ++a) f.dims.push_back(problem_.axes[a].k);
  for (std::int64_t d : {residues_.packed_taps, residues_.packed_blocks,
                         ceil_div(problem_.group_oc(), residues_.channels), problem_.group_ic(),
                         std::int64_t{residues_.residues}, std::int64_t{residues_.channels}})
    f.dims.push_back(d);
  const auto form = [&f](std::size_t at) { return PackedFilter::Form::index(f.dims.size(), at); };
  f.group = form(0);
  f.oc = form(outer + 6);
  f.oc.coeffs[outer + 3] = residues_.channels;
  f.ic = form(outer + 4);
  for (std::size_t a = 0; a < outer; ++a) f.taps.push_back(form(1 + a));
  f.taps.push_back(form(outer + 5));
  f.taps.back().constant = residues_.tap_constant;
  f.taps.back().coeffs[outer + 1] = residues_.tap_step;
  f.taps.back().coeffs[outer + 2] = residues_.residues;
  return f;
}

void Width::declare() {
  tensors_ = declare_tensors(b_, problem_, packed_, plan_.stream);
  ahead_.declare(tensors_);
  input_ = tensors_.input;
  // One channel: both layouts are the same memory.
  const bool plain = problem_.ic == 1 && problem_.input_pixel_stride <= 1;
  transposed_input_ = last() && !plain;
  std::vector<Affine> spatial;
  for (const Axis& a : problem_.axes) spatial.emplace_back(a.i);
  if (last() && plain)
    input_ = b_.view("xw", tensors_.input, 0, problem_.dtype,
                     tensor_index(Layout::channels_first, tensors_.n, 1, spatial));
  // Vectors cross pixels: the last dimension is a whole row.
  const auto flat = [&](ir::ViewId id, const std::string& name, ir::DType type) {
    std::vector<Affine> dims = {tensors_.n};
    for (std::size_t a = 0; a + 1 < problem_.axes.size(); ++a)
      dims.emplace_back(problem_.axes[a].o);
    dims.emplace_back(width().o * problem_.oc);
    return b_.view(name, id, 0, type, dims);
  };
  if (last()) tensors_.output = flat(tensors_.output, "yw", problem_.output_dtype());

  std::size_t begin = plane_post_ops(problem_, sizes_, L_), operand = 0;
  plane_part_ = with_post(problem_, 0, begin);
  row_part_ = with_post(problem_, begin, problem_.post.size());
  for (std::size_t i = 0; i < problem_.post.size(); ++i) {
    const PostOp& op = problem_.post[i];
    if (!op.takes_operand()) continue;
    ir::ViewId view = tensors_.operands[operand++];
    if (last() && op.kind != PostKind::prelu)
      view = flat(view, fmt::format("pw{}", operand), problem_.dtype);
    (i < begin ? plane_tensors_ : row_tensors_).operands.push_back(view);
  }

  std::vector<Affine> dims;
  for (std::int64_t rows : outer_.strip_rows()) dims.emplace_back(rows);
  dims.emplace_back(sizes_.strip_channels);
  dims.emplace_back(sizes_.strip_columns);
  strip_ = b_.buffer("s", problem_.sum_dtype(), dims, ir::BufferKind::local);
  const std::vector<Affine> planes = {sizes_.stored_planes, sizes_.plane_columns};
  planes_ = b_.buffer("p", problem_.sum_dtype(), planes, ir::BufferKind::local);
  if (sizes_.planes >= L_)
    transposed_.emplace(b_, problem_.sum_dtype(), row_epilogue_.registers(b_.target()));
}

Lowered Width::lower() {
  packed_ = packing();
  declare();
  std::vector<ir::Builder::Axis> grid = {{"g", last() ? 1 : problem_.g}, {"n", tensors_.n}};
  outer_.add_grid(grid);
  grid.push_back({"wb", sizes_.blocks});
  b_.stage([&] {
    b_.kernel(fmt::format("width_{}x{}", plan_.mr, plan_.nr), grid,
              [&](std::span<const Affine> point) { body(point); });
  });
  Lowered out;
  out.program = b_.take();
  out.filter = packed_;
  out.arguments = tensors_.arguments;
  const Axis& a = width();
  const std::int64_t last_column = ceil_div(a.o, a.s) - 1;
  out.needs_finite_filter = residues_.first_delta < 0 || last_column + residues_.last_delta >= a.i;
  return out;
}

void Width::body(std::span<const Affine> point) {
  group_ = point[0];
  n_ = point[1];
  outer_.start(point.subspan(2, outer_.size()));
  wb_ = point.back();
  fill_strip();
  look_ahead();
  outer_.each_row([&] { row(); });
}

std::int64_t Width::tiles_in_row() const {
  std::int64_t blocks = 0;
  for (const ResidueBlocks& r : residues_.blocks) blocks += r.count;
  return blocks * ceil_div(sizes_.block_columns, plan_.nr * L_);
}

void Width::look_ahead() {
  double steps = static_cast<double>(ceil_div(problem_.group_oc(), residues_.channels)) *
                 static_cast<double>(tiles_in_row() * looped_taps()) *
                 (outer_.size() > 0 ? plan_.rows : 1);
  for (std::size_t a = 0; a < outer_.size(); ++a) steps *= static_cast<double>(problem_.axes[a].k);
  std::vector<Ahead::Along> axes = outer_.along();
  axes.push_back({residues_.first_delta + wb_ * sizes_.block_columns, sizes_.block_columns,
                  sizes_.blocks, wb_});
  ahead_.next(n_, 1, axes, steps);
}

std::int64_t Width::looped_taps() const { return channels_first() ? 1 : residues_.packed_taps; }

void Width::prefetch(const Channels& channels, const Affine& tap, const Affine& channel) const {
  if (!ahead_.active()) return;
  Affine number = channels.block;
  const std::vector<Affine> taps = outer_.filter_tap();
  for (std::size_t a = 0; a < taps.size(); ++a) number = number * problem_.axes[a].k + taps[a];
  if (outer_.size() > 0) number = number * plan_.rows + outer_.row();
  ahead_.step((number * tiles_in_row() + tile_) * looped_taps() + tap, channel);
}

void Width::row() {
  if (!last()) return channel_blocks(group_);
  b_.loop("g", 0, problem_.g, [&](const Affine& g) { channel_blocks(g); });
  store_row(0, 0);
}

void Width::channel_blocks(const Affine& group) {
  const auto block = [&](const Affine& index, int count) {
    const Channels channels{group, index, count};
    residue_blocks(channels);
    if (last()) return;
    b_.loop("o", 0, count,
            [&](const Affine& o) { store_row(o * width().s, output_channel(channels, o)); });
  };
  const std::int64_t whole = problem_.group_oc() / residues_.channels;
  b_.loop("ob", 0, whole, [&](const Affine& index) { block(index, residues_.channels); });
  const auto rest = static_cast<int>(problem_.group_oc() % residues_.channels);
  if (rest != 0) block(whole, rest);
}

void Width::residue_blocks(const Channels& channels) {
  const std::int64_t nr = plan_.nr, whole = sizes_.vectors / nr;
  const auto rest = static_cast<int>(sizes_.vectors % nr);
  const std::int64_t per_block = sizes_.blocks == 1 ? whole : sizes_.block_columns / (nr * L_);
  std::int64_t before = 0;  // blocks of residues
  for (const ResidueBlocks& r : residues_.blocks) {
    b_.loop("rb", 0, r.count, [&](const Affine& block) {
      const Affine first = (block + before) * ceil_div(sizes_.block_columns, nr * L_);
      b_.loop("m", {0}, {per_block, whole - wb_ * per_block}, [&](const Affine& m) {
        tile_ = first + m;
        tile(channels, r, block, m * (nr * L_), plan_.nr);
      });
      if (rest == 0) return;
      const std::int64_t at = sizes_.blocks == 1 ? 0 : whole / per_block;
      tile_ = first + (whole - at * per_block);
      in_block(at, [&] { tile(channels, r, block, (whole - at * per_block) * nr * L_, rest); });
    });
    before += r.count;
  }
}

Width::Affine Width::output_channel(const Channels& c, const Affine& i) const {
  return c.group * problem_.group_oc() + c.block * residues_.channels + i;
}

void Width::in_block(std::int64_t block, const std::function<void()>& inside) {
  b_.when({wb_ - block, block - wb_}, inside);
}

Lowered lower_width(const Problem& problem, const Plan& plan, const ir::Target& target) {
  const std::string reason = why_not_width(problem, plan, target);
  require(reason.empty(), reason);
  return Width(problem, plan, target).lower();
}

}  // namespace tconv::planner
