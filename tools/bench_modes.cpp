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
  // What is known of a layer, in each mode. Later passes add turns.
  struct Timed {
    std::vector<Inspection> made;
    std::vector<Turns> turns;
    std::string error;
  };

  void pass(const NamedProblem& problem, Timed& timed, bool last);
  std::vector<Json> rows(const BenchLayer& layer, const Timed& timed);
  void check(Json& row, const BenchLayer& layer, Session& session);
  void show(std::vector<Json> made, const NamedProblem& problem);
  void failed(const NamedProblem& problem, const std::string& what);
  std::string summary(std::size_t layers) const;

  const Command& command_;
  std::vector<std::string> modes_;
  std::vector<Options> options_;
  std::vector<Totals> totals_;
  Limits limits_;
  JsonReport report_{"bench"};
  std::unique_ptr<Progress> progress_;
  bool head_ = true;
  int failed_ = 0, wrong_ = 0;
};

void ModesBench::pass(const NamedProblem& problem, Timed& timed, bool last) {
  BenchLayer layer(problem, command_);
  std::vector<std::unique_ptr<Session>> sessions;
  const bool first = timed.made.empty();
  for (const Options& options : options_) {
    sessions.push_back(
        std::make_unique<Session>(problem.line, options, layer.data, layer.size,
                                  sessions.empty() ? nullptr : sessions.front().get()));
    if (!first) continue;
    timed.made.push_back(sessions.back()->inspection());
    timed.turns.emplace_back(timed.made.back().workers == 1);
  }
  remeasure_fma(limits_, timed.made.front().isa);
  const std::size_t modes = sessions.size();
  for (int round = 0; round < command_.rounds; ++round)
    for (std::size_t i = 0; i < modes; ++i) {
      const std::size_t mode = (i + static_cast<std::size_t>(round)) % modes;
      timed.turns[mode].take([&] { sessions[mode]->run(); }, command_.round_us,
                             modes > 1 || round == 0);
    }
  if (!last) return;
  std::vector<Json> made = rows(layer, timed);
  if (command_.check)
    for (std::size_t i = 0; i < modes; ++i) check(made[i], layer, *sessions[i]);
  show(std::move(made), problem);
}

std::vector<Json> ModesBench::rows(const BenchLayer& layer, const Timed& timed) {
  std::vector<Json> rows;
  for (std::size_t i = 0; i < timed.made.size(); ++i) {
    const Turns& turns = timed.turns[i];
    Json row = bench_row(layer, options_[i], timed.made[i], turns, limits_);
    row["passes"] = command_.bench.passes;
    if (command_.bench.code) add_code(row, layer.problem.line, options_[i], timed.made[i].plan);
    if (!command_.modes.empty()) {
      row["accuracy"] = totals_[i].accuracy;
      row["ratio"] = turns.median_us() / timed.turns.front().median_us();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

void ModesBench::check(Json& row, const BenchLayer& layer, Session& session) {
  CheckOptions options;
  options.full_multiply_adds = 5e7;  // above: borders and a sample; `check` looks at more
  const Comparison result = session.check(Definition(layer.shape, layer.data.view()), options);
  row["ok"] = result.ok();
  if (!result.ok()) row["first_wrong"] = result.first_wrong;
}

void ModesBench::show(std::vector<Json> made, const NamedProblem& problem) {
  progress_->clear();
  if (!command_.json && head_) print_bench_head(command_.check);
  head_ = false;
  for (std::size_t m = 0; m < made.size(); ++m) {
    if (!command_.json) print_bench_row(made[m], m == 0 ? problem.name : "  " + modes_[m]);
    totals_[m].add(made[m]);
    wrong_ += made[m].value("ok", true) ? 0 : 1;
    report_.add(std::move(made[m]));
  }
  std::fflush(stdout);
}

void ModesBench::failed(const NamedProblem& problem, const std::string& what) {
  ++failed_;
  progress_->clear();
  if (!command_.json && head_) print_bench_head(command_.check);
  head_ = false;
  if (!command_.json) fmt::print("{:32} failed: {}\n", problem.name, what);
  report_.add(error_row(problem, what));
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
  BenchOutput output(command_);
  const int passes = command_.bench.passes;
  std::vector<Timed> timed(problems.size());
  progress_ = std::make_unique<Progress>(problems.size() * static_cast<std::size_t>(passes));
  for (int pass_number = 1; pass_number <= passes; ++pass_number)
    for (std::size_t i = 0; i < problems.size(); ++i) {
      progress_->step(i + static_cast<std::size_t>(pass_number - 1) * problems.size(),
                      problems[i].name);
      const bool last = pass_number == passes;
      try {
        if (timed[i].error.empty()) pass(problems[i], timed[i], last);
      } catch (const Error& e) {
        if (problems.size() == 1) throw;
        timed[i].error = e.what();
      }
      if (last && !timed[i].error.empty()) failed(problems[i], timed[i].error);
    }
  report_.machine(limits_);
  Json totals = Json::array();
  for (const Totals& t : totals_) totals.push_back(t.json());
  report_.set("totals", totals);
  output.illegal(report_, illegal);
  output.finish(report_, summary(problems.size()));
  return failed_ + wrong_ == 0 ? kRight : kWrong;
}

}  // namespace

int bench_modes(const Command& command) { return ModesBench(command, modes_of(command)).run(); }

}  // namespace tconv::tools
