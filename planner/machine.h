// What the planner knows of a machine. Numbers per core and target come from machine_table.cpp or
// from a calibration; the runtime replaces the cache sizes by the host's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/ir.h"

namespace tconv::planner {

struct Machine {
  std::string target;  // ir target, as "avx512"
  std::int64_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0;
  double ghz = 0;
  double fma_per_cycle = 0;      // vector FMAs of f32
  double f64_fma_per_cycle = 0;  // vector FMAs of f64
  double dot2_per_cycle = 0;     // vector dot2 of bf16 pairs; 0: the core has none
  double loads_per_cycle = 0;    // vector loads that hit L1
  double stores_per_cycle = 0;
  double l2_bytes_per_cycle = 0, l3_bytes_per_cycle = 0, dram_bytes_per_cycle = 0;
  double dram_write_bytes_per_cycle = 0, stream_write_bytes_per_cycle = 0;
  std::int64_t stream_from_bytes = 0;  // outputs larger than this are written with streaming stores
  double grid_point_cycles = 0;        // fixed cost of one grid point
  double fork_us = 0;  // what it costs to share a run's work among threads, and to wait for them
  int threads = 1;
};

// Of cores that nobody measured, and of tests: plans that are good on all of the known ones.
inline constexpr const char* kGenericCore = "generic";

// The table's entry; throws std::invalid_argument for an unknown target or core.
Machine default_machine(const std::string& target, const std::string& core = kGenericCore);
// Names of the table's cores, the generic one first.
std::vector<std::string> known_cores();

// Vector FMAs per cycle of a type's sums.
double fma_per_cycle(const Machine& machine, ir::DType dtype);

}  // namespace tconv::planner
