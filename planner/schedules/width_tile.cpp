// One register tile, from the bias to the planes.
#include "planner/schedules/width.h"

namespace tconv::planner {

using ir::Affine;
using ir::Reg;
using ir::RegRef;

Affine Width::plane(const Channels& c, const Affine& residue, const Affine& channel) const {
  return last() ? residue * problem_.oc + output_channel(c, channel)
                : channel * width().s + residue;
}

void Width::tile(const Channels& channels, const ResidueBlocks& blocks, const Affine& block,
                 const Affine& column, int vectors) {
  const int C = channels.count;
  const Affine residue = blocks.first + block * blocks.stride;
  b_.scope([&] {
    const Reg acc = b_.vec("c", {blocks.size * C, vectors}, problem_.sum_dtype());
    b_.unroll("o", 0, C, [&](const Affine& o) {
      b_.mov(acc(o, 0), problem_.bias ? ir::bcast({tensors_.bias, {output_channel(channels, o)}})
                                      : ir::bits(0));
      b_.unroll("v", 1, vectors, [&](const Affine& v) { b_.mov(acc(o, v), acc(o, 0)); });
    });
    b_.unroll("r", 1, blocks.size, [&](const Affine& r) {
      b_.unroll("o", 0, C, [&](const Affine& o) {
        b_.unroll("v", 0, vectors, [&](const Affine& v) { b_.mov(acc(r * C + o, v), acc(o, 0)); });
      });
    });
    if (!blocks.taps.empty())
      outer_.each_tap([&] { products(channels, blocks, block, column, acc, vectors); });
    b_.unroll("r", 0, blocks.size, [&](const Affine& r) {
      b_.unroll("o", 0, C, [&](const Affine& o) {
        b_.unroll("v", 0, vectors, [&](const Affine& v) {
          b_.store({planes_, {plane(channels, residue + r, o), column + v * L_}},
                   acc(r * C + o, v));
        });
      });
    });
  });
  if (!plane_epilogue_.empty()) finish_planes(channels, blocks, block, column, vectors);
}

void Width::products(const Channels& channels, const ResidueBlocks& blocks, const Affine& block,
                     const Affine& column, const Reg& acc, int vectors) {
  const int C = channels.count;
  const Affine group = channels.group * (last() ? problem_.group_ic() : 0);
  // The FMAs of one input channel and one width tap.
  const auto step = [&](const WidthTaps& taps, const Affine& j, const Affine& k) {
    const Affine at = column + taps.delta - residues_.first_delta - j * taps.step;
    const auto input = [&](const Affine& v) {
      return ir::load(strip(outer_.strip_row(), group + k, at + v * L_));
    };
    const auto weight = [&](const Affine& r, const Affine& o) {
      std::vector<Affine> index = {channels.group};
      for (const Affine& t : outer_.filter_tap()) index.push_back(t);
      index.push_back(taps.packed + j * taps.packed_step + block * blocks.packed_stride);
      index.push_back(blocks.packed_block + block * blocks.packed_block_stride);
      index.insert(index.end(), {channels.block, k, r, o});
      return ir::bcast({tensors_.filter, index});
    };
    const auto planes = [&](auto&& f) {
      b_.unroll("r", taps.lo, taps.hi,
                [&](const Affine& r) { b_.unroll("o", 0, C, [&](const Affine& o) { f(r, o); }); });
    };
    if ((taps.hi - taps.lo) * C == 1) {  // every input vector has one use: an operand from memory
      planes([&](const Affine& r, const Affine& o) {
        const Reg w = b_.vec("w", {}, problem_.sum_dtype());
        b_.mov(w(), weight(r, o));
        b_.unroll("v", 0, vectors, [&](const Affine& v) {
          const RegRef sum = acc(r * C + o, v);
          b_.fma(sum, w(), input(v), sum);
        });
      });
      return;
    }
    const Reg x = b_.vec("x", {vectors}, problem_.sum_dtype());
    b_.unroll("v", 0, vectors, [&](const Affine& v) { b_.mov(x(v), input(v)); });
    planes([&](const Affine& r, const Affine& o) {
      if (vectors == 1 && b_.target().bcast_operand) {
        b_.fma(acc(r * C + o, 0), x(0), weight(r, o), acc(r * C + o, 0));
        return;
      }
      const Reg w = b_.vec("w", {}, problem_.sum_dtype());
      b_.mov(w(), weight(r, o));
      b_.unroll("v", 0, vectors, [&](const Affine& v) {
        const RegRef sum = acc(r * C + o, v);
        b_.fma(sum, x(v), w(), sum);
      });
    });
  };
  const auto channel_loop = [&](auto&& f) {
    b_.loop("k", 0, problem_.group_ic(), [&](const Affine& k) { f(k); });
  };
  if (channels_first()) {
    channel_loop([&](const Affine& k) {
      prefetch(channels, 0, k);
      for (const WidthTaps& t : blocks.taps)
        b_.unroll("j", 0, t.count, [&](const Affine& j) { b_.scope([&] { step(t, j, k); }); });
    });
    return;
  }
  for (const WidthTaps& t : blocks.taps)
    b_.loop("j", 0, t.count, [&](const Affine& j) {
      channel_loop([&](const Affine& k) {
        prefetch(channels, t.packed + j * t.packed_step, k);
        b_.scope([&] { step(t, j, k); });
      });
    });
}

// Post-ops of a plane, from memory: the accumulators leave no registers.
void Width::finish_planes(const Channels& channels, const ResidueBlocks& blocks,
                          const Affine& block, const Affine& column, int vectors) {
  b_.loop("r", 0, blocks.size, [&](const Affine& r) {
    b_.loop("o", 0, channels.count, [&](const Affine& o) {
      b_.loop("v", 0, vectors, [&](const Affine& v) {
        const Affine residue = blocks.first + block * blocks.stride + r;
        const ir::Mem at{planes_, {plane(channels, residue, o), column + v * L_}};
        const Reg z = b_.vec("z", {}, problem_.sum_dtype());
        b_.mov(z(), ir::load(at));
        plane_epilogue_.emit(b_, z(), {false, output_channel(channels, o), {}, {}});
        b_.store(at, z());
      });
    });
  });
}

}  // namespace tconv::planner
