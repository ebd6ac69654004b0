// What a user of the library waits for: compile (create past the kernel cache), create (a cache
// hit), pack and run, on one layer of each kind. `one_point` is what a call costs around its
// kernel. `cache` shows the counters of a cache that is too small for what is asked of it.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bench/ready_layer.h"

namespace {

using tconv::bench::allocate;
using tconv::bench::floats;
using tconv::bench::Memory;
using tconv::bench::ReadyLayer;

constexpr const char* kLayers[][2] = {
    {"k4s2_64x64x64", "f32 nhwc n=1 ic=64 oc=64 i=64x64 k=4 s=2 p=1 bias relu"},
    {"k4s2_8x8x512_256", "f32 nhwc n=1 ic=512 oc=256 i=8x8 k=4 s=2 p=1 bias relu"},
    {"k2s2_52x52x512_256", "f32 nhwc n=1 ic=512 oc=256 i=52x52 k=2 s=2 bias"},
    {"head_64x64x64_3_nchw", "f32 nchw n=1 ic=64 oc=3 i=64x64 k=4 s=2 p=1 bias tanh"},
    {"depthwise_64x64x64", "f32 nhwc n=1 g=64 ic=64 oc=64 i=64x64 k=4 s=2 p=1 bias"},
    {"vocoder_k16s8", "f32 nwc n=1 ic=512 oc=256 i=283 k=16 s=8 p=4 bias leaky_relu=0.1"},
    {"one_point", "f32 nwc n=1 ic=1 oc=1 i=1 k=1 bias"},
    {"dilated_3d", "f32 ndhwc n=1 ic=16 oc=16 i=8x16x16 k=3 s=2 d=2 bias"},
};

void compile(benchmark::State& state, const char* line) {
  const std::int64_t usual = tconv::kernel_cache_counters().limit_bytes;
  tconv::set_kernel_cache_limit(0);
  for (auto _ : state) benchmark::DoNotOptimize(tconv::ConvTranspose::create(line));
  tconv::set_kernel_cache_limit(usual);
}

void create(benchmark::State& state, const char* line) {
  for (auto _ : state) benchmark::DoNotOptimize(tconv::ConvTranspose::create(line));
}

// What a plan database costs: creates that find their operation, written in ever new ways so that
// each is planned again, with a plan that is named and with the same plan out of a database of 1,000
// problems. The second minus the first is the price (docs/tuning.md).
void planned(benchmark::State& state, const char* line, bool database) {
  constexpr const char* plan = "direct(mr=4,nr=2)";
  std::vector<tconv::PlanEntry> entries;
  const auto add = [&](const std::string& problem) {
    tconv::PlanEntry& e = entries.emplace_back();
    e.problem = tconv::parse_problem(problem).line;
    e.machine = tconv::plan_machine(tconv::host_info().isa);
    e.plan = plan, e.us = 1, e.version = tconv::version();
  };
  add(line);
  for (int i = 1; i < 1000; ++i) add("f32 nwc ic=32 oc=32 k=3 s=2 bias i=" + std::to_string(i));
  const std::string path =
      (std::filesystem::temp_directory_path() / ("tconv-bench-" + std::to_string(getpid())))
          .string();
  std::ofstream(path) << tconv::plan_file_text(entries);
  tconv::Options options;
  if (database) {
    options.plans = path;
  } else {
    options.plan = plan;
  }
  const auto kept = tconv::ConvTranspose::create(line, options);  // reads the file
  std::filesystem::remove(path);
  if (tconv::inspect(kept).plan != plan) state.SkipWithError("another plan was taken");
  std::string written = line;
  for (auto _ : state) {
    written += ' ';
    if (written.size() > 4096) written = line;
    benchmark::DoNotOptimize(tconv::ConvTranspose::create(written, options));
  }
}

void pack(benchmark::State& state, const char* line) {
  const auto op = tconv::ConvTranspose::create(line);
  const Memory filter = floats(tconv::parse_problem(line).filter_elements);
  const Memory packed = allocate(op.packed_filter_bytes());
  for (auto _ : state) op.pack(filter.get(), packed.get());
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * op.packed_filter_bytes()));
}

void run(benchmark::State& state, const char* line) {
  const ReadyLayer layer(line);
  for (auto _ : state) layer.run();
  state.counters["FLOP/s"] = benchmark::Counter(2 * layer.info.multiply_adds,
                                                benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(tconv::inspect(layer.op).plan);
}

// What a program does that meets ever new problems: each is made, and asked for once more while it
// is still there. The counters are those of the last pass.
void cache(benchmark::State& state) {
  const std::int64_t usual = tconv::kernel_cache_counters().limit_bytes;
  constexpr int problems = 1000;
  tconv::KernelCacheCounters before, after;
  for (auto _ : state) {
    tconv::set_kernel_cache_limit(0);  // empty
    tconv::set_kernel_cache_limit(1 << 20);
    before = tconv::kernel_cache_counters();
    for (int i = 1; i <= problems; ++i) {
      const std::string line = "f32 nwc ic=3 oc=4 k=3 s=2 bias i=" + std::to_string(i);
      for (int twice = 0; twice < 2; ++twice)
        benchmark::DoNotOptimize(tconv::ConvTranspose::create(line));
    }
    after = tconv::kernel_cache_counters();
  }
  tconv::set_kernel_cache_limit(usual);
  const auto show = [&](const char* name, std::int64_t value) {
    state.counters[name] = static_cast<double>(value);
  };
  show("hits", after.hits - before.hits);
  show("misses", after.misses - before.misses);
  show("compiles", after.compiles - before.compiles);
  show("evictions", after.evictions - before.evictions);
  show("entries", after.entries);
  show("KiB", after.bytes / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  for (const auto& [name, line] : kLayers) {
    const std::string text = name;
    benchmark::RegisterBenchmark(("compile/" + text).c_str(), compile, line);
    benchmark::RegisterBenchmark(("create/" + text).c_str(), create, line);
    benchmark::RegisterBenchmark(("pack/" + text).c_str(), pack, line);
    benchmark::RegisterBenchmark(("run/" + text).c_str(), run, line);
  }
  for (const bool database : {false, true})
    benchmark::RegisterBenchmark(database ? "planned/database" : "planned/named", planned,
                                 kLayers[0][1], database);
  benchmark::RegisterBenchmark("cache/1000_problems_in_1MiB", cache)->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
