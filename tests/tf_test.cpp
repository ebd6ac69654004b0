// tf.nn and tf.compat.v1.nn: results against a scatter that knows TensorFlow's rules and nothing of
// ours; typed, dynamic, packed and strided calls give the same bits.
#include "tconv/tf.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "tconv/call.hpp"
#include "tests/support/sanitizer.h"

namespace tconv {
namespace {

using Ints = std::vector<std::int64_t>;

// A legal call, channels-last: sizes per spatial axis.
struct Call {
  int rank = 2;
  bool first = false;  // channels-first
  std::int64_t n = 1, ic = 1, oc = 1, g = 1;
  Ints i, k, s, d, o, before, after;
  std::string padding;  // SAME VALID EXPLICIT

  Dims shape(std::int64_t channels, const Ints& sizes) const {
    Dims r{n};
    if (first) r.push_back(channels);
    for (const std::int64_t size : sizes) r.push_back(size);
    if (!first) r.push_back(channels);
    return r;
  }
  Dims filter_shape() const {
    Dims r;
    for (const std::int64_t size : k) r.push_back(size);
    r.push_back(oc / g);
    r.push_back(ic);
    return r;
  }
  const char* format() const {
    constexpr const char* names[2][3] = {{"NWC", "NHWC", "NDHWC"}, {"NCW", "NCHW", "NCDHW"}};
    return names[first ? 1 : 0][rank - 1];
  }
};

// Places in every tensor, from coordinates.
std::int64_t place(const Call& c, std::int64_t channels, const Ints& sizes, std::int64_t n,
                   const Ints& at, std::int64_t channel) {
  std::int64_t r = n;
  if (c.first) r = r * channels + channel;
  for (std::size_t axis = 0; axis < sizes.size(); ++axis) r = r * sizes[axis] + at[axis];
  return c.first ? r : r * channels + channel;
}

template <class Body>
void for_each(const Ints& sizes, Body&& body) {
  Ints at(sizes.size(), 0);
  for (const std::int64_t size : sizes)
    if (size == 0) return;
  while (true) {
    body(at);
    std::size_t axis = sizes.size();
    while (axis > 0 && ++at[axis - 1] == sizes[axis - 1]) at[--axis] = 0;
    if (axis == 0) return;
  }
}

std::vector<double> scatter(const Call& c, const std::vector<double>& x,
                            const std::vector<double>& w) {
  Ints crop(c.i.size(), 0);
  for (std::size_t axis = 0; axis < c.i.size(); ++axis) {
    const std::int64_t reach = (c.k[axis] - 1) * c.d[axis] + 1;
    if (c.padding == "SAME")
      crop[axis] = std::max<std::int64_t>((c.i[axis] - 1) * c.s[axis] + reach - c.o[axis], 0) / 2;
    if (c.padding == "EXPLICIT") crop[axis] = c.before[axis];
  }
  const std::optional<std::int64_t> count = element_count(c.shape(c.oc, c.o));
  std::vector<double> y(static_cast<std::size_t>(*count));
  const std::int64_t group_ic = c.ic / c.g, group_oc = c.oc / c.g;
  for (std::int64_t n = 0; n < c.n; ++n)
    for_each(c.i, [&](const Ints& i) {
      for_each(c.k, [&](const Ints& t) {
        Ints o(c.i.size());
        std::int64_t tap = 0;
        for (std::size_t axis = 0; axis < o.size(); ++axis) {
          o[axis] = i[axis] * c.s[axis] + t[axis] * c.d[axis] - crop[axis];
          if (o[axis] < 0 || o[axis] >= c.o[axis]) return;
          tap = tap * c.k[axis] + t[axis];
        }
        for (std::int64_t ic = 0; ic < c.ic; ++ic)
          for (std::int64_t oc = 0; oc < group_oc; ++oc)
            y[static_cast<std::size_t>(place(c, c.oc, c.o, n, o, ic / group_ic * group_oc + oc))] +=
                x[static_cast<std::size_t>(place(c, c.ic, c.i, n, i, ic))] *
                w[static_cast<std::size_t>((tap * group_oc + oc) * c.ic + ic)];
      });
    });
  return y;
}

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::int64_t in(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }

  Call call(int rank) {
    Call c;
    c.rank = rank;
    c.first = in(0, 2) == 0;
    c.n = in(0, 12) == 0 ? 0 : in(1, 3);
    c.g = in(0, 3) == 0 ? in(2, 3) : 1;
    c.ic = c.g * in(in(0, 15) == 0 ? 0 : 1, 4);
    c.oc = c.g * in(1, 5);
    c.padding = std::vector<std::string>{
        "SAME", "VALID", "EXPLICIT"}[static_cast<std::size_t>(in(0, rank == 2 ? 2 : 1))];
    for (int axis = 0; axis < rank; ++axis) {
      const std::int64_t i = in(in(0, 15) == 0 ? 0 : 1, 5), k = in(1, 5), s = in(1, 4);
      const std::int64_t d = in(1, 3), reach = (k - 1) * d + 1;
      std::int64_t before = 0, after = 0, o = 0;
      // No more than the least natural length, so that an output remains.
      const std::int64_t most = std::max<std::int64_t>((i - 1) * s + reach, 0) / 2;
      if (c.padding == "EXPLICIT") before = in(0, most), after = in(0, most);
      if (c.padding == "SAME" && i == 0)
        o = 0;
      else if (c.padding == "SAME")
        o = in((i - 1) * s + 1, i * s);
      else  // floor((o + before + after - reach) / s) + 1 == i, with C's division
        o = in(std::max<std::int64_t>((i - 1) * s + reach, 0), (i - 1) * s + reach + s - 1) -
            before - after;
      c.i.push_back(i), c.k.push_back(k), c.s.push_back(s), c.d.push_back(d), c.o.push_back(o);
      c.before.push_back(before), c.after.push_back(after);
    }
    return c;
  }

 private:
  std::mt19937 engine_;
};

// Small integers, so that every sum is exact in every type but the narrow ones.
std::vector<double> numbers(const Dims& shape, std::int64_t step, std::int64_t modulus) {
  std::vector<double> r(static_cast<std::size_t>(*element_count(shape)));
  for (std::size_t x = 0; x < r.size(); ++x)
    r[x] = static_cast<double>(static_cast<std::int64_t>(x) * step % modulus - modulus / 2);
  return r;
}

template <class T>
OwnedTensor encode(const std::vector<double>& values, const Dims& shape) {
  OwnedTensor r(TensorView::dtype_of<T>(), shape);
  for (std::size_t x = 0; x < values.size(); ++x) r.as<T>()[x] = static_cast<T>(values[x]);
  return r;
}

tf::Padding padding_of(const Call& c, std::vector<tf::Padding::Pair>& pairs) {
  if (c.padding != "EXPLICIT") return {std::string_view(c.padding)};
  pairs.assign(4, {0, 0});
  for (std::size_t axis = 0; axis < 2; ++axis)
    pairs[axis + (c.first ? 2 : 1)] = {c.before[axis], c.after[axis]};
  return {std::span<const tf::Padding::Pair>(pairs)};
}

OwnedTensor typed(const Call& c, const TensorView& x, const tf::Filters& w) {
  std::vector<tf::Padding::Pair> pairs;
  const auto function = c.rank == 1   ? tf::nn::conv1d_transpose
                        : c.rank == 2 ? tf::nn::conv2d_transpose
                                      : tf::nn::conv3d_transpose;
  return function(x, w, c.shape(c.oc, c.o), c.s, padding_of(c, pairs), c.format(), c.d, {}, {});
}

Value::Dict by_name(const Call& c, const TensorView& x, const TensorView& w) {
  Value padding = c.padding;
  if (c.padding == "EXPLICIT") {
    Value::List pairs(4, Value::List{0, 0});
    for (std::size_t axis = 0; axis < 2; ++axis)
      pairs[axis + (c.first ? 2 : 1)] = Value::List{c.before[axis], c.after[axis]};
    padding = pairs;
  }
  return {{"input", x},
          {"filters", w},
          {"output_shape", Value::list(c.shape(c.oc, c.o).span())},
          {"strides", Value::list(c.s)},
          {"padding", padding},
          {"data_format", c.format()},
          {"dilations", Value::list(c.d)}};
}

template <class T>
void expect_scattered(const Call& c, const std::string& how) {
  const std::vector<double> x = numbers(c.shape(c.ic, c.i), 7, 11);
  const std::vector<double> w = numbers(c.filter_shape(), 5, 7);
  const OwnedTensor input = encode<T>(x, c.shape(c.ic, c.i));
  const OwnedTensor filter = encode<T>(w, c.filter_shape());
  const std::vector<double> expected = scatter(c, x, w);
  const OwnedTensor got = typed(c, input, filter);
  ASSERT_EQ(got.shape(), c.shape(c.oc, c.o)) << how;
  for (std::size_t e = 0; e < expected.size(); ++e)
    ASSERT_EQ(static_cast<double>(got.as<T>()[e]), expected[e]) << how << " element " << e;

  const auto expect_same = [&](const TensorView& other, const char* what) {
    const OwnedTensor dense = OwnedTensor::copy(other);
    ASSERT_EQ(dense.bytes(), got.bytes()) << what;
    EXPECT_EQ(std::memcmp(dense.data(), got.data(), got.bytes()), 0) << how << ' ' << what;
  };
  const std::string api = "tf.nn.conv" + std::to_string(c.rank) + "d_transpose";
  expect_same(call(api, by_name(c, input, filter)).tensor()->view, "by name");
  expect_same(call("tf.nn.conv_transpose", by_name(c, input, filter)).tensor()->view,
              "conv_transpose");
  const PackedFilters packed{filter};
  for (int round = 0; round < 2; ++round) expect_same(typed(c, input, packed), "packed");
}

TEST(Tf, AnyLegalCall) {
  Random random(1);
  const int count = tests::fewer(150);
  for (int round = 0; round < count; ++round)
    for (int rank = 1; rank <= 3; ++rank) {
      const Call c = random.call(rank);
      const std::string how = "round " + std::to_string(round) + " rank " + std::to_string(rank) +
                              " " + c.padding + " " + c.format();
      expect_scattered<float>(c, how);
      if (round % 4 == 0) expect_scattered<double>(c, how + " f64");
      if (round % 4 == 1 && rank < 3) expect_scattered<std::int32_t>(c, how + " i32");
      if (HasFailure()) return;
    }
}

const OwnedTensor& small_input() {
  static const OwnedTensor x = encode<float>(numbers({2, 3, 4, 5}, 7, 11), {2, 3, 4, 5});
  return x;
}
const OwnedTensor& small_filter() {
  static const OwnedTensor w = encode<float>(numbers({3, 2, 6, 5}, 5, 7), {3, 2, 6, 5});
  return w;
}

bool same(const OwnedTensor& a, const OwnedTensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

TEST(Tf, FormsOfOneCall) {
  using namespace tf::nn;
  const OwnedTensor &x = small_input(), &w = small_filter();
  const OwnedTensor expected = conv2d_transpose(x, w, {2, 6, 8, 6}, {1, 2, 2, 1});
  EXPECT_TRUE(same(expected, conv2d_transpose(x, w, {2, 6, 8, 6}, 2)));
  EXPECT_TRUE(same(expected, conv2d_transpose(x, w, {2, 6, 8, 6}, {2})));
  EXPECT_TRUE(same(expected, conv2d_transpose(x, w, {2, 6, 8, 6}, {2, 2}, "SAME", {}, 1)));
  EXPECT_TRUE(same(expected, conv2d_transpose(x, w, {6, 8}, 2)));
  EXPECT_TRUE(same(expected, conv_transpose(x, w, {2, 6, 8, 6}, 2)));
  EXPECT_TRUE(
      same(expected, conv2d_transpose(x, w, {2, 6, 8, 6}, 2, {{0, 0}, {0, 1}, {0, 0}, {0, 0}})));
  namespace v1 = tf::compat::v1::nn;
  EXPECT_TRUE(same(expected, v1::conv2d_transpose(x, w, {2, 6, 8, 6}, 2)));
  EXPECT_TRUE(same(expected, v1::conv2d_transpose({}, {}, {2, 6, 8, 6}, {1, 2, 2, 1}, "SAME",
                                                  "NHWC", "name", x, w)));
  OwnedTensor output(DType::f32, {2, 6, 8, 6});
  conv2d_transpose_to(output.mutable_view(), x, w, 2);
  EXPECT_TRUE(same(expected, output));
  // Every other pixel of a wider row.
  OwnedTensor wide(DType::f32, {2, 6, 16, 6});
  const MutableTensorView slice(wide.as<float>().data(), DType::f32, {2, 6, 8, 6},
                                {576, 96, 12, 1});
  conv2d_transpose_to(slice, x, w, 2);
  EXPECT_TRUE(same(expected, OwnedTensor::copy(slice)));
}

TEST(Tf, OneAndThreeAxes) {
  using namespace tf::nn;
  const OwnedTensor x = encode<float>(numbers({2, 4, 3}, 7, 11), {2, 4, 3});
  const OwnedTensor w = encode<float>(numbers({3, 2, 3}, 5, 7), {3, 2, 3});
  const OwnedTensor line = conv1d_transpose(x, w, {2, 8, 2}, 2);
  // The batch's stride of 1-D has no effect (docs/frontends.md).
  EXPECT_TRUE(same(line, conv1d_transpose(x, w, {2, 8, 2}, {7, 2, 1})));
  OwnedTensor output(DType::f32, {2, 8, 2});
  conv1d_transpose_to(output.mutable_view(), x, w, 2);
  EXPECT_TRUE(same(line, output));
  const TensorView x3(x.data(), DType::f32, {2, 1, 1, 4, 3});
  const TensorView w3(w.data(), DType::f32, {1, 1, 3, 2, 3});
  OwnedTensor output3(DType::f32, {2, 1, 1, 8, 2});
  conv3d_transpose_to(output3.mutable_view(), x3, w3, {1, 1, 2});
  EXPECT_EQ(std::memcmp(output3.data(), line.data(), line.bytes()), 0);
  namespace v1 = tf::compat::v1::nn;
  EXPECT_TRUE(same(output3, v1::conv3d_transpose(x3, w3, {2, 1, 1, 8, 2}, {1, 1, 2})));
}

TEST(Tf, NarrowTypesRoundOnce) {
  // 300 products of 1 and one of 2^-7 (bf16 has 8 bits): the sum is 300.0078, rounded once 300.
  OwnedTensor x(DType::bf16, {1, 1, 301}), w(DType::bf16, {1, 1, 301});
  const auto bits = [](OwnedTensor& tensor) { return static_cast<std::uint16_t*>(tensor.data()); };
  for (int c = 0; c < 301; ++c) bits(x)[c] = bits(w)[c] = 0x3f80;
  bits(w)[300] = 0x3c00;
  const OwnedTensor y = tf::nn::conv1d_transpose(x, w, {1, 1, 1}, 1);
  EXPECT_EQ(static_cast<const std::uint16_t*>(y.data())[0], 0x4396);  // 300
}

}  // namespace
}  // namespace tconv
