// Where outputs of channels-last schedules go. As a rule the pixels of the problem are the
// output's; rows of a merged problem are cut (Problem::row_begin): a pixel at either end of a row
// is only partly there. Where phases of further axes are channels, a vector of channels lies in
// several rows.
#pragma once

#include <functional>
#include <vector>

#include "ir/builder.h"
#include "planner/problem.h"

namespace tconv::planner {

// `store` for the lanes of the vector at `channel` that are there, part by part: with their index
// (of lane 0, be it there or not) in the output and in tensors of its shape. `position` is the
// pixel's along all axes. With merged_blocks, `channel` is a number.
using StorePart = std::function<void(const std::vector<ir::Affine>& index, ir::Lanes lanes)>;
// `length` is the width's, in pixels of the problem.
void each_part(ir::Builder& b, const Problem& problem, const ir::Affine& length,
               const ir::Affine& n, const std::vector<ir::Affine>& position,
               const ir::Affine& channel, ir::Lanes lanes, const StorePart& store);
// Which ends of a row have a pixel that is only partly there.
struct RowCuts {
  bool first = false, last = false;
};
RowCuts row_cuts(const Problem& problem);
// More than one part of a vector may be there.
inline bool has_parts(const Problem& problem) { return !problem.merged_blocks.empty(); }
// At most so many parts are written out for a vector of channels.
std::int64_t most_parts(const Problem& problem);
// Whole vectors of channels lie at multiples of the vector's size, as streaming stores need it.
bool aligned_vectors(const Problem& problem, int lanes);

}  // namespace tconv::planner
