#include "planner/accuracy.h"

#include <fmt/format.h>

#include <algorithm>

#include "planner/minimal_filter.h"
#include "planner/phase.h"
#include "planner/planner.h"
#include "planner/schedules/schedule.h"
#include "planner/schedules/width_blocks.h"
#include "planner/trim.h"

namespace tconv::planner {
namespace {

Problem planned(const Problem& problem, const Plan& plan) {
  return as_scheduled(reduce(problem), plan);
}

}  // namespace

bool needs_definition_order(const Problem& problem, Accuracy accuracy) {
  return accuracy == Accuracy::exact_order || problem.type().definition_order;
}

std::string sum_order(const Problem& problem, const Plan& plan) {
  if (plan.schedule == Schedule::width)
    return adds_channels_first(planned(problem, plan)) && !plan.ordered ? "channels first" : "";
  if (plan.dot2) return "pairs";
  if (plan.schedule == Schedule::winograd)
    return fmt::format("winograd m={} r={} merged={}", fmt::join(plan.m, "x"), plan.r, plan.merged);
  return {};
}

double error_factor(const Problem& problem, const Plan& plan) {
  if (plan.schedule != Schedule::winograd) return 1;
  const Problem p = planned(problem, plan);
  double factor = 1;
  for (std::size_t a = 0; a < std::min(plan.m.size(), p.axes.size()); ++a) {
    if (plan.m[a] <= 1) continue;
    const auto taps = static_cast<int>(phases(p.axes[a]).taps);
    factor *= accuracy_factor(plan.m[a], plan.r > 0 ? std::min(plan.r, taps) : taps);
  }
  return factor;
}

}  // namespace tconv::planner
