// conformance: what other projects' tests expect, through the front doors.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>

#include "tconv/inspect.hpp"
#include "tools/command.h"
#include "tools/conformance/runner.h"
#include "tools/json_report.h"
#include "tools/progress.h"
#include "tools/session.h"

namespace tconv::tools {
namespace {

using conformance::Outcome;
using conformance::Result;
using Cases = std::vector<nlohmann::json>;

// No file of cases is nested deeper; what is would only cost stack.
constexpr int kMostDepth = 64;

[[noreturn]] void damaged(const std::string& path, const std::string& what) {
  throw UsageError(fmt::format("{}: {}", path, what));
}

nlohmann::json parse(const std::string& path) {
  std::ifstream file(path);
  if (!file) damaged(path, "it cannot be read");
  const auto guard = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kMostDepth)
      throw conformance::Damaged(fmt::format("nested deeper than {} levels", kMostDepth));
    return true;
  };
  try {
    return nlohmann::json::parse(file, guard);
  } catch (const nlohmann::json::exception& e) {
    damaged(path, e.what());
  } catch (const conformance::Damaged& e) {
    damaged(path, e.what());
  }
}

// Every case must say who it is and what it expects; ids are what lines are found by.
Cases read_cases(const std::string& path) {
  nlohmann::json all = parse(path);
  if (!all.is_object() || !all.contains("cases") || !all["cases"].is_array())
    damaged(path, "there is no list \"cases\"");
  std::set<std::string> ids;
  for (const nlohmann::json& c : all["cases"]) {
    for (const char* key : {"id", "api"})
      if (!c.is_object() || !c.contains(key) || !c[key].is_string())
        damaged(path, fmt::format("case {} has no \"{}\"", ids.size(), key));
    if (!c.contains("expect") || !c["expect"].is_object())
      damaged(path, fmt::format("case {} has no \"expect\"", c["id"].dump()));
    if (!ids.insert(c["id"].get<std::string>()).second)
      damaged(path, fmt::format("there are two cases {}", c["id"].dump()));
  }
  return all["cases"].get<Cases>();
}

class Counter {
 public:
  explicit Counter(bool json) : json_(json), report_("conformance") {}

  void add(const std::string& file, const Result& result, Progress& progress) {
    ++counts_[static_cast<std::size_t>(result.outcome)];
    report_.add({{"file", file},
                 {"id", result.id},
                 {"api", result.api},
                 {"outcome", conformance::name(result.outcome)},
                 {"detail", result.detail}});
    if (result.outcome == Outcome::skipped) ++reasons_[result.detail];
    if (json_ || result.outcome == Outcome::passed || result.outcome == Outcome::skipped) return;
    progress.clear();
    fmt::print("{} {} ({}): {}\n", result.outcome == Outcome::failed ? "FAIL" : "divergent",
               result.id, result.api, one_line(result.detail));
  }

  int finish_all() {
    if (!json_)
      for (const auto& [reason, count] : reasons_) fmt::print("skipped {}: {}\n", count, reason);
    const auto count = [this](Outcome outcome) {
      return counts_[static_cast<std::size_t>(outcome)];
    };
    for (const Outcome outcome :
         {Outcome::passed, Outcome::failed, Outcome::skipped, Outcome::divergent})
      report_.set(conformance::name(outcome), count(outcome));
    finish(report_, json_,
           fmt::format("{} passed, {} failed, {} skipped", count(Outcome::passed),
                       count(Outcome::failed), count(Outcome::skipped)));
    return count(Outcome::failed) == 0 ? kRight : kWrong;
  }

 private:
  static std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  }

  bool json_;
  JsonReport report_;
  std::array<std::int64_t, 4> counts_{};
  std::map<std::string, int> reasons_;  // of what was skipped
};

}  // namespace

int cmd_conformance(const Command& command) {
  if (command.case_files.empty()) throw UsageError("conformance: a file of cases is needed");
  // The cases' numbers are exact sums: a plan that transforms them first rounds on the way.
  Options options = command.options;
  if (options.accuracy.empty() && options.plan.empty()) options.accuracy = "exact-order";
  inspect_options(options);
  std::vector<Cases> files;  // all of them are read before the first case runs
  std::size_t total = 0, done = 0;
  for (const std::string& path : command.case_files)
    total += files.emplace_back(read_cases(path)).size();
  Progress progress(total);
  Counter counter(command.json);
  for (std::size_t file = 0; file < files.size(); ++file) {
    const std::string& path = command.case_files[file];
    for (const nlohmann::json& c : files[file]) {
      const auto id = c["id"].get<std::string>();
      progress.step(done++, id);
      try {
        counter.add(path, conformance::run_case(c, options), progress);
      } catch (const conformance::Damaged& e) {
        damaged(path, fmt::format("case {}: {}", id, e.what()));
      }
    }
  }
  progress.clear();
  return counter.finish_all();
}

}  // namespace tconv::tools
