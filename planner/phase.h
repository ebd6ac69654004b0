// Phases: along an axis, output o belongs to phase (t0, eps) and block q with
//
//     o = s*q + d*t0 + eps - p,   t0 in 0..S, eps in 0..g,   g = gcd(s, d), S = s/g, D = d/g
//
// Every output has exactly one (t0, eps, q). Only eps = 0 has taps: t = t0 + j*S < k at input i = q
// - j*D. Everything is affine, so a phase number is a loop variable and never a copy of code.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/problem.h"

namespace tconv::planner {

struct AxisPhases {
  Axis axis;
  std::int64_t g = 1, S = 1, D = 1;
  std::int64_t taps = 0;  // of the phase with the most: ceil(k / S)
  std::int64_t q_begin = 0,
               q_end = 0;  // blocks in which any phase has an output; q_begin may be negative
  bool ragged_taps() const { return axis.k % S != 0; }  // phases differ in their number of taps
  std::int64_t blocks() const { return q_end - q_begin; }
  // Inputs that precede the first (and follow the last) block when all taps are read: (taps-1)*D.
  std::int64_t halo() const { return (taps - 1) * D; }
};
AxisPhases phases(const Axis& axis);

// Phases of one axis that are treated alike: t0 in t_begin..t_end and eps in e_begin..e_end, all
// with `taps` taps (0: bias only), outputs inside for the blocks q_begin..q_end.
struct Run {
  std::int64_t t_begin = 0, t_end = 0, e_begin = 0, e_end = 1;
  std::int64_t taps = 0;
  std::int64_t q_begin = 0, q_end = 0;
  bool exact = true;  // false: some of these blocks are outside for some of the phases
  std::int64_t phases() const { return (t_end - t_begin) * (e_end - e_begin); }
};
// Covers every output of the axis exactly once. More than `most` runs are merged into inexact ones.
std::vector<Run> runs(const AxisPhases& axis, std::size_t most = 4);

// The same with `phases` neighbours of equally many taps taken together, for the blocks in which
// all of them have outputs; what is left of each is a run of its own. For d = 1, where all runs are
// exact.
std::vector<Run> joint_runs(const AxisPhases& axis, int phases);

// The same computation on the same memory with as few axes as possible: identity axes (k=1 s=1 p=0,
// o=i) join their neighbour or the batch (one that is known only at run time is left alone).
Problem normalize(const Problem& problem);

}  // namespace tconv::planner
