// A problem line as plain numbers, for tools and tests. It shares no code with the planner: the
// reference and the generator of random problems must not inherit its mistakes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tconv::tools {

enum class Type : std::uint8_t { f32, f64, f16, bf16, i32 };

struct PostOp {
  std::string name;  // as on the line
  double a = 0, b = 0, c = 0;
  bool takes_operand() const { return name == "prelu" || name == "add" || name == "mul"; }
};

// How many numbers the post-op has on the line.
int parameters(const PostOp& op);

// Vectors have one number per spatial axis, outermost first.
struct Shape {
  Type type = Type::f32;
  bool wide_output = false;
  bool half_sum = false;  // sum=f16
  bool channels_last = true;
  std::int64_t n = 1, g = 1, ic = 1, oc = 1;
  std::int64_t n_min = 0, i_min = 0;  // > 0: known only at run time, from this up to n or i[0]
  std::vector<std::int64_t> i, o, k, s, d, p;
  std::int64_t ips = 0, ops = 0;  // pixel strides; 0 = dense
  bool torch_filter = false;      // [ic, oc/g, k..] instead of [k.., oc/g, ic]
  bool bias = false;
  Type bias_type = Type::f32;
  std::vector<PostOp> post;

  int rank() const { return static_cast<int>(i.size()); }
  std::int64_t group_ic() const { return ic / g; }
  std::int64_t group_oc() const { return oc / g; }
  std::int64_t input_pixel() const { return ips != 0 ? ips : ic; }
  std::int64_t output_pixel() const { return ops != 0 ? ops : oc; }
  Type output_type() const { return wide_output ? Type::f32 : type; }
  std::int64_t natural(int axis) const;  // length of the full result; 0 for an empty input
};

// Reads a line that the library accepts (canonical or not). Throws std::invalid_argument for words
// that it does not know, but does not validate.
Shape parse_shape(const std::string& line);
// The canonical line.
std::string to_line(const Shape& shape);

const char* name(Type type);
const char* layout_name(const Shape& shape);

// Elements from the first to the last of each tensor (pixel strides included).
std::int64_t input_elements(const Shape& shape);
std::int64_t output_elements(const Shape& shape);
std::int64_t filter_elements(const Shape& shape);
std::int64_t operand_elements(const Shape& shape, const PostOp& op);
std::int64_t pixels(std::int64_t n, const std::vector<std::int64_t>& lengths);

// Pairs (x, t) that land inside the output, times channels.
double multiply_adds(const Shape& shape);

}  // namespace tconv::tools
