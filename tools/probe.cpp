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
// Without the instruction a multiply-add is a product and a sum.
TCONV_FMA_LOOP(f32_sse2, "sse2", __m128, _mm_set1_ps(0.5F), v = _mm_add_ps(_mm_mul_ps(v, x), x),
               "x")
TCONV_FMA_LOOP(f64_sse2, "sse2", __m128d, _mm_set1_pd(0.5), v = _mm_add_pd(_mm_mul_pd(v, x), x),
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
#define TCONV_LOAD_SSE(REGISTER, BYTES, N) "movaps " #N "*" #BYTES "(%0), %%" #REGISTER #N "\n"
#define TCONV_STORE_SSE(REGISTER, BYTES, N) "movaps %%" #REGISTER "0, " #N "*" #BYTES "(%0)\n"
#define TCONV_STREAM_SSE(REGISTER, BYTES, N) "movntps %%" #REGISTER "0, " #N "*" #BYTES "(%0)\n"
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
[[gnu::always_inline]] inline void loads_sse2(const char* at) {
  __asm__ volatile(TCONV_MOVES(TCONV_LOAD_SSE, xmm, 16)::"r"(at) : TCONV_CLOBBERS);
}
[[gnu::always_inline]] inline void stores_sse2(const char* at) {
  __asm__ volatile(TCONV_MOVES(TCONV_STORE_SSE, xmm, 16)::"r"(at) : TCONV_CLOBBERS);
}
[[gnu::always_inline]] inline void streams_sse2(const char* at) {
  __asm__ volatile(TCONV_MOVES(TCONV_STREAM_SSE, xmm, 16)::"r"(at) : TCONV_CLOBBERS);
}
#undef TCONV_MOVES
#undef TCONV_LOAD
#undef TCONV_STORE
#undef TCONV_STREAM
#undef TCONV_LOAD_SSE
#undef TCONV_STORE_SSE
#undef TCONV_STREAM_SSE

bool wide(const std::string& isa) { return isa == "avx512"; }
bool narrow(const std::string& isa) { return isa == "sse2"; }

// The compiler does not know that the steps touched wide registers. What is stored next is 0.
void leave(const std::string& isa) {
  if (narrow(isa)) {
    __asm__ volatile("xorps %%xmm0, %%xmm0" ::: TCONV_CLOBBERS);
  } else {
    __asm__ volatile("vxorps %%xmm0, %%xmm0, %%xmm0\nvzeroupper" ::: TCONV_CLOBBERS);
  }
}

template <void (*kStep)(const char*)>
void repeat_one(const char* at, std::int64_t steps) {
  for (std::int64_t i = 0; i < steps; ++i) kStep(at);
}
template <void (*kStep)(const char*)>
void walk_one(const char* memory, std::size_t bytes, std::size_t step_bytes) {
  for (std::size_t i = 0; i + step_bytes <= bytes; i += step_bytes) kStep(memory + i);
}

template <void (*kWide)(const char*), void (*kMiddle)(const char*), void (*kNarrow)(const char*)>
void repeat(const std::string& isa, const char* at, std::int64_t steps) {
  leave(isa);
  wide(isa)     ? repeat_one<kWide>(at, steps)
  : narrow(isa) ? repeat_one<kNarrow>(at, steps)
                : repeat_one<kMiddle>(at, steps);
  leave(isa);
}

template <void (*kWide)(const char*), void (*kMiddle)(const char*), void (*kNarrow)(const char*)>
void walk(const std::string& isa, const char* memory, std::size_t bytes) {
  leave(isa);
  wide(isa)     ? walk_one<kWide>(memory, bytes, 512)
  : narrow(isa) ? walk_one<kNarrow>(memory, bytes, 128)
                : walk_one<kMiddle>(memory, bytes, 256);
  leave(isa);
}

}  // namespace

int vector_bytes(const std::string& isa) { return wide(isa) ? 64 : narrow(isa) ? 16 : 32; }

void fma(const std::string& isa, Fma what, std::int64_t steps) {
  if (what == Fma::dot2) return dot2_avx512(steps);
  if (what == Fma::f64)
    return wide(isa) ? f64_avx512(steps) : narrow(isa) ? f64_sse2(steps) : f64_avx2(steps);
  return wide(isa) ? f32_avx512(steps) : narrow(isa) ? f32_sse2(steps) : f32_avx2(steps);
}

void loads(const std::string& isa, const char* memory, std::int64_t steps) {
  repeat<loads_avx512, loads_avx2, loads_sse2>(isa, memory, steps);
}

void stores(const std::string& isa, char* memory, std::int64_t steps) {
  repeat<stores_avx512, stores_avx2, stores_sse2>(isa, memory, steps);
}

void read(const std::string& isa, const char* memory, std::size_t bytes) {
  walk<loads_avx512, loads_avx2, loads_sse2>(isa, memory, bytes);
}

void write(const std::string& isa, char* memory, std::size_t bytes) {
  walk<stores_avx512, stores_avx2, stores_sse2>(isa, memory, bytes);
}

void stream_write(const std::string& isa, char* memory, std::size_t bytes) {
  walk<streams_avx512, streams_avx2, streams_sse2>(isa, memory, bytes);
  _mm_sfence();
}

void clock_chain(const std::string& isa, std::int64_t steps) {
  std::uint64_t x = 3;
#define TCONV_IMUL "imul %0, %0\n"
#define TCONV_FMAS(R)                                                              \
  "vfmadd213ps %%" R "0, %%" R "0, %%" R "1\nvfmadd213ps %%" R "0, %%" R "0, %%" R \
  "2\n"                                                                            \
  "vfmadd213ps %%" R "0, %%" R "0, %%" R "3\nvfmadd213ps %%" R "0, %%" R "0, %%" R "4\n"
#define TCONV_MULS                                                                  \
  "mulps %%xmm0, %%xmm1\nmulps %%xmm0, %%xmm2\nmulps %%xmm0, %%xmm3\nmulps %%xmm0, " \
  "%%xmm4\n"
  leave(isa);
  for (std::int64_t i = 0; i < steps; ++i) {
    if (wide(isa)) {
      __asm__ volatile(TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_FMAS("zmm")
                           TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_IMUL
                       : "+r"(x)::TCONV_CLOBBERS);
    } else if (narrow(isa)) {
      __asm__ volatile(TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_MULS TCONV_IMUL TCONV_IMUL
                           TCONV_IMUL TCONV_IMUL
                       : "+r"(x)::TCONV_CLOBBERS);
    } else {
      __asm__ volatile(TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_FMAS("ymm")
                           TCONV_IMUL TCONV_IMUL TCONV_IMUL TCONV_IMUL
                       : "+r"(x)::TCONV_CLOBBERS);
    }
  }
  leave(isa);
#undef TCONV_IMUL
#undef TCONV_FMAS
#undef TCONV_MULS
#undef TCONV_CLOBBERS
}

}  // namespace tconv::tools::probe
