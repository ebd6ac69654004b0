// What tf.nn refuses: kind and argument of every rule; of two faults the one that TensorFlow finds
// first; values of any kind whatsoever.
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>

#include "tconv/call.hpp"
#include "tconv/tf.hpp"
#include "tests/support/sanitizer.h"

namespace tconv {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

Value ones(const Dims& shape, DType dtype = DType::f32) { return OwnedTensor(dtype, shape); }

Value list(std::initializer_list<std::int64_t> values) {
  return Value::list({values.begin(), values.size()});
}

struct Fault {
  std::string argument;  // that it changes and that is blamed
  ErrorKind kind;
  Value value;
};

Value::Dict good_2d() {
  return {{"input", ones({2, 3, 4, 5})},
          {"filters", ones({3, 2, 6, 5})},
          {"output_shape", list({2, 6, 8, 6})},
          {"strides", 2}};
}
Value::Dict good_3d() {
  return {{"input", ones({2, 3, 4, 1, 5})},
          {"filters", ones({3, 2, 1, 6, 5})},
          {"output_shape", list({2, 6, 8, 2, 6})},
          {"strides", 2}};
}

constexpr ErrorKind kValue = ErrorKind::value_error, kType = ErrorKind::type_error,
                    kInvalid = ErrorKind::invalid_argument,
                    kUnimplemented = ErrorKind::unimplemented;

// In the order in which the 2-D kernel finds them.
std::vector<Fault> faults_2d() {
  return {
      {"strides", kValue, list({2, 2, 2})},
      {"dilations", kValue, list({1, 1, 1})},
      {"padding", kValue, "EXPLICIT"},
      {"strides", kType, "2"},
      {"padding", kType, 7},
      {"padding", kInvalid, "same"},
      {"data_format", kInvalid, "NWC"},
      {"dilations", kType, Value::List{"a"}},
      {"filters", kInvalid, ones({3, 2, 6, 5}, DType::f64)},
      {"output_shape", kType, Value::List{2, 6.5, 8, 6}},
      {"strides", kUnimplemented, list({2, 2, 2, 1})},
      {"strides", kInvalid, list({1, 0, 2, 1})},
      {"dilations", kUnimplemented, list({1, 1, 1, 2})},
      {"dilations", kInvalid, 0},
      {"padding", kInvalid, Value::List{list({0, 0}), list({0, -1}), list({0, 0}), list({0, 0})}},
      {"input", kInvalid, ones({2, 3, 5})},
      {"output_shape", kInvalid, Value::List{list({2, 6, 8, 6})}},
      {"output_shape", kInvalid, list({2, -6, 8, 6})},
      {"output_shape", kInvalid, list({2, 6, 8})},
      {"output_shape", kInvalid, list({2, 2147483647, 2147483647, 2147483647})},
      {"filters", kInvalid, ones({3, 2, 6})},
      {"output_shape", kInvalid, list({3, 6, 8, 6})},
      {"filters", kInvalid, ones({3, 2, 0, 5})},
      {"output_shape", kInvalid, list({2, 6, 8, 7})},
      {"filters", kInvalid, ones({3, 2, 6, 4})},
      {"output_shape", kInvalid, list({2, 6, 9, 6})}};
}
std::vector<Fault> faults_3d() {
  return {{"strides", kValue, list({2, 2})},
          {"dilations", kValue, list({1, 1})},
          {"padding", kType, Value::List{list({0, 0})}},
          {"padding", kInvalid, "EXPLICIT"},
          {"data_format", kInvalid, "NHWC"},
          {"filters", kInvalid, ones({3, 2, 1, 6, 5}, DType::f64)},
          {"output_shape", kInvalid, Value::List{2, 6.5, 8, 2, 6}},
          {"strides", kInvalid, list({2, 2, 2, 2, 1})},
          {"dilations", kInvalid, list({1, 1, 1, 1, 2})},
          {"dilations", kInvalid, 0},
          {"output_shape", kInvalid, list({2, 6, -8, 2, 6})},
          {"output_shape", kInvalid, list({2, 6, 8, 2})},
          {"filters", kInvalid, ones({3, 2, 6, 5})},
          {"input", kInvalid, ones({2, 3, 4, 5})},
          {"output_shape", kInvalid, list({2, 6, 8, 2, 7})},
          {"filters", kInvalid, ones({3, 2, 1, 6, 4})},
          {"output_shape", kInvalid, list({3, 6, 8, 2, 6})},
          {"filters", kInvalid, ones({3, 2, 1, 0, 5})},
          {"strides", kInvalid, list({1, 0, 2})},
          {"output_shape", kInvalid, list({2, 6, 9, 2, 6})}};
}

std::string refused(const std::string& api, const Value::Dict& arguments, const Fault& fault) {
  try {
    call(api, arguments);
    return "not refused";
  } catch (const FrontError& e) {
    if (e.kind() == fault.kind && e.argument() == fault.argument) return "";
    return std::string(name(e.kind())) + " for " + e.argument() + ": " + e.what();
  }
}

// Found after the check that the output's channels are a multiple of those of the filter, which no
// number is of 0: the filter is to blame whatever the channels are.
bool hidden(const Fault& fault) {
  const TensorValue* tensor = fault.value.tensor();
  return fault.argument == "filters" && tensor != nullptr && tensor->view.rank() == 5 &&
         tensor->view.shape()[3] == 0;
}

void expect_order(const std::string& api, const Value::Dict& good,
                  const std::vector<Fault>& faults) {
  ASSERT_NO_THROW(call(api, good));
  for (std::size_t a = 0; a < faults.size(); ++a) {
    Value::Dict one = good;
    one[faults[a].argument] = faults[a].value;
    EXPECT_EQ(refused(api, one, faults[a]), "") << api << ' ' << a;
    for (std::size_t b = a + 1; b < faults.size(); ++b) {
      if (faults[b].argument == faults[a].argument || hidden(faults[b])) continue;
      Value::Dict two = one;
      two[faults[b].argument] = faults[b].value;
      EXPECT_EQ(refused(api, two, faults[a]), "") << api << ' ' << a << " before " << b;
    }
  }
}

TEST(TfErrors, TheFirstOfTwoFaults) {
  expect_order("tf.nn.conv2d_transpose", good_2d(), faults_2d());
  expect_order("tf.nn.conv3d_transpose", good_3d(), faults_3d());
}

TEST(TfErrors, OtherRules) {
  const auto expect = [](const std::string& api, Value::Dict arguments, const Fault& fault) {
    arguments[fault.argument] = fault.value;
    EXPECT_EQ(refused(api, arguments, fault), "") << api << ' ' << fault.value.text();
  };
  const std::string two = "tf.nn.conv2d_transpose";
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e300}) {
    expect(two, good_2d(), {"strides", kType, bad});
    expect(two, good_2d(), {"dilations", kType, Value::List{bad, bad}});
    expect(two, good_2d(), {"output_shape", kType, Value::List{2, bad, 8, 6}});
  }
  expect(two, good_2d(), {"output_shape", kInvalid, list({2, std::int64_t{1} << 40, 8, 6})});
  expect(two, good_2d(), {"output_shape", kInvalid, list({2, 6, 8, 0})});
  expect(two, good_2d(), {"output_shape", kValue, nullptr});
  expect(two, good_2d(), {"output_shape", kInvalid, 8});
  expect(two, good_2d(), {"output_shape", kInvalid, list({2, 6, 8, 6, 1, 1, 1, 1, 1, 1, 1})});
  expect(two, good_2d(), {"filters", kInvalid, ones({0, 2, 6, 5})});
  expect(two, good_2d(), {"filters", kValue, nullptr});
  expect(two, good_2d(), {"input", kValue, nullptr});
  expect(two, good_2d(), {"input", kType, list({1, 2})});
  Value::Dict groups = good_2d();
  groups["filters"] = ones({3, 2, 3, 5});  // 2 groups of 5 channels
  EXPECT_EQ(refused(two, groups, {"output_shape", kInvalid, {}}), "");
  Value::Dict huge = good_2d();
  huge["strides"] = kMost;
  EXPECT_EQ(refused(two, huge, {"output_shape", kInvalid, {}}), "");
  Value::Dict truncated = good_2d();
  truncated["strides"] = 2.9;
  EXPECT_NO_THROW(call(two, truncated));
  truncated["strides"] = 1.9;  // counts as 1
  EXPECT_EQ(refused(two, truncated, {"strides", kInvalid, {}}), "");
  expect(two, good_2d(), {"dilations", kInvalid, kMost});
  expect(two, good_2d(), {"strides", kValue, list({})});
  expect(two, good_2d(), {"strides", kValue, Value::List(100000, 1)});
  expect(two, good_2d(), {"name", kType, list({1})});
  expect(two, good_2d(), {"value", kType, 1});
  expect(two, good_2d(), {"data_format", kType, 5});
  expect("tf.nn.conv_transpose", good_2d(), {"output_shape", kValue, list({6, 8})});
  Value::Dict missing = good_2d();
  missing.erase("strides");
  EXPECT_EQ(refused(two, missing, {"strides", kType, {}}), "");
  for (const DType dtype : {DType::i8, DType::u8, DType::i64, DType::boolean, DType::c64}) {
    const std::vector<char> memory(16 * 120);
    expect(two, good_2d(), {"input", kInvalid, TensorView(memory.data(), dtype, {2, 3, 4, 5})});
  }
}

TEST(TfErrors, HugeNumbersThatAreLegal) {
  // One position and one tap: no step is ever taken, however long.
  const OwnedTensor x(DType::f32, {1, 1, 1, 1}), w(DType::f32, {1, 1, 1, 1});
  EXPECT_EQ(tf::nn::conv2d_transpose(x, w, {1, 1, 1, 1}, kMost, "SAME", {}, kMost).elements(), 1);
  const OwnedTensor w3(DType::f32, {3, 3, 1, 1});
  try {
    tf::nn::conv2d_transpose(x, w3, {1, 1, 1, 1}, 1, "SAME", {}, kMost);
    ADD_FAILURE() << "a reach of 2^64";
  } catch (const FrontError& e) {
    EXPECT_EQ(e.argument(), "dilations");
  }
}

TEST(TfErrors, VersionOne) {
  const std::string api = "tf.compat.v1.nn.conv3d_transpose";
  Value::Dict good = good_3d();
  const auto rename = [&](const char* from, const char* to) {
    auto node = good.extract(from);
    node.key() = to;
    good.insert(std::move(node));
  };
  rename("filters", "filter");
  // `value` has no default.
  EXPECT_EQ(refused(api, good, {"value", kType, {}}), "");
  good["value"] = nullptr;
  EXPECT_NO_THROW(call(api, good));
  good["value"] = good["input"];
  EXPECT_EQ(refused(api, good, {"input", kValue, {}}), "");
  good.erase("input");
  EXPECT_NO_THROW(call(api, good));
  good["filters"] = good["filter"];
  EXPECT_EQ(refused(api, good, {"filters", kValue, {}}), "");
  good["filter"] = ones({1, 1, 1, 6, 4});
  good.erase("filters");
  EXPECT_EQ(refused(api, good, {"filter", kInvalid, {}}), "");
}

TEST(TfErrors, TypedFunctions) {
  const OwnedTensor x(DType::f32, {2, 3, 4, 5}), w(DType::f32, {3, 2, 6, 5});
  const auto expect = [](ErrorKind kind, const std::string& argument,
                         const std::function<void()>& body) {
    try {
      body();
      ADD_FAILURE() << "not refused: " << argument;
    } catch (const FrontError& e) {
      EXPECT_EQ(e.kind(), kind) << e.what();
      EXPECT_EQ(e.argument(), argument) << e.what();
    }
  };
  using namespace tf::nn;
  expect(kValue, "strides", [&] { conv2d_transpose(x, w, {2, 6, 8, 6}, {2, 2, 2}); });
  expect(kValue, "input", [&] { conv2d_transpose({}, w, {2, 6, 8, 6}, 2); });
  expect(kValue, "filters", [&] { conv2d_transpose(x, {}, {2, 6, 8, 6}, 2); });
  expect(kValue, "output_shape", [&] { conv2d_transpose(x, w, {}, 2); });
  expect(kValue, "output_shape", [&] { conv_transpose(x, w, 3, 2); });
  expect(kType, "output_shape", [&] { conv1d_transpose(x, w, 3, 2); });
  expect(kInvalid, "output_shape", [&] { conv2d_transpose(x, w, 3, 2); });
  expect(kType, "padding", [&] {
    conv3d_transpose(x, w, {1, 1, 1, 1, 1}, 2, {{0, 0}, {0, 0}, {0, 0}, {0, 0}});
  });
  expect(kValue, "padding", [&] { conv2d_transpose(x, w, {2, 6, 8, 6}, 2, {{0, 0}}); });
  expect(kValue, "output", [&] { conv2d_transpose_to({}, x, w, 2); });
  OwnedTensor wrong(DType::f64, {2, 6, 8, 6});
  expect(kInvalid, "output", [&] { conv2d_transpose_to(wrong.mutable_view(), x, w, 2); });
  for (const double element : wrong.as<double>()) EXPECT_EQ(element, 0);
}

// Values of every kind, near what is right and far from it.
class Fuzz {
 public:
  explicit Fuzz(std::uint32_t seed) : engine_(seed) {}
  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(engine_);
  }

  std::int64_t integer() {
    constexpr std::int64_t odd[] = {0, -1, 7, 1 << 30, std::int64_t{1} << 40, kMost, -kMost - 1};
    return below(4) == 0 ? odd[below(std::size(odd))] : static_cast<std::int64_t>(below(6)) + 1;
  }

  Value value(int depth = 0) {
    switch (below(depth < 3 ? 10 : 6)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return integer();
      case 3: {
        constexpr double odd[] = {0, 1.5, 2.0, -1, 1e300, HUGE_VAL};
        return below(6) == 0 ? std::nan("") : odd[below(std::size(odd))];
      }
      case 4: {
        constexpr const char* words[] = {"",     "SAME", "VALID", "EXPLICIT", "NHWC",
                                         "NCHW", "NWC",  "NCDHW", "2",        "same"};
        return words[below(std::size(words))];
      }
      case 5:
        return tensor();
      case 6: {
        Value::Dict dict;
        dict["tensor"] = value(depth + 1);
        return dict;
      }
      default: {
        Value::List values(below(7));
        const bool plain = below(2) == 0;
        for (Value& element : values) element = plain ? Value(integer()) : value(depth + 1);
        return values;
      }
    }
  }

  Value tensor() {
    constexpr DType types[] = {DType::f32, DType::f32,  DType::f32, DType::f64,
                               DType::f16, DType::bf16, DType::i32};
    Dims shape;
    for (std::size_t axis = below(7); axis > 0; --axis)
      shape.push_back(static_cast<std::int64_t>(below(5)));
    return ones(shape, types[below(std::size(types))]);
  }

 private:
  std::mt19937 engine_;
};

TEST(TfErrors, AnyValueWhatsoever) {
  constexpr const char* names[] = {"input",   "filters",   "output_shape", "strides",
                                   "padding", "dilations", "data_format",  "name",
                                   "value",   "filter",    "nonsense"};
  Fuzz fuzz(7);
  int results = 0, errors = 0;
  const int count = tests::fewer(20000);
  for (int round = 0; round < count; ++round) {
    const bool flat = fuzz.below(2) == 0;
    Value::Dict arguments = flat ? good_2d() : good_3d();
    std::string api = flat ? "tf.nn.conv2d_transpose" : "tf.nn.conv3d_transpose";
    if (fuzz.below(4) == 0) api = front_doors()[fuzz.below(front_doors().size())];
    if (!api.starts_with("tf.")) continue;
    for (std::size_t changes = fuzz.below(3) + 1; changes > 0; --changes)
      arguments[names[fuzz.below(std::size(names))]] = fuzz.value();
    try {
      const Value result = call(api, arguments);
      ASSERT_NE(result.tensor(), nullptr);
      ++results;
    } catch (const FrontError& e) {
      ASSERT_FALSE(e.argument().empty()) << e.what();
      ++errors;
    }
  }
  EXPECT_GT(results, count / 200);
  EXPECT_GT(errors, count / 2);
}

}  // namespace
}  // namespace tconv
