// Where outputs of channels-last schedules go. As a rule the pixels of the problem are the
// output's; rows of a merged problem are cut (Problem::row_begin): a pixel at either end of a row
// is only partly there.
#pragma once

#include <functional>
#include <vector>

#include "ir/builder.h"
#include "planner/problem.h"

namespace tconv::planner {

// The index of a channel at `position` (along all axes) in the output and in tensors of its shape.
std::vector<ir::Affine> output_index(const Problem& problem, const ir::Affine& n,
                                     const ir::Affine& channel,
                                     const std::vector<ir::Affine>& position);
// `store` for the lanes of the vector at `channel` that are there, if any; `column` is the pixel's
// position along the width.
void each_part(ir::Builder& b, const Problem& problem, const ir::Affine& column,
               const ir::Affine& channel, ir::Lanes lanes,
               const std::function<void(ir::Lanes)>& store);
// Whole vectors of channels lie at multiples of the vector's size, as streaming stores need it.
bool aligned_vectors(const Problem& problem, int lanes);

}  // namespace tconv::planner
