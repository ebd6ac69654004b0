#include "tools/tune_plans.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>

namespace tconv::tools {
namespace {

// Fields that are sizes; all others make a family.
constexpr std::array kSizes = {"mr", "nr", "rows", "cols", "panels", "ku", "images", "fetch"};
// Flags that every schedule may have, to be turned either way.
constexpr std::array kTurned = {"strip", "stream", "prefetch"};

bool is_size(const std::string& field) {
  return std::find(kSizes.begin(), kSizes.end(), field) != kSizes.end();
}

std::string value_of(const PlanText& plan, const std::string& field) {
  for (const auto& [name, value] : plan.fields)
    if (name == field) return value.empty() ? "1" : value;
  return "";
}

PlanText with(PlanText plan, const std::string& field, const std::string& value) {
  plan.set(field, value);
  return plan;
}

bool better(const PlanCandidate& a, const PlanCandidate& b) {
  return a.predicted_us < b.predicted_us;
}

}  // namespace

std::string family(const PlanText& plan) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : plan.fields)
    if (!is_size(name)) parts.push_back(name + "=" + value);
  std::sort(parts.begin(), parts.end());
  std::string text = plan.schedule;
  for (const std::string& p : parts) text += " " + p;
  return text;
}

TunePlans::TunePlans(std::string line, Options options, std::string order)
    : line_(std::move(line)), options_(std::move(options)), order_(std::move(order)) {
  options_.plan.clear();
  options_.plans = "none";
  report_ = plan_report(line_, options_);
  chosen_ = report_.candidates.front();
  given_.insert(chosen_.plan);
}

std::vector<PlanCandidate> TunePlans::judged(const std::vector<std::string>& texts) {
  std::vector<PlanCandidate> legal;
  for (const PlanVerdict& v : judge_plans(line_, texts, options_)) {
    if (!v.reason.empty() || (options_.threads > 1 && v.order != order_)) continue;
    if (given_.insert(v.plan).second) legal.push_back({v.plan, v.predicted_us});
  }
  std::stable_sort(legal.begin(), legal.end(), better);
  return legal;
}

std::vector<PlanCandidate> TunePlans::ranked() {
  std::vector<PlanCandidate> first, rest;
  std::set<std::string> families;
  for (const PlanCandidate& c : report_.candidates) {
    if (!given_.insert(c.plan).second) continue;
    const bool fresh = families.insert(family(PlanText::parse(c.plan))).second;
    (fresh ? first : rest).push_back(c);
  }
  first.insert(first.end(), rest.begin(), rest.end());
  if (options_.threads <= 1) return first;
  std::vector<std::string> texts;
  for (const PlanCandidate& c : first) texts.push_back(c.plan);
  for (const std::string& text : texts) given_.erase(text);
  const std::vector<PlanCandidate> legal = judged(texts);
  std::erase_if(first, [&](const PlanCandidate& c) {
    return std::none_of(legal.begin(), legal.end(),
                        [&](const PlanCandidate& l) { return l.plan == c.plan; });
  });
  return first;
}

std::vector<PlanCandidate> TunePlans::around(const std::string& plan) {
  const PlanText center = PlanText::parse(plan);
  std::map<std::string, std::set<std::string>> seen;  // values of fields, in plans of its schedule
  std::set<std::pair<std::string, std::string>> tiles;
  for (const PlanCandidate& c : report_.candidates) {
    const PlanText other = PlanText::parse(c.plan);
    if (other.schedule != center.schedule) continue;
    for (const auto& [name, value] : other.fields) seen[name].insert(value);
    tiles.emplace(value_of(other, "mr"), value_of(other, "nr"));
  }
  for (const auto& [name, value] : center.fields) seen[name].insert(value);
  std::vector<std::string> texts;
  for (const auto& [mr, nr] : tiles) {
    if (mr.empty() || nr.empty()) continue;
    texts.push_back(with(with(center, "mr", mr), "nr", nr).text());
  }
  for (auto& [name, values] : seen) {
    if (!is_size(name)) continue;
    const std::string own = value_of(center, name);
    const std::int64_t v = own.empty() ? 1 : std::stoll(own);
    std::set<std::string> wanted = values;
    for (const std::int64_t beside : {v - 2, v - 1, v + 1, v + 2, v * 2, v / 2})
      if (beside > 0) wanted.insert(std::to_string(beside));
    if (name == "cols" || name == "panels") wanted.insert("0");
    for (const std::string& value : wanted) texts.push_back(with(center, name, value).text());
  }
  for (const char* flag : kTurned)
    texts.push_back(with(center, flag, value_of(center, flag).empty() ? "1" : "0").text());
  for (const std::string& name : {std::string("m"), std::string("r"), std::string("phases")})
    for (const std::string& value : seen.contains(name) ? seen[name] : std::set<std::string>{})
      texts.push_back(with(center, name, value).text());
  return judged(texts);
}

}  // namespace tconv::tools
