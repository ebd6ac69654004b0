/* What surrounds a kernel.
 *
 * Rounding to nearest even, denormals kept, exceptions masked: results must not depend on what the caller set. */
#include <stdint.h>

#if defined(__x86_64__)
typedef uint32_t tconv_fpenv;
static tconv_fpenv tconv_enter_fpenv(void) {
  const uint32_t saved = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(0x1F80);
  return saved;
}
static void tconv_leave_fpenv(tconv_fpenv saved) { __builtin_ia32_ldmxcsr(saved); }
/* Streaming stores are not ordered with others: a thread that is told of the end must see them. */
static void tconv_finish_stores(void) { __builtin_ia32_sfence(); }
#elif defined(__aarch64__)
typedef uint64_t tconv_fpenv;
static tconv_fpenv tconv_enter_fpenv(void) {
  uint64_t saved;
  __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
  __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0));
  return saved;
}
static void tconv_leave_fpenv(tconv_fpenv saved) { __asm__ volatile("msr fpcr, %0" : : "r"(saved)); }
static void tconv_finish_stores(void) {}
#else
#error "tconv_aot: x86-64 and AArch64 only"
#endif
