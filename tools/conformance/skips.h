// Why some cases are not run: a row per API and kind of case, never per case.
#pragma once

#include <string_view>

namespace tconv::tools::conformance {

enum class Kind {
  lines,   // numbers or a shape, with the resolved padding of conformance_cases.json
  errors,  // what an API refuses
  calls    // an oracle case: arguments as given to the API
};

// Of an api that is no front door; empty: no row has it.
std::string_view why_skipped(std::string_view api, Kind kind);

inline constexpr std::string_view kNotWhole =
    "the file does not hold all of the arguments of this error";

}  // namespace tconv::tools::conformance
