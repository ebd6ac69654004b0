// The insides of tconv::PackedFilters.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "runtime/frontends/layer.h"
#include "tconv/tconv.hpp"

namespace tconv::frontends {

class PackedForms {
 public:
  explicit PackedForms(const TensorView& filters);
  const TensorView& view() const { return view_; }

  // The filter as `operation`, which runs `layer`, wants it; packed where no earlier call has done
  // it. The bytes live as long as the result.
  std::shared_ptr<const OwnedTensor> packed_for(const ConvTranspose& operation,
                                                const Layer& layer) const;

 private:
  struct Entry {
    ConvTranspose operation;  // kept, so that no other can take its address
    std::string layout;       // text, and how the copy was read
    std::shared_ptr<const OwnedTensor> packed;
  };
  OwnedTensor copy_;
  TensorView view_;
  mutable std::mutex mutex_;
  mutable std::vector<Entry> entries_;  // the last one used is the last
};

}  // namespace tconv::frontends
