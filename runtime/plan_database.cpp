#include "runtime/plan_database.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <memory>

#include "ir/target.h"
#include "runtime/error.h"
#include "runtime/host.h"

namespace tconv::runtime {
namespace {

constexpr std::string_view kHead = "tconv-plans 1";
constexpr std::size_t kFields = 8;
constexpr const char* kAccuracies[] = {"default", "exact-order"};

const char* name(planner::Accuracy accuracy) {
  return kAccuracies[accuracy == planner::Accuracy::exact_order ? 1 : 0];
}

std::string lookup_key(const std::string& problem, const std::string& machine,
                       const std::string& accuracy, int threads) {
  return problem + '\t' + machine + '\t' + accuracy + '\t' + std::to_string(threads);
}

int whole(std::string_view text, const char* field, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > most)
    refuse(fmt::format("{} '{}': a number in 1..{} is expected", field, text, most));
  return value;
}

// One line of a file. Throws what says why it is none.
PlanEntry parse_entry(std::string_view line) {
  std::array<std::string_view, kFields> fields;
  for (std::size_t i = 0; i < kFields; ++i) {
    const std::size_t tab = line.find('\t');
    if ((tab == std::string_view::npos) != (i + 1 == kFields))
      refuse(fmt::format("{} fields separated by tabs are expected", kFields));
    fields[i] = line.substr(0, tab);
    line.remove_prefix(i + 1 == kFields ? line.size() : tab + 1);
  }
  PlanEntry entry;
  entry.problem = planner::print(planner::parse_problem(std::string(fields[0])));
  entry.machine = fields[1];
  if (ir::find_target(entry.machine.substr(0, entry.machine.find('/'))) == nullptr)
    refuse(fmt::format("machine '{}': an isa is expected at its beginning", fields[1]));
  entry.accuracy = fields[2];
  if (entry.accuracy != kAccuracies[0] && entry.accuracy != kAccuracies[1])
    refuse(fmt::format("accuracy '{}': default or exact-order is expected", fields[2]));
  entry.threads = whole(fields[3], "threads", kMostThreads);
  entry.workers = whole(fields[4], "workers", entry.threads);
  entry.plan = planner::print(planner::parse_plan(fields[5]));
  const auto [end, error] =
      std::from_chars(fields[6].data(), fields[6].data() + fields[6].size(), entry.us);
  if (error != std::errc() || end != fields[6].data() + fields[6].size() ||
      !(entry.us > 0 && entry.us < 1e12))
    refuse(fmt::format("us '{}': a positive number is expected", fields[6]));
  entry.version = fields[7];
  return entry;
}

std::string contents(const std::string& file, const std::string& where) {
  const auto fail = [&](const char* why) { refuse(fmt::format("{}={}: {}", where, file, why)); };
  constexpr std::size_t kMostBytes = std::size_t{1} << 26;
  std::unique_ptr<FILE, int (*)(FILE*)> stream(std::fopen(file.c_str(), "rbe"), std::fclose);
  if (!stream) fail("there is no such file, or it cannot be read");
  std::string text;
  std::array<char, 4096> part;
  while (const std::size_t bytes = std::fread(part.data(), 1, part.size(), stream.get())) {
    text.append(part.data(), bytes);
    if (text.size() > kMostBytes) fail("larger than 64 MiB: no plan database");
  }
  if (std::ferror(stream.get()) != 0) fail("the file cannot be read");
  return text;
}

}  // namespace

PlanFile parse_plan_file(const std::string& text, const std::string& where) {
  PlanFile file;
  std::string_view rest = text;
  for (int number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const bool ended = line.size() < rest.size();
    rest.remove_prefix(ended ? line.size() + 1 : line.size());
    if (line.starts_with(kHead.substr(0, kHead.find(' ') + 1)) || number == 1) {
      if (line != kHead)
        refuse(
            fmt::format("{}: line {}: '{:.40}': '{}' is expected; this tconv reads no other "
                        "version",
                        where, number, line, kHead));
      continue;
    }
    if (line.empty() || line.front() == '#') continue;
    std::string why;
    try {
      if (!ended) refuse("the line is cut off");
      file.entries.push_back(parse_entry(line));
      continue;
    } catch (const planner::ProblemError& e) {
      why = e.what();
    } catch (const planner::PlanError& e) {
      why = e.what();
    } catch (const Error& e) {
      why = e.what();
    }
    file.damaged.push_back(fmt::format("{}: line {}: {}", where, number, why));
  }
  return file;
}

std::string machine_key(const std::string& isa) {
  const HostInfo& h = host();
  std::string key = isa;
  char separator = '/';
  for (const std::string& feature : h.features) key += separator + feature, separator = '+';
  for (const std::int64_t bytes : {h.l1_bytes, h.l2_bytes, h.l3_bytes})
    key += '/' + std::to_string(bytes >> 10) + 'K';
  return key;
}

PlanDatabase::PlanDatabase(const std::string& files, const std::string& where) : files_(files) {
  static std::atomic<int> serials{0};
  serial_ = ++serials;
  for (std::size_t begin = 0; begin <= files.size();) {
    const std::string file = files.substr(begin, files.find(':', begin) - begin);
    begin += file.size() + 1;
    PlanFile read = parse_plan_file(contents(file, where), where + "=" + file);
    for (PlanEntry& e : read.entries)
      plans_.insert_or_assign(lookup_key(e.problem, e.machine, e.accuracy, e.threads),
                              KnownPlan{planner::parse_plan(e.plan), e.workers, e.us, false});
    for (std::string& line : read.damaged) damaged_.push_back(std::move(line));
  }
}

const KnownPlan* PlanDatabase::find(const std::string& problem, const Settings& settings,
                                    int threads) const {
  const auto found =
      plans_.find(lookup_key(problem, machine_key(settings.isa), name(settings.accuracy), threads));
  return found == plans_.end() ? nullptr : &found->second;
}

namespace {

// Only ever grows: what was read stays readable without a lock.
struct Node {
  PlanDatabase database;
  const Node* next = nullptr;
};
std::atomic<const Node*> databases{nullptr};
std::atomic<const PlanDatabase*> loaded{nullptr};

const PlanDatabase& read(const std::string& files, const std::string& where, bool tell) {
  auto mine = std::make_unique<Node>(Node{PlanDatabase(files, where)});
  if (tell) {
    constexpr std::size_t kMost = 10;
    const std::vector<std::string>& lines = mine->database.damaged();
    for (std::size_t i = 0; i < std::min(lines.size(), kMost); ++i)
      std::fprintf(stderr, "tconv: %s; the line is skipped\n", lines[i].c_str());
    if (lines.size() > kMost)
      std::fprintf(stderr, "tconv: and %zu more lines; tconv plans shows them\n",
                   lines.size() - kMost);
  }
  mine->next = databases.load(std::memory_order_acquire);
  while (!databases.compare_exchange_weak(mine->next, mine.get(), std::memory_order_acq_rel)) {
  }
  return mine.release()->database;
}

}  // namespace

const PlanDatabase& plan_database(const std::string& files, const std::string& where) {
  for (const Node* n = databases.load(std::memory_order_acquire); n != nullptr; n = n->next)
    if (n->database.files() == files) return n->database;
  return read(files, where, true);
}

const PlanDatabase* loaded_plans() { return loaded.load(std::memory_order_acquire); }

}  // namespace tconv::runtime

namespace tconv {

PlansLoaded load_plans(const std::string& files) {
  return runtime::guarded([&] {
    if (files.empty()) {
      runtime::loaded = nullptr;
      return PlansLoaded{};
    }
    const runtime::PlanDatabase& database = runtime::read(files, "plans", false);
    runtime::loaded.store(&database, std::memory_order_release);
    return PlansLoaded{database.size(), database.damaged()};
  });
}

PlanFile parse_plan_file(const std::string& text, const std::string& where) {
  return runtime::guarded([&] { return runtime::parse_plan_file(text, where); });
}

std::string plan_file_text(const std::vector<PlanEntry>& entries) {
  return runtime::guarded([&] {
    std::string text = std::string(runtime::kHead) + '\n';
    for (const PlanEntry& e : entries)
      text += fmt::format("{}\t{}\t{}\t{:.2f}\t{}\n",
                          runtime::lookup_key(e.problem, e.machine, e.accuracy, e.threads),
                          e.workers, e.plan, e.us, e.version);
    return text;
  });
}

std::string plan_machine(const std::string& isa) {
  return runtime::guarded([&] { return runtime::machine_key(isa); });
}

}  // namespace tconv
