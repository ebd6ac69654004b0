#include "runtime/aot/layer_code.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/print.h"
#include "ir/target.h"
#include "ir/verify.h"
#include "jit/backend.h"
#include "runtime/aot/names.h"
#include "runtime/error.h"
#include "runtime/host.h"
#include "runtime/plan_choice.h"
#include "tconv/inspect.hpp"

namespace tconv::runtime {
namespace {

planner::Machine machine_of(const planner::Problem& problem, const Settings& settings,
                            const IsaLevel& level, const AotCpu& cpu) {
  planner::Machine machine =
      cpu.core.empty() ? host_machine(settings) : core_machine(settings, cpu.core);
  // Nothing is measured here: two runs make the same bytes.
  if (!level.bf16) machine.dot2_per_cycle = 0;
  if (settings.plan.empty())
    machine.threads = planner::useful_threads(problem, machine, settings.accuracy);
  return machine;
}

bool has_work(const ir::Program& program) {
  if (!program.params.empty()) return true;
  return std::any_of(program.stages.begin(), program.stages.end(), [&](const ir::Stage& stage) {
    return std::any_of(stage.kernels.begin(), stage.kernels.end(), [&](const ir::Kernel& k) {
      return ir::grid_points(program, k, nullptr) > 0;
    });
  });
}

VariantCode lowered(const char* tag, const planner::Problem& problem, const planner::Plan& plan,
                    const ir::Target& target) {
  VariantCode variant;
  variant.tag = tag;
  variant.lowered = planner::lower(problem, plan, target);
  ir::verify_or_throw(variant.lowered.program);
  return variant;
}

IsaCode plan_isa(const planner::Problem& problem, const IsaLevel& level,
                 const CodeOptions& options) {
  Options own = options.create;
  own.isa = level.target;
  own.backend = options.backend_of(level);
  const Settings settings = resolve(own);
  const planner::Machine machine = machine_of(problem, settings, level, options.cpu);
  const ir::Target& target = *ir::find_target(level.target);

  IsaCode isa;
  isa.level = &level;
  isa.backend = own.backend;
  isa.plan = choose_plan(problem, machine, settings);
  isa.stream_from_bytes = planner::stream_from_bytes(problem, machine);
  isa.main = lowered("", problem, isa.plan, target);
  if (isa.plan.stream) {
    planner::Plan plain = isa.plan;
    plain.stream = false;
    isa.unstreamed = lowered("u", problem, plain, target);
    if (isa.unstreamed->lowered.filter != isa.main.lowered.filter)
      throw std::logic_error("plans with and without streaming stores pack the filter differently");
  }
  if (isa.main.lowered.needs_finite_filter) {
    planner::Plan twin = planner::finite_twin(problem, isa.plan, machine);
    twin.stream = false;  // as at run time (operation.cpp)
    isa.twin = lowered("t", problem, twin, target);
  }
  return isa;
}

// Equal symbols are equal bytes: two libraries with the same layer can be linked together and share
// it, and the same problem compiled otherwise is another symbol.
std::string layer_symbol(const LayerCode& layer, const CodeOptions& options) {
  Hash hash;
  hash.add(version()).add(std::to_string(ir_version())).add(planner::print(layer.problem));
  hash.add(options.triple).add(options.cpu.tune);
  for (const IsaCode& isa : layer.isas) {
    hash.add(isa.level->name).add(isa.backend).add(std::to_string(isa.stream_from_bytes));
    isa.each_variant([&](const VariantCode& v) {
      hash.add(v.tag).add(planner::print(v.lowered.filter)).add(ir::print(v.lowered.program));
    });
  }
  return fmt::format("{}_{:016x}", problem_identifier(planner::print(layer.problem)), hash.value());
}

void compile_variant(VariantCode& variant, const IsaCode& isa, const std::string& symbol,
                     const CodeOptions& options) {
  const ir::Program& program = variant.lowered.program;
  if (!has_work(program)) return;
  jit::ObjectRequest request;
  request.program = &program;
  request.symbol = fmt::format("{}_{}{}", symbol, isa.level->name, variant.tag);
  request.triple = options.triple;
  request.cpu = options.cpu.tune;
  request.bf16 = isa.level->bf16;
  request.fp16 = isa.level->fp16;
  jit::ObjectFile object =
      isa.backend == "llvm" ? jit::object_llvm(request) : jit::object_xbyak(request);
  variant.symbols = std::move(object.symbols);
  variant.object = std::move(object.bytes);
  variant.code_bytes = static_cast<std::int64_t>(object.code_bytes);
}

}  // namespace

LayerCode compile_layer(const AotLayer& layer, const CodeOptions& options) {
  LayerCode code;
  code.problem = planner::parse_problem(layer.problem);
  for (const IsaLevel* level : levels_for(code.problem, options.levels))
    code.isas.push_back(plan_isa(code.problem, *level, options));
  code.symbol = layer_symbol(code, options);
  code.name = layer.name.empty() ? problem_identifier(planner::print(code.problem))
                                 : identifier(layer.name);
  for (IsaCode& isa : code.isas) {
    compile_variant(isa.main, isa, code.symbol, options);
    if (isa.unstreamed) compile_variant(*isa.unstreamed, isa, code.symbol, options);
    if (isa.twin) compile_variant(*isa.twin, isa, code.symbol, options);
  }
  return code;
}

}  // namespace tconv::runtime
