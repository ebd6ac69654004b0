// The limits of this machine, measured in the run that quotes percentages of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tconv/inspect.hpp"

namespace tconv::tools {

// Of `threads` threads together. Takes about a third of a second.
struct Limits {
  int threads = 1;
  std::map<std::string, double> fma_gflops;  // f32, by isa; a multiply-add is 2
  double l2_read_gbs = 0, l3_read_gbs = 0, dram_read_gbs = 0, dram_stream_write_gbs = 0;

  // Bandwidth of the nearest level that holds so many bytes.
  double bandwidth_for(std::int64_t bytes, const HostInfo& host) const;
};

Limits measure_limits(const HostInfo& host, int threads);

// Raises the FMA peak when the machine now does better than before: clocks move, and other programs
// may have been in the way. Takes 4 ms.
void remeasure_fma(Limits& limits, const std::string& isa);

}  // namespace tconv::tools
