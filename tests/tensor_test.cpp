// Views, owners and values of the front doors.
#include "tconv/tensor.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tconv/call.hpp"

namespace tconv {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

template <class Body>
void expect_refused(ErrorKind kind, const std::string& argument, const std::string& word,
                    Body&& body) {
  try {
    body();
    ADD_FAILURE() << "not refused: " << word;
  } catch (const FrontError& e) {
    EXPECT_EQ(e.kind(), kind) << e.what();
    EXPECT_EQ(e.argument(), argument) << e.what();
    EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
  }
}

std::vector<float> iota(int count) {
  std::vector<float> r(static_cast<std::size_t>(count));
  for (int x = 0; x < count; ++x) r[static_cast<std::size_t>(x)] = static_cast<float>(x);
  return r;
}

TEST(TensorView, WhatItCannotBe) {
  const float one = 1;
  expect_refused(ErrorKind::invalid_argument, "tensor", "null", [] {
    TensorView(nullptr, DType::f32, {1, 2});
  });
  expect_refused(ErrorKind::invalid_argument, "tensor", "negative", [&] {
    TensorView(&one, {2, -1});
  });
  expect_refused(ErrorKind::invalid_argument, "tensor", "more elements", [&] {
    TensorView(&one, {kMost, 2});
  });
  expect_refused(ErrorKind::invalid_argument, "tensor", "more elements",
                 [&] { TensorView(&one, {std::int64_t{1} << 60}); });
  expect_refused(ErrorKind::invalid_argument, "tensor", "1 strides", [&] {
    TensorView(&one, DType::f32, {2, 2}, {1});
  });
  for (const std::int64_t stride : {kMost, -kMost, std::numeric_limits<std::int64_t>::min(),
                                    std::int64_t{1} << 61, std::int64_t{1} << 58})
    expect_refused(ErrorKind::invalid_argument, "tensor", "strides",
                   [&] { TensorView(&one, DType::f32, {2}, {stride}); });
  expect_refused(ErrorKind::invalid_argument, "tensor", "axes", [&] {
    TensorView(&one, {1, 1, 1, 1, 1, 1, 1, 1, 1});
  });
}

TEST(TensorView, EmptyNeedsNoPointer) {
  const TensorView view(nullptr, DType::f16, {2, 0, 3});
  EXPECT_TRUE(view.has_value());
  EXPECT_TRUE(view.is_dense());
  EXPECT_EQ(view.elements(), 0);
  EXPECT_FALSE(TensorView().has_value());
  EXPECT_EQ(TensorView(nullptr, DType::f32, {kMost, kMost, 0}).elements(), 0);
}

TEST(TensorView, StridesOfAnyKindAreRead) {
  const std::vector<float> data = iota(24);
  const auto copied = [](const TensorView& view) {
    const OwnedTensor copy = OwnedTensor::copy(view);
    EXPECT_EQ(copy.shape(), view.shape());
    const auto values = copy.as<float>();
    return std::vector<float>(values.begin(), values.end());
  };
  EXPECT_TRUE(TensorView(data.data(), DType::f32, {2, 3, 4}, {12, 4, 1}).is_dense());
  EXPECT_TRUE(TensorView(data.data(), DType::f32, {1, 3, 4}, {99, 4, 1}).is_dense());
  const TensorView transposed(data.data(), DType::f32, {2, 3}, {1, 2});
  EXPECT_FALSE(transposed.is_dense());
  EXPECT_EQ(copied(transposed), (std::vector<float>{0, 2, 4, 1, 3, 5}));
  const TensorView reversed(data.data() + 5, DType::f32, {2, 3}, {-3, -1});
  EXPECT_EQ(copied(reversed), (std::vector<float>{5, 4, 3, 2, 1, 0}));
  const TensorView repeated(data.data() + 7, DType::f32, {2, 2}, {0, 1});
  EXPECT_EQ(copied(repeated), (std::vector<float>{7, 8, 7, 8}));
  const TensorView sliced(data.data() + 1, DType::f32, {2, 2, 2}, {12, 4, 2});
  EXPECT_EQ(copied(sliced), (std::vector<float>{1, 3, 5, 7, 13, 15, 17, 19}));
}

TEST(MutableTensorView, EveryElementHasOnePlace) {
  std::vector<float> data(24);
  const auto view = [&](const Dims& shape, const Dims& strides) {
    return MutableTensorView(data.data(), DType::f32, shape, strides);
  };
  EXPECT_NO_THROW(view({2, 3, 4}, {12, 4, 1}));
  EXPECT_NO_THROW(view({4, 3, 2}, {1, 4, 12}));
  EXPECT_NO_THROW(view({1, 3}, {0, 1}));
  for (const Dims& strides : {Dims{0, 1}, Dims{1, 1}, Dims{2, 1}})
    expect_refused(ErrorKind::invalid_argument, "output", "twice", [&] { view({2, 3}, strides); });
}

TEST(OwnedTensor, TypesAndSizesThatItRefuses) {
  expect_refused(ErrorKind::type_error, "tensor", "int8", [] { OwnedTensor(DType::i8, {2}); });
  expect_refused(ErrorKind::type_error, "tensor", "uint64", [] { OwnedTensor(DType::u64, {2}); });
  expect_refused(ErrorKind::invalid_argument, "tensor", "elements", [] {
    OwnedTensor(DType::f64, {kMost / 2, 3});
  });
  expect_refused(ErrorKind::type_error, "tensor", "float32",
                 [] { (void)OwnedTensor(DType::f32, {2}).as<double>(); });
  try {
    OwnedTensor(DType::f64, {std::int64_t{1} << 50});
    ADD_FAILURE() << "memory for 2^53 bytes";
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), Status::out_of_memory);
  }
}

TEST(OwnedTensor, BeginsWithZerosAndMoves) {
  OwnedTensor tensor(DType::f64, {2, 3});
  for (const double x : tensor.as<double>()) EXPECT_EQ(x, 0);
  tensor.as<double>()[4] = 7;
  const OwnedTensor moved = std::move(tensor);
  EXPECT_EQ(moved.as<double>()[4], 7);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(moved.data()) % 64, 0U);
}

TEST(Value, KindsAndText) {
  EXPECT_EQ(Value(true).kind(), "bool");
  EXPECT_EQ(Value(true).integer(), nullptr);
  EXPECT_EQ(Value(2).number(), nullptr);
  EXPECT_EQ(Value(2.0).text(), "2.0");
  EXPECT_EQ(Value(Value::List{1, "a", nullptr, 1.5}).text(), R"([1, "a", null, 1.5])");
  EXPECT_EQ(Value(Value::Dict{{"k", Value::List{}}}).text(), R"({"k": []})");
  EXPECT_EQ(Value(OwnedTensor(DType::bf16, {2, 1})).text(), "bfloat16[2, 1]");
  EXPECT_LE(Value(std::string(1000, 'x')).text().size(), 90U);
  EXPECT_LE(Value(Value::List(100000, Value(7))).text().size(), 90U);
  Value deep;
  for (int level = 0; level < 1000; ++level) deep = Value::List{deep};
  EXPECT_LE(deep.text().size(), 90U);
}

TEST(ErrorKind, WhatLibrariesRaise) {
  EXPECT_EQ(error_kind_named("RuntimeError"), ErrorKind::invalid_argument);
  EXPECT_EQ(error_kind_named("Fail"), ErrorKind::invalid_argument);
  EXPECT_EQ(error_kind_named("KeyError"), ErrorKind::value_error);
  EXPECT_EQ(error_kind_named("AttributeError"), ErrorKind::type_error);
  EXPECT_EQ(error_kind_named("Nonsense"), std::nullopt);
  for (const ErrorKind kind : {ErrorKind::value_error, ErrorKind::type_error,
                               ErrorKind::invalid_argument, ErrorKind::unimplemented})
    EXPECT_EQ(error_kind_named(name(kind)), kind);
}

TEST(Call, UnknownNames) {
  expect_refused(ErrorKind::value_error, "api", "no front door", [] { call("tf.nn.softmax", {}); });
  EXPECT_FALSE(is_front_door("tf.nn.softmax"));
  for (const std::string& api : front_doors()) EXPECT_TRUE(is_front_door(api));
}

}  // namespace
}  // namespace tconv
