// Threads. fork/: what sharing a run costs, against one thread, for a layer with next to no work.
// tiny/: layers around the size where forking begins to pay. large/: layers above 50 MFLOP whose
// tensors stay in the caches. Runs with one and with two threads alternate, so that what else
// happens on the machine hits both. Look at the counters: medians and 10th percentiles of one run.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "bench/ready_layer.h"

namespace {

using tconv::bench::ReadyLayer;
using Clock = std::chrono::steady_clock;

double us(const ReadyLayer& layer) {
  const auto start = Clock::now();
  layer.run();
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

double percentile(std::vector<double>& times, double percent) {
  const auto at = times.begin() + static_cast<std::ptrdiff_t>(
                                      static_cast<double>(times.size() - 1) * percent / 100);
  std::nth_element(times.begin(), at, times.end());
  return *at;
}

// `runs` of each back to back, then the other: with the workers awake, but not only for the first.
void compare(benchmark::State& state, const ReadyLayer& one, const ReadyLayer& two, int runs,
             int idle_us) {
  std::vector<double> times_one, times_two;
  const auto measure = [&](const ReadyLayer& layer, std::vector<double>& times) {
    double sum = 0;
    for (int i = 0; i < runs; ++i) {
      if (idle_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(idle_us));
      times.push_back(us(layer));
      sum += times.back();
    }
    return sum;
  };
  for (auto _ : state) {
    measure(one, times_one);
    state.SetIterationTime(measure(two, times_two) * 1e-6);  // of all its runs
  }
  const auto show = [&](const char* name, double value) { state.counters[name] = value; };
  show("one_us", percentile(times_one, 50));
  show("two_us", percentile(times_two, 50));
  show("one_p10", percentile(times_one, 10));
  show("two_p10", percentile(times_two, 10));
  show("speedup", percentile(times_one, 50) / percentile(times_two, 50));
  show("speedup_p10", percentile(times_one, 10) / percentile(times_two, 10));
  const tconv::Inspection made = tconv::inspect(two.op);
  state.SetLabel(made.plan + " points=" + std::to_string(made.grid_points) +
                 " workers=" + std::to_string(made.workers));
}

// A fork for nothing: the layer's work is a fraction of a microsecond.
void fork(benchmark::State& state) {
  const char* line = "f32 nhwc ic=1 oc=16 i=4x2 k=2 s=2";
  setenv("TCONV_FORK_US", "0", 1);
  const ReadyLayer one(line, "threads=1"), two(line, "threads=2 plan=direct(mr=2,nr=1)");
  unsetenv("TCONV_FORK_US");
  compare(state, one, two, state.range(0) > 0 ? 20 : 200, static_cast<int>(state.range(0)));
}

void layer(benchmark::State& state, const std::string& line, int runs, int idle_us) {
  const ReadyLayer one(line, "threads=1"), two(line, "threads=2");
  compare(state, one, two, runs, idle_us);
}

constexpr const char* kTiny[] = {
    "f32 nwc ic=1 oc=1 i=1 k=1",
    "f32 nhwc ic=8 oc=8 i=4x4 k=4 s=2 p=1 bias",
    "f32 nhwc ic=16 oc=16 i=8x8 k=4 s=2 p=1 bias",
    "f32 nhwc ic=32 oc=16 i=8x8 k=4 s=2 p=1 bias",
    "f32 nhwc ic=32 oc=32 i=8x8 k=4 s=2 p=1 bias",
    "f32 nhwc ic=32 oc=32 i=12x12 k=4 s=2 p=1 bias",
    "f32 nhwc ic=32 oc=32 i=16x16 k=4 s=2 p=1 bias",
    "f32 nchw ic=8 oc=3 i=16x16 k=4 s=2 p=1 bias",
    "f32 nhwc g=32 ic=32 oc=32 i=12x12 k=4 s=2 p=1 bias",
    "f32 nwc ic=32 oc=16 i=64 k=16 s=8 p=4 bias",
};
constexpr const char* kLarge[] = {
    "f32 nhwc ic=64 oc=64 i=32x32 k=4 s=2 p=1 bias relu",
    "f32 nhwc ic=64 oc=64 i=64x64 k=4 s=2 p=1 bias relu",
    "f32 nhwc ic=256 oc=128 i=16x16 k=4 s=2 p=1 bias relu",
    "f32 nhwc ic=128 oc=128 i=32x32 k=4 s=2 p=1 bias relu",
    "f32 nhwc ic=128 oc=64 i=64x64 k=2 s=2 bias",
    "f32 nhwc n=8 ic=256 oc=128 i=8x8 k=4 s=2 p=1 bias relu",
    "f32 nchw ic=64 oc=32 i=32x32 k=4 s=2 p=1 bias",
    "f32 nhwc ic=64 oc=3 i=128x128 k=4 s=2 p=1 bias tanh",
    "f32 nwc ic=512 oc=256 i=283 k=16 s=8 p=4 bias leaky_relu=0.1",
    "f32 nhwc ic=64 oc=64 i=56x56 k=3 p=1 bias relu",
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::RegisterBenchmark("fork/idle_us", fork)
      ->Arg(0)
      ->Arg(100)
      ->Arg(2000)
      ->Iterations(50)
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
  for (const std::string line : kTiny) {
    benchmark::RegisterBenchmark(("tiny/" + line).c_str(),
                                 [line](auto& state) { layer(state, line, 200, 0); })
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark(("tiny_after_idleness/" + line).c_str(),
                                 [line](auto& state) { layer(state, line, 20, 2000); })
        ->UseManualTime()
        ->Iterations(20)
        ->Unit(benchmark::kMicrosecond);
  }
  for (const std::string line : kLarge)
    benchmark::RegisterBenchmark(("large/" + line).c_str(),
                                 [line](auto& state) { layer(state, line, 3, 0); })
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
