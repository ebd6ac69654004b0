#include "tools/probe.h"

#include <immintrin.h>

namespace tconv::tools::probe {
namespace {

// 12 accumulators: more than latency times throughput (4 x 2), few enough for 16 registers.
#define TCONV_FMA_LOOP(NAME, TARGET, VECTOR, SET, STEP, CONSTRAINT) \
  __attribute__((target(TARGET))) void NAME(std::int64_t steps) {   \
    VECTOR a[kFmas], x = SET;                                       \
    for (auto& v : a) v = x;                                        \
    for (std::int64_t i = 0; i < steps; ++i) {                      \
      _Pragma("GCC unroll 12") for (auto& v : a) {                  \
        STEP;                                                       \
        __asm__ volatile("" : "+" CONSTRAINT(v));                   \
      }                                                             \
    }                                                               \
  }
TCONV_FMA_LOOP(f32_avx512, "avx512f", __m512, _mm512_set1_ps(0.5F), v = _mm512_fmadd_ps(v, x, x),
               "v")
TCONV_FMA_LOOP(f64_avx512, "avx512f", __m512d, _mm512_set1_pd(0.5), v = _mm512_fmadd_pd(v, x, x),
               "v")
// In assembler, because compilers that know the instruction want a type of their own for it.
TCONV_FMA_LOOP(dot2_avx512, "avx512f", __m512, _mm512_set1_ps(0.5F),
               __asm__ volatile("vdpbf16ps %1, %1, %0"
                                : "+v"(v)
                                : "v"(x)),
               "v")
TCONV_FMA_LOOP(f32_avx2, "avx2,fma", __m256, _mm256_set1_ps(0.5F), v = _mm256_fmadd_ps(v, x, x),
               "x")
TCONV_FMA_LOOP(f64_avx2, "avx2,fma", __m256d, _mm256_set1_pd(0.5), v = _mm256_fmadd_pd(v, x, x),
               "x")
#undef TCONV_FMA_LOOP

// Assembler, so that a load stays a load of its own and a repeated store is not removed.
#define TCONV_MOVES(WHAT, FIRST, LAST)                                                \
  WHAT(FIRST, LAST, 0)                                                                \
  WHAT(FIRST, LAST, 1)                                                                \
  WHAT(FIRST, LAST, 2)                                                                \
  WHAT(FIRST, LAST, 3) WHAT(FIRST, LAST, 4) WHAT(FIRST, LAST, 5) WHAT(FIRST, LAST, 6) \
      WHAT(FIRST, LAST, 7)
#define TCONV_LOAD(REGISTER, BYTES, N) "vmovaps " #N "*" #BYTES "(%0), %%" #REGISTER #N "\n"
#define TCONV_STORE(REGISTER, BYTES, N) "vmovaps %%" #REGISTER "0, " #N "*" #BYTES "(%0)\n"
#define TCONV_STREAM(REGISTER, BYTES, N) "vmovntps %%" #REGISTER "0, " #N "*" #BYTES "(%0)\n"
#define TCONV_CLOBBERS "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "memory"

// One step of a loop: kMoves vectors at `at`.
[[gnu::always_inline]] inline void loads_avx512(const char* at) {
  __asm__ volatile(TCONV_MOVES(TCONV_LOAD, zmm, 64)::"r"(at) : TCONV_CLOBBERS);
}
[[gnu::always_inline]] inline void loads_avx2(const char* at) {
  __asm__ volatile(TCONV_MOVES(TCONV_LOAD, ymm, 32)::"r"(at) : TCONV_CLOBBERS);
}
[[gnu::always_inline]] inline void stores_avx512(const char* at) {
  __asm__ volatile(TCONV_MOVES(TCONV_STORE, zmm, 64)::"r"(at) : TCONV_CLOBBERS);
}
[[gnu::always_inline]] inline void stores_avx2(const char* at) {
  __asm__ volatile(TCONV_MOVES(TCONV_STORE, ymm, 32)::"r"(at) : TCONV_CLOBBERS);
}
[[gnu::always_inline]] inline void streams_avx512(const char* at) {
  __asm__ volatile(TCONV_MOVES(TCONV_STREAM, zmm, 64)::"r"(at) : TCONV_CLOBBERS);
}
[[gnu::always_inline]] inline void streams_avx2(const char* at) {
  __asm__ volatile(TCONV_MOVES(TCONV_STREAM, ymm, 32)::"r"(at) : TCONV_CLOBBERS);
}
#undef TCONV_MOVES
#undef TCONV_LOAD
#undef TCONV_STORE
#undef TCONV_STREAM

// The compiler does not know that the steps touched wide registers.
void leave() { __asm__ volatile("vxorps %%xmm0, %%xmm0, %%xmm0\nvzeroupper" ::: TCONV_CLOBBERS); }

template <void (*kStep)(const char*)>
void repeat(const char* at, std::int64_t steps) {
  leave();  // what is stored is 0
  for (std::int64_t i = 0; i < steps; ++i) kStep(at);
  leave();
}

template <void (*kStep)(const char*)>
void walk(const char* memory, std::size_t bytes, std::size_t step_bytes) {
  leave();
  for (std::size_t i = 0; i + step_bytes <= bytes; i += step_bytes) kStep(memory + i);
  leave();
}

bool wide(const std::string& isa) { return isa == "avx512"; }

}  // namespace

int vector_bytes(const std::string& isa) { return wide(isa) ? 64 : 32; }

void fma(const std::string& isa, Fma what, std::int64_t steps) {
  if (what == Fma::dot2) return dot2_avx512(steps);
  if (what == Fma::f64) return wide(isa) ? f64_avx512(steps) : f64_avx2(steps);
  return wide(isa) ? f32_avx512(steps) : f32_avx2(steps);
}

void loads(const std::string& isa, const char* memory, std::int64_t steps) {
  wide(isa) ? repeat<loads_avx512>(memory, steps) : repeat<loads_avx2>(memory, steps);
}

void stores(const std::string& isa, char* memory, std::int64_t steps) {
  wide(isa) ? repeat<stores_avx512>(memory, steps) : repeat<stores_avx2>(memory, steps);
}

void read(const std::string& isa, const char* memory, std::size_t bytes) {
  wide(isa) ? walk<loads_avx512>(memory, bytes, 512) : walk<loads_avx2>(memory, bytes, 256);
}

void write(const std::string& isa, char* memory, std::size_t bytes) {
  wide(isa) ? walk<stores_avx512>(memory, bytes, 512) : walk<stores_avx2>(memory, bytes, 256);
}

void stream_write(const std::string& isa, char* memory, std::size_t bytes) {
  wide(isa) ? walk<streams_avx512>(memory, bytes, 512) : walk<streams_avx2>(memory, bytes, 256);
  _mm_sfence();
}

void clock_chain(const std::string& isa, std::int64_t steps) {
  std::uint64_t x = 3;
#define TCONV_IMUL "imul %0, %0\n"
#define TCONV_FMAS(R)                                                              \
  "vfmadd213ps %%" R "0, %%" R "0, %%" R "1\nvfmadd213ps %%" R "0, %%" R "0, %%" R \
  "2\n"                                                                            \
  "vfmadd213ps %%" R "0, %%" R "0, %%" R "3\nvfmadd213ps %%" R "0, %%" R "0, %%" R "4\n"
  leave();
  for (std::int64_t i = 0; i < steps; ++i) {
    if (wide(isa)) {
      __asm__ volatile(TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_FMAS("zmm")
                           TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_IMUL
                       : "+r"(x)::TCONV_CLOBBERS);
    } else {
      __asm__ volatile(TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_FMAS("ymm")
                           TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_IMUL
                       : "+r"(x)::TCONV_CLOBBERS);
    }
  }
  leave();
#undef TCONV_IMUL
#undef TCONV_FMAS
#undef TCONV_CLOBBERS
}

}  // namespace tconv::tools::probe
