// The seven programs of tests/filetests/run with inputs and what they must compute, worked out in
// double from the definition of a transposed convolution (k4 s2 p1 but for k256; dw is its filter
// gradient). For interpreter, backends and mutants.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/ir.h"
#include "tests/support/test_data.h"

namespace tconv::test {

struct ExampleProgram {
  std::string name;
  ir::Program program;
  // Non-local buffers in order of declaration; the last one is the output.
  std::vector<AlignedVector<float>> buffers;
  std::vector<double> expected;
};

std::vector<std::string> example_names();
// The program's file, and that data for it. Inputs are the same at every call.
std::string example_text(const std::string& name);
ExampleProgram load_example(const std::string& name);

// Pointers for a KernelFn. The output is first filled with NaN.
std::vector<void*> arguments(ExampleProgram& example);
// Largest |output - expected| / (1 + |expected|); infinite where the output is NaN.
double worst_error(const ExampleProgram& example);
inline constexpr double kExampleTolerance = 1e-5;

}  // namespace tconv::test
