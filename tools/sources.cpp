#include "tools/sources.h"

#include <fmt/format.h>

#include "tconv/inspect.hpp"
#include "tools/layers_csv.h"
#include "tools/random_problem.h"
#include "tools/vary.h"

namespace tconv::tools {
namespace {

NamedProblem named(std::string name, const std::string& line) {
  NamedProblem problem;
  problem.name = std::move(name);
  problem.line = parse_problem(line).line;
  problem.shape = parse_shape(problem.line);
  return problem;
}

std::vector<NamedProblem> varied(const std::vector<NamedProblem>& bases, const Vary& vary,
                                 std::vector<IllegalProblem>* illegal) {
  std::vector<NamedProblem> problems;
  std::string first_reason;
  for (const NamedProblem& base : bases)
    for (const VariedLine& v : vary.lines(base.line)) {
      const std::string name = base.name + " " + v.text();
      try {
        problems.push_back(named(name, v.line));
        problems.back().varied = v.fields;
      } catch (const Error& e) {
        if (first_reason.empty()) first_reason = e.what();
        if (illegal != nullptr) illegal->push_back({name, v.line, e.what()});
      }
    }
  if (problems.empty() && !bases.empty())
    throw UsageError("--vary: no combination is a legal problem; the first: " + first_reason);
  return problems;
}

}  // namespace

std::vector<NamedProblem> collect(const Sources& sources, std::vector<IllegalProblem>* illegal) {
  if (!sources.sum.empty() && sources.dtype != "f16")
    throw UsageError("--sum f16: only with --dtype f16, got --dtype " + sources.dtype);
  const std::string type =
      sources.sum.empty() ? sources.dtype : sources.dtype + " sum=" + sources.sum;
  const Vary vary(sources.vary);  // a mistake in it is not one of a problem
  std::vector<NamedProblem> problems;
  for (const std::string& line : sources.lines)
    problems.push_back(named(std::to_string(problems.size() + 1), line));
  if (!sources.layers.empty())
    for (const LayerRow& row : read_layers(sources.layers, type, sources.layout, sources.fused))
      problems.push_back(named(row.name, row.line));
  RandomOptions wishes;
  wishes.type = parse_shape(sources.dtype + " nwc i=1 k=1").type;
  wishes.half_sum = !sources.sum.empty();
  wishes.open_percent = 15;
  RandomProblems random(sources.seed, wishes);
  for (std::int64_t i = 0; i < sources.random; ++i)
    problems.push_back(named(fmt::format("random{}.{}", sources.seed, i), random.next()));
  if (!vary.empty()) return varied(problems, vary, illegal);
  return problems;
}

std::vector<NamedProblem> collect_some(const Sources& sources,
                                       std::vector<IllegalProblem>* illegal) {
  std::vector<NamedProblem> problems = collect(sources, illegal);
  if (problems.empty())
    throw UsageError("no problem is given: a problem line, --layers FILE.csv or --random N");
  return problems;
}

}  // namespace tconv::tools
