#include "runtime/host.h"

#include <cpuid.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "ir/target.h"
#include "jit/backend.h"
#include "jit/host_features.h"
#include "jit/part.h"
#include "runtime/core_name.h"
#include "runtime/default_pool.h"
#include "runtime/dot2_rate.h"
#include "runtime/error.h"
#include "runtime/machine_file.h"

namespace tconv::runtime {
namespace {

std::string brand() {
  std::array<unsigned, 12> words{};
  unsigned highest = __get_cpuid_max(0x80000000U, nullptr);
  if (highest < 0x80000004U) return "unknown x86-64 CPU";
  for (unsigned leaf = 0; leaf < 3; ++leaf)
    __get_cpuid(0x80000002U + leaf, &words[4 * leaf], &words[4 * leaf + 1], &words[4 * leaf + 2],
                &words[4 * leaf + 3]);
  std::string text(reinterpret_cast<const char*>(words.data()), sizeof words);
  text.resize(std::strlen(text.c_str()));
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

// Vendor family.model.stepping, and the machine table's name for the core.
void identify(HostInfo& info) {
  info.core = planner::kGenericCore;
  unsigned highest = 0, b = 0, c = 0, d = 0, a = 0;
  if (!__get_cpuid(0, &highest, &b, &c, &d)) return;
  const std::array<unsigned, 3> words = {b, d, c};
  const std::string vendor(reinterpret_cast<const char*>(words.data()), sizeof words);
  if (!__get_cpuid(1, &a, &b, &c, &d)) return;
  unsigned family = (a >> 8) & 15, model = (a >> 4) & 15;
  if (family == 6 || family == 15) model += ((a >> 16) & 15) << 4;
  if (family == 15) family += (a >> 20) & 255;
  info.cpuid = vendor + " " + std::to_string(family) + "." + std::to_string(model) + "." +
               std::to_string(a & 15);
  info.core = core_name(vendor, family, model);
}

void note_cache(HostInfo& info, int level, std::int64_t bytes) {
  std::int64_t& slot = level == 1 ? info.l1_bytes : level == 2 ? info.l2_bytes : info.l3_bytes;
  if (level >= 1 && level <= 3) slot = std::max(slot, bytes);
}

// Deterministic cache parameters: leaf 4 on Intel, 0x8000001D on AMD, the same registers.
void caches_from_cpuid(HostInfo& info, unsigned leaf) {
  for (unsigned index = 0; index < 8; ++index) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid_count(leaf, index, &a, &b, &c, &d)) return;
    const unsigned type = a & 31;  // 0 none, 1 data, 2 instruction, 3 unified
    if (type == 0) return;
    if (type == 2) continue;
    const std::int64_t ways = (b >> 22) + 1, partitions = ((b >> 12) & 1023) + 1,
                       line = (b & 4095) + 1, sets = std::int64_t{c} + 1;
    note_cache(info, static_cast<int>((a >> 5) & 7), ways * partitions * line * sets);
  }
}

void caches_from_sysfs(HostInfo& info) {
  for (int index = 0; index < 8; ++index) {
    const std::filesystem::path folder =
        "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index);
    std::ifstream level_file(folder / "level"), type_file(folder / "type"),
        size_file(folder / "size");
    int level = 0;
    std::string type;
    std::int64_t size = 0;
    char unit = 0;
    if (!(level_file >> level) || !(type_file >> type) || !(size_file >> size)) continue;
    if (type == "Instruction") continue;
    if (size_file >> unit) size *= unit == 'K' ? 1024 : unit == 'M' ? 1024 * 1024 : 1;
    note_cache(info, level, size);
  }
}

HostInfo find_out() {
  HostInfo info;
  info.cpu = brand();
  identify(info);
  for (const std::string& isa : {std::string("avx512"), std::string("avx2"), std::string("sse2")})
    if (jit::host_supports(isa)) info.isas.push_back(isa);
  info.isa = info.isas.front();  // x86-64 has sse2
  info.backends = {"xbyak"};
  if (jit::has_part("llvm", jit::part_folders())) info.backends.emplace_back("llvm");
  info.backends.emplace_back("interpreter");
  info.pool = default_pool_name();

  __builtin_cpu_init();
  const auto note = [&](const char* name, int has) {
    if (has) info.features.emplace_back(name);
  };
  note("avx2", __builtin_cpu_supports("avx2"));
  note("fma", __builtin_cpu_supports("fma"));
  note("avx512f", __builtin_cpu_supports("avx512f"));
  note("avx512bw", __builtin_cpu_supports("avx512bw"));
  note("avx512vl", __builtin_cpu_supports("avx512vl"));
  note("avx512dq", __builtin_cpu_supports("avx512dq"));
  note("avx512vnni", __builtin_cpu_supports("avx512vnni"));
  note("avx512bf16", __builtin_cpu_supports("avx512bf16"));
  note("avx512fp16", __builtin_cpu_supports("avx512fp16"));

  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) info.cores = std::max(1, CPU_COUNT(&cpus));

  // A virtual machine may hide one leaf and the sysfs folder; the two leaves never disagree.
  caches_from_cpuid(info, 0x8000001DU);
  if (info.l1_bytes == 0) caches_from_cpuid(info, 4);
  if (info.l1_bytes == 0) caches_from_sysfs(info);
  return info;
}

}  // namespace

const HostInfo& host() {
  static const HostInfo info = find_out();
  return info;
}

bool host_runs(const std::string& isa) {
  const auto& isas = host().isas;
  return std::find(isas.begin(), isas.end(), isa) != isas.end();
}

namespace {

void apply_wishes(const Settings& settings, planner::Machine& machine) {
  if (!settings.machine.empty()) machine_file(settings.machine, "machine").apply(machine);
  if (settings.fork_us >= 0) machine.fork_us = settings.fork_us;
  machine.threads = settings.threads;
}

}  // namespace

planner::Machine host_machine(const Settings& settings) {
  planner::Machine machine;
  try {
    machine = planner::default_machine(settings.isa, host().core);
  } catch (const std::invalid_argument&) {
    refuse("isa=" + settings.isa + " has no entry in the machine table");
  }
  const HostInfo& info = host();
  if (info.l1_bytes > 0) machine.l1_bytes = info.l1_bytes;
  if (info.l2_bytes > 0) machine.l2_bytes = info.l2_bytes;
  if (info.l3_bytes > 0) machine.l3_bytes = info.l3_bytes;
  // Servers with 2 MB of L2 have an L3 that is large but far: streaming pays as soon as L2
  // overflows (Emerald Rapids, +3 to +10%). Elsewhere the L3 holds an output that is not most of
  // it.
  constexpr std::int64_t kLargeL2 = 2 << 20;
  if (info.l2_bytes >= kLargeL2) {
    machine.stream_from_bytes = info.l2_bytes * 2;
  } else if (info.l3_bytes > 0) {
    machine.stream_from_bytes = info.l3_bytes / 8 * 5;
  }
  apply_wishes(settings, machine);
  return machine;
}

planner::Machine core_machine(const Settings& settings, const std::string& core) {
  planner::Machine machine = planner::default_machine(settings.isa, core);
  apply_wishes(settings, machine);
  return machine;
}

planner::Machine machine_for(const planner::Problem& problem, const Settings& settings) {
  planner::Machine machine = host_machine(settings);
  // The instruction is the CPU's to have; where no table knows its rate it is measured.
  if (problem.type().has_pairs()) {
    if (!jit::host_has_bf16()) {
      machine.dot2_per_cycle = 0;
    } else if (machine.dot2_per_cycle == 0 && ir::find_target(settings.isa)->dot2) {
      machine.dot2_per_cycle = dot2_rate() / 2 * machine.fma_per_cycle;
    }
  }
  // Of a plan that was named the model knows nothing: it gets the threads that were asked for.
  if (settings.plan.empty())
    machine.threads = planner::useful_threads(problem, machine, settings.accuracy);
  return machine;
}

}  // namespace tconv::runtime
