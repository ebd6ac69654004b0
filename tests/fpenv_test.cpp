// What the calling thread set in MXCSR changes no bit, whichever threads do the work: denormals are
// computed with, and rounding is to nearest. A program of its own: the first run, which may create
// the workers, happens with the caller's settings.
#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <cstring>

#include "tconv/tconv.hpp"
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

constexpr unsigned kDefault = 0x1F80, kFlush = 0x8040, kUp = 0x4000, kFlags = 0x3F;

tools::Buffer run(const ConvTranspose& op, const tools::TensorData& data, unsigned mxcsr) {
  tools::Buffer output(data.output.bytes()), packed(op.packed_filter_bytes());
  std::memset(output.data(), 0xff, output.bytes());
  const Mxcsr during(mxcsr);
  op.pack(data.filter.data(), packed.data());
  op.run(data.input.data(), packed.data(), data.bias.data(), output.data());
  EXPECT_EQ(_mm_getcsr() & ~kFlags, mxcsr) << "the caller's settings come back";
  return output;
}

TEST(FpEnvironment, CallerThatFlushesAndRoundsUp) {
  for (const char* line : {"f32 nhwc ic=9 oc=40 i=24x20 k=4x4 s=2x2 p=1x1 bias",
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
      ConvTranspose op = ConvTranspose::create(line, Options::parse(options));
      const tools::Buffer strange = run(op, data, kDefault | kFlush | kUp);
      const tools::Buffer plain = run(op, data, kDefault);
      EXPECT_EQ(std::memcmp(strange.data(), plain.data(), plain.bytes()), 0)
          << line << " " << options;
      EXPECT_TRUE(definition.check(strange.data()).ok()) << line << " " << options;
    }
  }
}

}  // namespace
}  // namespace tconv
