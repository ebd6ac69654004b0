// Which plans there are: each schedule proposes its own, with a reason for every one that is not
// legal.
#pragma once

#include "planner/cost.h"
#include "planner/planner.h"
#include "planner/schedules/winograd_axes.h"

namespace tconv::planner {

struct Proposals {
  std::vector<Candidate> legal;
  std::vector<Rejection> rejected;
};
void propose_direct(const CostModel& model, const ir::Target& target, Proposals& out);
void propose_channelwise(const CostModel& model, const ir::Target& target, Proposals& out);
void propose_winograd(const CostModel& model, const ir::Target& target, Proposals& out);
void propose_width(const CostModel& model, const ir::Target& target, Proposals& out);

double winograd_us(const CostModel& model, const Plan& plan, const ir::Target& target,
                   const std::vector<std::vector<WinogradAxis>>& kernels);
double width_us(const CostModel& model, const Plan& plan, const ir::Target& target);

}  // namespace tconv::planner
