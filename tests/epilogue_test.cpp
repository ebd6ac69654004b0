// Post-ops as instructions: no more registers than the schedules count on, and a value that waits
// in memory where a transposed block leaves it too few.
#include "planner/schedules/epilogue.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ir/print.h"
#include "ir/verify.h"
#include "planner/phase.h"
#include "planner/planner.h"
#include "tests/support/plan_run.h"
#include "tools/post_reference.h"

namespace tconv::planner {
namespace {

// With several parameters where the instructions differ.
const char* const kPostOps[] = {"relu",
                                "relu6",
                                "leaky_relu=0.25",
                                "prelu",
                                "elu=1",
                                "elu=1.5",
                                "celu=1.5",
                                "celu=0.25",
                                "selu",
                                "tanh",
                                "tanh_shrink",
                                "sigmoid",
                                "log_sigmoid",
                                "sparse_sigmoid",
                                "hard_sigmoid",
                                "swish",
                                "hard_swish",
                                "gelu",
                                "gelu_tanh",
                                "softplus",
                                "sparse_plus",
                                "squareplus=0",
                                "squareplus=4",
                                "softsign",
                                "hard_shrink=0.5",
                                "soft_shrink=0.5",
                                "threshold=1,-2",
                                "relu_above=0.25,1,4",
                                "relu_above=0,1,inf",
                                "relu_above=0,0,6",
                                "relu_above=0.5,0,inf",
                                "mish",
                                "exp",
                                "clip=-1,1",
                                "add",
                                "mul"};

TEST(Epilogue, EveryPostOpIsTried) {
  for (const char* name : tools::post_op_names())
    EXPECT_TRUE(std::any_of(std::begin(kPostOps), std::end(kPostOps), [&](std::string_view text) {
      return text.substr(0, text.find('=')) == name;
    })) << name;
}

// One value beside so many registers, all in use, that the epilogue has what it says it needs.
ir::Program beside_full_registers(const Problem& p, const ir::Target& target) {
  ir::Builder b(target);
  const PackedFilter filter{
      .dtype = p.sum_dtype(), .dims = {1}, .group = {}, .oc = {}, .ic = {}, .taps = {}};
  const Tensors tensors = declare_tensors(b, p, filter, false);
  const ir::ViewId other = b.buffer("other", p.sum_dtype(), {64}, ir::BufferKind::out);
  const Epilogue epilogue(p, tensors);
  const int full = target.registers - 1 - epilogue.registers(target);
  b.stage([&] {
    b.kernel("post", {}, [&](std::span<const ir::Affine>) {
      const ir::Reg z = b.vec("z", {std::max(full, 1)}, p.sum_dtype()),
                    v = b.vec("v", {}, p.sum_dtype());
      b.unroll("i", 0, full, [&](const ir::Affine& i) { b.mov(z(i), ir::bits(0)); });
      b.mov(v(), ir::bcast({tensors.input, {0, 0, 0}}));
      const ir::Lanes some{0, b.lanes(p.sum_dtype()) - 1};
      epilogue.emit(b, v(), {true, 0, {0, 0, 0}, some});
      b.store({tensors.output, {0, 0, 0}}, v(), some);
      b.unroll("i", 0, full, [&](const ir::Affine& i) { b.store({other, {0}}, z(i), {0, 1}); });
    });
  });
  return b.take();
}

TEST(Epilogue, NeedsTheRegistersThatItSays) {
  for (const char* isa : {"avx512", "avx2", "sse2"})
    for (const char* dtype : {"f32", "f64", "bf16", "f16"})
      for (const char* post : kPostOps) {
        const Problem p =
            normalize(parse_problem(std::string(dtype) + " nwc ic=1 oc=32 i=1 k=1 " + post));
        const std::vector<ir::Fault> faults =
            ir::verify(beside_full_registers(p, *ir::find_target(isa)));
        EXPECT_TRUE(faults.empty())
            << isa << ' ' << dtype << ' ' << post << ": " << faults.front().what;
      }
}

struct Case {
  const char *line, *plan;
};
// 8 lanes of f32 in 16 registers: rows of the row buffer, whole tensors, planes of a row; the last
// columns, channels and planes too, operands of every kind.
constexpr Case kTransposing[] = {
    {"f32 nchw n=2 ic=5 oc=20 i=6x17 k=4 s=2 p=1 bias gelu", "direct(mr=3,nr=2,rows=3,strip)"},
    {"f32 nchw ic=5 oc=11 i=3x31 k=4 s=2 p=1 bias prelu mish add", "direct(mr=3,nr=1,cols=24,strip)"},
    {"f32 ncw ic=3 oc=9 i=40 k=3 s=2 softplus mul", "direct(mr=3,nr=1,cols=24,strip)"},
    {"f32 nchw ic=5 oc=11 i=4x3 k=4 s=2 p=1 bias prelu gelu_tanh",
     "direct(mr=3,nr=1,transposed,merged)"},
    {"f32 nchw n=3 ic=8 oc=19 i=5x5 k=4 s=2 p=1 bias add tanh_shrink",
     "winograd(m=2x2,mr=2,nr=2,rows=2,transposed)"},
    {"f32 nhwc n=2 ic=24 oc=5 i=6x40 k=4 s=2 p=1 bias add gelu", "width(mr=5,nr=2,rows=2)"},
    {"f32 nhwc ic=6 oc=4 i=6x21 k=5x9 s=2x3 p=2x4 add mish mul", "width(mr=4,nr=1,cols=16)"},
    {"f32 ncw ic=6 oc=3 i=61 k=21 s=9 add log_sigmoid", "width(mr=3,nr=1)"},
};

class Waiting : public testing::TestWithParam<const char*> {};

TEST_P(Waiting, IsTheDefinition) {
  std::uint64_t seed = 40;
  for (const Case& c : kTransposing) {
    SCOPED_TRACE(c.plan);
    const tests::Sample sample(c.line, ++seed);
    const tests::PlanRun run(sample, parse_plan(c.plan), GetParam());
    const bool waits = ir::print(run.lowered().program).find("buffer waiting") != std::string::npos;
    EXPECT_EQ(waits, std::string_view(GetParam()) == "avx2") << c.line;
    std::vector<tools::Buffer> right;
    tests::check_plan(sample, run, right);
    if (HasFailure()) return;
  }
}
INSTANTIATE_TEST_SUITE_P(Targets, Waiting, testing::Values("avx512", "avx2"));

// What fits beside a transposed block stays in registers.
TEST(Waiting, OnlyWhatDoesNotFit) {
  for (const char* post : {"", "relu", "leaky_relu=0.1", "tanh", "sigmoid", "add relu"}) {
    const Problem p = normalize(
        parse_problem(std::string("f32 nchw ic=5 oc=20 i=6x17 k=4 s=2 p=1 bias ") + post));
    const Lowered lowered =
        lower(p, parse_plan("direct(mr=3,nr=2,rows=3,strip)"), *ir::find_target("avx2"));
    EXPECT_EQ(ir::print(lowered.program).find("buffer waiting"), std::string::npos) << post;
  }
}

}  // namespace
}  // namespace tconv::planner
