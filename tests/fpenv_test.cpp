// What the calling thread set in MXCSR changes no bit, whichever threads do the work: denormals are
// computed with, and rounding is to nearest. A program of its own: the first run, which may create
// the workers, happens with the caller's settings, and every operation forks.
#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <cstdlib>
#include <cstring>

#include "tconv/tconv.hpp"
#include "tests/support/sanitizer.h"
#include "tests/support/test_pool.h"
#include "tools/tensor_data.h"

namespace tconv {
namespace {

class Mxcsr {
 public:
  explicit Mxcsr(unsigned value) : saved_(_mm_getcsr()) { _mm_setcsr(value); }
  ~Mxcsr() { _mm_setcsr(saved_); }
  Mxcsr(const Mxcsr&) = delete;
  Mxcsr& operator=(const Mxcsr&) = delete;

 private:
  unsigned saved_;
};

const bool kForkAlways = setenv("TCONV_FORK_US", "0", 1) == 0;

constexpr unsigned kDefault = 0x1F80, kFlush = 0x8040, kUp = 0x4000, kFlags = 0x3F;

tools::Buffer run(const ConvTranspose& op, const tools::TensorData& data, unsigned mxcsr,
                  const ParallelFor& parallel_for = {}) {
  tools::Buffer output(data.output.bytes()), packed(op.packed_filter_bytes());
  std::memset(output.data(), 0xff, output.bytes());
  const Mxcsr during(mxcsr);
  op.pack(data.filter.data(), packed.data());
  RunArgs args;
  args.input = {data.input.data(), data.input.bytes()};
  args.packed_filter = {packed.data(), packed.bytes()};
  args.bias = {data.bias.data(), data.bias.bytes()};
  args.output = {output.data(), output.bytes()};
  args.parallel_for = parallel_for;
  op.run(args);
  EXPECT_EQ(_mm_getcsr() & ~kFlags, mxcsr) << "the caller's settings come back";
  return output;
}

TEST(FpEnvironment, CallerThatFlushesAndRoundsUp) {
  ASSERT_TRUE(kForkAlways);
  std::size_t number = 0;
  for (const char* line : {"f32 nhwc ic=32 oc=32 i=24x20 k=4x4 s=2x2 p=1x1 bias",  // winograd
                           "f32 nhwc ic=9 oc=40 i=24x20 k=4x4 s=2x2 p=1x1 bias",
                           "f32 nchw ic=5 oc=3 i=24x40 k=4x4 s=2x2 p=1x1",
                           "f32 nhwc g=32 ic=32 oc=32 i=30x20 k=3x3 s=2x2 p=1x1 leaky_relu=0.1"}) {
    const tools::Shape shape = tools::parse_shape(line);
    tools::TensorData data = tools::random_data(shape, 5);
    // Products and sums of these are denormal, some inputs are.
    auto* input = data.input.as<float>();
    for (std::size_t i = 0; i < data.input.bytes() / sizeof(float); ++i)
      input[i] *= i % 3 == 0 ? 0x1p-128F : 0x1p-124F;
    const tools::Definition definition(shape, data.view());
    for (const char* options :
         {"threads=2", "threads=1", "threads=2 isa=avx2", "threads=1 backend=interpreter"}) {
      if (std::strstr(options, "interpreter") != nullptr && tests::left_out(number++)) continue;
      ConvTranspose op = ConvTranspose::create(line, Options::parse(options));
      const tools::Buffer strange = run(op, data, kDefault | kFlush | kUp);
      const tools::Buffer plain = run(op, data, kDefault);
      EXPECT_EQ(std::memcmp(strange.data(), plain.data(), plain.bytes()), 0)
          << line << " " << options;
      EXPECT_TRUE(definition.check(strange.data()).ok()) << line << " " << options;
      // The caller's threads have modes of their own: each gets its own back.
      for (const unsigned caller : {kDefault, kDefault | kUp}) {
        tests::TestPool pool{.mxcsr = kDefault | kFlush};
        const tools::Buffer mixed = run(op, data, caller, pool.parallel_for());
        EXPECT_EQ(std::memcmp(mixed.data(), plain.data(), plain.bytes()), 0)
            << line << " " << options;
        EXPECT_TRUE(pool.mxcsr_kept);
        EXPECT_EQ(pool.calls > 0, op.describe().find("threads=2") != std::string::npos);
      }
    }
  }
}

}  // namespace
}  // namespace tconv
