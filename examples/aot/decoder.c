/* Two upsampling layers that tconv compiled when this program was built (layers.csv): the first runs on this thread,
 * the second is shared by two. Nothing of tconv is needed to run it; what is linked are kernels and a few pages of C. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "decoder_kernels.h"

enum { THREADS = 2 };

static float* tensor(size_t bytes) {
  float* values = (float*)malloc(bytes);
  if (values == NULL) exit(2);
  for (size_t i = 0; i < bytes / sizeof(float); ++i) values[i] = (float)(i % 17) / 16 - 0.5f;
  return values;
}

static void check(int status) {
  if (status == TCONV_AOT_OK) return;
  fprintf(stderr, "%s\n", tconv_aot_1_message(status));
  exit(1);
}

/* One thread's part of a stage. */
struct part {
  const tconv_aot_grid* grid;
  int32_t stage, worker;
  pthread_t thread;
};

static void* run_part(void* context) {
  const struct part* part = (const struct part*)context;
  const int64_t points = tconv_aot_1_points(part->grid, part->stage);
  check(tconv_aot_1_run_points(part->grid, part->stage, points * part->worker / THREADS,
                               points * (part->worker + 1) / THREADS, part->worker));
  return NULL;
}

static void run_shared(const tconv_aot_args* args) {
  tconv_aot_grid grid;
  check(up2_begin(args, &grid));
  for (int32_t stage = 0; stage < grid.stages; ++stage) {
    struct part parts[THREADS];
    for (int32_t t = 0; t < THREADS; ++t) {
      parts[t].grid = &grid;
      parts[t].stage = stage;
      parts[t].worker = t;
      if (pthread_create(&parts[t].thread, NULL, run_part, &parts[t]) != 0) exit(2);
    }
    for (int t = 0; t < THREADS; ++t) pthread_join(parts[t].thread, NULL);
  }
}

/* One element of up2's output, by the definition. */
static double expected(const float* input, const float* filter, const float* bias, int y, int x, int c) {
  double sum = bias[c];
  for (int ty = 0; ty < 4; ++ty)
    for (int tx = 0; tx < 4; ++tx) {
      const int iy = y + 1 - ty, ix = x + 1 - tx;
      if (iy % 2 != 0 || ix % 2 != 0 || iy < 0 || ix < 0 || iy >= 32 || ix >= 32) continue;
      for (int k = 0; k < 16; ++k)
        sum += (double)input[(iy / 2 * 16 + ix / 2) * 16 + k] * filter[((ty * 4 + tx) * 3 + c) * 16 + k];
    }
  return sum;
}

int main(void) {
  float *input = tensor(up1_INPUT_BYTES), *middle = tensor(up1_OUTPUT_BYTES), *output = tensor(up2_OUTPUT_BYTES);
  float *filter1 = tensor(up1_FILTER_BYTES), *filter2 = tensor(up2_FILTER_BYTES);
  float *bias1 = tensor(up1_BIAS_BYTES), *bias2 = tensor(up2_BIAS_BYTES);
  void *packed1 = malloc(up1_PACKED_FILTER_BYTES), *packed2 = malloc(up2_PACKED_FILTER_BYTES);
  void *workspace1 = malloc(up1_WORKSPACE_BYTES + 1);
  void *workspace2 = malloc(up2_WORKSPACE_BYTES + (THREADS - 1) * up2_WORKER_BYTES + 1);
  if (packed1 == NULL || packed2 == NULL || workspace1 == NULL || workspace2 == NULL) return 2;
  if (up1_isa() == NULL || up2_isa() == NULL) {
    fprintf(stderr, "this CPU has no %s\n", up1_missing());
    return 1;
  }

  check(up1_pack(filter1, packed1)); /* once, when the weights are loaded */
  check(up2_pack(filter2, packed2));
  check(up1_run(input, packed1, bias1, middle, workspace1));
  tconv_aot_args args = {0};
  args.input = middle;
  args.packed_filter = packed2;
  args.bias = bias2;
  args.output = output;
  args.workspace = workspace2;
  args.workers = THREADS;
  run_shared(&args);

  double worst = 0;
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 32; ++x)
      for (int c = 0; c < 3; ++c) {
        const double error = fabs(output[(y * 32 + x) * 3 + c] - expected(middle, filter2, bias2, y, x, c));
        worst = error > worst ? error : worst;
      }
  printf("%s, largest error %.1e\n", up2_isa(), worst);
  free(input), free(middle), free(output), free(filter1), free(filter2), free(bias1), free(bias2);
  free(packed1), free(packed2), free(workspace1), free(workspace2);
  return worst < 1e-3 ? 0 : 1;
}
