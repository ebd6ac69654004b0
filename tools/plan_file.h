// Plan databases on disk (docs/tuning.md).
#pragma once

#include <string>
#include <vector>

#include "tconv/inspect.hpp"

namespace tconv::tools {

// Throws UsageError for a file that cannot be read, tconv::Error for one of another version.
PlanFile read_plan_file(const std::string& path);

// Puts entries into the file, which is made if it is not there: each replaces what stands there for
// the same problem, machine, accuracy and threads. All other lines stay, also those that are
// damaged. Several processes may do so at once: each waits for the others, and whoever reads finds
// the file before or after. Returns what could not be read of it. Throws UsageError for a path that
// cannot be written, tconv::Error for a file of another version; then nothing is changed.
std::vector<std::string> add_plans(const std::string& path, const std::vector<PlanEntry>& entries);

}  // namespace tconv::tools
