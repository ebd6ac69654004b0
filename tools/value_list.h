// Fields and the values that they take, as the options --sweep and --vary name them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tconv::tools {

struct FieldValues {
  std::string name;
  std::vector<std::string> values;  // each once
};

inline constexpr std::size_t kMostCombinations = 100'000;

// "NAME=VALUES": values and ranges of whole numbers that include both ends, as 1..4,8,16.
// `option` is named in what is refused. Throws UsageError.
FieldValues parse_field(const std::string& option, const std::string& word,
                        const std::string& example);

// Throws UsageError for a name that stands twice in `names` and this field, or too many
// combinations; `count` is their number so far.
void count_combinations(const std::string& option, const std::string& word,
                        const FieldValues& field, std::vector<std::string>& names,
                        std::size_t& count);

[[noreturn]] void refuse_field(const std::string& option, const std::string& word,
                               const std::string& why);

}  // namespace tconv::tools
