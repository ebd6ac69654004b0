// The numeric cases of conformance_cases.json as problems: what other projects' own tests expect.
#pragma once

#include <string>
#include <vector>

#include "tools/buffer.h"
#include "tools/definition.h"

namespace tconv::tests {

struct ConformanceCase {
  std::string id;
  std::string line;  // padding_resolved gives p and o; the filter's layout is the line's
  tools::Buffer input, filter, bias;
  std::vector<double> expected;  // dense, in the line's layout
  double tolerance = 0;          // relative to max(1, |expected|)
  tools::Tensors tensors() const { return {input.data(), filter.data(), bias.data(), {}}; }
};

// In the file's order. Cases that only state a shape or an error have no numbers and are left out,
// as are those marked divergent (what a library once did wrongly): their ids go to `left_out` if
// given.
std::vector<ConformanceCase> conformance_cases(std::vector<std::string>* left_out = nullptr);

}  // namespace tconv::tests
