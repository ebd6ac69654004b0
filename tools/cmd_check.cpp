// check: what plans compute against the float64 definition.
#include <fmt/format.h>

#include <algorithm>

#include "tconv/inspect.hpp"
#include "tools/command.h"
#include "tools/coverage.h"
#include "tools/json_report.h"
#include "tools/progress.h"
#include "tools/session.h"
#include "tools/sources.h"

namespace tconv::tools {
namespace {

struct Totals {
  std::int64_t checks = 0, wrong = 0, failed = 0, not_legal = 0, elements = 0;
  double worst_ulp = 0;
};

class Checker {
 public:
  Checker(const Command& command, bool alone)
      : command_(command), report_("check"), alone_(alone) {}

  void check(const NamedProblem& problem, std::uint64_t seed) {
    try {
      const std::vector<std::string> texts = plans(problem);
      for (const RunSize& size : sampled(problem.shape, seed)) {
        const Shape shape = at(problem.shape, size);
        TensorData data = random_data(shape, seed);
        const Definition definition(shape, data.view());
        for (const std::string& plan : texts) check(problem, size, plan, data, definition);
      }
    } catch (const Error& e) {
      if (alone_) throw;
      add_failure(problem, command_.options.plan, e.what());
    }
  }

  int finish_all(std::size_t problems, Progress& progress) {
    progress.clear();
    if (totals_.not_legal > 0 && totals_.checks + totals_.failed == 0)
      throw UsageError(fmt::format("no problem of the list takes the plan: {}", not_legal_));
    report_.set("coverage", coverage_.rows());
    if (!command_.json) fmt::print("{}", coverage_.table());
    std::string summary = fmt::format(
        "check: {} problem(s), {} check(s), {} element(s), {} wrong, {} failed, worst {:.2f} ULP",
        problems, totals_.checks, totals_.elements, totals_.wrong, totals_.failed,
        totals_.worst_ulp);
    if (totals_.not_legal > 0) summary += fmt::format(", plan not legal for {}", totals_.not_legal);
    finish(report_, command_.json, summary);
    return totals_.wrong + totals_.failed == 0 ? kRight : kWrong;
  }

 private:
  void check(const NamedProblem& problem, const RunSize& size, const std::string& plan,
             TensorData& data, const Definition& definition) {
    Options options = command_.options;
    options.plan = plan;
    try {
      Session session(problem.line, options, data, size);
      Comparison result = session.check(definition);
      if (!command_.same_as.empty()) {
        options.plan = session.inspection().plan;
        options.backend = command_.same_as;
        compare_bytes(problem, options, size, data, result);
      }
      add(problem, size, session.inspection(), result);
    } catch (const Error& e) {
      if (alone_) throw;
      // A plan that the user named need not be legal for every problem of a list.
      if (!command_.options.plan.empty() && e.status() == Status::invalid_argument) {
        ++totals_.not_legal;
        not_legal_ = e.what();
      } else {
        add_failure(problem, plan, e.what());
      }
    }
  }

  // The output in `data` beside the one of other options.
  static void compare_bytes(const NamedProblem& problem, const Options& options,
                            const RunSize& size, TensorData& data, Comparison& result) {
    const std::size_t bytes = data.output.bytes();
    const auto* output = static_cast<const unsigned char*>(data.output.data());
    const std::vector<unsigned char> first(output, output + bytes);
    Session(problem.line, options, data, size).run();
    const auto at = std::mismatch(first.begin(), first.end(), output).first;
    if (at == first.end()) return;
    ++result.wrong;
    if (result.first_wrong.empty())
      result.first_wrong = fmt::format("byte {} of {} of the output is not {}'s",
                                       at - first.begin(), bytes, options.backend);
  }

  std::vector<std::string> plans(const NamedProblem& problem) const {
    const std::string& wish = command_.options.plan;
    if (wish != "all") return {wish};  // "" is the best
    Options options = command_.options;
    options.plan.clear();
    std::vector<std::string> texts;
    for (const PlanCandidate& c : plan_report(problem.line, options).candidates)
      texts.push_back(c.plan);
    return texts;
  }

  void add(const NamedProblem& problem, const RunSize& size, const Inspection& made,
           const Comparison& result) {
    ++totals_.checks;
    totals_.wrong += result.ok() ? 0 : 1;
    totals_.elements += result.checked;
    totals_.worst_ulp = std::max(totals_.worst_ulp, result.worst_ulp);
    coverage_.add(problem.line, made.plan);
    Json row = {{"name", problem.name},
                {"problem", problem.line},
                {"plan", made.plan},
                {"isa", made.isa},
                {"backend", made.backend},
                {"threads", made.threads},
                {"ok", result.ok()},
                {"wrong", result.wrong},
                {"elements_checked", result.checked},
                {"worst_ulp", result.worst_ulp},
                {"worst_relative", result.worst_relative},
                {"rms_relative", result.rms_relative}};
    if (size.batch > 0) row["batch"] = size.batch;
    if (size.length > 0) row["length"] = size.length;
    report_.add(std::move(row));
    if (command_.json || (result.ok() && command_.sources.random > 0)) return;
    const std::string run = open(problem.shape) ? " at " + text(problem.shape, size) : "";
    fmt::print("{:5} {}: {}{} [{}]: {} of {} elements checked, {} wrong, worst {:.2f} ULP\n",
               result.ok() ? "ok" : "WRONG", problem.name, problem.line, run, made.plan,
               result.checked, result.total, result.wrong, result.worst_ulp);
    if (!result.ok()) fmt::print("      {}\n", result.first_wrong);
  }

  void add_failure(const NamedProblem& problem, const std::string& plan, const char* why) {
    ++totals_.failed;
    report_.add({{"name", problem.name},
                 {"problem", problem.line},
                 {"plan", plan},
                 {"isa", command_.options.isa},
                 {"backend", command_.options.backend},
                 {"threads", command_.options.threads},
                 {"ok", false},
                 {"wrong", nullptr},
                 {"elements_checked", 0},
                 {"worst_ulp", nullptr},
                 {"worst_relative", nullptr},
                 {"rms_relative", nullptr},
                 {"error", why}});
    if (!command_.json)
      fmt::print("FAIL  {}: {} [{}]: {}\n", problem.name, problem.line, plan, why);
  }

  const Command& command_;
  JsonReport report_;
  Coverage coverage_;
  Totals totals_;
  std::string not_legal_;  // why the named plan was refused last
  bool alone_;
};

}  // namespace

int cmd_check(const Command& command) {
  const auto problems = collect_some(command.sources);
  inspect_options(command.options);
  if (!command.same_as.empty()) {
    Options other = command.options;
    other.backend = command.same_as;
    inspect_options(other);
  }
  Progress progress(problems.size());
  Checker checker(command, problems.size() == 1);
  for (std::size_t i = 0; i < problems.size(); ++i) {
    progress.step(i, problems[i].name + ": " + problems[i].line);
    checker.check(problems[i], command.sources.seed + i);
  }
  return checker.finish_all(problems.size(), progress);
}

}  // namespace tconv::tools
