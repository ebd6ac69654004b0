// A strip: input rows copied into a local buffer as [rows.., width, channels], whatever the
// tensor's layout, with zeros where the image ends. One load and one store per (taps x output
// channels) products.
#pragma once

#include <functional>
#include <vector>

#include "planner/phase.h"
#include "planner/schedules/outer_axes.h"
#include "planner/schedules/tensors.h"

namespace tconv::planner {

struct Strip {
  std::int64_t width = 0;
  std::int64_t channels = 0;  // a multiple of the lanes
  ir::ViewId view = 0;        // no index depends on the grid point: writer and readers share it
  ir::ViewId pairs = 0;       // where it is not of the type of sums: pairs of channels
};

// Declares the local buffer; its rows are the outer axes' strip rows. Its type is that of sums, so
// that readers convert nothing, or that of the tensor, for pairs.
Strip declare_strip(ir::Builder& b, const Problem& problem, const OuterAxes& outer,
                    std::int64_t width, std::int64_t channels, ir::DType type);

// Fills it: column v is input position `column0` + v. Rows outside the image stay unwritten
// (readers skip them), columns outside it become zeros.
struct StripSource {
  ir::Affine n, channel;      // of the tensor; first channel
  std::int64_t channels = 0;  // how many; 0: all of the group
  bool ahead = false;         // bring as many channels more of each pixel into L2
  ir::Affine pair = {};       // the same in pairs, if their number is even
  ir::Affine column0;
  ir::Affine length;             // of the input
  std::vector<ir::Affine> read;  // columns that are read at all: the minimum of these
};
void emit_strip(ir::Builder& b, const Problem& problem, const Tensors& tensors, const Strip& strip,
                OuterAxes& outer, const StripSource& source);

// The same with the columns inside the image left to `copy(strip row, image row)`.
using CopyRow = std::function<void(const OuterAxes::Rows&, const OuterAxes::Rows&)>;
void emit_strip_rows(ir::Builder& b, const Problem& problem, const Strip& strip, OuterAxes& outer,
                     const StripSource& source, const CopyRow& copy);

// One row: `row` of the strip's view up to the width, from `image` along the outer axes.
void emit_strip_row(ir::Builder& b, const Problem& problem, const Tensors& tensors,
                    const Strip& strip, const StripSource& source, const OuterAxes::Rows& row,
                    const OuterAxes::Rows& image);
void emit_zero_row(ir::Builder& b, const Problem& problem, const Strip& strip,
                   const OuterAxes::Rows& row);

// Channels of a strip: whole vectors of `lanes`, at no distance that shares few sets of the L1
// cache.
std::int64_t strip_channels(std::int64_t channels, ir::DType type, int lanes);

}  // namespace tconv::planner
