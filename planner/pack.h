// How a packed filter is computed, for those who pack it elsewhere (planner.h has pack itself).
#pragma once

#include <cstdint>
#include <vector>

#include "planner/planner.h"

namespace tconv::planner {

// One coordinate of the source: its form, its extent and the distance of neighbours in elements.
struct Coordinate {
  const PackedFilter::Form* form = nullptr;
  std::int64_t extent = 0, stride = 0;
};

// Of one array, without `more`. Points into `layout`.
std::vector<Coordinate> coordinates(const Problem& problem, const PackedFilter& layout);

}  // namespace tconv::planner
