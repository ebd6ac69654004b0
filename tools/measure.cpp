#include "tools/measure.h"

#include <algorithm>
#include <vector>

#include "tools/buffer.h"
#include "tools/probe.h"
#include "tools/rate.h"

namespace tconv::tools {
namespace {

double fma_rate(const std::string& isa, int threads, int attempts = 8) {
  constexpr std::int64_t kSteps = 20000;
  const double flops =
      2.0 * probe::vector_bytes(isa) / sizeof(float) * probe::kFmas * static_cast<double>(kSteps);
  return rate(
             threads, 0.004, flops, [&](int) { probe::fma(isa, probe::Fma::f32, kSteps); },
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
  const std::string& isa = host.isas.front();
  const auto l2 = std::max<std::int64_t>(host.l2_bytes, MiB / 2) / 2;
  const auto l3 = std::clamp<std::int64_t>(host.l3_bytes / 2, 2 * l2, 16 * MiB * threads) / threads;
  const std::int64_t dram =
      std::clamp<std::int64_t>(4 * host.l3_bytes, 64 * MiB, 256 * MiB) / threads;
  std::vector<Buffer> memory;
  for (int t = 0; t < threads; ++t) {
    memory.emplace_back(static_cast<std::size_t>(dram));
    probe::stream_write(isa, memory.back().as<char>(),
                        memory.back().bytes());  // gives it pages of its own
  }
  const auto read = [&](std::int64_t bytes, double least) {
    const auto size = static_cast<std::size_t>(bytes);
    return rate(threads, least, static_cast<double>(bytes),
                [&](int t) {
                  probe::read(isa, memory[static_cast<std::size_t>(t)].as<char>(), size);
                }) /
           1e9;
  };
  limits.l2_read_gbs = read(l2, 0.002);
  limits.l3_read_gbs = read(l3, 0.004);
  limits.dram_read_gbs = read(dram, 0.01);
  limits.dram_stream_write_gbs = rate(threads, 0.01, static_cast<double>(dram),
                                      [&](int t) {
                                        Buffer& to = memory[static_cast<std::size_t>(t)];
                                        probe::stream_write(isa, to.as<char>(), to.bytes());
                                      }) /
                                 1e9;
  return limits;
}

}  // namespace tconv::tools
