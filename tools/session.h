// One compiled problem together with its data: what check and bench run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tconv/inspect.hpp"
#include "tools/buffer.h"
#include "tools/definition.h"
#include "tools/run_size.h"
#include "tools/tensor_data.h"

namespace tconv::tools {

// Borrows `data` and writes its output. Throws tconv::Error.
class Session {
 public:
  // `data` is of one run: of `size` where the problem leaves it open. A session that is to be
  // compared with another one takes `beside`'s memory where both have the same plan: where packed
  // filter and workspace lie moves the times of equal code by up to 15%.
  Session(const std::string& line, const Options& options, TensorData& data,
          const RunSize& size = {}, const Session* beside = nullptr);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  std::size_t bytes() const { return packed_->bytes() + workspace_->bytes(); }  // of its own
  void run() { op_.run(args_); }
  void flush() const;  // its own memory, the packed filter's and the workspace's, from all caches
  Inspection inspection() const { return inspect(op_); }
  // Fills the output with NaN, runs, and compares.
  Comparison check(const Definition& definition, const CheckOptions& options = {});

 private:
  TensorData& data_;
  ConvTranspose op_;
  std::shared_ptr<Buffer> packed_, workspace_;
  std::vector<ConstTensor> operands_;
  RunArgs args_;
};

// What the options alone decide, plan aside. Throws tconv::Error for options with which no problem
// can be made here, so that a list does not fail row by row.
Inspection inspect_options(Options options);

}  // namespace tconv::tools
