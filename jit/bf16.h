// Constants of f32 -> bf16 where there is no instruction: add kRoundUp and the lowest bit that
// stays, cut; NaN stays NaN; a denormal becomes zero, as vcvtneps2bf16 does.
#pragma once

#include <cstdint>

namespace tconv::jit::bf16 {

inline constexpr std::uint32_t kRoundUp = 0x7fff, kQuietNan = 0x7fc00000, kExponent = 0x7f800000,
                               kSign = 0x80000000;
inline constexpr std::uint8_t kUnordered = 3;  // predicate of vcmpps

}  // namespace tconv::jit::bf16
