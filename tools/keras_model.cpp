#include "tools/keras_model.h"

#include <fmt/format.h>

#include <chrono>

#include "tconv/inspect.hpp"
#include "tconv/keras_files.hpp"
#include "tools/npy.h"
#include "tools/run_tensors.h"
#include "tools/shape.h"

namespace tconv::tools {
namespace {

void check_command(const Command& command) {
  const Sources& from = command.sources;
  if (!from.lines.empty() || !from.layers.empty() || from.random > 0)
    throw UsageError("run --keras takes its problem from the model; no other can be given");
  const RunFiles& files = command.files;
  if (!files.filter.empty() || !files.bias.empty())
    throw UsageError("--filter and --bias are given, but the model holds its weights itself");
  if (!files.add.empty() || !files.mul.empty() || !files.prelu.empty())
    throw UsageError("--add, --mul and --prelu are for problems with such post-ops");
}

std::string descr_of(DType type) {
  switch (type) {
    case DType::f16:
      return "<f2";
    case DType::bf16:
      return "<u2";  // as npy_descr has it
    case DType::f64:
      return "<f8";
    default:
      return "<f4";
  }
}

}  // namespace

int run_keras_layer(const Command& command) {
  check_command(command);
  const RunFiles& files = command.files;
  const keras::ConvTransposeLayer layer = keras::load_layer(files.keras, files.layer);
  const OwnedTensor x = keras::load_npy(files.input);
  const std::string line = to_line(parse_shape(layer.problem_line(x)));
  const Inspection made = inspect(ConvTranspose::create(line, command.options));

  const auto start = std::chrono::steady_clock::now();
  const OwnedTensor y = layer.call(x, command.options);
  const double us =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  const std::vector<std::int64_t> shape(y.shape().begin(), y.shape().end());
  write_npy(files.output, descr_of(y.dtype()), shape, y.data(), y.bytes());
  report_run(command, layer.name(), line, made, us, shape);
  return kRight;
}

}  // namespace tconv::tools
