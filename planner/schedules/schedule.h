// What a schedule is: a function from a normalized problem and a plan to a program. It includes the
// IR builder and the helpers beside it, never another schedule.
#pragma once

#include <string>

#include "planner/planner.h"

namespace tconv::planner {

// Each throws PlanError when the plan's fields are not legal for the problem.
Lowered lower_direct(const Problem& problem, const Plan& plan, const ir::Target& target);
Lowered lower_width(const Problem& problem, const Plan& plan, const ir::Target& target);
Lowered lower_channelwise(const Problem& problem, const Plan& plan, const ir::Target& target);
Lowered lower_winograd(const Problem& problem, const Plan& plan, const ir::Target& target);
Lowered lower_bias_only(const Problem& problem, const Plan& plan, const ir::Target& target);

// A channels-first problem by way of a channels-last one: the input is transposed into scratch
// memory, the inner program runs on it, its output is transposed out and meets the post-ops there.
Problem channels_last_twin(const Problem& problem);
Lowered lower_transposed(const Problem& problem, Lowered inner, const ir::Target& target);

// Input channels of a group that channelwise puts together lane by lane.
inline constexpr std::int64_t kGatheredChannels = 8;

// Phases along plan.merged axes, from the width on, as output channels of a problem of stride 1.
std::string why_not_merged(const Problem& problem, const Plan& plan, const ir::Target& target);
Problem merged_twin(const Problem& problem, int axes);
Lowered lower_merged(const Problem& problem, const Problem& twin, int axes, Lowered inner,
                     const ir::Target& target);

// The problem that a legal plan's schedule sees.
Problem as_scheduled(const Problem& problem, const Plan& plan);

// Why the plan is not legal for the problem: a sentence, or empty when it is.
std::string why_not_direct(const Problem& problem, const Plan& plan, const ir::Target& target);
std::string why_not_width(const Problem& problem, const Plan& plan, const ir::Target& target);
std::string why_not_winograd(const Problem& problem, const Plan& plan, const ir::Target& target);
std::string why_not_channelwise(const Problem& problem, const Plan& plan, const ir::Target& target);

// The same for what `direct` and `channelwise` need where a size is known only at run time.
// Tiles along an open batch of at least `least_rest` images take the rest of the batch; fewer
// images go by `image_plan`, in tiles along the width, which are no longer than a row.
int least_rest(const Problem& problem, int mr);
Plan image_plan(const Problem& problem, const Plan& plan);
inline constexpr int kTallestOpen = 16;  // every rest of a tile has code of its own
std::string why_not_open(const Problem& problem, const Plan& plan);

// Throws ProblemError unless the target has the registers that the problem's sums need.
void require_registers(const Problem& problem, const ir::Target& target);

// Throws PlanError with the message unless `ok`.
void require(bool ok, const std::string& message);

}  // namespace tconv::planner
