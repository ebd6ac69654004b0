// Runs one case.
#pragma once

#include <string>

#include "tools/conformance/values.h"

namespace tconv::tools::conformance {

enum class Outcome { passed, failed, skipped, divergent };
const char* name(Outcome outcome);

struct Result {
  std::string id, api;
  Outcome outcome = Outcome::passed;
  std::string detail;  // what was wrong, why it was skipped, what diverges
};

// Throws Damaged for a case that is not of the format.
Result run_case(const Json& c, const Options& options);

}  // namespace tconv::tools::conformance
