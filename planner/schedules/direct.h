// What a plan of the direct schedule reads.
#pragma once

#include "planner/schedules/register_tile.h"

namespace tconv::planner {

// Tiles read a local strip: by the plan's wish, or to transpose channels-first rows.
bool reads_strip(const Problem& problem, const Plan& plan);
TileOperands direct_operands(const Problem& problem, const Plan& plan);

}  // namespace tconv::planner
