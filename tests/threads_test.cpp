// Results do not depend on the number of threads, although plans may.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tconv/tconv.hpp"
#include "tools/buffer.h"
#include "tools/random_problem.h"
#include "tools/tensor_data.h"

namespace tconv {
namespace {

std::vector<char> result(const std::string& line, const std::string& isa, int threads) {
  tools::TensorData data = tools::random_data(tools::parse_shape(line), 1);
  Options options;
  options.isa = isa;
  options.threads = threads;
  const ConvTranspose op = ConvTranspose::create(line, options);
  tools::Buffer packed(op.packed_filter_bytes());
  op.pack(data.filter.data(), packed.data());
  std::vector<ConstTensor> operands;
  for (const tools::Buffer& b : data.operands) operands.push_back({b.data(), b.bytes()});
  RunArgs args;
  args.input = {data.input.data(), data.input.bytes()};
  args.packed_filter = {packed.data(), packed.bytes()};
  args.bias = {data.bias.data(), data.bias.bytes()};
  args.output = {data.output.data(), data.output.bytes()};
  args.operands = operands;
  op.run(args);
  const char* first = data.output.as<char>();
  return {first, first + data.output.bytes()};
}

void expect_equal(const std::string& line) {
  for (const char* isa : {"avx512", "avx2"}) {
    try {
      const std::vector<char> one = result(line, isa, 1);
      for (int threads : {2, 3, 7})
        EXPECT_EQ(one, result(line, isa, threads))
            << line << " isa=" << isa << " threads=" << threads;
    } catch (const Error& e) {
      if (e.status() != Status::unsupported) throw;  // a CPU without this isa
    }
  }
}

// The model prefers another schedule, which adds in another order, when there are several threads.
TEST(Threads, PlansOfSeveralThreadsAddInTheOrderOfOne) {
  for (const char* line : {"f32 nchw n=2 ic=24 oc=12 i=5x11 k=1x3 d=1x2 p=0x2",
                           "f32 nwc g=3 ic=27 oc=21 i=157 o=2 k=4 ips=41 bias mish",
                           "f32 nwc ic=2 oc=48 i=72 k=4 s=2 d=2 p=1",
                           "f32 nwc ic=4 oc=15 i=270 o=278 k=3 d=3 softplus",
                           "f32 nwc g=4 ic=28 oc=40 i=347 k=6 s=3 p=4 filter=torch"})
    expect_equal(line);
}

TEST(Threads, RandomProblems) {
  tools::RandomProblems problems(4242, {.max_multiply_adds = 2e6});
  for (int i = 0; i < 100 && !testing::Test::HasFailure(); ++i) expect_equal(problems.next());
}

}  // namespace
}  // namespace tconv
