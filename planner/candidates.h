// Which plans there are: each schedule proposes its own, with a reason for every one that is not
// legal.
#pragma once

#include "planner/cost.h"
#include "planner/planner.h"
#include "planner/schedules/winograd_axes.h"

namespace tconv::planner {

// Blocks along the width that a grid point may compute, before rounding to whole tiles; 0: all.
inline const std::vector<std::int64_t> kWholeRows = {0};
std::vector<std::int64_t> row_blocks(const Problem& problem, std::int64_t row_pixels);

// KB of the packed filter to prefetch: where it lies beyond L2 and tiles are tall. Zen 4, layers
// whose filter does, 4 KB: nr=2 0.95x to 1.2x, mean 1.02x of 33; nr=3 to 8 0.89x to 1.04x, mean
// 0.98x of 15.
inline int fetch_ahead(const Plan& plan, bool far_filter) {
  constexpr int kKB = 4, kMostVectors = 2;
  return far_filter && plan.nr <= kMostVectors ? kKB : 0;
}

struct Proposals {
  std::vector<Candidate> legal;
  std::vector<Rejection> rejected;
};
void propose_direct(const CostModel& model, const ir::Target& target, Proposals& out);
void propose_channelwise(const CostModel& model, const ir::Target& target, Proposals& out);
void propose_winograd(const CostModel& model, const ir::Target& target, Proposals& out);
void propose_width(const CostModel& model, const ir::Target& target, Proposals& out);

// `open`: a plan for a length that only a run knows, in a run of the problem's length.
double winograd_us(const CostModel& model, const Plan& plan, const ir::Target& target,
                   const std::vector<std::vector<WinogradAxis>>& kernels, bool open);
double width_us(const CostModel& model, const Plan& plan, const ir::Target& target);
double channelwise_us(const CostModel& model, const Plan& plan, int lanes);

double predict_us(const CostModel& model, const Plan& plan, const ir::Target& target, bool open);
double transposes_us(const CostModel& model, int lanes);  // of both tensors
double repeat_us(const CostModel& model, int lanes);      // of what merged channels share

// Where a size is known only at run time, plans are proposed for the largest; this makes the
// prediction of each the geometric mean over the smallest size, the largest and the geometric
// middle between them, so that a plan must be good at all of them and the largest does not outweigh
// the others. `problem` is normalized.
void predict_over_sizes(const Problem& problem, const Machine& machine, const ir::Target& target,
                        std::vector<Candidate>& candidates);

}  // namespace tconv::planner
