// The sizes that a problem may leave open until it runs, and what follows from them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ir/ir.h"
#include "planner/planner.h"
#include "tconv/tconv.hpp"

namespace tconv::runtime {

struct RunSizes {
  std::int64_t n = 0;  // images
  std::int64_t i = 0;  // input positions along the first spatial axis
};

// The largest: those of a problem whose sizes are fixed.
RunSizes largest(const planner::Problem& problem);

// What `args` ask for. Throws Error unless the problem allows it.
RunSizes run_sizes(const planner::Problem& problem, const RunArgs& args);

// Bytes of the tensors of one run, from the first to the last element.
struct TensorBytes {
  std::int64_t input = 0, output = 0;
  std::int64_t bias = 0;         // 0: the problem has none
  std::int64_t per_channel = 0;  // an operand of prelu
  std::int64_t per_output = 0;   // an operand of add or mul
};

// A problem's tensors, without anything that a run would have to compute anew or allocate.
class Tensors {
 public:
  Tensors() = default;
  explicit Tensors(const planner::Problem& problem);

  TensorBytes bytes(RunSizes sizes) const {
    const std::int64_t o = o_ - (i_ - sizes.i) * stride_;
    return {input_.bytes(sizes.n, sizes.i), output_.bytes(sizes.n, o), bias_bytes_,
            per_channel_bytes_, operand_.bytes(sizes.n, o)};
  }
  std::int64_t filter_bytes() const { return filter_bytes_; }
  std::size_t operands() const { return per_channel_.size(); }
  // `rows` times the run's n and first length are its pixels.
  struct Layout {
    std::int64_t rows = 0, pixel = 0, last_pixel = 0;  // the last two in bytes
    std::int64_t bytes(std::int64_t n, std::int64_t length) const {
      const std::int64_t pixels = n * rows * length;
      return pixels == 0 ? 0 : (pixels - 1) * pixel + last_pixel;
    }
  };
  const Layout& input() const { return input_; }
  const Layout& output() const { return output_; }
  const Layout& operand() const { return operand_; }  // of add and mul
  // Of the post-ops that take one, in order.
  std::int64_t operand_bytes(const TensorBytes& bytes, std::size_t operand) const {
    return per_channel_[operand] ? bytes.per_channel : bytes.per_output;
  }

 private:
  Layout input_, output_, operand_;
  // Every input position more makes the output longer by the stride.
  std::int64_t i_ = 0, o_ = 0, stride_ = 0;
  std::int64_t filter_bytes_ = 0, bias_bytes_ = 0, per_channel_bytes_ = 0;
  std::vector<bool> per_channel_;
};

// The params of a program: `n`, `i`, and what is derived from them.
class Params {
 public:
  static constexpr std::size_t kMost = 16;
  using Values = std::array<std::int64_t, kMost>;

  Params() = default;
  explicit Params(const ir::Program& program);  // throws std::logic_error for any other param

  bool empty() const { return count_ == 0; }
  Values values(const ir::Program& program, RunSizes sizes) const {  // of the same program
    Values values;  // 128 bytes that most programs need none of
    if (count_ > 0) evaluate(program, sizes, values);
    return values;
  }

 private:
  void evaluate(const ir::Program& program, RunSizes sizes, Values& values) const;

  std::size_t count_ = 0;
  std::array<std::int64_t RunSizes::*, kMost> given_{};  // null: derived
};

}  // namespace tconv::runtime
