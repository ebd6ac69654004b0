#include <optional>

#include "runtime/error.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/layer.h"
#include "runtime/frontends/packed_filters.h"
#include "runtime/frontends/scratch.h"
#include "runtime/frontends/strided_copy.h"

namespace tconv::frontends {
namespace {

constexpr std::size_t kMostOperands = 16;  // as many as a problem line takes

std::size_t byte_count(const TensorView& view) {
  return static_cast<std::size_t>(view.elements()) * bytes(view.dtype());
}

// The view's elements without gaps: its own memory, or a copy.
class Dense {
 public:
  Dense() = default;
  explicit Dense(const TensorView& view) : bytes_(byte_count(view)) {
    if (view.is_dense()) {
      data_ = view.data();
    } else {
      data_ = scratch_.emplace(bytes_).data();
      copy_to_dense(view, scratch_->data());
    }
  }
  // Empty tensors have no address that a run wants to see.
  ConstTensor tensor() const { return {bytes_ == 0 ? nullptr : data_, bytes_}; }
  const void* data() const { return data_; }

 private:
  std::optional<ScratchLease> scratch_;
  const void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// What a problem line refuses (sizes beyond its limits) is the fault of an argument of the door.
ConvTranspose create(const Layer& layer, DType bias, const Options& options,
                     std::string_view blamed) {
  try {
    return ConvTranspose::create(problem_line(layer, bias), options);
  } catch (const FrontError&) {
    throw;
  } catch (const Error& e) {
    const std::string_view what = e.what();
    if (e.status() != Status::invalid_argument || !what.starts_with("problem: ")) throw;
    invalid_argument(std::string(blamed), "{}", what);
  }
}

void check_apart(const TensorView& output, const TensorView& other, const char* name) {
  if (output.elements() == 0 || !other.has_value() || other.elements() == 0) return;
  const auto first_and_last = [](const TensorView& view) {
    std::int64_t below = 0, above = 1;
    for (std::size_t axis = 0; axis < view.rank(); ++axis)
      (view.strides()[axis] < 0 ? below : above) += view.strides()[axis] * (view.shape()[axis] - 1);
    const auto size = static_cast<std::int64_t>(bytes(view.dtype()));
    const auto at = static_cast<const char*>(view.data());
    return std::pair(at + below * size, at + above * size);
  };
  const auto [begin, end] = first_and_last(output);
  const auto [other_begin, other_end] = first_and_last(other);
  if (begin < other_end && other_begin < end)
    invalid_argument("output", "its memory overlaps with that of {}; they must be apart", name);
}

void check_output(const Layer& layer, const LayerTensors& tensors,
                  const MutableTensorView& output) {
  if (output.view().shape() != layer.output_shape() || output.view().dtype() != layer.dtype)
    invalid_argument("output", "it is {}{}; {}{} is needed", name(output.view().dtype()),
                     text(output.view().shape()), name(layer.dtype), text(layer.output_shape()));
  check_apart(output, tensors.input, "the input");
  check_apart(output, tensors.filter, "the filter");
  check_apart(output, tensors.bias, "the bias");
  for (const TensorView& operand : tensors.operands) check_apart(output, operand, "an operand");
}

void run(const ConvTranspose& operation, const Layer& layer, const LayerTensors& tensors,
         const MutableTensorView& output) {
  if (output.view().elements() == 0) return;
  const Dense input(tensors.input);
  const Dense bias = tensors.bias.has_value() ? Dense(tensors.bias) : Dense();
  std::array<std::optional<Dense>, kMostOperands> operands;
  std::array<ConstTensor, kMostOperands> operand_tensors{};
  for (std::size_t x = 0; x < std::min(tensors.operands.size(), kMostOperands); ++x)
    operand_tensors[x] = operands[x].emplace(tensors.operands[x]).tensor();

  std::shared_ptr<const OwnedTensor> kept;
  std::optional<ScratchLease> packed;
  RunArgs args;
  const std::size_t packed_bytes = operation.packed_filter_bytes();
  if (tensors.packed != nullptr) {
    kept = tensors.packed->insides().packed_for(operation, layer);
    args.packed_filter = {kept->data(), packed_bytes};
  } else {
    const Dense dense(tensors.filter);
    packed.emplace(packed_bytes);
    operation.pack(dense.data(), packed->data());
    args.packed_filter = {packed->data(), packed_bytes};
  }
  std::optional<ScratchLease> staged;
  void* result = output.data();
  if (!output.view().is_dense()) result = staged.emplace(byte_count(output.view())).data();
  const std::size_t workspace_bytes = operation.workspace_bytes();
  std::optional<ScratchLease> workspace;
  if (workspace_bytes > 0)
    args.workspace = {workspace.emplace(workspace_bytes).data(), workspace_bytes};
  args.input = input.tensor();
  args.bias = bias.tensor();
  args.output = {result, byte_count(output.view())};
  args.operands = std::span(operand_tensors).first(tensors.operands.size());
  operation.run(args);
  if (staged) copy_from_dense(result, output);
}

}  // namespace

void run_layer(const Layer& layer, const LayerTensors& tensors, const MutableTensorView& output,
               const Options& options, std::string_view blamed) {
  check_output(layer, tensors, output);
  run(create(layer, tensors.bias.dtype(), options, blamed), layer, tensors, output);
}

OwnedTensor run_layer(const Layer& layer, const LayerTensors& tensors, const Options& options,
                      std::string_view blamed) {
  // A line that no operation can have is refused before memory is asked for.
  const ConvTranspose operation = create(layer, tensors.bias.dtype(), options, blamed);
  OwnedTensor output = OwnedTensor::uninitialized(layer.dtype, layer.output_shape());
  run(operation, layer, tensors, output.mutable_view());
  return output;
}

}  // namespace tconv::frontends
