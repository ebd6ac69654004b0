// What the planner knows of a machine. Numbers per target come from machine_table.cpp; the runtime
// replaces the cache sizes by the host's.
#pragma once

#include <cstdint>
#include <string>

namespace tconv::planner {

struct Machine {
  std::string target;  // ir target, as "avx512"
  std::int64_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0;
  double ghz = 0;
  double fma_per_cycle = 0;  // vector FMAs
  // Multiply-adds of a dot2 instruction per multiply-add of an FMA, in the same time; 0: none.
  double dot2_rate = 0;
  double loads_per_cycle = 0;  // vector loads that hit L1
  double stores_per_cycle = 0;
  double l2_bytes_per_cycle = 0, l3_bytes_per_cycle = 0, dram_bytes_per_cycle = 0;
  double dram_write_bytes_per_cycle = 0, stream_write_bytes_per_cycle = 0;
  std::int64_t stream_from_bytes = 0;  // outputs larger than this are written with streaming stores
  double grid_point_cycles = 0;        // fixed cost of one grid point
  double fork_us = 0;  // what it costs to share a run's work among threads, and to wait for them
  int threads = 1;
};

// The table entry for a target; throws std::invalid_argument for an unknown one.
Machine default_machine(const std::string& target);

}  // namespace tconv::planner
