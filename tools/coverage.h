// What a check covered: problems of each kind by the schedule that computed them, so that "random"
// cannot mean "tiny and square".
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "tools/json_report.h"

namespace tconv::tools {

class Coverage {
 public:
  void add(const std::string& line, const std::string& plan);
  std::string table() const;
  Json rows() const;

 private:
  // class, layout, tail, group, sizes, schedule
  using Kind =
      std::tuple<std::string, std::string, std::string, std::string, std::string, std::string>;
  std::map<Kind, int> counts_;
};

}  // namespace tconv::tools
