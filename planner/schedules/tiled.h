// The frame of the schedules whose lanes are output channels: phase by phase, a register tile of mr
// pixels x nr vectors, taps and input channels inside. Loop order in a grid point:
//
//   strip                                      input rows into a local buffer, when the plan says
//   so panel of nr vectors of output channels
//     phases of every axis, rows, pixel tiles   (channels-first: rows outside the width's phases)
//       taps, input channels                    acc += x * w
//       epilogue and stores
//
// Pixels run along the width (tile=w) or along the batch (tile=n: no borders, taps by bounds).
// Along the other axes a tap outside the image is skipped, never multiplied.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "planner/phase.h"
#include "planner/schedules/ahead.h"
#include "planner/schedules/epilogue.h"
#include "planner/schedules/panels.h"
#include "planner/schedules/schedule.h"
#include "planner/schedules/strip.h"
#include "planner/schedules/transpose.h"

namespace tconv::planner {

// A schedule says what a step of the innermost loop is, how the filter is packed and what the strip
// holds.
class Tiled {
 public:
  // Panels run over `channels` output channels: those of a group, or all of them.
  // With `with`, the kernel becomes one of that one's program.
  Tiled(const Problem& problem, const Plan& plan, const ir::Target& target, std::int64_t channels,
        Tiled* with = nullptr);
  virtual ~Tiled() = default;
  // `images`, made with this one, computes what tiles along an open batch leave over.
  Lowered lower(Tiled* images = nullptr);

 protected:
  using Affine = ir::Affine;
  struct Spot {  // phase, block and tap along the width
    Affine t0, eps, q, tap;
  };
  // How taps outside the image are handled along the width: there are none, they read zeros, or
  // they are left out.
  enum class Border { none, padded, skipped };

  // What a schedule adds.
  virtual PackedFilter packing() const = 0;
  virtual void declare_views() {}  // beside the tensors
  virtual bool local_input() const = 0;
  virtual ir::DType strip_type() const { return problem_.sum_dtype(); }
  virtual std::int64_t strip_channels() const = 0;
  virtual void fill_strip(const StripSource& source) = 0;  // source.channel is left to the schedule
  virtual void products(const ir::Reg& acc, int pixels) = 0;  // acc += x * w over a tap's channels
  // The same over all taps along the width, for the phases of a joint run: acc[phase * pixels +
  // ..].
  virtual void joint_products(const Run& run, const ir::Reg& acc, int pixels);

  // tiled.cpp: the loops around the tiles
  void declare();
  void kernel(const std::string& name);
  void body(std::span<const Affine> point);
  StripSource strip_source() const;
  std::int64_t first_block() const;  // along the width, of all runs
  std::int64_t tiles_in_row() const;
  void look_ahead();
  void prefetch(const Affine& channel) const;  // with every step of the products
  void panel();
  void width_run(const Run& run, const std::function<void(const std::function<void()>&)>& around);
  void width_tiles(const Run& run);
  void pixels(const Run& run, std::int64_t begin, std::int64_t end, std::int64_t block,
              Border border);
  void tiled(const Run& run, std::int64_t begin, std::int64_t end, Border border);
  void batch_tiles();

  // tiled_open.cpp: tiles along an extent that is known only at run time
  struct Open {
    Affine length;       // pixels
    Affine whole, rest;  // params: tiles of mr pixels, and the pixels that are left
  };
  struct TileRange {
    std::int64_t begin = 0, end = 0;
  };
  TileRange tile_range(const Run& run) const;
  void declare_open();
  const Open& open(const Affine& length) const;
  Affine from_end(
      std::int64_t position) const;  // a position along the width, the image's end moved
  void open_width_tiles(const Run& run);
  void open_pixels(const Run& run, std::vector<Affine> lo, std::vector<Affine> hi,
                   std::int64_t first, Border border);
  void open_tiles(const Run& run, std::int64_t begin, const Affine& end, Border border);
  void open_batch_tiles();
  void take_images(const Tiled& tiles);

  // tiled_tile.cpp: one register tile
  void tile(const Run& run, const Affine& q, int pixels, Border border);
  void phases_of_tile(const Run& run, int pixels, Border border, int phases);
  bool joint(const Run& run) const { return plan_.phases > 1 && run.phases() == plan_.phases; }
  void width_taps(const Run& run, const ir::Reg& acc, int pixels, Border border);
  // `row` + pixel is the accumulator's.
  void store_pixel(const Run& run, const Affine& pixel, int row,
                   const std::function<ir::RegRef(const Affine&)>& value);
  void keep_pixel(const Run& run, const ir::Reg& acc, int row, const Affine& pixel);
  void store_row();
  // Input position of a pixel for the taps at hand, in the strip or in the tensor.
  std::vector<Affine> input_position(const Affine& pixel) const;
  std::vector<Affine> filter_taps() const;
  Affine output_channel(const Affine& vector) const;
  std::vector<Affine> positions(const Affine& pixel) const;
  std::vector<Affine> outside(const Run& run, const Affine& pixel) const;
  std::int64_t row_columns() const;

  bool along_width() const { return plan_.tile == TileAxis::w; }
  bool last() const { return problem_.layout == Layout::channels_last; }

  Problem problem_;
  Plan plan_;
  ir::Builder own_;
  ir::Builder& b_;
  int L_;
  std::int64_t channels_;
  Panels panels_;  // over `channels_`
  AxisPhases width_;
  OuterAxes outer_;        // all axes for tile=n
  std::vector<Run> runs_;  // of the width, for tile=w
  Tensors tensors_;
  Epilogue epilogue_;
  Ahead ahead_;
  PackedFilter packed_;
  Strip strip_;
  ir::ViewId row_buffer_ = 0;  // channels-first: finished sums of one output row
  std::optional<TransposedVectors> transposed_;
  std::int64_t blocks_w_ = 1;      // blocks along the width
  std::int64_t block_pixels_ = 0;  // plan.cols, whole tiles
  Affine grid_blocks_;             // blocks_w_, a param where the length is known only at run time
  std::vector<Open> open_;
  Affine images_, first_image_;  // that grid points count
  bool staged_ = false;          // the epilogue runs from memory, not from the accumulators
  ir::ViewId stage_ = 0;

  // Where the walk stands.
  Affine n_, group_, block_, wb_, strip_column0_;
  Spot spot_;
  Panel panel_;
  std::optional<Affine> tile_;  // number in the row; none: pixels one by one
};

}  // namespace tconv::planner
