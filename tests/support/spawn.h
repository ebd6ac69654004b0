// Runs a program and catches what it says.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tconv::test {

struct Finished {
  int status = -1;  // exit status; 128 + signal when killed
  std::string out, err;
};

// `environment` is added to this process's. Throws std::runtime_error when the program cannot be
// started.
Finished spawn(const std::vector<std::string>& command,
               const std::vector<std::pair<std::string, std::string>>& environment = {});

}  // namespace tconv::test
