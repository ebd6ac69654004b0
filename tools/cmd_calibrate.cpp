// calibrate: what a core of this host does, measured and stored for the planner.
#include <fmt/format.h>

#include <optional>

#include "tconv/inspect.hpp"
#include "tools/calibration.h"
#include "tools/command.h"
#include "tools/json_report.h"
#include "tools/progress.h"
#include "tools/temporary_file.h"

namespace tconv::tools {
namespace {

void print_table(const Calibration& c) {
  fmt::print("{} at {:.2f} GHz\n", c.isa, c.ghz);
  fmt::print("  fma      {:.1f} GFLOP/s f32, {:.1f} f64, {}\n", c.fma_gflops, c.f64_gflops,
             c.dot2_gflops > 0 ? fmt::format("{:.1f} vdpbf16ps", c.dot2_gflops)
                               : std::string("no vdpbf16ps"));
  fmt::print("  moves    {:.2f} loads, {:.2f} stores per cycle\n", c.loads_per_cycle,
             c.stores_per_cycle);
  fmt::print("  {:8} {:>10} {:>10} {:>10}\n", "GB/s", "read", "write", "streaming");
  const auto level = [](const char* name, double read, double write, double stream) {
    fmt::print("  {:8} {:>10.1f} {:>10.1f} {:>10}\n", name, read, write,
               stream > 0 ? fmt::format("{:.1f}", stream) : std::string("-"));
  };
  level("L1", c.l1_read_gbs, c.l1_write_gbs, 0);
  level("L2", c.l2_read_gbs, c.l2_write_gbs, 0);
  level("L3", c.l3_read_gbs, c.l3_write_gbs, c.l3_stream_write_gbs);
  level("DRAM", c.dram_read_gbs, c.dram_write_gbs, c.dram_stream_write_gbs);
}

Json row(const Calibration& c) {
  return {{"isa", c.isa},
          {"ghz", c.ghz},
          {"fma_gflops", c.fma_gflops},
          {"f64_gflops", c.f64_gflops},
          {"dot2_gflops", c.dot2_gflops > 0 ? Json(c.dot2_gflops) : Json()},
          {"loads_per_cycle", c.loads_per_cycle},
          {"stores_per_cycle", c.stores_per_cycle},
          {"l1_read_gbs", c.l1_read_gbs},
          {"l1_write_gbs", c.l1_write_gbs},
          {"l2_read_gbs", c.l2_read_gbs},
          {"l2_write_gbs", c.l2_write_gbs},
          {"l3_read_gbs", c.l3_read_gbs},
          {"l3_write_gbs", c.l3_write_gbs},
          {"l3_stream_write_gbs", c.l3_stream_write_gbs},
          {"dram_read_gbs", c.dram_read_gbs},
          {"dram_write_gbs", c.dram_write_gbs},
          {"dram_stream_write_gbs", c.dram_stream_write_gbs}};
}

// What has no place among the planner's numbers stands beside them for people.
std::string comment(const std::vector<Calibration>& measured) {
  std::string text = host_info().cpu + ", tconv " + version() + ", one thread\n";
  for (const Calibration& c : measured)
    text += fmt::format(
        "{}: L1 {:.1f} GB/s read, {:.1f} write; L2 {:.1f}, {:.1f}; L3 {:.1f}, {:.1f}; DRAM {:.1f}, "
        "{:.1f}, {:.1f} streaming write\n",
        c.isa, c.l1_read_gbs, c.l1_write_gbs, c.l2_read_gbs, c.l2_write_gbs, c.l3_read_gbs,
        c.l3_write_gbs, c.dram_read_gbs, c.dram_write_gbs, c.dram_stream_write_gbs);
  return text;
}

}  // namespace

int cmd_calibrate(const Command& command) {
  const HostInfo& host = host_info();
  if (host.isas.empty())
    throw UsageError("calibrate: this host runs none of avx512, avx2: there is nothing to measure");
  const std::string& path = command.files.output;
  std::optional<TemporaryFile> file;  // before anything is measured: the path may be wrong
  if (!path.empty()) file.emplace(path);
  JsonReport report("calibrate");
  Progress progress(2 * host.isas.size());
  std::size_t step = 0;
  const auto measured =
      calibrate(host, [&](const std::string& what) { progress.step(step++, what); });
  progress.clear();
  std::vector<MachineNumber> numbers;
  for (const Calibration& c : measured) {
    if (!command.json) print_table(c);
    report.add(row(c));
    for (const MachineNumber& n : machine_numbers(c)) numbers.push_back(n);
  }
  const std::string text = machine_file_text(numbers, comment(measured));
  if (file) {
    file->write(text.data(), text.size());
    file->commit();
  }
  report.set("file", path.empty() ? Json() : Json(path));
  report.set("text", text);
  finish(report, command.json,
         fmt::format("calibrate: {}, {:.0f} GFLOP/s f32; {}", host.cpu, measured.front().fma_gflops,
                     path.empty() ? "not stored (-o FILE stores it)"
                                  : "TCONV_MACHINE=" + path + " makes plans with it"));
  return kRight;
}

}  // namespace tconv::tools
