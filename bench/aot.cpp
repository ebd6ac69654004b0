// Linked kernels against the JIT's: the same plans in the same memory (where that lies decides more
// than what is measured here), runs that take turns. Look at the counters: medians, their ratio.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "bench/ready_layer.h"
#include "bench_aot_kernels.h"

namespace {

struct Linked {
  const char* problem;
  std::size_t workspace_bytes;
  const char *avx512_plan, *avx2_plan;
  const char* (*isa)();
  int (*run)(const float* input, const void* packed, const float* bias, float* output,
             void* workspace);
};

// Of this thread: other processes do not count.
double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

double median(std::vector<double>& times) {
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

void compare(benchmark::State& state, const Linked& linked) {
  const tconv::bench::ReadyLayer jit(linked.problem, "threads=1");
  const std::string isa = linked.isa(), plan = tconv::inspect(jit.op).plan;
  if (plan != (isa == "avx512" ? linked.avx512_plan : linked.avx2_plan))
    return state.SkipWithError("the plans differ");
  // A linked layer's sizes are those of its kernel that needs most, so one workspace for both.
  const tconv::bench::Memory workspace =
      tconv::bench::allocate(std::max(linked.workspace_bytes, jit.op.workspace_bytes()));
  std::vector<double> jit_us, aot_us;
  const auto time = [](std::vector<double>& times, auto&& run) {
    const double start = cpu_us();
    run();
    times.push_back(cpu_us() - start);
  };
  const auto run_jit = [&] {
    jit.op.run(jit.input(), jit.packed(), jit.bias(), jit.output(), workspace.get());
  };
  int status = TCONV_AOT_OK;
  const auto run_linked = [&] {
    status = linked.run(jit.input(), jit.packed(), jit.bias(), jit.output(), workspace.get());
  };
  run_linked();
  if (status != TCONV_AOT_OK) return state.SkipWithError(tconv_aot_1_message(status));
  for (auto _ : state) {
    time(jit_us, run_jit);
    time(aot_us, run_linked);
    time(aot_us, run_linked);  // neither is always the first after the other
    time(jit_us, run_jit);
  }
  state.counters["jit_us"] = median(jit_us);
  state.counters["aot_us"] = median(aot_us);
  state.counters["ratio"] = median(aot_us) / median(jit_us);
  state.SetLabel(plan);
}

#define LAYER(name)                                                                             \
  {                                                                                             \
#name, {                                                                                    \
      name##_PROBLEM, name##_WORKSPACE_BYTES, name##_PLAN_avx512, name##_PLAN_avx2, name##_isa, \
          name##_run                                                                            \
    }                                                                                           \
  }
const struct {
  const char* name;
  Linked linked;
} kLayers[] = {
    LAYER(dcgan_torch_g2),
    LAYER(dcgan_torch_g4),
    LAYER(pix2pix_tf_up3),
    LAYER(mobilenetv2_unet_tf_up1),
    LAYER(unet2015_up2),
    LAYER(vnet_up2),
    LAYER(fcn32s_upscore),
    LAYER(fsrcnn_x2),
    LAYER(hifigan_v1_infer283_up0),
    LAYER(melgan_up2),
    LAYER(centernet_dla_ida_f2_depthwise),
    LAYER(sam_mask_up1),
    LAYER(stylegan2_1024_up32),
    LAYER(keypoint_rcnn_score_lowres),
};

}  // namespace

int main(int argc, char** argv) {
  for (const auto& layer : kLayers)
    benchmark::RegisterBenchmark(layer.name, [&layer](benchmark::State& state) {
      compare(state, layer.linked);
    })->Unit(benchmark::kMicrosecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
