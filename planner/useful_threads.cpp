// Whether a problem is large enough for several threads.
#include "planner/planner.h"

namespace tconv::planner {

int useful_threads(const Problem& problem, const Machine& machine, Accuracy accuracy) {
  if (machine.threads <= 1) return 1;
  Machine alone = machine;
  alone.threads = 1;
  const double one = choose(problem, alone, accuracy).predicted_us;
  // Below, not even an even split wins: most small problems need no second plan.
  if (one / machine.threads + machine.fork_us >= one) return 1;
  return choose(problem, machine, accuracy).predicted_us < one ? machine.threads : 1;
}

}  // namespace tconv::planner
