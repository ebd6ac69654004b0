// The C++ API: a plan that is refused with its reason, the one that is chosen, and a run.
#include <cstdio>
#include <tconv/tconv.hpp>
#include <vector>

int main() {
  const char* line = "f32 nhwc n=1 ic=16 oc=16 i=8x8 k=2x2 s=2x2 bias relu";
  try {
    tconv::Options options;
    options.plan = "direct(mr=1000,nr=1000)";
    tconv::ConvTranspose::create(line, options);
  } catch (const tconv::Error& e) {
    std::printf("refused: %s\n", e.what());
  }

  const auto op = tconv::ConvTranspose::create(line);
  std::printf("%s\n", op.describe().c_str());
  const std::vector<float> input(8 * 8 * 16, 1), filter(2 * 2 * 16 * 16, 0.5F), bias(16, 1);
  std::vector<float> output(16 * 16 * 16);
  std::vector<char> packed(op.packed_filter_bytes()), workspace(op.workspace_bytes());
  op.pack(filter.data(), packed.data());
  op.run(input.data(), packed.data(), bias.data(), output.data(), workspace.data());
  for (float value : output)
    if (value != 9) return 1;
  std::puts("every output is 9");
}
