// What is said of a tuned layer, and kept of it.
#pragma once

#include "tools/json_report.h"
#include "tools/tuner.h"

namespace tconv::tools {

struct TunedLayer {
  Json row;
  double slower = 0;  // the model's choice than the best: 0.1 is 10%
  PlanEntry entry;    // all but the machine
  bool complete = true;
};

// `options` are resolved: isa and threads are said.
TunedLayer tuned_layer(const TuneResult& result, const NamedProblem& problem,
                       const Options& options, const TuneBudget& budget, bool cold);

// The table for people.
void print_tune_head();
void print_tune_row(const Json& row);

}  // namespace tconv::tools
