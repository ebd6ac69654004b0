#include "runtime/run_sizes.h"

#include <fmt/format.h>

#include <stdexcept>

#include "planner/problem_fields.h"
#include "runtime/error.h"

namespace tconv::runtime {
namespace {

// lo..hi where the problem leaves the size open (lo > 0), otherwise 0 or `hi`.
std::int64_t checked(const char* name, const char* field, std::int64_t given, std::int64_t lo,
                     std::int64_t hi) {
  if (lo == 0) {
    if (given != 0 && given != hi)
      refuse(
          fmt::format("{} = {}; the problem has {}={} (0 stands for it)", name, given, field, hi));
    return hi;
  }
  if (given < lo || given > hi)
    refuse(
        fmt::format("{} = {}; the problem has {}={}..{}{}", name, given, field, lo, hi,
                    given == 0 ? ": every run says its size, by tconv_run_args or RunArgs" : ""));
  return given;
}

}  // namespace

RunSizes largest(const planner::Problem& problem) { return {problem.n, problem.axes.front().i}; }

RunSizes run_sizes(const planner::Problem& problem, const RunArgs& args) {
  RunSizes sizes = largest(problem);
  sizes.n = checked("batch", "n", args.batch, problem.n_min, sizes.n);
  if (problem.rank() == 1)
    sizes.i = checked("length", "i", args.length, problem.i_min, sizes.i);
  else if (args.length != 0)
    refuse(fmt::format("length = {}; it is for problems with one spatial axis", args.length));
  return sizes;
}

Tensors::Tensors(const planner::Problem& problem) {
  const std::int64_t element = ir::bytes(problem.dtype);
  const std::int64_t out_element = ir::bytes(problem.output_dtype());
  const ir::DType bias = problem.bias_or_default();
  const auto pixel = [](std::int64_t channels, std::int64_t stride) {
    return stride > 0 ? stride : channels;
  };
  // Without channels there is no element, however far apart the pixels are.
  input_ = {problem.ic == 0 ? 0 : 1, pixel(problem.ic, problem.input_pixel_stride) * element,
            problem.ic * element};
  output_ = {1, pixel(problem.oc, problem.output_pixel_stride) * out_element,
             problem.oc * out_element};
  for (std::size_t a = 1; a < problem.axes.size(); ++a) {
    input_.rows *= problem.axes[a].i;
    output_.rows *= problem.axes[a].o;
  }
  operand_ = {output_.rows, problem.oc * element, problem.oc * element};
  const planner::Axis& first = problem.axes.front();
  i_ = first.i, o_ = first.o, stride_ = first.s;
  filter_bytes_ = planner::filter_elements(problem) * element;
  if (problem.bias) bias_bytes_ = problem.oc * ir::bytes(bias);
  per_channel_bytes_ = problem.oc * element;
  for (const planner::PostOp& post : problem.post)
    if (post.takes_operand()) per_channel_.push_back(post.kind == planner::PostKind::prelu);
}

Params::Params(const ir::Program& program) : count_(program.params.size()) {
  if (count_ > kMost) throw std::logic_error("a program has more params than a run can pass");
  for (std::size_t p = 0; p < count_; ++p) {
    if (program.params[p].derived()) continue;
    const std::string& name = program.vars[program.params[p].var].name;
    if (name != "n" && name != "i")
      throw std::logic_error("a run cannot know the param " + name + " of a program");
    given_[p] = name == "n" ? &RunSizes::n : &RunSizes::i;
  }
}

void Params::evaluate(const ir::Program& program, RunSizes sizes, Values& values) const {
  for (std::size_t p = 0; p < count_; ++p)
    if (given_[p] != nullptr) values[p] = sizes.*given_[p];
  ir::derive_params(program, values.data());
}

}  // namespace tconv::runtime
