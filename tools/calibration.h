// What one core of this host does at its best, for the planner (docs/machine.md).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tconv/inspect.hpp"

namespace tconv::tools {

// One thread, with the vectors of one isa. Bandwidths are in GB/s.
struct Calibration {
  std::string isa;
  double ghz = 0;  // while FMAs execute
  double fma_gflops = 0, f64_gflops = 0;
  double dot2_gflops = 0;  // vdpbf16ps; 0: the host has none for this isa
  double loads_per_cycle = 0, stores_per_cycle = 0;
  double l1_read_gbs = 0, l1_write_gbs = 0, l2_read_gbs = 0, l2_write_gbs = 0, l3_read_gbs = 0,
         l3_write_gbs = 0, dram_read_gbs = 0, dram_write_gbs = 0;
  double l3_stream_write_gbs = 0, dram_stream_write_gbs = 0;
};

// Every isa that the host runs; a few seconds. `progress` is told what comes next.
std::vector<Calibration> calibrate(const HostInfo& host,
                                   const std::function<void(const std::string&)>& progress);

// The planner's numbers, per cycle. Bandwidths are what kernels get beside their other work, a part
// of what reading alone reaches.
std::vector<MachineNumber> machine_numbers(const Calibration& measured);

}  // namespace tconv::tools
