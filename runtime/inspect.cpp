// inspect.hpp: what was decided, as text and numbers.
#include "tconv/inspect.hpp"

#include "ir/print.h"
#include "ir/target.h"
#include "ir/verify.h"
#include "jit/backend.h"
#include "jit/host_features.h"
#include "planner/problem_fields.h"
#include "runtime/error.h"
#include "runtime/host.h"
#include "runtime/operation.h"
#include "runtime/options.h"
#include "runtime/plan_choice.h"
#include "runtime/work_count.h"

namespace tconv {
ProblemInfo parse_problem(const std::string& line) {
  return runtime::guarded([&] {
    const planner::Problem problem = planner::parse_problem(line);
    ProblemInfo info;
    info.line = planner::print(problem);
    info.dtype = ir::name(problem.dtype);
    info.sum_dtype = ir::name(problem.sum_dtype());
    info.output_dtype = ir::name(problem.output_dtype());
    info.bias_dtype = ir::name(problem.bias_or_default());
    info.channels_last = problem.layout == planner::Layout::channels_last;
    info.torch_filter = problem.filter == planner::FilterLayout::torch;
    info.n = problem.n, info.g = problem.g, info.ic = problem.ic, info.oc = problem.oc;
    info.n_min = problem.n_min, info.i_min = problem.i_min;
    for (const planner::Axis& a : problem.axes) info.axes.push_back({a.i, a.o, a.k, a.s, a.d, a.p});
    info.input_pixel_stride = problem.input_pixel_stride > 0 ? problem.input_pixel_stride : info.ic;
    info.output_pixel_stride =
        problem.output_pixel_stride > 0 ? problem.output_pixel_stride : info.oc;
    info.bias = problem.bias;
    for (const planner::PostOp& p : problem.post)
      info.post.push_back({planner::name(p.kind), p.a, p.b, p.takes_operand(), p.c});
    info.input_elements = planner::input_elements(problem);
    info.filter_elements = planner::filter_elements(problem);
    info.output_elements = planner::output_elements(problem);
    info.multiply_adds = planner::multiply_adds(problem);
    return info;
  });
}

int dtype_bytes(const std::string& dtype) {
  ir::DType type;
  if (!ir::parse_dtype(dtype, type)) runtime::refuse("type " + dtype + " is unknown");
  return ir::bytes(type);
}

PlanReport plan_report(const std::string& problem, const Options& options) {
  return runtime::guarded([&] {
    const runtime::Settings settings = runtime::resolve(options);
    const planner::Problem parsed = planner::parse_problem(problem);
    const runtime::PlanChoice choice = runtime::choose_plan(parsed, settings);
    const planner::Machine machine = runtime::machine_for(parsed, settings);
    const planner::PlanSet set = planner::enumerate(parsed, machine, settings.accuracy);
    PlanReport report;
    for (const auto& c : set.candidates)
      report.candidates.push_back({planner::print(c.plan), c.predicted_us});
    for (const auto& r : set.rejected) report.rejected.push_back({r.plan, r.reason});
    report.chosen = planner::print(choice.plan);
    report.note = choice.note;
    if (!settings.plan.empty())  // throws unless it is legal
      planner::lower(parsed, choice.plan, *ir::find_target(settings.isa));
    return report;
  });
}

std::vector<PlanVerdict> judge_plans(const std::string& problem,
                                     const std::vector<std::string>& plans,
                                     const Options& options) {
  return runtime::guarded([&] {
    runtime::Settings settings = runtime::resolve(options);
    const planner::Problem parsed = planner::parse_problem(problem);
    std::vector<PlanVerdict> verdicts;
    for (const std::string& text : plans) {
      PlanVerdict verdict;
      const planner::Plan plan = planner::parse_plan(text);
      verdict.plan = planner::print(plan);
      settings.plan = verdict.plan;
      const planner::Machine machine = runtime::machine_for(parsed, settings);
      try {
        runtime::choose_plan(parsed, machine, settings);
        planner::lower(parsed, plan, *ir::find_target(settings.isa));
        verdict.predicted_us = planner::predict(parsed, plan, machine);
        verdict.order = planner::sum_order(parsed, plan);
      } catch (const planner::PlanError& e) {
        verdict.reason = e.what();
      } catch (const Error& e) {
        if (e.status() == Status::internal) throw;
        verdict.reason = e.what();
      }
      verdicts.push_back(std::move(verdict));
    }
    return verdicts;
  });
}

Inspection inspect(const ConvTranspose& op) {
  return runtime::guarded([&] {
    const runtime::Operation& operation = op.operation();
    const ir::Program& program = operation.executable().lowered().program;
    Inspection result;
    result.plan = planner::print(operation.plan());
    result.isa = operation.isa();
    result.backend = operation.backend();
    result.threads = operation.threads();
    result.error_factor = planner::error_factor(operation.problem(), operation.plan());
    result.workers = operation.workers();
    result.plan_note = operation.plan_note();
    result.fallback_reason = operation.fallback_reason();
    const runtime::CompileTimes& times = operation.times();
    result.plan_us = times.plan_us;
    result.lower_us = times.lower_us;
    result.verify_us = times.verify_us;
    result.emit_us = times.emit_us;
    result.compile_us = times.total_us;
    if (const auto* code = operation.executable().code())
      result.code_bytes = static_cast<std::int64_t>(code->code().size());
    result.workspace_bytes = static_cast<std::int64_t>(operation.workspace_bytes());
    const auto params =
        runtime::Params(program).values(program, runtime::largest(operation.problem()));
    for (const ir::Stage& stage : program.stages)
      for (const ir::Kernel& kernel : stage.kernels)
        result.grid_points += ir::grid_points(program, kernel, params.data());
    result.executed_multiply_adds = runtime::executed_multiply_adds(program, params.data());
    return result;
  });
}

namespace {

ir::Program program_of(const std::string& problem, const Options& options) {
  const runtime::Settings settings = runtime::resolve(options);
  const planner::Problem parsed = planner::parse_problem(problem);
  const planner::Plan plan = runtime::choose_plan(parsed, settings).plan;
  return planner::lower(parsed, plan, *ir::find_target(settings.isa)).program;
}

}  // namespace

std::string ir_text(const std::string& problem, const Options& options) {
  return runtime::guarded([&] { return ir::print(program_of(problem, options)); });
}

std::string llvm_text(const std::string& problem, const Options& options) {
  return runtime::guarded([&] {
    const ir::Program program = program_of(problem, options);
    ir::verify_or_throw(program);
    jit::ObjectRequest request;
    request.program = &program;
    request.bf16 = jit::host_has_bf16();
    return jit::text_llvm(request);
  });
}

std::string code_text(const ConvTranspose& op) {
  return runtime::guarded([&] {
    const auto* code = op.operation().executable().code();
    if (code == nullptr)
      runtime::refuse("there is no machine code: the interpreter runs it, or nothing is computed");
    return jit::disassemble(*code);
  });
}

std::int64_t fallback_count() { return runtime::fallbacks(); }

const HostInfo& host_info() { return runtime::host(); }

std::string version() { return TCONV_VERSION; }
int ir_version() { return ir::kIrVersion; }

}  // namespace tconv
