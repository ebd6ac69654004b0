/* The tables of one layer, as they lie in the object files: written by layer_table.cpp, read by the
 * driver. Fixed by the "1" of tconv_aot_1: a change that an older driver would misread makes it
 * a 2. */
#ifndef TCONV_AOT_LAYER_H
#define TCONV_AOT_LAYER_H

#include <stdint.h>

/* The distance from the field itself to what it names; 0: nothing. Tables then need no relocation
 * when they are loaded and stay in read-only pages. */
typedef int32_t tconv_ref;
#define TCONV_AT(type, field) ((const type*)((const char*)&(field) + (field)))

/* Several libraries may be linked with all that is in them, and then any driver does. */
#define TCONV_SHARED __attribute__((weak))

enum {
  TCONV_MOST_BUFFERS = 32,
  TCONV_MOST_PARAMS = 16,
  TCONV_MOST_RANK = 16,
  TCONV_MOST_COORDINATES = 8
};
/* A block of transformed filter elements is computed in float64 on the stack: two arrays of so
 * many. */
enum { TCONV_TRANSFORM_DOUBLES = 4096, TCONV_TRANSFORM_LANES = 8 };

enum { TCONV_F32 = 0, TCONV_F64 = 1, TCONV_I32 = 2, TCONV_F16 = 3, TCONV_BF16 = 4 };

/* What a CPU and its operating system must have. */
enum {
  TCONV_AVX2 = 1,
  TCONV_FMA = 2,
  TCONV_F16C = 4,
  TCONV_AVX512F = 8,
  TCONV_AVX512BW = 16,
  TCONV_AVX512DQ = 32,
  TCONV_AVX512VL = 64,
  TCONV_AVX512_BF16 = 128,
  TCONV_AVX512_FP16 = 256
};
/* By the isas of libraries. */
enum {
  TCONV_NEEDS_AVX2 = TCONV_AVX2 | TCONV_FMA | TCONV_F16C,
  TCONV_NEEDS_AVX512 =
      TCONV_NEEDS_AVX2 | TCONV_AVX512F | TCONV_AVX512BW | TCONV_AVX512DQ | TCONV_AVX512VL,
  TCONV_NEEDS_AVX512BF16 = TCONV_NEEDS_AVX512 | TCONV_AVX512_BF16,
  TCONV_NEEDS_AVX512FP16 = TCONV_NEEDS_AVX512 | TCONV_AVX512_FP16
};

/* Coordinate of the filter: (constant + sum of coeffs[d] * x[d]) / divide, then % modulo where it
 * is not 0, then
 * + base_constant + sum of base[d] * x[d]. Where the sum in front is negative, or the coordinate
 * outside of 0..extent, the element is 0. */
struct tconv_coordinate {
  int64_t constant, divide, modulo, base_constant, extent, stride;
  tconv_ref coeffs; /* int64_t[rank] */
  tconv_ref base;   /* the same, 0 in the last dimension; 0: none */
};

/* Dimension `dimension` becomes matrix times it. */
struct tconv_transform {
  int32_t dimension, rows, columns;
  tconv_ref matrix; /* double[rows][columns] */
};

/* One array of a packed filter, row-major. */
struct tconv_packing {
  int64_t bytes;
  int32_t from, to; /* element types */
  int32_t rank, coordinates, transforms;
  tconv_ref dims; /* int64_t[rank] */
  tconv_ref coordinate;
  tconv_ref transform;
};

enum {
  TCONV_INPUT = 0,
  TCONV_FILTER = 1,
  TCONV_BIAS = 2,
  TCONV_OUTPUT = 3,
  TCONV_OPERAND = 4,
  TCONV_SCRATCH = 5
};
struct tconv_argument {
  int64_t bytes; /* of scratch, a multiple of 64 */
  int32_t kind, operand, align, unused;
};

/* Affine forms are int64_t[1 + params]: constant, coefficients. */
enum { TCONV_BATCH = 0, TCONV_LENGTH = 1, TCONV_DERIVED = 2 };
struct tconv_param {
  int64_t denominator; /* derived: ceil(numerator / denominator) */
  int32_t kind;
  tconv_ref numerator;
};

struct tconv_task {
  tconv_ref kernel; /* 0: it has no points */
  int32_t axes;
  tconv_ref extents; /* affine forms, one for each axis */
};
struct tconv_stage {
  int32_t tasks;
  tconv_ref task;
};

struct tconv_executable {
  uint64_t layout_hash;
  int64_t scratch_bytes, local_bytes; /* multiples of 64; local: of each worker */
  int32_t packings, arguments, params, stages;
  tconv_ref packing, argument, param, stage;
};

struct tconv_isa {
  int64_t stream_from_bytes; /* open sizes: smaller outputs take `unstreamed` */
  uint32_t features;
  tconv_ref name;
  tconv_ref main;
  tconv_ref unstreamed; /* for outputs that are not aligned; 0: main takes any */
  tconv_ref twin;       /* for filters with infinities or NaN; 0: main takes any */
  int32_t unused;
};

/* Bytes of a tensor: with p = n * rows * length pixels, (p - 1) * pixel + last, or 0. */
struct tconv_tensor {
  int64_t rows, pixel, last;
};

struct tconv_layer {
  struct tconv_tensor input, output, operand;
  int64_t n, n_min, i, i_min, o, stride; /* n_min, i_min: 0 where the size is fixed */
  int64_t filter_elements, bias_bytes, per_channel_bytes, packed_bytes;
  int32_t dtype, rank, operands;
  uint32_t per_channel; /* bit i: operand i has one element per output channel */
  int32_t isas;
  tconv_ref isa; /* best first */
};

#endif
