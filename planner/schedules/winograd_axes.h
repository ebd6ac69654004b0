// How a winograd plan cuts a problem: kernels, and what each does along every axis.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "planner/minimal_filter.h"
#include "planner/phase.h"
#include "planner/planner.h"
#include "planner/schedules/panels.h"

namespace tconv::planner {

// One axis in one kernel: phases t_begin..t_end, all with `taps` taps.
struct WinogradAxis {
  AxisPhases x;
  std::int64_t block = 1;  // blocks q per grid point; a multiple of m
  std::int64_t t_begin = 0, t_end = 0, taps = 0;
  std::optional<MinimalFilter> filter = {};  // none: direct
  std::int64_t groups = 1;  // of r taps each; several need m = r, so that a group is a tile further

  bool transformed() const { return filter.has_value(); }
  std::int64_t m() const { return filter ? filter->m : 1; }
  std::int64_t points() const { return filter ? filter->points() : 1; }
  // Steps of the sum in the products: groups of taps, or taps.
  std::int64_t steps() const { return filter ? groups : taps; }
  std::int64_t halo() const;                              // inputs before the first block's own
  std::int64_t window() const { return block + halo(); }  // inputs that a grid point reads
  // Tiles (or positions) that are transformed, and that become outputs.
  std::int64_t entries() const { return filter ? block / m() + groups - 1 : window(); }
  std::int64_t results() const { return filter ? block / m() : block; }
  std::int64_t grid() const { return (x.blocks() + block - 1) / block; }
};

// The kernels of a plan: per kernel one WinogradAxis per axis. The plan is legal.
std::vector<std::vector<WinogradAxis>> winograd_kernels(const Problem& problem, const Plan& plan);

// The packed filter of one kernel: [group][phases..][panel][points..][steps..][ic][row].
PackedFilter winograd_packing(const Problem& problem, const std::vector<WinogradAxis>& axes,
                              const Panels& panels);

// Vectors of channels in a slab of the input's transforms (winograd_input.cpp).
std::int64_t slab_vectors(const std::vector<WinogradAxis>& axes, std::int64_t channels, int lanes,
                          std::int64_t vector_bytes);

}  // namespace tconv::planner
