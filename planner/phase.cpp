#include "planner/phase.h"

#include <algorithm>
#include <numeric>

#include "planner/integer.h"

namespace tconv::planner {
namespace {

// First and one past the last block of phase (t0, eps).
std::int64_t first_block(const Axis& a, std::int64_t t0, std::int64_t eps) {
  return ceil_div(a.p - a.d * t0 - eps, a.s);
}
std::int64_t last_block(const Axis& a, std::int64_t t0, std::int64_t eps) {
  return floor_div(a.o - 1 + a.p - a.d * t0 - eps, a.s) + 1;
}

// A run over t0 in t_begin..t_end (eps 0): bounds are the union over its phases.
Run make_run(const AxisPhases& x, std::int64_t t_begin, std::int64_t t_end) {
  Run r{.t_begin = t_begin, .t_end = t_end};
  r.taps = t_begin < x.axis.k ? ceil_div(x.axis.k - t_begin, x.S) : 0;
  // Blocks only fall as t0 grows, so the extremes are at the ends.
  r.q_begin = first_block(x.axis, t_end - 1, 0);
  r.q_end = last_block(x.axis, t_begin, 0);
  r.exact =
      first_block(x.axis, t_begin, 0) == r.q_begin && last_block(x.axis, t_end - 1, 0) == r.q_end;
  return r;
}

}  // namespace

AxisPhases phases(const Axis& axis) {
  AxisPhases x{.axis = axis};
  x.g = std::gcd(axis.s, axis.d);
  x.S = axis.s / x.g;
  x.D = axis.d / x.g;
  x.taps = ceil_div(axis.k, x.S);
  x.q_begin = first_block(axis, x.S - 1, x.g - 1);
  x.q_end = last_block(axis, 0, 0);
  return x;
}

std::vector<Run> runs(const AxisPhases& x, std::size_t most) {
  const Axis& a = x.axis;
  // Where the number of taps changes.
  std::vector<std::int64_t> cuts = {0, x.S};
  if (a.k < x.S) {
    cuts.push_back(a.k);
  } else if (a.k % x.S != 0) {
    cuts.push_back(a.k % x.S);
  }
  const auto tidy = [](std::vector<std::int64_t>& v) {
    std::sort(v.begin(), v.end());
    v.erase(std::unique(v.begin(), v.end()), v.end());
  };
  tidy(cuts);
  // Where the first or last block changes: one place each for d = 1; looked for when there are few
  // phases.
  std::vector<std::int64_t> fine = cuts;
  constexpr std::int64_t kFewPhases = 64;
  if (a.d == 1) {
    if (a.p % a.s > 0) fine.push_back(a.p % a.s);
    const std::int64_t last = (a.o - 1 + a.p) % a.s + 1;
    if (last > 0 && last < x.S) fine.push_back(last);
  } else if (x.S <= kFewPhases) {
    for (std::int64_t t = 1; t < x.S; ++t)
      if (first_block(a, t, 0) != first_block(a, t - 1, 0) ||
          last_block(a, t, 0) != last_block(a, t - 1, 0))
        fine.push_back(t);
  }
  tidy(fine);
  const std::size_t tapless = x.g > 1 ? 1 : 0;
  if (fine.size() - 1 + tapless <= most) cuts = fine;

  std::vector<Run> out;
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    const Run r = make_run(x, cuts[i], cuts[i + 1]);
    if (r.q_begin < r.q_end) out.push_back(r);
  }
  if (x.g > 1) {  // residues that no tap reaches
    Run r{.t_begin = 0, .t_end = x.S, .e_begin = 1, .e_end = x.g, .taps = 0};
    r.q_begin = first_block(a, x.S - 1, x.g - 1);
    r.q_end = last_block(a, 0, 1);
    r.exact = first_block(a, 0, 1) == r.q_begin && last_block(a, x.S - 1, x.g - 1) == r.q_end;
    if (r.q_begin < r.q_end) out.push_back(r);
  }
  return out;
}

std::vector<Run> joint_runs(const AxisPhases& x, int phases) {
  std::vector<Run> single, out;
  for (const Run& r : runs(x)) {
    for (std::int64_t t = r.t_begin; r.taps > 0 && t < r.t_end; ++t) {
      single.push_back(r);
      single.back().t_begin = t;
      single.back().t_end = t + 1;
    }
    if (r.taps == 0) out.push_back(r);
  }
  const auto count = static_cast<std::size_t>(phases);
  for (std::size_t first = 0; first < single.size();) {
    std::size_t end = first + 1;
    while (end < single.size() && end - first < count && single[end].taps == single[first].taps)
      ++end;
    Run joint = single[first];
    for (std::size_t i = first; i < end; ++i) {
      joint.t_end = single[i].t_end;
      joint.q_begin = std::max(joint.q_begin, single[i].q_begin);
      joint.q_end = std::min(joint.q_end, single[i].q_end);
    }
    if (end - first < count || joint.q_end <= joint.q_begin) {
      out.insert(out.end(), single.begin() + static_cast<std::ptrdiff_t>(first),
                 single.begin() + static_cast<std::ptrdiff_t>(end));
    } else {
      out.push_back(joint);
      for (std::size_t i = first; i < end; ++i) {
        Run before = single[i], behind = single[i];
        before.q_end = joint.q_begin;
        behind.q_begin = joint.q_end;
        for (const Run& r : {before, behind})
          if (r.q_begin < r.q_end) out.push_back(r);
      }
    }
    first = end;
  }
  return out;
}

Problem normalize(const Problem& problem) {
  Problem r = problem;
  const auto identity = [](const Axis& a) {
    return a.k == 1 && a.s == 1 && a.p == 0 && a.o == a.i;
  };
  const auto merge = [](const Axis& a, const Axis& b) {
    return Axis{.i = a.i * b.i, .o = a.o * b.o};
  };
  if (r.row_length > 0) return r;  // its rows are not pixels one after the other
  std::erase_if(r.axes, [&](const Axis& a) { return identity(a) && a.i == 1; });
  if (r.axes.empty()) r.axes.push_back({.i = 1, .o = 1});
  for (std::size_t a = 0; a + 1 < r.axes.size();) {
    if (identity(r.axes[a]) && identity(r.axes[a + 1])) {
      r.axes[a + 1] = merge(r.axes[a], r.axes[a + 1]);
      r.axes.erase(r.axes.begin() + static_cast<std::ptrdiff_t>(a));
    } else {
      ++a;
    }
  }
  // Pixels follow each other through the batch; one that is known only at run time stays apart.
  if (r.layout == Layout::channels_last && !r.run_time_sizes()) {
    if (r.axes.size() > 1 && identity(r.axes[0])) {
      r.n *= r.axes[0].i;
      r.axes.erase(r.axes.begin());
    } else if (r.axes.size() == 1 && identity(r.axes[0])) {
      r.axes[0] = merge(r.axes[0], Axis{.i = r.n, .o = r.n});
      r.n = 1;
    }
  }
  return r;
}

}  // namespace tconv::planner
