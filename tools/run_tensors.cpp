#include "tools/run_tensors.h"

#include <fmt/format.h>

#include <chrono>
#include <cstring>

#include "tconv/inspect.hpp"
#include "tools/json_report.h"
#include "tools/npy.h"
#include "tools/number.h"

namespace tconv::tools {

using Dims = std::vector<std::int64_t>;

Dims tensor_dims(const Shape& shape, const Dims& spatial, std::int64_t channels) {
  Dims dims = {shape.n};
  if (!shape.channels_last) dims.push_back(channels);
  dims.insert(dims.end(), spatial.begin(), spatial.end());
  if (shape.channels_last) dims.push_back(channels);
  return dims;
}

void report_run(const Command& command, const std::string& name, const std::string& line,
                const Inspection& made, double us, const Dims& output) {
  const std::string& file = command.files.output;
  JsonReport report("run");
  report.add({{"name", name},
              {"problem", line},
              {"plan", made.plan},
              {"isa", made.isa},
              {"backend", made.backend},
              {"threads", made.threads},
              {"us", us},
              {"output", file},
              {"shape", output}});
  finish(report, command.json,
         fmt::format("run: wrote {} {} with {} in {:.1f} us", file, shape_text(output), made.plan,
                     us));
}

int run_and_write(const Command& command, const NamedProblem& problem, const Shape& shape,
                  const RunTensors& tensors, const RunSize& size) {
  const RunFiles& files = command.files;
  if (files.output.empty()) throw UsageError("--output FILE.npy is needed");
  const ConvTranspose op = ConvTranspose::create(problem.line, command.options);
  const Dims output_dims = tensor_dims(shape, shape.o, shape.output_pixel());
  std::size_t output_bytes = bytes(shape.output_type());
  for (std::int64_t d : output_dims) output_bytes *= static_cast<std::size_t>(d);
  Buffer output(output_bytes), packed(op.packed_filter_bytes()), workspace(op.workspace_bytes());
  if (output_bytes > 0) std::memset(output.data(), 0, output_bytes);  // gaps of a pixel stride

  op.pack(tensors.filter.data(), packed.data());
  std::vector<ConstTensor> operand_tensors;
  for (const Buffer& b : tensors.operands) operand_tensors.push_back({b.data(), b.bytes()});
  RunArgs args;
  args.input = {tensors.input.data(), tensors.input.bytes()};
  args.packed_filter = {packed.data(), packed.bytes()};
  args.bias = {tensors.bias.data(), tensors.bias.bytes()};
  args.output = {output.data(), output.bytes()};
  args.operands = operand_tensors;
  args.workspace = {workspace.data(), workspace.bytes()};
  args.batch = size.batch;
  args.length = size.length;
  const auto start = std::chrono::steady_clock::now();
  op.run(args);
  const double us =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  write_npy(files.output, npy_descr(shape.output_type()), output_dims, output.data(), output_bytes);

  report_run(command, problem.name, problem.line, inspect(op), us, output_dims);
  return kRight;
}

}  // namespace tconv::tools
