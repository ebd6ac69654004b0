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
#include "tools/tuner.h"

namespace tconv::tools {
namespace {

constexpr double kSecondsPerLayer = 5;

struct Layer {
  Json row;
  double slower = 0;  // the model's choice than the best: 0.1 is 10%
  PlanEntry entry;
  bool complete = true;
};

const char* name(const TuneResult& r) {
  if (!r.complete) return "interrupted";
  if (r.best == 0) return "best already";
  return r.duel.change.verdict == Verdict::faster   ? "faster"
         : r.duel.change.verdict == Verdict::slower ? "slower"
                                                    : "no difference";
}

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
      throw Error(Status::invalid_argument,
                  fmt::format("plan={}: {}", v.plan, v.reason));
    named.plan = v.plan, named.predicted_us = v.predicted_us;
  }
  return tuner.compare(plans.chosen(), named, budget);
}

Layer outcome(const TuneResult& r, const NamedProblem& problem, const Options& options,
              const TuneBudget& budget, bool cold) {
  const TunedPlan &chosen = r.tried.front(), &best = r.tried[r.best];
  const bool fought = r.best != 0 && r.complete;
  const double us = fought ? r.duel.old_median_us() : chosen.median_us();
  const double best_us = fought ? r.duel.new_median_us() : best.median_us();
  const bool faster = r.faster();
  Layer layer;
  layer.complete = r.complete;
  layer.slower = faster ? 1 / r.duel.change.ratio - 1 : 0;
  Json plans = Json::array(), failed = Json::array();
  for (const std::size_t at : fastest(r.tried, r.tried.size())) {
    const TunedPlan& t = r.tried[at];
    if (!t.error.empty()) {
      failed.push_back({{"plan", t.plan}, {"error", t.error}});
      continue;
    }
    plans.push_back({{"plan", t.plan},
                     {"workers", t.workers},
                     {"us", t.median_us()},
                     {"predicted_us", t.predicted_us},
                     {"rounds", t.us.size()}});
  }
  layer.row = {{"name", problem.name},
               {"problem", problem.line},
               {"isa", options.isa},
               {"threads", std::max(options.threads, 1)},
               {"cold", cold},
               {"plan", chosen.plan},
               {"us", us},
               {"best", best.plan},
               {"best_us", best_us},
               {"verdict", name(r)},
               {"gain", r.complete && r.best != 0 ? Json(1 / r.duel.change.ratio - 1) : Json()},
               {"p", r.complete && r.best != 0 ? Json(r.duel.change.p) : Json()},
               {"spread", std::max(spread(r.duel.old_us), spread(r.duel.new_us))},
               {"rounds", r.duel.new_us.size()},
               {"rank", r.rank},
               {"seconds", budget.seconds_taken()},
               {"turns", budget.turns_taken()},
               {"plans", std::move(plans)},
               {"plans_failed", std::move(failed)}};
  const TunedPlan& kept = faster ? best : chosen;
  layer.entry.problem = problem.line;
  layer.entry.accuracy = options.accuracy.empty() ? "default" : options.accuracy;
  layer.entry.threads = std::max(options.threads, 1);
  layer.entry.workers = kept.workers;
  layer.entry.plan = kept.plan;
  layer.entry.us = faster ? best_us : us;
  layer.entry.version = version();
  return layer;
}

void print_head() {
  fmt::print("{:32} {:>11} {:>11} {:>7} {:>7} {:>8} {:>9} {:>6}  {}\n", "layer", "model us",
             "best us", "gain", "spread", "p", "rank/of", "s", "verdict");
}

void print_row(const Json& row) {
  const bool gained = row["gain"].is_number();
  fmt::print("{:32} {:>11.1f} {:>11.1f} {:>7} {:>6.1f}% {:>8} {:>9} {:>6.1f}  {}: {}\n",
             row["name"].get<std::string>(), number(row["us"]), number(row["best_us"]),
             gained ? fmt::format("{:.1f}%", 100 * number(row["gain"])) : "-",
             100 * number(row["spread"]), gained ? fmt::format("{:.2g}", number(row["p"])) : "-",
             fmt::format("{}/{}", row["rank"].get<std::size_t>(), row["plans"].size()),
             number(row["seconds"]), row["verdict"].get<std::string>(),
             row["verdict"] == "faster"
                 ? row["plan"].get<std::string>() + " -> " + row["best"].get<std::string>()
                 : row["plan"].get<std::string>());
}

bool known(const std::vector<PlanEntry>& entries, const PlanEntry& wanted) {
  return std::any_of(entries.begin(), entries.end(), [&](const PlanEntry& e) {
    return e.problem == wanted.problem && e.machine == wanted.machine &&
           e.accuracy == wanted.accuracy && e.threads == wanted.threads;
  });
}

}  // namespace

int cmd_tune(const Command& command) {
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
  if (command.budget_s > 0 && command.trials > 0)
    throw UsageError("either --budget or --trials is needed, not both");
  if (command.self_tests > 0 && !command.options.plan.empty())
    throw UsageError("--self-test takes the model's choice: --plan is not for it");
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
  } else if (command.only_missing) {
    throw UsageError("--missing is for --plans FILE: what is missing there");
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
  std::vector<double> gains;
  bool head = false;
  std::size_t faster = 0, none = 0, close = 0, near = 0, failed = 0, stored = 0, done = 0;
  for (std::size_t i = 0; i < problems.size() && !interrupted.raised(); ++i) {
    const NamedProblem& problem = problems[i];
    try {
      BenchLayer layer(problem, command);
      TuneBudget budget(std::max(budget_s - all.seconds_taken(), 0.1) /
                            static_cast<double>(problems.size() - i),
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
      Layer result = outcome(tuned(command, options, layer, wishes, budget), problem, options,
                             budget, command.cold);
      progress.clear();
      if (!command.json) {
        if (!head) print_head();
        head = true;
        print_row(result.row);
      }
      report.add(std::move(result.row));
      if (!result.complete) break;
      ++done;
      gains.push_back(1 + result.slower);
      faster += result.slower > 0 ? 1 : 0;
      none += result.slower > 0 ? 0 : 1;
      close += result.slower <= 0.10 ? 1 : 0;
      near += result.slower <= 0.25 ? 1 : 0;
      if (stores && command.self_tests == 0) {
        result.entry.machine = machine;
        add_plans(path, {result.entry});
        ++stored;
      }
    } catch (const Error& e) {
      if (problems.size() == 1) throw;
      ++failed;
      progress.clear();
      if (!command.json) fmt::print("{:32} failed: {}\n", problem.name, e.what());
      report.add({{"name", problem.name}, {"problem", problem.line}, {"error", e.what()}});
    }
    std::fflush(stdout);
  }
  const auto percent = [&](std::size_t count) {
    return done == 0 ? 0.0 : 100 * static_cast<double>(count) / static_cast<double>(done);
  };
  const double gain = geometric_mean(gains);
  report.set("tune", {{"layers", done},
                      {"faster", faster},
                      {"pct_within_10", percent(close)},
                      {"pct_within_25", percent(near)},
                      {"geometric_mean_gain", gain - (gains.empty() ? 0 : 1)},
                      {"seconds", all.seconds_taken()},
                      {"file", stores ? Json(path) : Json()}});
  finish(report, command.json,
         fmt::format("tune: {} of {} layer(s) in {:.0f} s, {} failed; {} faster plan(s), no "
                     "difference on {}; the model's choice is within 10% of the best plan found on "
                     "{:.1f}%, within 25% on {:.1f}%, gain {:.3f}{}",
                     done, problems.size(), all.seconds_taken(), failed, faster, none,
                     percent(close), percent(near), gain,
                     stores ? fmt::format("; {} plan(s) written to {}", stored, path) : ""));
  if (interrupted.raised()) return kInterrupted;
  return failed == 0 ? kRight : kWrong;
}

}  // namespace tconv::tools
