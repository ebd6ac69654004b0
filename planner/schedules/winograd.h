// Winograd: minimal filtering F(m, r) along some or all axes. All phases of a block read the same
// inputs, so they share one transform of them. One kernel per combination of phases whose axes are
// treated alike (transformed, or direct with their own number of taps); in a grid point:
//
//   input            X <- B x, slab by slab: zero-padded rows in a local buffer, one axis after the
//                    other
//   phases, panels
//     products       M[point] += X[point] * W[point], mr tiles x nr vectors of output channels
//     output         y <- A M, the last axis in registers, then bias, post-ops and stores
//
// Nothing outside this file's classes knows of it: the IR has loops, sums and products only.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "planner/schedules/ahead.h"
#include "planner/schedules/epilogue.h"
#include "planner/schedules/panels.h"
#include "planner/schedules/strip.h"
#include "planner/schedules/winograd_axes.h"

namespace tconv::planner {

class WinogradKernel {
 public:
  // Of the width, where only a run knows its length: grid points, tiles, how many register tiles
  // of them are whole and how many tiles are left.
  struct Open {
    ir::Affine blocks, tiles, whole, rest;
  };
  WinogradKernel(ir::Builder& b, const Problem& problem, const Plan& plan, const Tensors& tensors,
                 const Epilogue& epilogue, ir::ViewId weights, Ahead& ahead,
                 std::vector<WinogradAxis> axes, const Panels& panels, const Open& open,
                 int number);
  void emit();

 private:
  using Affine = ir::Affine;
  using Position = std::vector<Affine>;
  static Position joined(std::initializer_list<Position> parts);

  // winograd.cpp
  void declare();
  void body(std::span<const Affine> point);
  // winograd_input.cpp
  void transform_inputs();
  void walk_slabs();
  void slab(const Affine& channel, std::int64_t channels);
  void fill_rows(const Position& row, std::size_t a, const Position& image, const Affine& channel,
                 std::int64_t channels);
  void zero_rows(const Position& row, std::size_t a);
  void transform_input(std::size_t axis, const Affine& channel, std::int64_t channels);
  // winograd_products.cpp
  std::int64_t tiles_in_row() const;
  void look_ahead();
  void prefetch(const Position& points, const Position& outer, const Affine& tile,
                const Position& steps, const Affine& channel) const;
  void products();
  void product_tiles(const Position& points, const Position& outer);
  void open_product_tiles(const Position& points, const Position& outer);
  // `tile`: number of the register tile in its row, `flat`: its first pixel.
  void product_tile(const Position& points, const Position& outer, const Affine& tile,
                    const Affine& flat, int pixels);
  // winograd_output.cpp
  void outputs();
  void walk(std::size_t axis);
  void walk_tiles(std::size_t axis);
  void finish_tile();
  void output_pass(std::size_t axis);
  void output_columns(std::size_t axis);
  void output_vector(const Affine& vector, ir::Lanes lanes);
  void put(const ir::RegRef& value, const Affine& vector, const Affine& c, ir::Lanes lanes);

  std::size_t rank() const { return axes_.size(); }
  Affine output_position(std::size_t axis, const Affine& c) const;
  // Conditions for output c of a tile to exist.
  std::vector<Affine> exists(std::size_t axis, const Affine& c) const;
  Affine length(std::size_t axis) const;  // of the output
  ir::Reg vectors(const char* name, std::int64_t count);
  std::vector<ir::RegRef> all(const ir::Reg& reg, std::int64_t count) const;
  void each(const char* name, std::vector<Affine> count, Position& at,
            const std::function<void()>& inside);
  // Where only a run knows the length: how many of `count` positions of the width a grid point has,
  // `per_tile` for each tile and `more` behind the last.
  std::vector<Affine> width_count(std::int64_t count, std::int64_t per_tile,
                                  std::int64_t more) const;

  ir::Builder& b_;
  const Problem& problem_;
  const Plan& plan_;
  const Tensors& tensors_;
  const Epilogue& epilogue_;
  ir::ViewId weights_;
  Ahead& ahead_;
  std::vector<WinogradAxis> axes_;
  Panels panels_;
  Open open_;
  int number_, L_;
  std::optional<std::size_t> final_;  // the outermost transformed axis: its outputs are registers
  bool staged_ = false;               // outputs of a tile go through memory to the post-ops

  Strip strip_;                    // a slab: points per axis but the width, width, channels
  std::int64_t slab_vectors_ = 1;  // of channels
  ir::ViewId inputs_ = 0;          // transformed
  std::size_t flat_from_ = 0;      // positions from this one on (0: images) are one dimension
  std::vector<std::int64_t> entries_, results_;  // images, then axes
  ir::ViewId flat_input_ = 0, products_out_ = 0, products_in_ = 0;

  // Where the walk stands.
  Position entry_;             // of the slab: image, tile along every axis but the width
  Affine width_block_;         // number of the grid point along the width
  Affine group_, image_;       // first image of the grid point
  std::vector<Affine> base_;   // first block of the grid point
  std::vector<Affine> phase_;  // counted from t_begin
  Panel panel_;
  Position result_;             // images, then axes: index into the products
  std::vector<Affine> column_;  // output inside the tile, per transformed axis but the final one
  bool inside_ = false;         // the final axis' outputs of this tile all exist
};

}  // namespace tconv::planner
