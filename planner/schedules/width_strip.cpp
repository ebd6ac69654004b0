// The input rows of a grid point, channel by channel, with zeros where the image ends.
#include <algorithm>

#include "planner/integer.h"
#include "planner/schedules/transpose.h"
#include "planner/schedules/width.h"

namespace tconv::planner {

using ir::Affine;
using ir::Lanes;
using ir::Reg;

ir::Mem Width::strip(OuterAxes::Rows row, const Affine& channel, const Affine& column) const {
  row.push_back(channel);
  row.push_back(column);
  return {strip_, std::move(row)};
}

void Width::fill_strip() {
  outer_.each_strip_row([&](const OuterAxes::Rows& strip, const OuterAxes::Rows& image) {
    if (transposed_input_) {
      transpose_row(strip, image);
    } else {
      copy_row(strip, image);
    }
  });
}

// Vector y of the row holds the inputs first_delta + y*L + (0..L); a grid point has strip_columns/L
// of them, starting at its first column. Masks are static because y is wherever the image ends.
void Width::fill_columns(const std::function<void(const Affine&, Lanes)>& copy,
                         const std::function<void(const Affine&)>& zero) {
  const std::int64_t first = residues_.first_delta, image = width().i;
  const std::int64_t count = sizes_.strip_columns / L_, step = sizes_.block_columns / L_;
  const auto vectors = [&](std::int64_t begin, std::int64_t end, auto&& f) {
    end = std::min(end, (sizes_.blocks - 1) * step + count);
    if (begin >= end) return;
    b_.loop("v", {0, begin - wb_ * step}, {count, end - wb_ * step},
            [&](const Affine& v) { f(v * L_); });
  };
  const auto at_least_0 = [](std::int64_t y) { return std::max<std::int64_t>(y, 0); };
  const std::int64_t begin = at_least_0(floor_div(-L_ - first, L_) + 1);
  const std::int64_t end = std::max(begin, at_least_0(floor_div(image - 1 - first, L_) + 1));
  std::int64_t full = std::clamp(-floor_div(first, L_), begin, end);
  std::int64_t full_end = std::clamp(floor_div(image - first, L_), begin, end);
  if (full_end < full) full = full_end = end;

  const auto partial = [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t y = from; y < to; ++y) {
      const std::int64_t i = first + y * L_;
      const Lanes lanes{static_cast<int>(at_least_0(-i)),
                        static_cast<int>(std::min<std::int64_t>(L_, image - i))};
      vectors(y, y + 1, [&](const Affine& column) { copy(column, lanes); });
    }
  };
  vectors(0, begin, zero);
  partial(begin, full);
  vectors(full, full_end, [&](const Affine& column) { copy(column, {}); });
  partial(full_end, end);
  vectors(end, (sizes_.blocks - 1) * step + count, zero);
}

void Width::copy_row(const OuterAxes::Rows& row, const OuterAxes::Rows& image) {
  const Affine column0 = residues_.first_delta + wb_ * sizes_.block_columns;
  b_.loop("c", 0, sizes_.strip_channels, [&](const Affine& c) {
    const auto put = [&](const Affine& column, const ir::Operand& from) {
      b_.scope([&] {
        const Reg z = b_.vec("z", {}, problem_.dtype);
        b_.mov(z(), from);
        b_.store(strip(row, c, column), z());
      });
    };
    fill_columns(
        [&](const Affine& column, Lanes lanes) {
          OuterAxes::Rows at = image;
          at.push_back(column0 + column);
          const Affine channel = last() ? c : group_ * problem_.group_ic() + c;
          put(column,
              ir::load({input_, tensor_index(Layout::channels_first, n_, channel, at)}, lanes));
        },
        [&](const Affine& column) { put(column, ir::bits(0)); });
  });
}

void Width::transpose_row(const OuterAxes::Rows& row, const OuterAxes::Rows& image) {
  const Affine column0 = residues_.first_delta + wb_ * sizes_.block_columns;
  const auto block = [&](const Affine& column, Lanes pixels, const Affine& c, int channels) {
    b_.scope([&] {
      const Reg z = b_.vec("z", {L_}, problem_.dtype);
      const int hi = pixels.all() ? L_ : pixels.hi;
      const Lanes lanes = channels == L_ ? Lanes{} : Lanes{0, channels};
      const auto zero = [&](const Affine& i) { b_.mov(z(i), ir::bits(0)); };
      b_.unroll("i", 0, pixels.lo, zero);
      b_.unroll("i", pixels.lo, hi, [&](const Affine& i) {
        OuterAxes::Rows at = image;
        at.push_back(column0 + column + i);
        b_.mov(z(i), ir::load({input_, tensor_index(Layout::channels_last, n_, c, at)}, lanes));
        at.back() += ahead_.distance();
        ahead_.near({input_, tensor_index(Layout::channels_last, n_, c, at)});
      });
      b_.unroll("i", hi, L_, zero);
      emit_transpose(b_, z, problem_.dtype);
      b_.unroll("i", 0, channels,
                [&](const Affine& i) { b_.store(strip(row, c + i, column), z(i)); });
    });
  };
  fill_columns(
      [&](const Affine& column, Lanes pixels) {
        const std::int64_t whole = problem_.ic / L_;
        const auto rest = static_cast<int>(problem_.ic % L_);
        b_.loop("c", 0, whole, [&](const Affine& c) { block(column, pixels, c * L_, L_); });
        if (rest != 0) block(column, pixels, whole * L_, rest);
      },
      [&](const Affine& column) {
        b_.loop("c", 0, problem_.ic, [&](const Affine& c) {
          const Reg z = b_.vec("z", {}, problem_.dtype);
          b_.mov(z(), ir::bits(0));
          b_.store(strip(row, c, column), z());
        });
      });
}

}  // namespace tconv::planner
