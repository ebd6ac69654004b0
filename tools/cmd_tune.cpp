// tune: the fastest plan of each layer by measurement, and whether it is more than noise.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tconv/inspect.hpp"
#include "tools/bench_layer.h"
#include "tools/command.h"
#include "tools/interrupt.h"
#include "tools/plan_file.h"
#include "tools/progress.h"
#include "tools/tune_report.h"
#include "tools/tuner.h"

namespace tconv::tools {
namespace {

constexpr double kSecondsPerLayer = 5;

// The order of sums that several threads must keep: that of what one thread would take.
std::string order_of_one(const std::string& line, Options options) {
  options.threads = 1;
  const std::string chosen = plan_report(line, options).chosen;
  return judge_plans(line, {chosen}, options).front().order;
}

// With several threads also what one of them takes alone.
std::vector<TunedPlan> serial(const std::string& line, Options options) {
  if (options.threads <= 1) return {};
  options.threads = 1;
  options.plans = "none";
  const PlanCandidate best = plan_report(line, options).candidates.front();
  TunedPlan plan;
  plan.plan = best.plan, plan.predicted_us = best.predicted_us;
  return {plan};
}

TuneResult tuned(const Command& command, const Options& options, BenchLayer& layer,
                 const TuneWishes& wishes, TuneBudget& budget) {
  const std::string& line = layer.problem.line;
  const std::string order = options.threads > 1 ? order_of_one(line, options) : "";
  TunePlans plans(line, options, order);
  Tuner tuner(layer, options, wishes);
  if (command.options.plan.empty() && command.self_tests == 0)
    return tuner.search(plans, serial(line, options), budget);
  TunedPlan named;
  named.workers = std::max(options.threads, 1);
  named.plan = plans.chosen().plan, named.predicted_us = plans.chosen().predicted_us;
  if (!command.options.plan.empty()) {
    const PlanVerdict v = judge_plans(line, {command.options.plan}, options).front();
    if (!v.reason.empty())
      throw Error(Status::invalid_argument, fmt::format("plan={}: {}", v.plan, v.reason));
    named.plan = v.plan, named.predicted_us = v.predicted_us;
  }
  return tuner.compare(plans.chosen(), named, budget);
}

bool known(const std::vector<PlanEntry>& entries, const PlanEntry& wanted) {
  return std::any_of(entries.begin(), entries.end(), [&](const PlanEntry& e) {
    return e.problem == wanted.problem && e.machine == wanted.machine &&
           e.accuracy == wanted.accuracy && e.threads == wanted.threads;
  });
}

// Refuses what does not go together, before anything is measured.
void check(const Command& command) {
  if (command.budget_s > 0 && command.trials > 0)
    throw UsageError("either --budget or --trials is needed, not both");
  if (command.self_tests > 0 && !command.options.plan.empty())
    throw UsageError("--self-test takes the model's choice: --plan is not for it");
  const std::string& path = command.options.plans;
  if (command.only_missing && (path.empty() || path == "none"))
    throw UsageError("--missing is for --plans FILE: what is missing there");
}

// Of all layers that were tuned.
struct Totals {
  std::vector<double> gains;
  std::size_t faster = 0, slower = 0, close = 0, near = 0, failed = 0, stored = 0;

  void add(double slower) {
    gains.push_back(1 + slower);
    faster += slower > 0 ? 1 : 0;
    close += slower <= 0.10 ? 1 : 0;
    near += slower <= 0.25 ? 1 : 0;
  }
  std::size_t done() const { return gains.size(); }
  double percent(std::size_t count) const {
    return gains.empty() ? 0 : 100 * static_cast<double>(count) / static_cast<double>(gains.size());
  }
  double gain() const { return gains.empty() ? 1 : geometric_mean(gains); }
};

}  // namespace

int cmd_tune(const Command& command) {
  check(command);
  auto problems = collect_some(command.sources);
  Options options = command.options;
  options.plan.clear();
  const std::string& path = command.options.plans;
  const bool stores = !path.empty() && path != "none";
  options.plans = "none";
  const Inspection host = inspect_options(options);
  options.isa = host.isa;
  options.threads = host.threads;
  const std::string machine = plan_machine(host.isa);
  if (stores) {  // before anything is measured: the path may be wrong
    for (const std::string& line : add_plans(path, {}))
      fmt::print(stderr, "tconv: {}; the line is kept as it is\n", line);
    options.plans = path;
    if (command.only_missing) {
      const std::vector<PlanEntry> entries = read_plan_file(path).entries;
      std::erase_if(problems, [&](const NamedProblem& p) {
        PlanEntry e;
        e.problem = p.line, e.machine = machine, e.threads = options.threads;
        e.accuracy = options.accuracy.empty() ? "default" : options.accuracy;
        return known(entries, e);
      });
    }
  }
  if (command.self_tests > 0) {
    std::vector<NamedProblem> repeated;
    for (int i = 0; i < command.self_tests; ++i)
      repeated.insert(repeated.end(), problems.begin(), problems.end());
    problems = std::move(repeated);
  }

  JsonReport report("tune");
  Progress progress(problems.size());
  const InterruptFlag interrupted;
  const double budget_s = command.budget_s > 0
                              ? command.budget_s
                              : kSecondsPerLayer * static_cast<double>(problems.size());
  const TuneBudget all(budget_s, 0);
  Totals totals;
  bool head = false;
  for (std::size_t i = 0; i < problems.size() && !interrupted.raised(); ++i) {
    const NamedProblem& problem = problems[i];
    try {
      BenchLayer layer(problem, command);
      TuneBudget budget(
          std::max(budget_s - all.seconds_taken(), 0.1) / static_cast<double>(problems.size() - i),
          command.trials);
      TuneWishes wishes;
      wishes.cold = command.cold;
      wishes.stop = [&] { return interrupted.raised(); };
      wishes.progress = [&](const TuneResult& r) {
        const double left = std::max(budget_s - all.seconds_taken(), 0.0);
        progress.step(i, fmt::format("{}, {} plans, {}", problem.name, r.tried.size(),
                                     command.trials > 0
                                         ? fmt::format("turn {}", budget.turns_taken())
                                         : fmt::format("{}:{:02} left", static_cast<int>(left) / 60,
                                                       static_cast<int>(left) % 60)));
      };
      TunedLayer result = tuned_layer(tuned(command, options, layer, wishes, budget), problem,
                                      options, budget, command.cold);
      progress.clear();
      if (!command.json) {
        if (!head) print_tune_head();
        head = true;
        print_tune_row(result.row);
      }
      report.add(result.row);
      if (!result.complete) break;
      totals.slower += result.row["verdict"] == "slower" ? 1 : 0;
      totals.add(result.slower);
      if (stores && command.self_tests == 0) {
        result.entry.machine = machine;
        add_plans(path, {result.entry});
        ++totals.stored;
      }
    } catch (const Error& e) {
      if (problems.size() == 1) throw;
      ++totals.failed;
      progress.clear();
      if (!command.json) fmt::print("{:32} failed: {}\n", problem.name, e.what());
      report.add({{"name", problem.name}, {"problem", problem.line}, {"error", e.what()}});
    }
    std::fflush(stdout);
  }
  report.set("tune", {{"layers", totals.done()},
                      {"faster", totals.faster},
                      {"pct_within_10", totals.percent(totals.close)},
                      {"pct_within_25", totals.percent(totals.near)},
                      {"geometric_mean_gain", totals.gain() - 1},
                      {"seconds", all.seconds_taken()},
                      {"file", stores ? Json(path) : Json()}});
  finish(report, command.json,
         fmt::format("tune: {} of {} layer(s) in {:.0f} s, {} failed; {} faster plan(s), no "
                     "difference on {}; the model's choice is within 10% of the best plan found on "
                     "{:.1f}%, within 25% on {:.1f}%, gain {:.3f}{}",
                     totals.done(), problems.size(), all.seconds_taken(), totals.failed,
                     totals.faster, totals.done() - totals.faster - totals.slower,
                     totals.percent(totals.close), totals.percent(totals.near), totals.gain(),
                     stores ? fmt::format("; {} plan(s) written to {}", totals.stored, path) : ""));
  if (interrupted.raised()) return kInterrupted;
  return totals.failed == 0 ? kRight : kWrong;
}

}  // namespace tconv::tools
