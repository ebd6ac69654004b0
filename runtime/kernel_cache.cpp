#include "runtime/kernel_cache.h"

#include <pthread.h>

#include <atomic>
#include <iterator>
#include <new>
#include <utility>

#include "runtime/error.h"
#include "runtime/host.h"

namespace tconv::runtime {
namespace {

constexpr std::int64_t kDefaultLimit = std::int64_t{64} << 20;
// Somebody who writes the same problem in ever new ways must not fill the memory.
constexpr std::size_t kMostNames = 5;

// When the library is loaded, so that no fork can come between: a child must find neither the cache
// nor what is known of the host half made by a thread that it does not have.
[[maybe_unused]] const bool kForkSafe = [] {
  host();
  KernelCache::process();
  return pthread_atfork([] { KernelCache::process().before_fork(); },
                        [] { KernelCache::process().after_fork_in_parent(); },
                        [] { KernelCache::process().after_fork_in_child(); }) == 0;
}();

}  // namespace

// Waiting is on an atomic: a condition variable with waiters from before a fork can neither be used
// nor destroyed in the child.
struct KernelCache::Flight {
  enum State : int { compiling, made, failed };

  explicit Flight(std::int64_t forks) : forks_before(forks) {}

  const std::int64_t forks_before;
  std::atomic<int> state{compiling};
  std::shared_ptr<const Operation> operation;  // made
  Status status = Status::internal;            // failed
  std::string what;

  void finish(State now) {
    state.store(now, std::memory_order_release);
    state.notify_all();
  }
  void fail(const Error& error) {
    status = error.status();
    try {
      what = error.what();
    } catch (const std::bad_alloc&) {  // no memory for the sentence: the status must do
    }
    finish(failed);
  }
  std::shared_ptr<const Operation> wait() const {
    state.wait(compiling, std::memory_order_acquire);
    if (state.load(std::memory_order_acquire) == failed) throw Error(status, what);
    return operation;
  }
};

KernelCache& KernelCache::process() {
  static KernelCache& cache = *new KernelCache(kDefaultLimit);
  return cache;
}

std::shared_ptr<const Operation> KernelCache::find(const std::string& spelling) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(spelling);
  return found == names_.end() ? nullptr : use(found->second);
}

std::shared_ptr<const Operation> KernelCache::get(const std::string& key,
                                                  const std::string& spelling,
                                                  const std::function<Made()>& make) {
  std::shared_ptr<Flight> flight;
  bool mine = false;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = names_.find(key); found != names_.end()) {
      name(found->second, spelling);
      return use(found->second);
    }
    const auto waiting = flights_.find(key);
    mine = waiting == flights_.end() || waiting->second->forks_before != forks_;
    if (mine)
      flight = flights_.insert_or_assign(key, std::make_shared<Flight>(forks_)).first->second;
    else
      flight = waiting->second;
    ++misses_;
  }
  if (!mine) return flight->wait();

  Entries dropped;  // freed when no lock is held
  try {
    Made made = guarded(make);
    flight->operation = made.operation;
    const std::lock_guard lock(mutex_);
    ++compiles_;
    if (made.keep) {
      try {
        insert(key, spelling, made);
        dropped = evict();
      } catch (const std::bad_alloc&) {  // not kept, but made
      }
    }
    land(key, flight);
  } catch (const Error& e) {
    {
      const std::lock_guard lock(mutex_);
      land(key, flight);
    }
    flight->fail(e);
    throw;
  }
  flight->finish(Flight::made);
  return flight->operation;
}

void KernelCache::land(const std::string& key, const std::shared_ptr<Flight>& flight) {
  const auto found = flights_.find(key);
  if (found != flights_.end() && found->second == flight) flights_.erase(found);
}

std::shared_ptr<const Operation> KernelCache::use(Entries::iterator entry) {
  ++hits_;
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->operation;
}

void KernelCache::name(Entries::iterator entry, const std::string& text) {
  if (names_.contains(text)) return;
  if (entry->names.size() == kMostNames) {
    names_.erase(names_.find(*entry->names[1]));
    entry->names.erase(entry->names.begin() + 1);
  }
  entry->names.reserve(kMostNames);
  const auto at = names_.emplace(text, entry).first;
  entry->names.push_back(&at->first);
}

void KernelCache::insert(const std::string& key, const std::string& spelling, const Made& made) {
  entries_.push_front({made.operation, made.bytes, {}});
  bytes_ += made.bytes;
  try {
    name(entries_.begin(), key);
    name(entries_.begin(), spelling);
  } catch (...) {
    Entries unnamed;
    remove(entries_.begin(), unnamed);
    throw;
  }
}

void KernelCache::remove(Entries::iterator entry, Entries& dropped) {
  for (const std::string* text : entry->names) names_.erase(names_.find(*text));
  bytes_ -= entry->bytes;
  dropped.splice(dropped.end(), entries_, entry);
}

KernelCache::Entries KernelCache::evict() {
  Entries dropped;
  while (bytes_ > limit_ && !entries_.empty()) {
    remove(std::prev(entries_.end()), dropped);
    ++evictions_;
  }
  return dropped;
}

void KernelCache::set_limit(std::int64_t bytes) {
  Entries dropped;
  const std::lock_guard lock(mutex_);
  limit_ = bytes;
  dropped = evict();
}

KernelCacheCounters KernelCache::counters() const {
  const std::lock_guard lock(mutex_);
  return {hits_, misses_, compiles_, evictions_, bytes_, static_cast<std::int64_t>(entries_.size()),
          limit_};
}

void KernelCache::after_fork_in_child() {
  ++forks_;
  mutex_.unlock();
}

}  // namespace tconv::runtime
