#include "tests/support/ready_operation.h"

#include <cstring>

namespace tconv::tests {

ReadyOperation::ReadyOperation(const std::string& line, const Options& options, std::uint64_t seed)
    : operation_(ConvTranspose::create(line, options)),
      data_(tools::random_data(tools::parse_shape(line), seed)),
      packed_(operation_.packed_filter_bytes()),
      workspace_(operation_.workspace_bytes()) {
  operation_.pack(data_.filter.data(), packed_.data());
  for (const tools::Buffer& b : data_.operands) operands_.push_back({b.data(), b.bytes()});
}

std::vector<char> ReadyOperation::run(const ParallelFor& parallel_for) {
  if (data_.output.bytes() > 0) std::memset(data_.output.data(), 0xff, data_.output.bytes());
  RunArgs args;
  args.input = {data_.input.data(), data_.input.bytes()};
  args.packed_filter = {packed_.data(), packed_.bytes()};
  args.bias = {data_.bias.data(), data_.bias.bytes()};
  args.output = {data_.output.data(), data_.output.bytes()};
  args.operands = operands_;
  args.workspace = {workspace_.data(), workspace_.bytes()};
  args.parallel_for = parallel_for;
  operation_.run(args);
  const char* first = data_.output.as<char>();
  return {first, first + data_.output.bytes()};
}

}  // namespace tconv::tests
