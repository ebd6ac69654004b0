// Which entry of the planner's machine table a CPU has.
#pragma once

#include <string>

namespace tconv::runtime {

// By CPUID's vendor, family and model; "generic" for those that are not in the table.
std::string core_name(const std::string& vendor, unsigned family, unsigned model);

}  // namespace tconv::runtime
