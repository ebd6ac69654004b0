#include "jit/host_features.h"

#include "jit/backend.h"

namespace tconv::jit {
namespace {

// The compiler's probe also asks the operating system whether it saves the registers.
std::string missing_avx2() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2")) return "AVX2";
  if (!__builtin_cpu_supports("fma")) return "FMA";
  if (!__builtin_cpu_supports("f16c")) return "F16C";
  return {};
}
std::string missing_avx512() {
  if (std::string m = missing_avx2(); !m.empty()) return m;
  if (!__builtin_cpu_supports("avx512f")) return "AVX512F";
  if (!__builtin_cpu_supports("avx512bw")) return "AVX512BW";
  if (!__builtin_cpu_supports("avx512dq")) return "AVX512DQ";
  if (!__builtin_cpu_supports("avx512vl")) return "AVX512VL";
  return {};
}

}  // namespace

bool host_has_bf16() {
  static const bool has = missing_avx512().empty() && __builtin_cpu_supports("avx512bf16");
  return has;
}

bool host_has_fp16() {
  static const bool has = missing_avx512().empty() && __builtin_cpu_supports("avx512fp16");
  return has;
}

bool host_supports(const std::string& target, std::string* missing) {
  static const std::string avx2 = missing_avx2(), avx512 = missing_avx512();
  const std::string what = target == "avx512"    ? avx512
                           : target == "avx2"    ? avx2
                           : target == "sse2"    ? ""  // every x86-64
                           : target == "neon128" ? "an AArch64 CPU"
                                                 : "code for target \"" + target + "\"";
  if (missing) *missing = what;
  return what.empty();
}

}  // namespace tconv::jit
