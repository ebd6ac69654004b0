// What the model says of one plan, whoever chose it.
#include "planner/candidates.h"
#include "planner/schedules/schedule.h"
#include "planner/trim.h"

namespace tconv::planner {

double predict(const Problem& problem, const Plan& plan, const Machine& machine) {
  const ir::Target* target = ir::find_target(machine.target);
  if (target == nullptr) throw PlanError("target '" + machine.target + "' is not known");
  const Problem p = reduce(problem);
  const int lanes = target->lanes(p.sum_dtype());
  if (multiply_adds(p) == 0) return CostModel(p, machine, lanes).bias_only_us();
  if (p.run_time_sizes()) {
    std::vector<Candidate> one = {{plan, 0}};
    predict_over_sizes(p, machine, *target, one);
    return one.front().predicted_us;
  }
  const CostModel last(plan.transposed ? channels_last_twin(p) : p, machine, lanes);
  const CostModel model(as_scheduled(p, plan), machine, lanes);
  return predict_us(model, plan, *target, false) +
         (plan.transposed ? transposes_us(last, lanes) : 0) +
         (plan.merged ? repeat_us(model, lanes) : 0);
}

}  // namespace tconv::planner
