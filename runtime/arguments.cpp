#include "runtime/arguments.h"

#include <fmt/format.h>

#include "runtime/error.h"

namespace tconv::runtime {
namespace {

void check_apart_from_inputs(const char* written, const void* data, std::int64_t bytes,
                             const Tensors& tensors, const TensorBytes& sizes,
                             const BufferNeeds& needs, const RunArgs& args) {
  check_apart(written, data, bytes, "input", args.input.data, sizes.input);
  check_apart(written, data, bytes, "packed_filter", args.packed_filter.data, needs.packed_filter);
  check_apart(written, data, bytes, "bias", args.bias.data, sizes.bias);
  for (std::size_t i = 0; i < tensors.operands(); ++i)
    check_apart(written, data, bytes, "an operand", args.operands[i].data,
                tensors.operand_bytes(sizes, i));
}

}  // namespace

void refuse_tensor(const char* name, const void* data, std::size_t bytes, std::size_t needed) {
  if (data != nullptr) refuse(fmt::format("{} has {} bytes; {} are needed", name, bytes, needed));
  if (needed > 0) refuse(fmt::format("{} is NULL; {} bytes are needed", name, needed));
  refuse(fmt::format("{} is NULL, but {} bytes are said to be there", name, bytes));
}

void refuse_overlap(const char* written, const char* name) {
  refuse(fmt::format("{} overlaps with {}; they must be apart", written, name));
}

void check_arguments(const Tensors& tensors, const TensorBytes& sizes, const BufferNeeds& needs,
                     const RunArgs& args) {
  check_tensor("input", args.input.data, args.input.bytes, sizes.input);
  check_tensor("packed_filter", args.packed_filter.data, args.packed_filter.bytes,
               needs.packed_filter);
  check_tensor("bias", args.bias.data, args.bias.bytes, sizes.bias);
  check_tensor("output", args.output.data, args.output.bytes, sizes.output);
  if (sizes.bias == 0 && args.bias.data != nullptr)
    refuse("bias is given, but the problem has none: write `bias` into the problem line");
  if (args.operands.size() != tensors.operands())
    refuse(fmt::format("{} operands of post-ops are given; the problem takes {}",
                       args.operands.size(), tensors.operands()));
  for (std::size_t i = 0; i < tensors.operands(); ++i)
    check_tensor("an operand of the post-ops", args.operands[i].data, args.operands[i].bytes,
                 tensors.operand_bytes(sizes, i));
  const bool own_workspace = args.workspace.data == nullptr && args.workspace.bytes == 0;
  if (!own_workspace)
    check_tensor("workspace", args.workspace.data, args.workspace.bytes, needs.workspace);

  check_apart_from_inputs("output", args.output.data, sizes.output, tensors, sizes, needs, args);
  if (args.workspace.data != nullptr) {
    check_apart_from_inputs("workspace", args.workspace.data, needs.workspace, tensors, sizes,
                            needs, args);
    check_apart("workspace", args.workspace.data, needs.workspace, "output", args.output.data,
                sizes.output);
  }
}

}  // namespace tconv::runtime
