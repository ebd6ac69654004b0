#include "planner/schedules/cut_row.h"

#include <algorithm>

#include "planner/schedules/tensors.h"

namespace tconv::planner {
namespace {

using ir::Affine;
using ir::Lanes;

// Channels of one pixel of a row, those of the first pixel that are there from `first` on, of the
// last one, which only a run may know, before `past`.
struct Row {
  std::int64_t channels = 0, first = 0, past = 0;
  Affine last;

  Row(const Problem& p, const Affine& length)
      : channels(p.oc), first(p.row_begin), last(length - 1) {
    for (const Problem::Blocks& a : p.merged_blocks) channels /= a.s;
    past = p.row_begin + p.row_length - (p.axes.back().o - 1) * channels;
  }
};

// Lanes lo..hi of `count`.
Lanes lanes_of(std::int64_t lo, std::int64_t hi, int count) {
  if (lo <= 0 && hi >= count) return {};
  return {static_cast<int>(std::max<std::int64_t>(lo, 0)),
          static_cast<int>(std::min<std::int64_t>(hi, count))};
}

// The lanes of one row, where the channel of lane 0 is a number (maybe negative).
void row_part(ir::Builder& b, const Row& row, const Affine& column, std::int64_t channel,
              std::int64_t lo, std::int64_t hi, int count,
              const std::function<void(Lanes)>& store) {
  const std::int64_t first = std::max(lo, row.first - channel);
  const std::int64_t past = std::min(hi, row.past - channel);
  std::vector<Affine> whole;
  if (first > lo) whole.push_back(column - 1);
  if (past < hi) whole.push_back(row.last - column - 1);
  b.when(whole, [&] { store(lanes_of(lo, hi, count)); });
  if (first > lo && first < hi) b.when({column * -1}, [&] { store(lanes_of(first, hi, count)); });
  if (past < hi && past > lo)
    b.when({column - row.last}, [&] { store(lanes_of(lo, past, count)); });
}

// The rows of a vector, from the phases of the axes before the width.
void each_row(ir::Builder& b, const Problem& p, const Row& row, const Affine& n,
              const std::vector<Affine>& position, std::int64_t channel, std::int64_t end,
              int count, const StorePart& store) {
  for (std::int64_t phase = 0; phase * row.channels < channel + end; ++phase) {
    const std::int64_t in_row = channel - phase * row.channels;  // of lane 0
    const std::int64_t lo = std::max<std::int64_t>(0, -in_row);
    const std::int64_t hi = std::min(end, row.channels - in_row);
    if (lo >= hi) continue;
    std::vector<Affine> index = {n}, inside;
    std::int64_t rest = phase;
    for (std::size_t a = p.merged_blocks.size(); a-- > 0;) {
      const Problem::Blocks& x = p.merged_blocks[a];
      const std::int64_t offset = rest % x.s - x.begin;
      const Affine o = position[a] * x.s + offset;
      rest /= x.s;
      if (offset < 0) inside.push_back(o);
      if ((p.axes[a].o - 1) * x.s + offset >= x.o) inside.push_back(x.o - 1 - o);
      index.insert(index.begin() + 1, o);
    }
    index.push_back(position.back() * row.channels + (in_row - p.row_begin));
    b.when(inside, [&] {
      row_part(b, row, position.back(), in_row, lo, hi, count,
               [&](Lanes lanes) { store(index, lanes); });
    });
  }
}

}  // namespace

void each_part(ir::Builder& b, const Problem& p, const Affine& length, const Affine& n,
               const std::vector<Affine>& position, const Affine& channel, Lanes lanes,
               const StorePart& store) {
  if (p.row_length == 0) return store(tensor_index(p, n, channel, position), lanes);
  const int L = b.lanes(p.sum_dtype()), end = lanes.all() ? L : lanes.hi;
  const Row row(p, length);
  if (has_parts(p)) return each_row(b, p, row, n, position, channel.constant(), end, L, store);
  std::vector<Affine> index;
  if (p.i_min == 0) index.push_back(n);
  index.insert(index.end(), position.begin(), position.end());
  index.back() = index.back() * p.oc + channel - p.row_begin;
  const Affine& column = position.back();
  const auto put = [&](Lanes part) { store(index, part); };
  const bool cut_first = row.first > 0, cut_last = row.past < p.oc;
  std::vector<Affine> whole;
  if (cut_first) whole.push_back(column - 1);
  if (cut_last) whole.push_back(row.last - column - 1);
  b.when(whole, [&] { put(lanes); });
  // Vectors begin at multiples of L, so that a cut lies in one of them, at a lane that is known.
  if (cut_first)
    b.when({column * -1}, [&] {
      b.when({channel - row.first}, [&] { put(lanes); });
      const auto lane = static_cast<int>(row.first % L);
      const std::int64_t at = row.first - lane;
      if (lane > 0 && lane < end) b.when({channel - at, at - channel}, [&] { put({lane, end}); });
    });
  if (cut_last)
    b.when({column - row.last}, [&] {
      b.when({row.past - end - channel}, [&] { put(lanes); });
      const auto lane = static_cast<int>(row.past % L);
      const std::int64_t at = row.past - lane;
      if (lane > 0 && lane < end) b.when({channel - at, at - channel}, [&] { put({0, lane}); });
    });
}

RowCuts row_cuts(const Problem& p) {
  if (p.row_length == 0) return {};
  const Row row(p, p.axes.back().o);
  return {.first = row.first > 0, .last = row.past < row.channels};
}

std::int64_t most_parts(const Problem& p) {
  std::int64_t parts = p.row_length > 0 ? 3 : 1;
  for (const Problem::Blocks& a : p.merged_blocks) parts *= a.s;
  return parts;
}

bool aligned_vectors(const Problem& p, int lanes) {
  return p.merged_blocks.empty() && p.group_oc() % lanes == 0 &&
         p.output_pixel_stride % lanes == 0 && p.row_begin % lanes == 0 &&
         p.row_length % lanes == 0;
}

}  // namespace tconv::planner
