// Random valid problem lines, so that "random" cannot mean "tiny and square".
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "tools/shape.h"

namespace tconv::tools {

struct RandomOptions {
  Type type = Type::f32;
  bool half_sum = false;           // sum=f16, and what is allowed beside it
  double max_multiply_adds = 2e6;  // per problem; outputs stay below the same number of elements
  int open_percent = 0;            // of the problems leave their batch or length open
};

// A sequence: the same seed and options give the same lines on every machine.
class RandomProblems {
 public:
  explicit RandomProblems(std::uint64_t seed, const RandomOptions& options = {})
      : random_(seed), options_(options) {}
  std::string next();  // a canonical line

 private:
  std::int64_t between(std::int64_t low, std::int64_t high);
  bool chance(int percent) { return between(1, 100) <= percent; }
  template <std::size_t N>
  std::int64_t pick(const std::int64_t (&values)[N]) {
    return values[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(N) - 1))];
  }
  void channels(Shape& shape);
  void axis(Shape& shape);
  void spatial(Shape& shape);
  void outputs(Shape& shape);
  void limit(Shape& shape);
  void memory(Shape& shape);
  void post_ops(Shape& shape);
  void leave_open(Shape& shape);

  std::mt19937_64 random_;
  RandomOptions options_;
};

// The cell of the coverage table that a problem belongs to.
struct ProblemClass {
  std::string group;   // dense, depthwise, grouped
  std::string step;    // stride1, strided, dilated, strided+dilated
  std::string layout;  // nwc ...
  std::string tail;    // full: the output channels of a group fill vectors of 16; odd: not
  std::string sizes;   // fixed; batch, length: known only at run time
};
ProblemClass classify(const std::string& line);

}  // namespace tconv::tools
