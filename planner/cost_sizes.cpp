// Predictions where a size is known only at run time.
#include <cmath>

#include "planner/candidates.h"
#include "planner/plan_models.h"
#include "planner/schedules/schedule.h"

namespace tconv::planner {
namespace {

std::int64_t between(std::int64_t least, std::int64_t most) {
  return std::llround(std::sqrt(static_cast<double>(least) * static_cast<double>(most)));
}
// One image is as usual as many.
std::vector<std::int64_t> sampled_batches(std::int64_t least, std::int64_t most) {
  return {least, between(least, most), most};
}
// A range of lengths begins at 1 because nothing forbids it: what counts is its upper half.
std::vector<std::int64_t> sampled_lengths(std::int64_t least, std::int64_t most) {
  const std::int64_t middle = between(least, most);
  return {middle, between(middle, most), most};
}

// Each problem of one run, as plans of the open problem see it.
std::vector<Problem> sampled_runs(const Problem& p) {
  std::vector<Problem> runs;
  if (p.n_min > 0) {
    for (const std::int64_t n : sampled_batches(p.n_min, p.n)) runs.push_back(at_sizes(p, n, 0));
  } else {
    for (const std::int64_t i : sampled_lengths(p.i_min, p.axes[0].i))
      runs.push_back(at_sizes(p, 1, i));
  }
  return runs;
}

}  // namespace

std::vector<std::int64_t> row_blocks(const Problem& p, std::int64_t row_pixels) {
  // A block reads the filter anew, and is the grain for threads: which counts more depends on the
  // layer. A length that is known is cut where it is long.
  if (p.i_min > 0) return {64, 128, 256, 512};
  constexpr std::int64_t kLongRow = 1024, kBlock = 512;
  return row_pixels > kLongRow ? std::vector<std::int64_t>{kBlock} : kWholeRows;
}

double predict_us(const CostModel& model, const Plan& plan, const ir::Target& target, bool open) {
  switch (plan.schedule) {
    case Schedule::direct:
      return model.direct_us(plan);
    case Schedule::width:
      return width_us(model, plan, target);
    case Schedule::channelwise:
      return channelwise_us(model, plan, target.lanes(model.problem().sum_dtype()));
    case Schedule::winograd:
      return winograd_us(model, plan, target, winograd_kernels(model.problem(), plan), open);
    case Schedule::bias_only:
      return model.bias_only_us();
  }
  throw PlanError("unknown schedule");
}

namespace {

// Whole tiles of images and long rests along the batch, the others image by image.
double open_batch_us(const Problem& run, const Plan& plan, PlanModels& models) {
  const std::int64_t rest = run.n % plan.mr, few = rest < least_rest(run, plan.mr) ? rest : 0;
  Plan along_batch = plan;
  along_batch.strip = false;
  double us = run.n > few ? models.of(plan, run.n - few).direct_us(along_batch) : 0;
  if (few > 0) {
    const CostModel& images = models.of(plan, few);
    us += images.direct_us(image_plan(images.problem(), plan));
  }
  return us;
}

}  // namespace

void predict_over_sizes(const Problem& problem, const Machine& machine, const ir::Target& target,
                        std::vector<Candidate>& candidates) {
  const std::vector<Problem> runs = sampled_runs(problem);
  for (Candidate& c : candidates) c.predicted_us = 1;
  for (const Problem& run : runs) {
    PlanModels models(run, machine, target);
    // The runtime goes without streaming stores where an output is small.
    const bool streams = models.of(Plan{}).streams();
    for (Candidate& c : candidates) {
      Plan plan = c.plan;
      plan.stream = plan.stream && streams;
      c.predicted_us *= problem.n_min > 0 && plan.tile == TileAxis::n
                            ? open_batch_us(run, plan, models) + models.ways_us(plan)
                            : models.us(plan, problem.i_min > 0);
    }
  }
  for (Candidate& c : candidates)
    c.predicted_us = std::pow(c.predicted_us, 1.0 / static_cast<double>(runs.size()));
}

}  // namespace tconv::planner
