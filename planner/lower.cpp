// Problem and plan to program: the pipeline, read top-down.
#include <fmt/format.h>

#include "ir/print.h"
#include "planner/phase.h"
#include "planner/planned_target.h"
#include "planner/planner.h"
#include "planner/schedules/schedule.h"
#include "planner/schedules/transpose.h"
#include "planner/trim.h"

namespace tconv::planner {
namespace {

std::string describe_phases(const Problem& p) {
  std::string s;
  for (const Axis& a : p.axes) {
    const AxisPhases x = phases(a);
    s += fmt::format("axis: g={} S={} D={} taps<={} blocks {}..{}\n", x.g, x.S, x.D, x.taps,
                     x.q_begin, x.q_end);
    for (const Run& r : runs(x))
      s += fmt::format("  t0 {}..{} eps {}..{} taps {} q {}..{}{}\n", r.t_begin, r.t_end, r.e_begin,
                       r.e_end, r.taps, r.q_begin, r.q_end, r.exact ? "" : " guarded");
  }
  return s;
}

Lowered lower_schedule(const Problem& p, const Plan& plan, const ir::Target& target) {
  switch (plan.schedule) {
    case Schedule::direct:
      return lower_direct(p, plan, target);
    case Schedule::width:
      return lower_width(p, plan, target);
    case Schedule::channelwise:
      return lower_channelwise(p, plan, target);
    case Schedule::winograd:
      return lower_winograd(p, plan, target);
    case Schedule::bias_only:
      return lower_bias_only(p, plan, target);
  }
  throw PlanError("unknown schedule");
}

// Forms for the filter's own taps, one per axis with k > 1. Normalizing folds only axes of kernel
// length 1, trimming shifts taps.
void use_original_taps(PackedFilter& filter, const Problem& problem, const Trimmed& trimmed,
                       const Problem& reduced) {
  for (PackedFilter& more : filter.more) use_original_taps(more, problem, trimmed, reduced);
  std::vector<PackedFilter::Form> taps;
  std::size_t next = 0;
  for (std::size_t a = 0; a < problem.axes.size(); ++a) {
    PackedFilter::Form form{.constant = 0,
                            .coeffs = std::vector<std::int64_t>(filter.dims.size(), 0)};
    if (trimmed.problem.axes[a].k > 1) {
      while (reduced.axes[next].k == 1) ++next;
      form = filter.taps[next++];
    }
    form.base_constant += trimmed.first_tap[a];
    if (problem.axes[a].k > 1) taps.push_back(std::move(form));
  }
  filter.taps = std::move(taps);
}

}  // namespace

void require_registers(const Problem& problem, const ir::Target& target) {
  const ir::DType sum = problem.sum_dtype();
  const std::string given = fmt::format("sum={}", ir::name(sum));
  if (!target.has(sum))
    throw ProblemError(fmt::format(
        "{}: isa={} has no arithmetic of {}; isa=avx512 has it (code for CPUs with AVX512_FP16, or "
        "backend=interpreter)",
        given, target.name, ir::name(sum)));
  if (problem.layout == Layout::channels_first && !can_transpose(target, sum))
    throw ProblemError(fmt::format(
        "{}: needs nwc, nhwc or ndhwc; channels-first layouts are transposed, and {} lanes leave "
        "no registers for it",
        given, target.lanes(sum)));
}

void require(bool ok, const std::string& message) {
  if (!ok) throw PlanError(message);
}

Lowered lower(const Problem& problem, const Plan& plan, const ir::Target& whole,
              const Dump& dump) {
  const ir::Target target = as_planned(whole);
  const auto show = [&](const char* step, auto&& text) {
    if (dump) dump(step, text());
  };
  require_registers(problem, target);
  const Trimmed trimmed = trim(problem);
  const Problem p = normalize(trimmed.problem);
  show("problem", [&] { return print(p); });
  show("phases", [&] { return describe_phases(p); });
  require((multiply_adds(p) > 0) == (plan.schedule != Schedule::bias_only),
          "bias_only is for problems without products, and only it");
  require(
      plan.schedule == Schedule::winograd || (plan.m.empty() && plan.r == 0 && plan.images == 1),
      "m, r and images are fields of winograd");
  require(plan.schedule == Schedule::direct || !plan.dot2, "dot2 is a field of direct");
  require(
      plan.fetch == 0 || plan.schedule == Schedule::direct || plan.schedule == Schedule::winograd,
      "fetch is a field of direct and winograd");
  require(!plan.merged || plan.schedule == Schedule::direct || plan.schedule == Schedule::winograd,
          "merged is a field of direct and winograd");
  require(!plan.prefetch || plan.schedule != Schedule::bias_only,
          "bias_only reads no inputs that could be prefetched");
  require(!plan.ordered || plan.schedule == Schedule::width, "ordered is a field of width");
  require(plan.phases == 1 || plan.schedule == Schedule::channelwise,
          "phases is a field of channelwise");
  show("plan", [&] { return print(plan); });
  if (plan.transposed) {
    require(p.layout == Layout::channels_first, "transposed is for channels-first problems");
    require(!plan.stream, "transposed has no stream: what the schedule writes is read again");
  }
  const Problem last = plan.transposed ? channels_last_twin(p) : p;
  Lowered out;
  if (plan.merged) {
    const std::string reason = why_not_merged(last, plan, target);
    require(reason.empty(), reason);
    const Problem twin = merged_twin(last, plan.merged);
    out = lower_merged(last, twin, plan.merged, lower_schedule(twin, plan, target), target);
  } else {
    out = lower_schedule(last, plan, target);
  }
  if (plan.transposed) out = lower_transposed(p, std::move(out), target);
  use_original_taps(out.filter, problem, trimmed, last);
  show("ir", [&] { return ir::print(out.program); });
  return out;
}

}  // namespace tconv::planner
