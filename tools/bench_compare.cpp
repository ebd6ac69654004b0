#include "tools/bench_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "tools/results_file.h"
#include "tools/statistics.h"
#include "tools/turns.h"

namespace tconv::tools {
namespace {

// What must be the same for two measurements to be compared: the layer. Threads, ISA, backend and
// the model's plan may be what was changed.
using Key =
    std::tuple<std::string, std::string, std::string, std::int64_t, std::int64_t, std::string, int>;

std::map<Key, const Measured*> by_key(const std::vector<Measured>& all) {
  std::map<Key, const Measured*> found;
  for (const Measured& m : all) {
    Key key{m.name,  m.problem, m.mode == "default" ? "" : m.mode,
            m.batch, m.length,  m.chosen ? "" : m.plan,
            0};
    while (!found.try_emplace(key, &m).second) ++std::get<int>(key);  // a layer several times
  }
  return found;
}

// The smallest p that so many rounds can have.
bool can_tell(std::size_t a, std::size_t b, const Rule& rule) {
  double ways = 1;
  for (std::size_t i = 1; i <= a; ++i) ways *= static_cast<double>(b + i) / static_cast<double>(i);
  return a > 0 && b > 0 && 2 / ways <= rule.p;
}

std::string changed_options(const Measured& a, const Measured& b) {
  std::string text;
  const auto say = [&](const char* what, const auto& x, const auto& y) {
    if (x != y) text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", what, x, y);
  };
  say("plan", a.plan, b.plan), say("isa", a.isa, b.isa), say("backend", a.backend, b.backend);
  say("threads", a.threads, b.threads);
  return text;
}

Json machine_changes(const Node& a, const Node& b) {
  Json changes = Json::array();
  for (const auto& [key, value] : a.json().items()) {
    const Json other = b.json().value(key, Json());
    const bool rates = key == "fma_gflops" || key.ends_with("_gbs");  // never twice the same
    if (!rates && value != other)
      changes.push_back({{"what", key}, {"old", value}, {"new", other}});
  }
  if (!a.has("fma_gflops") || !b.has("fma_gflops")) return changes;
  const Json &old_peaks = a.at("fma_gflops").json(), &new_peaks = b.at("fma_gflops").json();
  if (!old_peaks.is_object() || !new_peaks.is_object()) a.refuse("fma_gflops: an object");
  for (const auto& [isa, peak] : old_peaks.items()) {
    if (!new_peaks.contains(isa)) continue;
    const double was = Node(peak, a.where() + ".fma_gflops." + isa).positive(),
                 is = Node(new_peaks[isa], b.where() + ".fma_gflops." + isa).positive();
    if (std::max(is / was, was / is) > 1.05)
      changes.push_back({{"what", "fma_gflops " + isa}, {"old", was}, {"new", is}});
  }
  return changes;
}

class Comparer {
 public:
  Comparer(const Command& command, const std::string& a, const std::string& b)
      : json_(command.json), rule_{.p = 0.01, .margin = command.bench.margin / 100} {
    const Json a_root = read_results(a, {"tconv-bench-1"}),
               b_root = read_results(b, {"tconv-bench-1"});
    const Node old_file(a_root, a), new_file(b_root, b);
    machine_ = machine_changes(old_file.at("machine"), new_file.at("machine"));
    old_ = measured(old_file), new_ = measured(new_file);
    compare(a, b);
  }
  int finish();

 private:
  void compare(const std::string& a, const std::string& b);
  void both(const Measured& a, const Measured& b);
  void one(const Measured& m, const char* verdict);
  void table() const;

  bool json_;
  Rule rule_;
  std::vector<Measured> old_, new_;
  Json machine_;
  std::vector<Json> rows_;
  std::map<std::string, std::size_t> count_;
  std::vector<double> ratios_;
};

void Comparer::compare(const std::string& a, const std::string& b) {
  const auto olds = by_key(old_), news = by_key(new_);
  std::size_t shared = 0;
  for (const auto& [key, m] : olds) shared += news.count(key);
  if (shared == 0) throw UsageError(fmt::format("{} and {} have no layer in common", a, b));
  for (const auto& [key, m] : olds) {
    const auto other = news.find(key);
    other == news.end() ? one(*m, "only old") : both(*m, *other->second);
  }
  for (const auto& [key, m] : news)
    if (olds.count(key) == 0) one(*m, "only new");
}

void Comparer::one(const Measured& m, const char* verdict) {
  ++count_[verdict];
  rows_.push_back({{"name", m.name},
                   {"problem", m.problem},
                   {"plan", m.plan},
                   {"accuracy", m.mode.empty() ? Json() : Json(m.mode)},
                   {"verdict", verdict}});
}

void Comparer::both(const Measured& a, const Measured& b) {
  Json row = {{"name", b.name},
              {"problem", b.problem},
              {"plan", b.plan},
              {"accuracy", b.mode.empty() ? Json() : Json(b.mode)}};
  std::string verdict;
  if (a.us == 0 || b.us == 0) {
    verdict = b.us > 0 ? "works now" : a.us > 0 ? "fails now" : "fails";
    if (b.us == 0) row["error"] = b.error;
  } else {
    const bool rounds = !a.rounds_us.empty() && !b.rounds_us.empty();
    const Change change = unpaired_change(a.rounds_us, b.rounds_us, rule_);
    const double ratio = rounds ? change.ratio : b.us / a.us;
    ratios_.push_back(ratio);
    row["old_us"] = a.us, row["new_us"] = b.us, row["ratio"] = ratio;
    row["p"] = rounds ? Json(change.p) : Json();
    row["old_rounds"] = a.rounds_us.size(), row["new_rounds"] = b.rounds_us.size();
    row["changed"] = changed_options(a, b);
    verdict = change.verdict == Verdict::faster                         ? "faster"
              : change.verdict == Verdict::slower                       ? "slower"
              : can_tell(a.rounds_us.size(), b.rounds_us.size(), rule_) ? "same"
                                                                        : "too few rounds";
  }
  ++count_[verdict];
  row["verdict"] = verdict;
  rows_.push_back(std::move(row));
}

void Comparer::table() const {
  for (const Json& change : machine_)
    fmt::print("the machine differs: {} {} -> {}\n", change["what"].get<std::string>(),
               change["old"].dump(-1, ' ', false, Json::error_handler_t::replace),
               change["new"].dump(-1, ' ', false, Json::error_handler_t::replace));
  fmt::print("{:32} {:>11} {:>11} {:>7} {:>7}  {:14}  {}\n", "layer", "old us", "new us", "ratio",
             "p", "verdict", "changed");
  for (const Json& row : rows_) {
    std::string name = row["name"].get<std::string>();
    if (!row["accuracy"].is_null()) name += " " + row["accuracy"].get<std::string>();
    const auto verdict = row["verdict"].get<std::string>();
    if (!row.contains("ratio")) {
      fmt::print("{:32} {:>40} {:14}  {}\n", name, "", verdict, row.value("error", ""));
      continue;
    }
    fmt::print("{:32} {:>11.1f} {:>11.1f} {:>7.3f} {:>7}  {:14}  {}\n", name,
               row["old_us"].get<double>(), row["new_us"].get<double>(), row["ratio"].get<double>(),
               row["p"].is_null() ? "-" : fmt::format("{:.2g}", row["p"].get<double>()), verdict,
               row["changed"].get<std::string>());
  }
}

int Comparer::finish() {
  // What needs a look first.
  std::stable_sort(rows_.begin(), rows_.end(), [](const Json& a, const Json& b) {
    return a.value("ratio", 1e300) > b.value("ratio", 1e300);
  });
  JsonReport report("compare");
  if (!json_) table();
  for (Json& row : rows_) report.add(std::move(row));
  const double mean = geometric_mean(ratios_);
  report.set("machine_differs", machine_);
  report.set("rule", {{"p", rule_.p}, {"margin", rule_.margin}, {"test", "Mann-Whitney U"}});
  report.set("totals", {{"layers", ratios_.size()},
                        {"slower", count_["slower"]},
                        {"faster", count_["faster"]},
                        {"same", count_["same"]},
                        {"too_few_rounds", count_["too few rounds"]},
                        {"fails_now", count_["fails now"]},
                        {"only_old", count_["only old"]},
                        {"only_new", count_["only new"]},
                        {"geometric_mean_ratio", mean}});
  std::string summary = fmt::format(
      "compare: {} measurement(s) in both, {} slower, {} faster, {} the same, {} with too few "
      "rounds to tell, {} now fail, {} only in one; in the geometric mean {:.3f} times as long "
      "(a difference: p <= {} and more than {:.3g}%)",
      ratios_.size(), count_["slower"], count_["faster"], count_["same"], count_["too few rounds"],
      count_["fails now"], count_["only old"] + count_["only new"], mean, rule_.p,
      100 * rule_.margin);
  if (!machine_.empty()) summary += "; the machines differ";
  tools::finish(report, json_, summary);
  return count_["slower"] + count_["fails now"] == 0 ? kRight : kWrong;
}

}  // namespace

int bench_compare(const Command& command) {
  const std::vector<std::string>& files = command.bench.compare;
  return Comparer(command, files.at(0), files.at(1)).finish();
}

}  // namespace tconv::tools
