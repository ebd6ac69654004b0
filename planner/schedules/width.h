// Width: lanes run along the columns u of the output (o = s*u + r), for layers whose output
// channels would fill few lanes. Loop order in a grid point:
//
//   strip                                    input rows as [rows.., channel, column], zeros beside
//   the image output rows
//     groups, blocks of output channels
//       blocks of residues, tiles of columns  a register tile of mr planes x nr vectors of columns
//         taps, input channels                acc += w * x
//     the planes of the row are interleaved into it: residues, and channels when they are last
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "planner/schedules/ahead.h"
#include "planner/schedules/epilogue.h"
#include "planner/schedules/outer_axes.h"
#include "planner/schedules/schedule.h"
#include "planner/schedules/transpose.h"
#include "planner/schedules/width_blocks.h"

namespace tconv::planner {

// Sizes along the width, in columns and elements.
struct WidthSizes {
  WidthSizes(const Problem& problem, const Plan& plan, int lanes, const WidthBlocks& blocks);
  std::int64_t vectors = 0;                           // of columns in a row
  std::int64_t block_columns = 0;                     // that a grid point computes
  std::int64_t blocks = 1;                            // grid points along the width
  std::int64_t strip_columns = 0, plane_columns = 0;  // odd numbers of vectors: no aliasing in L1
  std::int64_t planes = 0;         // of a row: residues x channels that interleave
  std::int64_t stored_planes = 0;  // in local memory
  std::int64_t strip_channels = 0;
};

// Post-ops that are applied to planes, before the interleave; the others are applied to the output
// row.
std::size_t plane_post_ops(const Problem& problem, const WidthSizes& sizes, int lanes);

class Width {
 public:
  Width(const Problem& problem, const Plan& plan, const ir::Target& target);
  Lowered lower();

 private:
  using Affine = ir::Affine;
  struct Channels {  // the block of output channels at hand
    Affine group, block;
    int count = 0;
  };

  // width.cpp: the loops around the tiles
  PackedFilter packing() const;
  void declare();
  void body(std::span<const Affine> point);
  void look_ahead();
  // With every step of the products; `tap` of taps along the width that have a loop of their own.
  void prefetch(const Channels& channels, const Affine& tap, const Affine& channel) const;
  std::int64_t tiles_in_row() const;
  std::int64_t looped_taps() const;
  void row();
  void channel_blocks(const Affine& group);
  void residue_blocks(const Channels& channels);
  Affine output_channel(const Channels& c, const Affine& i) const;
  void in_block(std::int64_t block, const std::function<void()>& inside);

  // width_strip.cpp: the input
  void fill_strip();
  void fill_columns(const std::function<void(const Affine& column, ir::Lanes pixels)>& copy,
                    const std::function<void(const Affine& column)>& zero);
  void copy_row(const OuterAxes::Rows& strip, const OuterAxes::Rows& image);
  void transpose_row(const OuterAxes::Rows& strip, const OuterAxes::Rows& image);
  ir::Mem strip(OuterAxes::Rows row, const Affine& channel, const Affine& column) const;

  // width_tile.cpp: one register tile
  void tile(const Channels& channels, const ResidueBlocks& blocks, const Affine& block,
            const Affine& column, int vectors);
  void products(const Channels& channels, const ResidueBlocks& blocks, const Affine& block,
                const Affine& column, const ir::Reg& acc, int vectors);
  void finish_planes(const Channels& channels, const ResidueBlocks& blocks, const Affine& block,
                     const Affine& column, int vectors);
  Affine plane(const Channels& channels, const Affine& residue, const Affine& channel) const;

  // width_store.cpp: planes to the output row
  void store_row(const Affine& plane0, const Affine& channel);
  std::int64_t row_period() const;  // vectors after which the pattern of a row repeats
  void interleave(const Affine& plane0, const Affine& channel);
  void interleave_vector(const Affine& plane0, const Affine& channel, const Affine& column,
                         const Affine& element, int vector, ir::Lanes lanes);
  void transposed(const Affine& plane0, const Affine& channel);
  void transpose_planes(const Affine& plane0, const Affine& channel, const Affine& column,
                        int columns, std::int64_t planes);
  void put(const ir::RegRef& value, const Affine& channel, const Affine& element, ir::Lanes lanes);

  bool last() const { return problem_.layout == Layout::channels_last; }
  const Axis& width() const { return problem_.axes.back(); }
  // Elements of an output row that belong to one column and residue.
  std::int64_t pixel() const { return last() ? problem_.oc : 1; }

  Problem problem_;
  Plan plan_;
  ir::Builder b_;
  int L_;
  WidthBlocks residues_;
  WidthSizes sizes_;
  OuterAxes outer_;
  PackedFilter packed_;
  Tensors tensors_;
  Problem plane_part_, row_part_;  // the problem with the post-ops of each place
  Tensors plane_tensors_, row_tensors_;
  Epilogue plane_epilogue_, row_epilogue_;
  Ahead ahead_;
  ir::ViewId input_ = 0;  // [n, c, spatial..] or [n, spatial.., c]
  bool transposed_input_ = false;
  ir::ViewId strip_ = 0, planes_ = 0;
  std::optional<TransposedVectors> transposed_;  // where a row has at least L planes

  Affine n_, group_, wb_;  // where the grid point is
  // And the tile: its number in the row, counted over blocks of residues too.
  Affine tile_;
};

}  // namespace tconv::planner
