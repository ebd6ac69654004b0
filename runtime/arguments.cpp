#include "runtime/arguments.h"

#include <fmt/format.h>

#include "planner/problem_fields.h"
#include "runtime/error.h"

namespace tconv::runtime {
namespace {

void check_tensor(const char* name, const void* data, std::size_t bytes, std::int64_t needed) {
  const auto need = static_cast<std::size_t>(needed);
  if (need == 0) return;
  if (data == nullptr) refuse(fmt::format("{} is NULL; {} bytes are needed", name, need));
  if (bytes < need) refuse(fmt::format("{} has {} bytes; {} are needed", name, bytes, need));
}

bool overlap(const void* a, std::int64_t a_bytes, const void* b, std::int64_t b_bytes) {
  const auto first = reinterpret_cast<std::uintptr_t>(a),
             second = reinterpret_cast<std::uintptr_t>(b);
  return a_bytes > 0 && b_bytes > 0 && first < second + static_cast<std::uintptr_t>(b_bytes) &&
         second < first + static_cast<std::uintptr_t>(a_bytes);
}

void check_apart(const char* written, const void* a, std::int64_t a_bytes, const char* name,
                 const void* b, std::int64_t b_bytes) {
  if (overlap(a, a_bytes, b, b_bytes))
    refuse(fmt::format("{} overlaps with {}; they must be apart", written, name));
}

void check_apart_from_inputs(const char* written, const void* data, std::int64_t bytes,
                             const TensorBytes& sizes, const BufferNeeds& needs,
                             const RunArgs& args) {
  check_apart(written, data, bytes, "input", args.input.data, sizes.input);
  check_apart(written, data, bytes, "packed_filter", args.packed_filter.data, needs.packed_filter);
  check_apart(written, data, bytes, "bias", args.bias.data, sizes.bias);
  for (std::size_t i = 0; i < sizes.operands.size(); ++i)
    check_apart(written, data, bytes, "an operand", args.operands[i].data, sizes.operands[i]);
}

// One size of a run: lo..hi where the problem leaves it open (lo > 0), otherwise 0 or `hi`.
void check_size(const char* name, const char* field, std::int64_t given, std::int64_t lo,
                std::int64_t hi) {
  if (lo > 0 && (given < lo || given > hi))
    refuse(fmt::format("{} = {}; the problem has {}={}..{}{}", name, given, field, lo, hi,
                       given == 0 ? ", so every run must say it (tconv_run_args)" : ""));
  if (lo == 0 && given != 0 && given != hi)
    refuse(fmt::format("{} = {}; the problem has {}={} (0 stands for it)", name, given, field, hi));
}

}  // namespace

void check_sizes(const planner::Problem& problem, const RunArgs& args) {
  check_size("batch", "n", args.batch, problem.n_min, problem.n);
  if (problem.rank() == 1)
    check_size("length", "i", args.length, problem.i_min, problem.axes[0].i);
  else if (args.length != 0)
    refuse(fmt::format("length = {}; it is for problems with one spatial axis", args.length));
}

TensorBytes tensor_bytes(const planner::Problem& problem) {
  TensorBytes sizes;
  const std::int64_t element = ir::bytes(problem.dtype);
  const ir::DType bias = problem.bias_dtype.value_or(planner::default_bias_dtype(problem.dtype));
  sizes.input = planner::input_elements(problem) * element;
  sizes.filter = planner::filter_elements(problem) * element;
  sizes.output = planner::output_elements(problem) * ir::bytes(problem.output_dtype());
  if (problem.bias) sizes.bias = problem.oc * ir::bytes(bias);
  std::int64_t dense =
      problem.n * problem.oc;  // operands have the type of the input, without pixel stride
  for (const planner::Axis& axis : problem.axes) dense *= axis.o;
  for (const planner::PostOp& post : problem.post)
    if (post.takes_operand())
      sizes.operands.push_back(element *
                               (post.kind == planner::PostKind::prelu ? problem.oc : dense));
  return sizes;
}

void check_arguments(const TensorBytes& sizes, const BufferNeeds& needs, const RunArgs& args) {
  check_tensor("input", args.input.data, args.input.bytes, sizes.input);
  check_tensor("packed_filter", args.packed_filter.data, args.packed_filter.bytes,
               needs.packed_filter);
  check_tensor("bias", args.bias.data, args.bias.bytes, sizes.bias);
  check_tensor("output", args.output.data, args.output.bytes, sizes.output);
  if (sizes.bias == 0 && args.bias.data != nullptr)
    refuse("bias is given, but the problem has none: write `bias` into the problem line");
  if (args.operands.size() != sizes.operands.size())
    refuse(fmt::format("{} operands of post-ops are given; the problem takes {}",
                       args.operands.size(), sizes.operands.size()));
  for (std::size_t i = 0; i < sizes.operands.size(); ++i)
    check_tensor("an operand of the post-ops", args.operands[i].data, args.operands[i].bytes,
                 sizes.operands[i]);
  if (args.workspace.data != nullptr || args.workspace.bytes != 0)
    check_tensor("workspace", args.workspace.data, args.workspace.bytes, needs.workspace);

  check_apart_from_inputs("output", args.output.data, sizes.output, sizes, needs, args);
  if (args.workspace.data != nullptr) {
    check_apart_from_inputs("workspace", args.workspace.data, needs.workspace, sizes, needs, args);
    check_apart("workspace", args.workspace.data, needs.workspace, "output", args.output.data,
                sizes.output);
  }
}

}  // namespace tconv::runtime
