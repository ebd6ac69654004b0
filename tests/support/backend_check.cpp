#include "tests/support/backend_check.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>

#include "ir/interpret.h"
#include "tests/support/guarded_buffer.h"

namespace tconv::test {
namespace {

using ir::DType;

bool is_nan(DType type, std::uint64_t bits) {
  switch (type) {
    case DType::f32:
      return (bits & 0x7fffffff) > 0x7f800000;
    case DType::f64:
      return (bits & 0x7fffffffffffffff) > 0x7ff0000000000000;
    case DType::f16:
      return (bits & 0x7fff) > 0x7c00;
    case DType::bf16:
      return (bits & 0x7fff) > 0x7f80;
    default:
      return false;
  }
}

std::string run_between_guards(const ir::Program& program, const jit::CompiledProgram& code,
                               const std::vector<Bytes>& inputs, const std::vector<Bytes>& expected,
                               const std::vector<std::int64_t>& params, std::mt19937& random,
                               GuardedBuffer::Flush flush) {
  std::vector<std::unique_ptr<GuardedBuffer>> guarded;
  std::vector<void*> arguments;
  for (const ir::Buffer& b : program.buffers) {
    if (b.kind == ir::BufferKind::local) continue;
    const Bytes& from = inputs[guarded.size()];
    const int align = b.kind == ir::BufferKind::scratch ? 64 : std::max(b.align, 1);
    guarded.push_back(
        std::make_unique<GuardedBuffer>(from.size(), flush, static_cast<std::size_t>(align)));
    std::copy(from.begin(), from.end(), guarded.back()->data());
    arguments.push_back(guarded.back()->data());
  }
  GuardedBuffer local(static_cast<std::size_t>(ir::local_bytes(program)), flush, 64);
  for (std::size_t s = 0; s < program.stages.size(); ++s) {
    for (std::size_t k = 0; k < program.stages[s].kernels.size(); ++k) {
      const std::int64_t points =
          ir::grid_points(program, program.stages[s].kernels[k], params.data());
      for (std::int64_t begin = 0; begin < points;) {
        const std::int64_t n = 1 + static_cast<std::int64_t>(random()) % (points - begin);
        code.stages()[s][k].function(arguments.data(), params.data(), begin, begin + n,
                                     local.data());
        begin += n;
      }
      code.stages()[s][k].function(arguments.data(), params.data(), points, points, local.data());
    }
  }
  std::size_t slot = 0;
  for (const ir::Buffer& b : program.buffers) {
    if (b.kind == ir::BufferKind::local) continue;
    if (!guarded[slot]->slack_untouched()) return b.name + ": written outside";
    std::string d =
        first_difference(b, expected[slot].data(), guarded[slot]->data(), expected[slot].size());
    if (!d.empty()) return d;
    ++slot;
  }
  return local.slack_untouched() ? "" : "local memory: written outside";
}

}  // namespace

std::string first_difference(const ir::Buffer& buffer, const std::byte* expected,
                             const std::byte* actual, std::size_t bytes) {
  const auto width = static_cast<std::size_t>(ir::bytes(buffer.dtype));
  for (std::size_t i = 0; i < bytes; i += width) {
    std::uint64_t e = 0, a = 0;
    std::memcpy(&e, expected + i, width);
    std::memcpy(&a, actual + i, width);
    if (e == a || (is_nan(buffer.dtype, e) && is_nan(buffer.dtype, a))) continue;
    char text[160];
    std::snprintf(text, sizeof text, "%s, element %zu: interpreter %llx, backend %llx",
                  buffer.name.c_str(), i / width, static_cast<unsigned long long>(e),
                  static_cast<unsigned long long>(a));
    return text;
  }
  return {};
}

std::string difference_from_interpreter(const ir::Program& program,
                                        const jit::CompiledProgram& code,
                                        const std::vector<Bytes>& buffers,
                                        const std::vector<std::int64_t>& params,
                                        std::uint32_t seed) {
  std::vector<Bytes> expected = buffers;
  std::vector<void*> arguments;
  for (Bytes& b : expected) arguments.push_back(b.data());
  ir::interpret(program, arguments.data(), params.data());
  std::mt19937 random(seed);
  for (const auto flush : {GuardedBuffer::Flush::start, GuardedBuffer::Flush::end}) {
    std::string d = run_between_guards(program, code, buffers, expected, params, random, flush);
    if (!d.empty()) return d;
  }
  return {};
}

std::string difference_from_interpreter(const ir::Program& program,
                                        const std::vector<Bytes>& buffers,
                                        const std::vector<std::int64_t>& params,
                                        std::uint32_t seed) {
  const auto code = jit::compile_xbyak(program);
  return difference_from_interpreter(program, *code, buffers, params, seed);
}

}  // namespace tconv::test
