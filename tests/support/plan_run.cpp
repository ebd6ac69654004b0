#include "tests/support/plan_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "ir/interpret.h"
#include "ir/verify.h"
#include "jit/host_features.h"
#include "tests/support/backends.h"
#include "tests/support/test_data.h"
#include "tools/number.h"

namespace tconv::tests {
namespace {

using test::GuardedBuffer;

struct Range {
  std::size_t kernel = 0;
  std::int64_t begin = 0, end = 0;
};

std::vector<Range> ranges_of(const ir::Program& program, const ir::Stage& stage,
                             const std::int64_t* params, bool split, std::mt19937_64& random) {
  std::vector<Range> r;
  for (std::size_t kernel = 0; kernel < stage.kernels.size(); ++kernel) {
    const std::int64_t points = ir::grid_points(program, stage.kernels[kernel], params);
    for (std::int64_t begin = 0; begin < points;) {
      // A few ranges at most: cutting finer finds no more and costs a call each.
      const auto most = static_cast<std::uint64_t>(std::max<std::int64_t>(points / 3, 1));
      const std::int64_t n = split ? 1 + static_cast<std::int64_t>(random() % most) : points;
      r.push_back({kernel, begin, std::min(begin + n, points)});
      begin += n;
    }
  }
  if (split) std::shuffle(r.begin(), r.end(), random);
  return r;
}

// A tensor at an offset behind the front guard, or flush with the back one.
class Placed {
 public:
  Placed(const void* from, std::size_t bytes, const RunOptions& options, int align)
      : offset_(options.flush == GuardedBuffer::Flush::start && align <= 1 ? options.offset : 0),
        memory_(bytes + offset_, options.flush, static_cast<std::size_t>(std::max(align, 1))) {
    if (from != nullptr) {
      if (bytes > 0) std::memcpy(data(), from, bytes);
    } else {
      std::memset(memory_.data(), 0xff, bytes + offset_);
    }
    if (offset_ > 0) std::memset(memory_.data(), kSlack, offset_);
  }
  std::byte* data() const { return memory_.data() + offset_; }
  bool slack_untouched() const {
    return memory_.slack_untouched() &&
           std::all_of(memory_.data(), data(), [](std::byte b) { return b == std::byte{kSlack}; });
  }

 private:
  static constexpr int kSlack = 0x5a;
  std::size_t offset_;
  GuardedBuffer memory_;
};

// How often each element of the output was written.
class WriteCount {
 public:
  WriteCount(const Sample& sample, const planner::Lowered& lowered)
      : shape_(sample.shape),
        element_(static_cast<std::int64_t>(tools::bytes(shape_.output_type()))),
        counts_(sample.data.output.bytes() / static_cast<std::size_t>(element_)) {
    const auto& arguments = lowered.arguments;
    for (ir::BufferId id = 0; id < lowered.program.buffers.size(); ++id) {
      const int slot = ir::buffer_slot(lowered.program, id);
      if (lowered.program.buffers[id].kind != ir::BufferKind::local &&
          arguments[static_cast<std::size_t>(slot)].kind == planner::Argument::output)
        output_ = id;
    }
  }
  void operator()(const ir::Access& access) {
    if (!access.write || access.buffer != output_) return;
    for (std::int64_t at = access.offset; at < access.offset + access.bytes; at += element_)
      ++counts_.at(static_cast<std::size_t>(at / element_));
  }
  // Empty if every element was written once and no gap ever.
  std::string wrong() const {
    for (std::size_t at = 0; at < counts_.size(); ++at) {
      const auto channel = static_cast<std::int64_t>(at) % shape_.output_pixel();
      const int expected = shape_.channels_last && channel >= shape_.oc ? 0 : 1;
      if (counts_[at] != expected)
        return "output element " + std::to_string(at) + " is written " +
               std::to_string(counts_[at]) + " times, not " + std::to_string(expected);
    }
    return {};
  }

 private:
  tools::Shape shape_;
  std::int64_t element_;
  std::vector<int> counts_;
  ir::BufferId output_ = 0;
};

}  // namespace

Sample::Sample(const std::string& problem_line, std::uint64_t data_seed)
    : line(problem_line),
      seed(data_seed),
      problem(planner::parse_problem(problem_line)),
      shape(tools::parse_shape(planner::print(problem))),
      data(tools::random_data(shape, data_seed)) {
  redefine();
}

void Sample::redefine() { definition = std::make_unique<tools::Definition>(shape, data.view()); }

BuiltPlan::BuiltPlan(const planner::Problem& problem, const planner::Plan& the_plan,
                     const std::string& the_target, const std::string& backend)
    : plan(the_plan),
      target(the_target),
      lowered(planner::lower(problem, plan, *ir::find_target(target))) {
  ir::verify_or_throw(lowered.program);
  const bool pairs = !plan.dot2 || jit::host_has_bf16();
  const bool instruction = pairs && (!problem.narrow_sum || jit::host_has_fp16());
  const bool table = target == "avx512" || target == "avx2";
  const std::string by = !backend.empty() ? backend : table ? "xbyak" : "llvm";
  if (instruction && test::missing({by, target}).empty())
    code = test::compile(by, lowered.program);
}

PlanRun::PlanRun(const Sample& sample, std::shared_ptr<const BuiltPlan> built)
    : sample_(sample),
      how_(sample.line + " | seed " + std::to_string(sample.seed) + " " + built->target + " " +
           planner::print(built->plan)),
      built_(std::move(built)) {
  const ir::Program& program = lowered().program;
  for (const ir::Param& p : program.params) {
    const std::string& name = program.vars[p.var].name;
    params_.push_back(name == "n" ? sample.problem.n : name == "i" ? sample.problem.axes[0].i : 0);
  }
  ir::derive_params(program, params_.data());
  packed_ = tools::Buffer(static_cast<std::size_t>(planner::packed_bytes(lowered().filter)));
  planner::pack(sample.problem, lowered().filter, sample.data.filter.data(), packed_.data());
}

tools::Buffer PlanRun::run(const RunOptions& options) const {
  const ir::Program& program = lowered().program;
  const tools::TensorData& data = sample_.data;
  std::vector<std::unique_ptr<Placed>> placed;
  std::vector<void*> buffers;
  const Placed* output = nullptr;
  const auto place = [&](const void* from, std::size_t bytes, int align) {
    placed.push_back(std::make_unique<Placed>(from, bytes, options, align));
    return placed.back().get();
  };
  for (const planner::ArgumentInfo& argument : lowered().arguments) {
    const Placed* p = nullptr;
    switch (argument.kind) {
      case planner::Argument::input:
        p = place(data.input.data(), data.input.bytes(), argument.align);
        break;
      case planner::Argument::filter:
        p = place(packed_.data(), packed_.bytes(), argument.align);
        break;
      case planner::Argument::bias:
        p = place(data.bias.data(), data.bias.bytes(), argument.align);
        break;
      case planner::Argument::output:
        output = p = place(nullptr, data.output.bytes(), argument.align);
        break;
      case planner::Argument::operand: {
        const tools::Buffer& from = data.operands.at(static_cast<std::size_t>(argument.operand));
        p = place(from.data(), from.bytes(), argument.align);
        break;
      }
      case planner::Argument::scratch:
        p = place(nullptr, static_cast<std::size_t>(argument.bytes), 64);
        break;
    }
    buffers.push_back(p->data());
  }

  const auto local_bytes = static_cast<std::size_t>(ir::local_bytes(program));
  const GuardedBuffer local(local_bytes, options.flush, 64);
  WriteCount count(sample_, lowered());
  ir::AccessHook hook;
  if (options.count_writes) hook = std::ref(count);
  std::mt19937_64 random(options.seed);
  for (std::size_t s = 0; s < program.stages.size(); ++s) {
    std::vector<ir::InterpretedKernel> kernels;
    if (options.engine == Engine::interpreter)
      for (const ir::Kernel& k : program.stages[s].kernels) kernels.emplace_back(program, k);
    for (const Range& r :
         ranges_of(program, program.stages[s], params_.data(), options.seed > 0, random)) {
      std::memset(local.data(), 0xff, local_bytes);
      if (options.engine == Engine::interpreter) {
        kernels[r.kernel].run(buffers.data(), params_.data(), r.begin, r.end, local.data(), hook);
      } else {
        code().stages()[s][r.kernel].function(buffers.data(), params_.data(), r.begin, r.end,
                                              local.data());
      }
    }
  }
  for (const auto& p : placed) EXPECT_TRUE(p->slack_untouched()) << how_ << ": outside a tensor";
  EXPECT_TRUE(local.slack_untouched()) << how_ << ": outside local memory";
  if (options.count_writes) {
    EXPECT_EQ(count.wrong(), "") << how_;
  }
  tools::Buffer result(data.output.bytes());
  if (result.bytes() > 0) std::memcpy(result.data(), output->data(), result.bytes());
  return result;
}

bool same_values(const tools::Buffer& a, const tools::Buffer& b, tools::Type type) {
  if (a.bytes() != b.bytes()) return false;
  if (a.bytes() == 0 || std::memcmp(a.data(), b.data(), a.bytes()) == 0) return true;
  const std::size_t element = tools::bytes(type);
  for (std::size_t at = 0; at < a.bytes(); at += element) {
    if (std::memcmp(a.as<char>() + at, b.as<char>() + at, element) == 0) continue;
    const auto index = static_cast<std::int64_t>(at / element);
    if (!std::isnan(tools::read(type, a.data(), index)) ||
        !std::isnan(tools::read(type, b.data(), index)))
      return false;
  }
  return true;
}

void check_plan(const Sample& sample, const PlanRun& run, std::vector<tools::Buffer>& right) {
  const std::uint64_t seed = sample.seed + 1;
  tools::Buffer expected =
      run.run({.flush = test::GuardedBuffer::Flush::end, .seed = seed, .count_writes = true});
  const auto same = [&](const tools::Buffer& b) {
    return same_values(expected, b, sample.shape.output_type());
  };
  if (run.compiled()) {
    constexpr std::size_t kOffsets[] = {0, 4, 16, 32};
    EXPECT_TRUE(same(run.run({.engine = Engine::machine_code,
                              .flush = test::GuardedBuffer::Flush::start,
                              .offset = kOffsets[seed % 4]})))
        << run.how() << ": machine code differs from the interpreter";
    EXPECT_TRUE(same(run.run({.engine = Engine::machine_code,
                              .flush = test::GuardedBuffer::Flush::end,
                              .seed = seed + 1})))
        << run.how() << ": machine code differs from the interpreter, or with the grid's order";
  } else {
    EXPECT_TRUE(same(run.run({}))) << run.how() << ": the order of the grid matters";
  }
  if (std::any_of(right.begin(), right.end(), same)) return;
  const double accuracy = planner::error_factor(sample.problem, run.plan());
  const tools::Comparison answer =
      sample.definition->check(expected.data(), {.accuracy = accuracy});
  EXPECT_TRUE(answer.ok()) << run.how() << ": " << answer.wrong << " of " << answer.checked
                           << " wrong, first " << answer.first_wrong;
  if (answer.ok()) right.push_back(std::move(expected));
}

}  // namespace tconv::tests
