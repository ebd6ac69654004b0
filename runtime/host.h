// What this CPU is, and the machine that the planner sees because of it.
#pragma once

#include <string>

#include "planner/planner.h"
#include "runtime/options.h"
#include "tconv/inspect.hpp"

namespace tconv::runtime {

// Found once per process. Thread-safe.
const HostInfo& host();

bool host_runs(const std::string& isa);

// The machine before any problem is known: the table's numbers for this core, or those of the
// machine file, with the host's caches and all threads. Throws Error.
planner::Machine host_machine(const Settings& settings);

// The same of a core of the table (known_cores), with the table's caches: whatever this host is.
planner::Machine core_machine(const Settings& settings, const std::string& core);

// What a problem's plan is made for: the table's numbers for the target with the host's caches, and
// as many of the wanted threads as pay. Throws Error for an unknown target.
planner::Machine machine_for(const planner::Problem& problem, const Settings& settings);

}  // namespace tconv::runtime
