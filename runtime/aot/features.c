/* What this CPU has and its operating system saves, and which kernels run here. */
#include "runtime/aot/layer.h"
#include "tconv_aot.h"

#if defined(__x86_64__)
#include <cpuid.h>

static uint32_t tconv_find_features(void) {
  unsigned a, b, c, d, low, high;
  uint32_t found = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  if (!(c & (1u << 27)) || !(c & (1u << 28))) return 0; /* XGETBV is allowed; AVX */
  const unsigned fma = c & (1u << 12), f16c = c & (1u << 29);
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 0x06) != 0x06) return 0; /* the system saves xmm and ymm */
  if (fma) found |= TCONV_FMA;
  if (f16c) found |= TCONV_F16C;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  if (b & (1u << 5)) found |= TCONV_AVX2;
  if ((low & 0xe0) != 0xe0) return found; /* and masks, and all of the 32 zmm */
  if (b & (1u << 16)) found |= TCONV_AVX512F;
  if (b & (1u << 17)) found |= TCONV_AVX512DQ;
  if (b & (1u << 30)) found |= TCONV_AVX512BW;
  if (b & (1u << 31)) found |= TCONV_AVX512VL;
  if (d & (1u << 23)) found |= TCONV_AVX512_FP16;
  if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 5))) found |= TCONV_AVX512_BF16;
  return found;
}
#else
static uint32_t tconv_find_features(void) { return 0; } /* what the kernels use, every CPU of the architecture has */
#endif

static uint32_t tconv_hidden; /* features */

static uint32_t tconv_features(void) {
  /* CPUID is slow, in a virtual machine very. Threads that come first together find the same. */
  static uint32_t known; /* with a bit that no feature has: 0 is not known yet */
  uint32_t features = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (features == 0) {
    features = tconv_find_features() | 1u << 31;
    __atomic_store_n(&known, features, __ATOMIC_RELAXED);
  }
  return features & ~__atomic_load_n(&tconv_hidden, __ATOMIC_RELAXED);
}

static int tconv_same(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}

TCONV_SHARED int tconv_aot_1_limit(const char* isa) {
  uint32_t kept;
  if (isa == 0)
    kept = ~0u;
  else if (tconv_same(isa, "avx512bf16"))
    kept = TCONV_NEEDS_AVX512BF16;
  else if (tconv_same(isa, "avx512fp16"))
    kept = TCONV_NEEDS_AVX512FP16;
  else if (tconv_same(isa, "avx512"))
    kept = TCONV_NEEDS_AVX512;
  else if (tconv_same(isa, "avx2"))
    kept = TCONV_NEEDS_AVX2;
  else if (tconv_same(isa, "sse2") || tconv_same(isa, "neon128"))
    kept = 0;
  else
    return TCONV_AOT_CPU;
  __atomic_store_n(&tconv_hidden, ~kept, __ATOMIC_RELAXED);
  return TCONV_AOT_OK;
}

static const struct tconv_isa* tconv_choose_isa(const struct tconv_layer* layer) {
  const uint32_t features = tconv_features();
  const struct tconv_isa* isas = TCONV_AT(struct tconv_isa, layer->isa);
  for (int32_t i = 0; i < layer->isas; ++i)
    if ((isas[i].features & ~features) == 0) return &isas[i];
  return 0;
}

TCONV_SHARED const char* tconv_aot_1_isa(const struct tconv_layer* layer) {
  const struct tconv_isa* isa = tconv_choose_isa(layer);
  return isa == 0 ? 0 : TCONV_AT(char, isa->name);
}

TCONV_SHARED const char* tconv_aot_1_missing(const struct tconv_layer* layer) {
  if (tconv_choose_isa(layer) != 0) return 0;
  const struct tconv_isa* least = TCONV_AT(struct tconv_isa, layer->isa) + (layer->isas - 1);
  const uint32_t missing = least->features & ~tconv_features();
  if (missing & TCONV_AVX2) return "AVX2";
  if (missing & TCONV_FMA) return "FMA";
  if (missing & TCONV_F16C) return "F16C";
  if (missing & TCONV_AVX512F) return "AVX512F";
  if (missing & TCONV_AVX512BW) return "AVX512BW";
  if (missing & TCONV_AVX512DQ) return "AVX512DQ";
  if (missing & TCONV_AVX512VL) return "AVX512VL";
  if (missing & TCONV_AVX512_BF16) return "AVX512_BF16";
  return "AVX512_FP16";
}
