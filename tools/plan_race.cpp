#include "tools/plan_race.h"

#include <algorithm>
#include <limits>

namespace tconv::tools {
namespace {

// Packed filters and workspaces of plans that wait for their turn; beyond, they are made anew.
constexpr std::size_t kMostKeptBytes = std::size_t{1} << 30;
constexpr double kTooSlow = 2;

double key(const Racer& racer) {
  return racer.error.empty() ? racer.turns.median_us() : std::numeric_limits<double>::infinity();
}

}  // namespace

PlanRace::PlanRace(BenchLayer& layer, const Options& options, std::vector<Racer>& racers)
    : layer_(layer), options_(options), racers_(racers), sessions_(racers.size()) {}

Options PlanRace::options_of(const Racer& racer) const {
  Options options = options_;
  options.plan = racer.chosen ? "" : racer.plan;
  return options;
}

void PlanRace::turn(std::size_t index, double us) {
  Racer& racer = racers_[index];
  if (!racer.error.empty()) return;
  try {
    std::unique_ptr<Session> session = std::move(sessions_[index]);
    const bool kept = session != nullptr;
    if (!kept)
      session = std::make_unique<Session>(layer_.problem.line, options_of(racer), layer_.data,
                                          layer_.size);
    if (racer.turns.count() == 0) {
      const Inspection made = session->inspection();
      racer.turns = Turns(made.workers == 1);
      racer.executed_multiply_adds = made.executed_multiply_adds;
      if (racer.chosen) chosen_ = made;
    }
    racer.turns.take([&] { session->run(); }, us, true);
    if (kept) {
      sessions_[index] = std::move(session);
    } else if (kept_bytes_ + session->bytes() <= kMostKeptBytes) {
      kept_bytes_ += session->bytes();
      sessions_[index] = std::move(session);
    }
  } catch (const Error& e) {
    if (racer.chosen) throw;
    racer.error = e.what();
  }
}

void PlanRace::run(int rounds, double turn_us, const std::function<void(std::size_t)>& progress) {
  std::vector<std::size_t> order(racers_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < order.size(); ++i) {
      progress(i);
      turn(order[i], turn_us);
    }
    if (round == 0) {
      double best = std::numeric_limits<double>::infinity();
      for (const Racer& r : racers_) best = std::min(best, key(r));
      std::erase_if(order, [&](std::size_t i) {
        if (racers_[i].chosen || key(racers_[i]) <= kTooSlow * best) return false;
        if (sessions_[i]) kept_bytes_ -= sessions_[i]->bytes();
        sessions_[i].reset();
        return true;
      });
    }
    if (!order.empty())
      std::rotate(order.begin(),
                  order.begin() + static_cast<std::ptrdiff_t>(order.size() / 3 + 1) %
                                      static_cast<std::ptrdiff_t>(order.size()),
                  order.end());
  }
  sessions_.clear();
  std::stable_sort(racers_.begin(), racers_.end(),
                   [](const Racer& a, const Racer& b) { return key(a) < key(b); });
}

}  // namespace tconv::tools
