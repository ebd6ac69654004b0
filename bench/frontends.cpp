// What a front door costs around its kernel. Per layer, the same work four ways: `kernel` (a run of
// the operation on a packed filter), `door_packed` (tf::nn with PackedFilters), `pack_and_kernel`,
// and `door` (tf::nn with the filter as it is). door_packed - kernel and door - pack_and_kernel are
// what checks, lookup and views cost. `call` is the dynamic layer above `door_packed`'s. `keras` is
// the call of a built Conv2DTranspose with a bias and relu, beside `keras_kernel`.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/ready_layer.h"
#include "tconv/call.hpp"
#include "tconv/keras.hpp"
#include "tconv/tf.hpp"

namespace {

using tconv::Dims;
using tconv::OwnedTensor;
using tconv::bench::ReadyLayer;

struct Layer {
  const char* name;
  const char* line;  // what the call below means
  Dims input, filters, output;
  std::int64_t stride;
};

const Layer kLayers[] = {
    {"one_point", "f32 nhwc ic=1 oc=1 i=1x1 k=1", {1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}, 1},
    {"k4s2_4x4x16",
     "f32 nhwc ic=16 oc=16 i=4x4 o=8x8 k=4 s=2 p=1",
     {1, 4, 4, 16},
     {4, 4, 16, 16},
     {1, 8, 8, 16},
     2},
    {"k4s2_16x16x64",
     "f32 nhwc ic=64 oc=64 i=16x16 o=32x32 k=4 s=2 p=1",
     {1, 16, 16, 64},
     {4, 4, 64, 64},
     {1, 32, 32, 64},
     2},
};

// One thread: what is compared must not wait for others.
const tconv::Options& one_thread() {
  static const tconv::Options options = tconv::Options::parse("threads=1");
  return options;
}

struct Ready {
  explicit Ready(const Layer& of)
      : layer(of),
        input(tconv::DType::f32, of.input),
        filters(tconv::DType::f32, of.filters),
        output(tconv::DType::f32, of.output),
        packed(filters),
        operation(tconv::ConvTranspose::create(of.line, one_thread())),
        packed_bytes(operation.packed_filter_bytes()),
        workspace(operation.workspace_bytes()) {
    for (float& x : input.as<float>()) x = 1;
    for (float& x : filters.as<float>()) x = 0.5F;
    operation.pack(filters.data(), packed_bytes.data());
  }
  void pack() { operation.pack(filters.data(), packed_bytes.data()); }
  void run() {
    operation.run(input.data(), packed_bytes.data(), nullptr, output.data(), workspace.data());
  }
  void door(const tconv::tf::Filters& with) {
    tconv::tf::nn::conv2d_transpose_to(output.mutable_view(), input, with, layer.stride, "SAME",
                                       "NHWC", {}, one_thread());
  }

  const Layer& layer;
  OwnedTensor input, filters, output;
  tconv::PackedFilters packed;
  tconv::ConvTranspose operation;
  std::vector<char> packed_bytes, workspace;
};

void kernel(benchmark::State& state, const Layer& layer) {
  Ready ready(layer);
  for (auto _ : state) ready.run();
}

void door_packed(benchmark::State& state, const Layer& layer) {
  Ready ready(layer);
  for (auto _ : state) ready.door(ready.packed);
}

void pack_and_kernel(benchmark::State& state, const Layer& layer) {
  Ready ready(layer);
  for (auto _ : state) {
    ready.pack();
    ready.run();
  }
}

void door(benchmark::State& state, const Layer& layer) {
  Ready ready(layer);
  for (auto _ : state) ready.door(ready.filters);
}

// Allocates its result, as Python's does.
void call(benchmark::State& state, const Layer& layer) {
  Ready ready(layer);
  const tconv::Value::Dict arguments = {{"input", ready.input.view()},
                                        {"filters", ready.filters.view()},
                                        {"output_shape", tconv::Value::list(layer.output.span())},
                                        {"strides", layer.stride}};
  for (auto _ : state)
    benchmark::DoNotOptimize(tconv::call("tf.nn.conv2d_transpose", arguments, one_thread()));
}

// The same layer with a bias and relu.
ReadyLayer keras_kernel_of(const Layer& layer) {
  return ReadyLayer(std::string(layer.line) + " bias relu", "threads=1");
}

void keras_kernel(benchmark::State& state, const Layer& layer) {
  const ReadyLayer ready = keras_kernel_of(layer);
  for (auto _ : state) ready.run();
}

void keras(benchmark::State& state, const Layer& layer) {
  Ready ready(layer);
  tconv::keras::Conv2DTranspose built(tconv::keras::LayerArguments{.filters = layer.filters[2],
                                                                   .kernel_size = layer.filters[0],
                                                                   .strides = layer.stride,
                                                                   .padding = "same",
                                                                   .activation = "relu"});
  built.build({layer.input[0], layer.input[1], layer.input[2], layer.input[3]});
  for (auto _ : state) built.call(ready.input, ready.output.mutable_view(), one_thread());
}

}  // namespace

int main(int argc, char** argv) {
  const struct {
    const char* name;
    void (*function)(benchmark::State&, const Layer&);
  } kinds[] = {{"kernel", kernel},
               {"door_packed", door_packed},
               {"pack_and_kernel", pack_and_kernel},
               {"door", door},
               {"call", call},
               {"keras_kernel", keras_kernel},
               {"keras", keras}};
  for (const Layer& layer : kLayers)
    for (const auto& kind : kinds)
      benchmark::RegisterBenchmark((std::string(layer.name) + "/" + kind.name).c_str(),
                                   kind.function, layer);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
