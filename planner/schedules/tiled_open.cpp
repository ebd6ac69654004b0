// Tiles along an extent that only a run knows: the length of the width axis, or the batch. Phases
// and taps do not depend on it, and every position counted from the end moves with it, so loop
// bounds are affine in its param; how many tiles fit is a derived param, and what is left over goes
// through a tile of exactly that many pixels.
#include <fmt/format.h>

#include <algorithm>

#include "planner/schedules/rest_tile.h"
#include "planner/schedules/tiled.h"

namespace tconv::planner {

using ir::Affine;

int least_rest(const Problem& p, int mr) {
  const std::int64_t row = std::max<std::int64_t>(phases(p.axes.back()).blocks(), 1);
  return static_cast<int>(std::min<std::int64_t>((mr + 1) / 2, row));
}

Plan image_plan(const Problem& p, const Plan& plan) {
  Plan images = plan;
  images.tile = TileAxis::w;
  images.cols = 0;
  images.prefetch = false;
  const std::int64_t rows = p.axes.size() > 1 ? phases(p.axes[p.axes.size() - 2]).blocks() : 1;
  images.rows = static_cast<int>(std::min<std::int64_t>(plan.rows, rows));
  return images;
}

std::string why_not_open(const Problem& p, const Plan& plan) {
  const bool along_batch = plan.tile == TileAxis::n;
  if ((p.i_min > 0 || (p.n_min > 0 && along_batch)) && plan.mr > kTallestOpen)
    return fmt::format("mr={}, along an extent that is known only at run time at most {}", plan.mr,
                       kTallestOpen);
  if (p.i_min == 0) return {};
  if (along_batch) return "tile=n needs a batch";
  if (plan.cols == 0) return "a length that is known only at run time needs cols";
  return {};
}

Affine Tiled::from_end(std::int64_t position) const {
  return tensors_.i + (position - width_.axis.i);
}

void Tiled::declare_open() {
  const auto declare = [&](const Affine& length) {
    for (const Open& o : open_)
      if (o.length == length) return;
    const Affine whole = b_.param_ceil("tiles", length - (plan_.mr - 1), plan_.mr);
    open_.push_back({length, whole, b_.param_ceil("rest", length - whole * plan_.mr, 1)});
  };
  if (!along_width()) {
    if (problem_.n_min > 0) declare(tensors_.n);
    return;
  }
  if (problem_.i_min == 0) return;
  std::int64_t end = first_block();
  for (const Run& r : runs_) {
    end = std::max(end, r.q_end);
    if (r.taps > 0) {
      const TileRange tiles = tile_range(r);
      declare(from_end(tiles.end) - tiles.begin);
    }
  }
  // Blocks count from the first of all runs, so the last one holds whatever lies at the far end.
  grid_blocks_ = b_.param_ceil("blocks", from_end(end) - first_block(), block_pixels_);
}

const Tiled::Open& Tiled::open(const Affine& length) const {
  return *std::find_if(open_.begin(), open_.end(),
                       [&](const Open& o) { return o.length == length; });
}

// The blocks of a run that go through register tiles, for the longest input: those that meet taps,
// without a padded strip those that meet all of them. Where the input is short there may be none.
Tiled::TileRange Tiled::tile_range(const Run& run) const {
  const std::int64_t halo = (run.taps - 1) * width_.D;
  const std::int64_t begin = std::max<std::int64_t>(run.q_begin, 0);
  if (plan_.strip) return {begin, std::min(width_.axis.i + halo, run.q_end)};
  return {std::max(begin, halo), std::min(width_.axis.i, run.q_end)};
}

void Tiled::open_width_tiles(const Run& run) {
  const std::int64_t first = first_block(), origin = std::max<std::int64_t>(first, 0);
  const std::int64_t begin = std::max<std::int64_t>(run.q_begin, 0);
  const Affine end = from_end(run.q_end);
  Run none = run;
  none.taps = 0;
  if (run.taps == 0) return open_pixels(none, {run.q_begin}, {end}, first, Border::none);
  if (run.q_begin < begin) open_pixels(none, {run.q_begin}, {begin, end}, first, Border::none);
  const TileRange tiles = tile_range(run);
  // One past the last block that any tap reaches.
  const std::int64_t reach = std::min(width_.axis.i + (run.taps - 1) * width_.D, run.q_end);
  if (begin < tiles.begin)
    open_pixels(run, {begin}, {tiles.begin, from_end(reach)}, origin, Border::skipped);
  open_tiles(run, tiles.begin, from_end(tiles.end), Border::padded);
  if (tiles.end < reach)
    open_pixels(run, {tiles.begin, from_end(tiles.end)}, {from_end(reach)}, origin,
                Border::skipped);
  if (reach < run.q_end) open_pixels(none, {begin, from_end(reach)}, {end}, first, Border::none);
}

// Pixels one by one, each in the block of the grid that it lies in; blocks count from `first`.
void Tiled::open_pixels(const Run& run, std::vector<Affine> lo, std::vector<Affine> hi,
                        std::int64_t first, Border border) {
  const Affine block = wb_ * block_pixels_;
  for (Affine& a : lo) a -= block;
  for (Affine& a : hi) a -= block;
  lo.emplace_back(first);
  hi.emplace_back(first + block_pixels_);
  b_.loop("v", lo, hi, [&](const Affine& v) { tile(run, block + v, 1, border); });
}

void Tiled::open_tiles(const Run& run, std::int64_t begin, const Affine& end, Border border) {
  const Open& o = open(end - begin);
  const std::int64_t mr = plan_.mr, per_block = block_pixels_ / mr;
  const Affine base = begin + wb_ * block_pixels_, whole = o.whole - wb_ * per_block;
  b_.loop("m", {0}, {per_block, whole}, [&](const Affine& m) {
    tile_ = m;
    tile(run, base + m * mr, plan_.mr, border);
    tile_.reset();
  });
  if (mr == 1) return;
  b_.loop("m", {0, whole}, {per_block, whole + 1}, [&](const Affine& m) {
    rest_tile(b_, o.rest, 1, plan_.mr - 1,
              [&](int pixels) { tile(run, base + m * mr, pixels, border); });
  });
}

// A rest of few images would leave most of the machine idle; they are computed one by one, in tiles
// along the width.
void Tiled::take_images(const Tiled& tiles) {
  tensors_ = tiles.tensors_;
  packed_ = tiles.packed_;
  const Open& o = tiles.open(tensors_.n);
  const int mr = tiles.plan_.mr, least = least_rest(problem_, mr);
  const Affine few = b_.param_ceil("few", least - o.rest, mr);  // 1 if rest < least, else 0
  images_ = few * (least - 1);
  first_image_ = o.whole * mr;
  declare();
}

void Tiled::open_batch_tiles() {
  const Open& o = open(tensors_.n);
  const Run all{.t_begin = 0, .t_end = 1, .taps = 1};
  const auto tiles = [&](const Affine& m, int pixels) {
    n_ = m * plan_.mr;
    tile(all, 0, pixels, Border::padded);
  };
  b_.loop("m", 0, o.whole, [&](const Affine& m) { tiles(m, plan_.mr); });
  const int least = least_rest(problem_, plan_.mr);
  if (least == plan_.mr) return;
  // A loop of one round: as a param the number of the tile would be part of the pointer.
  b_.loop("m", o.whole, o.whole + 1, [&](const Affine& m) {
    rest_tile(b_, o.rest, least, plan_.mr - 1, [&](int pixels) { tiles(m, pixels); });
  });
}

}  // namespace tconv::planner
