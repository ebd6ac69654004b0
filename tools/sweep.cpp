#include "tools/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <sstream>

#include "tools/command.h"

namespace tconv::tools {
namespace {

// Flags have no value in a plan's text, so 0 and 1 are only this file's spelling of them.
constexpr std::array kFlags = {"dot2", "strip", "stream", "prefetch", "transposed", "merged"};
constexpr const char* kCount = "merged";  // a flag that has values above 1, too
constexpr std::size_t kMostPlans = 100'000;

bool is_flag(const std::string& name) {
  return std::find(kFlags.begin(), kFlags.end(), name) != kFlags.end();
}

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
  throw UsageError(fmt::format("--sweep: '{}': {}", field, why));
}

bool whole(const std::string& text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

void add_values(const std::string& field, const std::string& item,
                std::vector<std::string>& values) {
  if (item.empty()) refuse(field, "an empty value");
  const auto add = [&](const std::string& value) {
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  };
  const std::size_t dots = item.find("..");
  if (dots == std::string::npos) return add(item);
  std::int64_t least = 0, most = 0;
  if (!whole(item.substr(0, dots), least) || !whole(item.substr(dots + 2), most) || least > most ||
      most - least >= static_cast<std::int64_t>(kMostPlans))
    refuse(field, fmt::format("{} is not a range A..B of whole numbers with A <= B", item));
  for (std::int64_t v = least; v <= most; ++v) add(std::to_string(v));
}

}  // namespace

PlanText PlanText::parse(const std::string& text) {
  PlanText plan;
  const std::size_t open = text.find('(');
  plan.schedule = text.substr(0, open);
  if (open == std::string::npos) return plan;
  std::istringstream rest(text.substr(open + 1, text.rfind(')') - open - 1));
  for (std::string field; std::getline(rest, field, ',');) {
    const std::size_t equals = field.find('=');
    plan.fields.emplace_back(field.substr(0, equals),
                             equals == std::string::npos ? "" : field.substr(equals + 1));
  }
  return plan;
}

std::string PlanText::text() const {
  std::string inside;
  for (const auto& [name, value] : fields) {
    if (!inside.empty()) inside += ',';
    inside += value.empty() ? name : name + "=" + value;
  }
  return schedule + "(" + inside + ")";
}

void PlanText::set(const std::string& field, const std::string& value) {
  std::erase_if(fields, [&](const auto& f) { return f.first == field; });
  if (!is_flag(field)) {
    fields.emplace_back(field, value);
  } else if (value != "0") {
    fields.emplace_back(field, value == "1" ? "" : value);
  }
}

Sweep::Sweep(const std::string& text) {
  std::istringstream words(text);
  std::size_t count = 1;
  for (std::string word; words >> word;) {
    if (word.find('(') != std::string::npos) {
      whole_.push_back(word);
      continue;
    }
    const std::size_t equals = word.find('=');
    Field field{.name = word.substr(0, equals), .values = {}};
    if (equals == std::string::npos || equals == 0)
      refuse(word, "FIELD=VALUES is needed, as mr=4..16 or nr=1,2,4");
    std::istringstream items(word.substr(equals + 1) + ",");
    for (std::string item; std::getline(items, item, ',');) add_values(word, item, field.values);
    if (is_flag(field.name) && field.name != kCount &&
        std::any_of(field.values.begin(), field.values.end(),
                    [](const auto& v) { return v != "0" && v != "1"; }))
      refuse(word, field.name + " is a flag: its values are 0 and 1");
    if (std::any_of(fields_.begin(), fields_.end(),
                    [&](const Field& f) { return f.name == field.name; }) ||
        (field.name == "schedule" && !schedules_.empty()))
      refuse(word, field.name + " stands twice");
    if (field.values.size() > kMostPlans / count)
      refuse(word, fmt::format("more than {} combinations", kMostPlans));
    count *= field.values.size();
    if (field.name == "schedule") {
      schedules_ = std::move(field.values);
    } else {
      fields_.push_back(std::move(field));
    }
  }
  const bool names_fields = !fields_.empty() || !schedules_.empty();
  if (!names_fields && whole_.empty()) refuse(text, "it names no field");
  if (names_fields && !whole_.empty()) refuse(text, "either fields or whole plans are needed");
}

std::vector<std::string> Sweep::plans(
    const std::function<PlanText(const std::string& schedule)>& base) const {
  if (!whole_.empty()) return whole_;
  std::vector<PlanText> found;
  for (const std::string& schedule : schedules_.empty() ? std::vector<std::string>{""} : schedules_)
    found.push_back(base(schedule));
  for (const Field& field : fields_) {
    std::vector<PlanText> more;
    for (const PlanText& plan : found)
      for (const std::string& value : field.values) {
        more.push_back(plan);
        more.back().set(field.name, value);
      }
    found = std::move(more);
  }
  std::vector<std::string> texts;
  for (const PlanText& plan : found) texts.push_back(plan.text());
  return texts;
}

}  // namespace tconv::tools
