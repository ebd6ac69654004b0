// Keras' regularizers and constraints: every name, their numbers on small tensors, configs, and
// what is refused. Keras' own numbers are in oracle_cases.json.
#include "tconv/keras_regularizers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tconv/keras_constraints.hpp"
#include "tests/support/front_error.h"

namespace tconv {
namespace {

using keras::Constraint;
using keras::Regularizer;
using tests::refusal;
namespace constraints = keras::constraints;
namespace regularizers = keras::regularizers;

const double kWeights[4] = {3, -4, 0, 1};

TEST(KerasRegularizers, Losses) {
  const TensorView w(kWeights, {4});
  EXPECT_DOUBLE_EQ(regularizers::get("l1")(w), static_cast<double>(0.01F) * 8);
  EXPECT_DOUBLE_EQ(regularizers::get("l2")(w), 0.26);
  EXPECT_EQ(regularizers::get("l1l2")(w), 0);
  EXPECT_EQ(regularizers::get("regularizer")(w), 0);
  EXPECT_DOUBLE_EQ(regularizers::make("L1L2", {{"l1", 0.5}, {"l2", 2}})(w), 4 + 52);
  // Backwards every second: 1 and -4.
  EXPECT_DOUBLE_EQ(
      regularizers::make("L2", {{"l2", 1}})(TensorView(kWeights + 3, DType::f64, {2}, {-2})), 17);
  // Rows (3, -4) and (0, 1) as unit vectors have the dot product -0.8.
  EXPECT_DOUBLE_EQ(
      regularizers::make("OrthogonalRegularizer", {{"factor", 0.5}})(TensorView(kWeights, {2, 2})),
      0.4);
  // Columns (3, 0) and (-4, 1): -12 / (3 sqrt 17).
  EXPECT_DOUBLE_EQ(
      regularizers::make("OrthogonalRegularizer",
                         {{"factor", 1}, {"mode", "columns"}})(TensorView(kWeights, {2, 2})),
      4 / std::sqrt(17.0));
  const Regularizer own(
      "own", [](const TensorView& x) { return 2.0 * static_cast<double>(x.elements()); });
  EXPECT_EQ(own(w), 8);
}

TEST(KerasRegularizers, EveryNameRoundTrips) {
  std::set<std::string> seen;
  for (const std::string& name : regularizers::names()) {
    EXPECT_TRUE(seen.insert(name).second) << name;
    const Value config = regularizers::get(name).serialize();
    EXPECT_EQ(*config.dict()->at("module").string(), "keras.regularizers");
    EXPECT_EQ(regularizers::get(config).serialize().text(), config.text()) << name;
  }
  EXPECT_EQ(seen.size(), 10u);
  // Keras rounds the factor of L1 to float32, not that of L2.
  EXPECT_EQ(regularizers::get("l1").serialize().dict()->at("config").text(),
            R"({"l1": 0.009999999776482582})");
  EXPECT_EQ(regularizers::get("l2").serialize().dict()->at("config").text(), R"({"l2": 0.01})");
  EXPECT_FALSE(regularizers::get(nullptr).has_value());
}

TEST(KerasRegularizers, Refusals) {
  const auto made = [](const char* name, const char* parameter, const Value& value) {
    const tests::Refusal r = refusal([&] { regularizers::make(name, {{parameter, value}}); });
    return r.argument + ' ' + std::string(tconv::name(r.kind));
  };
  EXPECT_EQ(made("L1", "l1", -1), "l1 ValueError");
  EXPECT_EQ(made("L2", "l2", "a"), "l2 ValueError");
  EXPECT_EQ(made("L2", "l2", HUGE_VAL), "l2 ValueError");
  EXPECT_EQ(made("L2", "l1", 1), "l1 TypeError");
  EXPECT_EQ(made("L1L2", "l2", std::nan("")), "l2 ValueError");
  EXPECT_EQ(made("OrthogonalRegularizer", "mode", "diag"), "mode ValueError");
  EXPECT_EQ(made("l1", "l1", nullptr), " ValueError") << "null is the default";
  EXPECT_EQ(refusal([] { regularizers::get("l1_l2", "kernel_regularizer"); }).argument,
            "kernel_regularizer");
  const auto called = [](const char* name, const TensorView& w) {
    const tests::Refusal r = refusal([&] { regularizers::get(name)(w); });
    return r.argument + ' ' + std::string(tconv::name(r.kind));
  };
  const std::int32_t integers[1] = {1};
  EXPECT_EQ(called("orthogonal_regularizer", TensorView(kWeights, {1, 2, 2})), "kernel ValueError");
  EXPECT_EQ(called("orthogonal_regularizer", TensorView(kWeights, {1, 4})), "kernel ValueError");
  EXPECT_EQ(called("l1", TensorView(integers, {1})), "kernel TypeError");
  EXPECT_EQ(called("l1", {}), "kernel TypeError");
  EXPECT_EQ(refusal([] { Regularizer()(TensorView(kWeights, {1})); }).argument, "regularizer");
}

std::vector<double> projected(const Constraint& constraint, const Dims& shape) {
  const OwnedTensor y = constraint(TensorView(kWeights, shape));
  return {y.as<double>().begin(), y.as<double>().end()};
}

void expect_near(const std::vector<double>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t x = 0; x < got.size(); ++x) EXPECT_NEAR(got[x], expected[x], 1e-6) << x;
}

TEST(KerasConstraints, Projections) {
  EXPECT_EQ(projected(constraints::get("non_neg"), {4}), (std::vector<double>{3, 0, 0, 1}));
  EXPECT_EQ(projected(constraints::get("constraint"), {4}), (std::vector<double>{3, -4, 0, 1}));
  // Norms of the columns of [[3, -4], [0, 1]]: 3 and sqrt 17.
  const double r = std::sqrt(17.0);
  expect_near(projected(constraints::get("unit_norm"), {2, 2}), {1, -4 / r, 0, 1 / r});
  expect_near(projected(constraints::get("max_norm"), {2, 2}), {2, -8 / r, 0, 2 / r});
  expect_near(projected(constraints::make("MaxNorm", {{"max_value", 4}, {"axis", -1}}), {2, 2}),
              {2.4, -3.2, 0, 1});
  expect_near(projected(constraints::make("UnitNorm", {{"axis", nullptr}}), {2, 2}),
              {3 / std::sqrt(26.0), -4 / std::sqrt(26.0), 0, 1 / std::sqrt(26.0)});
  // Halfway from norm 1 to 2, and from 5 to 3.
  expect_near(
      projected(constraints::make(
                    "MinMaxNorm",
                    {{"min_value", 2}, {"max_value", 3}, {"rate", 0.5}, {"axis", Value::List{1}}}),
                {2, 2}),
      {2.4, -3.2, 0, 1.5});
  EXPECT_EQ(constraints::get("unit_norm")(TensorView(kWeights, {0, 3})).elements(), 0);
  const Constraint own("own",
                       [](const TensorView& w) { return OwnedTensor(w.dtype(), w.shape()); });
  EXPECT_EQ(projected(own, {4}), (std::vector<double>{0, 0, 0, 0}));
}

TEST(KerasConstraints, EveryNameRoundTrips) {
  std::set<std::string> seen;
  for (const std::string& name : constraints::names()) {
    EXPECT_TRUE(seen.insert(name).second) << name;
    const Value config = constraints::get(name).serialize();
    EXPECT_EQ(*config.dict()->at("module").string(), "keras.constraints");
    EXPECT_EQ(constraints::get(config).serialize().text(), config.text()) << name;
  }
  EXPECT_EQ(seen.size(), 10u);
  EXPECT_EQ(constraints::make("MaxNorm", {{"max_value", 3}, {"axis", Value::List{0, 1}}})
                .serialize()
                .dict()
                ->at("config")
                .text(),
            R"({"axis": [0, 1], "max_value": 3})");
}

TEST(KerasConstraints, Refusals) {
  const auto made = [](const char* name, const char* parameter, const Value& value) {
    const tests::Refusal r = refusal([&] {
      constraints::make(name, {{parameter, value}})(TensorView(kWeights, {2, 2}));
    });
    return r.argument + ' ' + std::string(tconv::name(r.kind));
  };
  EXPECT_EQ(made("UnitNorm", "axis", 2), "axis InvalidArgument");
  EXPECT_EQ(made("UnitNorm", "axis", -3), "axis InvalidArgument");
  EXPECT_EQ(made("UnitNorm", "axis", Value::List{0, -2}), "axis InvalidArgument") << "twice";
  EXPECT_EQ(made("UnitNorm", "axis", "0"), "axis TypeError");
  EXPECT_EQ(made("MaxNorm", "max_value", "a"), "max_value TypeError");
  EXPECT_EQ(made("MaxNorm", "max_value", std::nan("")), "max_value ValueError");
  EXPECT_EQ(made("MinMaxNorm", "min_value", 2), "max_value ValueError");
  EXPECT_EQ(made("NonNeg", "axis", 0), "axis TypeError");
  EXPECT_EQ(refusal([] { constraints::get("nonneg", "bias_constraint"); }).argument,
            "bias_constraint");
  const Constraint wrong("wrong", [](const TensorView& w) { return OwnedTensor(w.dtype(), {1}); });
  EXPECT_EQ(refusal([&] { projected(wrong, {4}); }).argument, "constraint");
}

}  // namespace
}  // namespace tconv
