// TensorFlow's functions: the forms of one call, a filter that is packed once, memory of the
// caller's, a call by name, and an error.
#include <cstdio>
#include <tconv/call.hpp>
#include <tconv/tf.hpp>
#include <vector>

namespace {

bool all_are(const tconv::OwnedTensor& tensor, float wanted) {
  for (const float value : tensor.as<float>())
    if (value != wanted) return false;
  return true;
}

}  // namespace

int main() {
  using tconv::DType, tconv::OwnedTensor, tconv::TensorView;
  namespace nn = tconv::tf::nn;

  // Memory from anywhere: NHWC, and a filter of [height, width, out, in].
  const std::vector<float> image(8 * 8 * 16, 1), weights(2 * 2 * 4 * 16, 0.5F);
  const TensorView x(image.data(), {1, 8, 8, 16}), w(weights.data(), {2, 2, 4, 16});

  // Strides as one number, one per axis, or one per dimension; output_shape whole or as (H, W).
  const OwnedTensor y = nn::conv2d_transpose(x, w, {1, 16, 16, 4}, 2);
  if (!all_are(y, 8)) return 1;
  if (!all_are(nn::conv2d_transpose(x, w, {16, 16}, {1, 2, 2, 1}, "VALID"), 8)) return 1;
  if (!all_are(nn::conv_transpose(x, w, {1, 16, 16, 4}, {2, 2}), 8)) return 1;

  // Many calls with one filter: packed once, into a tensor that is there already.
  const tconv::PackedFilters packed(w);
  OwnedTensor output(DType::f32, {1, 16, 16, 4});
  for (int call = 0; call < 3; ++call) nn::conv2d_transpose_to(output.mutable_view(), x, packed, 2);
  if (!all_are(output, 8)) return 1;

  // Channels first without a copy of the caller's: the same memory, other strides.
  const TensorView planes(image.data(), DType::f32, {1, 16, 8, 8}, {1024, 1, 128, 16});
  if (!all_are(nn::conv2d_transpose(planes, w, {1, 4, 16, 16}, 2, "SAME", "NCHW"), 8)) return 1;

  // By name, as a program does that reads its calls from elsewhere.
  const tconv::Value result =
      tconv::call("tf.nn.conv2d_transpose", {{"input", x},
                                             {"filters", w},
                                             {"output_shape", tconv::Value::List{1, 16, 16, 4}},
                                             {"strides", 2}});
  std::printf("%s\n", result.text().c_str());

  try {
    nn::conv2d_transpose(x, w, {1, 18, 16, 4}, 2);
    return 1;
  } catch (const tconv::FrontError& e) {
    std::printf("%s: %s\n", std::string(name(e.kind())).c_str(), e.what());
  }
  std::puts("every output is 8");
}
