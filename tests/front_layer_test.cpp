// A layer on views: any strides on either side give the bits of dense tensors, filters that were
// packed once those of filters that were not.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "runtime/frontends/layer.h"
#include "tconv/call.hpp"

namespace tconv::frontends {
namespace {

OwnedTensor filled(const Dims& shape, float first) {
  OwnedTensor r(DType::f32, shape);
  float value = first;
  for (float& x : r.as<float>()) x = (value += 0.37F) > 3 ? value -= 6 : value;
  return r;
}

bool same_bits(const OwnedTensor& a, const OwnedTensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

Layer small_layer() {
  Layer layer;
  layer.n = 2, layer.ic = 3, layer.oc = 4;
  layer.i = {4, 5}, layer.o = {8, 10}, layer.k = {3, 3}, layer.s = {2, 2};
  return layer;
}

// The same elements with every axis reversed, in memory of their own.
struct Reversed {
  OwnedTensor memory;
  TensorView view;
  explicit Reversed(const OwnedTensor& tensor) : memory(DType::f32, tensor.shape()) {
    Dims strides = dense_strides(tensor.shape());
    for (std::size_t axis = 0; axis < strides.size(); ++axis) strides[axis] = -strides[axis];
    const auto from = tensor.as<float>();
    const auto to = memory.as<float>();
    for (std::size_t x = 0; x < to.size(); ++x) to[to.size() - 1 - x] = from[x];
    view = TensorView(to.data() + to.size() - 1, DType::f32, tensor.shape(), strides);
  }
};

TEST(FrontLayer, StridedInputFilterAndBias) {
  const Layer layer = small_layer();
  const OwnedTensor input = filled({2, 4, 5, 3}, 0), filter = filled({3, 3, 4, 3}, 1);
  const OwnedTensor bias = filled({4}, 2);
  const OwnedTensor expected =
      run_layer(layer, {.input = input, .filter = filter, .bias = bias}, {}, "input");
  const Reversed input2(input), filter2(filter), bias2(bias);
  EXPECT_FALSE(input2.view.is_dense());
  const OwnedTensor got = run_layer(
      layer, {.input = input2.view, .filter = filter2.view, .bias = bias2.view}, {}, "input");
  EXPECT_TRUE(same_bits(expected, got));
}

TEST(FrontLayer, StridedOutput) {
  const Layer layer = small_layer();
  const OwnedTensor input = filled({2, 4, 5, 3}, 0), filter = filled({3, 3, 4, 3}, 1);
  const LayerTensors tensors{.input = input, .filter = filter};
  const OwnedTensor expected = run_layer(layer, tensors, {}, "input");
  // Channels 1..5 of a tensor with 7.
  OwnedTensor wide(DType::f32, {2, 8, 10, 7});
  for (float& x : wide.as<float>()) x = -99;
  const MutableTensorView slice(wide.as<float>().data() + 1, DType::f32, {2, 8, 10, 4},
                                {560, 70, 7, 1});
  run_layer(layer, tensors, slice, {}, "input");
  EXPECT_TRUE(same_bits(expected, OwnedTensor::copy(slice)));
  for (std::size_t pixel = 0; pixel < 160; ++pixel)
    for (const std::size_t channel : {0, 5, 6})
      ASSERT_EQ(wide.as<float>()[pixel * 7 + channel], -99);
}

TEST(FrontLayer, PackedFilters) {
  Layer layer = small_layer();
  const OwnedTensor filter = filled({3, 3, 4, 3}, 1);
  const PackedFilters packed{filter};
  for (int round = 0; round < 24; ++round) {  // more kinds of operation than are kept
    layer.i[1] = 1 + round % 12;
    layer.o[1] = 2 * layer.i[1];
    const OwnedTensor input = filled({2, 4, layer.i[1], 3}, 0);
    const OwnedTensor expected = run_layer(layer, {.input = input, .filter = filter}, {}, "input");
    EXPECT_TRUE(
        same_bits(expected, run_layer(layer, {.input = input, .packed = &packed}, {}, "input")));
  }
}

TEST(FrontLayer, PackedFiltersOfManyThreads) {
  const OwnedTensor filter = filled({3, 3, 4, 3}, 1);
  const PackedFilters packed{filter};
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 30; ++round) {
        Layer layer = small_layer();
        layer.i[1] = 1 + (round + thread) % 10;
        layer.o[1] = 2 * layer.i[1];
        const OwnedTensor input = filled({2, 4, layer.i[1], 3}, 0);
        wrong += same_bits(run_layer(layer, {.input = input, .filter = filter}, {}, "x"),
                           run_layer(layer, {.input = input, .packed = &packed}, {}, "x"))
                     ? 0
                     : 1;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(FrontLayer, OutputInTheWay) {
  const Layer layer = small_layer();
  OwnedTensor output(DType::f32, layer.output_shape());
  const OwnedTensor filter = filled({3, 3, 4, 3}, 1);
  const TensorView input(output.as<float>().data() + 100, {2, 4, 5, 3});
  EXPECT_THROW(run_layer(layer, {.input = input, .filter = filter}, output.mutable_view(), {}, "x"),
               FrontError);
  for (const float x : output.as<float>()) ASSERT_EQ(x, 0);
}

TEST(FrontLayer, SizesBeyondALine) {
  Layer layer = small_layer();
  layer.s = {std::int64_t{1} << 60, 1};
  const OwnedTensor input = filled({2, 4, 5, 3}, 0), filter = filled({3, 3, 4, 3}, 1);
  try {
    run_layer(layer, {.input = input, .filter = filter}, {}, "strides");
    ADD_FAILURE() << "not refused";
  } catch (const FrontError& e) {
    EXPECT_EQ(e.argument(), "strides");
  }
}

TEST(FrontLayer, EmptyTensors) {
  Layer layer = small_layer();
  layer.n = 0;
  const OwnedTensor none(DType::f32, {0, 4, 5, 3}), filter = filled({3, 3, 4, 3}, 1);
  EXPECT_EQ(run_layer(layer, {.input = none, .filter = filter}, {}, "x").elements(), 0);
  layer.n = 2, layer.i = {0, 5}, layer.o = {1, 10};
  const OwnedTensor row(DType::f32, {2, 0, 5, 3});
  const OwnedTensor zeros = run_layer(layer, {.input = row, .filter = filter}, {}, "x");
  EXPECT_EQ(zeros.elements(), 2 * 10 * 4);
  for (const float x : zeros.as<float>()) ASSERT_EQ(x, 0);
}

}  // namespace
}  // namespace tconv::frontends
