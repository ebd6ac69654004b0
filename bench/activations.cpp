// What a fused activation costs: a compute-bound layer with it and with relu, run in turns on one
// thread. The time is that of the layer with the activation; `over_relu` is the median of its time
// beside the median of relu's, minus 1. CPU time of the thread, so that others on the machine count
// less. The table of docs/activations.md: build/bench_activations
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "bench/ready_layer.h"

namespace {

using tconv::bench::ReadyLayer;

constexpr const char* kActivations[] = {"leaky_relu=0.2",
                                        "relu6",
                                        "relu_above=0.1,0.5,4",
                                        "hard_sigmoid",
                                        "hard_swish",
                                        "hard_shrink=0.5",
                                        "soft_shrink=0.5",
                                        "threshold=0.5,-1",
                                        "softsign",
                                        "sparse_plus",
                                        "sparse_sigmoid",
                                        "squareplus=4",
                                        "exp",
                                        "elu=1",
                                        "celu=1.5",
                                        "selu",
                                        "tanh",
                                        "sigmoid",
                                        "swish",
                                        "tanh_shrink",
                                        "gelu",
                                        "gelu_tanh",
                                        "mish",
                                        "softplus",
                                        "log_sigmoid"};

// 1024 products per output. `exact-order` keeps `direct`, whose outputs take the most work;
// winograd's take a third of it.
constexpr const char* kLayer = "f32 nhwc ic=256 oc=128 i=16x16 k=4x4 s=2x2 p=1x1 bias ";
constexpr const char* kFirst = "f32 nchw ic=256 oc=128 i=16x16 k=4x4 s=2x2 p=1x1 bias ";

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

void in_turns(benchmark::State& state, const std::string& layer, const std::string& activation,
              const std::string& options) {
  constexpr auto numbers = ReadyLayer::Numbers::noise;
  const ReadyLayer relu(layer + "relu", options, numbers),
      other(layer + activation, options, numbers);
  relu.run();
  other.run();
  std::vector<double> of_relu, of_other;
  for (auto _ : state) {
    const double start = cpu_seconds();
    relu.run();
    const double between = cpu_seconds();
    other.run();
    const double end = cpu_seconds();
    of_relu.push_back(between - start);
    of_other.push_back(end - between);
    state.SetIterationTime(end - between);
  }
  state.counters["over_relu"] = median(of_other) / median(of_relu) - 1;
  state.SetLabel(tconv::inspect(other.op).plan);
}

}  // namespace

int main(int argc, char** argv) {
  const struct {
    const char *name, *layer, *options;
  } kinds[] = {{"direct_avx512/", kLayer, "threads=1 isa=avx512 accuracy=exact-order"},
               {"default_avx512/", kLayer, "threads=1 isa=avx512"},
               {"direct_avx2/", kLayer, "threads=1 isa=avx2 accuracy=exact-order"},
               {"channels_first_avx2/", kFirst, "threads=1 isa=avx2 accuracy=exact-order"}};
  for (const auto& kind : kinds)
    for (const std::string activation : kActivations)
      benchmark::RegisterBenchmark(
          (kind.name + activation).c_str(),
          [=](benchmark::State& state) { in_turns(state, kind.layer, activation, kind.options); })
          ->UseManualTime()
          ->Iterations(41)
          ->Unit(benchmark::kMicrosecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
