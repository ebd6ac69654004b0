// One run of a problem whose tensors are in memory: what `run` does after it has read its files.
#pragma once

#include <cstdint>
#include <vector>

#include "tconv/inspect.hpp"
#include "tools/buffer.h"
#include "tools/command.h"
#include "tools/run_size.h"
#include "tools/sources.h"

namespace tconv::tools {

struct RunTensors {
  Buffer input, filter, bias;    // bias only where the problem has one
  std::vector<Buffer> operands;  // of the post-ops, in order
};

// Shape of an input or output with these axes and channels, as the layout has it.
std::vector<std::int64_t> tensor_dims(const Shape& shape, const std::vector<std::int64_t>& spatial,
                                      std::int64_t channels);

// What `run` says when --output is written.
void report_run(const Command& command, const std::string& name, const std::string& line,
                const Inspection& made, double us, const std::vector<std::int64_t>& output);

// Runs, writes --output and reports; `shape` is the problem's at `size`. Returns the exit status;
// throws UsageError or tconv::Error.
int run_and_write(const Command& command, const NamedProblem& problem, const Shape& shape,
                  const RunTensors& tensors, const RunSize& size = {});

}  // namespace tconv::tools
