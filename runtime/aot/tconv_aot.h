/* Transposed convolutions that tconv compiled ahead of time. `tconv aot` writes this file beside
 * the header of every library; the functions here are inside the library. C99 and C++, GCC and
 * Clang; nothing else is needed at run time: no tconv, no C++ runtime, no allocation, no lock, no
 * system call. All functions are safe to call from many threads at once, each call with an output
 * and a workspace of its own.
 *
 * No alignment is asked of any pointer (64 bytes is faster). Results do not depend on how the work
 * is split, nor on the caller's rounding mode and flush-to-zero, which are set for the work and
 * restored. */
#ifndef TCONV_AOT_1_H
#define TCONV_AOT_1_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What calls return. Unless it is TCONV_AOT_OK, nothing was read but the arguments and the packed
 * filter's header, and nothing was written. */
enum {
  TCONV_AOT_OK = 0,
  TCONV_AOT_INPUT = 1, /* input is NULL */
  TCONV_AOT_FILTER =
      2, /* filter or packed is NULL, or packed was not filled by this layer's pack on such a CPU */
  TCONV_AOT_BIAS = 3,     /* bias is NULL though the layer has one, or given though it has none */
  TCONV_AOT_OUTPUT = 4,   /* output is NULL */
  TCONV_AOT_OPERANDS = 5, /* an operand of the post-ops is NULL */
  TCONV_AOT_WORKSPACE =
      6,                 /* workspace is NULL though the layer needs one, or workers is negative */
  TCONV_AOT_SIZE = 7,    /* batch or length is not one that the layer was compiled for */
  TCONV_AOT_OVERLAP = 8, /* what is written overlaps with another tensor */
  TCONV_AOT_CPU =
      9, /* this CPU or its operating system lacks what every kernel of the layer needs */
  TCONV_AOT_RANGE = 10 /* no such stage, points or worker */
};

typedef struct tconv_aot_args {
  const void* input;
  const void* packed_filter;   /* of the layer's pack */
  const void* bias;            /* NULL exactly when the layer has none */
  const void* const* operands; /* of prelu, add and mul, in the problem's order */
  void* output;
  void* workspace;
  int64_t batch;   /* images, of a layer that leaves them open; otherwise 0 or the layer's */
  int64_t length;  /* input positions, likewise */
  int32_t workers; /* of grid calls: how many share the workspace; 0 is 1 */
} tconv_aot_args;

/* One run, taken apart so that the caller's own threads may do it: `stages` one after the other,
 * and of each the points 0..tconv_aot_1_points in any order and on any threads. Filled by the
 * layer's begin; it may be copied, and lives as long as what the arguments point to. */
typedef struct tconv_aot_grid {
  int32_t stages;
  int32_t workers_;
  const void* executable_;
  unsigned char* local_;
  void* buffers_[32];
  int64_t params_[16];
} tconv_aot_grid;

int64_t tconv_aot_1_points(const tconv_aot_grid* grid, int32_t stage);

/* Points begin..end of a stage. Calls that run at the same time must have different workers,
 * numbered from 0; the points of a stage may begin when all of the stage before have ended. */
int tconv_aot_1_run_points(const tconv_aot_grid* grid, int32_t stage, int64_t begin, int64_t end,
                           int32_t worker);

/* For tests: until the next call, everywhere in the process, as if this CPU had nothing that is not
 * needed for `isa`, as NAME_isa() returns it; NULL: what it has. What was packed before fits only
 * if the same kernel is taken. TCONV_AOT_CPU: there is no such isa. */
int tconv_aot_1_limit(const char* isa);

/* What a status means, in a sentence. */
const char* tconv_aot_1_message(int status);

#ifdef __cplusplus
}
#endif
#endif
