// The C++ API over runtime::Operation.
#include "runtime/error.h"
#include "runtime/kernel_cache.h"
#include "runtime/operation.h"

namespace tconv {

ConvTranspose::ConvTranspose(std::shared_ptr<const runtime::Operation> operation)
    : operation_(std::move(operation)) {}

ConvTranspose ConvTranspose::create(const std::string& problem, const Options& options) {
  return ConvTranspose(runtime::Operation::create(problem, options));
}

std::size_t ConvTranspose::packed_filter_bytes() const { return operation_->packed_filter_bytes(); }
void ConvTranspose::pack(const void* filter, void* packed) const {
  operation_->pack(filter, packed);
}
void ConvTranspose::prepare(ConstTensor packed) const { operation_->prepare(packed); }
std::string ConvTranspose::packed_layout() const { return operation_->packed_layout(); }
std::size_t ConvTranspose::workspace_bytes() const { return operation_->workspace_bytes(); }
void ConvTranspose::run(const RunArgs& args) const { operation_->run(args); }
void ConvTranspose::run(const void* input, const void* packed, const void* bias, void* output,
                        void* workspace) const {
  operation_->run(input, packed, bias, output, workspace);
}
const std::string& ConvTranspose::describe() const { return operation_->describe(); }

KernelCacheCounters kernel_cache_counters() { return runtime::KernelCache::process().counters(); }
void set_kernel_cache_limit(std::int64_t bytes) {
  runtime::guarded([bytes] {
    if (bytes < 0)
      runtime::refuse("the kernel cache's limit is " + std::to_string(bytes) +
                      " bytes; at least 0 is needed");
    runtime::KernelCache::process().set_limit(bytes);
  });
}

}  // namespace tconv
