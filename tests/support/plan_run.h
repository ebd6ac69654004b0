// One plan of one problem, lowered, packed and compiled, run between guard pages in any split and
// order of its grids: what the property tests compare.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jit/backend.h"
#include "planner/planner.h"
#include "tests/support/guarded_buffer.h"
#include "tools/tensor_data.h"

namespace tconv::tests {

// A problem with seeded data and the answer that the definition gives.
struct Sample {
  Sample(const std::string& problem_line, std::uint64_t data_seed);
  // After the data was changed by hand.
  void redefine();

  std::string line;
  std::uint64_t seed = 0;
  planner::Problem problem;
  tools::Shape shape;
  tools::TensorData data;
  std::unique_ptr<tools::Definition> definition;
};

enum class Engine : std::uint8_t { interpreter, machine_code };

struct RunOptions {
  Engine engine = Engine::interpreter;
  test::GuardedBuffer::Flush flush = test::GuardedBuffer::Flush::start;
  std::size_t offset = 0;  // bytes between the front guard and the tensors; for Flush::start
  std::uint64_t seed =
      0;  // > 0: every grid in random ranges, the ranges of a stage in random order
  bool count_writes = false;  // interpreter: each output element exactly once, gaps never
};

// Lowered, verified and, where this host can, compiled: by Xbyak where it has the target, else by
// LLVM, or by the backend that is named. Throws what those throw.
struct BuiltPlan {
  BuiltPlan(const planner::Problem& problem, const planner::Plan& plan, const std::string& target,
            const std::string& backend = "");
  planner::Plan plan;
  std::string target;
  planner::Lowered lowered;
  std::shared_ptr<const jit::CompiledProgram> code;
};

class PlanRun {
 public:
  PlanRun(const Sample& sample, const planner::Plan& plan, const std::string& target)
      : PlanRun(sample, std::make_shared<BuiltPlan>(sample.problem, plan, target)) {}
  // `built` may be for a range that the sample's size lies in.
  PlanRun(const Sample& sample, std::shared_ptr<const BuiltPlan> built);

  const planner::Lowered& lowered() const { return built_->lowered; }
  const std::string& how() const { return how_; }  // problem, seed, target and plan: a bug report
  const planner::Plan& plan() const { return built_->plan; }
  bool compiled() const { return built_->code != nullptr; }
  const jit::CompiledProgram& code() const { return *built_->code; }

  // The whole output, pixel gaps included (0xff where nothing was written). Scratch holds NaN at
  // first, local memory before each range. Fails the current test on a write outside a tensor.
  tools::Buffer run(const RunOptions& options) const;

 private:
  const Sample& sample_;
  std::string how_;
  std::shared_ptr<const BuiltPlan> built_;
  std::vector<std::int64_t> params_;
  tools::Buffer packed_;
};

// The same bits, or both NaN, in every element of both.
bool same_values(const tools::Buffer& a, const tools::Buffer& b,
                 tools::Type type = tools::Type::f32);

// Interpreter against the definition, machine code against the interpreter (if this host runs the
// target), writes counted, grids split and shuffled. Outputs that already proved right are kept in
// `right`, since most plans of a problem give the same bits and the definition is slow.
void check_plan(const Sample& sample, const PlanRun& run, std::vector<tools::Buffer>& right);

}  // namespace tconv::tests
