#include "tools/session.h"

#include <cstring>

#include "tools/cold_caches.h"

namespace tconv::tools {

Session::Session(const std::string& line, const Options& options, TensorData& data,
                 const RunSize& size, const Session* beside)
    : data_(data), op_(ConvTranspose::create(line, options)) {
  const std::size_t packed = op_.packed_filter_bytes(), workspace = op_.workspace_bytes();
  const bool share = beside && beside->inspection().plan == inspection().plan &&
                     beside->packed_->bytes() == packed && beside->workspace_->bytes() == workspace;
  packed_ = share ? beside->packed_ : std::make_shared<Buffer>(packed);
  workspace_ = share ? beside->workspace_ : std::make_shared<Buffer>(workspace);
  op_.pack(data.filter.data(), packed_->data());
  for (const Buffer& b : data.operands) operands_.push_back({b.data(), b.bytes()});
  args_.input = {data.input.data(), data.input.bytes()};
  args_.packed_filter = {packed_->data(), packed_->bytes()};
  args_.bias = {data.bias.data(), data.bias.bytes()};
  args_.output = {data.output.data(), data.output.bytes()};
  args_.operands = operands_;
  args_.workspace = {workspace_->data(), workspace_->bytes()};
  args_.batch = size.batch;
  args_.length = size.length;
}

void Session::flush() const {
  flush_from_caches(packed_->data(), packed_->bytes());
  flush_from_caches(workspace_->data(), workspace_->bytes());
}

Comparison Session::check(const Definition& definition, const CheckOptions& options) {
  if (data_.output.bytes() > 0) std::memset(data_.output.data(), 0xFF, data_.output.bytes());
  run();
  CheckOptions own = options;
  own.accuracy *= inspection().error_factor;
  return definition.check(data_.output.data(), own);
}

Inspection inspect_options(Options options) {
  options.plan = "bias_only()";  // of a problem without output: nothing is emitted
  return inspect(ConvTranspose::create("f32 nwc n=0 ic=1 oc=1 i=1 k=1", options));
}

}  // namespace tconv::tools
