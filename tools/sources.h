// The problems that a command line names.
#pragma once

#include <string>
#include <vector>

#include "tools/command.h"
#include "tools/shape.h"

namespace tconv::tools {

struct NamedProblem {
  std::string name;  // of the layer; "1", "2" .. for lines
  std::string line;  // canonical
  Shape shape;
};

// Every line is parsed before any work starts. Throws UsageError or tconv::Error; the result is
// empty when no source was given.
std::vector<NamedProblem> collect(const Sources& sources);

// As collect, but refuses an empty result.
std::vector<NamedProblem> collect_some(const Sources& sources);

}  // namespace tconv::tools
