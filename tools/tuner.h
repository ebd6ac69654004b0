// The fastest plan of one layer, by measurement.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/bench_layer.h"
#include "tools/statistics.h"
#include "tools/tune_budget.h"
#include "tools/tune_plans.h"
#include "tools/turns.h"

namespace tconv::tools {

// What is called faster: a chance of 1 in 100 that equal plans look as different, and 2%, because
// where memory lies moves times by more than the rounds show.
inline constexpr Rule kTuneRule{.p = 0.01, .margin = 0.02};

struct TunedPlan {
  std::string plan;
  int workers = 1;  // that share a run
  double predicted_us = 0;
  std::vector<double> us;    // of each turn while plans were sought
  std::string error;         // it could not be made, although it is legal
  double median_us() const;  // no turn yet, or an error: infinity
};

// Two plans in fresh rounds, in which nothing was chosen.
struct Duel {
  std::vector<double> old_us, new_us;  // of each round
  Change change;
  double old_median_us() const { return median(old_us); }
  double new_median_us() const { return median(new_us); }
};

struct TuneResult {
  std::vector<TunedPlan> tried;  // the model's choice first, the others fastest first
  std::size_t best = 0;          // the fastest of them while plans were sought
  std::size_t rank = 1;          // of the best among the predictions of all that were tried
  Duel duel;                     // the model's choice against it
  bool complete = true;          // false: interrupted before the duel was over
  bool faster() const { return complete && duel.change.verdict == Verdict::faster; }
};

struct TuneWishes {
  bool cold = false;  // each run finds no tensor in a cache
  std::function<bool()> stop = [] { return false; };
  std::function<void(const TuneResult&)> progress = [](const TuneResult&) {};
};

class Tuner {
 public:
  // `options` say isa, backend, threads and accuracy. Borrows the layer, which is a run's data.
  Tuner(BenchLayer& layer, const Options& options, TuneWishes wishes);

  // Plans by the model's order, then what lies around the fastest, one turn each; the fastest in
  // rounds, of which half stay each time; then the duel. Throws tconv::Error where the model's
  // choice cannot be made.
  TuneResult search(TunePlans& plans, const std::vector<TunedPlan>& more, TuneBudget& budget);
  // The model's choice against one plan that is named.
  TuneResult compare(const PlanCandidate& chosen, const TunedPlan& named, TuneBudget& budget);

 private:
  struct Ready;
  Options options_of(const TunedPlan& plan) const;
  std::unique_ptr<Ready> make(const TunedPlan& plan) const;
  double measure(Ready& ready, double least_us, double give_up_us) const;
  // A turn; what fails is noted in the plan.
  void turn(TunedPlan& plan, std::unique_ptr<Ready>& ready, double give_up_us, TuneBudget& budget);
  void first_turns(TuneResult& result, const std::vector<PlanCandidate>& plans, double until,
                   TuneBudget& budget);
  std::size_t halve(TuneResult& result, TuneBudget& budget);  // who is left
  void duel(TuneResult& result, TuneBudget& budget);
  TunedPlan first(const PlanCandidate& chosen, TuneBudget& budget);

  BenchLayer& layer_;
  Options options_;
  TuneWishes wishes_;
};

// Of the fastest `count` of the plans: where they stand, the fastest first.
std::vector<std::size_t> fastest(const std::vector<TunedPlan>& plans, std::size_t count);

}  // namespace tconv::tools
