// Sizes that are known only when a problem runs: what they make of tensors and params, and that
// programs with params run in every split as they do in one piece.
#include "runtime/run_sizes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "ir/parse.h"
#include "jit/backend.h"
#include "runtime/executable.h"
#include "tools/buffer.h"

namespace tconv {
namespace {

using runtime::Executable;
using runtime::RunSizes;

RunArgs sized(std::int64_t batch, std::int64_t length) {
  RunArgs args;
  args.batch = batch;
  args.length = length;
  return args;
}

std::string refusal(const std::string& line, std::int64_t batch, std::int64_t length) {
  try {
    runtime::run_sizes(planner::parse_problem(line), sized(batch, length));
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), Status::invalid_argument);
    return e.what();
  }
  return "accepted";
}

TEST(RunSizes, AreThoseThatTheProblemAllows) {
  const auto sizes = [](const std::string& line, std::int64_t batch, std::int64_t length) {
    const RunSizes s = runtime::run_sizes(planner::parse_problem(line), sized(batch, length));
    return std::vector<std::int64_t>{s.n, s.i};
  };
  using Sizes = std::vector<std::int64_t>;
  const std::string fixed = "f32 nwc n=3 ic=1 oc=1 i=5 k=2",
                    batch = "f32 nhwc n=2..9 ic=1 oc=1 i=5 k=2",
                    length = "f32 nwc ic=1 oc=1 i=4..70 k=2";
  EXPECT_EQ(sizes(fixed, 0, 0), (Sizes{3, 5}));
  EXPECT_EQ(sizes(fixed, 3, 5), (Sizes{3, 5}));
  EXPECT_EQ(sizes(batch, 2, 0), (Sizes{2, 5}));
  EXPECT_EQ(sizes(batch, 9, 0), (Sizes{9, 5}));
  EXPECT_EQ(sizes(length, 0, 4), (Sizes{1, 4}));
  EXPECT_EQ(sizes(length, 1, 70), (Sizes{1, 70}));

  EXPECT_EQ(refusal(fixed, 2, 0), "batch = 2; the problem has n=3 (0 stands for it)");
  EXPECT_EQ(refusal(fixed, 0, -5), "length = -5; the problem has i=5 (0 stands for it)");
  EXPECT_EQ(refusal(batch, 1, 0), "batch = 1; the problem has n=2..9");
  EXPECT_EQ(refusal(batch, 10, 0), "batch = 10; the problem has n=2..9");
  EXPECT_EQ(refusal(batch, 0, 0),
            "batch = 0; the problem has n=2..9: every run says its size, by tconv_run_args or "
            "RunArgs");
  EXPECT_EQ(refusal(batch, 3, 5), "length = 5; it is for problems with one spatial axis");
  EXPECT_EQ(refusal(length, 0, 71), "length = 71; the problem has i=4..70");
  EXPECT_EQ(refusal(length, 2, 8), "batch = 2; the problem has n=1 (0 stands for it)");
}

TEST(RunSizes, TensorsAreThoseOfTheProblemOfThatSize) {
  const char* const lines[] = {
      "f32 nhwc n=1..6 ic=3 oc=5 i=4x3 k=4 s=2 p=1 bias prelu add mul",
      "f32 nhwc n=2..6 ic=3 oc=5 i=4x3 k=4 s=2 p=1 ips=7 ops=9",
      "f32 ncdhw n=1..5 ic=4 oc=6 i=2x3x4 k=3 s=2 bias add",
      "f32 nchw n=1..3 ic=0 oc=6 i=3x4 k=3",
      "bf16 out=f32 nwc n=1..3 ic=2 oc=3 i=7 o=30 k=3 bias=bf16 mul prelu",
      "f32 nwc n=1..4 ic=2 oc=3 i=7 o=0 k=3 ops=5",
      "f32 nwc ic=3 oc=4 i=1..9 k=16 s=8 p=4 bias add ips=5 ops=6",
      "f64 nwc g=2 ic=4 oc=2 i=2..11 k=3 s=2 d=2 p=3 prelu",
      "f32 nwc ic=3 oc=4 i=1..9 k=4 s=2 p=2 ops=7",  // no output at all for i=1
      "f32 nhwc n=3 ic=4 oc=5 i=0x2 o=4x5 k=3 bias relu",
  };
  for (const char* line : lines) {
    const planner::Problem open = planner::parse_problem(line);
    const runtime::Tensors tensors(open);
    const bool by_length = open.i_min > 0;
    const std::int64_t least = by_length ? open.i_min : open.n_min > 0 ? open.n_min : open.n;
    const std::int64_t most = by_length ? open.axes[0].i : open.n;
    for (std::int64_t size = least; size <= most; ++size) {
      RunSizes sizes = runtime::largest(open);
      (by_length ? sizes.i : sizes.n) = size;
      const planner::Problem fixed = planner::at_sizes(open, sizes.n, sizes.i);
      const runtime::TensorBytes bytes = tensors.bytes(sizes);
      SCOPED_TRACE(planner::print(fixed));
      const std::int64_t element = ir::bytes(open.dtype);
      EXPECT_EQ(bytes.input, planner::input_elements(fixed) * element);
      EXPECT_EQ(bytes.output, planner::output_elements(fixed) * ir::bytes(open.output_dtype()));
      EXPECT_EQ(tensors.filter_bytes(), planner::filter_elements(fixed) * element);
      std::int64_t dense = fixed.n * fixed.oc;
      for (const planner::Axis& a : fixed.axes) dense *= a.o;
      std::size_t operand = 0;
      for (const planner::PostOp& post : open.post) {
        if (!post.takes_operand()) continue;
        EXPECT_EQ(tensors.operand_bytes(bytes, operand++),
                  element * (post.kind == planner::PostKind::prelu ? open.oc : dense));
      }
      EXPECT_EQ(tensors.operands(), operand);
      const bool narrow_bias = open.bias_dtype == ir::DType::bf16;
      EXPECT_EQ(bytes.bias, open.bias ? open.oc * (narrow_bias ? 2 : element) : 0);
    }
  }
}

TEST(RunSizes, ParamsOfAProgram) {
  const auto values = [](const std::string& text, RunSizes sizes) {
    const ir::Program program = ir::parse(text);
    const runtime::Params params(program);
    const auto all = params.values(program, sizes);
    return std::vector<std::int64_t>(
        all.begin(), all.begin() + static_cast<std::ptrdiff_t>(program.params.size()));
  };
  using Values = std::vector<std::int64_t>;
  EXPECT_EQ(values("target avx2", {3, 4}), Values{});
  EXPECT_EQ(values("target avx2 param n in 1..9", {3, 4}), Values{3});
  EXPECT_EQ(values("target avx2 param i in 1..99 param q = ceil(2*i+1 / 4) "
                   "param r = ceil(q-i / 3)",
                   {1, 20}),
            (Values{20, 11, -3}));
  EXPECT_THROW(runtime::Params(ir::parse("target avx2 param w in 1..9")), std::logic_error);
  std::string many = "target avx2 param n in 1..9";
  for (int p = 0; p < 15; ++p) many += " param p" + std::to_string(p) + " = ceil(n / 2)";
  EXPECT_EQ(values(many, {5, 0}).size(), 16U);
  EXPECT_THROW(runtime::Params(ir::parse(many + " param last = ceil(n / 3)")), std::logic_error);
}

// ---- programs

// Two kernels in one stage, whose grids depend on the length, one of them by a derived size, and a
// second stage that reads what they wrote.
std::string program_text(const std::string& target, int lanes) {
  const std::string L = std::to_string(lanes);
  return "target " + target + R"(
param i in 1..40
param h = ceil(i / 2)
buffer x : f32[i,)" +
         L + R"(] in
buffer y : f32[i,)" +
         L + R"(] out
buffer half : f32[h,)" +
         L + R"(] scratch
buffer all : f32[i,)" +
         L + R"(] scratch
stage {
  kernel even grid(q:h) {
    vec a
    a = mov load x[q,0]
    a = add a, 1.0
    store half[q,0], a
  }
  kernel every grid(q:i) {
    vec a
    a = mov load x[q,0]
    a = mul a, 3.0
    store all[q,0], a
  }
}
stage {
  kernel sum grid(q:h) {
    for j in 0..2 {
      if i-1-2*q-j >= 0 {
        vec a
        a = mov load all[2*q+j,0]
        a = add a, load half[q,0]
        store y[2*q+j,0], a
      }
    }
  }
}
)";
}

class Programs : public testing::TestWithParam<const char*> {};

TEST_P(Programs, RunForEverySizeInEverySplit) {
  const std::string target = GetParam();
  const int lanes = target == "avx512" ? 16 : 8;
  constexpr std::int64_t most = 40;
  auto lowered = std::make_shared<planner::Lowered>();
  lowered->program = ir::parse(program_text(target, lanes));
  const std::int64_t row = lanes * static_cast<std::int64_t>(sizeof(float));
  lowered->arguments = {{planner::Argument::input, 0, most * row, 0},
                        {planner::Argument::output, 0, most * row, 0},
                        {planner::Argument::scratch, 0, most / 2 * row, 0},
                        {planner::Argument::scratch, 0, most * row, 0}};
  std::vector<std::unique_ptr<const Executable>> engines;
  engines.push_back(Executable::build(lowered, runtime::Engine::interpreter, "sum"));
  if (jit::host_supports(target, nullptr))
    engines.push_back(Executable::build(lowered, runtime::Engine::xbyak, "sum"));

  tools::Buffer input(static_cast<std::size_t>(most * row)), output(input.bytes());
  for (std::int64_t e = 0; e < most * lanes; ++e) input.as<float>()[e] = static_cast<float>(e % 97);
  for (const auto& engine : engines) {
    for (const int threads : {1, 3}) {
      const runtime::Workers workers(threads);
      tools::Buffer work(static_cast<std::size_t>(runtime::workspace_bytes(*lowered, threads)));
      for (std::int64_t i = 1; i <= most; ++i) {
        std::memset(output.data(), 0xFF, output.bytes());
        void* buffers[] = {input.data(), output.data(), nullptr, nullptr};
        engine->run(buffers, {1, i}, work.as<std::byte>(), workers, nullptr);
        const float *x = input.as<float>(), *y = output.as<float>();
        for (std::int64_t q = 0; q < i; ++q)
          for (int lane = 0; lane < lanes; ++lane)
            ASSERT_EQ(y[q * lanes + lane], 3 * x[q * lanes + lane] + x[q / 2 * lanes + lane] + 1)
                << "i=" << i << " q=" << q;
        const auto* bytes = output.as<unsigned char>();
        EXPECT_TRUE(std::all_of(bytes + i * row, bytes + output.bytes(),
                                [](unsigned char b) { return b == 0xFF; }))
            << "i=" << i << ": more than its own rows";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Programs, testing::Values("avx512", "avx2"),
                         [](const auto& which) { return std::string(which.param); });

}  // namespace
}  // namespace tconv
