// What the caller wished for, merged: argument > option string > environment > model
// (docs/options.md).
#pragma once

#include <string>

#include "planner/accuracy.h"
#include "tconv/tconv.hpp"

namespace tconv::runtime {

class PlanDatabase;

constexpr int kMostThreads = 1024;

enum class Backend { automatic, xbyak, llvm, interpreter };

struct Settings {
  int threads = 1;
  std::string isa;  // a known target's name
  Backend backend = Backend::automatic;
  std::string plan;  // empty: the model chooses
  bool interpreter_fallback = false;
  planner::Accuracy accuracy = planner::Accuracy::standard;
  std::string machine;  // path of a machine file; empty: the table's numbers
  const PlanDatabase* plans = nullptr;  // null: the model's choices
  double fork_us = -1;  // TCONV_FORK_US; negative: the machine table's
  std::string dump;     // TCONV_DUMP: steps separated by commas, or "all"
};

// Fills what `given` leaves open from the environment and the host. Throws Error naming the option.
Settings resolve(const Options& given);

}  // namespace tconv::runtime
