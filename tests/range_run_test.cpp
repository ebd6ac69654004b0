// Problems whose batch or length is known only when they run, through the C API: one operation
// serves every size, and a run that names none, a wrong one or too little memory is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tconv/inspect.hpp"
#include "tconv/tconv.h"
#include "tools/tensor_data.h"

namespace tconv {
namespace {

using tools::Buffer;

struct Destroy {
  void operator()(tconv_op* op) const { tconv_destroy(op); }
};
using Op = std::unique_ptr<tconv_op, Destroy>;

Op create(const std::string& line, const std::string& options) {
  tconv_op* op = nullptr;
  EXPECT_EQ(tconv_create(line.c_str(), options.c_str(), &op), TCONV_OK) << tconv_last_error();
  return Op(op);
}

struct Size {
  std::int64_t batch = 0, length = 0;
};

// The problem of one size.
tools::Shape at(const std::string& line, Size size) {
  tools::Shape shape = tools::parse_shape(line);
  shape.n_min = shape.i_min = 0;
  if (size.batch > 0) shape.n = size.batch;
  if (size.length > 0) {
    shape.o[0] -= shape.s[0] * (shape.i[0] - size.length);
    shape.i[0] = size.length;
  }
  return shape;
}

// Exactly as much memory as the size needs.
struct Data {
  Data(const std::string& line, Size run_size)
      : size(run_size), shape(at(line, size)), tensors(tools::random_data(shape, 9)) {
    for (const Buffer& b : tensors.operands) operands.push_back({b.data(), b.bytes()});
  }
  tconv_args args(const Buffer& packed, const Buffer& workspace) {
    tconv_args a{};
    a.struct_size = sizeof a;
    a.input = {tensors.input.data(), tensors.input.bytes()};
    a.packed_filter = {packed.data(), packed.bytes()};
    a.bias = {tensors.bias.data(), tensors.bias.bytes()};
    a.output = {tensors.output.data(), tensors.output.bytes()};
    a.operands = operands.data();
    a.operand_count = operands.size();
    a.workspace = {const_cast<void*>(workspace.data()), workspace.bytes()};
    a.batch = size.batch;
    a.length = size.length;
    return a;
  }
  Size size;
  tools::Shape shape;
  tools::TensorData tensors;
  std::vector<tconv_const_tensor> operands;
};

bool error_has(const std::string& words) {
  return std::string(tconv_last_error()).find(words) != std::string::npos;
}

constexpr const char* kBatch = "f32 nhwc n=2..9 ic=5 oc=20 i=6x5 k=4 s=2 p=1 bias relu";
constexpr const char* kLength = "f32 nwc ic=5 oc=20 i=3..90 k=16 s=8 p=4 bias leaky_relu=0.1";

struct Case {
  const char* line;
  std::vector<std::int64_t> sizes;
};
const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
      {kBatch, {2, 3, 5, 8, 9}},
      {"f32 nchw n=1..4 ic=6 oc=3 i=9x10 k=4 s=2 p=1 bias tanh", {1, 3, 4}},
      {"f32 nhwc n=1..5 g=24 ic=24 oc=24 i=5x5 k=3 s=2 ips=25 ops=30", {1, 4, 5}},
      {"f32 ndhwc n=1..3 ic=4 oc=17 i=2x3x4 k=3 s=2 p=1 prelu add mul", {1, 2, 3}},
      {kLength, {3, 4, 17, 64, 89, 90}},
      {"f32 nwc g=16 ic=16 oc=16 i=1..200 k=4 s=2 p=1 bias add", {1, 2, 31, 100, 200}},
      {"f32 nwc ic=8 oc=2 i=1..300 k=5 s=1 p=2 ips=9 ops=7 mul", {1, 16, 33, 299, 300}},
  };
  return list;
}

class RangeRun : public testing::TestWithParam<const char*> {};

TEST_P(RangeRun, OneOperationServesEverySize) {
  const std::string isa = std::string("isa=") + GetParam();
  const auto isas = host_info().isas;
  const bool native = std::find(isas.begin(), isas.end(), GetParam()) != isas.end();
  for (const Case& c : cases()) {
    std::vector<std::string> options = {isa + " backend=interpreter"};
    if (native) options.insert(options.end(), {isa, isa + " threads=3"});
    const bool by_batch = tools::parse_shape(c.line).n_min > 0;
    std::vector<std::vector<char>> first;  // per size: every backend and thread count says the same
    for (const std::string& option : options) {
      const Op op = create(c.line, option);
      ASSERT_NE(op, nullptr) << c.line;
      const Buffer workspace(tconv_workspace_bytes(op.get()));
      for (std::size_t s = 0; s < c.sizes.size(); ++s) {
        Data data(c.line, by_batch ? Size{c.sizes[s], 0} : Size{0, c.sizes[s]});
        SCOPED_TRACE(tools::to_line(data.shape) + " | " + option);
        const Buffer packed(tconv_packed_filter_bytes(op.get()));
        ASSERT_EQ(tconv_pack_filter(op.get(), data.tensors.filter.data(),
                                    const_cast<void*>(packed.data())),
                  TCONV_OK);
        tconv_args args = data.args(packed, workspace);
        ASSERT_EQ(tconv_run_args(op.get(), &args), TCONV_OK) << tconv_last_error();
        const auto result =
            tools::Definition(data.shape, data.tensors.view()).check(data.tensors.output.data());
        EXPECT_TRUE(result.ok()) << result.first_wrong;
        const char* bytes = data.tensors.output.as<char>();
        const std::vector<char> output(bytes, bytes + data.tensors.output.bytes());
        if (s == first.size())
          first.push_back(output);
        else
          EXPECT_EQ(output, first[s]);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, RangeRun, testing::Values("avx512", "avx2"),
                         [](const auto& which) { return std::string(which.param); });

// ---- refusals

struct Refusals {
  explicit Refusals(const char* problem, Size size)
      : line(problem),
        op(create(line, "")),
        data(line, size),
        packed(tconv_packed_filter_bytes(op.get())),
        workspace(tconv_workspace_bytes(op.get())),
        args(data.args(packed, workspace)) {
    EXPECT_EQ(tconv_pack_filter(op.get(), data.tensors.filter.data(), packed.data()), TCONV_OK);
  }
  void expect(const tconv_args& bad, const char* words) const {
    EXPECT_EQ(tconv_run_args(op.get(), &bad), TCONV_INVALID_ARGUMENT) << words;
    EXPECT_TRUE(error_has(words)) << tconv_last_error();
    const auto* bytes = data.tensors.output.as<unsigned char>();
    EXPECT_TRUE(std::all_of(bytes, bytes + data.tensors.output.bytes(), [](unsigned char b) {
      return b == 0xFF;
    })) << words;
  }
  std::string line;
  Op op;
  Data data;
  Buffer packed, workspace;
  tconv_args args;
};

TEST(RangeRefusals, SizesOutsideTheRange) {
  const Refusals batch(kBatch, {5, 0}), length(kLength, {0, 40});
  for (const std::int64_t n : {-1, 1, 10}) {
    tconv_args bad = batch.args;
    bad.batch = n;
    batch.expect(bad, "the problem has n=2..9");
  }
  for (const std::int64_t i : {-1, 2, 91}) {
    tconv_args bad = length.args;
    bad.length = i;
    length.expect(bad, "the problem has i=3..90");
  }
  tconv_args bad = batch.args;
  bad.batch = 0;
  batch.expect(bad, "tconv_run_args");
  bad = batch.args;
  bad.length = 6;
  batch.expect(bad, "one spatial axis");
  bad = length.args;
  bad.batch = 2;
  length.expect(bad, "batch = 2; the problem has n=1");
  // A caller of the first release cannot say a size.
  bad = batch.args;
  bad.struct_size = offsetof(tconv_args, batch);
  batch.expect(bad, "tconv_run_args");
}

TEST(RangeRefusals, TheShortCallCannotSayASize) {
  for (const Refusals& r : {Refusals(kBatch, {5, 0}), Refusals(kLength, {0, 40})}) {
    EXPECT_EQ(tconv_run(r.op.get(), r.args.input.data, r.args.packed_filter.data, r.args.bias.data,
                        r.args.output.data, r.args.workspace.data),
              TCONV_INVALID_ARGUMENT);
    EXPECT_TRUE(error_has("tconv_run_args")) << tconv_last_error();
    r.expect(
        [&] {
          tconv_args none = r.args;
          none.batch = none.length = 0;
          return none;
        }(),
        "every run says its size");
  }
}

// Memory is that of the size that runs, no more and no less.
TEST(RangeRefusals, TensorsThatAreTooSmallForTheSize) {
  for (const Refusals& r : {Refusals(kBatch, {5, 0}), Refusals(kLength, {0, 40})}) {
    tconv_args bad = r.args;
    bad.input.bytes -= 1;
    r.expect(bad, "input has");
    bad = r.args;
    bad.output.bytes -= 1;
    r.expect(bad, "output has");
    bad = r.args;
    (r.args.batch > 0 ? bad.batch : bad.length) += 1;
    r.expect(bad, "input has");
    bad = r.args;
    bad.input.data = static_cast<const char*>(bad.output.data) + bad.output.bytes - 1;
    r.expect(bad, "output overlaps with input");
    if (r.workspace.bytes() > 0) {
      bad = r.args;
      bad.workspace.bytes -= 1;
      r.expect(bad, "workspace has");
    }
    EXPECT_EQ(tconv_run_args(r.op.get(), &r.args), TCONV_OK) << tconv_last_error();
  }
}

TEST(RangeRefusals, TensorsMayTouchWhereThisSizeEnds) {
  // Apart for 2 images, though not for 9.
  const Refusals r("f32 nwc n=1..9 ic=8 oc=8 i=8 k=1", {2, 0});
  const std::size_t image = r.data.tensors.input.bytes() / 2;
  const Buffer both(4 * image);
  std::memcpy(const_cast<void*>(both.data()), r.data.tensors.input.data(), 2 * image);
  tconv_args args = r.args;
  args.input.data = both.data();
  args.output.data = const_cast<char*>(both.as<char>()) + 2 * image;
  EXPECT_EQ(tconv_run_args(r.op.get(), &args), TCONV_OK) << tconv_last_error();
  EXPECT_TRUE(tools::Definition(r.data.shape, r.data.tensors.view()).check(args.output.data).ok());
  args.batch = 3;
  args.input.bytes = args.output.bytes = 3 * image;
  EXPECT_EQ(tconv_run_args(r.op.get(), &args), TCONV_INVALID_ARGUMENT);
  EXPECT_TRUE(error_has("overlaps")) << tconv_last_error();
}

// ---- the cache

TEST(RangeCache, RangesArePartOfTheKey) {
  const auto make = [](const char* line) { return ConvTranspose::create(line); };
  const std::vector<ConvTranspose> made = {make("f32 nhwc n=2..9 ic=5 oc=20 i=6x5 k=4 s=2"),
                                           make("f32 nhwc n=3..9 ic=5 oc=20 i=6x5 k=4 s=2"),
                                           make("f32 nhwc n=2..8 ic=5 oc=20 i=6x5 k=4 s=2"),
                                           make("f32 nhwc n=9 ic=5 oc=20 i=6x5 k=4 s=2"),
                                           make("f32 nwc ic=5 oc=20 i=3..90 k=4 s=2"),
                                           make("f32 nwc ic=5 oc=20 i=4..90 k=4 s=2"),
                                           make("f32 nwc ic=5 oc=20 i=3..91 k=4 s=2"),
                                           make("f32 nwc ic=5 oc=20 i=90 k=4 s=2")};
  for (std::size_t a = 0; a < made.size(); ++a)
    for (std::size_t b = 0; b < a; ++b)
      EXPECT_NE(&made[a].operation(), &made[b].operation()) << a << " and " << b;
  const ConvTranspose again = make("f32 nhwc oc=20 ic=5 i=6x5 k=4x4 s=2 n=2..9");
  EXPECT_EQ(&again.operation(), &made[0].operation());
}

TEST(RangeInfo, SaysTheRangeAndTheLargest) {
  const ProblemInfo batch = parse_problem(kBatch), length = parse_problem(kLength);
  EXPECT_EQ(batch.n_min, 2);
  EXPECT_EQ(batch.n, 9);
  EXPECT_EQ(batch.i_min, 0);
  EXPECT_EQ(length.i_min, 3);
  EXPECT_EQ(length.axes[0].input, 90);
  const Inspection made = inspect(ConvTranspose::create(kBatch, Options::parse("threads=1")));
  EXPECT_GT(made.grid_points, 0);
  EXPECT_GE(made.executed_multiply_adds, batch.multiply_adds);
}

}  // namespace
}  // namespace tconv
