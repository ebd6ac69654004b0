#include "runtime/aot/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace tconv::runtime {
namespace {

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_identifier(std::string_view text) {
  return !text.empty() && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) { return letter(c) || digit(c); });
}

std::string identifier(std::string_view text) {
  std::string name = !text.empty() && digit(text[0]) ? "_" : "";
  for (const char c : text) name += letter(c) || digit(c) ? c : '_';
  return name;
}

std::string problem_identifier(std::string_view line) {
  constexpr std::size_t kMost = 120;
  std::string name = "tconv_";
  for (const char c : line) {
    if (c == '=') continue;  // ic=256 is ic256
    name += letter(c) || digit(c) ? c : c == '.' ? 'p' : c == '-' ? 'm' : '_';
  }
  if (name.size() <= kMost) return name;
  name.resize(kMost);  // what is cut off still tells problems apart
  return fmt::format("{}_{:016x}", name, Hash().add(line).value());
}

Hash& Hash::add(std::string_view text) {
  for (const char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  value_ = (value_ ^ 0xFF) * 0x100000001B3ULL;  // where the text ends counts, too
  return *this;
}

}  // namespace tconv::runtime
