// What the model says of one plan, whoever chose it.
#include "planner/candidates.h"
#include "planner/plan_models.h"
#include "planner/planned_target.h"
#include "planner/trim.h"

namespace tconv::planner {

double predict(const Problem& problem, const Plan& plan, const Machine& machine) {
  const ir::Target* known = ir::find_target(machine.target);
  if (known == nullptr) throw PlanError("target '" + machine.target + "' is not known");
  const ir::Target target = as_planned(*known);
  const Problem p = reduce(problem);
  if (multiply_adds(p) == 0)
    return CostModel(p, machine, target.lanes(p.sum_dtype())).bias_only_us();
  if (p.run_time_sizes()) {
    std::vector<Candidate> one = {{plan, 0}};
    predict_over_sizes(p, machine, target, one);
    return one.front().predicted_us;
  }
  return PlanModels(p, machine, target).us(plan, false);
}

std::int64_t stream_from_bytes(const Problem& problem, const Machine& machine) {
  const ir::Target* known = ir::find_target(machine.target);
  if (known == nullptr) throw PlanError("target '" + machine.target + "' is not known");
  const Problem p = reduce(problem);
  return CostModel(p, machine, as_planned(*known).lanes(p.sum_dtype())).stream_from_bytes();
}

}  // namespace tconv::planner
