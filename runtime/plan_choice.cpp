#include "runtime/plan_choice.h"

#include <fmt/format.h>

#include "runtime/error.h"

namespace tconv::runtime {

planner::Plan choose_plan(const planner::Problem& problem, const planner::Machine& machine,
                          const Settings& settings) {
  if (settings.plan.empty()) return planner::choose(problem, machine, settings.accuracy).plan;
  const planner::Plan plan = planner::parse_plan(settings.plan);
  const std::string order = planner::sum_order(problem, plan);
  if (settings.accuracy == planner::Accuracy::exact_order && !order.empty())
    refuse(
        fmt::format("plan={}: adds products in another order ({}) than accuracy=exact-order "
                    "allows",
                    planner::print(plan), order));
  return plan;
}

}  // namespace tconv::runtime
