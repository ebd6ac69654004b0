// Loops that do one thing as fast as a core can. Each call is timed from outside; none checks that
// the host has the instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tconv::tools::probe {

enum class Fma { f32, f64, dot2 };  // dot2: vdpbf16ps, avx512 only
// `steps` times kFmas independent vector operations.
inline constexpr int kFmas = 12;
void fma(const std::string& isa, Fma what, std::int64_t steps);

// `steps` times kMoves vectors between registers and the first kMoves vectors of `memory`, which is
// aligned to 64 bytes: they hit L1.
inline constexpr int kMoves = 8;
void loads(const std::string& isa, const char* memory, std::int64_t steps);
void stores(const std::string& isa, char* memory, std::int64_t steps);

// Every byte once, from lower to higher addresses; `memory` is aligned to 64 bytes, `bytes` a
// multiple of 256.
void read(const std::string& isa, const char* memory, std::size_t bytes);
void write(const std::string& isa, char* memory, std::size_t bytes);
void stream_write(const std::string& isa, char* memory, std::size_t bytes);

// `steps` times kChainCycles cycles: a chain of multiplications, 3 cycles each on all x86-64 cores
// of the last ten years, while the FMA units work, because vectors may lower the clock.
inline constexpr int kChainCycles = 24;
void clock_chain(const std::string& isa, std::int64_t steps);

int vector_bytes(const std::string& isa);

}  // namespace tconv::tools::probe
