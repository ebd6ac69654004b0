// info: the host, and what problem lines mean.
#include <fmt/format.h>

#include "tconv/inspect.hpp"
#include "tools/command.h"
#include "tools/json_report.h"
#include "tools/sources.h"

namespace tconv::tools {
namespace {

void print_host(const Limits& limits, const MachineReport& machine) {
  const HostInfo& host = host_info();
  fmt::print("cpu        {}\n", host.cpu);
  fmt::print("cores      {}\n", host.cores);
  fmt::print("features   {}\n", fmt::join(host.features, " "));
  fmt::print("caches     L1 {} KiB, L2 {} KiB, L3 {} KiB\n", host.l1_bytes >> 10,
             host.l2_bytes >> 10, host.l3_bytes >> 10);
  fmt::print("isas       {} (create chooses {})\n", fmt::join(host.isas, " "), host.isa);
  fmt::print("backends   {}\n", fmt::join(host.backends, " "));
  fmt::print("pool       {}\n", host.pool.empty() ? "none: only the caller's threads" : host.pool);
  for (const auto& [isa, gflops] : limits.fma_gflops)
    fmt::print("fma        {:.0f} GFLOP/s {} f32, {} thread(s)\n", gflops, isa, limits.threads);
  fmt::print("read       L2 {:.0f}, L3 {:.0f}, DRAM {:.0f} GB/s; streaming write {:.0f} GB/s\n",
             limits.l2_read_gbs, limits.l3_read_gbs, limits.dram_read_gbs,
             limits.dram_stream_write_gbs);
  fmt::print("planner    {}:", machine.source);
  for (const MachineNumber& n : machine.numbers) fmt::print(" {}={:.4g}", n.name, n.value);
  fmt::print("\n");
  fmt::print("kernels    create keeps up to {} MiB\n", kernel_cache_counters().limit_bytes >> 20);
  fmt::print("version    tconv {}, IR {}\n", version(), ir_version());
}

Json problem_row(const NamedProblem& problem) {
  const ProblemInfo info = parse_problem(problem.line);
  return {{"name", problem.name},
          {"problem", problem.line},
          {"input_elements", info.input_elements},
          {"filter_elements", info.filter_elements},
          {"output_elements", info.output_elements},
          {"multiply_adds", info.multiply_adds}};
}

Json cache_json() {
  const KernelCacheCounters c = kernel_cache_counters();
  return {{"hits", c.hits},
          {"misses", c.misses},
          {"compiles", c.compiles},
          {"evictions", c.evictions},
          {"entries", c.entries},
          {"bytes", c.bytes},
          {"limit_bytes", c.limit_bytes}};
}

Json planner_json(const MachineReport& machine) {
  Json numbers = Json::object();
  for (const MachineNumber& n : machine.numbers) numbers[n.name] = n.value;
  return {{"source", machine.source}, {"isa", machine.isa}, {"numbers", numbers}};
}

}  // namespace

int cmd_info(const Command& command) {
  const auto problems = collect(command.sources);
  JsonReport report("info");
  const MachineReport machine = machine_report(command.options);
  const Limits limits =
      measure_limits(host_info(), command.options.threads > 0 ? command.options.threads : 1);
  report.machine(limits);
  if (!command.json) print_host(limits, machine);
  for (const NamedProblem& problem : problems) {
    const Json row = problem_row(problem);
    if (!command.json)
      fmt::print("{}: {}\n  elements: input {}, filter {}, output {}; {:.4f} GFLOP\n", problem.name,
                 problem.line, row["input_elements"].dump(), row["filter_elements"].dump(),
                 row["output_elements"].dump(), 2e-9 * row["multiply_adds"].get<double>());
    report.add(row);
  }
  report.set("kernel_cache", cache_json());
  report.set("planner", planner_json(machine));
  const HostInfo& host = host_info();
  finish(report, command.json,
         fmt::format("info: {}, {} core(s), isa {}, {} problem(s)", host.cpu, host.cores, host.isa,
                     problems.size()));
  return kRight;
}

}  // namespace tconv::tools
