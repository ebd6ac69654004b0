// Reads the text form (grammar: docs/ir.md). Statements keep their line numbers.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "ir/ir.h"

namespace tconv::ir {

class ParseError : public std::runtime_error {
 public:
  ParseError(int line, const std::string& what)
      : std::runtime_error("line " + std::to_string(line) + ": " + what), line_(line) {}
  int line() const { return line_; }

 private:
  int line_;
};

Program parse(std::string_view text);  // throws ParseError

}  // namespace tconv::ir
