// Small twins of the real layers: the same kernel, stride, crop and layout with fewer channels and
// pixels, and the plan that the full layer gets.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/support/plan_run.h"
#include "tests/support/sanitizer.h"
#include "tools/layers_csv.h"

namespace tconv::tests {
namespace {

using Int = std::int64_t;

// Fewer images, pixels and channels until the work is `most` multiply-adds; what is cropped stays.
tools::Shape shrunk(tools::Shape r, double most) {
  std::vector<Int> after;
  for (int a = 0; a < r.rank(); ++a)
    after.push_back(r.natural(a) - r.o[static_cast<std::size_t>(a)] -
                    r.p[static_cast<std::size_t>(a)]);
  const auto outputs = [&] {
    for (int a = 0; a < r.rank(); ++a) {
      const auto at = static_cast<std::size_t>(a);
      r.o[at] = std::max<Int>(r.natural(a) - r.p[at] - after[at], 1);
    }
  };
  const auto kept = [](Int channels) {  // odd numbers of channels stay odd
    return channels / 2 + (channels % 2 == 1 && channels / 2 % 2 == 0 ? 1 : 0);
  };
  r.n = std::min<Int>(r.n, 24);
  while (tools::multiply_adds(r) > most) {
    const auto longest = std::max_element(r.i.begin(), r.i.end());
    if (r.g > 8) {
      const Int g = r.g / 2;
      r.ic = r.group_ic() * g, r.oc = r.group_oc() * g, r.g = g;
    } else if (*longest > 20) {
      *longest = *longest * 2 / 3;
    } else if (r.group_ic() > 5) {
      r.ic = kept(r.group_ic()) * r.g;
    } else if (r.group_oc() > 40) {
      r.oc = kept(r.group_oc()) * r.g;
    } else if (*longest > 4) {
      *longest -= 1;
    } else if (r.n > 1) {
      r.n = (r.n + 1) / 2;
    } else if (r.group_oc() > 3) {
      r.oc = kept(r.group_oc()) * r.g;
    } else if (*longest > 1) {
      *longest -= 1;
    } else {
      break;  // one pixel, a few channels: the kernel is what is large
    }
    outputs();
  }
  outputs();
  return r;
}

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
                         testing::Combine(testing::Values("avx512", "avx2"),
                                          testing::Values("last", "first")),
                         [](const auto& which) {
                           return std::string(std::get<0>(which.param)) + "_" +
                                  std::get<1>(which.param);
                         });

}  // namespace
}  // namespace tconv::tests
