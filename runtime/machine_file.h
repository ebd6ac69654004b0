// What `tconv calibrate` measured on this host, as a file (docs/machine.md): read, checked, and put
// into the planner's machine.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "planner/machine.h"
#include "tconv/inspect.hpp"

namespace tconv::runtime {

class MachineFile {
 public:
  // Throws Error, with the line and the reason, for a file that is not whole, names what is
  // unknown, holds a number that no machine has, or was measured on another host. `where` says in
  // the message what asked for it.
  static MachineFile parse(const std::string& text, const std::string& where);

  // Replaces the numbers of machine.target; throws Error when the file has none for it.
  void apply(planner::Machine& machine) const;

 private:
  std::string where_;
  std::map<std::string, std::map<std::string, double>> numbers_;  // isa, name
};

// Of this path, read once per process. Throws Error; the next call then tries again. Neither locks
// nor keeps a forked child waiting.
const MachineFile& machine_file(const std::string& path, const std::string& where);

// The numbers that a file holds for each isa, as they stand in `machine`.
std::vector<MachineNumber> machine_numbers(const planner::Machine& machine);

}  // namespace tconv::runtime
