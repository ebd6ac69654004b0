// The definition of a transposed convolution in float64, and what a kernel may answer. It shares no
// code with planner, IR or kernels, and gathers: each output element sums its own products.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tools/post_reference.h"
#include "tools/shape.h"

namespace tconv::tools {

// Pointers to the caller's data in the shape's types and layouts; bias only if the shape has one;
// operands in the order of the post-ops that take one, of the shape's type, dense. All must outlive
// the Definition.
struct Tensors {
  const void* input = nullptr;
  const void* filter = nullptr;
  const void* bias = nullptr;
  std::vector<const void*> operands;
};

struct CheckOptions {
  double accuracy = 1;              // factor of the error bound: 1, or the plan's (winograd)
  double full_multiply_adds = 1e9;  // above this: all borders and a sample of the interior
  std::uint64_t seed = 1;           // of the sample
};

struct Comparison {
  std::int64_t wrong = 0, checked = 0, total = 0;  // elements
  // Largest |got - reference| in ULP of the largest |reference| that was checked: sums that cancel
  // to almost nothing have no meaningful ULP of their own.
  double worst_ulp = 0;
  double worst_relative = 0;  // the same divided by the largest |reference| that was checked
  double rms_relative = 0;    // the root of the mean square of the errors, divided by the same
  std::string first_wrong;    // where, what was got and what is allowed; empty if nothing is wrong
  bool ok() const { return wrong == 0; }
};

// Throws std::invalid_argument for run-time sizes (n_min, i_min): give the size of one run.
// Immutable; keeps copies of input and filter, as float for the narrow types.
class Definition {
 public:
  Definition(const Shape& shape, const Tensors& tensors);
  ~Definition();
  Definition(Definition&&) noexcept;

  // All output channels of one pixel, numbered row-major over n and the spatial axes: `out` has oc
  // elements. The bound before post-ops is (K + 8) * u * (|bias| + sum|w*x|) * accuracy, K
  // products. With sum=f16 there is none: the reference is the sum in halves, in the definition's
  // order, of which only one is right.
  void pixel(std::int64_t index, double accuracy, Element* out) const;

  // The exact output as doubles, dense, in the shape's layout.
  std::vector<double> values() const;

  // Compares a whole output (in the shape's type, layout and pixel stride).
  Comparison check(const void* output, const CheckOptions& options = {}) const;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

}  // namespace tconv::tools
