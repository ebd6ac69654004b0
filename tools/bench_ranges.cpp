#include "tools/bench_ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "tconv/inspect.hpp"
#include "tools/bench_layer.h"
#include "tools/bench_output.h"
#include "tools/progress.h"
#include "tools/vary.h"

namespace tconv::tools {
namespace {

constexpr double kClose = 1.05;  // what a range may cost (issue "The runtime", line 6)

// "50,100,200..203". Throws UsageError.
std::vector<std::int64_t> sizes_of(const std::string& text) {
  std::vector<std::int64_t> sizes;
  for (const std::string& value : parse_field("--sizes", "sizes=" + text, "50,100,283").values) {
    constexpr std::size_t kMostDigits = 9;
    if (value.find_first_not_of("0123456789") != std::string::npos || value.size() > kMostDigits ||
        std::stoll(value) == 0)
      throw UsageError(
          fmt::format("--sizes {}: '{}' is no whole number from 1 to 999999999", text, value));
    sizes.push_back(std::stoll(value));
  }
  return sizes;
}

// One size of one problem, over all passes.
struct Case {
  const NamedProblem* problem = nullptr;
  RunSize size;
  std::string fixed_line;
  std::string error;
  std::optional<Inspection> range, fixed;
  Turns range_turns{false}, fixed_turns{false};
};

std::vector<Case> cases_of(const std::vector<NamedProblem>& problems,
                           const std::vector<std::int64_t>& sizes) {
  std::vector<Case> cases;
  for (const NamedProblem& p : problems) {
    if (!open(p.shape))
      throw UsageError(
          fmt::format("--sizes: {} leaves no size open; n=LO..HI or i=LO..HI is needed", p.name));
    for (const std::int64_t size : sizes) {
      Case& c = cases.emplace_back();
      c.problem = &p;
      const bool batch = p.shape.n_min > 0;
      (batch ? c.size.batch : c.size.length) = size;
      wanted(p.shape, c.size);  // refuses one that the range does not have
      c.fixed_line = Vary({fmt::format("{}={}", batch ? "n" : "i", size)}).lines(p.line)[0].line;
    }
  }
  return cases;
}

class RangesBench {
 public:
  explicit RangesBench(const Command& command)
      : command_(command), fixed_options_(command.options) {
    fixed_options_.plan.clear();  // a plan that is named is the range's
    Options options = command.options;
    limits_ = measure_limits(host_info(), inspect_options(options).threads);
  }
  int run();

 private:
  Command sized(const Case& c) const {
    Command own = command_;
    own.size = c.size;
    return own;
  }
  void pass(Case& c);
  void show(Case& c);
  std::string summary(std::size_t cases) const;

  const Command& command_;
  Options fixed_options_;
  Limits limits_;
  JsonReport report_{"bench"};
  std::vector<double> ratios_;
  std::size_t failed_ = 0;
  bool head_ = true;
};

void RangesBench::pass(Case& c) {
  const Command own = sized(c);
  BenchLayer layer(*c.problem, own);
  Session range(c.problem->line, command_.options, layer.data, c.size);
  Session fixed(c.fixed_line, fixed_options_, layer.data);
  if (!c.range) {
    c.range = range.inspection(), c.fixed = fixed.inspection();
    c.range_turns = Turns(c.range->workers == 1);
    c.fixed_turns = Turns(c.fixed->workers == 1);
    remeasure_fma(limits_, c.range->isa);
  }
  for (int round = 0; round < command_.rounds; ++round)
    for (const bool first : {true, false}) {
      const bool open = first == (round % 2 == 0);
      (open ? c.range_turns : c.fixed_turns)
          .take([&] { (open ? range : fixed).run(); }, command_.round_us, true);
    }
}

void RangesBench::show(Case& c) {
  if (!command_.json && head_)
    fmt::print("{:32} {:>9} {:>11} {:>11} {:>8} {:>8}  {}\n", "layer", "size", "range us",
               "fixed us", "GFLOP/s", "ratio", "plans: the range's, fixed");
  head_ = false;
  const std::string size = text(c.problem->shape, c.size);
  if (!c.error.empty()) {
    ++failed_;
    if (!command_.json) fmt::print("{:32} {:>9} failed: {}\n", c.problem->name, size, c.error);
    report_.add(error_row(*c.problem, c.error));
    return;
  }
  const Command own = sized(c);
  const BenchLayer layer(*c.problem, own);
  Json row = bench_row(layer, command_.options, *c.range, c.range_turns, limits_);
  const double us = c.range_turns.median_us(), fixed_us = c.fixed_turns.median_us();
  const double ratio = us / fixed_us;
  row["passes"] = command_.bench.passes;
  row["fixed_problem"] = c.fixed_line;
  row["fixed_plan"] = c.fixed->plan;
  row["fixed_us"] = fixed_us;
  row["fixed_rounds_us"] = c.fixed_turns.means_us();
  row["ratio"] = ratio;
  if (command_.bench.code) add_code(row, c.problem->line, command_.options, c.range->plan);
  ratios_.push_back(ratio);
  if (!command_.json)
    fmt::print("{:32} {:>9} {:>11.1f} {:>11.1f} {:>8.1f} {:>8.3f}  {} {}\n", c.problem->name, size,
               us, fixed_us, layer.gflops(us), ratio, c.range->plan, c.fixed->plan);
  report_.add(std::move(row));
  std::fflush(stdout);
}

std::string RangesBench::summary(std::size_t cases) const {
  const auto close =
      std::count_if(ratios_.begin(), ratios_.end(), [](double ratio) { return ratio <= kClose; });
  return fmt::format(
      "bench: {} size(s), {} failed; the range's kernel takes in the geometric mean {:.3f} times "
      "as long as one made for the size, at most {:.3f} times; {} within 5%",
      cases, failed_, geometric_mean(ratios_),
      ratios_.empty() ? 0 : *std::max_element(ratios_.begin(), ratios_.end()), close);
}

int RangesBench::run() {
  std::vector<IllegalProblem> illegal;
  const auto problems = collect_some(command_.sources, &illegal);
  std::vector<Case> cases = cases_of(problems, sizes_of(command_.bench.sizes));
  BenchOutput output(command_);
  const auto passes = static_cast<std::size_t>(command_.bench.passes);
  Progress progress(cases.size() * passes);
  for (std::size_t number = 0; number < passes; ++number)
    for (std::size_t i = 0; i < cases.size(); ++i) {
      Case& c = cases[i];
      progress.step(i + number * cases.size(), c.problem->name);
      try {
        if (c.error.empty()) pass(c);
      } catch (const Error& e) {
        if (cases.size() == 1) throw;
        c.error = e.what();
      }
      if (number + 1 < passes) continue;
      progress.clear();
      show(c);
    }
  report_.machine(limits_);
  output.illegal(report_, illegal);
  output.finish(report_, summary(cases.size()));
  return failed_ == 0 ? kRight : kWrong;
}

}  // namespace

int bench_ranges(const Command& command) { return RangesBench(command).run(); }

}  // namespace tconv::tools
