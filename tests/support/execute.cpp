#include "tests/support/execute.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "ir/interpret.h"

namespace tconv::tests {
namespace {

struct Chunk {
  std::size_t kernel = 0;
  std::int64_t begin = 0, end = 0;
};

std::vector<Chunk> chunks_of(const ir::Program& program, const ir::Stage& stage,
                             std::int64_t length) {
  std::vector<Chunk> r;
  for (std::size_t kernel = 0; kernel < stage.kernels.size(); ++kernel) {
    const std::int64_t points = ir::grid_points(program, stage.kernels[kernel], nullptr);
    const std::int64_t step = length > 0 ? length : std::max<std::int64_t>(points, 1);
    for (std::int64_t begin = 0; begin < points; begin += step)
      r.push_back({kernel, begin, std::min(begin + step, points)});
  }
  return r;
}

tools::Buffer poisoned(std::int64_t bytes) {
  tools::Buffer buffer(static_cast<std::size_t>(bytes));
  if (bytes > 0) std::memset(buffer.data(), 0xff, static_cast<std::size_t>(bytes));
  return buffer;
}

}  // namespace

void execute(const planner::Problem& problem, const planner::Lowered& lowered,
             const tools::Tensors& tensors, void* output, const ExecuteOptions& options) {
  const ir::Program& program = lowered.program;
  tools::Buffer packed(static_cast<std::size_t>(planner::packed_bytes(lowered.filter)));
  planner::pack(problem, lowered.filter, tensors.filter, packed.data());

  std::vector<tools::Buffer> scratch;
  std::vector<void*> buffers;
  for (const planner::ArgumentInfo& argument : lowered.arguments) {
    const auto add = [&](const void* data) { buffers.push_back(const_cast<void*>(data)); };
    switch (argument.kind) {
      case planner::Argument::input:
        add(tensors.input);
        break;
      case planner::Argument::filter:
        add(packed.data());
        break;
      case planner::Argument::bias:
        add(tensors.bias);
        break;
      case planner::Argument::output:
        add(output);
        break;
      case planner::Argument::operand:
        add(tensors.operands.at(static_cast<std::size_t>(argument.operand)));
        break;
      case planner::Argument::scratch:
        scratch.push_back(poisoned(argument.bytes));
        add(scratch.back().data());
        break;
    }
  }

  std::vector<tools::Buffer> locals;
  for (int i = 0; i < options.locals; ++i) locals.push_back(poisoned(ir::local_bytes(program)));
  std::mt19937_64 random(options.shuffle_seed);
  for (std::size_t s = 0; s < program.stages.size(); ++s) {
    std::vector<Chunk> chunks = chunks_of(program, program.stages[s], options.chunk);
    if (options.shuffle_seed > 0) std::shuffle(chunks.begin(), chunks.end(), random);
    for (const Chunk& chunk : chunks) {
      tools::Buffer& local = locals[random() % locals.size()];
      if (options.compiled != nullptr) {
        if (locals.size() == 1 && local.bytes() > 0) std::memset(local.data(), 0xff, local.bytes());
        options.compiled->stages()[s][chunk.kernel].function(buffers.data(), nullptr, chunk.begin,
                                                             chunk.end, local.data());
      } else {
        ir::interpret(program, program.stages[s].kernels[chunk.kernel], buffers.data(), nullptr,
                      chunk.begin, chunk.end, local.data());
      }
    }
  }
}

}  // namespace tconv::tests
