// A line on the terminal while something takes long.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace tconv::tools {

// Writes to standard error, only when it is a terminal and only after the first second.
class Progress {
 public:
  explicit Progress(std::size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step(std::size_t done, const std::string& what);
  void clear();  // before other output

 private:
  using Clock = std::chrono::steady_clock;
  std::size_t total_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point start_, last_;
};

}  // namespace tconv::tools
