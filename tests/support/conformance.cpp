#include "tests/support/conformance.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "tools/conformance/literal.h"
#include "tools/conformance/values.h"

namespace tconv::tests {
namespace {

using nlohmann::json;
namespace conformance = tools::conformance;

ConformanceCase convert(const json& j) {
  conformance::LiteralProblem problem = conformance::literal_problem(j);
  ConformanceCase r;
  r.id = j.at("id");
  r.line = std::move(problem.line);
  r.input = std::move(problem.input);
  r.filter = std::move(problem.filter);
  r.bias = std::move(problem.bias);
  r.expected = conformance::numbers_of(j.at("expect").at("values"));
  r.tolerance = j.at("expect").at("rel_tol");
  return r;
}

}  // namespace

std::vector<ConformanceCase> conformance_cases(std::vector<std::string>* left_out) {
  std::ifstream file(TCONV_SOURCE_DIR "/tests/data/conformance_cases.json");
  const json all = json::parse(file);
  std::vector<ConformanceCase> r;
  for (const json& j : all.at("cases")) {
    if (j.at("expect").at("kind") == "values" && !j.contains("divergent")) {
      r.push_back(convert(j));
    } else if (left_out != nullptr) {
      left_out->push_back(j.at("id"));
    }
  }
  return r;
}

}  // namespace tconv::tests
