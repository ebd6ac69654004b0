#include "tools/tuner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tools/clock.h"
#include "tools/cold_caches.h"

namespace tconv::tools {
namespace {

// Parts of the budget that are left when a step ends.
constexpr double kRankedUntil = 0.6, kAroundUntil = 0.35, kHalvedUntil = 0.2;
constexpr double kFirstTurnUs = 1500;
constexpr double kTooSlow = 1.6;  // times the fastest: such a plan gets a single run
constexpr std::size_t kHalved = 8;
// Fewer pairs cannot reach the rule's chance; more tell smaller differences than its margin.
constexpr std::size_t kLeastPairs = 9, kMostPairs = 25;
constexpr double kDuelTurnUs = 20000;

}  // namespace

double TunedPlan::median_us() const {
  return us.empty() || !error.empty() ? std::numeric_limits<double>::infinity() : median(us);
}

std::vector<std::size_t> fastest(const std::vector<TunedPlan>& plans, std::size_t count) {
  std::vector<std::size_t> order(plans.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return plans[a].median_us() < plans[b].median_us();
  });
  order.resize(std::min(count, order.size()));
  return order;
}

struct Tuner::Ready {
  Ready(const std::string& line, const Options& options, TensorData& tensors, const RunSize& size)
      : data(tensors), session(line, options, tensors, size) {}
  TensorData& data;
  Session session;
};

Tuner::Tuner(BenchLayer& layer, const Options& options, TuneWishes wishes)
    : layer_(layer), options_(options), wishes_(std::move(wishes)) {
  options_.plans = "none";
}

Options Tuner::options_of(const TunedPlan& plan) const {
  Options options = options_;
  options.plan = plan.plan;
  options.threads = plan.workers;
  return options;
}

std::unique_ptr<Tuner::Ready> Tuner::make(const TunedPlan& plan) const {
  return std::make_unique<Ready>(layer_.problem.line, options_of(plan), layer_.data, layer_.size);
}

// The mean time of runs that take so long together, one at least; of a single run where that shows
// that it takes longer than `give_up_us`.
double Tuner::measure(Ready& ready, double least_us, double give_up_us) const {
  const bool alone = std::max(options_.threads, 1) == 1;
  const auto run = [&] {
    if (wishes_.cold) {
      for (const Buffer* b : {&ready.data.input, &ready.data.bias, &ready.data.output})
        flush_from_caches(b->data(), b->bytes());
      for (const Buffer& b : ready.data.operands) flush_from_caches(b.data(), b.bytes());
      ready.session.flush();
    }
    const double start = now_us(alone);
    ready.session.run();
    return now_us(alone) - start;
  };
  run();  // pages, code, branches
  const double once = std::max(run(), 0.05);
  if (once > give_up_us || once >= least_us) return once;
  const auto times = static_cast<int>(std::min(least_us / once, 1e6)) + 1;
  double total = 0;
  if (wishes_.cold) {
    for (int i = 0; i < times; ++i) total += run();
  } else {
    const double start = now_us(alone);
    for (int i = 0; i < times; ++i) ready.session.run();
    total = now_us(alone) - start;
  }
  return total / times;
}

void Tuner::turn(TunedPlan& plan, std::unique_ptr<Ready>& ready, double give_up_us,
                 TuneBudget& budget) {
  if (!plan.error.empty()) return;
  budget.turn_taken();
  try {
    if (!ready) ready = make(plan);
    plan.us.push_back(measure(*ready, kFirstTurnUs, give_up_us));
  } catch (const Error& e) {
    plan.error = e.what();
  }
}

void Tuner::first_turns(TuneResult& result, const std::vector<PlanCandidate>& plans, double until,
                        TuneBudget& budget) {
  double best = std::numeric_limits<double>::infinity();
  for (const TunedPlan& t : result.tried) best = std::min(best, t.median_us());
  for (const PlanCandidate& c : plans) {
    if (budget.left() < until || wishes_.stop()) return;
    TunedPlan& plan = result.tried.emplace_back();
    plan.plan = c.plan, plan.predicted_us = c.predicted_us;
    plan.workers = std::max(options_.threads, 1);
    std::unique_ptr<Ready> ready;
    turn(plan, ready, kTooSlow * best, budget);
    best = std::min(best, plan.median_us());
    wishes_.progress(result);
  }
}

// Rounds among the fastest: who begins changes, and the slower half leaves.
std::size_t Tuner::halve(TuneResult& result, TuneBudget& budget) {
  std::vector<std::size_t> left = fastest(result.tried, kHalved);
  if (std::find(left.begin(), left.end(), std::size_t{0}) == left.end()) left.push_back(0);
  std::vector<std::unique_ptr<Ready>> ready(result.tried.size());
  const auto sort = [&] {
    std::stable_sort(left.begin(), left.end(), [&](std::size_t a, std::size_t b) {
      return result.tried[a].median_us() < result.tried[b].median_us();
    });
    return left.front();
  };
  for (int rounds = 2; left.size() > 1; rounds *= 2) {
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < left.size(); ++i) {
        if (wishes_.stop() || budget.left() < kHalvedUntil) return sort();
        const std::size_t at = left[(i + static_cast<std::size_t>(round)) % left.size()];
        turn(result.tried[at], ready[at], std::numeric_limits<double>::infinity(), budget);
        wishes_.progress(result);
      }
    }
    sort();
    for (std::size_t i = (left.size() + 1) / 2; i < left.size(); ++i) ready[left[i]].reset();
    left.resize((left.size() + 1) / 2);
  }
  return left.front();
}

// Every round makes both anew, in turns first and second: where their memory lies is chance in each
// round, and not what decides all of them.
void Tuner::duel(TuneResult& result, TuneBudget& budget) {
  const TunedPlan& old_plan = result.tried[0];
  const TunedPlan& new_plan = result.tried[result.best];
  Duel& duel = result.duel;
  const double us = std::min(kDuelTurnUs, budget.seconds() * 1e6 * 0.1 / (2 * kMostPairs));
  const auto one = [&](const TunedPlan& plan, std::vector<double>& times) {
    budget.turn_taken();
    times.push_back(measure(*make(plan), us, std::numeric_limits<double>::infinity()));
  };
  while (duel.new_us.size() < kMostPairs) {
    if (duel.new_us.size() >= kLeastPairs && budget.left() <= 0) break;
    if (wishes_.stop() && duel.new_us.size() < kLeastPairs) {
      result.complete = false;
      return;
    }
    if (duel.new_us.size() % 2 == 0) {
      one(old_plan, duel.old_us), one(new_plan, duel.new_us);
    } else {
      one(new_plan, duel.new_us), one(old_plan, duel.old_us);
    }
    if (wishes_.stop() && duel.new_us.size() >= kLeastPairs) break;
    wishes_.progress(result);
  }
  duel.change = paired_change(duel.old_us, duel.new_us, kTuneRule);
}

TunedPlan Tuner::first(const PlanCandidate& chosen, TuneBudget& budget) {
  TunedPlan plan;
  plan.plan = chosen.plan, plan.predicted_us = chosen.predicted_us;
  // As create makes it: with the workers that the model gives it.
  Options options = options_;
  options.plan.clear();
  const ConvTranspose made = ConvTranspose::create(layer_.problem.line, options);
  plan.workers = inspect(made).workers;
  std::unique_ptr<Ready> ready;
  turn(plan, ready, std::numeric_limits<double>::infinity(), budget);
  if (!plan.error.empty()) throw Error(Status::unsupported, plan.error);
  return plan;
}

TuneResult Tuner::search(TunePlans& plans, const std::vector<TunedPlan>& more, TuneBudget& budget) {
  TuneResult result;
  result.tried.push_back(first(plans.chosen(), budget));
  for (TunedPlan plan : more) {
    std::unique_ptr<Ready> ready;
    turn(plan, ready, std::numeric_limits<double>::infinity(), budget);
    result.tried.push_back(std::move(plan));
  }
  first_turns(result, plans.ranked(), kRankedUntil, budget);
  // Around the fastest, until nothing new is found or the time is over.
  std::set<std::string> seen;
  for (bool more_to_see = true; more_to_see;) {
    more_to_see = false;
    for (const std::size_t at : fastest(result.tried, 3)) {
      const std::string center = result.tried[at].plan;
      if (!seen.insert(center).second) continue;
      if (budget.left() < kAroundUntil || wishes_.stop()) break;
      more_to_see = true;
      first_turns(result, plans.around(center), kAroundUntil, budget);
      break;
    }
  }
  result.best = halve(result, budget);
  for (const TunedPlan& t : result.tried)
    if (t.predicted_us < result.tried[result.best].predicted_us) ++result.rank;
  if (result.best == 0) {
    result.complete = !wishes_.stop();
  } else {
    duel(result, budget);
  }
  return result;
}

TuneResult Tuner::compare(const PlanCandidate& chosen, const TunedPlan& named, TuneBudget& budget) {
  TuneResult result;
  result.tried.push_back(first(chosen, budget));
  result.tried.push_back(named);
  std::unique_ptr<Ready> ready;
  turn(result.tried[1], ready, std::numeric_limits<double>::infinity(), budget);
  if (!result.tried[1].error.empty()) throw Error(Status::unsupported, result.tried[1].error);
  ready.reset();
  result.best = 1;
  result.rank = named.predicted_us < chosen.predicted_us ? 1 : 2;
  duel(result, budget);
  return result;
}

}  // namespace tconv::tools
