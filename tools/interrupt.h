// Ctrl-C where there is something to keep.
#pragma once

namespace tconv::tools {

// While one lives, the first SIGINT or SIGTERM only sets a flag; the second ends the program as
// always. One at a time.
class InterruptFlag {
 public:
  InterruptFlag();
  ~InterruptFlag();
  InterruptFlag(const InterruptFlag&) = delete;
  InterruptFlag& operator=(const InterruptFlag&) = delete;
  bool raised() const;

 private:
  using Handler = void (*)(int);
  Handler interrupt_, terminate_;  // those before
};

}  // namespace tconv::tools
