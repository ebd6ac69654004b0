// Proves that a program is sound: see docs/ir.md, "What verify guarantees".
#pragma once

#include <string>
#include <vector>

#include "ir/ir.h"

namespace tconv::ir {

struct Fault {
  int line = 0;  // the statement at fault; of print(program) when the program was built, not parsed
  std::string what;
};

// Empty means: no access outside a buffer, no register read before it is written, no more
// registers, pointers or instructions than the target has, every operand legal. Runs always, also
// in release.
std::vector<Fault> verify(const Program& program);

// Throws std::logic_error with the first fault and the program's text: a compiler bug, not a
// user's.
void verify_or_throw(const Program& program);

}  // namespace tconv::ir
