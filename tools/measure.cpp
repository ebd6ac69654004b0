#include "tools/measure.h"

#include <immintrin.h>
#include <time.h>

#include <algorithm>
#include <barrier>
#include <functional>
#include <thread>
#include <vector>

#include "tools/buffer.h"

namespace tconv::tools {
namespace {

// CPU time of the calling thread where it is alone: other processes then do not count.
double seconds(bool alone) {
  timespec now{};
  clock_gettime(alone ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// 12 accumulators: more than latency times throughput (4 x 2), few enough for 16 registers.
constexpr int kAccumulators = 12;

__attribute__((target("avx512f"))) void fma_avx512(std::int64_t steps) {
  __m512 a[kAccumulators], x = _mm512_set1_ps(0.5F);
  for (auto& v : a) v = x;
  for (std::int64_t i = 0; i < steps; ++i) {
#pragma GCC unroll 12
    for (auto& v : a) {
      v = _mm512_fmadd_ps(v, x, x);
      __asm__ volatile("" : "+v"(v));
    }
  }
}

__attribute__((target("avx2,fma"))) void fma_avx2(std::int64_t steps) {
  __m256 a[kAccumulators], x = _mm256_set1_ps(0.5F);
  for (auto& v : a) v = x;
  for (std::int64_t i = 0; i < steps; ++i) {
#pragma GCC unroll 12
    for (auto& v : a) {
      v = _mm256_fmadd_ps(v, x, x);
      __asm__ volatile("" : "+x"(v));
    }
  }
}

__attribute__((target("avx512f"))) void read_avx512(const char* memory, std::size_t bytes) {
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  for (std::size_t i = 0; i + 256 <= bytes; i += 256) {
    a = _mm512_or_si512(a, _mm512_load_si512(memory + i));
    b = _mm512_or_si512(b, _mm512_load_si512(memory + i + 64));
    c = _mm512_or_si512(c, _mm512_load_si512(memory + i + 128));
    d = _mm512_or_si512(d, _mm512_load_si512(memory + i + 192));
  }
  __asm__ volatile("" ::"v"(a), "v"(b), "v"(c), "v"(d));
}

__attribute__((target("avx2"))) void read_avx2(const char* memory, std::size_t bytes) {
  const auto* lines = reinterpret_cast<const __m256i*>(memory);
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (std::size_t i = 0; i + 4 <= bytes / 32; i += 4) {
    a = _mm256_or_si256(a, _mm256_load_si256(lines + i));
    b = _mm256_or_si256(b, _mm256_load_si256(lines + i + 1));
    c = _mm256_or_si256(c, _mm256_load_si256(lines + i + 2));
    d = _mm256_or_si256(d, _mm256_load_si256(lines + i + 3));
  }
  __asm__ volatile("" ::"x"(a), "x"(b), "x"(c), "x"(d));
}

void stream_write(char* memory, std::size_t bytes) {
  const __m128i zero = _mm_setzero_si128();
  for (std::size_t i = 0; i + 64 <= bytes; i += 64)
    for (std::size_t part = 0; part < 64; part += 16)
      _mm_stream_si128(reinterpret_cast<__m128i*>(memory + i + part), zero);
  _mm_sfence();
}

// Work per second of all threads together: each repeats `body`, worth `work`, for `least` seconds;
// the best of three tries, because a limit is what the machine can do undisturbed.
double rate(int threads, double least, double work, const std::function<void(int)>& body,
            int attempts = 8) {
  double best = 0;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    std::vector<double> rates(static_cast<std::size_t>(threads));
    std::barrier start(threads);
    const auto worker = [&](int t) {
      body(t);  // warm: clocks, caches, page tables
      start.arrive_and_wait();
      const bool alone = threads == 1;
      const double begin = seconds(alone);
      double done = 0, spent = 0;
      do {
        body(t);
        done += work;
        spent = seconds(alone) - begin;
      } while (spent < least);
      rates[static_cast<std::size_t>(t)] = done / spent;
    };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(worker, t);
    worker(0);
    for (std::thread& t : others) t.join();
    double sum = 0;
    for (double r : rates) sum += r;
    best = std::max(best, sum);
  }
  return best;
}

double fma_rate(const std::string& isa, int threads, int attempts = 8) {
  constexpr std::int64_t steps = 20000;
  const bool wide = isa == "avx512";
  const double flops = 2.0 * (wide ? 16 : 8) * kAccumulators * static_cast<double>(steps);
  return rate(
             threads, 0.004, flops, [&](int) { wide ? fma_avx512(steps) : fma_avx2(steps); },
             attempts) /
         1e9;
}

}  // namespace

double Limits::bandwidth_for(std::int64_t bytes, const HostInfo& host) const {
  if (bytes <= host.l2_bytes * threads) return l2_read_gbs;
  return bytes <= host.l3_bytes ? l3_read_gbs : dram_read_gbs;
}

void remeasure_fma(Limits& limits, const std::string& isa) {
  const auto known = limits.fma_gflops.find(isa);
  if (known != limits.fma_gflops.end())
    known->second = std::max(known->second, fma_rate(isa, limits.threads, 1));
}

Limits measure_limits(const HostInfo& host, int threads) {
  Limits limits;
  limits.threads = threads;
  for (const std::string& isa : host.isas) limits.fma_gflops[isa] = fma_rate(isa, threads);
  if (host.isas.empty()) return limits;

  constexpr std::int64_t MiB = 1 << 20;
  const bool wide = host.isas.front() == "avx512";
  const auto l2 = std::max<std::int64_t>(host.l2_bytes, MiB / 2) / 2;
  const auto l3 = std::clamp<std::int64_t>(host.l3_bytes / 2, 2 * l2, 16 * MiB * threads) / threads;
  const std::int64_t dram =
      std::clamp<std::int64_t>(4 * host.l3_bytes, 64 * MiB, 256 * MiB) / threads;
  std::vector<Buffer> memory;
  for (int t = 0; t < threads; ++t) {
    memory.emplace_back(static_cast<std::size_t>(dram));
    stream_write(memory.back().as<char>(), memory.back().bytes());  // gives it pages of its own
  }
  const auto read = [&](std::int64_t bytes, double least) {
    const auto size = static_cast<std::size_t>(bytes);
    return rate(threads, least, static_cast<double>(bytes),
                [&](int t) {
                  const char* from = memory[static_cast<std::size_t>(t)].as<char>();
                  wide ? read_avx512(from, size) : read_avx2(from, size);
                }) /
           1e9;
  };
  limits.l2_read_gbs = read(l2, 0.002);
  limits.l3_read_gbs = read(l3, 0.004);
  limits.dram_read_gbs = read(dram, 0.01);
  limits.dram_stream_write_gbs = rate(threads, 0.01, static_cast<double>(dram),
                                      [&](int t) {
                                        Buffer& to = memory[static_cast<std::size_t>(t)];
                                        stream_write(to.as<char>(), to.bytes());
                                      }) /
                                 1e9;
  return limits;
}

}  // namespace tconv::tools
