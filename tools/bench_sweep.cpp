#include "tools/bench_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "tconv/inspect.hpp"
#include "tools/bench_output.h"
#include "tools/plan_race.h"
#include "tools/progress.h"
#include "tools/sweep.h"

namespace tconv::tools {
namespace {

constexpr double kClose = 0.15;  // a choice within so much of the best plan is a good one

struct Family {
  std::vector<Racer> racers;  // legal ones, the model's choice first
  std::vector<PlanRejection> illegal;
  std::size_t left_out = 0;  // of the legal ones, by --plans
};

// Half of them the best predictions, half at random: the model is what is in question.
void sample(std::vector<PlanCandidate>& plans, std::size_t most, std::uint64_t seed) {
  if (plans.size() <= most) return;
  std::stable_sort(plans.begin(), plans.end(),
                   [](const auto& a, const auto& b) { return a.predicted_us < b.predicted_us; });
  const auto first = plans.begin() + static_cast<std::ptrdiff_t>((most + 1) / 2);
  std::mt19937_64 random(seed);
  std::shuffle(first, plans.end(), random);
  plans.resize(most);
}

std::vector<PlanCandidate> named_plans(const Command& command, const PlanReport& report,
                                       const std::string& line, Family& family) {
  const auto base = [&](const std::string& schedule) {
    const PlanText named = PlanText::parse(
        command.options.plan.empty() ? report.candidates.front().plan : command.options.plan);
    if (schedule.empty() || named.schedule == schedule) return named;
    for (const PlanCandidate& c : report.candidates)
      if (const PlanText best = PlanText::parse(c.plan); best.schedule == schedule) return best;
    return PlanText{schedule, {}};
  };
  std::vector<PlanCandidate> legal;
  std::vector<std::string> seen;
  for (const PlanVerdict& v :
       judge_plans(line, Sweep(command.sweep).plans(base), command.options)) {
    if (std::find(seen.begin(), seen.end(), v.plan) != seen.end()) continue;  // a field's default
    seen.push_back(v.plan);
    if (v.reason.empty()) {
      legal.push_back({v.plan, v.predicted_us});
    } else {
      family.illegal.push_back({v.plan, v.reason});
    }
  }
  return legal;
}

Family family_of(const Command& command, const std::string& line) {
  Options free = command.options;
  free.plan.clear();
  free.plans = "none";  // the model is what is in question
  const PlanReport report = plan_report(line, free);
  Family family;
  std::vector<PlanCandidate> plans;
  if (command.sweep == "all") {
    plans = report.candidates;
    family.illegal = report.rejected;
  } else {
    plans = named_plans(command, report, line, family);
  }
  const PlanCandidate& best = report.candidates.front();
  const std::size_t all =
      std::erase_if(plans, [&](const auto& c) { return c.plan == best.plan; }) + plans.size();
  if (command.plans > 0)
    sample(plans, static_cast<std::size_t>(command.plans), command.sources.seed);
  family.left_out = all > plans.size() + 1 ? all - plans.size() - 1 : 0;
  const auto add = [&](const PlanCandidate& c, bool chosen) {
    Racer& racer = family.racers.emplace_back();
    racer.plan = c.plan, racer.predicted_us = c.predicted_us, racer.chosen = chosen;
  };
  add(best, true);
  for (const PlanCandidate& c : plans) add(c, false);
  return family;
}

struct Outcome {
  Json row;
  double distance = 0;  // of the model's choice: 0.1 is 10% slower than the best
};

Outcome race(const Command& command, const NamedProblem& problem, Limits& limits,
             Progress& progress) {
  BenchLayer layer(problem, command);
  Family family = family_of(command, problem.line);
  Options options = command.options;
  options.plan.clear();
  options.plans = "none";
  PlanRace race(layer, options, family.racers);
  const std::size_t plans = family.racers.size();
  remeasure_fma(limits, inspect_options(options).isa);
  race.run(command.rounds, command.round_us, [&](std::size_t i) {
    progress.step(i, fmt::format("of {} plans, {}", plans, problem.name));
  });
  Json plans_json = Json::array(), illegal = Json::array(), failed = Json::array();
  Outcome outcome;
  const double best_us = family.racers.front().turns.median_us();
  for (std::size_t i = 0; i < plans; ++i) {
    const Racer& r = family.racers[i];
    if (!r.error.empty()) {
      failed.push_back({{"plan", r.plan}, {"error", r.error}});
      continue;
    }
    const double us = r.turns.median_us(), gflops = layer.gflops(us);
    const auto peak = limits.fma_gflops.find(race.chosen().isa);
    plans_json.push_back(
        {{"plan", r.plan},
         {"us", us},
         {"predicted_us", r.predicted_us},
         {"gflops", gflops},
         {"executed_gflops", 2e-3 * r.executed_multiply_adds / us},
         {"pct_peak", peak == limits.fma_gflops.end() ? Json() : Json(100 * gflops / peak->second)},
         {"rounds", r.turns.count()},
         {"rounds_us", r.turns.means_us()}});
    if (!r.chosen) continue;
    outcome.distance = us / best_us - 1;
    outcome.row = bench_row(layer, options, race.chosen(), r.turns, limits);
    if (command.bench.code) add_code(outcome.row, problem.line, options, race.chosen().plan);
    outcome.row["rank"] = i + 1;
  }
  for (const PlanRejection& r : family.illegal)
    illegal.push_back({{"plan", r.plan}, {"reason", r.reason}});
  outcome.row["distance"] = outcome.distance;
  outcome.row["best"] = family.racers.front().plan;
  outcome.row["best_us"] = best_us;
  outcome.row["left_out"] = family.left_out;
  outcome.row["plans"] = std::move(plans_json);
  outcome.row["illegal"] = std::move(illegal);
  outcome.row["plans_failed"] = std::move(failed);
  return outcome;
}

void print_plans(const Json& row) {
  fmt::print("{:>4} {:>11} {:>11} {:>6} {:>8} {:>8} {:>6} {:>6}  {}\n", "", "run us", "predicted",
             "model", "GFLOP/s", "executed", "%peak", "rounds", "plan");
  std::size_t rank = 0;
  for (const Json& p : row["plans"]) {
    ++rank;
    const double us = number(p["us"]), predicted = number(p["predicted_us"]);
    fmt::print("{:>4} {:>11.1f} {:>11.1f} {:>6.2f} {:>8.1f} {:>8.1f} {:>6.1f} {:>6}  {}{}\n", rank,
               us, predicted, predicted / us, number(p["gflops"]), number(p["executed_gflops"]),
               number(p["pct_peak"]), p["rounds"].get<int>(), p["plan"].get<std::string>(),
               row["rank"] == rank ? "  <- the model's choice" : "");
  }
  for (const Json& p : row["plans_failed"])
    fmt::print("failed {}: {}\n", p["plan"].get<std::string>(), p["error"].get<std::string>());
  for (const Json& p : row["illegal"])
    fmt::print("illegal {}: {}\n", p["plan"].get<std::string>(), p["reason"].get<std::string>());
}

void print_layer(const Json& row, bool head) {
  if (head)
    fmt::print("{:32} {:>5} {:>11} {:>11} {:>4} {:>6}  {}\n", "layer", "plans", "choice us",
               "best us", "rank", "slower", "choice, best");
  const auto chosen = row["plan"].get<std::string>(), best = row["best"].get<std::string>();
  fmt::print("{:32} {:>5} {:>11.1f} {:>11.1f} {:>4} {:>5.1f}%  {}{}\n",
             row["name"].get<std::string>(), row["plans"].size(), number(row["us"]),
             number(row["best_us"]), row["rank"].get<std::size_t>(), 100 * number(row["distance"]),
             chosen, chosen == best ? "" : " " + best);
}

std::string one_layer(const Json& row) {
  return fmt::format(
      "bench: {} legal plan(s), {} illegal, {} left out, {} failed; the model's choice {} is "
      "number "
      "{}, {:.1f}% slower than the best {}",
      row["plans"].size() + row["left_out"].get<std::size_t>(), row["illegal"].size(),
      row["left_out"].get<std::size_t>(), row["plans_failed"].size(),
      row["plan"].get<std::string>(), row["rank"].get<std::size_t>(), 100 * number(row["distance"]),
      row["best"].get<std::string>());
}

}  // namespace

int bench_sweep(const Command& command) {
  std::vector<IllegalProblem> illegal;
  const auto problems = collect_some(command.sources, &illegal);
  if (command.sweep != "all") Sweep{command.sweep};  // a mistake in it is not one of each layer
  JsonReport report("bench");
  BenchOutput output(command);
  Options options = command.options;
  options.plan.clear();
  Limits limits = measure_limits(host_info(), inspect_options(options).threads);
  Progress progress(problems.size());
  std::vector<double> slower;
  std::size_t close = 0, failed = 0, plans_failed = 0;
  std::string summary;
  bool head = true;
  for (const NamedProblem& problem : problems) {
    try {
      Outcome outcome = race(command, problem, limits, progress);
      progress.clear();
      if (!command.json)
        problems.size() == 1 ? print_plans(outcome.row) : print_layer(outcome.row, head);
      head = false;
      slower.push_back(1 + outcome.distance);
      close += outcome.distance <= kClose ? 1 : 0;
      plans_failed += outcome.row["plans_failed"].size();
      if (problems.size() == 1) summary = one_layer(outcome.row);
      report.add(std::move(outcome.row));
    } catch (const Error& e) {
      if (problems.size() == 1) throw;
      ++failed;
      progress.clear();
      if (!command.json) fmt::print("{:32} failed: {}\n", problem.name, e.what());
      report.add(error_row(problem, e.what()));
    }
    std::fflush(stdout);
  }
  report.machine(limits);
  const double percent =
      slower.empty() ? 0 : 100 * static_cast<double>(close) / static_cast<double>(slower.size());
  report.set("sweep", {{"text", command.sweep},
                       {"layers", slower.size()},
                       {"pct_within_15", percent},
                       {"geometric_mean_slower", geometric_mean(slower)}});
  if (summary.empty())
    summary = fmt::format(
        "bench: {} layer(s), {} failed, {} plan(s) failed; the model's choice is within 15% of the "
        "best legal plan on {:.1f}% of the layers, in the geometric mean {:.3f} times as long",
        problems.size(), failed, plans_failed, percent, geometric_mean(slower));
  output.illegal(report, illegal);
  output.finish(report, summary);
  return failed + plans_failed == 0 ? kRight : kWrong;
}

}  // namespace tconv::tools
