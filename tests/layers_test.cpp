// Small twins of the real layers: the same kernel, stride, crop and layout with fewer channels and
// pixels, and the plan that the full layer gets.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/support/plan_run.h"
#include "tests/support/sanitizer.h"
#include "tests/support/shrunk.h"
#include "tools/layers_csv.h"

namespace tconv::tests {
namespace {

class Layers : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(Layers, SmallTwinsAreRightWithThePlanOfTheLayer) {
  const std::string target = std::get<0>(GetParam()), layout = std::get<1>(GetParam());
  const planner::Machine machine = planner::default_machine(target);
  std::map<std::string, int> plans;
  int own = 0;
  std::uint64_t seed = 0;
  std::size_t number = 0;
  for (const char* file : {"layers.csv", "extra_layers.csv"}) {
    const std::string path = std::string(TCONV_SOURCE_DIR) + "/bench/" + file;
    for (const tools::LayerRow& row : tools::read_layers(path, "f32", layout, true)) {
      if (left_out(number++)) continue;
      const planner::Plan plan = planner::choose(planner::parse_problem(row.line), machine).plan;
      const std::string line = tools::to_line(shrunk(tools::parse_shape(row.line), 1e6));
      SCOPED_TRACE(row.name + " " + row.line);
      const Sample sample(line, ++seed);
      std::vector<tools::Buffer> right;
      std::unique_ptr<PlanRun> run;
      try {
        run = std::make_unique<PlanRun>(sample, plan, target);
      } catch (const planner::PlanError&) {  // not for this few channels or pixels
        ++own;
        run = std::make_unique<PlanRun>(sample, planner::choose(sample.problem, machine).plan,
                                        target);
      }
      ++plans[planner::name(plan.schedule)];
      check_plan(sample, *run, right);
      if (HasFailure()) return;
    }
  }
  std::string summary;
  for (const auto& [schedule, count] : plans)
    summary += schedule + " " + std::to_string(count) + " ";
  std::printf("%s, of which %d with a plan of the twin's own\n", summary.c_str(), own);
}

INSTANTIATE_TEST_SUITE_P(Targets, Layers,
                         testing::Combine(testing::Values("avx512", "avx2", "neon128"),
                                          testing::Values("last", "first")),
                         [](const auto& which) {
                           return std::string(std::get<0>(which.param)) + "_" +
                                  std::get<1>(which.param);
                         });

}  // namespace
}  // namespace tconv::tests
