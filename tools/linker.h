// The system's C compiler as a linker.
#pragma once

#include <string>

namespace tconv::tools {

// The compiler that a triple's systems have by convention.
std::string default_compiler(const std::string& triple);

struct LinkJob {
  std::string compiler;  // looked for in PATH
  std::string how;       // -shared or -r
  std::string archive;   // all of it
  std::string source;    // and this, in C; may be empty
  std::string output;
  std::string name;  // that a shared library calls itself
};
// Two runs make the same bytes. What the compiler says goes where ours does. Throws UsageError
// where it cannot be started or fails.
void link_whole(const LinkJob& job);

}  // namespace tconv::tools
