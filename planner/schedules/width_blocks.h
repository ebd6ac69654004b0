// Which inputs meet which output residues along the width. Output o = s*u + r of residue r reads
// the inputs u + delta with r + p - s*delta = t*d; lanes run along u, so residues that share a
// delta share a vector.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/problem.h"

namespace tconv::planner {

// `count` taps of the residues lo..hi of a block: tap j reads delta - j*step with the packed tap
// packed + j*packed_step.
struct WidthTaps {
  std::int64_t delta = 0, step = 1, count = 1;
  int lo = 0, hi = 1;
  std::int64_t packed = 0, packed_step = 1;
  bool operator==(const WidthTaps&) const = default;
};

// `count` blocks of the same shape; block b has the residues first + b*stride + (0..size).
struct ResidueBlocks {
  std::int64_t first = 0, stride = 0, count = 1;
  int size = 1;
  std::vector<WidthTaps> taps;                             // of block 0; empty: bias only
  std::int64_t packed_stride = 0;                          // what a block adds to the packed tap
  std::int64_t packed_block = 0, packed_block_stride = 0;  // coordinate of the packed residue block
  // FMAs of one input channel and one vector of columns, for one output channel.
  std::int64_t products() const;
};

struct WidthBlocks {
  int residues = 1, channels = 1;  // planes of a register tile: residues x output channels
  std::vector<ResidueBlocks> blocks;
  std::int64_t first_delta = 0, last_delta = 0;
  // Width tap at packed (tap, block, residue): tap_constant + tap*tap_step + block*residues +
  // residue.
  std::int64_t packed_taps = 0, packed_blocks = 1, tap_constant = 0, tap_step = 1;
};

// Whether the taps along the width are written out under one loop over the channels, unless the
// plan is `ordered`. It decides the order in which products are added, so it does not depend on the
// tile.
bool unrolls_width_taps(const Problem& problem);
// Whether that order is another than the definition's, which the other schedules keep: taps, then
// channels.
bool adds_channels_first(const Problem& problem);

// Tiles of at most mr planes.
WidthBlocks width_blocks(const Problem& problem, int mr);

}  // namespace tconv::planner
