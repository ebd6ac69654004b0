// sum=f16: products and sums in half, where it was asked for and nowhere else.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "jit/host_features.h"
#include "tconv/aot.hpp"
#include "tconv/inspect.hpp"
#include "tconv/tconv.hpp"
#include "tests/support/cli.h"
#include "tests/support/plan_run.h"
#include "tools/gather.h"
#include "tools/number.h"
#include "tools/random_problem.h"

namespace tconv::tests {
namespace {

using planner::Plan;
using test::Finished;
using test::tconv_cli;

const std::string kLine = "f16 sum=f16 nhwc ic=16 oc=40 i=6x9 k=4x4 s=2x2 p=1x1 bias relu";

planner::Machine machine() { return planner::default_machine("avx512"); }

// ---- the problem

TEST(HalfSum, IsAWordOfTheProblem) {
  const planner::Problem p = planner::parse_problem(kLine);
  EXPECT_EQ(planner::print(p), kLine);
  EXPECT_EQ(p.sum_dtype(), ir::DType::f16);
  EXPECT_EQ(p.bias_or_default(), ir::DType::f16);
  EXPECT_EQ(planner::parse_problem("sum=f16 " + kLine.substr(0, 4) + kLine.substr(12)), p);
  EXPECT_EQ(planner::print(planner::parse_problem("f16 sum=f16 nwc ic=1 oc=1 i=1 k=1 bias=f16")),
            "f16 sum=f16 nwc ic=1 oc=1 i=1 k=1 bias");
  EXPECT_EQ(parse_problem(kLine).sum_dtype, "f16");
  EXPECT_EQ(parse_problem("f16 nwc ic=1 oc=1 i=1 k=1").sum_dtype, "f32");
}

TEST(HalfSum, SaysWhatItDoesNotTake) {
  const std::string base = "f16 sum=f16 nwc ic=1 oc=1 i=1 k=1 ";
  const std::pair<std::string, const char*> cases[] = {
      {"f32 sum=f16 nwc ic=1 oc=1 i=1 k=1", "sum=f16: only beside f16, the element type is f32"},
      {"bf16 sum=f16 nwc ic=1 oc=1 i=1 k=1", "sum=f16: only beside f16, the element type is bf16"},
      {"f16 sum=f32 nwc ic=1 oc=1 i=1 k=1", "sum=f32: only sum=f16 is allowed"},
      {base + "sum=f16", "sum=f16: given twice"},
      {base + "out=f32", "out=f32: the output has the type of the sum"},
      {base + "bias=f32", "bias=f32: bias must be f16 with sum=f16"},
      {base + "tanh", "tanh: sum=f16 allows only the post-ops relu relu6 leaky_relu prelu clip"},
      {base + "hard_swish", "hard_swish: sum=f16 allows only"},
      {base + "clip=0,65505", "clip=0,65505: with sum=f16 parameters must be between -65504"},
      {base + "leaky_relu=1e6", "parameters must be between"},
  };
  for (const auto& [line, words] : cases) {
    try {
      planner::parse_problem(line);
      ADD_FAILURE() << line << " was read";
    } catch (const planner::ProblemError& e) {
      EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
    }
  }
}

// Nothing stands in for it: neither another isa, nor another layout, nor another backend.
TEST(HalfSum, IsRefusedWhereItIsNot) {
  const auto refusal = [](const std::string& line, const std::string& options) {
    try {
      return ConvTranspose::create(line, Options::parse(options)).describe();
    } catch (const Error& e) {
      return std::string(e.what());
    }
  };
  for (const char* isa : {"avx2", "sse2", "neon128"}) {
    const std::string said = refusal(kLine, std::string("backend=interpreter isa=") + isa);
    EXPECT_NE(said.find(std::string("sum=f16: isa=") + isa), std::string::npos) << said;
    EXPECT_NE(said.find("isa=avx512 has it"), std::string::npos) << said;
    EXPECT_THROW(planner::lower(planner::parse_problem(kLine),
                                planner::parse_plan("direct(mr=4,nr=1)"), *ir::find_target(isa)),
                 planner::ProblemError);
  }
  EXPECT_NE(refusal("f16 sum=f16 nchw ic=3 oc=4 i=5x5 k=3", "isa=avx512 backend=interpreter")
                .find("sum=f16: needs nwc, nhwc or ndhwc"),
            std::string::npos);
  for (const char* plan : {"width(mr=8,nr=1)", "winograd(m=3x3,mr=4,nr=1,rows=3)"})
    EXPECT_EQ(refusal(kLine, std::string("isa=avx512 backend=interpreter plan=") + plan)
                  .find("plan=direct"),
              std::string::npos);
  const std::string llvm = refusal(kLine, "isa=avx512 backend=llvm");
  if (jit::host_has_fp16() && TCONV_WITH_LLVM != 0) {
    EXPECT_NE(llvm.find("may round twice"), std::string::npos) << llvm;
  }
  if (jit::host_has_fp16() || !jit::host_supports("avx512")) return;
  for (const char* backend : {"xbyak", "auto", "llvm"}) {
    const std::string said = refusal(kLine, std::string("isa=avx512 backend=") + backend);
    EXPECT_NE(said.find("sum=f16 cannot run on this host: AVX512_FP16 is missing"),
              std::string::npos)
        << said;
  }
  EXPECT_NE(refusal(kLine, "isa=avx512 fallback=interpreter").find("backend=interpreter"),
            std::string::npos);
}

// ---- plans

TEST(HalfSum, FillsVectorsWithTwiceTheLanes) {
  const planner::Problem p =
      planner::parse_problem("f16 sum=f16 nhwc ic=64 oc=64 i=32x32 k=4 s=2 p=1 bias");
  const planner::PlanSet set = planner::enumerate(p, machine());
  ASSERT_FALSE(set.candidates.empty());
  EXPECT_EQ(set.candidates.front().plan.schedule, planner::Schedule::direct);
  for (const planner::Candidate& c : set.candidates) {
    EXPECT_LE(c.plan.nr, 2) << "64 channels are two vectors: " << planner::print(c.plan);
    EXPECT_EQ(planner::sum_order(p, c.plan), "") << planner::print(c.plan);
  }
  const planner::Problem wide =
      planner::parse_problem("f16 nhwc ic=64 oc=64 i=32x32 k=4 s=2 p=1 bias=f16");
  EXPECT_LT(set.candidates.front().predicted_us,
            0.6 * planner::choose(wide, machine(), planner::Accuracy::exact_order).predicted_us);
  const ir::Program program =
      planner::lower(p, set.candidates.front().plan, *ir::find_target("avx512")).program;
  for (const ir::RegInfo& r : program.regs) EXPECT_EQ(r.type, ir::DType::f16) << r.name;
}

// ---- results

// Every bit is the definition's: products in its order, each added exactly and rounded once
// (tools/gather.h); the interpreter everywhere, machine code on CPUs that have the instructions.
TEST(HalfSum, RandomProblemsHaveTheBitsOfTheDefinition) {
  if (!jit::host_has_fp16()) std::puts("machine code is not run: this CPU has no AVX512_FP16");
  tools::RandomProblems problems(
      41, {.type = tools::Type::f16, .half_sum = true, .max_multiply_adds = 3e5});
  std::mt19937_64 random(3);
  std::map<std::string, int> plans;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    const Sample sample(problems.next(), seed);
    planner::Machine m = machine();
    if (seed % 2 == 0) m.stream_from_bytes = 0;
    std::vector<planner::Candidate> legal = planner::enumerate(sample.problem, m).candidates;
    std::shuffle(legal.begin() + 1, legal.end(), random);
    if (legal.size() > 6) legal.resize(6);
    std::vector<tools::Buffer> right;
    for (const planner::Candidate& c : legal) {
      SCOPED_TRACE(sample.line + " " + planner::print(c.plan));
      ++plans[planner::name(c.plan.schedule)];
      ASSERT_NO_THROW(check_plan(sample, PlanRun(sample, c.plan, "avx512"), right));
      EXPECT_LE(right.size(), 1u) << "one order, one result";
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(plans["direct"], 50);
  EXPECT_GT(plans["channelwise"], 10);
}

// Infinities, NaN, denormals and overflow in input and filter; the twin of filters that hold them.
TEST(HalfSum, SpecialValues) {
  const std::uint16_t special[] = {0x7c00, 0xfc00, 0x7e00, 0x0001, 0x8003,
                                   0x7bff, 0x8000, 0x0000, 0x0300, 0x3c00};
  for (const char* line : {"f16 sum=f16 nhwc ic=6 oc=40 i=5x7 k=3 s=2 p=1 bias",
                           "f16 sum=f16 nwc g=12 ic=12 oc=12 i=9 k=3 s=2 relu",
                           "f16 sum=f16 nhwc ic=2 oc=1 i=4x30 k=2 s=2 leaky_relu=0.5"}) {
    Sample sample(line, 21);
    const auto put = [&](tools::Buffer& b, std::size_t every) {
      for (std::size_t i = 0, s = 0; i < b.bytes() / 2; i += every, ++s)
        b.as<std::uint16_t>()[i] = special[s % 10];
    };
    for (const bool filter : {false, true}) {
      put(filter ? sample.data.filter : sample.data.input, filter ? 7 : 11);
      sample.redefine();
      std::vector<tools::Buffer> right;
      int number = 0;
      for (const auto& c : planner::enumerate(sample.problem, machine()).candidates) {
        if (number++ % 7 != 0) continue;
        Plan plan = c.plan;
        if (filter && PlanRun(sample, plan, "avx512").lowered().needs_finite_filter)
          plan = planner::finite_twin(sample.problem, plan, machine());
        check_plan(sample, PlanRun(sample, plan, "avx512"), right);
        if (HasFailure()) return;
      }
    }
  }
}

// The bound of docs/accuracy.md: K (2^-11 (|bias| + sum |w x|) + 2^-24). The definition in halves,
// which results equal, beside the one in float64; and that the sums do differ.
TEST(HalfSum, StaysWithinTheStatedBoundOfRealNumbers) {
  double worst = 0;
  for (const int channels : {1, 7, 64, 300, 2000}) {
    const std::string rest = " nwc ic=" + std::to_string(channels) + " oc=9 i=5 k=4 s=2 bias=f16";
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const Sample half("f16 sum=f16" + rest, seed);
      const tools::Shape shape = tools::parse_shape("f16" + rest);
      const tools::Definition real(shape, half.data.view());
      const auto gather =
          tools::make_gather(shape, half.data.input.data(), half.data.filter.data());
      const std::vector<double> got = half.definition->values(), exact = real.values();
      std::vector<tools::Sum> sums(9);
      for (std::int64_t o = 0; o < shape.o[0]; ++o) {
        const std::int64_t at[] = {0, o};
        gather->pixel(at, sums.data());
        for (std::int64_t c = 0; c < 9; ++c) {
          const auto i = static_cast<std::size_t>(o * 9 + c);
          const tools::Sum& sum = sums[static_cast<std::size_t>(c)];
          const double size =
              std::fabs(tools::read(tools::Type::f16, half.data.bias.data(), c)) + sum.magnitude;
          const double bound = sum.count * (0x1p-11 * size + 0x1p-24);
          EXPECT_LE(std::fabs(got[i] - exact[i]), bound) << half.line << " " << i;
          worst = std::max(worst, std::fabs(got[i] - exact[i]) / std::fabs(size));
        }
      }
    }
  }
  EXPECT_GT(worst, 0x1p-12);
}

// ---- the library and the command line

TEST(HalfSum, RunsThroughTheLibrary) {
  const ConvTranspose op = ConvTranspose::create("f16 sum=f16 nwc ic=2 oc=1 i=1 k=1 bias",
                                                 Options::parse("isa=avx512 backend=interpreter"));
  // 2048 + 1 is a tie that goes to 2048, twice; in f32 it is 2050.
  const std::uint16_t input[] = {0x3c00, 0x3c00}, filter[] = {0x3c00, 0x3c00}, bias[] = {0x6800};
  std::uint16_t output[] = {0};
  std::vector<std::byte> packed(op.packed_filter_bytes());
  op.pack(filter, packed.data());
  op.run(input, packed.data(), bias, output);
  EXPECT_EQ(output[0], 0x6800);
  const ConvTranspose wide = ConvTranspose::create(
      "f16 nwc ic=2 oc=1 i=1 k=1 bias=f16", Options::parse("isa=avx512 backend=interpreter"));
  packed.resize(wide.packed_filter_bytes());
  wide.pack(filter, packed.data());
  wide.run(input, packed.data(), bias, output);
  EXPECT_EQ(output[0], 0x6801);
}

TEST(HalfSum, CheckAndPlanTakeIt) {
  const std::vector<std::string> here = {"--isa", "avx512", "--backend", "interpreter"};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), here.begin(), here.end());
    return tconv_cli(words);
  };
  const Finished random = with({"check", "--random", "15", "--dtype", "f16", "--sum", "f16"});
  EXPECT_EQ(random.status, 0) << random.err << random.out;
  EXPECT_NE(random.out.find("0 wrong, 0 failed"), std::string::npos) << random.out;
  const Finished plan = with({"plan", kLine});
  EXPECT_EQ(plan.status, 0) << plan.err;
  EXPECT_NE(plan.out.find("chosen direct("), std::string::npos) << plan.out;
  const Finished other = with({"check", "--random", "2", "--dtype", "bf16", "--sum", "f16"});
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("only with --dtype f16, got --dtype bf16"), std::string::npos)
      << other.err;
  const Finished avx2 = tconv_cli({"plan", kLine, "--isa", "avx2"});
  EXPECT_EQ(avx2.status, 2);
  EXPECT_NE(avx2.err.find("sum=f16: isa=avx2"), std::string::npos) << avx2.err;
}

TEST(HalfSum, CompilesAheadOfTimeForCpusThatHaveIt) {
  AotOptions options;
  options.isas = {"avx2", "avx512", "avx512fp16"};
  const AotLibrary library =
      compile_aot({{"half", kLine}, {"wide", "f16 nhwc ic=8 oc=8 i=4x4 k=2 s=2"}}, options);
  std::vector<std::vector<std::string>> isas;
  for (const AotCompiled& layer : library.layers) {
    isas.emplace_back();
    for (const AotKernel& kernel : layer.kernels) isas.back().push_back(kernel.isa);
  }
  EXPECT_EQ(isas, (std::vector<std::vector<std::string>>{{"avx512fp16"}, {"avx512", "avx2"}}));
  options.isas = {"avx2", "avx512"};
  try {
    compile_aot({{"half", kLine}}, options);
    ADD_FAILURE() << "was compiled";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("sum=f16 needs avx512fp16"), std::string::npos)
        << e.what();
  }
}

}  // namespace
}  // namespace tconv::tests
