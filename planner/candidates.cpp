#include "planner/candidates.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "planner/plan_models.h"
#include "planner/planned_target.h"
#include "planner/schedules/schedule.h"
#include "planner/schedules/width_blocks.h"
#include "planner/trim.h"

namespace tconv::planner {
namespace {

void refuse_what_is_not_built(const Problem& p) {
  // Addresses inside a row and inside the filter are displacements of 32 bits.
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 31;
  const Axis& width = p.axes.back();
  const auto row = [&](std::int64_t length, std::int64_t channels) {
    return length * (p.layout == Layout::channels_last ? channels : 1) * ir::bytes(p.sum_dtype());
  };
  if (row(width.i, p.ic) > kMostBytes || row(width.o, p.oc) > kMostBytes)
    throw ProblemError(
        fmt::format("i, o: a row of more than {} bytes is not compiled", kMostBytes));
  constexpr std::int64_t kMostTensor = std::int64_t{1} << 46;
  if (std::max(input_elements(p), output_elements(p)) > kMostTensor / 8)
    throw ProblemError(fmt::format(
        "n, i, ic, oc: a tensor of more than {} elements is not compiled", kMostTensor / 8));
  if (filter_elements(p) * ir::bytes(p.sum_dtype()) > kMostBytes)
    throw ProblemError(
        fmt::format("k, ic, oc: a filter of more than {} bytes is not compiled", kMostBytes));
}

ir::Target target_of(const Machine& machine) {
  const ir::Target* t = ir::find_target(machine.target);
  if (t == nullptr) throw PlanError("target '" + machine.target + "' is not known");
  return as_planned(*t);
}

void propose_schedules(const CostModel& model, const ir::Target& target, Proposals& out) {
  propose_direct(model, target, out);
  propose_channelwise(model, target, out);
  propose_width(model, target, out);
  propose_winograd(model, target, out);
}

// By way of a twin problem; `mark` says in a plan that it is, `more_us` is what the way costs.
template <class Propose, class Mark>
void propose_by_way(const Propose& propose, const Mark& mark, double more_us, Proposals& out) {
  Proposals inner;
  propose(inner);
  for (Candidate& c : inner.legal) {
    mark(c.plan);
    c.predicted_us += more_us;
    out.legal.push_back(std::move(c));
  }
}

void propose_merged_axes(const Problem& p, int axes, const Machine& machine,
                         const ir::Target& target, bool winograd_only, Proposals& out) {
  constexpr int kMostVectors = 4;  // of a block's channels, where all are in one register tile
  const int lanes = target.lanes(p.sum_dtype());
  Plan any{.schedule = Schedule::winograd, .nr = axes == 1 ? 1 : kMostVectors, .merged = axes};
  if (std::string reason = why_not_merged(p, any, target); !reason.empty()) {
    out.rejected.push_back(
        {axes == 1 ? "(merged)" : fmt::format("(merged={})", axes), std::move(reason)});
    return;
  }
  any.schedule = Schedule::direct;
  const bool direct = !winograd_only && why_not_merged(p, any, target).empty();
  const CostModel model(merged_twin(p, axes), machine, lanes);
  Proposals found;
  propose_by_way(
      [&](Proposals& inner) {
        if (direct) propose_direct(model, target, inner);
        propose_winograd(model, target, inner);
      },
      [&](Plan& plan) { plan.merged = axes; }, repeat_us(model, lanes), found);
  for (Candidate& c : found.legal)
    if (why_not_merged(p, c.plan, target).empty()) out.legal.push_back(std::move(c));
  out.rejected.insert(out.rejected.end(), found.rejected.begin(), found.rejected.end());
}

// Phases that fill their vectors gain nothing: 0.96x to 1.04x on 30 layers (Zen 4).
void propose_merged(const Problem& p, const Machine& machine, const ir::Target& target,
                    bool winograd_only, Proposals& out) {
  const int lanes = target.lanes(p.sum_dtype());
  std::int64_t channels = p.oc;
  for (std::size_t axes = 1; axes <= p.axes.size(); ++axes) {
    if (channels % lanes == 0) return;
    propose_merged_axes(p, static_cast<int>(axes), machine, target, winograd_only, out);
    channels *= p.axes[p.axes.size() - axes].s;
  }
}

// Channels-first problems by way of channels-last: winograd, and where rows are shorter than a
// vector, all.
void propose_transposed(const Problem& p, const Machine& machine, const ir::Target& target,
                        Proposals& out) {
  if (p.layout == Layout::channels_last) return;
  const int lanes = target.lanes(p.sum_dtype());
  const Problem last = channels_last_twin(p);
  const CostModel model(last, machine, lanes);
  const bool short_rows = p.axes.back().i < lanes;
  propose_by_way(
      [&](Proposals& inner) {
        if (short_rows) {
          propose_schedules(model, target, inner);
        } else {
          propose_winograd(model, target, inner);
        }
        propose_merged(last, machine, target, !short_rows, inner);
      },
      [](Plan& plan) { plan.transposed = true; }, transposes_us(model, lanes), out);
  PlanModels models(p, machine, target);
  for (Candidate& c : out.legal) {
    if (!c.plan.transposed || !c.plan.stream) continue;
    c.plan.stream = false;  // its output is read again at once
    if (!p.run_time_sizes()) c.predicted_us = models.us(c.plan, false);
  }
}

}  // namespace

double transposes_us(const CostModel& model, int lanes) {
  constexpr double kCyclesPerVector = 6;  // of a transpose, as in the strips
  const Problem& p = model.problem();
  const double vectors = static_cast<double>(input_elements(p) + output_elements(p)) / lanes;
  return model.finish(CostModel::overlap(vectors * kCyclesPerVector, model.memory_cycles(false)),
                      1);
}

double repeat_us(const CostModel& model, int lanes) {
  constexpr double kStage = 200, kCyclesPerVector = 2;
  const Problem& p = model.problem();
  const auto repeated = static_cast<double>(
      (p.bias ? 1 : 0) + std::count_if(p.post.begin(), p.post.end(),
                                       [](const PostOp& o) { return o.kind == PostKind::prelu; }));
  const double vectors = static_cast<double>(p.oc) / lanes;
  return repeated * (kStage + vectors * kCyclesPerVector) / (model.machine().ghz * 1e3);
}

namespace {

bool better(const Candidate& a, const Candidate& b) { return a.predicted_us < b.predicted_us; }

Candidate best(const Proposals& found) {
  if (found.legal.empty()) throw std::logic_error("a problem without a legal plan");
  return *std::min_element(found.legal.begin(), found.legal.end(), better);
}

// Leaves only plans that add products in this order.
void keep_order(const Problem& problem, const std::string& order, const char* reason,
                Proposals& out) {
  std::erase_if(out.legal, [&](const Candidate& c) {
    if (sum_order(problem, c.plan) == order) return false;
    out.rejected.push_back({print(c.plan), reason});
    return true;
  });
}

bool one_order(const Problem& problem, const Proposals& found) {
  const std::string first = sum_order(problem, found.legal.front().plan);
  return std::all_of(found.legal.begin(), found.legal.end(),
                     [&](const Candidate& c) { return sum_order(problem, c.plan) == first; });
}

Proposals propose(const Problem& problem, const Machine& machine, Accuracy accuracy) {
  refuse_what_is_not_built(problem);
  const Problem p = reduce(problem);
  const ir::Target target = target_of(machine);
  require_registers(problem, target);
  const CostModel model(p, machine, target.lanes(p.sum_dtype()));
  Proposals out;
  if (multiply_adds(p) == 0) {
    out.legal.push_back({{.schedule = Schedule::bias_only}, model.bias_only_us()});
    return out;
  }
  propose_schedules(model, target, out);
  propose_merged(p, machine, target, false, out);
  propose_transposed(p, machine, target, out);
  if (p.run_time_sizes()) predict_over_sizes(p, machine, target, out.legal);
  if (needs_definition_order(problem, accuracy))
    keep_order(problem, "", "adds products in another order than exact-order allows", out);
  // Results must not depend on the number of threads.
  if (machine.threads > 1 && !one_order(problem, out)) {
    Machine alone = machine;
    alone.threads = 1;
    keep_order(problem, sum_order(problem, best(propose(problem, alone, accuracy)).plan),
               "adds products in another order than one thread would", out);
  }
  return out;
}

}  // namespace

PlanSet enumerate(const Problem& problem, const Machine& machine, Accuracy accuracy) {
  Proposals found = propose(problem, machine, accuracy);
  std::stable_sort(found.legal.begin(), found.legal.end(), better);
  return {std::move(found.legal), std::move(found.rejected)};
}

Candidate choose(const Problem& problem, const Machine& machine, Accuracy accuracy) {
  return best(propose(problem, machine, accuracy));
}

Plan finite_twin(const Problem& problem, const Plan& plan, const Machine& machine) {
  Plan twin = plan;
  const ir::Target target = target_of(machine);
  // Theirs is part of them, and a transform spreads what is not finite.
  const bool another = plan.schedule == Schedule::width || plan.schedule == Schedule::winograd;
  const Problem reduced = reduce(problem);
  const Axis& width = reduced.axes.back();
  if (another && (plan.merged > 1 || width.k % width.s != 0)) twin.merged = 0;
  const Problem p = as_scheduled(reduced, twin);
  if (another) {
    Proposals direct;
    propose_direct(CostModel(p, machine, target.lanes(p.sum_dtype())), target, direct);
    const int merged = twin.merged;
    twin = best(direct).plan;
    twin.transposed = plan.transposed;
    twin.merged = merged;
    twin.stream = twin.stream && !plan.transposed;
  }
  twin.strip = twin.dot2 = false;
  // Edges need the whole row when they are pixels of their own.
  const auto reason = twin.schedule == Schedule::channelwise ? why_not_channelwise : why_not_direct;
  if (!reason(p, twin, target).empty()) twin.cols = 0;
  // Without a strip, values may need a register to be converted in.
  while (!reason(p, twin, target).empty() && twin.mr > 1) --twin.mr;
  return twin;
}

}  // namespace tconv::planner
