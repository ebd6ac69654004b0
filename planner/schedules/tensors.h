// The buffers that every schedule has: input, packed filter, bias, output, operands of the
// post-ops.
#pragma once

#include <optional>
#include <vector>

#include "ir/builder.h"
#include "planner/planner.h"

namespace tconv::planner {

// Views in the order of declaration. Channels-last tensors are [n, spatial.., channel],
// channels-first ones [n, channel, spatial..]; with a pixel stride the last dimension of the view
// is that stride.
struct Tensors {
  ir::ViewId input = 0, filter = 0, bias = 0, output = 0;
  std::optional<ir::ViewId> input_pairs;  // of channels, where pixels have an even number of them
  std::vector<ir::ViewId> operands;       // per post-op that takes one; prelu: [oc]
  std::vector<ArgumentInfo> arguments;
  // The batch, and the last axis' lengths: params of the program where only a run knows them.
  ir::Affine n, i, o;
};
Tensors declare_tensors(ir::Builder& b, const Problem& problem, const PackedFilter& filter,
                        bool aligned_output);

// [n, spatial.., c] or [n, c, spatial..], as the layout wants it.
std::vector<ir::Affine> tensor_index(Layout layout, const ir::Affine& n, const ir::Affine& channel,
                                     const std::vector<ir::Affine>& spatial);
// The same without n where the length is known only at run time: it must be the outermost
// dimension.
std::vector<ir::Affine> tensor_index(const Problem& problem, const ir::Affine& n,
                                     const ir::Affine& channel,
                                     const std::vector<ir::Affine>& spatial);

}  // namespace tconv::planner
