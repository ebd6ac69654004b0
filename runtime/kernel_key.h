// The text that names compiled code: two operations with the same key run the same instructions.
#pragma once

#include <string>
#include <vector>

#include "ir/target.h"
#include "planner/machine.h"
#include "runtime/options.h"

namespace tconv::runtime {

// Everything that changes what is planned, lowered or emitted.
struct KeyInputs {
  std::string problem;  // canonical line
  std::string plan;     // canonical text of the plan in use, whoever chose it
  ir::Target target;
  planner::Machine machine;           // the plan for non-finite filters is chosen with it
  std::vector<std::string> features;  // of the CPU: emitters use more than a target's name says
  int threads = 1;
  Backend backend = Backend::automatic;
  bool interpreter_fallback = false;
  int ir_version = 0;
  std::string tconv_version;
  std::string plan_note;  // no code, but a part of what is kept: the description
};

std::string kernel_key(const KeyInputs& inputs);

// What the caller wrote, after the environment had its say. Several spellings lead to one key;
// finding one costs neither parsing nor planning. Never equal to a key.
std::string spelling(const std::string& problem, const Settings& settings);

}  // namespace tconv::runtime
