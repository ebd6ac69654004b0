// Where the results of bench go besides standard output.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/command.h"
#include "tools/json_report.h"
#include "tools/sources.h"
#include "tools/temporary_file.h"

namespace tconv::tools {

class BenchOutput {
 public:
  // Paths that cannot be written are refused here, before anything is measured.
  explicit BenchOutput(const Command& command);

  // Combinations of --vary that are no problem: told, and no failure.
  void illegal(JsonReport& report, const std::vector<IllegalProblem>& problems) const;
  // Standard output, with its summary, and the files.
  void finish(JsonReport& report, const std::string& summary);

 private:
  bool json_;
  std::optional<TemporaryFile> json_file_, csv_file_;
};

// The results as a table: a line for each measurement, a plan of a sweep is one; all that a program
// needs stands in each line: problem, plan, machine, figures, rounds.
std::string csv_table(const Json& report);

}  // namespace tconv::tools
