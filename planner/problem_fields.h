// The per-axis fields of a problem line, shared by its validation and its text form.
#pragma once

#include <array>
#include <string>

#include "planner/problem.h"

namespace tconv::planner {

struct AxisField {
  const char* name;
  std::int64_t Axis::*member;
  std::int64_t least;
  const char* meaning;
};

inline constexpr std::array<AxisField, 6> kAxisFields{{{"i", &Axis::i, 0, "input length"},
                                                       {"o", &Axis::o, 0, "output length"},
                                                       {"k", &Axis::k, 1, "kernel"},
                                                       {"s", &Axis::s, 1, "stride"},
                                                       {"d", &Axis::d, 1, "dilation"},
                                                       {"p", &Axis::p, 0, "crop before"}}};

// "16x16": the values of one field on all axes.
std::string join_axes(const Problem& problem, std::int64_t Axis::*member);

// How many numbers a post-op takes, 0 to 3, and what documentation calls them.
int parameter_count(PostKind kind);
const char* parameter_names(PostKind kind);

inline constexpr int kPostKinds = static_cast<int>(PostKind::mul) + 1;

}  // namespace tconv::planner
