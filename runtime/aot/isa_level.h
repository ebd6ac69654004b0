// The isas that ahead-of-time kernels can be made for: a target of the IR, and what a CPU must have
// before its code may run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "planner/problem.h"
#include "runtime/aot/layer.h"

namespace tconv::runtime {

inline constexpr const char *kX86_64 = "x86_64", *kAArch64 = "aarch64";

struct IsaLevel {
  const char* name;
  const char* target;  // of ir/target.h
  const char* arch;    // of triples
  std::uint32_t features;
  const char* backend;  // that compiles it unless one is named
  bool bf16 = false;    // AVX512_BF16 may be used
  bool fp16 = false;    // AVX512_FP16 may be used
};

// Best first.
const std::vector<IsaLevel>& isa_levels();
// Names of a level's features.
std::vector<std::string> feature_names(std::uint32_t features);

// Those that were named, or for none this host's (neon128 on another architecture), best first.
// Throws Error for unknown ones and those of another architecture.
std::vector<const IsaLevel*> choose_levels(const std::vector<std::string>& names,
                                           const std::string& arch);

// What differs for this problem: where no bf16 is stored or multiplied, avx512bf16 is avx512, and
// so is avx512fp16 where sums are not f16. Where they are, the levels with their registers are left
// over. Throws Error if there is none.
std::vector<const IsaLevel*> levels_for(const planner::Problem& problem,
                                        const std::vector<const IsaLevel*>& levels);

}  // namespace tconv::runtime
