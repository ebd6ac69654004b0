// Plans of one layer that race: they run in turns until it is clear which are the fastest.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/bench_layer.h"
#include "tools/turns.h"

namespace tconv::tools {

struct Racer {
  std::string plan;  // canonical text
  double predicted_us = 0;
  bool chosen = false;  // by the model: made without naming a plan, as create does
  // After the race:
  Turns turns{false};
  double executed_multiply_adds = 0;  // of a run
  std::string error;                  // it could not be made, although it is legal
};

class PlanRace {
 public:
  // The model's choice must be among the racers. Borrows everything.
  PlanRace(BenchLayer& layer, const Options& options, std::vector<Racer>& racers);

  // Rounds in which each plan takes a turn of `turn_us`; who begins changes. After the first, those
  // that took more than twice the time of the fastest leave: a turn never errs that much for long.
  // Then the racers are sorted by median; those with an error are last.
  void run(int rounds, double turn_us, const std::function<void(std::size_t)>& progress);

  const Inspection& chosen() const { return chosen_; }  // what was made of the model's choice

 private:
  Options options_of(const Racer& racer) const;
  void turn(std::size_t index, double us);

  BenchLayer& layer_;
  const Options& options_;
  std::vector<Racer>& racers_;
  std::vector<std::unique_ptr<Session>> sessions_;  // those that are kept between their turns
  std::size_t kept_bytes_ = 0;
  Inspection chosen_;
};

}  // namespace tconv::tools
