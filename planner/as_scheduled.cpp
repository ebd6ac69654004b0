#include "planner/schedules/schedule.h"

namespace tconv::planner {

Problem as_scheduled(const Problem& problem, const Plan& plan) {
  const Problem last = plan.transposed ? channels_last_twin(problem) : problem;
  return plan.merged ? merged_twin(last, plan.merged) : last;
}

}  // namespace tconv::planner
