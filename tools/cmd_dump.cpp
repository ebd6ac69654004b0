// dump: the plan, the IR, LLVM's text or the machine code of a problem.
#include <fmt/format.h>

#include "tconv/inspect.hpp"
#include "tools/command.h"
#include "tools/json_report.h"
#include "tools/sources.h"

namespace tconv::tools {
namespace {

std::string stage_text(const NamedProblem& problem, const Command& command) {
  if (command.stage == "plan") return plan_report(problem.line, command.options).chosen + "\n";
  if (command.stage == "ir") return ir_text(problem.line, command.options);
  if (command.stage == "llvm") return llvm_text(problem.line, command.options);
  return code_text(ConvTranspose::create(problem.line, command.options));
}

}  // namespace

int cmd_dump(const Command& command) {
  const auto problems = collect_some(command.sources);
  JsonReport report("dump");
  for (const NamedProblem& problem : problems) {
    const std::string text = stage_text(problem, command);
    report.add({{"name", problem.name},
                {"problem", problem.line},
                {"stage", command.stage},
                {"text", text}});
    if (command.json) continue;
    if (problems.size() > 1) fmt::print("# {}: {}\n", problem.name, problem.line);
    fmt::print("{}", text);
  }
  finish(report, command.json,
         fmt::format("# dump: {} of {} problem(s)", command.stage, problems.size()));
  return kRight;
}

}  // namespace tconv::tools
