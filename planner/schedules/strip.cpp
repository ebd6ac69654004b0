#include "planner/schedules/strip.h"

#include <algorithm>

#include "planner/integer.h"
#include "planner/schedules/transpose.h"

namespace tconv::planner {
namespace {

using ir::Affine;
using ir::Builder;
using ir::Lanes;
using ir::Mem;
using ir::Reg;

// Zeros in the columns lo..hi of a row.
void zeros(Builder& b, const Problem& p, const Strip& strip, const OuterAxes::Rows& row,
           const std::vector<Affine>& lo, const std::vector<Affine>& hi) {
  const int L = b.lanes(p.sum_dtype());
  b.loop("v", lo, hi, [&](const Affine& v) {
    b.loop("c", 0, strip.channels / L, [&](const Affine& c) {
      const Reg z = b.vec("z", {}, p.sum_dtype());
      b.mov(z(), ir::bits(0));
      std::vector<Affine> at = row;
      at.push_back(v);
      at.push_back(c * L);
      b.store({strip.view, at}, z());
    });
  });
}

// Copies all channels of the columns inside the image, whatever the tensor's layout.
class Filler {
 public:
  Filler(Builder& b, const Problem& p, const Tensors& t, const Strip& strip, const StripSource& s)
      : b_(b), p_(p), t_(t), strip_(strip), source_(s), L_(b.lanes(p.sum_dtype())) {}

  void row(const std::vector<Affine>& r, const std::vector<Affine>& image) {
    const Affine& c0 = source_.column0;
    if (p_.layout == Layout::channels_last && strip_.pairs != 0 && t_.input_pairs &&
        p_.group_ic() % 2 == 0) {
      b_.loop("v", {0, c0 * -1}, {width(), image_width() - c0},
              [&](const Affine& v) { copy_pairs(r, image, v); });
    } else if (p_.layout == Layout::channels_last) {
      b_.loop("v", {0, c0 * -1}, {width(), image_width() - c0}, [&](const Affine& v) {
        b_.loop("c", 0, full_vectors(), [&](const Affine& c) { copy(r, image, v, c * L_, {}); });
        if (tail() != 0) copy(r, image, v, full_vectors() * L_, {0, tail()});
      });
    } else if (c0.is_constant()) {
      transposed_row(r, image, std::max<std::int64_t>(0, -c0.constant()),
                     std::min(width(), image_width().constant() - c0.constant()));
    } else {
      transposed_blocks(r, image);
    }
  }

 private:
  std::int64_t width() const { return strip_.width; }
  const Affine& image_width() const { return source_.length; }
  std::int64_t full_vectors() const { return p_.group_ic() / L_; }
  int tail() const { return static_cast<int>(p_.group_ic() % L_); }

  Mem at(std::vector<Affine> row, const Affine& column, const Affine& channel) const {
    row.push_back(column);
    row.push_back(channel);
    return {strip_.view, std::move(row)};
  }
  Mem from(std::vector<Affine> row, const Affine& column, const Affine& channel) const {
    row.push_back(column);
    return {t_.input, tensor_index(p_, source_.n, source_.channel + channel, row)};
  }

  void copy(const std::vector<Affine>& r, const std::vector<Affine>& image, const Affine& v,
            const Affine& c, Lanes lanes, Lanes stored = {}) {
    b_.scope([&] {
      const Reg z = b_.vec("z", {}, p_.sum_dtype());
      b_.mov(z(), ir::load(from(image, source_.column0 + v, c), lanes));
      b_.store(at(r, v, c), z(), stored);
    });
  }

  // As they are, all pairs of a column.
  void copy_pairs(const std::vector<Affine>& r, const std::vector<Affine>& image, const Affine& v) {
    const auto vector = [&](const Affine& c, Lanes lanes) {
      b_.scope([&] {
        const Reg z = b_.vec("z", {}, p_.type().pair);
        std::vector<Affine> from = image, to = r;
        from.push_back(source_.column0 + v);
        to.insert(to.end(), {v, c});
        b_.mov(z(), ir::load({*t_.input_pairs, tensor_index(p_, source_.n, source_.pair + c, from)},
                             lanes));
        b_.store({strip_.pairs, to}, z());
      });
    };
    const std::int64_t pairs = p_.group_ic() / 2;
    b_.loop("c", 0, pairs / L_, [&](const Affine& c) { vector(c * L_, {}); });
    const auto rest = static_cast<int>(pairs % L_);
    if (rest != 0) vector(pairs - rest, {0, rest});
  }

  // Columns v..v+columns of every channel; columns <= lanes.
  void transpose_columns(const std::vector<Affine>& r, const std::vector<Affine>& image,
                         const Affine& v, int columns) {
    const auto block = [&](const Affine& c, int channels) {
      const Reg z = b_.vec("z", {L_}, p_.sum_dtype());
      const Lanes lanes = columns == L_ ? Lanes{} : Lanes{0, columns};
      b_.unroll("i", 0, channels, [&](const Affine& i) {
        b_.mov(z(i), ir::load(from(image, source_.column0 + v, c + i), lanes));
      });
      b_.unroll("i", channels, L_, [&](const Affine& i) { b_.mov(z(i), ir::bits(0)); });
      emit_transpose(b_, z, p_.sum_dtype());
      b_.unroll("i", 0, columns, [&](const Affine& i) { b_.store(at(r, v + i, c), z(i)); });
    };
    b_.loop("c", 0, full_vectors(), [&](const Affine& c) { block(c * L_, L_); });
    if (tail() != 0) b_.scope([&] { block(full_vectors() * L_, tail()); });
  }

  void transposed_row(const std::vector<Affine>& r, const std::vector<Affine>& image,
                      std::int64_t lo, std::int64_t hi) {
    if (hi <= lo) return;
    b_.loop("v", 0, (hi - lo) / L_,
            [&](const Affine& v) { transpose_columns(r, image, lo + v * L_, L_); });
    const auto rest = static_cast<int>((hi - lo) % L_);
    if (rest != 0) transpose_columns(r, image, hi - rest, rest);
  }

  // The image's ends move with the block: whole vectors where they fit, element by element
  // elsewhere.
  void transposed_blocks(const std::vector<Affine>& r, const std::vector<Affine>& image) {
    b_.loop("v", 0, width() / L_, [&](const Affine& block) {
      const Affine v = block * L_;
      const Affine i = source_.column0 + v;
      const Affine past = image_width() - L_ - i;
      b_.when({i, past}, [&] { b_.scope([&] { transpose_columns(r, image, v, L_); }); });
      b_.when({-1 - i}, [&] { elements(r, image, v); });
      b_.when({i, -1 - past}, [&] { elements(r, image, v); });
    });
  }
  void elements(const std::vector<Affine>& r, const std::vector<Affine>& image, const Affine& v) {
    const Affine i = source_.column0 + v;
    b_.loop("e", {0, i * -1}, {L_, image_width() - i}, [&](const Affine& e) {
      b_.loop("c", 0, p_.group_ic(), [&](const Affine& c) {
        copy(r, image, v + e, c, {0, 1}, {0, 1});
      });
    });
  }

  Builder& b_;
  const Problem& p_;
  const Tensors& t_;
  const Strip& strip_;
  const StripSource& source_;
  int L_;
};

}  // namespace

std::int64_t strip_channels(std::int64_t channels, ir::DType type, int lanes) {
  const std::int64_t whole = ceil_div(channels, std::int64_t{lanes}) * lanes;
  // Pixels 1 KB or a multiple apart would share few sets of the L1 cache.
  constexpr std::int64_t kBadDistance = 1024;
  return whole * ir::bytes(type) % kBadDistance == 0 ? whole + lanes : whole;
}

Strip declare_strip(Builder& b, const Problem& p, const OuterAxes& outer, std::int64_t width,
                    std::int64_t channels, ir::DType type) {
  const std::int64_t L = b.lanes(p.sum_dtype());
  Strip s;
  // Transposed blocks are whole vectors of columns.
  s.width = p.layout == Layout::channels_first ? ceil_div(width, L) * L : width;
  s.channels = strip_channels(channels, type, b.lanes(type));
  std::vector<Affine> dims;
  for (std::int64_t rows : outer.strip_rows()) dims.emplace_back(rows);
  dims.emplace_back(s.width);
  dims.emplace_back(s.channels);
  s.view = b.buffer("s", type, dims, ir::BufferKind::local);
  if (type != p.sum_dtype()) {
    dims.back() = s.channels / 2;
    s.pairs = b.view("sp", s.view, 0, p.type().pair, dims);
  }
  return s;
}

void emit_strip_rows(Builder& b, const Problem& problem, const Strip& strip, OuterAxes& outer,
                     const StripSource& source, const CopyRow& copy) {
  std::vector<Affine> end = source.read;
  end.emplace_back(strip.width);
  outer.each_strip_row([&](const OuterAxes::Rows& row, const OuterAxes::Rows& image) {
    zeros(b, problem, strip, row, {0}, {strip.width, source.column0 * -1});
    copy(row, image);
    zeros(b, problem, strip, row, {0, source.length - source.column0}, end);
  });
}

void emit_strip_row(Builder& b, const Problem& problem, const Tensors& tensors, const Strip& strip,
                    const StripSource& source, const OuterAxes::Rows& row,
                    const OuterAxes::Rows& image) {
  std::vector<Affine> end = source.read;
  end.emplace_back(strip.width);
  zeros(b, problem, strip, row, {0}, {strip.width, source.column0 * -1});
  Filler(b, problem, tensors, strip, source).row(row, image);
  zeros(b, problem, strip, row, {0, source.length - source.column0}, end);
}

void emit_zero_row(Builder& b, const Problem& problem, const Strip& strip,
                   const OuterAxes::Rows& row) {
  zeros(b, problem, strip, row, {0}, {strip.width});
}

void emit_strip(Builder& b, const Problem& problem, const Tensors& tensors, const Strip& strip,
                OuterAxes& outer, const StripSource& source) {
  Filler filler(b, problem, tensors, strip, source);
  emit_strip_rows(b, problem, strip, outer, source,
                  [&](const auto& row, const auto& image) { filler.row(row, image); });
}

}  // namespace tconv::planner
