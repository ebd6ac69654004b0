#include "tools/calibration.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/buffer.h"
#include "tools/probe.h"
#include "tools/rate.h"

namespace tconv::tools {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

// Working sets that lie inside a level and beyond the one before.
struct Sizes {
  std::size_t l1, l2, l3, dram;
  explicit Sizes(const HostInfo& host) {
    const auto whole = [](std::int64_t bytes) {
      return static_cast<std::size_t>(bytes / 512 * 512);
    };
    const std::int64_t at_l1 = std::max<std::int64_t>(host.l1_bytes, 16 << 10) / 2;
    const std::int64_t at_l2 = std::max<std::int64_t>(host.l2_bytes / 2, 4 * at_l1);
    // Of an L3 that others use too, a part.
    const std::int64_t at_l3 =
        std::clamp<std::int64_t>(host.l3_bytes / 4, std::min(4 * at_l2, 16 * kMiB), 16 * kMiB);
    l1 = whole(at_l1), l2 = whole(at_l2), l3 = whole(at_l3);
    dram = whole(std::clamp<std::int64_t>(4 * host.l3_bytes, 64 * kMiB, 256 * kMiB));
  }
};

class Core {
 public:
  Core(const HostInfo& host, Buffer& memory, const Sizes& sizes, std::string isa)
      : host_(host), memory_(memory), sizes_(sizes), isa_(std::move(isa)) {}

  Calibration measure(const std::function<void(const std::string&)>& progress) {
    Calibration c;
    c.isa = isa_;
    progress(isa_ + " clock and units");
    constexpr std::int64_t kSteps = 20000;
    c.ghz =
        per_second(kSteps * probe::kChainCycles, [&] { probe::clock_chain(isa_, kSteps); }) / 1e9;
    const double vector = probe::vector_bytes(isa_);
    const auto fma = [&](probe::Fma what, double lanes, double each) {
      return per_second(kSteps * probe::kFmas, [&] { probe::fma(isa_, what, kSteps); }) * lanes *
             each / 1e9;
    };
    c.fma_gflops = fma(probe::Fma::f32, vector / 4, 2);
    c.f64_gflops = fma(probe::Fma::f64, vector / 8, 2);
    const auto& has = host_.features;
    if (isa_ == "avx512" && std::find(has.begin(), has.end(), "avx512bf16") != has.end())
      c.dot2_gflops = fma(probe::Fma::dot2, vector / 4, 4);
    char* at = memory_.as<char>();
    c.loads_per_cycle =
        per_second(kSteps * probe::kMoves, [&] { probe::loads(isa_, at, kSteps); }) / 1e9 / c.ghz;
    c.stores_per_cycle =
        per_second(kSteps * probe::kMoves, [&] { probe::stores(isa_, at, kSteps); }) / 1e9 / c.ghz;
    progress(isa_ + " caches");
    c.l1_read_gbs = read(sizes_.l1), c.l1_write_gbs = write(sizes_.l1);
    c.l2_read_gbs = read(sizes_.l2), c.l2_write_gbs = write(sizes_.l2);
    c.l3_read_gbs = read(sizes_.l3), c.l3_write_gbs = write(sizes_.l3);
    progress(isa_ + " memory");
    c.dram_read_gbs = read(sizes_.dram), c.dram_write_gbs = write(sizes_.dram);
    c.l3_stream_write_gbs = stream(sizes_.l3), c.dram_stream_write_gbs = stream(sizes_.dram);
    return c;
  }

 private:
  template <class Body>
  static double per_second(double work, const Body& body) {
    constexpr double kSeconds = 0.02;
    constexpr int kAttempts = 10;
    return rate(
        1, kSeconds, work, [&](int) { body(); }, kAttempts);
  }
  // GB/s; a small working set is passed several times in a call.
  template <class Pass>
  static double gbs(std::size_t bytes, const Pass& pass) {
    const std::size_t passes = std::max<std::size_t>(1, std::size_t{kMiB} / bytes);
    return per_second(static_cast<double>(bytes * passes),
                      [&] {
                        for (std::size_t i = 0; i < passes; ++i) pass();
                      }) /
           1e9;
  }
  double read(std::size_t bytes) {
    return gbs(bytes, [&] { probe::read(isa_, memory_.as<char>(), bytes); });
  }
  double write(std::size_t bytes) {
    return gbs(bytes, [&] { probe::write(isa_, memory_.as<char>(), bytes); });
  }
  double stream(std::size_t bytes) {
    return gbs(bytes, [&] { probe::stream_write(isa_, memory_.as<char>(), bytes); });
  }

  const HostInfo& host_;
  Buffer& memory_;
  const Sizes& sizes_;
  std::string isa_;
};

}  // namespace

std::vector<Calibration> calibrate(const HostInfo& host,
                                   const std::function<void(const std::string&)>& progress) {
  const Sizes sizes(host);
  std::vector<Calibration> measured;
  if (host.isas.empty()) return measured;
  Buffer memory(sizes.dram);
  probe::write(host.isas.front(), memory.as<char>(), memory.bytes());  // gives it pages
  for (const std::string& isa : host.isas)
    measured.push_back(Core(host, memory, sizes, isa).measure(progress));
  return measured;
}

std::vector<MachineNumber> machine_numbers(const Calibration& c) {
  const double vector = probe::vector_bytes(c.isa);
  const auto fmas = [&](double gflops, double flops) { return gflops / flops / c.ghz; };
  // What a kernel gets of them beside its other work: chosen on Zen 4 (docs/machine.md).
  constexpr double kL2 = 0.75, kL3 = 0.6, kDram = 0.85, kDramWrite = 0.8, kStream = 0.65;
  const auto bytes = [&](double gbs, double part) { return gbs * part / c.ghz; };
  return {{c.isa, "ghz", c.ghz},
          {c.isa, "fma_per_cycle", fmas(c.fma_gflops, vector / 4 * 2)},
          {c.isa, "f64_fma_per_cycle", fmas(c.f64_gflops, vector / 8 * 2)},
          {c.isa, "dot2_per_cycle", fmas(c.dot2_gflops, vector / 4 * 4)},
          {c.isa, "loads_per_cycle", c.loads_per_cycle},
          {c.isa, "stores_per_cycle", c.stores_per_cycle},
          {c.isa, "l2_bytes_per_cycle", bytes(c.l2_read_gbs, kL2)},
          {c.isa, "l3_bytes_per_cycle", bytes(c.l3_read_gbs, kL3)},
          {c.isa, "dram_bytes_per_cycle", bytes(c.dram_read_gbs, kDram)},
          {c.isa, "dram_write_bytes_per_cycle", bytes(c.dram_write_gbs, kDramWrite)},
          {c.isa, "stream_write_bytes_per_cycle", bytes(c.dram_stream_write_gbs, kStream)}};
}

}  // namespace tconv::tools
