// One register tile, from the bias to the stores.
#include <algorithm>
#include <stdexcept>

#include "planner/schedules/cut_row.h"
#include "planner/schedules/tiled.h"

namespace tconv::planner {

using ir::Affine;
using ir::Lanes;
using ir::Reg;
using ir::RegRef;

Affine Tiled::output_channel(const Affine& vector) const {
  if (has_parts(problem_)) return vector * L_;  // one group, one panel
  return group_ * channels_ + panel_.index * panels_.width() + vector * L_;
}

void Tiled::tile(const Run& run, const Affine& q, int pixels, Border border) {
  spot_.q = q;
  if (!joint(run)) return phases_of_tile(run, pixels, border, 1);
  if (border != Border::skipped) return phases_of_tile(run, pixels, border, plan_.phases);
  b_.loop("tw", run.t_begin, run.t_end, [&](const Affine& t0) {
    spot_.t0 = t0;
    phases_of_tile(run, pixels, border, 1);
  });
  spot_.t0 = run.t_begin;
}

void Tiled::phases_of_tile(const Run& run, int pixels, Border border, int phases) {
  const Affine first = spot_.t0;
  const int rows = phases * pixels;
  b_.scope([&] {
    const Reg acc = b_.vec("c", {rows, panel_.vectors}, problem_.sum_dtype());
    panels_.each_vector(b_, panel_, Panels::Vectors::unrolled, [&](const Affine& j, Lanes lanes) {
      b_.mov(acc(0, j),
             problem_.bias ? ir::load({tensors_.bias, {output_channel(j)}}, lanes) : ir::bits(0));
    });
    b_.unroll("i", 1, rows, [&](const Affine& i) {
      b_.unroll("j", 0, panel_.vectors, [&](const Affine& j) { b_.mov(acc(i, j), acc(0, j)); });
    });
    if (run.taps > 0)
      outer_.each_tap([&] {
        if (phases > 1) return joint_products(run, acc, pixels);
        if (along_width()) return width_taps(run, acc, pixels, border);
        products(acc, pixels);
      });
    if (staged_ && last())
      return b_.unroll("i", 0, rows, [&](const Affine& i) {
        b_.unroll("j", 0, panel_.vectors, [&](const Affine& j) {
          b_.store({stage_, {i, j * L_}}, acc(i, j));
        });
      });
    for (int t = 0; t < phases; ++t) {
      spot_.t0 = first + t;
      b_.unroll("i", 0, pixels, [&](const Affine& i) {
        if (!last()) return keep_pixel(run, acc, t * pixels, i);
        store_pixel(run, i, t * pixels, [&](const Affine& j) { return acc(t * pixels + i, j); });
      });
    }
  });
  if (last() && staged_)
    for (int t = 0; t < phases; ++t) {
      spot_.t0 = first + t;
      b_.loop("i", 0, pixels, [&](const Affine& i) { store_pixel(run, i, t * pixels, {}); });
    }
  spot_.t0 = first;
}

void Tiled::joint_products(const Run&, const Reg&, int) {
  throw std::logic_error("a schedule without joint phases");
}

void Tiled::width_taps(const Run& run, const Reg& acc, int pixels, Border border) {
  const Affine& q = spot_.q;
  // Taps whose input lies outside are skipped by the loop's bounds, or by a guard where the step D
  // would need a division.
  std::vector<Affine> lo = {0}, hi = {run.taps};
  const bool skip = border == Border::skipped;
  if (skip && width_.D == 1) {
    lo.push_back(q + 1 - tensors_.i);
    hi.push_back(q + 1);
  }
  b_.loop("jw", lo, hi, [&](const Affine& j) {
    spot_.tap = j;
    const Affine i = q - j * width_.D;
    std::vector<Affine> inside;
    if (skip && width_.D > 1) inside = {i, tensors_.i - 1 - i};
    b_.when(inside, [&] { products(acc, pixels); });
  });
}

std::vector<Affine> Tiled::input_position(const Affine& pixel) const {
  std::vector<Affine> at = local_input() ? outer_.strip_row() : outer_.input();
  if (!along_width()) return at;
  Affine i = spot_.q - spot_.tap * width_.D + pixel;
  if (local_input()) i -= strip_column0_;
  at.push_back(i);
  return at;
}

std::vector<Affine> Tiled::filter_taps() const {
  std::vector<Affine> at = outer_.filter_tap();
  if (along_width()) at.push_back(spot_.t0 + spot_.tap * width_.S);
  return at;
}

std::vector<Affine> Tiled::positions(const Affine& pixel) const {
  std::vector<Affine> o = outer_.output();
  const Axis& a = width_.axis;
  if (along_width()) o.push_back((spot_.q + pixel) * a.s + spot_.t0 * a.d + spot_.eps - a.p);
  return o;
}

// Phases of an inexact run have outputs in some of its blocks only.
std::vector<Affine> Tiled::outside(const Run& run, const Affine& pixel) const {
  if (run.exact) return {};
  const Affine o = positions(pixel).back();
  return {o, tensors_.o - 1 - o};
}

// Channels-last: post-ops and stores of one pixel. Without `value` the sums come from the stage.
void Tiled::store_pixel(const Run& run, const Affine& pixel, int row,
                        const std::function<RegRef(const Affine&)>& value) {
  b_.when(outside(run, pixel), [&] {
    using Vectors = Panels::Vectors;
    const Vectors how = has_parts(problem_) ? Vectors::written
                        : value             ? Vectors::unrolled
                                            : Vectors::looped;
    panels_.each_vector(b_, panel_, how, [&](const Affine& j, Lanes lanes) {
      const auto put = [&](const RegRef& v) {
        const Affine n = along_width() ? n_ : n_ + pixel;
        epilogue_.store_channels(b_, v, n, positions(pixel), output_channel(j), lanes,
                                 plan_.stream);
      };
      if (value) return put(value(j));
      b_.scope([&] {
        const Reg v = b_.vec("v", {}, problem_.sum_dtype());
        b_.mov(v(), ir::load({stage_, {row + pixel, j * L_}}));
        put(v());
      });
    });
  });
}

// Channels-first: the sums of one pixel wait in the row buffer.
void Tiled::keep_pixel(const Run& run, const Reg& acc, int row, const Affine& pixel) {
  b_.when(outside(run, pixel), [&] {
    const Affine column = positions(pixel).back() - wb_ * row_columns();
    b_.unroll("j", 0, panel_.vectors, [&](const Affine& j) {
      b_.store({row_buffer_, {column, j * L_}}, acc(row + pixel, j));
    });
  });
}

std::int64_t Tiled::row_columns() const {
  return blocks_w_ == 1 ? 0 : block_pixels_ * width_.axis.s;
}

// Channels-first: the row buffer goes out as L channels x L columns at a time.
void Tiled::store_row() {
  const std::int64_t length = width_.axis.o;
  const auto block = [&](const Affine& j, int channels, const Affine& column, Lanes lanes) {
    const auto fill = [&](const Reg& z) {
      b_.unroll("i", 0, L_, [&](const Affine& i) {
        b_.mov(z(i), ir::load({row_buffer_, {column + i, j * L_}}));
      });
    };
    transposed_->block(fill, channels, [&](const RegRef& z, const Affine& i) {
      const Affine channel = output_channel(j) + i;
      std::vector<Affine> o = outer_.output();
      o.push_back(column + wb_ * row_columns());
      const Place place{false, channel, tensor_index(problem_, n_, channel, o), lanes};
      epilogue_.emit(b_, z, place);
      b_.store({tensors_.output, place.index}, z, lanes);
    });
  };
  panels_.each_vector(b_, panel_, Panels::Vectors::looped, [&](const Affine& j, Lanes channels) {
    const int count = channels.all() ? L_ : channels.hi;
    const std::int64_t columns = blocks_w_ == 1 ? length / L_ * L_ : row_columns();
    b_.loop("cb", 0, columns / L_, [&](const Affine& c) {
      std::vector<Affine> fits;
      if (blocks_w_ > 1) fits.push_back(length - L_ - c * L_ - wb_ * row_columns());
      b_.when(fits, [&] { block(j, count, c * L_, {}); });
    });
    const auto rest = static_cast<int>(length % L_);
    if (rest == 0) return;
    const std::int64_t at = length - rest;
    const std::int64_t in_block = blocks_w_ == 1 ? 0 : at / row_columns();
    b_.when({wb_ - in_block, in_block - wb_}, [&] {
      block(j, count, at - in_block * row_columns(), {0, rest});
    });
  });
}

}  // namespace tconv::planner
