// The caller's parallel_for: its threads do all the work, and when it breaks its contract the run
// is an error, in C and in C++, after which everything goes on.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "tconv/inspect.hpp"
#include "tconv/tconv.h"
#include "tests/support/ready_operation.h"
#include "tests/support/test_pool.h"

namespace tconv::tests {
namespace {

const bool kForkAlways = setenv("TCONV_FORK_US", "0", 1) == 0;

constexpr const char* kLine = "f32 nhwc ic=9 oc=40 i=24x20 k=4x4 s=2x2 p=1x1 bias relu";

struct Case {
  Misuse misuse;
  const char* message;
};
constexpr Case kCases[] = {
    {Misuse::leaves_one_out, "parallel_for returned before task 3 of 4 was done"},
    {Misuse::runs_none, "parallel_for returned before task 0 of 4 was done"},
    {Misuse::runs_one_twice, "parallel_for ran task 0 of 4 more than once"},
    {Misuse::runs_one_in_two, "parallel_for ran task 0 of 4 more than once"},
    {Misuse::runs_one_too_many, "parallel_for ran task 4; there are 4"},
    {Misuse::throws_before, "parallel_for threw: out of threads"},
    {Misuse::throws_in_the_middle, "parallel_for threw: out of threads"},
};

bool starts(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

TEST(CallerPool, DoesAllTheWork) {
  ASSERT_TRUE(kForkAlways);
  ReadyOperation ready(kLine, Options::parse("threads=4"));
  EXPECT_EQ(inspect(ready.operation()).workers, 4);
  TestPool pool;
  EXPECT_EQ(ready.run(pool.parallel_for()), ready.run());
  EXPECT_EQ(pool.calls, 1) << "one stage, and the run without it does not ask";
  EXPECT_EQ(pool.tasks, 4);
}

TEST(CallerPool, IsNotAskedByOneThread) {
  ReadyOperation ready(kLine, Options::parse("threads=1"));
  TestPool pool{.misuse = Misuse::throws_before};
  EXPECT_EQ(ready.run(pool.parallel_for()), ready.run());
  EXPECT_EQ(pool.calls, 0);
}

TEST(CallerPool, BrokenContractIsAnErrorInCpp) {
  ReadyOperation ready(kLine, Options::parse("threads=4"));
  const std::vector<char> expected = ready.run();
  for (const Case& c : kCases) {
    for (int round = 0; round < 20; ++round) {
      TestPool broken{.misuse = c.misuse};
      try {
        ready.run(broken.parallel_for());
        ADD_FAILURE() << "no error: " << c.message;
      } catch (const Error& e) {
        EXPECT_EQ(e.status(), Status::invalid_argument);
        EXPECT_TRUE(starts(e.what(), c.message)) << e.what();
      }
      TestPool sound;
      ASSERT_EQ(ready.run(sound.parallel_for()), expected) << "after: " << c.message;
    }
  }
}

// The caller finds its own exception inside.
TEST(CallerPool, ItsExceptionIsNested) {
  ReadyOperation ready(kLine, Options::parse("threads=4"));
  const auto nested = [&](const ParallelFor& parallel_for) {
    try {
      ready.run(parallel_for);
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), Status::invalid_argument);
      std::rethrow_if_nested(e);
    }
  };
  TestPool pool{.misuse = Misuse::throws_before};
  EXPECT_THROW(nested(pool.parallel_for()), std::runtime_error);
  ParallelFor throws_a_number;
  throws_a_number.function = [](void*, std::int32_t, ParallelFor::Task, void*) { throw 7; };
  EXPECT_THROW(nested(throws_a_number), int);
}

TEST(CallerPool, BrokenContractIsAStatusInC) {
  ReadyOperation data(kLine, Options::parse("threads=4"));
  tconv_op* made = nullptr;
  ASSERT_EQ(tconv_create(kLine, "threads=4", &made), TCONV_OK) << tconv_last_error();
  const std::unique_ptr<tconv_op, decltype(&tconv_destroy)> op(made, &tconv_destroy);
  tools::TensorData tensors = tools::random_data(tools::parse_shape(kLine), 1);
  tools::Buffer packed(tconv_packed_filter_bytes(op.get()));
  ASSERT_EQ(tconv_pack_filter(op.get(), tensors.filter.data(), packed.data()), TCONV_OK);
  tconv_args args{};
  args.struct_size = sizeof args;
  args.input = {tensors.input.data(), tensors.input.bytes()};
  args.packed_filter = {packed.data(), packed.bytes()};
  args.bias = {tensors.bias.data(), tensors.bias.bytes()};
  args.output = {tensors.output.data(), tensors.output.bytes()};
  for (const Case& c : kCases) {
    TestPool broken{.misuse = c.misuse};
    args.parallel_for = broken.parallel_for().function;
    args.parallel_context = broken.parallel_for().context;
    EXPECT_EQ(tconv_run_args(op.get(), &args), TCONV_INVALID_ARGUMENT) << c.message;
    EXPECT_TRUE(starts(tconv_last_error(), c.message)) << tconv_last_error();
  }
  TestPool sound;
  args.parallel_for = sound.parallel_for().function;
  args.parallel_context = sound.parallel_for().context;
  ASSERT_EQ(tconv_run_args(op.get(), &args), TCONV_OK) << tconv_last_error();
  const char* first = tensors.output.as<char>();
  EXPECT_EQ(std::vector<char>(first, first + tensors.output.bytes()), data.run());
}

}  // namespace
}  // namespace tconv::tests
