// The planner by itself, without machine code: texts, refusals with their reasons, proposals, and
// choices on machines that were made up.
#include "planner/plan.h"

#include <gtest/gtest.h>

#include <set>

#include "ir/verify.h"
#include "planner/planner.h"
#include "tests/support/sanitizer.h"
#include "tools/random_problem.h"

namespace tconv::planner {
namespace {

template <class Error, class F>
std::string refusal(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "(accepted)";
}
testing::AssertionResult says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos
             ? testing::AssertionSuccess()
             : testing::AssertionFailure() << '"' << text << "\" does not say \"" << words << '"';
}

// ---- text ----------------------------------------------------------------------------------

TEST(PlanText, RoundTrip) {
  for (const char* text : {"direct(mr=14,nr=2)", "direct(mr=6,nr=4,tile=n,rows=5,stream)",
                           "direct(mr=13,nr=2,rows=16,cols=520,panels=2,ku=4,strip,stream)",
                           "width(mr=6,nr=2,rows=8)", "width(mr=6,nr=2,ordered,prefetch)",
                           "channelwise(mr=14,nr=1,rows=8,panels=4,strip)", "bias_only()"})
    EXPECT_EQ(print(parse_plan(text)), text);
  EXPECT_EQ(print(parse_plan("direct(stream,tile=w,rows=1,nr=2,mr=3,panels=0)")),
            "direct(mr=3,nr=2,stream)");
  const Plan all{.schedule = Schedule::width,
                 .mr = 1,
                 .nr = 2,
                 .tile = TileAxis::n,
                 .rows = 3,
                 .cols = 4,
                 .panels = 5,
                 .strip = true,
                 .stream = true,
                 .ku = 6};
  EXPECT_EQ(parse_plan(print(all)), all);
  const Plan tiles{
      .schedule = Schedule::winograd, .mr = 6, .nr = 4, .m = {1, 3, 4}, .r = 3, .images = 2};
  EXPECT_EQ(print(tiles), "winograd(m=1x3x4,r=3,mr=6,nr=4,images=2)");
  EXPECT_EQ(parse_plan(print(tiles)), tiles);
}

TEST(PlanText, ErrorsNameTheField) {
  const auto error = [](const char* text) { return refusal<PlanError>([&] { parse_plan(text); }); };
  EXPECT_TRUE(says(error(""), "schedule(field=value,..) is expected"));
  EXPECT_TRUE(says(error("direct"), "schedule(field=value,..) is expected"));
  EXPECT_TRUE(says(error("direct(mr=1"), "schedule(field=value,..) is expected"));
  EXPECT_TRUE(says(error("fft(m=3)"), "schedule 'fft' is not known"));
  EXPECT_TRUE(says(error("direct(height=3)"), "'height' is not known"));
  EXPECT_TRUE(
      says(error("direct(mr)"),
           "'mr' is not known; flags are dot2, strip, stream, ordered, prefetch, transposed"));
  EXPECT_TRUE(says(error("direct(strip=1)"), "'strip' is not known"));
  EXPECT_TRUE(says(error("direct(mr=2,mr=3)"), "'mr' stands twice"));
  EXPECT_TRUE(says(error("direct(strip,strip)"), "'strip' stands twice"));
  EXPECT_TRUE(says(error("direct(mr=2,)"), "an empty field"));
  EXPECT_TRUE(says(error("direct(mr=)"), "'mr='"));
  EXPECT_TRUE(says(error("direct(mr=-1)"), "'mr=-1'"));
  EXPECT_TRUE(says(error("direct(mr=2x)"), "'mr=2x'"));
  EXPECT_TRUE(says(error("direct(mr=65536,nr=65536)"), "from 0 to 1024"));
  EXPECT_TRUE(says(error("direct(nr=99999999999999999999)"), "'nr="));
  EXPECT_TRUE(says(error("direct(tile=h)"), "'tile=h': w or n"));
  EXPECT_TRUE(says(error("direct(ku=65)"), "from 0 to 64"));
  EXPECT_TRUE(says(error("winograd(m=3x)"), "'m='"));
}

// ---- plans that are not legal --------------------------------------------------------------

struct Illegal {
  const char *line, *plan, *words;
  const char* target = "avx512";
};
constexpr const char* kLast = "f32 nhwc n=4 ic=6 oc=20 i=9x9 k=4x4 s=2x2 p=1x1";
constexpr const char* kFirst = "f32 nchw n=4 ic=6 oc=20 i=9x9 k=4x4 s=2x2 p=1x1";
constexpr const char* kFull = "f32 nhwc ic=6 oc=32 i=9x9 k=4x4 s=2x2 p=1x1";
constexpr const char* kDepthwise = "f32 nhwc g=20 ic=20 oc=20 i=9x9 k=4x4 s=2x2 p=1x1";
constexpr const char* kFirstDepthwise = "f32 nchw g=20 ic=20 oc=20 i=9x9 k=4x4 s=2x2 p=1x1";
constexpr const char* kHead = "f32 nhwc ic=6 oc=1 i=9x40 k=4x4 s=2x2 p=1x1";
constexpr const char* kBatches = "f32 nhwc n=1..64 ic=6 oc=20 i=9x9 k=4x4 s=2x2 p=1x1";
constexpr const char* kLengths = "f32 nwc ic=6 oc=20 i=1..999 k=4 s=2 p=1";

const Illegal kIllegal[] = {
    {kLast, "bias_only()", "bias_only is for problems without products"},
    {"f32 nwc ic=0 oc=4 i=5 k=3 bias", "direct(mr=1,nr=1)", "bias_only"},
    {kLast, "merged(mr=4,nr=1)", "schedule"},

    {kLast, "direct(nr=1)", "mr, nr and rows"},
    {kLast, "direct(mr=1)", "mr, nr and rows"},
    {kLast, "direct(mr=1,nr=1,rows=0)", "mr, nr and rows"},
    {kLast, "direct(mr=16,nr=2)", "a tile of 16x2 needs 35 registers, avx512 has 32"},
    {kLast, "direct(mr=32,nr=1)", "a tile of 32x1 needs 33 registers"},
    {kLast, "direct(mr=15,nr=1)", "a tile of 15x1", "avx2"},
    {kLast, "direct(mr=2,nr=1,ku=4)", "ku=4 must divide the 6 steps"},
    {kLast, "direct(mr=2,nr=1,ku=0)", "ku=0"},
    {kLast, "direct(mr=2,nr=1,stream)", "stream needs channels-last and whole vectors"},
    {kFirst, "direct(mr=2,nr=1,stream)", "stream needs channels-last"},
    {"f32 nhwc ic=6 oc=32 i=9x9 k=4x4 s=2x2 p=1x1 ops=40", "direct(mr=2,nr=1,stream)", "stream"},
    {kFirst, "direct(mr=2,nr=1,tile=n)", "tile=n needs channels-last"},
    {kLast, "direct(mr=2,nr=1,tile=n,strip)", "tile=n has neither strip nor cols"},
    {kLast, "direct(mr=2,nr=1,tile=n,cols=4)", "tile=n has neither strip nor cols"},
    {kLast, "direct(mr=2,nr=1,cols=5)", "cols must be a multiple of mr"},
    {kFirst, "direct(mr=2,nr=1,cols=16)", "cols in channels-first needs a strip"},
    {kFirst, "direct(mr=2,nr=1,cols=2,strip)", "cols * stride must be whole vectors"},
    {"f32 nchw ic=6 oc=20 i=9x9 k=2x2 s=3x3", "direct(mr=2,nr=1,cols=16,strip)",
     "cols in channels-first needs phases whose outputs all have taps"},

    {"f32 nhwc ic=6 oc=20 i=9x9 k=3 s=2", "direct(mr=2,nr=1,merged)", "a multiple of the stride"},
    {"f32 nhwc ic=6 oc=20 i=9x9 k=3x3", "direct(mr=2,nr=1,merged)", "needs a stride"},
    {"f32 nhwc ic=6 oc=20 i=9x9 k=4 s=2 d=3", "direct(mr=2,nr=1,merged)", "no dilation"},
    {"f32 nchw ic=6 oc=20 i=9x9 k=2 s=2", "direct(mr=2,nr=1,merged)", "use transposed"},
    {"f32 nhwc g=2 ic=6 oc=20 i=9x9 k=2 s=2", "direct(mr=2,nr=1,merged)", "a single group"},
    {"f32 nhwc ic=6 oc=20 i=9x9 k=2 s=2 ops=24", "direct(mr=2,nr=1,merged)", "without gaps"},
    {"f32 nwc ic=6 oc=20 i=1..99 k=4 s=4 p=1", "direct(mr=2,nr=1,cols=4,merged)", "two blocks"},
    {kLast, "direct(mr=2,nr=1,tile=n,prefetch)", "prefetch needs tile=w"},
    {kLast, "direct(mr=2,nr=1,cols=4,prefetch)", "prefetch needs whole rows"},
    {"f32 nhwc g=2 ic=6 oc=20 i=9x9 k=2 s=2", "direct(mr=2,nr=1,prefetch)", "a single group"},
    {kFirstDepthwise, "channelwise(mr=2,nr=1,prefetch)", "prefetch for few input channels"},

    {kHead, "width(mr=2,nr=1,fetch=4)", "fetch is a field of direct and winograd"},
    {kLast, "direct(mr=2,nr=1,phases=2)", "phases is a field of channelwise"},
    {kDepthwise, "channelwise(mr=4,nr=1,cols=4,phases=2)", "phases needs whole rows"},
    {kDepthwise, "channelwise(mr=14,nr=1,phases=2)", "2 phases of 14x1 need 33 registers"},
    {"f32 nhwc g=4 ic=8 oc=20 i=9x9 k=4x4 s=2x2", "channelwise(mr=4,nr=1,phases=2)",
     "phases needs one input channel in a group"},
    {kHead, "width(mr=2,nr=1,merged)", "merged is a field of direct and winograd"},
    {kHead, "direct(mr=2,nr=1,ordered)", "ordered is a field of width"},
    {"f32 nwc ic=1 oc=1 i=40 k=4 s=2", "width(mr=2,nr=1,ordered)", "definition's order"},
    {"f32 nhwc ic=6 oc=4 i=0x9 k=4 s=2 o=3x9 bias", "bias_only(merged)", "merged is a field"},
    {"f32 nhwc ic=6 oc=4 i=0x9 k=4 s=2 o=3x9 bias", "bias_only(prefetch)", "reads no inputs"},
    {kDepthwise, "channelwise(mr=2,nr=1,phases=3)", "phases=3: at most the stride of 2"},
    {"f32 nwc g=2 ic=2 oc=2 i=99 k=4000 s=2000", "channelwise(mr=1,nr=1,phases=2)",
     "strides of at most 64"},
    {kDepthwise, "channelwise(nr=1)", "mr, nr and rows"},
    {kDepthwise, "channelwise(mr=16,nr=2)", "a tile of 16x2"},
    {kLast, "channelwise(mr=2,nr=1)", "there is one group"},
    {kDepthwise, "channelwise(mr=2,nr=1,tile=n)", "channelwise tiles run along the width"},
    {kDepthwise, "channelwise(mr=2,nr=1,ku=2)", "channelwise has no ku"},
    {"f32 nhwc g=2 ic=4 oc=402 i=5x5 k=3x3", "channelwise(mr=2,nr=1)", "too much code"},
    {"f32 nhwc g=2 ic=8000 oc=32 i=5x5 k=3x3", "channelwise(mr=2,nr=1)",
     "128000 channels per pixel of the strip"},
    {"f32 nhwc g=16 ic=16 oc=80 i=5x5 k=3x3 s=1x1", "channelwise(mr=2,nr=1,panels=3)",
     "panels must hold whole periods"},
    {kDepthwise, "channelwise(mr=2,nr=1,stream)", "stream needs"},
    {kFirstDepthwise, "channelwise(mr=2,nr=1,cols=4)", "cols needs channels-last"},
    {kDepthwise, "channelwise(mr=2,nr=1,cols=5)", "cols must be a multiple of mr"},

    {kHead, "width(nr=1)", "mr, nr and rows"},
    {kHead, "width(mr=2,nr=1,tile=n)", "tile=n"},
    {kHead, "width(mr=2,nr=1,panels=1)", "panels"},
    {kHead, "width(mr=2,nr=1,ku=2)", "ku"},
    {kHead, "width(mr=2,nr=1,strip)", "strip"},
    {"f32 nwc ic=6 oc=1 i=40 k=4 s=2", "width(mr=2,nr=1,rows=2)", "rows needs a second axis"},
    {"f32 nhwc ic=6 oc=2 i=9x40 k=4x4 s=2x2 ops=5", "width(mr=4,nr=1)", "pixel stride"},
    {kHead, "width(mr=2,nr=2,cols=16)", "cols must be a multiple of nr vectors"},
    {kHead, "width(mr=7,nr=1)", "mr=7"},
    {kHead, "width(mr=2,nr=20)", "a tile of 2x20"},

    {kBatches, "direct(mr=17,nr=1,tile=n)", "mr=17, along an extent that is known only"},
    {kLengths, "direct(mr=17,nr=1,cols=34)", "mr=17, along an extent that is known only"},
    {kLengths, "direct(mr=4,nr=1)", "needs cols"},
    {kLengths, "direct(mr=4,nr=1,tile=n)", "tile=n needs a batch"},
    {kLengths, "width(mr=20,nr=1)", "width writes whole rows"},
    {"f32 nwc g=8 ic=8 oc=8 i=1..99 k=4", "channelwise(mr=4,nr=1)", "needs cols"},
};

TEST(Plans, IllegalOnesAreRefusedWithAReason) {
  for (const Illegal& i : kIllegal) {
    const std::string reason = refusal<PlanError>(
        [&] { lower(parse_problem(i.line), parse_plan(i.plan), *ir::find_target(i.target)); });
    EXPECT_TRUE(says(reason, i.words)) << i.plan << " on " << i.line;
  }
}

TEST(Plans, TheSameOnesWithoutTheMistakeAreLegal) {
  for (const auto& [line, plan] : std::initializer_list<std::pair<const char*, const char*>>{
           {kLast, "direct(mr=14,nr=2)"},
           {kLast, "direct(mr=31,nr=1)"},
           {kLast, "direct(mr=2,nr=1,ku=3)"},
           {kFull, "direct(mr=2,nr=1,stream)"},
           {kLast, "direct(mr=2,nr=1,tile=n)"},
           {kFirst, "direct(mr=2,nr=1,cols=16,strip)"},
           {kDepthwise, "channelwise(mr=2,nr=1,cols=4)"},
           {kBatches, "direct(mr=16,nr=1,tile=n)"},
           {kBatches, "direct(mr=28,nr=1)"},
           {kLengths, "direct(mr=16,nr=1,cols=32)"},
           {kHead, "width(mr=2,nr=1,cols=16)"}}) {
    const Lowered lowered =
        lower(parse_problem(line), parse_plan(plan), *ir::find_target("avx512"));
    EXPECT_TRUE(ir::verify(lowered.program).empty()) << plan << " on " << line;
  }
}

TEST(Plans, WhatIsNotBuiltIsRefusedByName) {
  const auto error = [](const char* line) {
    return refusal<ProblemError>([&] { choose(parse_problem(line), default_machine("avx512")); });
  };
  EXPECT_TRUE(says(error("f32 nwc n=0 ic=1 oc=1 i=4000000000 k=1"), "a row of more than"));
  EXPECT_TRUE(says(error("i32 nwc ic=65536 oc=65536 i=1 k=1"), "a filter of more than"));
  Machine unknown = default_machine("avx512");
  unknown.target = "sse9";
  EXPECT_TRUE(
      says(refusal<PlanError>([&] { choose(parse_problem("f32 nwc ic=4 oc=4 i=5 k=3"), unknown); }),
           "sse9"));
  EXPECT_TRUE(says(refusal<std::invalid_argument>([] { default_machine("sse9"); }), "sse9"));
}

// ---- proposals -----------------------------------------------------------------------------

class Proposals : public testing::TestWithParam<const char*> {
 protected:
  void check(const std::string& line, bool stream) {
    SCOPED_TRACE(line);
    Machine machine = default_machine(GetParam());
    if (stream) machine.stream_from_bytes = 0;
    const Problem problem = parse_problem(line);
    const PlanSet set = enumerate(problem, machine);
    ASSERT_FALSE(set.candidates.empty());
    EXPECT_EQ(choose(problem, machine).plan, set.candidates.front().plan);
    std::set<std::string> texts;
    double before = 0;
    for (const Candidate& c : set.candidates) {
      EXPECT_TRUE(texts.insert(print(c.plan)).second) << "twice: " << print(c.plan);
      EXPECT_EQ(parse_plan(print(c.plan)), c.plan);
      EXPECT_GE(c.predicted_us, before);
      EXPECT_DOUBLE_EQ(predict(problem, c.plan, machine), c.predicted_us) << print(c.plan);
      before = c.predicted_us;
      const Lowered lowered = lower(problem, c.plan, *ir::find_target(machine.target));
      const auto faults = ir::verify(lowered.program);
      EXPECT_TRUE(faults.empty()) << print(c.plan) << ": " << faults[0].what;
      // Only what is read or written is an argument, and streaming is what asks for alignment.
      for (const ArgumentInfo& a : lowered.arguments) {
        EXPECT_TRUE(a.kind != Argument::output || (a.align > 0) == c.plan.stream) << print(c.plan);
        EXPECT_TRUE(a.kind != Argument::bias || problem.bias);
      }
      if (lowered.needs_finite_filter) {
        const Plan twin = finite_twin(problem, c.plan, machine);
        EXPECT_FALSE(lower(problem, twin, *ir::find_target(machine.target)).needs_finite_filter)
            << print(c.plan) << " twin " << print(twin);
      }
    }
    for (const Rejection& r : set.rejected) {
      EXPECT_FALSE(r.reason.empty()) << r.plan;
      EXPECT_EQ(texts.count(r.plan), 0u) << r.plan;
    }
  }
};

TEST_P(Proposals, LowerVerifyAndAreSorted) {
  tools::RandomProblems problems(77, {.max_multiply_adds = 1e6});
  for (int count = 0; count < tests::fewer(80) && !HasFailure(); ++count)
    check(problems.next(), count % 2 == 1);
}

TEST_P(Proposals, ThereIsAlwaysOne) {
  for (const char* line : {
           "f32 ncw ic=2 oc=70 i=1030 o=4130 k=7 s=4 d=2 p=3",
           "f32 ncw ic=2 oc=70 i=5000 k=25 s=4 p=11",
           "f32 ncw g=2 ic=4 oc=140 i=2000 k=2 s=5",
           "f32 ncw ic=1 oc=1 i=3000 k=1 s=2 d=2",
           "f32 nwc ic=3000 oc=1 i=1 k=1024 s=256",
           "f32 nwc g=5000 ic=5000 oc=10000 i=2 k=3 s=2",
           "f32 nhwc ic=1 oc=5000 i=1x1 k=2x2 s=2x2 ops=5001",
           "f32 nwc ic=2 oc=3 i=4 k=2 s=100000",
           "f32 nwc ic=2 oc=3 i=100000 k=2 s=2 selu mish gelu add mul prelu",
           "f32 nchw ic=2 oc=3 i=40x3000 k=3x3 s=2x2 p=1x1 selu mish gelu add mul prelu",
           "f32 nhwc ic=2 oc=3 i=2x2 o=1x1 k=3x3 s=2x2 p=4x4",
           "f32 nhwc n=0 ic=2 oc=3 i=2x2 k=3x3",
       }) {
    check(line, false);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Proposals, testing::Values("avx512", "avx2", "sse2", "neon128"),
                         [](const auto& which) { return std::string(which.param); });

// ---- choices on machines that were made up -------------------------------------------------

struct Choice {
  Plan plan;
  std::int64_t points = 0, local_bytes = 0;
};
Choice chosen(const char* line, const Machine& machine, Accuracy accuracy = Accuracy::standard) {
  const Problem problem = parse_problem(line);
  Choice r{.plan = choose(problem, machine, accuracy).plan};
  const ir::Program program = lower(problem, r.plan, *ir::find_target(machine.target)).program;
  for (const ir::Stage& s : program.stages)
    for (const ir::Kernel& k : s.kernels) r.points += ir::grid_points(program, k, nullptr);
  r.local_bytes = ir::local_bytes(program);
  return r;
}

class Choices : public testing::TestWithParam<const char*> {
 protected:
  Machine machine_ = default_machine(GetParam());
};

TEST_P(Choices, SchedulesFitTheirLayers) {
  const auto schedule = [&](const char* line) { return chosen(line, machine_).plan.schedule; };
  EXPECT_EQ(schedule("f32 nhwc ic=256 oc=128 i=16x16 k=4x4 s=2x2 p=1x1"), Schedule::winograd);
  EXPECT_EQ(schedule("f32 nhwc ic=256 oc=128 i=52x52 k=2x2 s=2x2"), Schedule::direct);
  EXPECT_EQ(schedule("f32 nhwc ic=56 oc=1 i=128x128 k=9x9 s=2x2 p=4x4"), Schedule::width);
  EXPECT_EQ(schedule("f32 nchw ic=64 oc=3 i=32x32 k=4x4 s=2x2 p=1x1"), Schedule::width);
  EXPECT_EQ(schedule("f32 nhwc g=64 ic=64 oc=64 i=64x64 k=4x4 s=2x2 p=1x1"), Schedule::channelwise);
  EXPECT_EQ(schedule("f32 nhwc ic=0 oc=64 i=8x8 k=4x4 s=2x2 bias"), Schedule::bias_only);
  const char* small = "f32 nhwc n=64 ic=512 oc=256 i=4x4 k=4x4 s=2x2 p=1x1";
  EXPECT_EQ(schedule(small), Schedule::winograd) << "tiles that fit the image exactly";
  EXPECT_EQ(choose(parse_problem(small), machine_, Accuracy::exact_order).plan.tile, TileAxis::n)
      << "small images in a large batch have no borders along the batch";
}

// A run of an open size streams from where a plan for that size alone would.
TEST_P(Choices, RunsOfAnOpenSizeStreamFromWhereTheStoresHide) {
  machine_.stream_from_bytes = 20 << 20;
  const Problem work = parse_problem("f32 nwc ic=256 oc=128 i=1..100000 k=16 s=8 p=4"),
                memory = parse_problem("f32 nwc ic=2 oc=64 i=1..100000 k=4 s=2 p=1");
  EXPECT_EQ(stream_from_bytes(work, machine_), machine_.l2_bytes - 1);
  EXPECT_EQ(stream_from_bytes(memory, machine_), machine_.stream_from_bytes);
  EXPECT_TRUE(choose(work, machine_).plan.stream);
}

// Where reading is a small part of the work, short runs would only pay for it.
TEST_P(Choices, OpenLengthsPrefetchWhereReadingIsMuchOfTheWork) {
  EXPECT_FALSE(choose(parse_problem("f32 nwc ic=512 oc=256 i=1..100000 k=16 s=8 p=4"), machine_)
                   .plan.prefetch);
  EXPECT_TRUE(
      choose(parse_problem("f32 nwc ic=64 oc=32 i=1..100000 k=4 s=2 p=1"), machine_).plan.prefetch);
}

TEST_P(Choices, FillsVectorsOverThePhasesOfAnOpenLength) {
  EXPECT_EQ(
      choose(parse_problem("f32 nwc ic=48 oc=24 i=1..100000 k=4 s=2 p=1"), machine_).plan.merged,
      GetParam() == std::string("avx512") ? 1 : 0);
}

TEST_P(Choices, StreamsWhatExceedsTheLimitAndNothingElse) {
  const char* line = "f32 nhwc ic=2 oc=64 i=64x64 k=4x4 s=2x2 p=1x1";  // 4 MB, bound by memory
  machine_.stream_from_bytes = 5 << 20;
  EXPECT_FALSE(chosen(line, machine_).plan.stream);
  machine_.stream_from_bytes = 3 << 20;
  EXPECT_TRUE(chosen(line, machine_).plan.stream);
  machine_.stream_from_bytes = 20 << 20;
  EXPECT_TRUE(chosen("f32 nhwc ic=64 oc=64 i=64x64 k=4x4 s=2x2 p=1x1", machine_).plan.stream)
      << "beyond L2, and the stores hide behind the products";
  EXPECT_FALSE(chosen("f32 nhwc ic=64 oc=64 i=8x8 k=4x4 s=2x2 p=1x1", machine_).plan.stream);
  EXPECT_FALSE(chosen("f32 nhwc ic=64 oc=63 i=64x64 k=4x4 s=2x2 p=1x1", machine_).plan.stream)
      << "vectors of output channels that are not whole";
}

TEST_P(Choices, ManyThreadsGetManyGridPoints) {
  for (const char* line : {"f32 nhwc ic=64 oc=64 i=64x64 k=4x4 s=2x2 p=1x1",
                           "f32 nhwc ic=256 oc=128 i=100x100 k=2x2 s=2x2",
                           "f32 nchw ic=64 oc=64 i=64x64 k=4x4 s=2x2 p=1x1",
                           "f32 nhwc ic=56 oc=1 i=128x128 k=9x9 s=2x2 p=4x4"}) {
    machine_.threads = 1;
    const Choice one = chosen(line, machine_);
    machine_.threads = 32;
    const Choice many = chosen(line, machine_);
    EXPECT_GT(many.points, one.points) << line;
    EXPECT_GE(many.points, 24) << line << " " << print(many.plan);
  }
}

// One grid point, or one and a small rest, is what the plan of one thread likes: 16 rows and 1, a
// whole 1-D layer.
TEST_P(Choices, TwoThreadsGetPointsToShare) {
  machine_.threads = 2;
  for (const char* line :
       {"f32 nhwc ic=256 oc=128 i=16x16 k=4x4 s=2x2 p=1x1",
        "f32 nhwc ic=32 oc=32 i=16x16 k=4x4 s=2x2 p=1x1",
        "f32 nwc ic=512 oc=256 i=283 k=16 s=8 p=4", "f32 nwc ic=1024 oc=512 i=4 k=8 s=4 p=2"}) {
    const Choice two = chosen(line, machine_);
    EXPECT_TRUE(two.points == 2 || two.points >= 4)
        << line << " " << print(two.plan) << ": " << two.points << " points";
  }
}

TEST_P(Choices, StripsStayInASmallL2) {
  for (const char* line : {"f32 nhwc ic=64 oc=64 i=64x64 k=4x4 s=2x2 p=1x1",
                           "f32 nhwc ic=256 oc=128 i=16x16 k=4x4 s=2x2 p=1x1"}) {
    machine_.l2_bytes = 1 << 20;
    const Choice large = chosen(line, machine_, Accuracy::exact_order);
    EXPECT_LE(large.local_bytes, machine_.l2_bytes) << line << " " << print(large.plan);
    machine_.l1_bytes = 16 << 10;
    machine_.l2_bytes = 64 << 10;
    const Choice small = chosen(line, machine_, Accuracy::exact_order);
    EXPECT_LE(small.local_bytes, machine_.l2_bytes) << line << " " << print(small.plan);
    EXPECT_NE(small.plan, large.plan) << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Choices, testing::Values("avx512", "avx2"),
                         [](const auto& which) { return std::string(which.param); });

}  // namespace
}  // namespace tconv::planner
