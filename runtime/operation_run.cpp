// The calls that happen after create: packing filters and running.
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <limits>

#include "runtime/error.h"
#include "runtime/fpenv.h"
#include "runtime/operation.h"
#include "runtime/packed_filter.h"

namespace tconv::runtime {
namespace {

constexpr std::size_t kMostArguments = 32;

bool aligned(const void* pointer, int align) {
  return align <= 1 ||
         reinterpret_cast<std::uintptr_t>(pointer) % static_cast<std::uintptr_t>(align) == 0;
}

// The pointers of the caller's tensors in the order of the kernel's arguments; scratch stays null.
using Buffers = std::array<void*, kMostArguments>;
Buffers kernel_buffers(const planner::Lowered& lowered, const RunArgs& args) {
  if (lowered.arguments.size() > kMostArguments)
    throw std::logic_error("a kernel has more arguments than a run can pass");
  Buffers buffers;  // most runs need few of them: what is beyond stays as it is
  for (std::size_t i = 0; i < lowered.arguments.size(); ++i) {
    const planner::ArgumentInfo& argument = lowered.arguments[i];
    const void* pointer = nullptr;
    switch (argument.kind) {
      case planner::Argument::input:
        pointer = args.input.data;
        break;
      case planner::Argument::filter:
        pointer = packed_elements(args.packed_filter.data);
        break;
      case planner::Argument::bias:
        pointer = args.bias.data;
        break;
      case planner::Argument::output:
        pointer = args.output.data;
        break;
      case planner::Argument::operand:
        pointer = args.operands[static_cast<std::size_t>(argument.operand)].data;
        break;
      case planner::Argument::scratch:
        break;
    }
    buffers[i] = const_cast<void*>(pointer);  // the ABI has one kind of pointer
  }
  return buffers;
}

bool takes_alignment(const planner::Lowered& lowered, const RunArgs& args) {
  for (const planner::ArgumentInfo& argument : lowered.arguments)
    if (argument.kind == planner::Argument::output && !aligned(args.output.data, argument.align))
      return false;
  return true;
}

struct FreeDeleter {
  void operator()(void* memory) const { std::free(memory); }
};

std::byte* align_up(void* memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  return static_cast<std::byte*>(memory) + (64 - address % 64) % 64;
}

}  // namespace

void Operation::pack(const void* filter, void* packed) const {
  guarded([&] {
    if (filter == nullptr && tensors_.filter_bytes() > 0) refuse("filter is NULL");
    if (packed == nullptr) refuse("packed is NULL");
    check_apart("packed", packed, needs_.packed_filter, "filter", filter, tensors_.filter_bytes());
    // Transforms of filters round: the caller's mode must not show in them.
    const DefaultFpEnvironment environment;
    const bool non_finite = has_non_finite(problem_, filter);
    if (!(non_finite && twin_) &&
        write_packed(problem_, main_->lowered().filter, layout_hash_, non_finite, filter, packed))
      return;
    finite_twin();  // compiled here rather than in the first run
    write_packed(problem_, twin_->lowered->filter, twin_->layout_hash, true, filter, packed);
  });
}

void Operation::prepare(ConstTensor packed) const {
  guarded([&] {
    check_tensor("packed_filter", packed.data, packed.bytes, needs_.packed_filter);
    if (takes_twin(packed.data)) finite_twin();
  });
}

// Refuses what was not packed for this operation.
bool Operation::takes_twin(const void* packed) const {
  const PackedInfo info = read_packed(packed);
  const bool twin = twin_ && info.non_finite;
  if (info.layout_hash != (twin ? twin_->layout_hash : layout_hash_))
    refuse(info.layout_hash == 0
               ? "packed_filter was not filled by pack_filter"
               : "packed_filter was packed for an operation with another packed_layout");
  return twin;
}

// Which of the variants these arguments need. Where the size is open, a plan that streams was
// chosen for the largest; the output of this run may be one that streaming stores only slow down.
const Executable& Operation::select(const RunArgs& args, std::int64_t output_bytes) const {
  if (takes_twin(args.packed_filter.data)) return finite_twin();
  if (unstreamed_ && problem_.run_time_sizes() && output_bytes <= stream_from_bytes_)
    return *unstreamed_;
  if (takes_alignment(main_->lowered(), args)) return *main_;
  if (!unstreamed_) throw std::logic_error("a plan without streaming stores demands an alignment");
  return *unstreamed_;
}

void Operation::run(const RunArgs& args) const {
  guarded([&] {
    const RunSizes sizes = run_sizes(problem_, args);
    const TensorBytes bytes = tensors_.bytes(sizes);
    check_arguments(tensors_, bytes, needs_, args);
    const Executable& executable = select(args, bytes.output);
    Buffers buffers = kernel_buffers(executable.lowered(), args);
    std::unique_ptr<void, FreeDeleter> own;
    void* workspace = args.workspace.data;
    if (workspace == nullptr && needs_.workspace > 0) {
      own.reset(std::malloc(static_cast<std::size_t>(needs_.workspace)));
      if (!own) throw std::bad_alloc();
      workspace = own.get();
    }
    const ParallelFor* own_threads = nullptr;
    executable.run(buffers.data(), sizes, align_up(workspace), workers_,
                   args.parallel_for.function == nullptr ? own_threads : &args.parallel_for);
  });
}

void Operation::run(const void* input, const void* packed, const void* bias, void* output,
                    void* workspace) const {
  RunArgs args;
  const auto bytes = [](const void* data) {  // not known
    return data == nullptr ? 0 : std::numeric_limits<std::size_t>::max();
  };
  args.input = {input, bytes(input)};
  args.packed_filter = {packed, bytes(packed)};
  args.bias = {bias, bytes(bias)};
  args.output = {output, bytes(output)};
  args.workspace = {workspace, bytes(workspace)};
  run(args);
}

}  // namespace tconv::runtime
