#include "tools/bench_layer.h"

#include <fmt/format.h>

#include <charconv>

#include "tconv/inspect.hpp"
#include "tools/number.h"

namespace tconv::tools {
namespace {

Json predicted_us(const NamedProblem& problem, const Options& options, const std::string& plan) {
  for (const PlanCandidate& c : plan_report(problem.line, options).candidates)
    if (c.plan == plan) return c.predicted_us;
  return judge_plans(problem.line, {plan}, options).front().predicted_us;  // named by the user
}

// Whole numbers as such.
Json vary_json(const NamedProblem& problem) {
  Json fields = Json::object();
  for (const auto& [field, value] : problem.varied) {
    std::int64_t whole = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), whole);
    const bool is_whole = error == std::errc() && end == value.data() + value.size();
    fields[field] = is_whole ? Json(whole) : Json(value);
  }
  return fields;
}

}  // namespace

BenchLayer::BenchLayer(const NamedProblem& named, const Command& command)
    : problem(named),
      size(wanted(problem.shape, command.size)),
      shape(at(problem.shape, size)),
      data(random_data(shape, command.sources.seed)) {}

double BenchLayer::gflops(double us) const { return 2e-3 * multiply_adds(shape) / us; }

std::int64_t BenchLayer::compulsory_bytes() const {
  std::size_t bytes =
      data.input.bytes() + data.filter.bytes() + data.bias.bytes() + data.output.bytes();
  for (const Buffer& b : data.operands) bytes += b.bytes();
  return static_cast<std::int64_t>(bytes);
}

Json bench_row(const BenchLayer& layer, const Options& options, const Inspection& made,
               const Turns& turns, const Limits& limits) {
  const double us = turns.median_us();
  const std::int64_t bytes = layer.compulsory_bytes();
  const auto peak = limits.fma_gflops.find(made.isa);
  const double bandwidth = limits.bandwidth_for(bytes, host_info());
  // What plan and program say of an open problem is not said of this size.
  const bool own = !open(layer.problem.shape);
  Json row = {
      {"name", layer.problem.name},
      {"problem", layer.problem.line},
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
      {"gflops", layer.gflops(us)},
      {"executed_gflops", own ? Json(2e-3 * made.executed_multiply_adds / us) : Json()},
      {"pct_peak",
       peak == limits.fma_gflops.end() ? Json() : Json(100 * layer.gflops(us) / peak->second)},
      {"pct_bandwidth",
       bandwidth > 0 ? Json(100 * static_cast<double>(bytes) / (us * 1e3 * bandwidth)) : Json()},
      {"predicted_us", own ? predicted_us(layer.problem, options, made.plan) : Json()},
      {"rounds", turns.count()},
      {"rounds_us", turns.means_us()},
      {"bytes", bytes}};
  if (!layer.problem.varied.empty()) row["vary"] = vary_json(layer.problem);
  if (layer.size.batch > 0) row["batch"] = layer.size.batch;
  if (layer.size.length > 0) row["length"] = layer.size.length;
  return row;
}

void add_code(Json& row, const std::string& line, Options options, const std::string& plan) {
  options.plan = plan;
  row["ir"] = ir_text(line, options);
  try {
    row["asm"] = code_text(ConvTranspose::create(line, options));
  } catch (const Error& e) {  // the disassembler is a part of its own; the interpreter has no code
    if (e.status() == Status::internal) throw;
    row["asm"] = nullptr;
    row["asm_missing"] = e.what();
  }
}

Json error_row(const NamedProblem& problem, const std::string& what) {
  Json row = {{"name", problem.name}, {"problem", problem.line}, {"error", what}};
  if (!problem.varied.empty()) row["vary"] = vary_json(problem);
  return row;
}

double number(const Json& value) { return value.is_number() ? value.get<double>() : 0; }

void print_bench_head(bool check) {
  fmt::print("{:32} {:>9} {:>11} {:>6} {:>8} {:>8} {:>6} {:>6} {:>5}  {}\n", "layer", "create us",
             "run us", "model", "GFLOP/s", "executed", "%peak", "%band", check ? "check" : "",
             "plan");
}

void print_bench_row(const Json& row, const std::string& name) {
  std::string verdict;
  if (row.contains("ok")) verdict = row["ok"].get<bool>() ? "ok" : "WRONG";
  const double us = number(row["us"]);
  fmt::print("{:32} {:>9.0f} {:>11.1f} {:>6.2f} {:>8.1f} {:>8.1f} {:>6.1f} {:>6.1f} {:>5}  {}\n",
             name, number(row["compile_us"]), us, number(row["predicted_us"]) / us,
             number(row["gflops"]), number(row["executed_gflops"]), number(row["pct_peak"]),
             number(row["pct_bandwidth"]), verdict, row["plan"].get<std::string>());
}

}  // namespace tconv::tools
