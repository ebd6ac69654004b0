/* tconv, C API: transposed convolutions compiled for exactly one layer.
 *
 * A problem is one line of text (docs/problem.md), for example
 *   "f32 nhwc n=1 ic=256 oc=128 i=16x16 o=32x32 k=4x4 s=2x2 p=1x1 bias relu"
 * Per spatial axis, out[o] = bias + sum over (x, t) with x*s + t*d - p == o of in[x] * w[t].
 *
 * Shapes, row-major: input [n, i.., ic] and output [n, o.., oc] for nwc nhwc ndhwc, [n, ic, i..]
 * and [n, oc, o..] for ncw nchw ncdhw; filter [k.., oc/g, ic] (filter=tf) or [ic, oc/g, k..]
 * (filter=torch); bias [oc]. No alignment is required of any tensor; 64 bytes is faster. Where the
 * problem says n=lo..hi or i=lo..hi, one operation serves every size of the range: the tensors of a
 * run are those of its batch or length, and o grows with i by the stride.
 *
 * Every function that returns tconv_status leaves a sentence for tconv_last_error() when it is not
 * TCONV_OK, and has then written nothing (but for a run whose parallel_for broke its contract).
 * Arguments are checked before any tensor is read. Memory may run out anywhere: that is
 * TCONV_OUT_OF_MEMORY, and the next call works.
 * An operation is immutable: all functions but tconv_destroy may be called on it from many threads
 * at once.
 */
#ifndef TCONV_TCONV_H
#define TCONV_TCONV_H

#include <stddef.h>
#include <stdint.h>

#include "tconv/export.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tconv_status {
  TCONV_OK = 0,
  TCONV_INVALID_ARGUMENT = 1, /* the caller's mistake: problem line, option, pointer, size */
  TCONV_UNSUPPORTED = 2,      /* a legal wish that this host or build cannot fulfil */
  TCONV_OUT_OF_MEMORY = 3,
  TCONV_INTERNAL = 4 /* a mistake of tconv: please report it with the problem line */
} tconv_status;

typedef struct tconv_op tconv_op;

/* Plans and compiles a problem. `options` may be NULL or, separated by spaces:
 *   threads=N  isa=avx512|avx2|sse2|neon128  backend=auto|xbyak|llvm|interpreter  plan=TEXT fallback=none|interpreter
 *   accuracy=default|exact-order  machine=FILE|table  plans=FILE[:FILE..]|none
 * What is not given comes from the environment (docs/options.md), then from the model. A backend or
 * isa that was named is used or refused, never replaced. On success *op is owned by the caller, after a
 * failure it is NULL. */
TCONV_API tconv_status tconv_create(const char* problem, const char* options, tconv_op** op);

/* NULL is allowed. No call may be running on the operation. */
TCONV_API void tconv_destroy(tconv_op* op);

/* Size of the buffer that tconv_pack_filter fills. */
TCONV_API size_t tconv_packed_filter_bytes(const tconv_op* op);

/* Rearranges a filter in the problem's layout into the operation's. `packed` is the caller's, may
 * be stored, and may be used by every operation with the same tconv_packed_layout text (see
 * tconv_prepare). */
TCONV_API tconv_status tconv_pack_filter(const tconv_op* op, const void* filter, void* packed);

/* For a packed filter that this operation did not pack itself: one that was stored, or packed with
 * another operation. Checks that it was packed for this layout, and compiles what its runs need
 * beyond the operation's own code: a filter that holds infinities or NaN takes a plan that
 * multiplies nothing but what the definition does. Without this call the first run with such a
 * filter compiles; no other run does. */
TCONV_API tconv_status tconv_prepare(const tconv_op* op, const void* packed, size_t bytes);

/* Text that names the packed layout; lives as long as the operation. */
TCONV_API const char* tconv_packed_layout(const tconv_op* op);

/* Size of the workspace that a run needs; fixed at create, for the largest size and for as many
 * workers as the operation has. May be 0. */
TCONV_API size_t tconv_workspace_bytes(const tconv_op* op);

/* output = conv_transpose(input, filter) + bias, then the post-ops. `packed` comes from
 * tconv_pack_filter. `bias` is NULL exactly when the problem has none. `workspace` is used by one
 * call at a time; NULL: one is allocated for this call. With a workspace, and threads=1 or the
 * caller's own parallel_for (tconv_run_args), the call neither allocates, locks nor makes a system
 * call. The output must not overlap with anything else. For problems whose post-ops take tensors
 * (prelu, add, mul) or whose size is known only when they run, use tconv_run_args. */
TCONV_API tconv_status tconv_run(const tconv_op* op, const void* input, const void* packed,
                                 const void* bias, void* output, void* workspace);

/* `bytes` says how much memory may be touched and must cover the tensor. */
typedef struct tconv_const_tensor {
  const void* data;
  size_t bytes;
} tconv_const_tensor;
typedef struct tconv_tensor {
  void* data;
  size_t bytes;
} tconv_tensor;

/* One run cut into `tasks` pieces: must call task(task_context, i) exactly once for every i in
 * 0..tasks, in any order and on any threads, and return when all of them are done. It is called
 * once for each stage of the plan, and not at all where one worker does the work. If it leaves a
 * task out, runs one twice or throws (in C++), the run is TCONV_INVALID_ARGUMENT, the output's
 * contents are undefined, and no task that has begun goes on after the run has returned. One that
 * begins after parallel_for has returned cannot be caught. */
typedef void (*tconv_task)(void* task_context, int32_t index);
typedef void (*tconv_parallel_for)(void* parallel_context, int32_t tasks, tconv_task task,
                                   void* task_context);

/* Zero the struct, set struct_size and fill in what the problem needs. It only ever grows at its
 * end: the sizes of earlier releases are accepted (what they lack is 0), and so is a larger one
 * whose bytes beyond those that this library knows are all zero. */
typedef struct tconv_args {
  size_t struct_size; /* sizeof(tconv_args) of the caller */
  tconv_const_tensor input;
  tconv_const_tensor packed_filter;
  tconv_const_tensor bias; /* {NULL, 0} exactly when the problem has none */
  tconv_tensor output;
  const tconv_const_tensor* operands; /* of prelu ([oc]), add, mul (the output's shape), in the
                       problem's order; of the input's type, dense */
  size_t operand_count;
  tconv_tensor workspace; /* {NULL, 0}: one is allocated for this call */
  /* Not in the first release: */
  int64_t batch;  /* images of this run, inside lo..hi for problems with n=lo..hi; otherwise 0 or
                     the problem's n */
  int64_t length; /* input positions of this run, inside lo..hi for problems with i=lo..hi;
                     otherwise 0 or, with one spatial axis, the problem's i */
  tconv_parallel_for parallel_for; /* NULL: the library's own threads */
  void* parallel_context;          /* its first argument */
} tconv_args;

TCONV_API tconv_status tconv_run_args(const tconv_op* op, const tconv_args* args);

/* One line: plan, isa, backend, threads, code bytes, compile microseconds; where a plan database
 * has the problem, what became of its plan. Lives as long as the operation. */
TCONV_API const char* tconv_describe(const tconv_op* op);

/* Reads plan databases (docs/tuning.md), files separated by ':', for every tconv_create from now on
 * that names no other; before TCONV_PLANS. "" takes them away. *entries is how many plans they
 * hold, *damaged how many lines were skipped because they cannot be read; each may be NULL. After a
 * failure nothing has changed. */
TCONV_API tconv_status tconv_load_plans(const char* files, size_t* entries, size_t* damaged);

/* What tconv_create did in this process: operations are kept, and equal problems and options share
 * one. A create that waits while another thread compiles the same is a miss without a compile; one
 * that fails is no compile. Like tconv_args the struct grows at its end only. */
typedef struct tconv_counters {
  size_t struct_size; /* sizeof(tconv_counters) of the caller, who sets it */
  int64_t hits, misses, compiles, evictions;
  int64_t entries, bytes; /* kept now: pages of code and the programs behind them */
  int64_t limit_bytes;
} tconv_counters;

/* Fills in all but struct_size; what a later struct has and this library does not know is 0. */
TCONV_API tconv_status tconv_cache_counters(tconv_counters* counters);

/* How many bytes the cache of this process may keep, 64 MiB unless said otherwise; SIZE_MAX: no
 * bound; 0 keeps nothing. What was used longest ago goes first, at once where it is too much now.
 * Operations that are in use live on. */
TCONV_API tconv_status tconv_set_cache_limit(size_t bytes);

/* Why the last call of this thread failed; "" if none did. Valid until this thread's next failing
 * call. */
TCONV_API const char* tconv_last_error(void);

/* "MAJOR.MINOR.PATCH" of the library. */
TCONV_API const char* tconv_version(void);

#ifdef __cplusplus
}
#endif

#endif
