// IR and machine code that a page shows: each text once, and no more than fit into it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace tconv::tools {

class ReportTexts {
 public:
  std::size_t add(const std::string& text);  // its place in the list
  // Cuts the longest, at whole lines, until all together have at most so many bytes: short ones
  // stay whole. A text that was cut says so in its last line. Returns how many were cut.
  std::size_t fit(std::size_t bytes);
  const std::vector<std::string>& list() const { return texts_; }

 private:
  std::vector<std::string> texts_;
  std::map<std::string, std::size_t> places_;
};

}  // namespace tconv::tools
