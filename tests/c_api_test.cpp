// The C API as its users see it: results, errors that name the argument, and nothing written when
// refused.
#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tconv/inspect.hpp"
#include "tconv/tconv.h"
#include "tools/buffer.h"
#include "tools/definition.h"
#include "tools/tensor_data.h"

namespace tconv {
namespace {

using tools::Buffer;

struct Destroy {
  void operator()(tconv_op* op) const { tconv_destroy(op); }
};
using Op = std::unique_ptr<tconv_op, Destroy>;

Op create(const std::string& line, const char* options = nullptr) {
  tconv_op* op = nullptr;
  EXPECT_EQ(tconv_create(line.c_str(), options, &op), TCONV_OK) << tconv_last_error();
  return Op(op);
}

// An operation with data, ready to run.
struct Ready {
  explicit Ready(const std::string& line, const char* options = nullptr)
      : op(create(line, options)),
        shape(tools::parse_shape(parse_problem(line).line)),
        data(tools::random_data(shape, 7)),
        packed(tconv_packed_filter_bytes(op.get())),
        workspace(tconv_workspace_bytes(op.get())) {
    EXPECT_EQ(tconv_pack_filter(op.get(), data.filter.data(), packed.data()), TCONV_OK);
  }
  tconv_status run() {
    return tconv_run(op.get(), data.input.data(), packed.data(), data.bias.data(),
                     data.output.data(), workspace.data());
  }
  tconv_args args() const {
    tconv_args a{};
    a.struct_size = sizeof a;
    a.input = {data.input.data(), data.input.bytes()};
    a.packed_filter = {packed.data(), packed.bytes()};
    a.bias = {data.bias.data(), data.bias.bytes()};
    a.output = {const_cast<void*>(data.output.data()), data.output.bytes()};
    a.workspace = {const_cast<void*>(workspace.data()), workspace.bytes()};
    return a;
  }
  bool right() const {
    return tools::Definition(shape, data.view()).check(data.output.data()).ok();
  }
  bool untouched() const {
    const auto* bytes = data.output.as<unsigned char>();
    for (std::size_t i = 0; i < data.output.bytes(); ++i)
      if (bytes[i] != 0xFF) return false;
    return true;
  }
  Op op;
  tools::Shape shape;
  tools::TensorData data;
  Buffer packed, workspace;
};

const char* const kLine = "f32 nhwc ic=20 oc=24 i=9x7 k=4 s=2 p=1 bias relu";

bool error_has(const std::string& words) {
  return std::string(tconv_last_error()).find(words) != std::string::npos;
}

TEST(CApi, RunsLikeTheDefinition) {
  for (const char* options : {"", "threads=2", "backend=interpreter", "isa=avx2"}) {
    Ready r(kLine, options);
    ASSERT_EQ(r.run(), TCONV_OK) << tconv_last_error();
    EXPECT_TRUE(r.right()) << options;
  }
}

TEST(CApi, AllocatesAWorkspaceWhenNoneIsGiven) {
  Ready r(kLine);
  ASSERT_EQ(tconv_run(r.op.get(), r.data.input.data(), r.packed.data(), r.data.bias.data(),
                      r.data.output.data(), nullptr),
            TCONV_OK);
  EXPECT_TRUE(r.right());
}

TEST(CApi, AcceptsEveryAlignment) {
  Ready r(kLine);
  const std::size_t bytes = r.data.output.bytes();
  ASSERT_EQ(r.run(), TCONV_OK);
  for (std::size_t offset : {4U, 16U, 32U}) {
    Buffer shifted(bytes + 64), work(r.workspace.bytes() + 64);
    char* output = shifted.as<char>() + offset;
    ASSERT_EQ(tconv_run(r.op.get(), r.data.input.data(), r.packed.data(), r.data.bias.data(),
                        output, work.as<char>() + offset),
              TCONV_OK);
    EXPECT_EQ(std::memcmp(output, r.data.output.data(), bytes), 0) << offset;
  }
}

TEST(CApi, StreamingPlansTakeOutputsThatAreNotAligned) {
  const std::string line = "f32 nhwc ic=32 oc=64 i=20x20 k=2 s=2 bias";
  std::string plan;
  for (const PlanCandidate& c : plan_report(line).candidates) {
    if (c.plan.find("stream") != std::string::npos) plan = c.plan;
  }
  if (plan.empty()) plan = "direct(mr=8,nr=2,stream)";
  Ready r(line, ("plan=" + plan).c_str());
  ASSERT_EQ(r.run(), TCONV_OK) << tconv_last_error();
  EXPECT_TRUE(r.right()) << plan;
  Buffer shifted(r.data.output.bytes() + 64);
  char* output = shifted.as<char>() + 4;
  ASSERT_EQ(tconv_run(r.op.get(), r.data.input.data(), r.packed.data(), r.data.bias.data(), output,
                      r.workspace.data()),
            TCONV_OK);
  EXPECT_EQ(std::memcmp(output, r.data.output.data(), r.data.output.bytes()), 0);
}

TEST(CApi, FiltersWithInfinitiesFollowTheDefinition) {
  for (const char* options : {"", "isa=avx2", "threads=2"}) {
    Ready r("f32 nhwc ic=16 oc=32 i=8x8 k=4 s=2 p=1 bias", options);
    float* filter = r.data.filter.as<float>();
    filter[5] = std::numeric_limits<float>::infinity();
    filter[900] = std::numeric_limits<float>::quiet_NaN();
    ASSERT_EQ(tconv_pack_filter(r.op.get(), filter, r.packed.data()), TCONV_OK);
    ASSERT_EQ(r.run(), TCONV_OK) << tconv_last_error();
    const auto result = tools::Definition(r.shape, r.data.view()).check(r.data.output.data());
    EXPECT_TRUE(result.ok()) << options << ": " << result.first_wrong;
  }
}

TEST(CApi, RunArgsTakesOperands) {
  Ready r("f32 nhwc ic=5 oc=6 i=7x9 k=3 s=2 bias prelu add mul");
  std::vector<tconv_const_tensor> operands;
  for (const Buffer& b : r.data.operands) operands.push_back({b.data(), b.bytes()});
  tconv_args args = r.args();
  args.operands = operands.data();
  args.operand_count = operands.size();
  ASSERT_EQ(tconv_run_args(r.op.get(), &args), TCONV_OK) << tconv_last_error();
  EXPECT_TRUE(r.right());
  EXPECT_EQ(r.run(), TCONV_INVALID_ARGUMENT);
  EXPECT_TRUE(error_has("takes 3")) << tconv_last_error();
}

TEST(CApi, RefusesBadArgumentsAndWritesNothing) {
  Ready r(kLine);
  const auto refused = [&](tconv_args args, const char* words) {
    EXPECT_EQ(tconv_run_args(r.op.get(), &args), TCONV_INVALID_ARGUMENT);
    EXPECT_TRUE(error_has(words)) << tconv_last_error();
    EXPECT_TRUE(r.untouched()) << words;
  };
  tconv_args args = r.args();
  args.input.data = nullptr;
  refused(args, "input is NULL");
  args = r.args();
  args.input.bytes -= 1;
  refused(args, "input has");
  args = r.args();
  args.output.bytes -= 1;
  refused(args, "output has");
  args = r.args();
  args.packed_filter.bytes -= 1;
  refused(args, "packed_filter has");
  args = r.args();
  args.bias = {nullptr, 0};
  refused(args, "bias is NULL");
  args = r.args();
  args.operand_count = 1;
  refused(args, "operands");
  args = r.args();
  args.struct_size = 8;
  refused(args, "struct_size");
  args = r.args();
  Buffer foreign(r.packed.bytes());
  std::memset(foreign.data(), 0, foreign.bytes());
  args.packed_filter.data = foreign.data();
  refused(args, "not filled by pack_filter");
  if (r.workspace.bytes() > 0) {
    args = r.args();
    args.workspace.bytes -= 1;
    refused(args, "workspace has");
  }
  EXPECT_EQ(tconv_run_args(r.op.get(), nullptr), TCONV_INVALID_ARGUMENT);
  EXPECT_EQ(tconv_run_args(nullptr, &args), TCONV_INVALID_ARGUMENT);
}

// The struct grows at its end: callers compiled against an earlier or a later header.
TEST(CApi, StructSizesOfEveryReleaseAreAccepted) {
  Ready r(kLine);
  tconv_args first = r.args();
  first.struct_size = offsetof(tconv_args, batch);  // the first release; what follows is not its
  first.batch = -1;
  first.length = -1;
  ASSERT_EQ(tconv_run_args(r.op.get(), &first), TCONV_OK) << tconv_last_error();
  EXPECT_TRUE(r.right());

  struct Later {
    tconv_args args;
    char more[40];
  } later{};
  later.args = r.args();
  later.args.struct_size = sizeof later;
  ASSERT_EQ(tconv_run_args(r.op.get(), &later.args), TCONV_OK) << tconv_last_error();
  later.more[39] = 1;
  EXPECT_EQ(tconv_run_args(r.op.get(), &later.args), TCONV_INVALID_ARGUMENT);
  EXPECT_TRUE(error_has("is not zero")) << tconv_last_error();
}

TEST(CApi, OtherStructSizesAreRefused) {
  Ready r(kLine);
  const std::size_t sizes[] = {0,
                               1,
                               sizeof(std::size_t),
                               offsetof(tconv_args, batch) - 1,
                               offsetof(tconv_args, batch) + 1,
                               offsetof(tconv_args, length),
                               sizeof(tconv_args) - 1,
                               4097,
                               std::numeric_limits<std::size_t>::max()};
  for (std::size_t size : sizes) {
    tconv_args args = r.args();
    args.struct_size = size;
    EXPECT_EQ(tconv_run_args(r.op.get(), &args), TCONV_INVALID_ARGUMENT) << size;
    EXPECT_TRUE(error_has("struct_size = " + std::to_string(size))) << tconv_last_error();
  }
  EXPECT_TRUE(r.untouched());
}

TEST(CApi, BatchAndLengthOfAFixedProblemAreItsOwn) {
  Ready r("f32 nwc n=2 ic=4 oc=5 i=9 k=3 s=2");
  tconv_args args = r.args();
  args.batch = 2;
  args.length = 9;
  ASSERT_EQ(tconv_run_args(r.op.get(), &args), TCONV_OK) << tconv_last_error();
  EXPECT_TRUE(r.right());
  const auto refused = [&](std::int64_t batch, std::int64_t length, const char* words) {
    Ready fresh("f32 nwc n=2 ic=4 oc=5 i=9 k=3 s=2");
    tconv_args bad = fresh.args();
    bad.batch = batch;
    bad.length = length;
    EXPECT_EQ(tconv_run_args(fresh.op.get(), &bad), TCONV_INVALID_ARGUMENT);
    EXPECT_TRUE(error_has(words)) << tconv_last_error();
    EXPECT_TRUE(fresh.untouched());
  };
  refused(1, 0, "batch = 1; the problem has n=2");
  refused(-2, 0, "batch = -2");
  refused(0, 10, "length = 10; the problem has i=9");
  Ready plane(kLine);
  args = plane.args();
  args.length = 9;
  EXPECT_EQ(tconv_run_args(plane.op.get(), &args), TCONV_INVALID_ARGUMENT);
  EXPECT_TRUE(error_has("one spatial axis")) << tconv_last_error();
}

TEST(CApi, RefusesOverlap) {
  Ready r("f32 nwc ic=8 oc=8 i=8 k=1 bias");  // input and output have the same size
  const auto refused = [&](tconv_args args, const char* words) {
    EXPECT_EQ(tconv_run_args(r.op.get(), &args), TCONV_INVALID_ARGUMENT);
    EXPECT_TRUE(error_has("overlaps")) << tconv_last_error();
    EXPECT_TRUE(error_has(words)) << tconv_last_error();
  };
  tconv_args args = r.args();
  args.output.data = const_cast<void*>(args.input.data);
  refused(args, "input");
  args = r.args();
  args.bias.data = static_cast<const char*>(args.output.data) + args.output.bytes - 4;
  refused(args, "bias");
  args = r.args();
  args.input.data = static_cast<const char*>(args.output.data) - args.input.bytes + 1;
  refused(args, "input");
  EXPECT_TRUE(r.untouched());
}

TEST(CApi, CreateRefusesWithTheReason) {
  struct Case {
    const char *line, *options, *words;
    tconv_status status = TCONV_INVALID_ARGUMENT;
  };
  const Case cases[] = {
      {nullptr, nullptr, "problem is NULL"},
      {"f32 nhwc", nullptr, "problem"},
      {"f32 nhwc ic=1 oc=1 i=4 k=0", nullptr, "k"},
      {"f32 nwc ic=99999999999 oc=99999999999 i=99999999999 k=1", nullptr, "problem"},
      {kLine, "threads=0", "threads"},
      {kLine, "isa=sse9", "sse9"},
      {kLine, "backend=gpu", "gpu"},
      {kLine, "color=red", "color"},
      {kLine, "plan", "key=value"},
      {kLine, "plan=direct(mr=0)", "plan"},
      {kLine, "plan=nonsense(1)", "plan"},
      {kLine, "fallback=magic", "magic"},
  };
  for (const Case& c : cases) {
    tconv_op* op = reinterpret_cast<tconv_op*>(1);
    EXPECT_EQ(tconv_create(c.line, c.options, &op), c.status) << (c.options ? c.options : "");
    EXPECT_EQ(op, nullptr);
    EXPECT_TRUE(error_has(c.words)) << tconv_last_error() << " should have " << c.words;
  }
  EXPECT_EQ(tconv_create(kLine, nullptr, nullptr), TCONV_INVALID_ARGUMENT);
}

TEST(CApi, NullWithASizeIsRefused) {
  Ready r("f32 nwc ic=0 oc=4 i=5 k=3");  // neither input nor bias has a byte
  const auto refused = [&](const tconv_args& args, const char* words) {
    EXPECT_EQ(tconv_run_args(r.op.get(), &args), TCONV_INVALID_ARGUMENT) << words;
    EXPECT_TRUE(error_has(words)) << tconv_last_error();
    EXPECT_TRUE(r.untouched()) << words;
  };
  tconv_args args = r.args();
  args.input = {nullptr, 4};
  refused(args, "input is NULL, but 4 bytes");
  args = r.args();
  args.bias = {nullptr, 8};
  refused(args, "bias is NULL, but 8 bytes");
  args = r.args();
  args.workspace = {nullptr, 64};
  refused(args, "workspace is NULL");
  args = r.args();
  args.operand_count = 2;
  refused(args, "operands is NULL");
  args = r.args();
  args.output = {nullptr, args.output.bytes};
  refused(args, "output is NULL");
  args = r.args();
  args.packed_filter = {nullptr, args.packed_filter.bytes};
  refused(args, "packed_filter is NULL");
  args = r.args();
  ASSERT_EQ(tconv_run_args(r.op.get(), &args), TCONV_OK) << tconv_last_error();
  EXPECT_TRUE(r.right());

  Ready add("f32 nwc ic=2 oc=4 i=5 k=3 add");
  const tconv_const_tensor operand{nullptr, add.data.operands[0].bytes()};
  args = add.args();
  args.operands = &operand;
  args.operand_count = 1;
  EXPECT_EQ(tconv_run_args(add.op.get(), &args), TCONV_INVALID_ARGUMENT);
  EXPECT_TRUE(error_has("operand of the post-ops is NULL")) << tconv_last_error();
  EXPECT_TRUE(add.untouched());
}

TEST(CApi, PackRefusesBadPointers) {
  Ready r(kLine);
  EXPECT_EQ(tconv_pack_filter(r.op.get(), nullptr, r.packed.data()), TCONV_INVALID_ARGUMENT);
  EXPECT_TRUE(error_has("filter is NULL")) << tconv_last_error();
  EXPECT_EQ(tconv_pack_filter(r.op.get(), r.data.filter.data(), nullptr), TCONV_INVALID_ARGUMENT);
  EXPECT_TRUE(error_has("packed is NULL")) << tconv_last_error();
  const Buffer both(r.packed.bytes() + r.data.filter.bytes());
  EXPECT_EQ(tconv_pack_filter(r.op.get(), both.as<char>() + r.packed.bytes() - 1,
                              const_cast<void*>(both.data())),
            TCONV_INVALID_ARGUMENT);
  EXPECT_TRUE(error_has("packed overlaps with filter")) << tconv_last_error();
}

TEST(CApi, PrepareChecksAStoredPackedFilter) {
  Ready r(kLine), other("f32 nhwc ic=24 oc=40 i=9x7 k=4 s=2 p=1 bias relu");
  EXPECT_EQ(tconv_prepare(r.op.get(), r.packed.data(), r.packed.bytes()), TCONV_OK);
  const auto refused = [&](const void* packed, std::size_t bytes, const char* words) {
    EXPECT_EQ(tconv_prepare(r.op.get(), packed, bytes), TCONV_INVALID_ARGUMENT) << words;
    EXPECT_TRUE(error_has(words)) << tconv_last_error();
  };
  refused(nullptr, 0, "packed_filter is NULL");
  refused(r.packed.data(), r.packed.bytes() - 1, "packed_filter has");
  refused(other.packed.data(), other.packed.bytes(), "packed_layout");
  EXPECT_EQ(tconv_prepare(nullptr, r.packed.data(), r.packed.bytes()), TCONV_INVALID_ARGUMENT);
}

TEST(CApi, AForeignPackedFilterIsRefused) {
  Ready a(kLine), b("f32 nhwc ic=24 oc=40 i=9x7 k=4 s=2 p=1 bias relu");
  ASSERT_STRNE(tconv_packed_layout(a.op.get()), tconv_packed_layout(b.op.get()));
  EXPECT_EQ(tconv_run(a.op.get(), a.data.input.data(), b.packed.data(), a.data.bias.data(),
                      a.data.output.data(), a.workspace.data()),
            TCONV_INVALID_ARGUMENT);
  EXPECT_TRUE(error_has("packed_layout")) << tconv_last_error();
}

TEST(CApi, NullIsHarmless) {
  tconv_destroy(nullptr);
  EXPECT_EQ(tconv_packed_filter_bytes(nullptr), 0U);
  EXPECT_EQ(tconv_workspace_bytes(nullptr), 0U);
  EXPECT_STREQ(tconv_describe(nullptr), "");
  EXPECT_EQ(tconv_pack_filter(nullptr, nullptr, nullptr), TCONV_INVALID_ARGUMENT);
  EXPECT_STREQ(tconv_version(), "0.1.0");
}

TEST(CApi, EmptyTensorsWork) {
  for (const char* line :
       {"f32 nhwc n=0 ic=3 oc=4 i=5x5 k=3 bias", "f32 nwc ic=3 oc=4 i=5 o=0 k=3",
        "f32 nwc ic=0 oc=4 i=5 k=3 bias", "f32 nchw ic=3 oc=20 i=0x2 o=4x5 k=3 bias relu",
        "f32 nhwc ic=2 oc=3 i=0x0 o=3x3 k=3"}) {
    Ready r(line);
    ASSERT_EQ(r.run(), TCONV_OK) << line << ": " << tconv_last_error();
    EXPECT_TRUE(r.right()) << line;
  }
}

TEST(CApi, OneOperationManyThreads) {
  const Ready r(kLine, "threads=2");
  std::vector<std::thread> threads;
  std::vector<Buffer> outputs;
  for (int t = 0; t < 4; ++t) outputs.emplace_back(r.data.output.bytes());
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i)
        EXPECT_EQ(tconv_run(r.op.get(), r.data.input.data(), r.packed.data(), r.data.bias.data(),
                            outputs[static_cast<std::size_t>(t)].data(), nullptr),
                  TCONV_OK);
    });
  for (std::thread& t : threads) t.join();
  for (const Buffer& b : outputs) EXPECT_EQ(std::memcmp(b.data(), outputs[0].data(), b.bytes()), 0);
  EXPECT_TRUE(tools::Definition(r.shape, r.data.view()).check(outputs[0].data()).ok());
}

// What the calling program set must not leak in, and comes back unchanged.
TEST(CApi, TheCallersRoundingModeDoesNotMatter) {
  for (const char* options : {"threads=1", "threads=2", "backend=interpreter"}) {
    Ready r("f32 nhwc ic=20 oc=24 i=9x7 k=4 s=2 p=1 bias tanh", options);
    ASSERT_EQ(r.run(), TCONV_OK);
    std::vector<char> expected(r.data.output.bytes());
    std::memcpy(expected.data(), r.data.output.data(), expected.size());
    const unsigned before = _mm_getcsr();
    _mm_setcsr(0x1F80 | 0x8040 | 0x6000);  // flush to zero, denormals are zero, truncate
    const tconv_status status = r.run();
    const unsigned after = _mm_getcsr();
    _mm_setcsr(before);
    EXPECT_EQ(status, TCONV_OK);
    EXPECT_EQ(after & 0xFFC0U, 0x1F80U | 0x8040U | 0x6000U);
    EXPECT_EQ(std::memcmp(expected.data(), r.data.output.data(), expected.size()), 0) << options;
  }
}

TEST(CApi, DescribesItself) {
  const Op op = create(kLine, "threads=2 isa=avx2");
  const std::string text = tconv_describe(op.get());
  for (const char* words :
       {"plan=", "isa=avx2", "backend=xbyak", "threads=2", "code_bytes=", "compile_us="})
    EXPECT_NE(text.find(words), std::string::npos) << text;
}

}  // namespace
}  // namespace tconv
