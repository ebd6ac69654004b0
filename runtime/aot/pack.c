/* From the filter as frameworks keep it to the array that the kernels read: planner/pack.cpp on a layer's tables, step
 * by step the same, so that the bits are. */
#include "runtime/aot/features.c"
#include "runtime/aot/surroundings.c"

struct tconv_packed_header {
  char magic[8];
  uint64_t layout_hash, non_finite, reserved[5];
};

static const char tconv_magic[8] = {'t', 'c', 'p', 'a', 'c', 'k', '0', '1'};

static int64_t tconv_type_bytes(int32_t type) {
  return type == TCONV_F64 ? 8 : type == TCONV_F32 || type == TCONV_I32 ? 4 : 2;
}

/* No pointer of the caller is aligned. */
static uint16_t tconv_load16(const unsigned char* at) {
  uint16_t bits;
  __builtin_memcpy(&bits, at, 2);
  return bits;
}
static uint32_t tconv_load32(const unsigned char* at) {
  uint32_t bits;
  __builtin_memcpy(&bits, at, 4);
  return bits;
}
static uint64_t tconv_load64(const unsigned char* at) {
  uint64_t bits;
  __builtin_memcpy(&bits, at, 8);
  return bits;
}
static void tconv_store16(unsigned char* at, uint16_t bits) { __builtin_memcpy(at, &bits, 2); }
static void tconv_store32(unsigned char* at, uint32_t bits) { __builtin_memcpy(at, &bits, 4); }
static void tconv_store64(unsigned char* at, uint64_t bits) { __builtin_memcpy(at, &bits, 8); }

static uint32_t tconv_bits_of_half(uint16_t h) {
  const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = (h >> 10) & 0x1f, mantissa = h & 0x3ff;
  if (exponent == 31) return sign | 0x7f800000u | mantissa << 13 | (mantissa != 0 ? 0x400000u : 0);
  if (exponent != 0) return sign | (exponent + 112) << 23 | mantissa << 13;
  const float value = (float)mantissa * 0x1p-24f;
  uint32_t bits;
  __builtin_memcpy(&bits, &value, 4);
  return sign | bits;
}

/* An element, or what it is worth as f32. */
static uint32_t tconv_widen(const unsigned char* at, int32_t type) {
  if (type == TCONV_F16) return tconv_bits_of_half(tconv_load16(at));
  if (type == TCONV_BF16) return (uint32_t)tconv_load16(at) << 16;
  return tconv_load32(at);
}
static double tconv_value(const unsigned char* at, int32_t type) {
  if (type == TCONV_F64) {
    const uint64_t bits = tconv_load64(at);
    double value;
    __builtin_memcpy(&value, &bits, 8);
    return value;
  }
  const uint32_t bits = tconv_widen(at, type);
  float value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}

static int tconv_non_finite(const unsigned char* values, int64_t elements, int32_t type) {
  int found = 0;
  for (int64_t e = 0; e < elements; ++e) {
    if (type == TCONV_F64)
      found |= (tconv_load64(values + 8 * e) & 0x7FF0000000000000u) == 0x7FF0000000000000u;
    else if (type == TCONV_F32)
      found |= (tconv_load32(values + 4 * e) & 0x7F800000u) == 0x7F800000u;
    else if (type == TCONV_F16)
      found |= (tconv_load16(values + 2 * e) & 0x7C00u) == 0x7C00u;
    else if (type == TCONV_BF16)
      found |= (tconv_load16(values + 2 * e) & 0x7F80u) == 0x7F80u;
  }
  return found;
}

/* The filter's coordinates along a row of the packed array. */
struct tconv_walk {
  int64_t start[TCONV_MOST_COORDINATES], slope[TCONV_MOST_COORDINATES]; /* of the numerators */
  int64_t base[TCONV_MOST_COORDINATES];                                 /* in the whole row */
};

static void tconv_start_row(const struct tconv_packing* p, const int64_t* x, struct tconv_walk* walk) {
  const struct tconv_coordinate* c = TCONV_AT(struct tconv_coordinate, p->coordinate);
  for (int32_t i = 0; i < p->coordinates; ++i) {
    const int64_t* coeffs = TCONV_AT(int64_t, c[i].coeffs);
    walk->start[i] = c[i].constant;
    walk->slope[i] = coeffs[p->rank - 1];
    walk->base[i] = c[i].base_constant;
    for (int32_t d = 0; d + 1 < p->rank; ++d) {
      walk->start[i] += coeffs[d] * x[d];
      if (c[i].base != 0) walk->base[i] += TCONV_AT(int64_t, c[i].base)[d] * x[d];
    }
  }
}

/* At least one element of a row from k on, `most` at most, that are all inside the filter, at address + step * i, or
 * all outside. */
struct tconv_stretch {
  int64_t count, address, step;
  int inside;
};

static int64_t tconv_steady(const struct tconv_coordinate* c, int64_t n, int64_t slope, int64_t base, int64_t most) {
  const int64_t extent = c->extent - base;
  int64_t end; /* the numerator where it changes */
  if (slope == 0) return most;
  if (slope < 0 || base < 0) return 1;
  if (n < 0)
    end = 0;
  else if (c->divide > 1)
    end = n - n % c->divide + c->divide;
  else if (c->modulo > 0 && n % c->modulo < extent)
    end = n - n % c->modulo + (c->modulo < extent ? c->modulo : extent);
  else if (c->modulo > 0)
    end = n - n % c->modulo + c->modulo;
  else if (n < extent)
    end = extent;
  else
    return most;
  const int64_t count = (end - n + slope - 1) / slope;
  return count < most ? count : most;
}

static struct tconv_stretch tconv_next_stretch(const struct tconv_packing* p, const struct tconv_walk* walk, int64_t k,
                                               int64_t most) {
  const struct tconv_coordinate* c = TCONV_AT(struct tconv_coordinate, p->coordinate);
  struct tconv_stretch s = {most, 0, 0, 1};
  for (int32_t i = 0; i < p->coordinates; ++i) {
    const int64_t n = walk->start[i] + walk->slope[i] * k;
    int64_t value = n / c[i].divide;
    if (c[i].modulo > 0) value %= c[i].modulo;
    value += walk->base[i];
    s.count = tconv_steady(&c[i], n, walk->slope[i], walk->base[i], s.count);
    s.inside = s.inside && n >= 0 && value >= 0 && value < c[i].extent;
    s.address += value * c[i].stride;
    if (c[i].divide == 1) s.step += walk->slope[i] * c[i].stride;
  }
  return s;
}

static void tconv_pack_plain(const struct tconv_packing* p, const unsigned char* filter, unsigned char* packed) {
  const int64_t* dims = TCONV_AT(int64_t, p->dims);
  const int64_t from = tconv_type_bytes(p->from), to = tconv_type_bytes(p->to), length = dims[p->rank - 1];
  int64_t x[TCONV_MOST_RANK], rows = 1;
  for (int32_t d = 0; d < p->rank; ++d) x[d] = 0;
  for (int32_t d = 0; d + 1 < p->rank; ++d) rows *= dims[d];
  for (int64_t row = 0; row < rows; ++row) {
    struct tconv_walk walk;
    tconv_start_row(p, x, &walk);
    for (int64_t k = 0; k < length;) {
      const struct tconv_stretch s = tconv_next_stretch(p, &walk, k, length - k);
      const unsigned char* source = filter + s.address * from;
      for (int64_t i = 0; i < s.count; ++i, packed += to) {
        const unsigned char* element = source + i * s.step * from;
        if (to == 8)
          tconv_store64(packed, s.inside ? tconv_load64(element) : 0);
        else if (to == 4)
          tconv_store32(packed, s.inside ? tconv_widen(element, p->from) : 0);
        else
          tconv_store16(packed, s.inside ? tconv_load16(element) : 0);
      }
      k += s.count;
    }
    for (int32_t d = p->rank - 1; d-- > 0;) {
      if (++x[d] < dims[d]) break;
      x[d] = 0;
    }
  }
}

/* ---- minimal filtering ---- */

/* The product is an own rounding whatever the compiler may do to the sum: the bits are those of the C++ side. */
static double tconv_times(double a, double b) {
  double product = a * b;
#if defined(__x86_64__)
  __asm__("" : "+x"(product));
#else
  __asm__("" : "+w"(product));
#endif
  return product;
}

/* The transforms one after the other, over arrays of `lanes` neighbours; `sizes` are the transformed dimensions', the
 * last one inside. */
static double* tconv_apply(const struct tconv_packing* p, const int32_t* order, int64_t* sizes, int64_t lanes,
                           double* from, double* to) {
  const struct tconv_transform* t = TCONV_AT(struct tconv_transform, p->transform);
  for (int32_t i = 0; i < p->transforms; ++i) {
    const double* matrix = TCONV_AT(double, t[i].matrix);
    int64_t outer = 1, inner = lanes;
    for (int32_t j = 0; j < p->transforms; ++j) {
      if (order[j] < order[i]) outer *= sizes[j];
      if (order[j] > order[i]) inner *= sizes[j];
    }
    for (int64_t o = 0; o < outer; ++o)
      for (int32_t row = 0; row < t[i].rows; ++row) {
        double* target = to + (o * t[i].rows + row) * inner;
        for (int64_t l = 0; l < inner; ++l) target[l] = 0;
        for (int32_t column = 0; column < t[i].columns; ++column) {
          const double g = matrix[row * t[i].columns + column];
          const double* source = from + (o * t[i].columns + column) * inner;
          if (g == 0) continue;
          for (int64_t l = 0; l < inner; ++l) target[l] += tconv_times(g, source[l]);
        }
      }
    sizes[i] = t[i].rows;
    double* swap = from;
    from = to;
    to = swap;
  }
  return from;
}

/* The indices of the transformed dimensions count up together, the last dimension fastest. */
static void tconv_step(const struct tconv_packing* p, const int32_t* order, const int64_t* sizes, int64_t* x) {
  const struct tconv_transform* t = TCONV_AT(struct tconv_transform, p->transform);
  for (int32_t place = p->transforms; place-- > 0;)
    for (int32_t i = 0; i < p->transforms; ++i) {
      if (order[i] != place) continue;
      if (++x[t[i].dimension] < sizes[i]) return;
      x[t[i].dimension] = 0;
    }
}

/* All points of up to TCONV_TRANSFORM_LANES neighbours, from x on (0 along the transformed dimensions). Whether one of
 * them is not finite. */
static int tconv_pack_block(const struct tconv_packing* p, const int32_t* order, int64_t* x, int64_t lanes,
                            const unsigned char* filter, unsigned char* packed) {
  const struct tconv_transform* t = TCONV_AT(struct tconv_transform, p->transform);
  const int64_t* dims = TCONV_AT(int64_t, p->dims);
  const int64_t first = x[p->rank - 1];
  double one[TCONV_TRANSFORM_DOUBLES], other[TCONV_TRANSFORM_DOUBLES];
  int64_t sizes[TCONV_MOST_RANK], taps = 1, points = 1;
  int last_is_transformed = 0, non_finite = 0;
  for (int32_t i = 0; i < p->transforms; ++i) {
    sizes[i] = t[i].columns;
    taps *= t[i].columns;
    points *= t[i].rows;
    last_is_transformed |= t[i].dimension == p->rank - 1;
  }
  for (int64_t tap = 0; tap < taps; ++tap) {
    struct tconv_walk walk;
    tconv_start_row(p, x, &walk);
    const int64_t begin = last_is_transformed ? x[p->rank - 1] : first;
    for (int64_t k = 0; k < lanes;) {
      const struct tconv_stretch s = tconv_next_stretch(p, &walk, begin + k, lanes - k);
      for (int64_t i = 0; i < s.count; ++i)
        one[tap * lanes + k + i] =
            s.inside ? tconv_value(filter + (s.address + i * s.step) * tconv_type_bytes(p->from), p->from) : 0;
      k += s.count;
    }
    tconv_step(p, order, sizes, x);
  }
  const double* values = tconv_apply(p, order, sizes, lanes, one, other);
  for (int64_t point = 0; point < points; ++point) {
    int64_t at = 0;
    for (int32_t d = 0; d < p->rank; ++d) at = at * dims[d] + x[d];
    for (int64_t l = 0; l < lanes; ++l) {
      const double value = values[point * lanes + l];
      if (p->to == TCONV_F64) {
        uint64_t bits;
        __builtin_memcpy(&bits, &value, 8);
        tconv_store64(packed + 8 * (at + l), bits);
        non_finite |= (bits & 0x7FF0000000000000u) == 0x7FF0000000000000u;
      } else {
        const float narrow = (float)value;
        uint32_t bits;
        __builtin_memcpy(&bits, &narrow, 4);
        tconv_store32(packed + 4 * (at + l), bits);
        non_finite |= (bits & 0x7F800000u) == 0x7F800000u;
      }
    }
    tconv_step(p, order, sizes, x);
  }
  return non_finite;
}

static int tconv_pack_transformed(const struct tconv_packing* p, const unsigned char* filter, unsigned char* packed) {
  const struct tconv_transform* t = TCONV_AT(struct tconv_transform, p->transform);
  const int64_t* dims = TCONV_AT(int64_t, p->dims);
  int32_t order[TCONV_MOST_RANK]; /* place of each transform's dimension among theirs */
  int64_t steps[TCONV_MOST_RANK], x[TCONV_MOST_RANK];
  int non_finite = 0;
  for (int32_t d = 0; d < p->rank; ++d) {
    x[d] = 0;
    steps[d] = d == p->rank - 1 ? TCONV_TRANSFORM_LANES : 1;
  }
  for (int32_t i = 0; i < p->transforms; ++i) {
    order[i] = 0;
    for (int32_t j = 0; j < p->transforms; ++j) order[i] += t[j].dimension < t[i].dimension;
    steps[t[i].dimension] = dims[t[i].dimension];
  }
  for (;;) {
    const int64_t left = dims[p->rank - 1] - x[p->rank - 1];
    int64_t lanes = left < TCONV_TRANSFORM_LANES ? left : TCONV_TRANSFORM_LANES;
    for (int32_t i = 0; i < p->transforms; ++i)
      if (t[i].dimension == p->rank - 1) lanes = 1;
    non_finite |= tconv_pack_block(p, order, x, lanes, filter, packed);
    int32_t d = p->rank;
    while (d-- > 0) {
      x[d] += steps[d];
      if (x[d] < dims[d]) break;
      x[d] = 0;
    }
    if (d < 0) return non_finite;
  }
}

/* Whether transforms of finite weights overflowed: then the filter is one for the twin. */
static int tconv_pack_elements(const struct tconv_executable* e, const unsigned char* filter, unsigned char* packed) {
  const struct tconv_packing* p = TCONV_AT(struct tconv_packing, e->packing);
  int overflow = 0;
  for (int32_t i = 0; i < e->packings; packed += p[i].bytes, ++i) {
    if (p[i].bytes == 0) continue;
    if (p[i].transforms > 0)
      overflow |= tconv_pack_transformed(&p[i], filter, packed);
    else
      tconv_pack_plain(&p[i], filter, packed);
  }
  return overflow;
}

static int tconv_overlap(const void* a, int64_t a_bytes, const void* b, int64_t b_bytes) {
  const uintptr_t first = (uintptr_t)a, second = (uintptr_t)b;
  return a_bytes > 0 && b_bytes > 0 && first < second + (uintptr_t)b_bytes && second < first + (uintptr_t)a_bytes;
}

TCONV_SHARED int tconv_aot_1_pack(const void* filter, void* packed, const struct tconv_layer* layer) {
  const struct tconv_isa* isa = tconv_choose_isa(layer);
  const int64_t filter_bytes = layer->filter_elements * tconv_type_bytes(layer->dtype);
  if (isa == 0) return TCONV_AOT_CPU;
  if (packed == 0 || (filter == 0 && filter_bytes > 0)) return TCONV_AOT_FILTER;
  if (tconv_overlap(packed, layer->packed_bytes, filter, filter_bytes)) return TCONV_AOT_OVERLAP;
  const struct tconv_executable* chosen = TCONV_AT(struct tconv_executable, isa->main);
  struct tconv_packed_header header;
  unsigned char* elements = (unsigned char*)packed + sizeof header;
  const tconv_fpenv saved = tconv_enter_fpenv();
  int non_finite = tconv_non_finite((const unsigned char*)filter, layer->filter_elements, layer->dtype);
  int twin = non_finite && isa->twin != 0;
  if (!twin && tconv_pack_elements(chosen, (const unsigned char*)filter, elements) && isa->twin != 0)
    twin = non_finite = 1;
  if (twin) {
    chosen = TCONV_AT(struct tconv_executable, isa->twin);
    tconv_pack_elements(chosen, (const unsigned char*)filter, elements);
  }
  tconv_leave_fpenv(saved);
  for (int i = 0; i < 8; ++i) header.magic[i] = tconv_magic[i];
  header.layout_hash = chosen->layout_hash;
  header.non_finite = non_finite ? 1 : 0;
  for (int i = 0; i < 5; ++i) header.reserved[i] = 0;
  __builtin_memcpy(packed, &header, sizeof header);
  return TCONV_AOT_OK;
}
