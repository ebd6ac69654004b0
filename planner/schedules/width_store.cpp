// Planes to the output row: element u*M + m of a row is column u of plane m.
#include <numeric>

#include "planner/schedules/width.h"

namespace tconv::planner {

using ir::Affine;
using ir::Lanes;
using ir::Reg;
using ir::RegRef;

void Width::store_row(const Affine& plane0, const Affine& channel) {
  if (sizes_.planes < L_) {
    interleave(plane0, channel);
  } else {
    transposed(plane0, channel);
  }
}

// `element` of the row at hand, post-ops included.
void Width::put(const RegRef& value, const Affine& channel, const Affine& element, Lanes lanes) {
  OuterAxes::Rows o = outer_.output();
  o.push_back(element + wb_ * (sizes_.block_columns * sizes_.planes));
  std::vector<Affine> index = {n_};
  if (!last()) index.push_back(channel);
  index.insert(index.end(), o.begin(), o.end());
  const Place place{false, channel, index, lanes};
  row_epilogue_.emit(b_, value, place);
  b_.store({tensors_.output, index}, value, lanes, plan_.stream && lanes.all());
}

std::int64_t Width::row_period() const {
  constexpr std::int64_t kMostWhole = 8;
  const std::int64_t M = sizes_.planes;
  return M <= kMostWhole ? M : M / std::gcd(M, std::int64_t{L_});
}

// Fewer planes than lanes: the pattern of a vector repeats after M/gcd(M, L) vectors, M vectors
// take a whole vector of every plane. Such loads are aligned, so that they can be forwarded from
// the stores before them.
void Width::interleave(const Affine& plane0, const Affine& channel) {
  const std::int64_t M = sizes_.planes, elements = width().o * pixel();
  const std::int64_t period = row_period();
  const std::int64_t length = period * L_, columns = length / M;
  const std::int64_t per_block = sizes_.block_columns / columns, whole = elements / length;
  b_.loop("m", {0}, {per_block, whole - wb_ * per_block}, [&](const Affine& m) {
    for (int v = 0; v < period; ++v)
      interleave_vector(plane0, channel, m * columns, m * length, v, {});
  });
  const std::int64_t rest = elements % length;
  if (rest == 0) return;
  const std::int64_t at = whole / per_block, m = whole - at * per_block;
  in_block(at, [&] {
    for (int v = 0; v * L_ < rest; ++v) {
      const std::int64_t left = rest - v * L_;
      interleave_vector(plane0, channel, m * columns, m * length, v,
                        left < L_ ? Lanes{0, static_cast<int>(left)} : Lanes{});
    }
  });
}

void Width::interleave_vector(const Affine& plane0, const Affine& channel, const Affine& column,
                              const Affine& element, int vector, Lanes lanes) {
  const auto M = static_cast<int>(sizes_.planes);
  const int first = vector * L_, column0 = row_period() == M ? 0 : first / M;
  b_.scope([&] {
    const Reg z = b_.vec("z", {}, problem_.sum_dtype());
    const auto from = [&](int m) { return ir::load({planes_, {plane0 + m, column + column0}}); };
    b_.mov(z(), from(0));
    // Plane m drops into its lanes; the first step places plane 0 too.
    for (int m = 1; m < M; ++m) {
      std::vector<int> pattern;
      for (int l = 0; l < L_; ++l) {
        const int own = (first + l) % M, at = (first + l) / M - column0;
        pattern.push_back(own == m ? L_ + at : own == 0 && m == 1 ? at : l);
      }
      b_.scope([&] {
        const Reg t = b_.vec("t", {}, problem_.sum_dtype());
        b_.mov(t(), from(m));
        b_.perm(z(), z(), t(), pattern);
      });
    }
    put(z(), channel, element + first, lanes);
  });
}

// At least as many planes as lanes: L planes x L columns at a time.
void Width::transposed(const Affine& plane0, const Affine& channel) {
  const std::int64_t full = width().o / width().s, residues = width().o % width().s;
  const std::int64_t B = sizes_.block_columns, per_block = B / L_, whole = full / L_;
  b_.loop("m", {0}, {per_block, whole - wb_ * per_block},
          [&](const Affine& m) { transpose_planes(plane0, channel, m * L_, L_, sizes_.planes); });
  const auto rest = static_cast<int>(full % L_);
  if (rest != 0) {
    const std::int64_t at = whole / per_block;
    in_block(at, [&] {
      transpose_planes(plane0, channel, (whole - at * per_block) * L_, rest, sizes_.planes);
    });
  }
  if (residues != 0) {
    const std::int64_t at = full / B;
    in_block(at, [&] { transpose_planes(plane0, channel, full - at * B, 1, residues * pixel()); });
  }
}

void Width::transpose_planes(const Affine& plane0, const Affine& channel, const Affine& column,
                             int columns, std::int64_t planes) {
  const auto block = [&](const Affine& m, int count) {
    const auto fill = [&](const Reg& z) {
      b_.unroll("i", 0, count, [&](const Affine& i) {
        b_.mov(z(i), ir::load({planes_, {plane0 + m + i, column}}));
      });
      b_.unroll("i", count, L_, [&](const Affine& i) { b_.mov(z(i), ir::bits(0)); });
    };
    transposed_->block(fill, columns, [&](const RegRef& z, const Affine& i) {
      const Lanes lanes = count == L_ ? Lanes{} : Lanes{0, count};
      put(z, channel, (column + i) * sizes_.planes + m, lanes);
    });
  };
  b_.loop("pb", 0, planes / L_, [&](const Affine& m) { block(m * L_, L_); });
  const auto rest = static_cast<int>(planes % L_);
  if (rest != 0) block(planes / L_ * L_, rest);
}

}  // namespace tconv::planner
