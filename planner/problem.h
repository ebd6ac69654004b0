// One transposed convolution as a value: every front door reduces to it.
//
// Per spatial axis, out[o] = bias + sum over (x, t) with x*s + t*d - p == o of in[x] * w[t];
// positions that no pair reaches are bias only. The one-line text form is described in
// docs/problem.md.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ir/ir.h"
#include "planner/element_type.h"

namespace tconv::planner {

// The sentence names the field, what was given and what is allowed.
class ProblemError : public std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

enum class Layout : std::uint8_t { channels_last, channels_first };
enum class FilterLayout : std::uint8_t { tf, torch };  // [k.., oc/g, ic] and [ic, oc/g, k..]

enum class PostKind : std::uint8_t {
  relu,
  relu6,
  leaky_relu,
  prelu,
  elu,
  selu,
  tanh,
  sigmoid,
  hard_sigmoid,
  swish,
  hard_swish,
  gelu,
  gelu_tanh,
  softplus,
  softsign,
  mish,
  exp,
  clip,
  celu,
  hard_shrink,
  soft_shrink,
  tanh_shrink,
  threshold,
  relu_above,
  squareplus,
  sparse_plus,
  sparse_sigmoid,
  log_sigmoid,
  add,
  mul
};
const char* name(PostKind kind);

// Parameters a, b, c in the order of the line (docs/problem.md). prelu (one slope per output channel),
// add and mul (the output's shape) take an operand at run time.
// Each operand is one more tensor that a kernel keeps a pointer to.
inline constexpr int kMostOperands = 16;
struct PostOp {
  PostKind kind = PostKind::relu;
  double a = 0, b = 0, c = 0;
  bool takes_operand() const {
    return kind == PostKind::prelu || kind == PostKind::add || kind == PostKind::mul;
  }
  bool operator==(const PostOp&) const = default;
};

// Lengths of input and output, kernel, stride, dilation, crop before. i, o may be 0.
struct Axis {
  std::int64_t i = 0, o = 0, k = 1, s = 1, d = 1, p = 0;
  std::int64_t natural() const { return i == 0 ? 0 : (i - 1) * s + (k - 1) * d + 1; }
  bool operator==(const Axis&) const = default;
};

struct Problem {
  ir::DType dtype = ir::DType::f32;  // input, filter, output
  bool wide_output = false;          // out=f32 beside a narrow type
  bool narrow_sum = false;           // sum=f16 beside f16
  Layout layout = Layout::channels_last;
  std::int64_t n = 1, g = 1, ic = 1, oc = 1;  // channels are totals over the groups
  std::int64_t n_min = 0;                     // > 0: the batch is known only at run time, n_min..n
  std::int64_t i_min = 0;  // > 0: the length is known only at run time, i_min..axes[0].i
  std::vector<Axis> axes;  // 1 to 3, outermost first
  std::int64_t input_pixel_stride = 0;   // ips= in elements, channels-last only; 0 = dense (ic)
  std::int64_t output_pixel_stride = 0;  // ops=; 0 = dense (oc)
  FilterLayout filter = FilterLayout::tf;
  bool bias = false;
  std::optional<ir::DType> bias_dtype;  // bias=bf16; default f32 for narrow types, else dtype
  std::vector<PostOp> post;

  // Of merged problems, which have no text: the elements of a row's pixels that are in the output,
  // a stretch of row_length from row_begin on; 0: all.
  std::int64_t row_begin = 0, row_length = 0;
  // And of the axes but the width, where their phases are channels, too: block q is the positions
  // q*s - begin + 0..s, of which those in 0..o are there. Outermost phases first in the channels,
  // which are few: a register tile holds them all.
  struct Blocks {
    std::int64_t s = 1, begin = 0, o = 0;
    bool operator==(const Blocks&) const = default;
  };
  std::vector<Blocks> merged_blocks;  // one per axis but the width, or none

  int rank() const { return static_cast<int>(axes.size()); }
  std::int64_t group_ic() const { return ic / g; }
  std::int64_t group_oc() const { return oc / g; }
  std::int64_t input_pixel() const { return input_pixel_stride ? input_pixel_stride : ic; }
  std::int64_t output_pixel() const { return output_pixel_stride ? output_pixel_stride : oc; }
  bool run_time_sizes() const { return n_min > 0 || i_min > 0; }
  const ElementType& type() const { return element_type(dtype, narrow_sum); }
  ir::DType sum_dtype() const { return type().sum; }
  ir::DType output_dtype() const { return wide_output ? sum_dtype() : dtype; }
  ir::DType bias_or_default() const { return bias_dtype.value_or(type().bias); }
  bool operator==(const Problem&) const = default;
};

// Text form; parse accepts fields in any order and validates. parse(print(p)) == p.
Problem parse_problem(std::string_view line);  // throws ProblemError
std::string print(const Problem& problem);     // canonical: fields at their default are not printed

// Throws ProblemError unless every size is allowed and no element or byte count overflows.
void validate(const Problem& problem);

// The problem of one run: a batch of `n` and, where i_min > 0, inputs of length `i`. The output's
// length follows: every input position more makes it longer by the stride.
Problem at_sizes(const Problem& problem, std::int64_t n, std::int64_t i);

// Sizes of a valid problem. Elements of a tensor count from its first to its last element (pixel
// strides included); multiply_adds counts only those that land inside the output.
std::int64_t input_elements(const Problem& problem);
std::int64_t output_elements(const Problem& problem);
std::int64_t filter_elements(const Problem& problem);
double multiply_adds(const Problem& problem);
double products(const Axis& axis);  // pairs of an input and a tap that land inside, along one axis

}  // namespace tconv::planner
