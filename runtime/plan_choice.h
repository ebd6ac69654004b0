// The plan of a problem: the one that was named, or the model's choice.
#pragma once

#include "planner/planner.h"
#include "runtime/options.h"

namespace tconv::runtime {

// Throws what the planner throws, and Error for a named plan that the accuracy forbids.
planner::Plan choose_plan(const planner::Problem& problem, const planner::Machine& machine,
                          const Settings& settings);

}  // namespace tconv::runtime
