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
  // Channels-last: post-ops and stores of a vector of channels of the pixel at `position`, to all
  // the places where they lie. What is in `value` afterwards is not defined.
  void store_channels(ir::Builder& b, const ir::RegRef& value, const ir::Affine& n,
                      const std::vector<ir::Affine>& position, const ir::Affine& channel,
                      ir::Lanes lanes, bool stream) const;

 private:
  bool differs_by_part() const;  // an operand has the output's shape, and a vector several parts

  const Problem& problem_;
  const Tensors& tensors_;
};

}  // namespace tconv::planner
