/* A run: arguments are checked, the variant is chosen, stages follow each other. */
#include "runtime/aot/pack.c"

typedef void (*tconv_kernel)(void* const* buffers, const int64_t* params, int64_t begin, int64_t end, void* local);

static int64_t tconv_tensor_bytes(const struct tconv_tensor* t, int64_t n, int64_t length) {
  const int64_t pixels = n * t->rows * length;
  return pixels == 0 ? 0 : (pixels - 1) * t->pixel + t->last;
}

/* The layer's size, or the run's if the layer leaves it open; -1: refused. */
static int64_t tconv_size(int64_t given, int64_t lo, int64_t hi) {
  if (lo == 0) return given == 0 || given == hi ? hi : -1;
  return given < lo || given > hi ? -1 : given;
}

struct tconv_bytes {
  int64_t n, i, input, output, per_output;
};

static int tconv_overlaps_inputs(const struct tconv_layer* layer, const struct tconv_bytes* bytes,
                                 const tconv_aot_args* args, const void* written, int64_t written_bytes) {
  int found = tconv_overlap(written, written_bytes, args->input, bytes->input) ||
              tconv_overlap(written, written_bytes, args->packed_filter, layer->packed_bytes) ||
              tconv_overlap(written, written_bytes, args->bias, layer->bias_bytes);
  for (int32_t i = 0; i < layer->operands; ++i)
    found |= tconv_overlap(written, written_bytes, args->operands[i],
                           layer->per_channel >> i & 1 ? layer->per_channel_bytes : bytes->per_output);
  return found;
}

/* The tensors alone; what needs the variant comes later. */
static int tconv_check(const struct tconv_layer* layer, const tconv_aot_args* args, struct tconv_bytes* bytes) {
  bytes->n = tconv_size(args->batch, layer->n_min, layer->n);
  bytes->i = layer->rank == 1 ? tconv_size(args->length, layer->i_min, layer->i) : args->length == 0 ? layer->i : -1;
  if (bytes->n < 0 || bytes->i < 0) return TCONV_AOT_SIZE;
  const int64_t o = layer->o - (layer->i - bytes->i) * layer->stride;
  bytes->input = tconv_tensor_bytes(&layer->input, bytes->n, bytes->i);
  bytes->output = tconv_tensor_bytes(&layer->output, bytes->n, o);
  bytes->per_output = tconv_tensor_bytes(&layer->operand, bytes->n, o);
  if (args->input == 0 && bytes->input > 0) return TCONV_AOT_INPUT;
  if (args->packed_filter == 0) return TCONV_AOT_FILTER;
  if (layer->bias_bytes > 0 ? args->bias == 0 : args->bias != 0) return TCONV_AOT_BIAS;
  if (args->output == 0 && bytes->output > 0) return TCONV_AOT_OUTPUT;
  if (layer->operands > 0 && args->operands == 0) return TCONV_AOT_OPERANDS;
  for (int32_t i = 0; i < layer->operands; ++i)
    if (args->operands[i] == 0 && (layer->per_channel >> i & 1 ? layer->per_channel_bytes : bytes->per_output) > 0)
      return TCONV_AOT_OPERANDS;
  if (tconv_overlaps_inputs(layer, bytes, args, args->output, bytes->output)) return TCONV_AOT_OVERLAP;
  return TCONV_AOT_OK;
}

static int tconv_takes_alignment(const struct tconv_executable* e, const void* output) {
  const struct tconv_argument* a = TCONV_AT(struct tconv_argument, e->argument);
  for (int32_t i = 0; i < e->arguments; ++i)
    if (a[i].kind == TCONV_OUTPUT && a[i].align > 1 && (uintptr_t)output % (uintptr_t)a[i].align != 0) return 0;
  return 1;
}

/* 0: the filter was packed for something else. */
static const struct tconv_executable* tconv_choose(const struct tconv_layer* layer, const struct tconv_isa* isa,
                                                   const tconv_aot_args* args, int64_t output_bytes) {
  struct tconv_packed_header header;
  __builtin_memcpy(&header, args->packed_filter, sizeof header);
  for (int i = 0; i < 8; ++i)
    if (header.magic[i] != tconv_magic[i]) return 0;
  const struct tconv_executable* main = TCONV_AT(struct tconv_executable, isa->main);
  if (header.non_finite && isa->twin != 0) {
    const struct tconv_executable* twin = TCONV_AT(struct tconv_executable, isa->twin);
    return header.layout_hash == twin->layout_hash ? twin : 0;
  }
  if (header.layout_hash != main->layout_hash) return 0;
  if (isa->unstreamed == 0) return main;
  const int open = layer->n_min > 0 || layer->i_min > 0;
  if ((open && output_bytes <= isa->stream_from_bytes) || !tconv_takes_alignment(main, args->output))
    return TCONV_AT(struct tconv_executable, isa->unstreamed);
  return main;
}

static int64_t tconv_affine(const int64_t* form, const int64_t* params, int32_t count) {
  int64_t value = form[0];
  for (int32_t p = 0; p < count; ++p)
    if (form[1 + p] != 0) value += form[1 + p] * params[p];
  return value;
}

static void tconv_set_params(const struct tconv_executable* e, const struct tconv_bytes* bytes, int64_t* params) {
  const struct tconv_param* p = TCONV_AT(struct tconv_param, e->param);
  for (int32_t i = 0; i < e->params; ++i)
    if (p[i].kind != TCONV_DERIVED) params[i] = p[i].kind == TCONV_BATCH ? bytes->n : bytes->i;
  for (int32_t i = 0; i < e->params; ++i)
    if (p[i].kind == TCONV_DERIVED) {
      const int64_t a = tconv_affine(TCONV_AT(int64_t, p[i].numerator), params, i), b = p[i].denominator;
      params[i] = a / b + (a % b > 0);
    }
}

static void tconv_set_buffers(const struct tconv_executable* e, const tconv_aot_args* args, unsigned char* scratch,
                              void** buffers) {
  const struct tconv_argument* a = TCONV_AT(struct tconv_argument, e->argument);
  for (int32_t i = 0; i < e->arguments; ++i) {
    const void* pointer = args->output;
    if (a[i].kind == TCONV_INPUT) pointer = args->input;
    if (a[i].kind == TCONV_FILTER)
      pointer = (const unsigned char*)args->packed_filter + sizeof(struct tconv_packed_header);
    if (a[i].kind == TCONV_BIAS) pointer = args->bias;
    if (a[i].kind == TCONV_OPERAND) pointer = args->operands[a[i].operand];
    if (a[i].kind == TCONV_SCRATCH) {
      pointer = scratch;
      scratch += a[i].bytes;
    }
    buffers[i] = (void*)(uintptr_t)pointer;
  }
}

TCONV_SHARED int tconv_aot_1_begin(const tconv_aot_args* args, tconv_aot_grid* grid, const struct tconv_layer* layer) {
  const struct tconv_isa* isa = tconv_choose_isa(layer);
  struct tconv_bytes bytes;
  if (isa == 0) return TCONV_AOT_CPU;
  const int status = tconv_check(layer, args, &bytes);
  if (status != TCONV_AOT_OK) return status;
  const struct tconv_executable* e = tconv_choose(layer, isa, args, bytes.output);
  if (e == 0) return TCONV_AOT_FILTER;
  if (args->workers < 0) return TCONV_AOT_WORKSPACE;
  const int32_t workers = args->workers == 0 ? 1 : args->workers;
  int64_t needed = e->scratch_bytes + workers * e->local_bytes;
  if (needed > 0) needed += 63; /* the caller's pointer need not be aligned */
  if (needed > 0 && args->workspace == 0) return TCONV_AOT_WORKSPACE;
  if (args->workspace != 0 &&
      (tconv_overlaps_inputs(layer, &bytes, args, args->workspace, needed) ||
       tconv_overlap(args->workspace, needed, args->output, bytes.output)))
    return TCONV_AOT_OVERLAP;
  unsigned char* scratch = (unsigned char*)(((uintptr_t)args->workspace + 63) / 64 * 64);
  tconv_set_buffers(e, args, scratch, grid->buffers_);
  tconv_set_params(e, &bytes, grid->params_);
  grid->local_ = scratch + e->scratch_bytes;
  grid->executable_ = e;
  grid->stages = e->stages;
  grid->workers_ = workers;
  return TCONV_AOT_OK;
}

static int64_t tconv_task_points(const struct tconv_executable* e, const struct tconv_task* task,
                                 const int64_t* params) {
  int64_t points = 1;
  for (int32_t a = 0; a < task->axes; ++a)
    points *= tconv_affine(TCONV_AT(int64_t, task->extents) + a * (1 + e->params), params, e->params);
  return points;
}

TCONV_SHARED int64_t tconv_aot_1_points(const tconv_aot_grid* grid, int32_t stage) {
  const struct tconv_executable* e = (const struct tconv_executable*)grid->executable_;
  if (stage < 0 || stage >= grid->stages) return 0;
  const struct tconv_stage* s = TCONV_AT(struct tconv_stage, e->stage) + stage;
  const struct tconv_task* task = TCONV_AT(struct tconv_task, s->task);
  int64_t points = 0;
  for (int32_t t = 0; t < s->tasks; ++t) points += tconv_task_points(e, &task[t], grid->params_);
  return points;
}

TCONV_SHARED int tconv_aot_1_run_points(const tconv_aot_grid* grid, int32_t stage, int64_t begin, int64_t end, int32_t worker) {
  const struct tconv_executable* e = (const struct tconv_executable*)grid->executable_;
  if (worker < 0 || worker >= grid->workers_ || stage < 0 || stage >= grid->stages || begin < 0 ||
      end > tconv_aot_1_points(grid, stage))
    return TCONV_AOT_RANGE;
  const struct tconv_stage* s = TCONV_AT(struct tconv_stage, e->stage) + stage;
  const struct tconv_task* task = TCONV_AT(struct tconv_task, s->task);
  const tconv_fpenv saved = tconv_enter_fpenv();
  for (int32_t t = 0; t < s->tasks && begin < end; ++t) {
    const int64_t points = tconv_task_points(e, &task[t], grid->params_);
    if (begin < points) {
      const tconv_kernel kernel = (tconv_kernel)(uintptr_t)TCONV_AT(char, task[t].kernel);
      kernel(grid->buffers_, grid->params_, begin, end < points ? end : points, grid->local_ + worker * e->local_bytes);
    }
    begin = begin > points ? begin - points : 0;
    end -= points;
  }
  tconv_leave_fpenv(saved);
  tconv_finish_stores();
  return TCONV_AOT_OK;
}

TCONV_SHARED int tconv_aot_1_run(const tconv_aot_args* args, const struct tconv_layer* layer) {
  tconv_aot_grid grid;
  const int status = tconv_aot_1_begin(args, &grid, layer);
  if (status != TCONV_AOT_OK) return status;
  for (int32_t stage = 0; stage < grid.stages; ++stage)
    tconv_aot_1_run_points(&grid, stage, 0, tconv_aot_1_points(&grid, stage), 0);
  return TCONV_AOT_OK;
}

TCONV_SHARED const char* tconv_aot_1_message(int status) {
  switch (status) {
    case TCONV_AOT_OK:
      return "no error";
    case TCONV_AOT_INPUT:
      return "input is NULL";
    case TCONV_AOT_FILTER:
      return "filter or packed_filter is NULL, or packed_filter was not filled by this layer's pack on such a CPU";
    case TCONV_AOT_BIAS:
      return "bias is NULL though the layer has one, or given though it has none";
    case TCONV_AOT_OUTPUT:
      return "output is NULL";
    case TCONV_AOT_OPERANDS:
      return "an operand of the post-ops is NULL";
    case TCONV_AOT_WORKSPACE:
      return "workspace is NULL though the layer needs one, or workers is negative";
    case TCONV_AOT_SIZE:
      return "batch or length is not one that the layer was compiled for";
    case TCONV_AOT_OVERLAP:
      return "output, workspace or packed overlaps with another tensor";
    case TCONV_AOT_CPU:
      return "this CPU or its operating system lacks what every kernel of the layer needs";
    case TCONV_AOT_RANGE:
      return "there is no such stage, or not so many points or workers";
    default:
      return "no such status";
  }
}
