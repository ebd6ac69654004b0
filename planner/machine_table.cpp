// Numbers per target: a Zen 5 server core, lowered where an Emerald Rapids core has much less, so
// that plans are good on both. The runtime replaces the cache sizes by the host's.
#include <stdexcept>

#include "planner/machine.h"

namespace tconv::planner {

Machine default_machine(const std::string& target) {
  Machine m;
  m.target = target;
  m.l1_bytes = 48 << 10;
  m.l2_bytes = 1 << 20;
  m.l3_bytes = 32 << 20;
  m.ghz = 4.0;
  m.fma_per_cycle = 2;
  m.loads_per_cycle = 2;
  m.stores_per_cycle = 1;
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
  if (target == "avx512") return m;
  if (target == "avx2" || target == "tiny") return m;
  throw std::invalid_argument("target '" + target + "' is not in the machine table");
}

}  // namespace tconv::planner
