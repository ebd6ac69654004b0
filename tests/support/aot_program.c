/* A plain C program around a library of `tconv aot`: AOT_HEADER is its header, AOT_LAYERS a file with a line
 * LAYER(name, call of name_run) for each layer. Reads FOLDER/NAME.in, writes FOLDER/NAME.out; a second argument is the isa
 * that tconv_aot_1_limit gets. Exit status 0, 1 (a call
 * was refused or the ways to run a layer disagree; standard error says which), 2 (files). */
#include AOT_HEADER

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rounding and denormals, as the CPU keeps them. The odd mode flushes all denormals and rounds down. */
#if defined(__x86_64__)
#include <xmmintrin.h>
typedef unsigned fpmode;
enum { FLAGS = 0x3f }; /* MXCSR has them, too */
static fpmode get_mode(void) { return _mm_getcsr(); }
static void set_mode(fpmode mode) { _mm_setcsr(mode); }
static fpmode odd_mode(fpmode mode) { return (mode | 0x8040 | 0x2000) & ~(fpmode)FLAGS; }
#else
typedef uint64_t fpmode;
enum { FLAGS = 0 };
static fpmode get_mode(void) {
  fpmode mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
static void set_mode(fpmode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
static fpmode odd_mode(fpmode mode) { return mode | 1u << 24 | 2u << 22; }
#endif

enum { MOST_OPERANDS = 16, WORKERS = 3 };

struct tensors {
  int64_t bytes[4]; /* input, filter, bias, output */
  int64_t operand_count, operand_bytes[MOST_OPERANDS];
  int64_t batch, length;
  void *input, *filter, *bias, *output;
  void* operands[MOST_OPERANDS];
  void *packed, *workspace;
};

struct layer {
  const char* name;
  int64_t packed_bytes, workspace_bytes, worker_bytes;
  int (*pack)(const void* filter, void* packed);
  int (*run)(const struct tensors* t);
  int (*begin)(const tconv_aot_args* args, tconv_aot_grid* grid);
  const char* (*isa)(void);
};

#define LAYER(name, call)                                                                         \
  static int pack_##name(const void* filter, void* packed) { return name##_pack(filter, packed); } \
  static int run_##name(const struct tensors* t) { return call; }
#include AOT_LAYERS
#undef LAYER

static const struct layer layers[] = {
#define LAYER(name, call)                                                                                         \
  {#name,        (int64_t)name##_PACKED_FILTER_BYTES, (int64_t)name##_WORKSPACE_BYTES, (int64_t)name##_WORKER_BYTES, \
   pack_##name, run_##name,                          name##_begin,                    name##_isa},
#include AOT_LAYERS
};

/* Exactly so many bytes, so that tools see what is touched beyond them; never NULL for more than 0. */
static void* memory(int64_t bytes) {
  void* data = bytes == 0 ? NULL : malloc((size_t)bytes);
  if (bytes != 0 && data == NULL) exit(2);
  return data;
}

static void* block(FILE* file, int64_t bytes) {
  void* data = memory(bytes);
  if (bytes != 0 && fread(data, 1, (size_t)bytes, file) != (size_t)bytes) exit(2);
  return data;
}

static FILE* open_file(const char* folder, const char* name, const char* suffix, const char* mode) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
  FILE* file = fopen(path, mode);
  if (file == NULL) {
    fprintf(stderr, "%s cannot be opened\n", path);
    exit(2);
  }
  return file;
}

static void read_tensors(const char* folder, const char* name, struct tensors* t) {
  FILE* file = open_file(folder, name, ".in", "rb");
  int64_t head[7 + MOST_OPERANDS];
  if (fread(head, sizeof head[0], 7 + MOST_OPERANDS, file) != 7 + MOST_OPERANDS) exit(2);
  memcpy(t->bytes, head, sizeof t->bytes);
  t->operand_count = head[4];
  t->batch = head[5];
  t->length = head[6];
  memcpy(t->operand_bytes, head + 7, sizeof t->operand_bytes);
  t->input = block(file, t->bytes[0]);
  t->filter = block(file, t->bytes[1]);
  t->bias = block(file, t->bytes[2]);
  for (int i = 0; i < t->operand_count; ++i) t->operands[i] = block(file, t->operand_bytes[i]);
  fclose(file);
}

static void refused(const struct layer* layer, const char* what, int status) {
  if (status == TCONV_AOT_OK) return;
  fprintf(stderr, "%s: %s: %s\n", layer->name, what, tconv_aot_1_message(status));
  exit(1);
}

/* A run taken apart: pieces of two points, the last ones first. */
static void run_in_pieces(const struct layer* layer, const struct tensors* t, void* output) {
  tconv_aot_args args;
  tconv_aot_grid grid;
  void* workspace = memory(layer->workspace_bytes + (WORKERS - 1) * layer->worker_bytes);
  const void* operands[MOST_OPERANDS];
  for (int i = 0; i < MOST_OPERANDS; ++i) operands[i] = t->operands[i];
  args.input = t->input;
  args.packed_filter = t->packed;
  args.bias = t->bias;
  args.operands = operands;
  args.output = output;
  args.workspace = workspace;
  args.batch = t->batch;
  args.length = t->length;
  args.workers = WORKERS;
  refused(layer, "begin", layer->begin(&args, &grid));
  for (int32_t stage = 0; stage < grid.stages; ++stage) {
    int32_t worker = 0;
    for (int64_t end = tconv_aot_1_points(&grid, stage); end > 0; end -= 2, worker = (worker + 1) % WORKERS)
      refused(layer, "run_points", tconv_aot_1_run_points(&grid, stage, end < 2 ? 0 : end - 2, end, worker));
    if (tconv_aot_1_run_points(&grid, stage, 0, tconv_aot_1_points(&grid, stage) + 1, 0) != TCONV_AOT_RANGE ||
        tconv_aot_1_run_points(&grid, stage, 0, 0, WORKERS) != TCONV_AOT_RANGE) {
      fprintf(stderr, "%s: points or workers that are not there were not refused\n", layer->name);
      exit(1);
    }
  }
  free(workspace);
}

static void same(const struct layer* layer, const struct tensors* t, const void* output, const char* how) {
  if (t->bytes[3] == 0 || memcmp(t->output, output, (size_t)t->bytes[3]) == 0) return;
  fprintf(stderr, "%s: another result %s\n", layer->name, how);
  exit(1);
}

static void run_layer(const char* folder, const struct layer* layer) {
  struct tensors t;
  memset(&t, 0, sizeof t);
  read_tensors(folder, layer->name, &t);
  t.output = memory(t.bytes[3]);
  t.packed = memory(layer->packed_bytes);
  t.workspace = memory(layer->workspace_bytes);
  refused(layer, "pack", layer->pack(t.filter, t.packed));
  memset(t.output, 0xFF, (size_t)t.bytes[3]);
  refused(layer, "run", layer->run(&t));

  unsigned char* room = memory(t.bytes[3] + 8);
  unsigned char* shifted = room + 8; /* malloc gives 16 bytes of alignment */
  memset(room, 0xFF, (size_t)t.bytes[3] + 8);
  run_in_pieces(layer, &t, shifted);
  same(layer, &t, shifted, "in pieces, and with an output that is not aligned");
  struct tensors other = t;
  other.packed = memory(layer->packed_bytes);
  other.output = shifted;
  memset(shifted, 0xFF, (size_t)t.bytes[3]);
  const fpmode mode = get_mode(), odd = odd_mode(mode);
  set_mode(odd);
  const int packed = layer->pack(t.filter, other.packed), run = layer->run(&other);
  const fpmode after = get_mode() & ~(fpmode)FLAGS;
  set_mode(mode);
  refused(layer, "pack in another rounding mode", packed);
  refused(layer, "run in another rounding mode", run);
  if (after != odd) {
    fprintf(stderr, "%s: the caller's rounding mode is lost\n", layer->name);
    exit(1);
  }
  if (memcmp(t.packed, other.packed, 64) != 0) {
    fprintf(stderr, "%s: packed otherwise in another rounding mode\n", layer->name);
    exit(1);
  }
  same(layer, &t, shifted, "in another rounding mode");
  free(other.packed);

  FILE* file = open_file(folder, layer->name, ".out", "wb");
  if (t.bytes[3] != 0 && fwrite(t.output, 1, (size_t)t.bytes[3], file) != (size_t)t.bytes[3]) exit(2);
  if (fclose(file) != 0) exit(2);
  printf("%s %s\n", layer->name, layer->isa());
  free(t.input), free(t.filter), free(t.bias), free(t.output), free(t.packed), free(t.workspace), free(room);
  for (int i = 0; i < t.operand_count; ++i) free(t.operands[i]);
}

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) return 2;
  if (argc == 3 && tconv_aot_1_limit(argv[2]) != TCONV_AOT_OK) {
    fprintf(stderr, "there is no isa %s\n", argv[2]);
    return 1;
  }
  for (size_t i = 0; i < sizeof layers / sizeof layers[0]; ++i) run_layer(argv[1], &layers[i]);
  return 0;
}
