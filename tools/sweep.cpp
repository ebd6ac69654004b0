#include "tools/sweep.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "tools/command.h"

namespace tconv::tools {
namespace {

// Flags have no value in a plan's text, so 0 and 1 are only this file's spelling of them.
constexpr std::array kFlags = {"dot2", "strip", "stream", "prefetch", "transposed", "merged"};
constexpr const char* kCount = "merged";  // a flag that has values above 1, too

bool is_flag(const std::string& name) {
  return std::find(kFlags.begin(), kFlags.end(), name) != kFlags.end();
}

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
  refuse_field("--sweep", field, why);
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
  std::vector<std::string> names;
  std::size_t count = 1;
  for (std::string word; words >> word;) {
    if (word.find('(') != std::string::npos) {
      whole_.push_back(word);
      continue;
    }
    FieldValues field = parse_field("--sweep", word, "mr=4..16 or nr=1,2,4");
    if (is_flag(field.name) && field.name != kCount &&
        std::any_of(field.values.begin(), field.values.end(),
                    [](const auto& v) { return v != "0" && v != "1"; }))
      refuse(word, field.name + " is a flag: its values are 0 and 1");
    count_combinations("--sweep", word, field, names, count);
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
  for (const FieldValues& field : fields_) {
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
