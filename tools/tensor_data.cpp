#include "tools/tensor_data.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tools/number.h"

namespace tconv::tools {
namespace {

// splitmix64: a few cycles per number, since layers hold up to 10^8 of them.
struct Random {
  std::uint64_t state;
  std::uint64_t operator()() {
    std::uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
};

// Small, so that sums stay exact, but every sixteenth of all 32 bits, so that some wrap.
double whole(std::uint64_t r) {
  const auto bits = static_cast<std::int32_t>(static_cast<std::uint32_t>(r >> 32));
  return r % 16 == 0 ? static_cast<double>(bits) : static_cast<double>(r / 16 % 17) - 8;
}

Buffer filled(Type type, std::int64_t count, double scale, Random& random) {
  Buffer buffer(static_cast<std::size_t>(count) * bytes(type));
  for (std::int64_t x = 0; x < count; ++x) {
    const std::uint64_t r = random();
    write(type, buffer.data(), x,
          type == Type::i32 ? whole(r) : scale * (static_cast<double>(r >> 40) * 0x1p-23 - 1));
  }
  return buffer;
}

}  // namespace

Tensors TensorData::view() const {
  Tensors r{input.data(), filter.data(), bias.data(), {}};
  for (const Buffer& operand : operands) r.operands.push_back(operand.data());
  return r;
}

TensorData random_data(const Shape& shape, std::uint64_t seed) {
  Random random{seed};
  const double products = static_cast<double>(std::max<std::int64_t>(shape.group_ic(), 1));
  TensorData r;
  r.input = filled(shape.type, input_elements(shape), 1, random);
  r.filter = filled(shape.type, filter_elements(shape), 1 / std::sqrt(products), random);
  if (shape.bias) r.bias = filled(shape.bias_type, shape.oc, 1, random);
  for (const PostOp& op : shape.post)
    if (op.takes_operand())
      r.operands.push_back(filled(shape.type, operand_elements(shape, op), 1, random));
  r.output = Buffer(static_cast<std::size_t>(output_elements(shape)) * bytes(shape.output_type()));
  if (r.output.bytes() > 0) std::memset(r.output.data(), 0xff, r.output.bytes());
  return r;
}

}  // namespace tconv::tools
