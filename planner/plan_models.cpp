#include "planner/plan_models.h"

#include "planner/candidates.h"
#include "planner/schedules/schedule.h"

namespace tconv::planner {

PlanModels::PlanModels(const Problem& problem, const Machine& machine, const ir::Target& target)
    : problem_(problem), machine_(machine), target_(target) {}

const CostModel& PlanModels::of(const Plan& plan, std::int64_t n) {
  const auto key = std::make_tuple(plan.transposed, plan.merged, n);
  const auto found = models_.find(key);
  if (found != models_.end()) return found->second;
  const Problem seen = as_scheduled(at_sizes(problem_, n, 0), plan);
  return models_.try_emplace(key, seen, machine_, target_.lanes(problem_.sum_dtype()))
      .first->second;
}

double PlanModels::ways_us(const Plan& plan) {
  const int lanes = target_.lanes(problem_.sum_dtype());
  Plan last;
  last.transposed = true;
  return (plan.transposed ? transposes_us(of(last), lanes) : 0) +
         (plan.merged ? repeat_us(of(plan), lanes) : 0);
}

double PlanModels::us(const Plan& plan, bool open) {
  return predict_us(of(plan), plan, target_, open) + ways_us(plan);
}

}  // namespace tconv::planner
