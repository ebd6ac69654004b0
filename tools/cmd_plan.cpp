// plan: which plans are legal for a problem, how long each should take, and why others are not.
#include <fmt/format.h>

#include "tconv/inspect.hpp"
#include "tools/command.h"
#include "tools/json_report.h"
#include "tools/sources.h"

namespace tconv::tools {

int cmd_plan(const Command& command) {
  const auto problems = collect_some(command.sources);
  JsonReport report("plan");
  std::size_t candidates = 0;
  for (const NamedProblem& problem : problems) {
    const PlanReport plans = plan_report(problem.line, command.options);
    Json row = {{"name", problem.name},
                {"problem", problem.line},
                {"chosen", plans.chosen},
                {"candidates", Json::array()},
                {"rejected", Json::array()}};
    if (!plans.note.empty()) row["note"] = plans.note;
    candidates += plans.candidates.size();
    for (const PlanCandidate& c : plans.candidates)
      row["candidates"].push_back({{"plan", c.plan}, {"predicted_us", c.predicted_us}});
    for (const PlanRejection& r : plans.rejected)
      row["rejected"].push_back({{"plan", r.plan}, {"reason", r.reason}});
    report.add(std::move(row));
    if (command.json) continue;
    fmt::print("{}: {}\n  chosen {}{}\n", problem.name, problem.line, plans.chosen,
               plans.note.empty() ? "" : "  " + plans.note);
    for (const PlanCandidate& c : plans.candidates)
      fmt::print("  {:>12.1f} us  {}\n", c.predicted_us, c.plan);
    for (const PlanRejection& r : plans.rejected)
      fmt::print("  {:>15}  {}: {}\n", "rejected", r.plan, r.reason);
  }
  finish(report, command.json,
         fmt::format("plan: {} problem(s), {} legal plan(s)", problems.size(), candidates));
  return kRight;
}

}  // namespace tconv::tools
