// plans: what plan databases hold, and what is legal of it; merges several into one.
#include <fmt/format.h>

#include <algorithm>

#include "tconv/inspect.hpp"
#include "tools/command.h"
#include "tools/json_report.h"
#include "tools/plan_file.h"

namespace tconv::tools {
namespace {

// Why an entry of this machine would not be taken; empty: it is, or it is another machine's.
std::string why_not(const PlanEntry& entry, bool here) {
  if (!here) return {};
  Options options;
  options.isa = entry.machine.substr(0, entry.machine.find('/'));
  options.accuracy = entry.accuracy;
  options.threads = entry.workers;
  options.plans = "none";
  try {
    return judge_plans(entry.problem, {entry.plan}, options).front().reason;
  } catch (const Error& e) {
    return e.what();
  }
}

}  // namespace

int cmd_plans(const Command& command) {
  JsonReport report("plans");
  std::vector<PlanEntry> kept;
  std::size_t damaged = 0, illegal = 0, others = 0;
  const std::vector<std::string>& isas = host_info().isas;
  const auto is_here = [&](const PlanEntry& e) {
    return std::any_of(isas.begin(), isas.end(),
                       [&](const std::string& isa) { return e.machine == plan_machine(isa); });
  };
  for (const std::string& path : command.case_files) {
    const PlanFile file = read_plan_file(path);
    for (const std::string& line : file.damaged) {
      ++damaged;
      fmt::print(stderr, "tconv: {}; the line is skipped\n", line);
    }
    for (const PlanEntry& e : file.entries) {
      const bool here = is_here(e);
      others += here ? 0 : 1;
      if (command.only_here && !here) continue;
      const std::string reason = why_not(e, here);
      illegal += reason.empty() ? 0 : 1;
      report.add({{"file", path},
                  {"problem", e.problem},
                  {"machine", e.machine},
                  {"here", here},
                  {"accuracy", e.accuracy},
                  {"threads", e.threads},
                  {"workers", e.workers},
                  {"plan", e.plan},
                  {"us", e.us},
                  {"version", e.version},
                  {"reason", reason.empty() ? Json() : Json(reason)}});
      if (!command.json)
        fmt::print("{:>11.1f} us  {}  {}\n  {} threads={} {}{}\n", e.us, e.problem, e.plan,
                   e.machine, e.threads, e.accuracy,
                   !here            ? " (another machine's)"
                   : reason.empty() ? ""
                                    : " NOT LEGAL: " + reason);
      kept.push_back(e);
    }
  }
  std::string stored;
  if (const std::string& path = command.files.output; !path.empty()) {
    for (const std::string& line : add_plans(path, kept)) {
      ++damaged;
      fmt::print(stderr, "tconv: {}; the line is kept as it is\n", line);
    }
    stored = ", written to " + path;
  }
  finish(report, command.json,
         fmt::format("plans: {} plan(s) of {} file(s){}; {} of other machines, {} not legal, {} "
                     "damaged line(s)",
                     kept.size(), command.case_files.size(), stored, others, illegal, damaged));
  return damaged + illegal == 0 ? kRight : kWrong;
}

}  // namespace tconv::tools
