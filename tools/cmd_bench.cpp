// bench: how fast, as times, rates and percentages of what this machine can do.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tconv/inspect.hpp"
#include "tools/command.h"
#include "tools/json_report.h"
#include "tools/number.h"
#include "tools/progress.h"
#include "tools/session.h"
#include "tools/sources.h"

namespace tconv::tools {
namespace {

using Clock = std::chrono::steady_clock;

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

// Median over the rounds of the mean time of a run within a round.
double median_us(Session& session, int rounds, double round_us) {
  session.run();
  const auto start = Clock::now();
  session.run();
  const double once = std::max(us_since(start), 0.1);
  const auto repeats = std::max<std::int64_t>(1, static_cast<std::int64_t>(round_us / once));
  std::vector<double> times;
  for (int r = 0; r < rounds; ++r) {
    const auto begin = Clock::now();
    for (std::int64_t i = 0; i < repeats; ++i) session.run();
    times.push_back(us_since(begin) / static_cast<double>(repeats));
  }
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<std::size_t>(rounds / 2)];
}

// Bytes of all tensors, each moved once: less no algorithm can do.
std::int64_t compulsory_bytes(const TensorData& data) {
  std::size_t bytes =
      data.input.bytes() + data.filter.bytes() + data.bias.bytes() + data.output.bytes();
  for (const Buffer& b : data.operands) bytes += b.bytes();
  return static_cast<std::int64_t>(bytes);
}

Json predicted_us(const NamedProblem& problem, const Options& options, const std::string& plan) {
  for (const PlanCandidate& c : plan_report(problem.line, options).candidates)
    if (c.plan == plan) return c.predicted_us;
  return nullptr;  // named by the user, and not among those that the model ranks
}

Json bench_row(const Command& command, const NamedProblem& problem, Limits& limits) {
  const RunSize size = wanted(problem.shape, command.size);
  const Shape shape = at(problem.shape, size);
  TensorData data = random_data(shape, command.sources.seed);
  Session session(problem.line, command.options, data, size);
  const Inspection made = session.inspection();
  remeasure_fma(limits, made.isa);
  const double us = median_us(session, command.rounds, command.round_us);
  const double gflops = 2e-3 * multiply_adds(shape) / us;
  const std::int64_t bytes = compulsory_bytes(data);
  const auto peak = limits.fma_gflops.find(made.isa);
  const double bandwidth = limits.bandwidth_for(bytes, host_info());
  // What plan and program say of an open problem is not said of this size.
  const bool own = !open(problem.shape);
  Json row = {
      {"name", problem.name},
      {"problem", problem.line},
      {"plan", made.plan},
      {"isa", made.isa},
      {"backend", made.backend},
      {"threads", made.threads},
      {"plan_us", made.plan_us + made.lower_us},
      {"verify_us", made.verify_us},
      {"emit_us", made.emit_us},
      {"compile_us", made.compile_us},
      {"code_bytes", made.code_bytes},
      {"workspace_bytes", made.workspace_bytes},
      {"us", us},
      {"gflops", gflops},
      {"executed_gflops", own ? Json(2e-3 * made.executed_multiply_adds / us) : Json()},
      {"pct_peak", peak == limits.fma_gflops.end() ? Json() : Json(100 * gflops / peak->second)},
      {"pct_bandwidth",
       bandwidth > 0 ? Json(100 * static_cast<double>(bytes) / (us * 1e3 * bandwidth)) : Json()},
      {"predicted_us", own ? predicted_us(problem, command.options, made.plan) : Json()},
      {"rounds", command.rounds}};
  if (size.batch > 0) row["batch"] = size.batch;
  if (size.length > 0) row["length"] = size.length;
  if (command.check) {
    CheckOptions options;
    options.full_multiply_adds = 5e7;  // above: borders and a sample; `check` looks at more
    const Comparison result = session.check(Definition(shape, data.view()), options);
    row["ok"] = result.ok();
    if (!result.ok()) row["first_wrong"] = result.first_wrong;
  }
  return row;
}

double number(const Json& value) { return value.is_number() ? value.get<double>() : 0; }

void print_head(bool check) {
  fmt::print("{:32} {:>9} {:>11} {:>9} {:>6} {:>6} {:>5}  {}\n", "layer", "create us", "run us",
             "GFLOP/s", "%peak", "%band", check ? "check" : "", "plan");
}

void print_row(const Json& row) {
  std::string verdict;
  if (row.contains("ok")) verdict = row["ok"].get<bool>() ? "ok" : "WRONG";
  fmt::print("{:32} {:>9.0f} {:>11.1f} {:>9.1f} {:>6.1f} {:>6.1f} {:>5}  {}\n",
             row["name"].get<std::string>(), number(row["compile_us"]), number(row["us"]),
             number(row["gflops"]), number(row["pct_peak"]), number(row["pct_bandwidth"]), verdict,
             row["plan"].get<std::string>());
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

int cmd_bench(const Command& command) {
  const auto problems = collect_some(command.sources);
  JsonReport report("bench");
  Limits limits = measure_limits(host_info(), inspect_options(command.options).threads);
  std::vector<double> rates, compiles;
  int failed = 0, wrong = 0;
  Progress progress(problems.size());
  for (std::size_t i = 0; i < problems.size(); ++i) {
    progress.step(i, problems[i].name);
    try {
      Json row = bench_row(command, problems[i], limits);
      progress.clear();
      if (!command.json && i == 0) print_head(command.check);
      if (!command.json) print_row(row);
      rates.push_back(number(row["gflops"]));
      compiles.push_back(number(row["compile_us"]));
      wrong += row.value("ok", true) ? 0 : 1;
      report.add(std::move(row));
    } catch (const Error& e) {
      if (problems.size() == 1) throw;
      ++failed;
      progress.clear();
      if (!command.json && i == 0) print_head(command.check);
      if (!command.json) fmt::print("{:32} failed: {}\n", problems[i].name, e.what());
      report.add({{"name", problems[i].name}, {"problem", problems[i].line}, {"error", e.what()}});
    }
    std::fflush(stdout);
  }
  report.machine(limits);
  finish(
      report, command.json,
      fmt::format("bench: {} layer(s), {} failed, {} wrong, median {:.1f} GFLOP/s, median create "
                  "{:.0f} us",
                  problems.size(), failed, wrong, median(rates), median(compiles)));
  return failed + wrong == 0 ? kRight : kWrong;
}

}  // namespace tconv::tools
