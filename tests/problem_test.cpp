// The problem line: what is read, what is printed, and every way to be wrong.
#include "planner/problem.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace tconv::planner {
namespace {

std::string canonical(const std::string& line) { return print(parse_problem(line)); }

std::string error_of(const std::string& line) {
  try {
    return "no error; read as " + print(parse_problem(line));
  } catch (const ProblemError& e) {
    return e.what();
  }
}

void expect_error(const std::string& line, const std::string& part) {
  EXPECT_NE(error_of(line).find(part), std::string::npos)
      << line << "\n  gives: " << error_of(line) << "\n  wants: " << part;
}

TEST(ProblemText, ReadsTheDesignExample) {
  const Problem p =
      parse_problem("f32 nhwc n=1 ic=256 oc=128 i=16x16 o=32x32 k=4x4 s=2x2 p=1x1 bias relu");
  EXPECT_EQ(p.dtype, ir::DType::f32);
  EXPECT_EQ(p.layout, Layout::channels_last);
  EXPECT_EQ(p.filter, FilterLayout::tf);
  EXPECT_EQ(p.axes, (std::vector<Axis>(2, Axis{.i = 16, .o = 32, .k = 4, .s = 2, .d = 1, .p = 1})));
  EXPECT_TRUE(p.bias);
  EXPECT_EQ(p.post, std::vector<PostOp>{PostOp{}});
  EXPECT_EQ(print(p), "f32 nhwc ic=256 oc=128 i=16x16 k=4x4 s=2x2 p=1x1 bias relu");
}

TEST(ProblemText, CanonicalForms) {
  const char* lines[][2] = {
      {"nwc ic=1 oc=1 i=1 k=1", "f32 nwc ic=1 oc=1 i=1 k=1"},
      {"k=4 i=5 oc=3 ic=2 ncdhw bf16", "bf16 ncdhw ic=2 oc=3 i=5x5x5 k=4x4x4"},
      {"relu6  k=2\tnhwc g=2 ic=4 oc=6 i=3x4 s=1 d=1 p=0 n=1 bias=f32 add",
       "f32 nhwc g=2 ic=4 oc=6 i=3x4 k=2x2 bias relu6 add"},
      {"f32 nchw ic=1 oc=1 i=4 o=8x7 k=3 s=2 filter=torch",
       "f32 nchw ic=1 oc=1 i=4x4 o=8x7 k=3x3 s=2x2"},
      {"f32 nchw ic=1 oc=1 i=4 o=9 k=3 s=2 filter=tf",
       "f32 nchw ic=1 oc=1 i=4x4 k=3x3 s=2x2 filter=tf"},
      {"f32 nwc ic=1 oc=1 i=4 k=3 filter=torch", "f32 nwc ic=1 oc=1 i=4 k=3 filter=torch"},
      {"f16 out=f32 nwc ic=8 oc=8 i=4 k=3 ips=8 ops=12 bias=f16",
       "f16 out=f32 nwc ic=8 oc=8 i=4 k=3 ops=12 bias=f16"},
      {"bf16 nwc ic=8 oc=8 i=4 k=3 bias=f32", "bf16 nwc ic=8 oc=8 i=4 k=3 bias"},
      {"f64 nwc n=0 ic=0 oc=2 i=0 o=5 k=3 bias", "f64 nwc n=0 ic=0 oc=2 i=0 o=5 k=3 bias"},
      {"f32 nwc n=1..64 ic=2 oc=2 i=4 k=3", "f32 nwc n=1..64 ic=2 oc=2 i=4 k=3"},
      {"f32 nwc n=4..4 ic=2 oc=2 i=4 k=3", "f32 nwc n=4 ic=2 oc=2 i=4 k=3"},
      {"f32 nwc ic=2 oc=2 i=1..100000 k=4 s=2 p=1", "f32 nwc ic=2 oc=2 i=1..100000 k=4 s=2 p=1"},
      {"f32 nwc ic=2 oc=2 i=4 k=3 leaky_relu=.2 clip=-1e0,6.50 elu=1 mul prelu",
       "f32 nwc ic=2 oc=2 i=4 k=3 leaky_relu=0.2 clip=-1,6.5 elu=1 mul prelu"},
      {"i32 nwc ic=2 oc=2 i=4 k=3 clip=-3,7 relu", "i32 nwc ic=2 oc=2 i=4 k=3 clip=-3,7 relu"},
      {"f32 nwc ic=2 oc=2 i=4 o=0 k=3", "f32 nwc ic=2 oc=2 i=4 o=0 k=3"},
      {"f32 nwc ic=2 oc=2 i=4 o=1000 k=3 p=900", "f32 nwc ic=2 oc=2 i=4 o=1000 k=3 p=900"},
  };
  for (const auto& [given, expected] : lines) {
    EXPECT_EQ(canonical(given), expected);
    EXPECT_EQ(canonical(expected), expected);
    EXPECT_EQ(parse_problem(expected), parse_problem(given));
  }
}

TEST(ProblemText, EveryPostOpRoundTrips) {
  const std::string base = "f32 nwc ic=2 oc=2 i=4 k=3 ";
  const std::string post =
      "relu relu6 leaky_relu=0.1 prelu elu=1.5 selu tanh sigmoid hard_sigmoid swish hard_swish "
      "gelu gelu_tanh softplus softsign mish exp clip=-0.001,1e+30 add mul relu "
      "celu=1.5 hard_shrink=0.5 soft_shrink=0 tanh_shrink threshold=1,-2 relu_above=0.25,1,inf "
      "relu_above=0,-1,6 squareplus=4 sparse_plus sparse_sigmoid log_sigmoid";
  EXPECT_EQ(canonical(base + post), base + post);
  EXPECT_EQ(parse_problem(base + post).post.size(), 32u);
}

TEST(ProblemText, ParametersKeepTheirBits) {
  for (const double a : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.25, 0.2f * 1.0}) {
    Problem p = parse_problem("f32 nwc ic=2 oc=2 i=4 k=3");
    p.post = {PostOp{.kind = PostKind::leaky_relu, .a = a}};
    EXPECT_EQ(parse_problem(print(p)), p);
  }
}

TEST(ProblemErrors, NameTheFieldTheValueAndTheRule) {
  const std::string ok = "f32 nhwc ic=4 oc=6 i=5x5 k=3x3 ";
  expect_error(ok + "s=0x2", "s=0x2: stride must be at least 1 on every axis, got 0");
  expect_error(ok + "d=0", "d=0x0: dilation must be at least 1 on every axis, got 0");
  expect_error(ok + "p=-1", "p=-1x-1: crop before must be at least 0 on every axis, got -1");
  expect_error(ok + "o=-2x4", "o=-2x4: output length must be at least 0");
  expect_error(ok + "n=-1", "n=-1: batch must be at least 0, got -1");
  expect_error(ok + "g=0", "g=0: groups must be at least 1, got 0");
  expect_error(ok + "g=4", "g=4: groups must divide oc=6");
  expect_error(ok + "g=3", "g=3: groups must divide ic=4");
  expect_error("nwc ic=1 oc=0 i=1 k=1", "oc=0: output channels must be at least 1, got 0");
  expect_error("nwc ic=1 oc=1 i=1 k=0", "k=0: kernel must be at least 1");
  expect_error("nwc ic=1 oc=1 i=-1 k=1", "i=-1: input length must be at least 0");
  expect_error("", "layout: one of nwc");
  expect_error("nwc oc=1 i=1 k=1", "ic: input channels are required");
  expect_error("nwc ic=1 i=1 k=1", "oc: output channels are required");
  expect_error("nwc ic=1 oc=1 k=1", "i: the input's spatial size is required");
  expect_error("nwc ic=1 oc=1 i=1", "k: the kernel's size is required");
  expect_error("nwc ic=1 oc=1 i=0 k=1", "o: required, because i=0 has an axis of length 0");
  expect_error("nwc ic=1 oc=1 i=1 k=1 p=1", "give o=");
}

TEST(ProblemSizes, OfOneRun) {
  const Problem batch = parse_problem("f32 nhwc n=2..64 ic=3 oc=2 i=4x5 k=3x3 bias");
  EXPECT_EQ(at_sizes(batch, 7, 0), parse_problem("f32 nhwc n=7 ic=3 oc=2 i=4x5 k=3x3 bias"));
  const Problem length = parse_problem("f32 nwc ic=3 oc=2 i=1..9000 k=16 s=8 p=4 ops=3");
  for (const std::int64_t i : {1, 2, 77, 9000})
    EXPECT_EQ(at_sizes(length, 1, i),
              parse_problem("f32 nwc ic=3 oc=2 i=" + std::to_string(i) + " k=16 s=8 p=4 ops=3"));
}

TEST(ProblemErrors, Words) {
  const std::string ok = "f32 nhwc ic=4 oc=6 i=5x5 k=3x3 ";
  expect_error(ok + "foo", "foo: unknown word");
  expect_error(ok + "foo=1", "foo=1: unknown word");
  expect_error(ok + "f64", "f64: given twice (first as f32)");
  expect_error(ok + "nchw", "nchw: given twice (first as nhwc)");
  expect_error(ok + "k=3", "k=3: given twice (first as k=3x3)");
  expect_error(ok + "bias bias", "bias: given twice");
  expect_error(ok + "s8", "not supported");
  expect_error(ok + "u8", "not supported");
  expect_error(ok + "bias=s8", "bias type must be one of");
  expect_error(ok + "bias=f64", "bias=f64: bias must be f32");
  expect_error(ok + "bias=", "bias type must be one of");
  expect_error(ok + "s", "s: a value is missing");
  expect_error(ok + "s=", "a value is missing");
  expect_error(ok + "s=2x", "s=2x: expected a number");
  expect_error(ok + "s=2x2x2", "s=2x2x2: nhwc has 2 spatial axes, got 3 numbers");
  expect_error(ok + "s=+2", "s=+2: expected a number");
  expect_error(ok + "s=2.5", "s=2.5: expected a number");
  expect_error(ok + "n=1O", "n=1O: expected a number");
  expect_error(ok + "n=99999999999999999999", "does not fit in 64 bits");
  expect_error(ok + "out=f32", "out=f32: only beside f16 or bf16");
  expect_error(ok + "filter=hwio", "filter layout must be tf or torch");
  expect_error("f16 out=f16 nwc ic=1 oc=1 i=1 k=1", "only out=f32 is allowed");
  expect_error("nwc ic=1 oc=1 i=3x3 k=1", "nwc has 1 spatial axis, got 2 numbers");
}

TEST(ProblemErrors, PostOps) {
  const std::string ok = "f32 nhwc ic=4 oc=6 i=5x5 k=3x3 ";
  expect_error(ok + "leaky_relu", "a parameter is required: leaky_relu=A");
  expect_error(ok + "clip", "two parameters are required");
  expect_error(ok + "clip=1", "clip takes 2 parameters separated by a comma");
  expect_error(ok + "clip=2,1", "the low bound must not exceed");
  expect_error(ok + "clip=1,2,3", "'2,3' is not a number");
  expect_error(ok + "leaky_relu=1,2", "leaky_relu takes 1 parameter");
  expect_error(ok + "leaky_relu=x", "'x' is not a number");
  expect_error(ok + "leaky_relu=nan", "parameters must be finite");
  expect_error(ok + "elu=inf", "parameters must be finite");
  expect_error(ok + "elu=1e999", "does not fit in a double");
  expect_error(ok + "relu=1", "relu takes no parameter");
  expect_error("i32 nwc ic=1 oc=1 i=1 k=1 tanh", "i32 allows only");
  expect_error("i32 nwc ic=1 oc=1 i=1 k=1 clip=0.5,1", "integers of 32 bits");
}

TEST(ProblemErrors, TooManyOperands) {
  std::string line = "nwc ic=1 oc=1 i=1 k=1";
  for (int i = 0; i < kMostOperands; ++i) line += i % 2 == 0 ? " add" : " prelu";
  EXPECT_EQ(parse_problem(line).post.size(), 16U);
  EXPECT_THROW(parse_problem(line + " mul"), ProblemError);
  EXPECT_NO_THROW(parse_problem(line + " relu"));
}

TEST(ProblemErrors, RangesAndPixelStrides) {
  expect_error("nwc n=0..4 ic=1 oc=1 i=1 k=1", "a range goes from at least 1 upwards");
  expect_error("nwc n=4..2 ic=1 oc=1 i=1 k=1", "a range goes from at least 1 upwards");
  expect_error("nwc n=2.. ic=1 oc=1 i=1 k=1", "expected a range like 1..64");
  const std::string rule = "a length known only at run time needs nwc and n=1";
  expect_error("nhwc ic=1 oc=1 i=1..5 k=1", "i=1..5: nhwc has 2 spatial axes: " + rule);
  expect_error("nhwc ic=1 oc=1 i=1..5x4 k=1", "i=1..5x4: nhwc has 2 spatial axes: " + rule);
  expect_error("ncw ic=1 oc=1 i=1..5 k=1", "i=1..5: the layout is ncw: " + rule);
  expect_error("nwc n=2 ic=1 oc=1 i=1..5 k=1", "i=1..5: n=2: " + rule);
  expect_error("nwc n=1..2 ic=1 oc=1 i=1..5 k=1", "i=1..5: n=1..2: " + rule);
  expect_error("nwc ic=1..8 oc=1 i=5 k=1", "ic=1..8: cannot be a range");
  expect_error("nwc ic=1 oc=1 i=5 o=5..9 k=1", "o=5..9: cannot be a range");
  expect_error("nhwc ic=1 oc=1 i=5 k=1..3", "k=1..3: cannot be a range");
  expect_error("nwc ic=1 oc=1 i=1..5 o=5 k=1", "must not be given");
  expect_error("nwc ic=1 oc=1 i=1..5 k=1 p=1", "with i=1 the natural length 1 minus p=1");
  expect_error("nchw ic=1 oc=1 i=5 k=1 ips=4", "needs a channels-last layout");
  expect_error("nhwc ic=4 oc=1 i=5 k=1 ips=3", "ips=3: pixel stride must be at least ic=4");
  expect_error("nhwc ic=4 oc=5 i=5 k=1 ops=0", "ops=0: pixel stride must be at least 1");
}

TEST(ProblemErrors, SizesThatOverflow) {
  expect_error("nwc ic=4294967296 oc=4294967296 i=1 k=1", "filter: more than 2^59 elements");
  expect_error("nwc n=1000000000 ic=1000000000 oc=1 i=1000000000 k=1", "more than 2^59 elements");
  expect_error("nwc ic=1 oc=1 i=4611686018427387904 k=1", "at most 2^59");
  expect_error("nwc ic=1 oc=1 i=400000000000 k=1 s=400000000000", "at most 2^59 on every axis");
  expect_error("nwc ic=1 oc=1 i=1 k=9000000000 d=9000000000", "at most 2^59 on every axis");
  expect_error("nwc ic=1 oc=4 i=1 o=500000000000000000 k=1", "output: more than 2^59 elements");
  // An empty tensor's other sizes must be sane too.
  expect_error("nwc n=0 ic=4294967296 oc=1 i=4294967296 k=1", "input: more than 2^59 elements");
}

TEST(ProblemErrors, PostOpsSayWhereTheirFormulasHold) {
  const std::string ok = "f32 nwc ic=4 oc=6 i=5 k=3 ";
  expect_error(ok + "celu=0", "celu=0: the parameter must be between 1e-05 and 100000");
  expect_error(ok + "celu=-1", "celu=-1: the parameter must be between");
  expect_error(ok + "squareplus=1e-31",
               "squareplus=1e-31: the parameter must be between 1e-30 and");
  expect_error(ok + "hard_shrink=-1", "hard_shrink=-1: the parameter must be between 0 and");
  expect_error(ok + "soft_shrink=-0.5", "soft_shrink=-0.5: the parameter must be between 0 and");
  expect_error(ok + "threshold", "two parameters are required: threshold=T,V");
  expect_error(ok + "threshold=1", "threshold takes 2 parameters separated by a comma");
  expect_error(ok + "relu_above", "three parameters are required: relu_above=SLOPE,T,MAX");
  expect_error(ok + "relu_above=1,2", "relu_above takes 3 parameters separated by commas");
  expect_error(ok + "relu_above=1,2,3,4", "'3,4' is not a number");
  expect_error(ok + "relu_above=0,1,nan", "the last parameter must be a number, or inf for none");
  expect_error(ok + "relu_above=inf,1,2", "parameters must be finite");
  expect_error(ok + "sparse_plus=1", "sparse_plus takes no parameter");
  expect_error("i32 nwc ic=4 oc=6 i=5 k=3 threshold=1,2", "i32 allows only the post-ops");
}

TEST(ProblemErrors, ValuesBuiltByHand) {
  Problem p = parse_problem("nwc ic=1 oc=1 i=1 k=1");
  p.post = {PostOp{.kind = PostKind::relu, .a = 1}};
  EXPECT_THROW(validate(p), ProblemError);
  p.post.clear();
  p.axes.clear();
  EXPECT_THROW(validate(p), ProblemError);
  p.axes.resize(4, Axis{.i = 1, .o = 1});
  EXPECT_THROW(validate(p), ProblemError);
  p.axes.resize(1);
  validate(p);
  p.dtype = ir::DType::s8;
  EXPECT_THROW(validate(p), ProblemError);
}

TEST(ProblemSizes, Elements) {
  const Problem p = parse_problem("nhwc n=2 g=2 ic=4 oc=6 i=3x5 o=7x11 k=3x2 s=2 ips=10 ops=9");
  EXPECT_EQ(input_elements(p), (2 * 15 - 1) * 10 + 4);
  EXPECT_EQ(output_elements(p), (2 * 77 - 1) * 9 + 6);
  EXPECT_EQ(filter_elements(p), 4 * 3 * 6);
  const Problem empty = parse_problem("nhwc n=0 ic=4 oc=6 i=3x5 k=3 ips=10");
  EXPECT_EQ(input_elements(empty), 0);
  EXPECT_EQ(output_elements(empty), 0);
}

TEST(ProblemSizes, MultiplyAddsMatchCounting) {
  for (const char* line : {"nwc ic=2 oc=3 i=5 o=20 k=4 s=3 d=2 p=2",
                           "nwc ic=2 oc=3 i=2 o=5 k=9 s=4 d=3 p=7", "nwc ic=2 oc=3 i=0 o=5 k=9",
                           "nwc ic=2 oc=3 i=9 o=0 k=2", "nwc ic=2 oc=3 i=9 o=1 k=2 p=30"}) {
    const Problem p = parse_problem(line);
    const Axis& a = p.axes[0];
    int pairs = 0;
    for (std::int64_t x = 0; x < a.i; ++x)
      for (std::int64_t t = 0; t < a.k; ++t)
        pairs += x * a.s + t * a.d - a.p >= 0 && x * a.s + t * a.d - a.p < a.o;
    EXPECT_EQ(multiply_adds(p), pairs * 6.0) << line;
  }
  EXPECT_EQ(multiply_adds(parse_problem("nwc ic=1 oc=1 i=100000000000 k=2")), 2e11);
}

TEST(ProblemSizes, MultiplyAddsMatchCountingOnEveryKindOfAxis) {
  std::mt19937 random(5);
  const auto pick = [&](unsigned least, unsigned most) {
    return static_cast<std::int64_t>(least + random() % (most - least + 1));
  };
  for (int c = 0; c < 5000; ++c) {
    const Axis a{.i = pick(0, 9),
                 .o = pick(0, 40),
                 .k = pick(1, 9),
                 .s = pick(1, 8),
                 .d = pick(1, 8),
                 .p = pick(0, 30)};
    Problem p;
    p.axes = {a};
    int pairs = 0;
    for (std::int64_t x = 0; x < a.i; ++x)
      for (std::int64_t t = 0; t < a.k; ++t)
        pairs += x * a.s + t * a.d - a.p >= 0 && x * a.s + t * a.d - a.p < a.o;
    ASSERT_EQ(multiply_adds(p), pairs) << print(p);
  }
}

// Nothing walks over 10^11 of either.
TEST(ProblemSizes, MultiplyAddsOfLongInputsAndKernels) {
  EXPECT_EQ(multiply_adds(parse_problem("nwc ic=1 oc=1 i=100000000000 k=100000000000")), 1e22);
  EXPECT_EQ(multiply_adds(parse_problem("nwc ic=1 oc=1 i=100000000000 k=100000000000 o=1 p=7")), 8);
}

std::vector<std::string> cells(const std::string& row) {
  std::vector<std::string> r(1);
  bool quoted = false;
  for (const char c : row) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) {
      r.emplace_back();
    } else if (c != '"') {
      r.back() += c;
    }
  }
  return r;
}

// The column gflop counts multiply-adds inside the output, twice, with four digits.
TEST(ProblemSizes, MultiplyAddsAgreeWithTheLayerTables) {
  for (const char* file : {"/bench/layers.csv", "/bench/extra_layers.csv"}) {
    std::ifstream in(std::string(TCONV_SOURCE_DIR) + file);
    std::string row;
    ASSERT_TRUE(std::getline(in, row));
    int rows = 0;
    for (; std::getline(in, row); ++rows) {
      const auto c = cells(row);
      const char* layout = c[2] == "1" ? "nwc" : c[2] == "2" ? "nhwc" : "ndhwc";
      const Problem p = parse_problem(std::string(layout) + " n=" + c[3] + " ic=" + c[4] +
                                      " oc=" + c[5] + " g=" + c[6] + " i=" + c[7] + " k=" + c[8] +
                                      " s=" + c[9] + " d=" + c[10] + " p=" + c[11] + " o=" + c[13]);
      EXPECT_NEAR(2e-9 * multiply_adds(p), std::stod(c[16]), 5.1e-5) << c[0];
      EXPECT_EQ(parse_problem(print(p)), p);
    }
    EXPECT_GT(rows, 20);
  }
}

}  // namespace
}  // namespace tconv::planner
