#include "tools/bench_modes.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <sstream>

#include "tconv/inspect.hpp"
#include "tools/bench_layer.h"
#include "tools/bench_output.h"
#include "tools/progress.h"
#include "tools/turns.h"

namespace tconv::tools {
namespace {

// Over the layers, of one mode.
struct Totals {
  std::string accuracy;
  std::vector<double> rates, percents, compiles, predictions, ratios;

  void add(const Json& row) {
    const double us = number(row["us"]);
    if (number(row["gflops"]) > 0) rates.push_back(number(row["gflops"]));
    if (number(row["pct_peak"]) > 0) percents.push_back(number(row["pct_peak"]));
    if (number(row["predicted_us"]) > 0) predictions.push_back(number(row["predicted_us"]) / us);
    if (row.contains("ratio")) ratios.push_back(number(row["ratio"]));
    compiles.push_back(number(row["compile_us"]));
  }
  Json json() const {
    Json object = {{"accuracy", accuracy},
                   {"layers", compiles.size()},
                   {"geometric_mean_gflops", geometric_mean(rates)},
                   {"geometric_mean_pct_peak", geometric_mean(percents)},
                   {"geometric_mean_predicted", geometric_mean(predictions)},
                   {"median_gflops", median(rates)},
                   {"median_compile_us", median(compiles)}};
    if (!ratios.empty()) object["geometric_mean_ratio"] = geometric_mean(ratios);
    return object;
  }
};

bool is_backend(const std::string& mode) { return mode == "xbyak" || mode == "llvm"; }

std::vector<std::string> modes_of(const Command& command) {
  if (command.modes.empty()) return {command.options.accuracy};
  if (!command.options.accuracy.empty())
    throw UsageError("--accuracy and --modes: either one mode or a list is needed");
  std::vector<std::string> modes;
  std::istringstream list(command.modes + ",");
  for (std::string mode; std::getline(list, mode, ',');) {
    if (mode != "default" && mode != "exact-order" && !is_backend(mode))
      throw UsageError("--modes: '" + mode +
                       "' is unknown; there are default exact-order xbyak llvm");
    if (is_backend(mode) && !command.options.backend.empty())
      throw UsageError("--backend and --modes: either one backend or a list is needed");
    if (std::find(modes.begin(), modes.end(), mode) != modes.end())
      throw UsageError("--modes: '" + mode + "' stands twice");
    modes.push_back(mode);
  }
  return modes;
}

class ModesBench {
 public:
  ModesBench(const Command& command, std::vector<std::string> modes)
      : command_(command), modes_(std::move(modes)) {
    for (const std::string& mode : modes_) {
      totals_.emplace_back().accuracy = mode.empty() ? "default" : mode;
      options_.push_back(command.options);
      (is_backend(mode) ? options_.back().backend : options_.back().accuracy) = mode;
      inspect_options(options_.back());  // refuses those with which nothing can be made
    }
    limits_ = measure_limits(host_info(), inspect_options(options_.front()).threads);
  }

  int run();

 private:
  // One row for each mode.
  std::vector<Json> rows(const NamedProblem& problem);
  std::string summary(std::size_t layers) const;

  const Command& command_;
  std::vector<std::string> modes_;
  std::vector<Options> options_;
  std::vector<Totals> totals_;
  Limits limits_;
  int failed_ = 0, wrong_ = 0;
};

std::vector<Json> ModesBench::rows(const NamedProblem& problem) {
  BenchLayer layer(problem, command_);
  struct Mode {
    std::unique_ptr<Session> session;
    Inspection made;
    Turns turns;
  };
  std::vector<Mode> modes;
  for (const Options& options : options_) {
    auto session = std::make_unique<Session>(problem.line, options, layer.data, layer.size);
    const Inspection made = session->inspection();
    modes.push_back({std::move(session), made, Turns(made.workers == 1)});
  }
  remeasure_fma(limits_, modes.front().made.isa);
  for (int round = 0; round < command_.rounds; ++round)
    for (std::size_t i = 0; i < modes.size(); ++i) {
      Mode& mode = modes[(i + static_cast<std::size_t>(round)) % modes.size()];
      mode.turns.take([&] { mode.session->run(); }, command_.round_us, modes.size() > 1);
    }
  std::vector<Json> rows;
  for (std::size_t i = 0; i < modes.size(); ++i) {
    const double us = modes[i].turns.median_us();
    Json row = bench_row(layer, options_[i], modes[i].made, modes[i].turns, limits_);
    if (command_.bench.code) add_code(row, problem.line, options_[i], modes[i].made.plan);
    if (!command_.modes.empty()) {
      row["accuracy"] = totals_[i].accuracy;
      row["ratio"] = us / modes.front().turns.median_us();
    }
    if (command_.check) {
      CheckOptions options;
      options.full_multiply_adds = 5e7;  // above: borders and a sample; `check` looks at more
      const Comparison result =
          modes[i].session->check(Definition(layer.shape, layer.data.view()), options);
      row["ok"] = result.ok();
      if (!result.ok()) row["first_wrong"] = result.first_wrong;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string ModesBench::summary(std::size_t layers) const {
  const Totals& first = totals_.front();
  std::string text = fmt::format(
      "bench: {} layer(s), {} failed, {} wrong, median {:.1f} GFLOP/s, median create {:.0f} us, "
      "geometric mean {:.1f}% of the FMA peak",
      layers, failed_, wrong_, median(first.rates), median(first.compiles),
      geometric_mean(first.percents));
  for (std::size_t i = 1; i < totals_.size(); ++i)
    text += fmt::format("; {} {:.1f}%, {:.2f} times as long", totals_[i].accuracy,
                        geometric_mean(totals_[i].percents), geometric_mean(totals_[i].ratios));
  return text;
}

int ModesBench::run() {
  std::vector<IllegalProblem> illegal;
  const auto problems = collect_some(command_.sources, &illegal);
  JsonReport report("bench");
  BenchOutput output(command_);
  Progress progress(problems.size());
  const bool table = !command_.json;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    progress.step(i, problems[i].name);
    const auto shown = [&] {
      progress.clear();
      if (table && i == 0) print_bench_head(command_.check);
    };
    try {
      std::vector<Json> made = rows(problems[i]);
      shown();
      for (std::size_t m = 0; m < made.size(); ++m) {
        if (table) print_bench_row(made[m], m == 0 ? problems[i].name : "  " + modes_[m]);
        totals_[m].add(made[m]);
        wrong_ += made[m].value("ok", true) ? 0 : 1;
        report.add(std::move(made[m]));
      }
    } catch (const Error& e) {
      if (problems.size() == 1) throw;
      ++failed_;
      shown();
      if (table) fmt::print("{:32} failed: {}\n", problems[i].name, e.what());
      report.add(error_row(problems[i], e.what()));
    }
    std::fflush(stdout);
  }
  report.machine(limits_);
  Json totals = Json::array();
  for (const Totals& t : totals_) totals.push_back(t.json());
  report.set("totals", totals);
  output.illegal(report, illegal);
  output.finish(report, summary(problems.size()));
  return failed_ + wrong_ == 0 ? kRight : kWrong;
}

}  // namespace

int bench_modes(const Command& command) { return ModesBench(command, modes_of(command)).run(); }

}  // namespace tconv::tools
