/* The C API from problem line to output: a 2x upsampling layer of ones. */
#include <stdio.h>
#include <stdlib.h>
#include <tconv/tconv.h>

static int failed(const char* step) {
  fprintf(stderr, "%s: %s\n", step, tconv_last_error());
  return 1;
}

int main(void) {
  enum { size = 8, channels = 16 };
  tconv_op* op = NULL;
  if (tconv_create("f32 nhwc n=1 ic=16 oc=16 i=8x8 k=2x2 s=2x2 relu", "threads=1", &op) != TCONV_OK)
    return failed("create");
  printf("%s\n", tconv_describe(op));

  float* input = malloc(sizeof(float) * size * size * channels);
  float* filter = malloc(sizeof(float) * 2 * 2 * channels * channels);
  float* output = malloc(sizeof(float) * 4 * size * size * channels);
  void* packed = malloc(tconv_packed_filter_bytes(op));
  void* workspace = malloc(tconv_workspace_bytes(op));
  for (int i = 0; i < size * size * channels; ++i) input[i] = 1;
  for (int i = 0; i < 2 * 2 * channels * channels; ++i) filter[i] = 0.5F;

  int status = 0;
  if (tconv_pack_filter(op, filter, packed) != TCONV_OK) status = failed("pack");
  if (status == 0 && tconv_run(op, input, packed, NULL, output, workspace) != TCONV_OK)
    status = failed("run");
  /* k = s: every output is one input pixel times one tap, summed over 16 channels. */
  for (int i = 0; status == 0 && i < 4 * size * size * channels; ++i)
    if (output[i] != 8) status = 1;
  printf("every output is 8: %s\n", status == 0 ? "yes" : "no");

  free(workspace);
  free(packed);
  free(output);
  free(filter);
  free(input);
  tconv_destroy(op);
  return status;
}
