#include "tools/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace tconv::tools {

Progress::Progress(std::size_t total)
    : total_(total), terminal_(isatty(STDERR_FILENO) == 1), start_(Clock::now()), last_(start_) {}

Progress::~Progress() { clear(); }

void Progress::step(std::size_t done, const std::string& what) {
  const auto now = Clock::now();
  if (!terminal_ || now - start_ < std::chrono::seconds(1) ||
      now - last_ < std::chrono::milliseconds(100))
    return;
  last_ = now;
  shown_ = true;
  fmt::print(stderr, "\r\033[K[{}/{}] {:.100}", done, total_, what);
  std::fflush(stderr);
}

void Progress::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace tconv::tools
