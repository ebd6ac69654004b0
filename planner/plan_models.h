// The cost models that plans of one problem need: one for each problem that a plan makes of it
// (channels-last, merged).
#pragma once

#include <map>
#include <tuple>

#include "ir/target.h"
#include "planner/cost.h"

namespace tconv::planner {

// `problem` is normalized and of known sizes; borrowed, as is the target.
class PlanModels {
 public:
  PlanModels(const Problem& problem, const Machine& machine, const ir::Target& target);
  // Of a part of the batch, where a plan takes it in parts.
  const CostModel& of(const Plan& plan, std::int64_t n);
  const CostModel& of(const Plan& plan) { return of(plan, problem_.n); }
  // What the ways to that problem and back cost.
  double ways_us(const Plan& plan);
  // The prediction for a legal plan. `open`: one for a length that only a run knows.
  double us(const Plan& plan, bool open);

 private:
  const Problem& problem_;
  const Machine& machine_;
  const ir::Target& target_;
  std::map<std::tuple<bool, int, std::int64_t>, CostModel> models_;
};

}  // namespace tconv::planner
