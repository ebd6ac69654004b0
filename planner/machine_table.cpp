// Numbers per core and target. `tconv calibrate` measures most of them; the table has what the
// model predicts best with on that core. The runtime replaces the cache sizes by the host's.
#include <algorithm>
#include <array>
#include <stdexcept>

#include "ir/target.h"
#include "planner/machine.h"

namespace tconv::planner {
namespace {

Machine generic(const std::string& target) {
  Machine m;
  m.target = target;
  m.l1_bytes = 48 << 10;
  m.l2_bytes = 1 << 20;
  m.l3_bytes = 32 << 20;
  m.ghz = 4.0;
  m.fma_per_cycle = 2;
  m.f64_fma_per_cycle = 2;
  m.loads_per_cycle = 2;
  m.stores_per_cycle = 1;
  // A Zen 5 server core's, lowered where an Emerald Rapids core has much less.
  m.l2_bytes_per_cycle = 40;
  m.l3_bytes_per_cycle = 16;
  m.dram_bytes_per_cycle = 8;
  m.dram_write_bytes_per_cycle = 7;
  m.stream_write_bytes_per_cycle = 14;
  // Zen 5, 32 MB of L3: a memory-bound layer with 26 MB of output halves its time with streaming
  // stores (depthwise k4 s2: 0.72 ms against 1.51 ms), one with 17 MB doubles it (1 -> 64
  // channels: 0.66 ms against 0.31 ms); a compute-bound one does not care.
  m.stream_from_bytes = 20 << 20;
  m.grid_point_cycles = 150;
  // oneTBB's workers sleep after 0.1 ms without work, and layers do not come back to back: Zen 4,
  // 2 cores: 7 to 9 us after 2 ms of idleness, 0.1 us back to back (bench_threads, fork/).
  m.fork_us = 10;
  return m;
}

struct Core {
  const char* name;
  void (*adjust)(Machine& m, bool wide);  // wide: vectors of 512 bits
};

constexpr std::array kCores = {
    Core{kGenericCore, [](Machine&, bool) {}},
    // 512-bit units throughout: 288 GFLOP/s f32, 574 vdpbf16ps. The generic numbers are its own.
    Core{"zen5",
         [](Machine& m, bool wide) {
           m.ghz = 4.5;
           m.dot2_per_cycle = wide ? 2 : 0;
         }},
    // Units of 256 bits: a 512-bit operation takes one for two cycles. Bandwidths are what leads to
    // the best choices: about 0.75 of what reading L2 alone reaches, 0.6 of L3, 0.85 of memory.
    Core{"zen4",
         [](Machine& m, bool wide) {
           m.l1_bytes = 32 << 10;
           m.ghz = 3.65;
           m.fma_per_cycle = m.f64_fma_per_cycle = wide ? 1 : 2;
           m.dot2_per_cycle = wide ? 1 : 0;
           m.loads_per_cycle = wide ? 1 : 2;
           m.stores_per_cycle = wide ? 0.5 : 1;
           m.l2_bytes_per_cycle = 24;
           m.l3_bytes_per_cycle = 14;
           m.dram_bytes_per_cycle = 5.5;
           m.dram_write_bytes_per_cycle = 5;
           m.stream_write_bytes_per_cycle = 10;
         }},
    // Golden Cove servers, Sapphire and Emerald Rapids: 179 GFLOP/s f32 but 87 vdpbf16ps; an L3
    // that is large and far: tiles whose filter comes from it get 8.7 to 10.4 bytes per cycle, DRAM
    // 12 GB/s and 11, streaming writes 22.
    Core{"sapphire-rapids",
         [](Machine& m, bool wide) {
           m.l2_bytes = 2 << 20;
           m.ghz = 2.8;
           m.dot2_per_cycle = wide ? 0.5 : 0;
           m.l2_bytes_per_cycle = 38;
           m.l3_bytes_per_cycle = 9;
           m.dram_bytes_per_cycle = 3.7;
           m.dram_write_bytes_per_cycle = 3.1;
           m.stream_write_bytes_per_cycle = 5.1;
         }},
};

}  // namespace

Machine default_machine(const std::string& target, const std::string& core) {
  const ir::Target* known = ir::find_target(target);
  if (known == nullptr)
    throw std::invalid_argument("target '" + target + "' is not in the machine table");
  const auto entry =
      std::find_if(kCores.begin(), kCores.end(), [&](const Core& c) { return core == c.name; });
  if (entry == kCores.end())
    throw std::invalid_argument("core '" + core + "' is not in the machine table");
  Machine m = generic(target);
  entry->adjust(m, target == "avx512");
  if (!known->fma) m.fma_per_cycle /= 2, m.f64_fma_per_cycle /= 2;  // mul and add share the units
  return m;
}

std::vector<std::string> known_cores() {
  std::vector<std::string> names;
  for (const Core& c : kCores) names.emplace_back(c.name);
  return names;
}

double fma_per_cycle(const Machine& machine, ir::DType dtype) {
  return dtype == ir::DType::f64 ? machine.f64_fma_per_cycle : machine.fma_per_cycle;
}

}  // namespace tconv::planner
