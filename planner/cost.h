// The analytic cost model: cycles of a plan on a machine. Pure arithmetic on the machine table's
// numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "planner/machine.h"
#include "planner/phase.h"
#include "planner/plan.h"
#include "planner/problem.h"

namespace tconv::planner {

// Grid points, and what they are worth as points of the largest kind: a last block of rows is less
// than the others, and threads that wait for it wait for less.
struct GridSize {
  double points = 1, worth = 1;

  void repeat(double count) { points *= count, worth *= count; }
  void split(double whole, double part) {
    points *= std::ceil(whole / part), worth *= std::max(1.0, whole / part);
  }
};

// What every plan of one problem shares, computed once. `problem` is normalized.
class CostModel {
 public:
  CostModel(const Problem& problem, const Machine& machine, int lanes);

  double direct_us(const Plan& plan) const;
  GridSize direct_grid(const Plan& plan) const;
  double bias_only_us() const;

  // Of the multiply-adds alone, as the definition has them.
  double work_cycles() const { return multiply_adds(problem_) / (lanes_ * fma_per_cycle()); }
  double fma_per_cycle() const { return planner::fma_per_cycle(machine_, problem_.dtype); }
  // Cycles of one step of the innermost loop: fmas vector FMAs fed by `loads` vector loads.
  double step_cycles(double fmas, double loads, double filter_bytes,
                     double filter_bytes_per_cycle) const;
  // Bytes per cycle of the level that a working set of this size stays in.
  double bandwidth(double bytes) const;
  const Problem& problem() const { return problem_; }
  const Machine& machine() const { return machine_; }
  const std::vector<AxisPhases>& axes() const { return axes_; }
  const std::vector<Run>& width_runs() const { return width_runs_; }
  double taps(std::size_t axis) const {
    return taps_[axis];
  }  // mean valid taps per output of the axis
  // Every tensor once through the memory that holds it. Stores of `chunk` bytes, each to a place of
  // its own, move whole lines; 0: rows are written without gaps.
  double memory_cycles(bool stream, double chunk = 0) const;
  // Work and traffic overlap, but not wholly; more of it where part of the traffic is prefetched.
  static double overlap(double work, double traffic, double prefetched = 0) {
    return std::max(work, traffic) + 0.3 * std::min(work, traffic) -
           0.15 * std::min({work, traffic, prefetched});
  }
  // Inputs come from beyond L2, and prefetching them pays.
  bool prefetches() const;
  bool beyond_l2(double bytes) const {
    return bytes * 1.5 > static_cast<double>(machine_.l2_bytes);
  }
  // Larger outputs go around the caches: what the last of them does not keep, or, where the stores
  // hide behind the work, what L2 does not.
  std::int64_t stream_from_bytes() const;
  bool streams() const { return output_bytes_ > static_cast<double>(stream_from_bytes()); }
  // Cycles to read the inputs, if the plan prefetches them and they are still there when they are
  // read: beside `local` bytes of the grid point's own.
  double prefetched_cycles(const Plan& plan, double local) const;
  // Of a strip along the width.
  static double strip_columns(const Plan& plan, const AxisPhases& width);
  double read_bytes_per_cycle() const;
  double finish(double cycles, GridSize grid) const;  // to microseconds, with threads
  double finish(double cycles, double equal_points) const {
    return finish(cycles, GridSize{equal_points, equal_points});
  }

 private:
  const Problem problem_;
  const Machine machine_;
  int lanes_;
  std::vector<AxisPhases> axes_;
  std::vector<Run> width_runs_;
  std::vector<double> taps_;
  double input_bytes_ = 0, output_bytes_ = 0, filter_bytes_ = 0;
};

}  // namespace tconv::planner
