// bench: how fast, as times, rates and percentages of what this machine can do.
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <utility>

#include "tools/bench_compare.h"
#include "tools/bench_modes.h"
#include "tools/bench_ranges.h"
#include "tools/bench_sweep.h"
#include "tools/command.h"

namespace tconv::tools {
namespace {

// It measures nothing.
void refuse_beside_compare(const Command& command) {
  const auto& s = command.sources;
  const std::pair<const char*, bool> others[] = {
      {"a problem", !s.lines.empty() || !s.layers.empty() || s.random > 0},
      {"--vary", !s.vary.empty()},
      {"--sweep", !command.sweep.empty()},
      {"--plans", command.plans > 0},
      {"--modes", !command.modes.empty()},
      {"--sizes", !command.bench.sizes.empty()},
      {"--check", command.check},
      {"--passes", command.bench.passes != 1},
      {"--code", command.bench.code},
      {"--output", !command.bench.json_file.empty()},
      {"--csv", !command.bench.csv_file.empty()},
      {"--perf-map", command.perf_map}};
  for (const auto& [what, there] : others)
    if (there) throw UsageError(std::string(what) + " is not for --compare");
}

void refuse_beside_sizes(const Command& command) {
  const std::pair<const char*, bool> others[] = {
      {"--sweep", !command.sweep.empty()}, {"--plans", command.plans > 0},
      {"--modes", !command.modes.empty()}, {"--check", command.check},
      {"--batch", command.size.batch > 0}, {"--length", command.size.length > 0}};
  for (const auto& [what, there] : others)
    if (there) throw UsageError(std::string(what) + " is not for --sizes");
}

// Before anything is compiled; a value that the environment has stays.
void write_perf_map() {
  ::setenv("TCONV_PERF", "1", 0);
  fmt::print(stderr, "tconv: names of kernels go to /tmp/perf-{}.map\n", ::getpid());
}

}  // namespace

int cmd_bench(const Command& command) {
  if (!command.bench.compare.empty()) {
    refuse_beside_compare(command);
    return bench_compare(command);
  }
  if (command.bench.code && !command.json && command.bench.json_file.empty())
    throw UsageError("--code goes into the JSON: --json or --output FILE is needed");
  if (command.perf_map) write_perf_map();
  if (!command.bench.sizes.empty()) {
    refuse_beside_sizes(command);
    return bench_ranges(command);
  }
  if (command.sweep.empty()) {
    if (command.plans > 0) throw UsageError("--plans is for --sweep");
    return bench_modes(command);
  }
  if (command.check)
    throw UsageError("--check is not for --sweep: tconv check --plan all compares every plan");
  if (command.bench.passes != 1) throw UsageError("--passes is not for --sweep: plans take turns");
  if (!command.modes.empty())
    throw UsageError("--modes is not for --sweep: --accuracy names the mode");
  return bench_sweep(command);
}

}  // namespace tconv::tools
