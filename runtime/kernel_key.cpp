#include "runtime/kernel_key.h"

#include <fmt/format.h>

#include <iterator>

#include "runtime/plan_database.h"

namespace tconv::runtime {
namespace {

// The bindings below name every field, so that a new one does not compile until it is in the key.
std::string text(const ir::Target& target) {
  const auto& [name, vector_bytes, registers, pointers, fma, bcast_operand, masked_lanes, dot2,
               half, max_instructions] = target;
  return fmt::format("{} {} {} {} {:d}{:d}{:d}{:d}{:d} {}", name, vector_bytes, registers, pointers,
                     fma, bcast_operand, masked_lanes, dot2, half, max_instructions);
}

std::string text(const planner::Machine& machine) {
  const auto& [target, l1_bytes, l2_bytes, l3_bytes, ghz, fma, f64_fma, dot2, loads, stores,
               l2_rate, l3_rate, dram_rate, dram_write_rate, stream_write_rate, stream_from,
               grid_point_cycles, fork_us, threads] = machine;
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", target, l1_bytes,
                     l2_bytes, l3_bytes, ghz, fma, f64_fma, dot2, loads, stores, l2_rate, l3_rate,
                     dram_rate, dram_write_rate, stream_write_rate, stream_from, grid_point_cycles,
                     fork_us, threads);
}

}  // namespace

std::string kernel_key(const KeyInputs& inputs) {
  return fmt::format(
      "key\ntconv {} ir {}\n{}\n{}\ntarget {}\nfeatures {}\nmachine {}\nthreads {} backend {} "
      "fallback {:d}\n{}",
      inputs.tconv_version, inputs.ir_version, inputs.problem, inputs.plan, text(inputs.target),
      fmt::join(inputs.features, " "), text(inputs.machine), inputs.threads,
      static_cast<int>(inputs.backend), inputs.interpreter_fallback, inputs.plan_note);
}

std::string spelling(const std::string& problem, const Settings& settings) {
  std::string text;
  text.reserve(48 + settings.isa.size() + settings.plan.size() + settings.machine.size() +
               problem.size());
  // With the lengths of plan and path, since nobody has checked yet what they hold.
  fmt::format_to(std::back_inserter(text), "as\n{} {} {} {} {:d} {} {} {} ",
                 settings.plans == nullptr ? 0 : settings.plans->serial(), settings.threads,
                 settings.fork_us, static_cast<int>(settings.backend),
                 settings.interpreter_fallback, static_cast<int>(settings.accuracy),
                 settings.plan.size(), settings.machine.size());
  return text.append(settings.isa)
      .append("\n")
      .append(settings.plan)
      .append(settings.machine)
      .append(problem);
}

}  // namespace tconv::runtime
