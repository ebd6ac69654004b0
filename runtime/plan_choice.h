// The plan of a problem: the one that was named, that of a plan database, or the model's choice.
#pragma once

#include <memory>

#include "planner/planner.h"
#include "runtime/options.h"

namespace tconv::runtime {

// The first and the last of these. Throws what the planner throws, and Error for a named plan that
// the accuracy forbids.
planner::Plan choose_plan(const planner::Problem& problem, const planner::Machine& machine,
                          const Settings& settings);

struct PlanChoice {
  planner::Plan plan;
  planner::Machine machine;                         // that it is made for
  std::shared_ptr<const planner::Lowered> lowered;  // null: nobody lowered it yet
  bool known = false;                               // by the database
  std::string note;  // what the database said; empty: it has no plan, or is not used
};
// All three. A plan of the database that is not legal, or would make the result depend on the
// number of threads, is not taken, and the note says why.
PlanChoice choose_plan(const planner::Problem& problem, const Settings& settings);

}  // namespace tconv::runtime
