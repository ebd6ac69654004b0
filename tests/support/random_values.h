// Buffers of every type filled with values that find mistakes.
#pragma once

#include <cstring>
#include <random>

#include "ir/ir.h"
#include "tests/support/backend_check.h"
#include "tests/support/test_data.h"

namespace tconv::test {

// Every second element special (zeros, denormals, infinities, NaN, ties) unless `tame`: then
// numbers whose sums and products stay small, so that a whole program may compute with them.
inline void fill_random(ir::DType type, Bytes& bytes, std::mt19937& random, bool tame) {
  static const std::vector<std::uint32_t> special = special_f32_bits();
  const auto pick = [&] { return special[random() % special.size()]; };
  const auto small = [&] {
    return static_cast<float>(static_cast<std::int32_t>(random() % 33) - 16) * 0.125F;
  };
  const auto width = static_cast<std::size_t>(ir::bytes(type));
  for (std::size_t i = 0; i + width <= bytes.size(); i += width) {
    const bool plain = tame || random() % 2 == 0;
    std::uint64_t bits = 0;
    switch (type) {
      case ir::DType::f32:
        bits = plain ? std::bit_cast<std::uint32_t>(small()) : pick();
        break;
      case ir::DType::f64:
        bits = std::bit_cast<std::uint64_t>(static_cast<double>(small()));
        if (!plain) {  // the same patterns with 11 bits of exponent, and the neighbours of f32's
                       // edges
          const std::uint64_t p = pick();
          bits = (p & 0x80000000) << 32 | (p & 0x7f800000) << 32 | (p & 0x007fffff) << 29;
          if ((p & 0x7f800000) == 0x7f800000) bits |= 0x7ff0000000000000;
        }
        break;
      case ir::DType::f16:
        bits = plain ? (random() & 0x83ff) | 0x3800 : random() & 0xffff;
        break;
      case ir::DType::bf16:
        bits = (plain ? std::bit_cast<std::uint32_t>(small()) : pick()) >> 16;
        break;
      case ir::DType::bf16x2:
        bits = plain ? std::bit_cast<std::uint32_t>(small()) >> 16 |
                           (std::bit_cast<std::uint32_t>(small()) & 0xffff0000)
                     : (pick() & 0xffff0000) | pick() >> 16;
        break;
      default:
        bits = tame ? random() % 16 : plain ? random() : std::uint64_t{0x80000000} - random() % 3;
    }
    std::memcpy(bytes.data() + i, &bits, width);
  }
}

// Contents for all non-local buffers of a program.
inline std::vector<Bytes> random_buffers(const ir::Program& program,
                                         const std::vector<std::int64_t>& params,
                                         std::uint32_t seed, bool tame) {
  std::mt19937 random(seed);
  std::vector<Bytes> buffers;
  for (const ir::Buffer& b : program.buffers) {
    if (b.kind == ir::BufferKind::local) continue;
    buffers.emplace_back(static_cast<std::size_t>(ir::bytes_for(program, b, params.data())));
    fill_random(b.dtype, buffers.back(), random, tame);
  }
  return buffers;
}

}  // namespace tconv::test
