// Numeric cases of conformance_cases.json as problem lines: padding_resolved says where values
// land, whatever the API.
#pragma once

#include "tools/buffer.h"
#include "tools/conformance/families.h"
#include "tools/shape.h"

namespace tconv::tools::conformance {

struct LiteralProblem {
  Shape shape;
  std::string line;
  Buffer input, filter, bias;  // bias: empty where there is none
};

// Throws Damaged for what the format does not allow, and Error (unsupported) for an activation or a
// filter layout that has no line.
LiteralProblem literal_problem(const Json& c);

// The case's tensors, in the layouts that it states.
Literal literal_tensors(const Json& c);

// The result of the line, in the case's layout.
Value run_line(const LiteralProblem& problem, const Options& options);

}  // namespace tconv::tools::conformance
