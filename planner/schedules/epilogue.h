// Post-ops on a vector of finished sums, as IR.
#pragma once

#include <vector>

#include "planner/schedules/tensors.h"

namespace tconv::planner {

// Where the lanes of a vector lie in the output.
struct Place {
  bool lanes_are_channels = true;  // false: lanes run along the output's rows, one channel for all
  ir::Affine channel;              // of lane 0
  std::vector<ir::Affine> index;   // of lane 0, in the output and in operands of its shape
  ir::Lanes lanes;                 // that will be stored
};

class Epilogue {
 public:
  Epilogue(const Problem& problem, const Tensors& tensors) : problem_(problem), tensors_(tensors) {}

  bool empty() const { return problem_.post.empty(); }
  // Registers that it and the store need beside the value, and instructions per vector (a rough
  // count).
  int registers(const ir::Target& target) const;
  int instructions() const;
  void emit(ir::Builder& b, const ir::RegRef& value, const Place& place) const;

 private:
  const Problem& problem_;
  const Tensors& tensors_;
};

}  // namespace tconv::planner
