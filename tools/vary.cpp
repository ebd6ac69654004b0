#include "tools/vary.h"

#include <algorithm>
#include <array>
#include <sstream>

namespace tconv::tools {
namespace {

// Values of what comes first; post-ops do not vary, their order matters.
constexpr std::array kFields = {"n", "g", "ic",  "oc",  "i",   "o",   "k",     "s",
                                "d", "p", "ips", "ops", "out", "sum", "filter"};

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// In a canonical line the type is the first word and the layout the second.
void set(std::vector<std::string>& words, const std::string& field, const std::string& value) {
  if (field == "dtype" || field == "layout") {
    words[field == "dtype" ? 0 : 1] = value;
    return;
  }
  const auto is_field = [&](const std::string& word) { return word.starts_with(field + "="); };
  if (field == "bias") {
    const auto old = std::find_if(words.begin(), words.end(),
                                  [&](const auto& w) { return w == field || is_field(w); });
    if (value == "0" && old != words.end()) words.erase(old);
    if (value != "0" && old == words.end()) words.push_back(field);
    return;
  }
  const auto old = std::find_if(words.begin(), words.end(), is_field);
  if (old != words.end()) {
    *old = field + "=" + value;
  } else {
    words.insert(words.begin() + 2, field + "=" + value);
  }
}

}  // namespace

std::string VariedLine::text() const {
  std::string text;
  for (const auto& [field, value] : fields) text += (text.empty() ? "" : " ") + field + "=" + value;
  return text;
}

Vary::Vary(const std::vector<std::string>& texts) {
  std::vector<std::string> names;
  std::size_t count = 1;
  for (const std::string& text : texts) {
    const std::vector<std::string> words = words_of(text);
    if (words.empty()) refuse_field("--vary", text, "it names no field");
    for (const std::string& word : words) {
      FieldValues field = parse_field("--vary", word, "ic=16,32,64 or s=1..3");
      const auto is = [&](const char* name) { return field.name == name; };
      const bool bias = is("bias");
      if (!bias && !is("dtype") && !is("layout") &&
          std::none_of(kFields.begin(), kFields.end(), is))
        refuse_field(
            "--vary", word,
            "there is no field " + field.name +
                "; there are dtype layout n g ic oc i o k s d p ips ops out sum filter bias");
      if (bias && std::any_of(field.values.begin(), field.values.end(),
                              [](const auto& v) { return v != "0" && v != "1"; }))
        refuse_field("--vary", word, "bias is a flag: its values are 0 and 1");
      count_combinations("--vary", word, field, names, count);
      fields_.push_back(std::move(field));
    }
  }
}

std::vector<VariedLine> Vary::lines(const std::string& line) const {
  std::vector<VariedLine> found = {{{}, line}};
  for (const FieldValues& field : fields_) {
    std::vector<VariedLine> more;
    for (const VariedLine& base : found)
      for (const std::string& value : field.values) {
        VariedLine varied = base;
        varied.fields.emplace_back(field.name, value);
        std::vector<std::string> words = words_of(base.line);
        set(words, field.name, value);
        varied.line.clear();
        for (const std::string& word : words)
          varied.line += (varied.line.empty() ? "" : " ") + word;
        more.push_back(std::move(varied));
      }
    found = std::move(more);
  }
  return found;
}

}  // namespace tconv::tools
