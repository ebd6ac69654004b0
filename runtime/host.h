// What this CPU is, and the machine that the planner sees because of it.
#pragma once

#include <string>

#include "planner/machine.h"
#include "tconv/inspect.hpp"

namespace tconv::runtime {

// Found once per process. Thread-safe.
const HostInfo& host();

bool host_runs(const std::string& isa);

// The table's numbers for the target with the host's caches. Throws Error for an unknown target.
planner::Machine machine_for(const std::string& target, int threads);

}  // namespace tconv::runtime
