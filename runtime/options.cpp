#include "runtime/options.h"

#include <charconv>
#include <cstdlib>

#include "ir/target.h"
#include "runtime/error.h"
#include "runtime/host.h"
#include "runtime/machine_file.h"
#include "runtime/plan_database.h"

namespace tconv {
namespace {

using runtime::kMostThreads;

int parse_threads(std::string_view text, const std::string& where) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > kMostThreads)
    runtime::refuse(where + "=" + std::string(text) + ": a number in 1.." +
                    std::to_string(kMostThreads) + " is needed");
  return value;
}

double parse_fork_us(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= 1e9))
    runtime::refuse("TCONV_FORK_US=" + text + ": microseconds in 0..1e9 are needed");
  return value;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

Options Options::parse(std::string_view text) {
  Options options;
  constexpr std::string_view space = " \t\n";
  while (true) {
    const std::size_t start = text.find_first_not_of(space);
    if (start == std::string_view::npos) return options;
    text.remove_prefix(start);
    const std::string_view word = text.substr(0, text.find_first_of(space));
    text.remove_prefix(word.size());
    const std::size_t equals = word.find('=');
    const std::string_view key = word.substr(0, equals);
    if (equals == std::string_view::npos || equals + 1 == word.size())
      runtime::refuse("option " + std::string(word) + ": key=value is needed");
    const std::string value(word.substr(equals + 1));
    if (key == "threads")
      options.threads = parse_threads(value, "option threads");
    else if (key == "isa")
      options.isa = value;
    else if (key == "backend")
      options.backend = value;
    else if (key == "plan")
      options.plan = value;
    else if (key == "fallback")
      options.fallback = value;
    else if (key == "accuracy")
      options.accuracy = value;
    else if (key == "machine")
      options.machine = value;
    else if (key == "plans")
      options.plans = value;
    else
      runtime::refuse("option " + std::string(key) +
                      " is unknown; there are threads isa backend plan fallback accuracy machine plans");
  }
}

namespace runtime {
namespace {

struct Text {
  std::string value, where;  // where: how a message names its origin
};

Text pick(const std::string& given, const char* option, const char* variable) {
  if (!given.empty()) return {given, option};
  return {environment(variable), variable};
}

}  // namespace

Settings resolve(const Options& given) {
  Settings settings;
  if (given.threads < 0 || given.threads > kMostThreads)
    refuse("threads=" + std::to_string(given.threads) + ": a number in 1.." +
           std::to_string(kMostThreads) + " is needed");
  settings.threads = given.threads;
  if (settings.threads == 0) {
    const std::string variable = environment("TCONV_THREADS");
    settings.threads = variable.empty() ? 1 : parse_threads(variable, "TCONV_THREADS");
  }

  const Text backend = pick(given.backend, "backend", "TCONV_BACKEND");
  if (backend.value.empty() || backend.value == "auto")
    settings.backend = Backend::automatic;
  else if (backend.value == "xbyak")
    settings.backend = Backend::xbyak;
  else if (backend.value == "llvm")
    settings.backend = Backend::llvm;
  else if (backend.value == "interpreter")
    settings.backend = Backend::interpreter;
  else
    refuse(backend.where + "=" + backend.value + " is unknown; there are auto xbyak llvm interpreter");

  const Text isa = pick(given.isa, "isa", "TCONV_ISA");
  settings.isa = isa.value.empty() ? host().isa : isa.value;
  if (ir::find_target(settings.isa) == nullptr)
    refuse(isa.where + "=" + settings.isa + " is unknown; there are avx512 avx2 sse2 neon128");

  settings.plan = pick(given.plan, "plan", "TCONV_PLAN").value;
  if (given.fallback == "interpreter")
    settings.interpreter_fallback = true;
  else if (!given.fallback.empty() && given.fallback != "none")
    refuse("fallback=" + given.fallback + " is unknown; there are none interpreter");
  if (given.accuracy == "exact-order")
    settings.accuracy = planner::Accuracy::exact_order;
  else if (!given.accuracy.empty() && given.accuracy != "default")
    refuse("accuracy=" + given.accuracy + " is unknown; there are default exact-order");
  const Text machine = pick(given.machine, "machine", "TCONV_MACHINE");
  if (machine.value != "table") settings.machine = machine.value;
  if (!settings.machine.empty()) machine_file(settings.machine, machine.where);
  const PlanDatabase* loaded = given.plans.empty() ? loaded_plans() : nullptr;
  const Text plans = pick(given.plans, "plans", "TCONV_PLANS");
  if (loaded != nullptr) {
    settings.plans = loaded;
  } else if (!plans.value.empty() && plans.value != "none") {
    settings.plans = &plan_database(plans.value, plans.where);
  }
  const std::string fork_us = environment("TCONV_FORK_US");
  if (!fork_us.empty()) settings.fork_us = parse_fork_us(fork_us);
  settings.dump = environment("TCONV_DUMP");
  return settings;
}

}  // namespace runtime
}  // namespace tconv
