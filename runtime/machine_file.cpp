#include "runtime/machine_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "ir/target.h"
#include "runtime/error.h"
#include "runtime/host.h"

namespace tconv::runtime {
namespace {

// Order of the file. The bounds are far beyond any machine: outside, the file is damaged.
struct Number {
  const char* name;
  double planner::Machine::*member;
  double least, most;
};
constexpr std::array kNumbers = {
    Number{"ghz", &planner::Machine::ghz, 0.1, 20},
    Number{"fma_per_cycle", &planner::Machine::fma_per_cycle, 0.01, 32},
    Number{"f64_fma_per_cycle", &planner::Machine::f64_fma_per_cycle, 0.01, 32},
    Number{"dot2_per_cycle", &planner::Machine::dot2_per_cycle, 0, 32},
    Number{"loads_per_cycle", &planner::Machine::loads_per_cycle, 0.1, 32},
    Number{"stores_per_cycle", &planner::Machine::stores_per_cycle, 0.1, 32},
    Number{"l2_bytes_per_cycle", &planner::Machine::l2_bytes_per_cycle, 0.1, 4096},
    Number{"l3_bytes_per_cycle", &planner::Machine::l3_bytes_per_cycle, 0.1, 4096},
    Number{"dram_bytes_per_cycle", &planner::Machine::dram_bytes_per_cycle, 0.01, 4096},
    Number{"dram_write_bytes_per_cycle", &planner::Machine::dram_write_bytes_per_cycle, 0.01, 4096},
    Number{"stream_write_bytes_per_cycle", &planner::Machine::stream_write_bytes_per_cycle, 0.01,
           4096},
};
constexpr const char* kHead = "tconv-machine 1";

const Number* find_number(const std::string& name) {
  for (const Number& n : kNumbers)
    if (name == n.name) return &n;
  return nullptr;
}

std::string known_numbers() {
  std::string names;
  for (const Number& n : kNumbers) names += (names.empty() ? "" : " ") + std::string(n.name);
  return names;
}

// Whose numbers they are: caches as well, since a virtual machine may get another share of them.
std::string host_line() {
  const HostInfo& h = host();
  return fmt::format("host {} l1 {} l2 {} l3 {}", h.cpuid, h.l1_bytes, h.l2_bytes, h.l3_bytes);
}

std::string why_out_of_range(const Number& n, double value) {
  if (value >= n.least && value <= n.most) return {};
  return fmt::format("{} = {}: {} to {} is possible", n.name, value, n.least, n.most);
}

std::string contents(const std::string& path, const std::string& where) {
  constexpr std::uintmax_t kMostBytes = 1 << 16;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    refuse(fmt::format("{}={}: there is no such file", where, path));
  if (std::filesystem::file_size(path, error) > kMostBytes || error)
    refuse(fmt::format("{}={}: larger than {} bytes: no machine file", where, path, kMostBytes));
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    refuse(fmt::format("{}={}: the file cannot be read", where, path));
  return text.str();
}

}  // namespace

MachineFile MachineFile::parse(const std::string& text, const std::string& where) {
  MachineFile result;
  result.where_ = where;
  int line_number = 0;
  const auto refuse_line = [&](const std::string& why) {
    refuse(fmt::format("{}: line {}: {}", where, line_number, why));
  };
  bool head = false, host_seen = false, ended = false;
  std::map<std::string, double>* numbers = nullptr;
  const auto finish_isa = [&] {
    if (numbers == nullptr) return;
    for (const Number& n : kNumbers)
      if (!numbers->contains(n.name)) refuse_line(fmt::format("{} is missing before it", n.name));
  };
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    ++line_number;
    if (line.empty() || line.front() == '#') continue;
    if (ended) refuse_line("something stands behind 'end'");
    if (!head) {
      if (line != kHead) refuse_line(fmt::format("'{}' is expected, a machine file's head", kHead));
      head = true;
      continue;
    }
    if (!host_seen) {
      if (!line.starts_with("host ")) refuse_line("'host ..' is expected");
      if (line != host_line())
        refuse_line(fmt::format("measured on '{}', but this is '{}': run tconv calibrate here",
                                line, host_line()));
      host_seen = true;
      continue;
    }
    if (line == "end") {
      if (numbers == nullptr) refuse_line("'isa NAME' is missing before it");
      finish_isa();
      ended = true;
      continue;
    }
    const std::size_t space = line.find(' ');
    const std::string key = line.substr(0, space);
    const std::string value = space == std::string::npos ? "" : line.substr(space + 1);
    if (key == "isa") {
      finish_isa();
      if (ir::find_target(value) == nullptr) refuse_line(fmt::format("isa '{}' is unknown", value));
      if (result.numbers_.contains(value)) refuse_line(fmt::format("isa {} stands twice", value));
      numbers = &result.numbers_[value];
      continue;
    }
    const Number* number = find_number(key);
    if (number == nullptr)
      refuse_line(fmt::format("'{}' is unknown; there are {}", key, known_numbers()));
    if (numbers == nullptr) refuse_line("'isa NAME' is expected before the numbers");
    double parsed = 0;
    const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc() || stop != value.data() + value.size())
      refuse_line(fmt::format("{} '{}': a number is expected", key, value));
    if (const std::string why = why_out_of_range(*number, parsed); !why.empty()) refuse_line(why);
    if (!numbers->emplace(key, parsed).second) refuse_line(fmt::format("{} stands twice", key));
  }
  ++line_number;
  if (!ended) refuse_line("the file ends without 'end': it is not whole");
  return result;
}

void MachineFile::apply(planner::Machine& machine) const {
  const auto found = numbers_.find(machine.target);
  if (found == numbers_.end())
    refuse(fmt::format("{}: it has no numbers for isa {}", where_, machine.target));
  for (const Number& n : kNumbers) machine.*n.member = found->second.at(n.name);
}

const MachineFile& machine_file(const std::string& path, const std::string& where) {
  struct Node {
    std::string path;
    MachineFile file;
    const Node* next = nullptr;
  };
  // Only ever grows, by one file per path: what was read stays readable without a lock.
  static std::atomic<const Node*> files{nullptr};
  const auto find = [&](const Node* from) -> const Node* {
    for (; from != nullptr; from = from->next)
      if (from->path == path) return from;
    return nullptr;
  };
  const Node* head = files.load(std::memory_order_acquire);
  if (const Node* known = find(head)) return known->file;
  auto mine = std::make_unique<Node>(
      Node{path, MachineFile::parse(contents(path, where), where + "=" + path)});
  mine->next = head;
  while (!files.compare_exchange_weak(mine->next, mine.get(), std::memory_order_acq_rel))
    if (const Node* known = find(mine->next)) return known->file;  // who came first wins
  return mine.release()->file;
}

std::vector<MachineNumber> machine_numbers(const planner::Machine& machine) {
  std::vector<MachineNumber> numbers;
  for (const Number& n : kNumbers) numbers.push_back({machine.target, n.name, machine.*n.member});
  return numbers;
}

}  // namespace tconv::runtime

namespace tconv {

std::string machine_file_text(const std::vector<MachineNumber>& numbers,
                              const std::string& comment) {
  using namespace runtime;
  return guarded([&] {
    std::string text = std::string(kHead) + "\n", isa;
    std::istringstream comments(comment);
    for (std::string line; std::getline(comments, line);) text += "# " + line + "\n";
    text += host_line() + "\n";
    for (const MachineNumber& n : numbers) {
      if (n.isa != isa) text += fmt::format("isa {}\n", isa = n.isa);
      text += fmt::format("{} {:.4g}\n", n.name, n.value);
    }
    text += "end\n";
    MachineFile::parse(text, "machine file");  // what is missing, unknown or impossible
    return text;
  });
}

std::vector<double> predict_plans(const std::string& problem, const std::vector<std::string>& plans,
                                  const std::vector<MachineNumber>& numbers,
                                  const Options& options) {
  using namespace runtime;
  return guarded([&] {
    const planner::Problem parsed = planner::parse_problem(problem);
    planner::Machine machine = host_machine(resolve(options));
    for (const MachineNumber& n : numbers) {
      const Number* number = find_number(n.name);
      if (number == nullptr || n.isa != machine.target)
        refuse(fmt::format("number {} of isa {}: there are {}", n.name, n.isa, known_numbers()));
      machine.*number->member = n.value;
    }
    std::vector<double> predicted;
    for (const std::string& plan : plans)
      predicted.push_back(planner::predict(parsed, planner::parse_plan(plan), machine));
    return predicted;
  });
}

MachineReport machine_report(const Options& options) {
  return runtime::guarded([&] {
    const runtime::Settings settings = runtime::resolve(options);
    MachineReport report;
    report.isa = settings.isa;
    report.source = settings.machine.empty() ? "table " + runtime::host().core : settings.machine;
    report.numbers = runtime::machine_numbers(runtime::host_machine(settings));
    return report;
  });
}

}  // namespace tconv
