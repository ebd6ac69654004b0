// What the page of `tconv report` shows, gathered from files of results and checked.
#pragma once

#include <string>
#include <vector>

#include "tools/json_report.h"

namespace tconv::tools {

struct ReportData {
  // {"version", "runs": [{file, machine, roofs, rows}], "peers": [{file, machine, engines, rows}],
  // "texts": [..], "notes": [..]}; rows name their IR and machine code by their place in `texts`.
  Json page;
  std::size_t layers = 0, peers = 0, cut = 0;  // rows; texts of which only the beginning is there
};

// Throws UsageError that names file and place.
ReportData report_data(const std::vector<std::string>& paths, std::size_t code_bytes);

}  // namespace tconv::tools
