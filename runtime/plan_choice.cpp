#include "runtime/plan_choice.h"

#include <fmt/format.h>

#include <atomic>

#include "runtime/error.h"
#include "runtime/host.h"
#include "runtime/plan_database.h"

namespace tconv::runtime {
namespace {

// Takes a plan of the database with so many workers, unless it is not legal or, where `order` is
// given, adds products in another order. Then the note says why.
bool take(const planner::Problem& problem, const Settings& settings, const KnownPlan& known,
          int workers, const std::string* order, PlanChoice& choice) {
  Settings named = settings;
  named.plan = planner::print(known.plan);
  named.threads = workers;
  const std::string& files = settings.plans->files();
  const auto refused = [&](const char* why) {
    choice.note = fmt::format("plan_from=model, not {} of {}: {}", named.plan, files, why);
    return false;
  };
  try {
    const planner::Machine machine = machine_for(problem, named);
    choose_plan(problem, machine, named);
    if (order != nullptr && planner::sum_order(problem, known.plan) != *order)
      return refused("adds products in another order than one thread would");
    const std::atomic_ref<bool> legal(known.legal);
    choice.lowered = nullptr;
    if (!legal.load(std::memory_order_relaxed)) {
      choice.lowered = std::make_shared<const planner::Lowered>(
          planner::lower(problem, known.plan, *ir::find_target(settings.isa)));
      legal.store(true, std::memory_order_relaxed);
    }
    choice.plan = known.plan;
    choice.machine = machine;
    choice.known = true;
  } catch (const planner::PlanError& e) {
    return refused(e.what());
  } catch (const Error& e) {
    return refused(e.what());
  }
  choice.note = fmt::format("plan_from={} measured_us={:.2f}", files, known.us);
  return true;
}

}  // namespace

planner::Plan choose_plan(const planner::Problem& problem, const planner::Machine& machine,
                          const Settings& settings) {
  if (settings.plan.empty()) return planner::choose(problem, machine, settings.accuracy).plan;
  const planner::Plan plan = planner::parse_plan(settings.plan);
  const std::string order = planner::sum_order(problem, plan);
  if (planner::needs_definition_order(problem, settings.accuracy) && !order.empty())
    refuse(fmt::format("plan={}: adds products in another order ({}) than {} allows",
                       planner::print(plan), order,
                       problem.narrow_sum ? "sum=f16" : "accuracy=exact-order"));
  return plan;
}

PlanChoice choose_plan(const planner::Problem& problem, const Settings& settings) {
  PlanChoice choice;
  const KnownPlan *own = nullptr, *alone = nullptr;
  if (settings.plan.empty() && settings.plans != nullptr) {
    const std::string line = planner::print(problem);
    own = settings.plans->find(line, settings, settings.threads);
    if (settings.threads > 1) alone = settings.plans->find(line, settings, 1);
  }
  std::string order;
  bool alone_taken = false;
  if (settings.threads == 1) {
    if (own != nullptr && take(problem, settings, *own, 1, nullptr, choice)) return choice;
  } else if (own != nullptr || alone != nullptr) {
    // Results must not depend on the number of threads: what one would take decides.
    Settings one = settings;
    one.threads = 1;
    const PlanChoice first = choose_plan(problem, one);
    order = planner::sum_order(problem, first.plan);
    alone_taken = first.known;
    if (own != nullptr && take(problem, settings, *own, own->workers, &order, choice))
      return choice;
  }
  choice.machine = machine_for(problem, settings);
  choice.plan = choose_plan(problem, choice.machine, settings);
  if (alone_taken && planner::sum_order(problem, choice.plan) != order)
    take(problem, settings, *alone, settings.threads, nullptr, choice);
  return choice;
}

}  // namespace tconv::runtime
