// Operations that were made already, found again by their key or by how somebody wrote them.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tconv/tconv.hpp"

namespace tconv::runtime {

class Operation;

// Thread-safe. Bounded by bytes, least recently used out first; who holds an operation keeps it
// alive whatever happens here. No lock is held while something is compiled or freed.
class KernelCache {
 public:
  struct Made {
    std::shared_ptr<const Operation> operation;
    std::int64_t bytes = 0;  // what keeping it costs
    bool keep = true;        // false: handed to those who wait for it, then forgotten
  };

  explicit KernelCache(std::int64_t limit_bytes) : limit_(limit_bytes) {}
  KernelCache(const KernelCache&) = delete;
  KernelCache& operator=(const KernelCache&) = delete;

  // The one of this process, never destroyed: operations may be made while the program ends. It
  // works in the child of a fork, whatever other threads were compiling.
  static KernelCache& process();

  // Null if nothing was made under this spelling, or it is gone. Counts a hit, not a miss.
  std::shared_ptr<const Operation> find(const std::string& spelling);

  // The operation of the key; `make` is called if there is none, by one of those who ask at the
  // same time, while the others wait. When it throws, all of them get the error and nothing is
  // kept. Throws tconv::Error only.
  std::shared_ptr<const Operation> get(const std::string& key, const std::string& spelling,
                                       const std::function<Made()>& make);

  void set_limit(std::int64_t bytes);
  KernelCacheCounters counters() const;

  // Around fork: held over it, and in the child the compilations of other threads are given up.
  void before_fork() { mutex_.lock(); }
  void after_fork_in_parent() { mutex_.unlock(); }
  void after_fork_in_child();

 private:
  struct Entry {
    std::shared_ptr<const Operation> operation;
    std::int64_t bytes = 0;
    std::vector<const std::string*> names;  // keys of names_: the key, then spellings
  };
  using Entries = std::list<Entry>;  // most recently used first
  struct Flight;                     // a compilation that others may wait for

  std::shared_ptr<const Operation> use(Entries::iterator entry);
  void name(Entries::iterator entry, const std::string& text);
  void remove(Entries::iterator entry, Entries& dropped);
  void insert(const std::string& key, const std::string& spelling, const Made& made);
  // Allocates nothing. What it returns is to be freed when no lock is held.
  Entries evict();
  void land(const std::string& key, const std::shared_ptr<Flight>& flight);

  mutable std::mutex mutex_;
  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> names_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
  std::int64_t limit_, bytes_ = 0;
  std::int64_t hits_ = 0, misses_ = 0, compiles_ = 0, evictions_ = 0;
  std::int64_t forks_ = 0;  // between this process and the one that was started
};

}  // namespace tconv::runtime
