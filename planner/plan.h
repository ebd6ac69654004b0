// A plan says how a problem is computed: a plain value with a one-line text form without white
// space, as direct(mr=14,nr=2,tile=w,rows=4,strip).
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tconv::planner {

enum class Schedule : std::uint8_t { direct, width, channelwise, bias_only, winograd };
const char* name(Schedule schedule);

enum class TileAxis : std::uint8_t { w, n };  // what the pixels of a register tile run along

class PlanError : public std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

// Fields that a schedule does not use stay at their default.
struct Plan {
  Schedule schedule = Schedule::direct;
  int mr = 0;  // register tile: pixels (or, in width, planes)
  int nr = 0;  // register tile: vectors
  TileAxis tile = TileAxis::w;
  int rows = 1;           // rows of blocks that one grid point computes
  std::int64_t cols = 0;  // blocks along the width that one grid point computes; 0 = all
  int panels = 0;         // panels of output channels per grid point; 0 = all
  bool strip = false;     // input rows are copied into a zero-padded local strip
  bool stream = false;    // outputs are written with streaming stores
  bool transposed =
      false;  // channels-first: both tensors are transposed as a whole, before and after
  bool prefetch = false;  // inputs of the next grid point, while this one computes
  int merged = 0;         // the phases along so many axes, from the width on, are output channels
  int phases = 1;         // channelwise: along the width, computed by one register tile
  int fetch = 0;          // KB ahead in the packed filter that are prefetched; 0: nothing
  int ku = 1;             // input channels (dot2: pairs) per step of the innermost loop
  bool dot2 = false;      // direct, bf16: two input channels per multiply-add, by ir's dot2
  // winograd, F(m, r): outputs of a tile per axis of the reduced problem, 1 = not transformed; taps
  // per group, 0 = all of the longest phase's.
  std::vector<int> m = {};
  int r = 0;
  int images = 1;  // of the batch, computed by one grid point
  bool operator==(const Plan&) const = default;
};

std::string print(const Plan& plan);
Plan parse_plan(std::string_view text);  // throws PlanError

}  // namespace tconv::planner
