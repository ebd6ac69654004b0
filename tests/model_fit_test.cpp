// The fit on made-up machines: times that follow a model with other numbers than it starts from.
#include "tools/model_fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace tconv::tools {
namespace {

// A plan's text is its work for each unit, as "3,1,2"; its time is the largest of them by rate,
// plus a part of the others, as in a roofline.
std::vector<double> work(const std::string& plan) {
  std::vector<double> parts;
  for (std::size_t at = 0; at < plan.size();) {
    std::size_t used = 0;
    parts.push_back(std::stod(plan.substr(at), &used));
    at += used + 1;
  }
  return parts;
}
double time_of(const std::string& plan, const std::vector<double>& rates) {
  double most = 0, sum = 0;
  const std::vector<double> parts = work(plan);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    most = std::max(most, parts[i] / rates[i]);
    sum += parts[i] / rates[i];
  }
  return most + 0.2 * (sum - most);
}
std::vector<double> predict(const MeasuredLayer& layer, const std::vector<double>& rates) {
  std::vector<double> us;
  for (const std::string& plan : layer.plans) us.push_back(time_of(plan, rates));
  return us;
}

// `noise`: of the times, 0.05 is 5%.
std::vector<MeasuredLayer> layers(const std::vector<double>& rates, double noise, int count = 40) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> part(0.2, 5);
  std::normal_distribution<double> wrong(0, noise);
  std::vector<MeasuredLayer> made;
  for (int l = 0; l < count; ++l) {
    MeasuredLayer layer;
    layer.name = layer.problem = "layer " + std::to_string(l);
    for (int p = 0; p < 12; ++p) {
      layer.plans.push_back(std::to_string(part(random)) + "," + std::to_string(part(random)) +
                            ",0");  // nothing uses the third unit
      layer.us.push_back(time_of(layer.plans.back(), rates) * std::exp(wrong(random)));
    }
    made.push_back(layer);
  }
  return made;
}

TEST(ModelFit, FindsTheNumbersThatTheTimesWereMadeWith) {
  const std::vector<double> truth = {1.0, 0.4, 2.0}, start = {1.3, 0.9, 2.0};
  const auto measured = layers(truth, 0.02);
  const auto fitted = fit_numbers(measured, start, predict);
  EXPECT_NEAR(fitted[0] / truth[0], 1, 0.08);
  EXPECT_NEAR(fitted[1] / truth[1], 1, 0.08);
  EXPECT_EQ(fitted[2], 2.0) << "what explains nothing stays";
  const FitQuality before = quality(measured, start, predict);
  const FitQuality after = quality(measured, fitted, predict);
  EXPECT_GT(after.rank_correlation, before.rank_correlation);
  EXPECT_GT(after.rank_correlation, 0.95);
  EXPECT_LT(after.slower, 1.02);
  EXPECT_EQ(after.layers, measured.size());
}

TEST(ModelFit, IsJudgedByLayersThatItHasNotSeen) {
  const std::vector<double> truth = {1.0, 0.4, 2.0}, start = {1.3, 0.9, 2.0};
  const CrossValidation cross = cross_validate(layers(truth, 0.05), start, predict, 5);
  EXPECT_EQ(cross.after.layers, cross.before.layers);
  EXPECT_GT(cross.after.rank_correlation, cross.before.rank_correlation);
  EXPECT_LE(cross.after.slower, cross.before.slower);
  // Times that no number explains: what is learned of them is worth nothing elsewhere.
  auto chance = layers(truth, 0);
  std::mt19937 random(3);
  for (MeasuredLayer& l : chance) std::shuffle(l.us.begin(), l.us.end(), random);
  const CrossValidation nothing = cross_validate(chance, start, predict, 5);
  EXPECT_LT(std::abs(nothing.after.rank_correlation), 0.2);
}

TEST(ModelFit, LeavesGoodNumbersAlone) {
  const std::vector<double> truth = {1.0, 0.4, 2.0};
  const auto fitted = fit_numbers(layers(truth, 0.01), truth, predict);
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_NEAR(fitted[i] / truth[i], 1, 0.03);
  EXPECT_EQ(fit_numbers({}, truth, predict), truth);
  // A number that is 0 is a unit that the machine lacks; and nothing runs away.
  const std::vector<double> far = {1.0, 40.0, 0.0};
  const auto bounded = fit_numbers(layers(truth, 0), far, predict);
  EXPECT_EQ(bounded[2], 0.0);
  EXPECT_GE(bounded[1], 10.0 * (1 - 1e-9));
}

TEST(ModelFit, FoldsAreTheSameEverywhereAndAboutEqual) {
  EXPECT_EQ(fold_of("f32 nwc n=1 ic=1 oc=1 i=1 o=1 k=1", 5),
            fold_of("f32 nwc n=1 ic=1 oc=1 i=1 o=1 k=1", 5));
  std::vector<int> count(5);
  for (int i = 0; i < 1000; ++i)
    ++count[fold_of("f32 nwc ic=3 oc=4 k=3 i=" + std::to_string(i), 5)];
  for (const int c : count) EXPECT_NEAR(c, 200, 60);
}

}  // namespace
}  // namespace tconv::tools
