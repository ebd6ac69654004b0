// Which plans a tuner tries: those that the model ranks, the best of every family first, and what
// lies around a plan.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tconv/inspect.hpp"
#include "tools/sweep.h"

namespace tconv::tools {

// Legal plans of one problem. Every plan is given once.
class TunePlans {
 public:
  // `options` say isa, threads and accuracy; what they say of plans is not looked at. With several
  // threads only plans that add in `order` are given. Throws tconv::Error.
  TunePlans(std::string line, Options options, std::string order);

  const PlanCandidate& chosen() const { return chosen_; }  // by the model
  // What the model ranks, the chosen one left out: the best of each family, then the others; each
  // best prediction first.
  std::vector<PlanCandidate> ranked();
  // Those that differ from `plan` in one field, or in both sides of the register tile, with values
  // that other plans of this problem have or that lie beside; best prediction first.
  std::vector<PlanCandidate> around(const std::string& plan);

 private:
  std::vector<PlanCandidate> judged(const std::vector<std::string>& texts);

  std::string line_;
  Options options_;
  std::string order_;
  PlanReport report_;
  PlanCandidate chosen_;
  std::set<std::string> given_;
};

// What a plan is, whatever its sizes: the schedule, its flags and what is transformed.
std::string family(const PlanText& plan);

}  // namespace tconv::tools
