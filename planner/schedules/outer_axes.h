// The axes whose positions are loops, all but the one that tiles run along: phases, rows and taps.
// A tap outside the image is skipped, never multiplied.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "ir/builder.h"
#include "planner/phase.h"
#include "planner/schedules/ahead.h"

namespace tconv::planner {

class OuterAxes {
 public:
  using Affine = ir::Affine;
  using Rows = std::vector<ir::Affine>;  // one position per axis
  using Inside = std::function<void()>;

  // The first `count` axes; a grid point computes `rows` blocks of the last of these.
  OuterAxes(ir::Builder& b, const Problem& problem, std::size_t count, int rows);

  std::size_t size() const { return axes_.size(); }
  void add_grid(std::vector<ir::Builder::Axis>& grid) const;
  void start(std::span<const ir::Affine> point);  // the grid's coordinates of these axes

  // The strip: how many input rows per axis, and a loop over those inside the image.
  std::vector<std::int64_t> strip_rows() const;
  void each_strip_row(const std::function<void(const Rows& strip, const Rows& image)>& inside);

  // Every phase, and every row of a phase: one output row of the grid point each; inside, output()
  // is its position.
  void each_phase(const Inside& inside);
  void each_row_of_phase(const Inside& inside);
  void each_row(const Inside& inside) {
    each_phase([&] { each_row_of_phase(inside); });
  }
  // Every tap of that row whose input is inside the image; inside, strip_row(), input() and
  // filter_tap().
  void each_tap(const Inside& inside);
  Rows output() const;
  Rows strip_row() const;
  Rows input() const;
  Rows filter_tap() const;
  Affine row() const { return size() == 0 ? Affine(0) : row_; }  // of the grid point
  std::vector<Ahead::Along> along() const;

 private:
  struct Spot {
    ir::Affine t0, eps, q, tap;
  };
  bool last(std::size_t axis) const { return axis + 1 == axes_.size(); }
  // A single row needs just its taps; several rows share what lies between.
  bool single(std::size_t axis) const { return !last(axis) || rows_ == 1; }
  std::int64_t blocks_end(std::size_t axis) const;
  ir::Affine position(std::size_t axis) const;
  std::vector<ir::Affine> outside(std::size_t axis) const;
  void strip_rows(const Rows& strip, const Rows& image,
                  const std::function<void(const Rows&, const Rows&)>& inside);
  void phases_of(std::size_t axis, const Inside& inside);
  void taps_of(std::size_t axis, const Inside& inside);

  ir::Builder& b_;
  std::vector<AxisPhases> axes_;
  int rows_;
  Rows base_;  // first block of the grid point
  std::vector<Spot> spot_;
  ir::Affine row_;
};

}  // namespace tconv::planner
