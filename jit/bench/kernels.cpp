// Bare register tiles as IR programs: what the emitter's inner loops reach, as GFLOP/s beside the
// FMA peak measured in the same run. No plan and no packing is involved.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "ir/builder.h"
#include "ir/verify.h"
#include "jit/backend.h"

namespace {

using namespace tconv;
using ir::Affine;
using ir::DType;

struct Tile {
  const char* target;
  int mr, nr, k;
  bool embedded;  // broadcast inside the FMA
};

// y[mr][nr*lanes] = x[mr][k] * w[k][nr*lanes], `points` times.
ir::Program gemm_tile(const Tile& t, int points) {
  ir::Builder b(*ir::find_target(t.target));
  const int lanes = b.lanes(), columns = t.nr * lanes;
  // Rows 64 bytes further apart than a power of two: else they fight for the same lines of L1.
  const auto x = b.buffer("x", DType::f32, {t.mr, t.k + lanes}, ir::BufferKind::in);
  const auto w = b.buffer("w", DType::f32, {t.k, columns}, ir::BufferKind::in);
  const auto y = b.buffer("y", DType::f32, {points, t.mr, columns}, ir::BufferKind::out);
  b.stage([&] {
    b.kernel("gemm", {{"p", points}}, [&](std::span<const Affine> point) {
      const auto c = b.vec("c", {t.mr, t.nr});
      const auto each = [&](const std::function<void(const Affine&, const Affine&)>& body) {
        b.unroll("i", 0, t.mr, [&](const Affine& i) {
          b.unroll("j", 0, t.nr, [&](const Affine& j) { body(i, j); });
        });
      };
      each([&](const Affine& i, const Affine& j) { b.mov(c(i, j), ir::f32(0)); });
      b.loop("k", 0, t.k, [&](const Affine& k) {
        const auto f = b.vec("f", {t.nr});
        b.unroll("j", 0, t.nr, [&](const Affine& j) {
          b.mov(f(j), ir::load({w, {k, j * lanes}}));
        });
        b.unroll("i", 0, t.mr, [&](const Affine& i) {
          if (t.embedded) {
            b.unroll("j", 0, t.nr, [&](const Affine& j) {
              b.fma(c(i, j), ir::bcast({x, {i, k}}), f(j), c(i, j));
            });
          } else {
            const auto a = b.vec("a");
            b.mov(a(), ir::bcast({x, {i, k}}));
            b.unroll("j", 0, t.nr, [&](const Affine& j) { b.fma(c(i, j), a(), f(j), c(i, j)); });
          }
        });
      });
      each([&](const Affine& i, const Affine& j) {
        b.store({y, {point[0], i, j * lanes}}, c(i, j));
      });
    });
  });
  return b.take();
}

// Independent FMAs between registers: the peak.
ir::Program fma_peak(const char* target, int accumulators, int steps) {
  ir::Builder b(*ir::find_target(target));
  const auto y = b.buffer("y", DType::f32, {accumulators, b.lanes()}, ir::BufferKind::out);
  b.stage([&] {
    b.kernel("peak", {{"p", 1}}, [&](std::span<const Affine>) {
      const auto c = b.vec("c", {accumulators});
      const auto a = b.vec("a");
      b.mov(a(), ir::f32(0.5F));
      b.unroll("i", 0, accumulators, [&](const Affine& i) { b.mov(c(i), ir::f32(1)); });
      b.loop("s", 0, steps, [&](const Affine&) {
        b.unroll("i", 0, accumulators, [&](const Affine& i) { b.fma(c(i), a(), a(), c(i)); });
      });
      b.unroll("i", 0, accumulators, [&](const Affine& i) { b.store({y, {i, 0}}, c(i)); });
    });
  });
  return b.take();
}

using Memory = std::unique_ptr<void, decltype(&std::free)>;
Memory zeros(std::int64_t bytes) {
  const auto size = static_cast<std::size_t>((bytes + 63) / 64 * 64);
  Memory m(std::aligned_alloc(64, size), &std::free);
  std::fill_n(static_cast<char*>(m.get()), size, char{0});
  return m;
}

void run(benchmark::State& state, const ir::Program& program, double flops) {
  std::string missing;
  if (!jit::host_supports(program.target, &missing)) {
    state.SkipWithError(("no " + missing).c_str());
    return;
  }
  ir::verify_or_throw(program);
  const auto code = jit::compile_xbyak(program);
  if (std::getenv("TCONV_BENCH_ASM")) std::puts(jit::disassemble(*code).c_str());
  std::vector<Memory> memory;
  std::vector<void*> buffers;
  for (const ir::Buffer& b : program.buffers) {
    memory.push_back(zeros(ir::max_bytes(program, b)));
    buffers.push_back(memory.back().get());
  }
  const auto function = code->stages()[0][0].function;
  const std::int64_t points = ir::grid_points(program, program.stages[0].kernels[0], nullptr);
  for (auto _ : state) function(buffers.data(), nullptr, 0, points, nullptr);
  state.counters["GFLOP/s"] = benchmark::Counter(
      flops, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::OneK::kIs1000);
}

void register_peak(const char* target, int accumulators) {
  const int steps = 2000;
  const int lanes = ir::find_target(target)->lanes(DType::f32);
  const double flops = 2.0 * accumulators * steps * lanes;
  benchmark::RegisterBenchmark(
      (std::string(target) + "/peak").c_str(),
      [=](benchmark::State& state) { run(state, fma_peak(target, accumulators, steps), flops); });
}

void register_tile(const Tile& t) {
  const int points = 8, lanes = ir::find_target(t.target)->lanes(DType::f32);
  const double flops = 2.0 * points * t.mr * t.nr * lanes * t.k;
  const std::string name = std::string(t.target) + "/" + std::to_string(t.mr) + "x" +
                           std::to_string(t.nr) + (t.embedded ? "/embedded" : "") +
                           "/k:" + std::to_string(t.k);
  benchmark::RegisterBenchmark(
      name.c_str(), [=](benchmark::State& state) { run(state, gemm_tile(t, points), flops); });
}

}  // namespace

int main(int argc, char** argv) {
  register_peak("avx512", 16);
  for (int k : {128, 1024}) {  // filter panel of nr=2: 16 KB in L1, 128 KB in L2
    for (const auto& [mr, nr] : {std::pair{28, 1}, {14, 2}, {13, 2}, {9, 3}, {6, 4}, {5, 5}})
      register_tile({"avx512", mr, nr, k, nr == 1});
  }
  register_tile({"avx512", 14, 2, 256, true});
  register_peak("avx2", 12);
  for (const auto& [mr, nr] : {std::pair{6, 2}, {4, 3}, {12, 1}})
    register_tile({"avx2", mr, nr, 256, false});
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
