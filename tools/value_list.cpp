#include "tools/value_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <sstream>

#include "tools/command.h"

namespace tconv::tools {
namespace {

bool whole(const std::string& text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

void add_values(const std::string& option, const std::string& word, const std::string& item,
                std::vector<std::string>& values) {
  if (item.empty()) refuse_field(option, word, "an empty value");
  const auto add = [&](const std::string& value) {
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  };
  const std::size_t dots = item.find("..");
  if (dots == std::string::npos) return add(item);
  std::int64_t least = 0, most = 0;
  if (!whole(item.substr(0, dots), least) || !whole(item.substr(dots + 2), most) || least > most ||
      most - least >= static_cast<std::int64_t>(kMostCombinations))
    refuse_field(option, word,
                 fmt::format("{} is not a range A..B of whole numbers with A <= B", item));
  for (std::int64_t v = least; v <= most; ++v) add(std::to_string(v));
}

}  // namespace

void refuse_field(const std::string& option, const std::string& word, const std::string& why) {
  throw UsageError(fmt::format("{}: '{}': {}", option, word, why));
}

FieldValues parse_field(const std::string& option, const std::string& word,
                        const std::string& example) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0)
    refuse_field(option, word, "FIELD=VALUES is needed, as " + example);
  FieldValues field{.name = word.substr(0, equals), .values = {}};
  std::istringstream items(word.substr(equals + 1) + ",");
  for (std::string item; std::getline(items, item, ',');)
    add_values(option, word, item, field.values);
  return field;
}

void count_combinations(const std::string& option, const std::string& word,
                        const FieldValues& field, std::vector<std::string>& names,
                        std::size_t& count) {
  if (std::find(names.begin(), names.end(), field.name) != names.end())
    refuse_field(option, word, field.name + " stands twice");
  if (field.values.size() > kMostCombinations / count)
    refuse_field(option, word, fmt::format("more than {} combinations", kMostCombinations));
  names.push_back(field.name);
  count *= field.values.size();
}

}  // namespace tconv::tools
