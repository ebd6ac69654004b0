// bench: how fast, as times, rates and percentages of what this machine can do.
#include "tools/bench_modes.h"
#include "tools/bench_sweep.h"
#include "tools/command.h"

namespace tconv::tools {

int cmd_bench(const Command& command) {
  if (command.sweep.empty()) {
    if (command.plans > 0) throw UsageError("--plans is for --sweep");
    return bench_modes(command);
  }
  if (command.check)
    throw UsageError("--check is not for --sweep: tconv check --plan all compares every plan");
  if (!command.modes.empty())
    throw UsageError("--modes is not for --sweep: --accuracy names the mode");
  return bench_sweep(command);
}

}  // namespace tconv::tools
