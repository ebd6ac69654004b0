// Random problems are valid, canonical, reproducible, bounded, and cover what they claim to cover.
#include "tools/random_problem.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>

#include "planner/problem.h"

namespace tconv {
namespace {

constexpr int kCount = 4000;

TEST(RandomProblem, LinesAreValidCanonicalAndBounded) {
  for (const tools::Type type : {tools::Type::f32, tools::Type::f64, tools::Type::f16,
                                 tools::Type::bf16, tools::Type::i32}) {
    tools::RandomProblems problems(3, {.type = type});
    for (int count = 0; count < kCount / 4; ++count) {
      const std::string line = problems.next();
      const planner::Problem p = planner::parse_problem(line);
      EXPECT_EQ(planner::print(p), line);
      EXPECT_LE(planner::multiply_adds(p), 2e6) << line;
      EXPECT_LE(planner::output_elements(p), 4000000) << line;
      const tools::Shape shape = tools::parse_shape(line);
      EXPECT_EQ(tools::to_line(shape), line);
      EXPECT_EQ(tools::multiply_adds(shape), planner::multiply_adds(p)) << line;
      EXPECT_EQ(tools::input_elements(shape), planner::input_elements(p)) << line;
      EXPECT_EQ(tools::output_elements(shape), planner::output_elements(p)) << line;
      EXPECT_EQ(tools::filter_elements(shape), planner::filter_elements(p)) << line;
    }
  }
}

TEST(RandomProblem, SameSeedSameLines) {
  tools::RandomProblems a(7), b(7), c(8);
  int same = 0;
  for (int count = 0; count < 100; ++count) {
    const std::string line = a.next();
    EXPECT_EQ(line, b.next());
    same += line == c.next();
  }
  EXPECT_LT(same, 5);
}

TEST(RandomProblem, CoversEveryClass) {
  std::map<std::string, int> seen;
  tools::RandomProblems problems(1);
  for (int count = 0; count < kCount; ++count) {
    const std::string line = problems.next();
    const tools::ProblemClass c = tools::classify(line);
    ++seen[c.group + " " + c.step], ++seen[c.layout], ++seen[c.group + " " + c.tail];
    const tools::Shape r = tools::parse_shape(line);
    for (std::size_t a = 0; a < r.i.size(); ++a) {
      const std::int64_t after = r.natural(static_cast<int>(a)) - r.o[a] - r.p[a];
      seen["holes"] += r.k[a] < r.s[a];
      seen["common factor"] += std::gcd(r.s[a], r.d[a]) > 1;
      seen["asymmetric"] += after != r.p[a];
      seen["longer"] += after < 0;
      seen["one pixel"] += r.i[a] == 1;
      seen["long"] += r.i[a] > 100;
      seen["long kernel"] += r.k[a] > 8;
      seen["empty length"] += r.i[a] == 0 || r.o[a] == 0;
      seen["unequal axes"] += r.k[a] != r.k[0] || r.s[a] != r.s[0];
    }
    seen["empty n"] += r.n == 0;
    seen["empty ic"] += r.ic == 0;
    seen["batch"] += r.n > 1;
    seen["large batch"] += r.n >= 8;
    seen["bias"] += r.bias;
    seen["ips"] += r.ips != 0;
    seen["ops"] += r.ops != 0;
    seen["filter"] += r.torch_filter == r.channels_last;
    seen["wide in"] += r.ic >= 64;
    seen["wide out"] += r.oc >= 64;
    seen["multiplier"] += r.g > 1 && r.group_ic() == 1 && r.oc > r.ic;
    for (const tools::PostOp& op : r.post) ++seen[op.name];
  }
  for (const char* group : {"dense", "depthwise", "grouped"}) {
    for (const char* step : {"stride1", "strided", "dilated", "strided+dilated"})
      EXPECT_GE(seen[std::string(group) + " " + step], kCount / 200) << group << ' ' << step;
  }
  for (const auto& [what, count] : seen)
    EXPECT_GE(count, what.starts_with("empty") || what == "depthwise full" ? 1 : kCount / 200)
        << what;
  EXPECT_GE(seen.size(), 60u);
}

}  // namespace
}  // namespace tconv
