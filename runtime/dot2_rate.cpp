#include "runtime/dot2_rate.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>

#include "jit/host_features.h"

namespace tconv::runtime {
namespace {

// Eight sums: more than latency times throughput of either instruction.
#define TCONV_EIGHT(op)                                                \
  op " %%zmm8, %%zmm9, %%zmm0\n\t" op " %%zmm8, %%zmm9, %%zmm1\n\t" op \
     " %%zmm8, %%zmm9, %%zmm2\n\t" op " %%zmm8, %%zmm9, %%zmm3\n\t" op \
     " %%zmm8, %%zmm9, %%zmm4\n\t" op " %%zmm8, %%zmm9, %%zmm5\n\t" op \
     " %%zmm8, %%zmm9, %%zmm6\n\t" op " %%zmm8, %%zmm9, %%zmm7\n\t"
#define TCONV_CLOBBERED \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "cc"
#define TCONV_CLEAR                                                                      \
  "vpxor %%xmm0, %%xmm0, %%xmm0\n\tvmovaps %%zmm0, %%zmm1\n\tvmovaps %%zmm0, %%zmm2\n\t" \
  "vmovaps %%zmm0, %%zmm3\n\tvmovaps %%zmm0, %%zmm4\n\tvmovaps %%zmm0, %%zmm5\n\t"       \
  "vmovaps %%zmm0, %%zmm6\n\tvmovaps %%zmm0, %%zmm7\n\tvmovaps %%zmm0, %%zmm8\n\t"       \
  "vmovaps %%zmm0, %%zmm9\n\t"

void fmas(std::int64_t rounds) {
  __asm__ volatile(TCONV_CLEAR "1:\n\t" TCONV_EIGHT("vfmadd231ps") "dec %0\n\tjnz 1b\n\tvzeroupper"
                   : "+r"(rounds)::TCONV_CLOBBERED);
}
void dot2s(std::int64_t rounds) {
  __asm__ volatile(TCONV_CLEAR "1:\n\t" TCONV_EIGHT("vdpbf16ps") "dec %0\n\tjnz 1b\n\tvzeroupper"
                   : "+r"(rounds)::TCONV_CLOBBERED);
}

double measured() {
  if (!jit::host_has_bf16()) return 0;
  constexpr std::int64_t kRounds = 1000;  // 2 us of FMAs
  constexpr int kTries = 8;               // interrupts hit some of them
  const auto seconds = [](void (*run)(std::int64_t)) {
    const auto start = std::chrono::steady_clock::now();
    run(kRounds);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  double fma = std::numeric_limits<double>::infinity(), dot2 = fma;
  for (int i = 0; i < kTries; ++i) {
    fma = std::min(fma, seconds(fmas));
    dot2 = std::min(dot2, seconds(dot2s));
  }
  if (fma <= 0 || dot2 <= 0) return 1;
  return std::exp2(std::clamp(std::round(std::log2(2 * fma / dot2)), -2.0, 1.0));
}

}  // namespace

double dot2_rate() {
  // Without a lock, which a fork could inherit; who measured first is believed.
  constexpr double kUnknown = -1;
  static std::atomic<double> rate{kUnknown};
  double known = rate.load(std::memory_order_relaxed);
  if (known != kUnknown) return known;
  const double mine = measured();
  return rate.compare_exchange_strong(known, mine, std::memory_order_relaxed) ? mine : known;
}

}  // namespace tconv::runtime
