// Families of problems: which fields of a problem line take which values.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tools/value_list.h"

namespace tconv::tools {

struct VariedLine {
  std::vector<std::pair<std::string, std::string>> fields;  // what it was given
  std::string line;                                         // perhaps no legal problem
  std::string text() const;                                 // "ic=16 oc=32"
};

class Vary {
 public:
  // Each "ic=16,32 s=1..3": fields of a problem line (docs/problem.md) separated by spaces, and
  // dtype, layout, bias=0,1. Throws UsageError.
  explicit Vary(const std::vector<std::string>& texts);

  bool empty() const { return fields_.empty(); }
  // Every combination, of a canonical line; the last field changes fastest.
  std::vector<VariedLine> lines(const std::string& line) const;

 private:
  std::vector<FieldValues> fields_;
};

}  // namespace tconv::tools
