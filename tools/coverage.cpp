#include "tools/coverage.h"

#include <fmt/format.h>

#include "tools/random_problem.h"

namespace tconv::tools {

void Coverage::add(const std::string& line, const std::string& plan) {
  const ProblemClass kind = classify(line);
  ++counts_[{kind.step, kind.layout, kind.tail, kind.group, kind.sizes,
             plan.substr(0, plan.find('('))}];
}

std::string Coverage::table() const {
  constexpr auto row = FMT_STRING("{:17} {:6} {:6} {:10} {:7} {:12} {:>7}\n");
  std::string text =
      fmt::format(row, "class", "layout", "tail", "group", "sizes", "schedule", "checks");
  for (const auto& [kind, count] : counts_) {
    const auto& [step, layout, tail, group, sizes, schedule] = kind;
    text += fmt::format(row, step, layout, tail, group, sizes, schedule, count);
  }
  return text;
}

Json Coverage::rows() const {
  auto rows = Json::array();
  for (const auto& [kind, count] : counts_) {
    const auto& [step, layout, tail, group, sizes, schedule] = kind;
    rows.push_back({{"class", step},
                    {"layout", layout},
                    {"tail", tail},
                    {"group", group},
                    {"sizes", sizes},
                    {"schedule", schedule},
                    {"checks", count}});
  }
  return rows;
}

}  // namespace tconv::tools
