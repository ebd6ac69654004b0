// Numbers that other projects' own tests expect, through planner, interpreter and machine code:
// every candidate plan of every case on every target.
#include "tests/support/conformance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "ir/verify.h"
#include "tests/support/execute.h"
#include "tests/support/sanitizer.h"
#include "tools/number.h"

namespace tconv::tests {
namespace {

tools::Buffer poisoned_output(const tools::Shape& shape) {
  tools::Buffer output(static_cast<std::size_t>(tools::output_elements(shape)) *
                       tools::bytes(shape.output_type()));
  if (output.bytes() > 0) std::memset(output.data(), 0xff, output.bytes());
  return output;
}

void expect_numbers(const ConformanceCase& c, const tools::Shape& shape,
                    const tools::Definition& definition, const tools::Buffer& output,
                    const std::string& how) {
  const tools::Comparison result = definition.check(output.data());
  EXPECT_TRUE(result.ok()) << how << '\n' << result.first_wrong;
  for (std::size_t x = 0; x < c.expected.size(); ++x) {
    const double got =
        tools::read(shape.output_type(), output.data(), static_cast<std::int64_t>(x));
    const double allowed = c.tolerance * std::max(1.0, std::fabs(c.expected[x]));
    ASSERT_NEAR(got, c.expected[x], allowed) << how << " element " << x;
  }
}

class Conformance : public testing::TestWithParam<const char*> {};

TEST_P(Conformance, EveryPlanOfEveryNumericCase) {
  const std::string target = GetParam();
  const planner::Machine machine = planner::default_machine(target);
  const bool runs_here = jit::host_supports(target);
  int cases = 0, refused = 0;
  std::size_t plans = 0;
  for (const ConformanceCase& c : conformance_cases()) {
    const planner::Problem problem = planner::parse_problem(c.line);
    EXPECT_EQ(planner::print(problem), c.line) << c.id;
    planner::PlanSet set;
    try {
      set = planner::enumerate(problem, machine);
    } catch (const planner::ProblemError& e) {
      EXPECT_NE(std::string(e.what()).find("i32"), std::string::npos) << c.id << ": " << e.what();
      ++refused;
      continue;
    }
    ++cases;
    const tools::Shape shape = tools::parse_shape(c.line);
    const tools::Tensors tensors = c.tensors();
    const tools::Definition definition(shape, tensors);
    for (const planner::Candidate& candidate : set.candidates) {
      if (left_out(plans++)) continue;
      const std::string how =
          c.id + ": " + c.line + " plan " + planner::print(candidate.plan) + " on " + target;
      const planner::Lowered lowered =
          planner::lower(problem, candidate.plan, *ir::find_target(target));
      ASSERT_NO_THROW(ir::verify_or_throw(lowered.program)) << how;
      tools::Buffer interpreted = poisoned_output(shape);
      execute(problem, lowered, tensors, interpreted.data());
      expect_numbers(c, shape, definition, interpreted, how + " interpreted");
      if (!runs_here) continue;
      std::shared_ptr<const jit::CompiledProgram> compiled;
      EXPECT_NO_THROW(compiled = jit::compile_xbyak(lowered.program)) << how;
      if (!compiled) continue;
      tools::Buffer output = poisoned_output(shape);
      execute(problem, lowered, tensors, output.data(), {.compiled = compiled.get()});
      if (output.bytes() > 0) {
        EXPECT_EQ(std::memcmp(output.data(), interpreted.data(), output.bytes()), 0) << how;
      }
    }
  }
  EXPECT_GE(cases, 165);
  EXPECT_LE(refused, 2);
  EXPECT_GE(plans, static_cast<std::size_t>(cases));
}

INSTANTIATE_TEST_SUITE_P(Targets, Conformance, testing::Values("avx512", "avx2"),
                         [](const auto& target) { return std::string(target.param); });

}  // namespace
}  // namespace tconv::tests
