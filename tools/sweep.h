// Families of plans: which fields of a plan's text take which values.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tools/value_list.h"

namespace tconv::tools {

// A plan's text taken apart: direct(mr=14,nr=2,strip). What fields there are is the planner's
// business.
struct PlanText {
  std::string schedule;
  std::vector<std::pair<std::string, std::string>> fields;  // the value of a flag is ""

  static PlanText parse(const std::string& text);  // of a text that the planner printed
  std::string text() const;
  void set(const std::string& field, const std::string& value);
};

class Sweep {
 public:
  // "mr=4..16 nr=1,2,4 strip=0,1 schedule=direct,width": fields separated by spaces, each a list of
  // values and of ranges that include both ends. Or whole plans, also separated by spaces. Throws
  // UsageError.
  explicit Sweep(const std::string& text);

  // Every combination. A field that the sweep does not name is that of `base(schedule)`, where
  // `schedule` is one of the sweep's, or "" where it names none.
  std::vector<std::string> plans(
      const std::function<PlanText(const std::string& schedule)>& base) const;

 private:
  std::vector<std::string> whole_;
  std::vector<std::string> schedules_;
  std::vector<FieldValues> fields_;
};

}  // namespace tconv::tools
