#include "tools/tune_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace tconv::tools {
namespace {

const char* name(const TuneResult& r) {
  if (!r.complete) return "interrupted";
  if (r.best == 0) return "best already";
  return r.duel.change.verdict == Verdict::faster   ? "faster"
         : r.duel.change.verdict == Verdict::slower ? "slower"
                                                    : "no difference";
}

}  // namespace

TunedLayer tuned_layer(const TuneResult& r, const NamedProblem& problem, const Options& options,
                       const TuneBudget& budget, bool cold) {
  const TunedPlan &chosen = r.tried.front(), &best = r.tried[r.best];
  const bool fought = r.best != 0 && r.complete;
  const double us = fought ? r.duel.old_median_us() : chosen.median_us();
  const double best_us = fought ? r.duel.new_median_us() : best.median_us();
  const bool faster = r.faster();
  TunedLayer layer;
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

void print_tune_head() {
  fmt::print("{:32} {:>11} {:>11} {:>7} {:>7} {:>8} {:>9} {:>6}  {}\n", "layer", "model us",
             "best us", "gain", "spread", "p", "rank/of", "s", "verdict");
}

void print_tune_row(const Json& row) {
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

}  // namespace tconv::tools
