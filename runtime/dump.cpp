#include "runtime/dump.h"

#include <fmt/format.h>

#include <cstdio>

#include "jit/part.h"

namespace tconv::runtime {

bool dumps(std::string_view wanted, std::string_view step) {
  while (!wanted.empty()) {
    const std::string_view word = wanted.substr(0, wanted.find(','));
    if (word == step || word == "all") return true;
    wanted.remove_prefix(std::min(wanted.size(), word.size() + 1));
  }
  return false;
}

void dump_text(std::string_view step, std::string_view text) {
  fmt::print(stderr, "== {}\n{}\n", step, text);
}

void dump_code(const jit::CompiledProgram& code) {
  std::string text;
  try {
    text = jit::disassemble(code);
  } catch (const jit::PartError& error) {
    text = error.what();
  }
  dump_text("asm", text);
}

planner::Dump dumper(const std::string& wanted) {
  if (wanted.empty()) return {};
  return [wanted](const std::string& step, const std::string& text) {
    if (dumps(wanted, step)) dump_text(step, text);
  };
}

}  // namespace tconv::runtime
