// bench: how fast, as times, rates and percentages of what this machine can do.
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/bench_modes.h"
#include "tools/bench_sweep.h"
#include "tools/command.h"

namespace tconv::tools {

namespace {

// Before anything is compiled; a value that the environment has stays.
void write_perf_map() {
  ::setenv("TCONV_PERF", "1", 0);
  fmt::print(stderr, "tconv: names of kernels go to /tmp/perf-{}.map\n", ::getpid());
}

}  // namespace

int cmd_bench(const Command& command) {
  if (command.perf_map) write_perf_map();
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
