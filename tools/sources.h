// The problems that a command line names.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tools/command.h"
#include "tools/shape.h"

namespace tconv::tools {

struct NamedProblem {
  std::string name;  // of the layer; "1", "2" .. for lines
  std::string line;  // canonical
  Shape shape;
  std::vector<std::pair<std::string, std::string>> varied;  // by --vary: field and value
};

// A combination of --vary that is no legal problem.
struct IllegalProblem {
  std::string name, line, reason;
};

// Every line is parsed before any work starts. Throws UsageError or tconv::Error; the result is
// empty when no source was given. Combinations of `sources.vary` that are illegal go to `illegal`;
// all of them: it is the user's mistake.
std::vector<NamedProblem> collect(const Sources& sources,
                                  std::vector<IllegalProblem>* illegal = nullptr);

// As collect, but refuses an empty result.
std::vector<NamedProblem> collect_some(const Sources& sources,
                                       std::vector<IllegalProblem>* illegal = nullptr);

}  // namespace tconv::tools
