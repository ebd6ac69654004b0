// One plan of one problem, ready to run: the lowered program, verified, with its machine code or
// for the interpreter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jit/backend.h"
#include "planner/planner.h"
#include "runtime/parallel.h"
#include "runtime/run_sizes.h"
#include "tconv/tconv.hpp"

namespace tconv::runtime {

enum class Engine { xbyak, llvm, interpreter };
const char* name(Engine engine);

struct BuildTimes {
  double verify_us = 0, emit_us = 0;
};

// Immutable. run may be called from many threads at once, each with its own buffers and workspace.
class Executable {
 public:
  // Verifies always. Throws jit::CompileError when code cannot be made here, std::logic_error when
  // the program is not sound. `lowered` is shared because the interpreter reads it while it runs.
  static std::unique_ptr<const Executable> build(std::shared_ptr<const planner::Lowered> lowered,
                                                 Engine engine, const std::string& symbol,
                                                 BuildTimes* times = nullptr);

  // `buffers` holds one pointer per entry of lowered().arguments, those of scratch left null: they
  // are filled here. `workspace` is 64-aligned and of workspace_bytes(workers.count()).
  // `parallel_for` null: the workers' own threads; otherwise the caller's.
  void run(void** buffers, RunSizes sizes, std::byte* workspace, const Workers& workers,
           const ParallelFor* parallel_for) const;

  const planner::Lowered& lowered() const { return *lowered_; }
  const jit::CompiledProgram* code() const {
    return code_.get();
  }  // null: interpreter, or no output

 private:
  Executable() = default;

  struct Task {
    ir::KernelFn function = nullptr;  // null: interpreter
    const ir::Kernel* kernel = nullptr;
    std::int64_t points = 0;  // 0 in programs with params
  };
  struct StageTasks {
    std::vector<Task> tasks;
    std::int64_t points = 0;  // of all tasks
  };
  struct Passed {  // to every kernel of one run
    void* const* buffers = nullptr;
    const std::int64_t* params = nullptr;
  };

  std::int64_t points(const Task& task, const std::int64_t* params) const;
  void run_range(const StageTasks& stage, const Passed& passed, std::int64_t begin,
                 std::int64_t end, void* local) const;

  std::shared_ptr<const planner::Lowered> lowered_;
  std::shared_ptr<const jit::CompiledProgram> code_;
  std::vector<StageTasks> stages_;
  Params params_;
  bool streams_ = false;           // some outputs are written around the caches
  std::int64_t local_stride_ = 0;  // bytes from one worker's local block to the next
};

// Scratch buffers, then one local block per worker; each a multiple of 64.
std::int64_t workspace_bytes(const planner::Lowered& lowered, int workers);

}  // namespace tconv::runtime
