#include "runtime/aot/cpu.h"

#include <fmt/format.h>

#include <algorithm>

#include "planner/machine.h"
#include "runtime/aot/isa_level.h"
#include "runtime/error.h"

namespace tconv::runtime {
namespace {

// Cores that both tables have. All are x86-64.
struct Names {
  const char *core, *llvm;
};
constexpr Names kNames[] = {
    {"zen4", "znver4"}, {"zen5", "znver5"}, {"sapphire-rapids", "sapphirerapids"}};

}  // namespace

AotCpu find_cpu(const std::string& name, const std::string& arch, bool llvm) {
  const bool x86 = arch == kX86_64;
  if (name == "native" && x86) return {"", "native"};
  if (x86)
    for (const Names& n : kNames)
      if (name == n.core || name == n.llvm) return {n.core, n.llvm};
  const std::vector<std::string> cores =
      x86 ? planner::known_cores() : std::vector<std::string>{planner::kGenericCore};
  if (std::find(cores.begin(), cores.end(), name) != cores.end()) return {name, ""};
  if (llvm && name != "native") return {planner::kGenericCore, name};
  refuse(fmt::format("cpu={} is unknown for {}; there are {}{}{}", name, arch, x86 ? "native " : "",
                     fmt::join(cores, " "), llvm ? " and LLVM's names" : ""));
}

}  // namespace tconv::runtime
