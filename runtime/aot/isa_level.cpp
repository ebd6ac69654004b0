#include "runtime/aot/isa_level.h"

#include <fmt/format.h>

#include <algorithm>

#include "jit/host_features.h"
#include "runtime/error.h"
#include "runtime/host.h"

namespace tconv::runtime {
namespace {

struct Feature {
  std::uint32_t bit;
  const char* name;
};
constexpr Feature kFeatures[] = {{TCONV_AVX2, "AVX2"},
                                 {TCONV_FMA, "FMA"},
                                 {TCONV_F16C, "F16C"},
                                 {TCONV_AVX512F, "AVX512F"},
                                 {TCONV_AVX512BW, "AVX512BW"},
                                 {TCONV_AVX512DQ, "AVX512DQ"},
                                 {TCONV_AVX512VL, "AVX512VL"},
                                 {TCONV_AVX512_BF16, "AVX512_BF16"},
                                 {TCONV_AVX512_FP16, "AVX512_FP16"}};

const IsaLevel* find_level(const std::string& name) {
  for (const IsaLevel& level : isa_levels())
    if (level.name == name) return &level;
  return nullptr;
}

std::string names_of(const std::string& arch) {
  std::string names;
  for (const IsaLevel& level : isa_levels())
    if (level.arch == arch) names += std::string(names.empty() ? "" : " ") + level.name;
  return names;
}

// The last resort only where there is nothing else: it is asked for by name.
std::vector<std::string> default_levels(const std::string& arch) {
  if (arch == kAArch64) return {"neon128"};
  std::vector<std::string> names = host().isas;
  if (names.size() > 1) std::erase(names, "sse2");
  if (jit::host_has_bf16() && host_runs("avx512")) names.emplace_back("avx512bf16");
  if (jit::host_has_fp16() && host_runs("avx512")) names.emplace_back("avx512fp16");
  return names;
}

}  // namespace

const std::vector<IsaLevel>& isa_levels() {
  static const std::vector<IsaLevel> levels = {
      {"avx512fp16", "avx512", kX86_64, TCONV_NEEDS_AVX512FP16, "xbyak", false, true},
      {"avx512bf16", "avx512", kX86_64, TCONV_NEEDS_AVX512BF16, "xbyak", true},
      {"avx512", "avx512", kX86_64, TCONV_NEEDS_AVX512, "xbyak"},
      {"avx2", "avx2", kX86_64, TCONV_NEEDS_AVX2, "xbyak"},
      {"sse2", "sse2", kX86_64, 0, "llvm"},
      {"neon128", "neon128", kAArch64, 0, "llvm"},
  };
  return levels;
}

std::vector<std::string> feature_names(std::uint32_t features) {
  std::vector<std::string> names;
  for (const Feature& f : kFeatures)
    if (features & f.bit) names.emplace_back(f.name);
  return names;
}

std::vector<const IsaLevel*> choose_levels(const std::vector<std::string>& names,
                                           const std::string& arch) {
  std::vector<const IsaLevel*> chosen;
  for (const std::string& name : names.empty() ? default_levels(arch) : names) {
    const IsaLevel* level = find_level(name);
    if (level == nullptr || level->arch != arch)
      refuse(fmt::format("isa {} is {}; for {} there are {}", name,
                         level == nullptr ? "unknown" : std::string("one of ") + level->arch, arch,
                         names_of(arch)));
    chosen.push_back(level);
  }
  std::sort(chosen.begin(), chosen.end());  // pointers into one vector, which is best first
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

std::vector<const IsaLevel*> levels_for(const planner::Problem& problem,
                                        const std::vector<const IsaLevel*>& levels) {
  std::vector<const IsaLevel*> own;
  for (const IsaLevel* level : levels) {
    if (problem.narrow_sum && !level->fp16) continue;
    if ((level->bf16 && problem.dtype != ir::DType::bf16) || (level->fp16 && !problem.narrow_sum))
      level = find_level(level->target);
    if (std::find(own.begin(), own.end(), level) == own.end()) own.push_back(level);
  }
  if (own.empty()) {
    std::string names;
    for (const IsaLevel* level : levels)
      names += std::string(names.empty() ? "" : " ") + level->name;
    refuse(fmt::format("isa {}: sum=f16 needs avx512fp16", names));
  }
  std::sort(own.begin(), own.end());
  return own;
}

}  // namespace tconv::runtime
