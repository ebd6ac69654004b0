#include "tools/json_report.h"

#include <fmt/format.h>

#include <cstdio>

#include "tconv/inspect.hpp"

namespace tconv::tools {

Json machine_json(const Limits* limits) {
  const HostInfo& host = host_info();
  Json machine = {{"cpu", host.cpu},
                  {"cpuid", host.cpuid},
                  {"core", host.core},
                  {"isa", host.isa},
                  {"isas", host.isas},
                  {"features", host.features},
                  {"backends", host.backends},
                  {"cores", host.cores},
                  {"l1_bytes", host.l1_bytes},
                  {"l2_bytes", host.l2_bytes},
                  {"l3_bytes", host.l3_bytes},
                  {"tconv_version", version()},
                  {"ir_version", ir_version()},
                  {"measured_threads", nullptr},
                  {"fma_gflops", nullptr},
                  {"l2_read_gbs", nullptr},
                  {"l3_read_gbs", nullptr},
                  {"dram_read_gbs", nullptr},
                  {"dram_stream_write_gbs", nullptr}};
  if (limits == nullptr) return machine;
  machine["measured_threads"] = limits->threads;
  machine["fma_gflops"] = limits->fma_gflops;
  machine["l2_read_gbs"] = limits->l2_read_gbs;
  machine["l3_read_gbs"] = limits->l3_read_gbs;
  machine["dram_read_gbs"] = limits->dram_read_gbs;
  machine["dram_stream_write_gbs"] = limits->dram_stream_write_gbs;
  return machine;
}

JsonReport::JsonReport(const std::string& verb) {
  root_["schema"] = "tconv-" + verb + "-1";
  root_["machine"] = machine_json(nullptr);
  root_["results"] = Json::array();
}

void JsonReport::machine(const Limits& limits) { root_["machine"] = machine_json(&limits); }

std::string JsonReport::text() const {
  // Text from outside (names, file paths) may not be UTF-8.
  return root_.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void JsonReport::print() const { fmt::print("{}", text()); }

void finish(JsonReport& report, bool json, const std::string& summary) {
  if (json) {
    report.set("summary", summary);
    report.print();
  } else {
    fmt::print("{}\n", summary);
  }
  std::fflush(stdout);
}

}  // namespace tconv::tools
