// The tables of layer.h for one layer.
#pragma once

#include "runtime/aot/layer_code.h"
#include "runtime/aot/table_bytes.h"

namespace tconv::runtime {

struct LayerTable {
  TableBytes bytes;
  std::int32_t layer = 0;  // where the tconv_layer is
};
// Throws Error for what the driver's fixed sizes do not hold.
LayerTable layer_table(const LayerCode& layer);

// What callers must bring: upper bounds over all isas and variants.
struct LayerNeeds {
  std::int64_t packed_filter_bytes = 0;
  std::int64_t scratch_bytes = 0, worker_bytes = 0;
  std::int64_t workspace_bytes(std::int64_t workers) const {
    const std::int64_t bytes = scratch_bytes + workers * worker_bytes;
    return bytes > 0 ? bytes + 63 : 0;  // the caller's pointer need not be aligned
  }
};
LayerNeeds layer_needs(const LayerCode& layer);

}  // namespace tconv::runtime
