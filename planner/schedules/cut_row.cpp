#include "planner/schedules/cut_row.h"

#include "planner/schedules/tensors.h"

namespace tconv::planner {

using ir::Affine;
using ir::Lanes;

std::vector<Affine> output_index(const Problem& p, const Affine& n, const Affine& channel,
                                 const std::vector<Affine>& position) {
  if (p.row_length == 0) return tensor_index(p, n, channel, position);
  std::vector<Affine> index = {n};
  index.insert(index.end(), position.begin(), position.end());
  index.back() = index.back() * p.oc + channel - p.row_begin;
  return index;
}

void each_part(ir::Builder& b, const Problem& p, const Affine& column, const Affine& channel,
               Lanes lanes, const std::function<void(Lanes)>& store) {
  if (p.row_length == 0) return store(lanes);
  const int L = b.lanes(p.sum_dtype()), end = lanes.all() ? L : lanes.hi;
  const std::int64_t last = p.axes.back().o - 1;
  // Channels of the first pixel from `first` on, of the last one before `past`.
  const std::int64_t first = p.row_begin, past = p.row_begin + p.row_length - last * p.oc;
  const bool cut_first = first > 0, cut_last = past < p.oc;
  std::vector<Affine> whole;
  if (cut_first) whole.push_back(column - 1);
  if (cut_last) whole.push_back(last - 1 - column);
  b.when(whole, [&] { store(lanes); });
  // Vectors begin at multiples of L, so that a cut lies in one of them, at a lane that is known.
  if (cut_first)
    b.when({column * -1}, [&] {
      b.when({channel - first}, [&] { store(lanes); });
      const auto lane = static_cast<int>(first % L);
      const std::int64_t at = first - lane;
      if (lane > 0 && lane < end) b.when({channel - at, at - channel}, [&] { store({lane, end}); });
    });
  if (cut_last)
    b.when({column - last}, [&] {
      b.when({past - end - channel}, [&] { store(lanes); });
      const auto lane = static_cast<int>(past % L);
      const std::int64_t at = past - lane;
      if (lane > 0 && lane < end) b.when({channel - at, at - channel}, [&] { store({0, lane}); });
    });
}

bool aligned_vectors(const Problem& p, int lanes) {
  return p.group_oc() % lanes == 0 && p.output_pixel_stride % lanes == 0 &&
         p.row_begin % lanes == 0 && p.row_length % lanes == 0;
}

}  // namespace tconv::planner
