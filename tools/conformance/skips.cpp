#include "tools/conformance/skips.h"

namespace tconv::tools::conformance {
namespace {

struct Row {
  std::string_view prefix;  // of the api's name; the first row that has it counts
  Kind kind;
  std::string_view reason;
};

constexpr std::string_view kOtherChecks =
    "its values run through Problem; its own checks of arguments are not ours";

constexpr Row kRows[] = {
    {"keras.ops.", Kind::errors, kOtherChecks},
    {"tf.keras.", Kind::errors, "Keras 2: its own checks of arguments are not ours"},
    {"tf.keras.", Kind::lines, "Keras 2: a shape without the arguments of a line"},
    {"torch.nn.functional.", Kind::errors, kNotWhole},  // of no rank
    {"tf.conv2dTranspose", Kind::errors, kOtherChecks},  // tfjs
    {"tf.conv3dTranspose", Kind::errors, kOtherChecks},
    {"tf.raw_ops.", Kind::errors, kOtherChecks},
    {"tflite ", Kind::errors, kOtherChecks},
    {"webnn.", Kind::errors, kOtherChecks},
};

}  // namespace

std::string_view why_skipped(std::string_view api, Kind kind) {
  for (const Row& row : kRows)
    if (row.kind == kind && api.starts_with(row.prefix)) return row.reason;
  return {};
}

}  // namespace tconv::tools::conformance
