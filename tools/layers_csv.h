// bench/layers.csv and files like it: one layer of a network per row, without type and layout.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tconv::tools {

struct LayerRow {
  std::string name, line;
};

// The columns name batch in_ch out_ch groups in_spatial kernel stride dilation pad_before
// out_spatial are needed, in any order; a row becomes a problem line with bias. `dtype` as in
// problem lines, `layout` last or first. With `fused`, an activation that is exactly a post-op is
// appended. Throws UsageError naming file, row and column.
std::vector<LayerRow> read_layers(const std::string& path, const std::string& dtype,
                                  const std::string& layout, bool fused);

// Fields of one line; double quotes protect commas, "" is a quote.
std::vector<std::string> split_csv(const std::string& line);

}  // namespace tconv::tools
