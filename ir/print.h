// The text form of a program; parse(print(p)) == p. One statement per line, two spaces per level.
#pragma once

#include <string>

#include "ir/ir.h"

namespace tconv::ir {

std::string print(const Program& program);
std::string print(const Program& program, const Affine& form);
// Sets every statement's and kernel's line to its line in print(program).
void number_lines(Program& program);

}  // namespace tconv::ir
