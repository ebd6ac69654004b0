#include "runtime/executable.h"

#include <xmmintrin.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "ir/interpret.h"
#include "ir/verify.h"
#include "runtime/fpenv.h"
#include "runtime/scratch_layout.h"
#include "runtime/stopwatch.h"

namespace tconv::runtime {
namespace {

// False when there is no output: then there is nothing to compile either. A size that is open until
// the run is at least 1.
bool has_work(const ir::Program& program) {
  if (!program.params.empty()) return true;
  for (const ir::Stage& stage : program.stages)
    for (const ir::Kernel& kernel : stage.kernels)
      if (ir::grid_points(program, kernel, nullptr) > 0) return true;
  return false;
}

}  // namespace

const char* name(Engine engine) {
  switch (engine) {
    case Engine::xbyak:
      return "xbyak";
    case Engine::llvm:
      return "llvm";
    case Engine::interpreter:
      break;
  }
  return "interpreter";
}

std::int64_t workspace_bytes(const planner::Lowered& lowered, int workers) {
  return scratch_bytes(lowered) + workers * align64(ir::local_bytes(lowered.program));
}

std::unique_ptr<const Executable> Executable::build(std::shared_ptr<const planner::Lowered> lowered,
                                                    Engine engine, const std::string& symbol,
                                                    BuildTimes* times) {
  const ir::Program& program = lowered->program;
  Stopwatch watch;
  ir::verify_or_throw(program);
  const double verify_us = watch.lap_us();

  std::unique_ptr<Executable> executable(new Executable);
  executable->params_ = Params(program);
  if (engine != Engine::interpreter && has_work(program))
    executable->code_ = engine == Engine::xbyak ? jit::compile_xbyak(program, symbol)
                                                : jit::compile_llvm(program, symbol);
  if (times != nullptr) *times = {verify_us, watch.lap_us()};

  for (std::size_t s = 0; s < program.stages.size(); ++s) {
    StageTasks stage;
    for (std::size_t k = 0; k < program.stages[s].kernels.size(); ++k) {
      const ir::Kernel& kernel = program.stages[s].kernels[k];
      Task task;
      task.kernel = &kernel;
      if (executable->params_.empty()) task.points = ir::grid_points(program, kernel, nullptr);
      if (executable->code_) task.function = executable->code_->stages()[s][k].function;
      stage.points += task.points;
      stage.tasks.push_back(task);
    }
    executable->stages_.push_back(std::move(stage));
  }
  // Only streaming stores demand an alignment of a tensor that callers give.
  for (const planner::ArgumentInfo& argument : lowered->arguments)
    executable->streams_ |= argument.kind == planner::Argument::output && argument.align > 0;
  executable->local_stride_ = align64(ir::local_bytes(program));
  executable->lowered_ = std::move(lowered);
  return executable;
}

std::int64_t Executable::points(const Task& task, const std::int64_t* params) const {
  return params_.empty() ? task.points : ir::grid_points(lowered_->program, *task.kernel, params);
}

void Executable::run_range(const StageTasks& stage, const Passed& passed, std::int64_t begin,
                           std::int64_t end, void* local) const {
  for (const Task& task : stage.tasks) {
    const std::int64_t all = points(task, passed.params);
    if (begin < all) {
      const std::int64_t last = std::min(end, all);
      if (task.function != nullptr)
        task.function(passed.buffers, passed.params, begin, last, local);
      else
        ir::interpret(lowered_->program, *task.kernel, passed.buffers, passed.params, begin, last,
                      local);
    }
    begin = std::max<std::int64_t>(begin - all, 0);
    end -= all;
    if (end <= 0) return;
  }
}

void Executable::run(void** buffers, RunSizes sizes, std::byte* workspace, const Workers& workers,
                     const ParallelFor* parallel_for) const {
  std::byte* next = workspace;
  for (std::size_t i = 0; i < lowered_->arguments.size(); ++i) {
    if (lowered_->arguments[i].kind != planner::Argument::scratch) continue;
    buffers[i] = next;
    next += align64(lowered_->arguments[i].bytes);
  }
  const Params::Values params = params_.values(lowered_->program, sizes);
  const Passed passed{buffers, params.data()};
  for (const StageTasks& stage : stages_) {
    std::int64_t total = stage.points;
    if (!params_.empty())
      for (const Task& task : stage.tasks) total += points(task, passed.params);
    workers.for_ranges(total, parallel_for, [&](int worker, std::int64_t begin, std::int64_t end) {
      const DefaultFpEnvironment environment;
      run_range(stage, passed, begin, end, next + worker * local_stride_);
      // Streaming stores may stay behind a plain store that tells another thread of the result.
      if (streams_) _mm_sfence();
    });
  }
}

}  // namespace tconv::runtime
