// An operation with seeded data, ready to run through the public API.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tconv/tconv.hpp"
#include "tools/tensor_data.h"

namespace tconv::tests {

class ReadyOperation {
 public:
  ReadyOperation(const std::string& line, const Options& options, std::uint64_t seed = 1);
  ReadyOperation(const ReadyOperation&) = delete;
  ReadyOperation& operator=(const ReadyOperation&) = delete;

  const ConvTranspose& operation() const { return operation_; }
  // The bytes of an output that held NaN before. By the library's threads, or by the caller's.
  std::vector<char> run(const ParallelFor& parallel_for = {});

 private:
  ConvTranspose operation_;
  tools::TensorData data_;
  tools::Buffer packed_, workspace_;
  std::vector<ConstTensor> operands_;
};

}  // namespace tconv::tests
