// Times of what takes turns: things that are compared run alternately, so that whatever else the
// machine does happens to all of them.
#pragma once

#include <functional>
#include <vector>

namespace tconv::tools {

class Turns {
 public:
  // `alone`: the calling thread does all of the work. Then its CPU time is measured, in which other
  // processes do not count.
  explicit Turns(bool alone) : alone_(alone) {}
  // Runs once unmeasured if `warm` or never before, then as often as fits into `us`, at least once.
  void take(const std::function<void()>& run, double us, bool warm);
  double median_us() const;  // over the turns, of the mean time of a run in each; 0: no turn yet
  int count() const { return static_cast<int>(means_.size()); }
  const std::vector<double>& means_us() const { return means_; }  // of each turn

 private:
  double now_us() const;

  bool alone_;
  double once_us_ = 0;  // of the run that said how many fit into a turn
  std::vector<double> means_;
};

double median(std::vector<double> values);          // 0 for none
double geometric_mean(const std::vector<double>&);  // of positive numbers; 0 for none

}  // namespace tconv::tools
