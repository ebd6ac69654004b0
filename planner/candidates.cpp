#include "planner/candidates.h"

#include <fmt/format.h>

#include <algorithm>

#include "planner/schedules/schedule.h"
#include "planner/schedules/width_blocks.h"
#include "planner/trim.h"

namespace tconv::planner {
namespace {

void refuse_what_is_not_built(const Problem& p) {
  if (p.dtype != ir::DType::f32 || p.wide_output)
    throw ProblemError(fmt::format("type {}: only f32 is compiled so far", ir::name(p.dtype)));
  if (p.bias && p.bias_dtype && *p.bias_dtype != p.dtype)
    throw ProblemError(fmt::format("bias={}: only a bias of the element type is compiled so far",
                                   ir::name(*p.bias_dtype)));
  // Addresses inside a row and inside the filter are displacements of 32 bits.
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 31;
  const Axis& width = p.axes.back();
  const auto row = [&](std::int64_t length, std::int64_t channels) {
    return length * (p.layout == Layout::channels_last ? channels : 1) * ir::bytes(p.dtype);
  };
  if (row(width.i, p.ic) > kMostBytes || row(width.o, p.oc) > kMostBytes)
    throw ProblemError(
        fmt::format("i, o: a row of more than {} bytes is not compiled", kMostBytes));
  if (filter_elements(p) * ir::bytes(p.dtype) > kMostBytes)
    throw ProblemError(
        fmt::format("k, ic, oc: a filter of more than {} bytes is not compiled", kMostBytes));
}

const ir::Target& target_of(const Machine& machine) {
  const ir::Target* t = ir::find_target(machine.target);
  if (t == nullptr) throw PlanError("target '" + machine.target + "' is not known");
  return *t;
}

void propose_schedules(const CostModel& model, const ir::Target& target, Proposals& out) {
  propose_direct(model, target, out);
  propose_channelwise(model, target, out);
  propose_width(model, target, out);
  propose_winograd(model, target, out);
}

// Where rows are shorter than a vector, channels-first problems may go by way of channels-last.
void propose_transposed(const Problem& p, const Machine& machine, const ir::Target& target,
                        Proposals& out) {
  const int lanes = target.lanes(p.dtype);
  if (p.layout == Layout::channels_last || p.axes.back().i >= lanes) return;
  const CostModel model(channels_last_twin(p), machine, lanes);
  Proposals inner;
  propose_schedules(model, target, inner);
  const double both = transposes_us(model, lanes);
  for (Candidate& c : inner.legal) {
    c.plan.transposed = true;
    c.plan.stream = false;  // its output is read again at once
    c.predicted_us += both;
    out.legal.push_back(c);
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

namespace {

bool better(const Candidate& a, const Candidate& b) { return a.predicted_us < b.predicted_us; }

Candidate best(const Proposals& found) {
  return *std::min_element(found.legal.begin(), found.legal.end(), better);
}

Proposals propose(const Problem& problem, const Machine& machine);

// Results must not depend on the number of threads: only plans that add products in the same order
// as the best plan of one thread remain.
void keep_the_order_of_one_thread(const Problem& problem, const Machine& machine, Proposals& out) {
  Machine alone = machine;
  alone.threads = 1;
  const bool width = best(propose(problem, alone)).plan.schedule == Schedule::width;
  std::erase_if(out.legal, [&](const Candidate& c) {
    if ((c.plan.schedule == Schedule::width) == width) return false;
    out.rejected.push_back({print(c.plan), "adds products in another order than one thread would"});
    return true;
  });
}

Proposals propose(const Problem& problem, const Machine& machine) {
  refuse_what_is_not_built(problem);
  const Problem p = reduce(problem);
  const ir::Target& target = target_of(machine);
  const CostModel model(p, machine, target.lanes(p.dtype));
  Proposals out;
  if (multiply_adds(p) == 0) {
    out.legal.push_back({{.schedule = Schedule::bias_only}, model.bias_only_us()});
    return out;
  }
  propose_schedules(model, target, out);
  propose_transposed(p, machine, target, out);
  if (p.run_time_sizes()) predict_over_sizes(p, machine, target, out.legal);
  if (machine.threads > 1 && adds_channels_first(p))
    keep_the_order_of_one_thread(problem, machine, out);
  return out;
}

}  // namespace

PlanSet enumerate(const Problem& problem, const Machine& machine) {
  Proposals found = propose(problem, machine);
  std::stable_sort(found.legal.begin(), found.legal.end(), better);
  return {std::move(found.legal), std::move(found.rejected)};
}

Candidate choose(const Problem& problem, const Machine& machine) {
  return best(propose(problem, machine));
}

Plan finite_twin(const Problem& problem, const Plan& plan, const Machine& machine) {
  Plan twin = plan;
  const ir::Target& target = target_of(machine);
  Problem p = reduce(problem);
  if (plan.transposed) p = channels_last_twin(p);
  // Theirs is part of them, and a transform spreads what is not finite.
  if (plan.schedule == Schedule::width || plan.schedule == Schedule::winograd) {
    Proposals direct;
    propose_direct(CostModel(p, machine, target.lanes(p.dtype)), target, direct);
    twin = best(direct).plan;
    twin.transposed = plan.transposed;
  }
  twin.strip = false;
  // Edges need the whole row when they are pixels of their own.
  const auto reason = twin.schedule == Schedule::channelwise ? why_not_channelwise : why_not_direct;
  if (!reason(p, twin, target).empty()) twin.cols = 0;
  return twin;
}

}  // namespace tconv::planner
