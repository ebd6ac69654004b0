// The products: for every point a matrix product of transformed inputs and weights.
#include "planner/integer.h"
#include "planner/schedules/register_tile.h"
#include "planner/schedules/rest_tile.h"
#include "planner/schedules/winograd.h"

namespace tconv::planner {

using ir::Affine;
using ir::Mem;
using ir::Reg;

void WinogradKernel::products() {
  Position points, outer;
  const std::function<void()> walk_outer = [&] {
    if (outer.size() == flat_from_) return product_tiles(points, outer);
    each("e", {results_[outer.size()]}, outer, walk_outer);
  };
  const std::function<void()> walk_points = [&] {
    if (points.size() == rank()) return walk_outer();
    each("p", {axes_[points.size()].points()}, points, walk_points);
  };
  walk_points();
}

std::int64_t WinogradKernel::tiles_in_row() const {
  std::int64_t length = 1;
  for (std::size_t i = flat_from_; i < results_.size(); ++i) length *= results_[i];
  return ceil_div(length, std::int64_t{plan_.mr});
}

void WinogradKernel::look_ahead() {
  double steps = static_cast<double>(panels_.per_block() * tiles_in_row());
  for (std::size_t i = 0; i < flat_from_; ++i) steps *= static_cast<double>(results_[i]);
  for (const WinogradAxis& a : axes_)
    steps *= static_cast<double>((a.t_end - a.t_begin) * a.points() * a.steps());
  std::vector<Ahead::Along> along;
  for (std::size_t a = 0; a < rank(); ++a)
    along.push_back({base_[a], axes_[a].block, problem_.i_min > 0 ? 2 : axes_[a].grid()});
  along.back().number = width_block_;
  ahead_.next(image_, plan_.images, along, steps);
}

void WinogradKernel::prefetch(const Position& points, const Position& outer, const Affine& tile,
                              const Position& steps, const Affine& channel) const {
  if (!ahead_.active()) return;
  Affine number = 0;
  for (std::size_t a = 0; a < rank(); ++a)
    number = number * (axes_[a].t_end - axes_[a].t_begin) + phase_[a];
  number = number * panels_.per_block() + panel_.in_block;
  for (std::size_t a = 0; a < rank(); ++a) number = number * axes_[a].points() + points[a];
  for (std::size_t i = 0; i < outer.size(); ++i) number = number * results_[i] + outer[i];
  number = number * tiles_in_row() + tile;
  for (std::size_t a = 0; a < rank(); ++a) number = number * axes_[a].steps() + steps[a];
  ahead_.step(number, channel);
}

void WinogradKernel::product_tiles(const Position& points, const Position& outer) {
  if (problem_.i_min > 0) return open_product_tiles(points, outer);
  std::int64_t length = 1;
  for (std::size_t i = flat_from_; i < results_.size(); ++i) length *= results_[i];
  const std::int64_t whole = length / plan_.mr, rest = length % plan_.mr;
  b_.loop("i", 0, whole,
          [&](const Affine& i) { product_tile(points, outer, i, i * plan_.mr, plan_.mr); });
  if (rest != 0) product_tile(points, outer, whole, whole * plan_.mr, static_cast<int>(rest));
}

// The last block holds what whole register tiles leave over: one of exactly that many tiles. Where
// the width is computed directly every tile is m positions.
void WinogradKernel::open_product_tiles(const Position& points, const Position& outer) {
  const std::int64_t m = plan_.m.back(), each_tile = axes_.back().transformed() ? 1 : m;
  // Rounded up: the one block of lengths below `cols` ends with the longest of them.
  const std::int64_t per_block = ceil_div(axes_.back().block, m * plan_.mr);
  const Affine whole = open_.whole - width_block_ * per_block;
  b_.loop("i", {0}, {per_block * each_tile, whole * each_tile},
          [&](const Affine& i) { product_tile(points, outer, i, i * plan_.mr, plan_.mr); });
  if (plan_.mr == 1) return;
  b_.loop("i", {0, whole}, {per_block, whole + 1}, [&](const Affine& i) {
    rest_tile(b_, open_.rest, 1, plan_.mr - 1, [&](int tiles) {
      b_.loop("e", 0, each_tile, [&](const Affine& e) {
        product_tile(points, outer, i * each_tile + e, i * (each_tile * plan_.mr) + e * tiles,
                     tiles);
      });
    });
  });
}

void WinogradKernel::product_tile(const Position& points, const Position& outer, const Affine& tile,
                                  const Affine& flat, int pixels) {
  b_.scope([&] {
    const int columns = panel_.vectors;
    const Reg acc = b_.vec("c", {pixels, columns}, problem_.sum_dtype());
    b_.unroll("i", 0, pixels, [&](const Affine& i) {
      b_.unroll("j", 0, columns, [&](const Affine& j) { b_.mov(acc(i, j), ir::bits(0)); });
    });
    Position steps;
    const auto channel = [&](const Affine& k) {
      prefetch(points, outer, tile, steps, k);
      // Where this step's inputs are, seen from the outputs.
      Position at = outer;
      Affine shifted = flat;
      std::int64_t inner = 1;
      for (std::size_t i = entries_.size(); i-- > 1;) {
        const WinogradAxis& axis = axes_[i - 1];
        const Affine shift = axis.transformed() ? axis.groups - 1 - steps[i - 1]
                                                : (axis.steps() - 1 - steps[i - 1]) * axis.x.D;
        if (i < flat_from_) {
          at[i] += shift;
        } else {
          shifted += shift * inner;
          inner *= entries_[i];
        }
      }
      emit_tile_step(
          b_,
          {.acc = acc,
           .pixels = pixels,
           .vectors = columns,
           .type = problem_.sum_dtype(),
           .input =
               [&](const Affine& pixel) {
                 return Mem{flat_input_, joined({points, at, {shifted + pixel, k}})};
               },
           .weights =
               [&](const Affine& vector) {
                 return Mem{
                     weights_,
                     joined({{group_}, phase_, {panel_.index}, points, steps, {k, vector * L_}})};
               },
           .fetch_bytes = std::int64_t{plan_.fetch} << 10});
    };
    const std::function<void()> walk_steps = [&] {
      if (steps.size() < rank()) return each("s", {axes_[steps.size()].steps()}, steps, walk_steps);
      b_.loop("k", 0, problem_.group_ic() / plan_.ku, [&](const Affine& k) {
        b_.unroll("u", 0, plan_.ku, [&](const Affine& u) { channel(k * plan_.ku + u); });
      });
    };
    walk_steps();
    b_.unroll("i", 0, pixels, [&](const Affine& i) {
      b_.unroll("j", 0, columns, [&](const Affine& j) {
        b_.store({products_out_, joined({points, outer, {flat + i, j * L_}})}, acc(i, j));
      });
    });
  });
}

}  // namespace tconv::planner
