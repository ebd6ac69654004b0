#include "tools/report_texts.h"

#include <fmt/format.h>

#include <algorithm>

namespace tconv::tools {
namespace {

// The most that a text may have so that all fit.
std::size_t longest(const std::vector<std::string>& texts, std::size_t bytes) {
  std::vector<std::size_t> sizes;
  for (const std::string& t : texts) sizes.push_back(t.size());
  std::sort(sizes.begin(), sizes.end());
  std::size_t rest = bytes;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t share = rest / (sizes.size() - i);
    if (sizes[i] > share) return share;
    rest -= sizes[i];
  }
  return sizes.empty() ? 0 : sizes.back();
}

}  // namespace

std::size_t ReportTexts::add(const std::string& text) {
  const auto [entry, is_new] = places_.try_emplace(text, texts_.size());
  if (is_new) texts_.push_back(text);
  return entry->second;
}

std::size_t ReportTexts::fit(std::size_t bytes) {
  const std::size_t most = longest(texts_, bytes);
  std::size_t cut = 0;
  for (std::string& text : texts_) {
    if (text.size() <= most) continue;
    const std::size_t end = most == 0 ? std::string::npos : text.rfind('\n', most - 1);
    const std::size_t kept = end == std::string::npos ? 0 : end + 1;
    const auto lines =
        std::count(text.begin() + static_cast<std::ptrdiff_t>(kept), text.end(), '\n');
    text.resize(kept);
    text += fmt::format("... {} more line(s): tconv dump, or report --code-mb", lines);
    ++cut;
  }
  places_.clear();
  return cut;
}

}  // namespace tconv::tools
