// A layer as a problem line. Written by hand: a call finds its operation by this line, and has two
// microseconds for everything beside kernel and packing.
#include <charconv>

#include "runtime/frontends/layer.h"

namespace tconv::frontends {
namespace {

void write(std::string& line, std::int64_t value) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  line.append(digits, end);
}

void write(std::string& line, const char* word, std::int64_t value) {
  line += word;
  write(line, value);
}

void write(std::string& line, const char* word, const std::array<std::int64_t, 3>& values,
           int rank) {
  line += word;
  for (int axis = 0; axis < rank; ++axis) {
    if (axis > 0) line += 'x';
    write(line, values[static_cast<std::size_t>(axis)]);
  }
}

std::string_view word_of(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return "f16";
    case DType::bf16:
      return "bf16";
    case DType::f64:
      return "f64";
    case DType::i32:
      return "i32";
    default:
      return "f32";
  }
}

}  // namespace

std::string problem_line(const Layer& layer, DType bias) {
  constexpr std::string_view last[] = {" nwc", " nhwc", " ndhwc"};
  constexpr std::string_view first[] = {" ncw", " nchw", " ncdhw"};
  const auto axes = static_cast<std::size_t>(layer.rank - 1);
  std::string line;
  line.reserve(160);
  line += word_of(layer.dtype);
  line += layer.channels_first ? first[axes] : last[axes];
  write(line, " n=", layer.n);
  if (layer.g != 1) write(line, " g=", layer.g);
  write(line, " ic=", layer.ic);
  write(line, " oc=", layer.oc);
  write(line, " i=", layer.i, layer.rank);
  write(line, " o=", layer.o, layer.rank);
  write(line, " k=", layer.k, layer.rank);
  write(line, " s=", layer.s, layer.rank);
  write(line, " d=", layer.d, layer.rank);
  write(line, " p=", layer.p, layer.rank);
  line += layer.torch_filter ? " filter=torch" : " filter=tf";
  if (bias != DType::other) {
    line += " bias=";
    line += word_of(bias);
  }
  if (!layer.post.empty()) {
    line += ' ';
    line += layer.post;
  }
  return line;
}

Dims Layer::output_shape() const {
  Dims shape{n};
  if (channels_first) shape.push_back(oc);
  for (int axis = 0; axis < rank; ++axis) shape.push_back(o[static_cast<std::size_t>(axis)]);
  if (!channels_first) shape.push_back(oc);
  return shape;
}

}  // namespace tconv::frontends
