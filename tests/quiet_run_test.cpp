// A run with a workspace, by one thread or by the caller's, neither allocates, locks nor enters the
// kernel. Allocation and locking are counted by standing in front of the C library; a system call
// would kill a child in strict seccomp mode. Sanitizers stand in the same places, so there the test
// is skipped.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <immintrin.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tconv/tconv.h"
#include "tests/support/sanitizer.h"
#include "tools/tensor_data.h"

namespace {
thread_local long allocations = 0, locks = 0;
}  // namespace

#if !TCONV_SANITIZED
// operator new is one of malloc's callers.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) noexcept {
  ++allocations;
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) noexcept {
  ++allocations;
  return __libc_calloc(count, bytes);
}
void* realloc(void* old, std::size_t bytes) noexcept {
  ++allocations;
  return __libc_realloc(old, bytes);
}
void* aligned_alloc(std::size_t align, std::size_t bytes) noexcept {
  ++allocations;
  return __libc_memalign(align, bytes);
}
int posix_memalign(void** out, std::size_t align, std::size_t bytes) noexcept {
  ++allocations;
  *out = __libc_memalign(align, bytes);
  return *out == nullptr ? ENOMEM : 0;
}

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  using Lock = int (*)(pthread_mutex_t*);
  static const auto real = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  ++locks;
  return real(mutex);
}
}
#endif

namespace tconv {
namespace {

using tools::Buffer;

struct Destroy {
  void operator()(tconv_op* op) const { tconv_destroy(op); }
};

const bool kForkAlways = setenv("TCONV_FORK_US", "0", 1) == 0;  // however small the problem

struct Size {
  std::int64_t batch = 0, length = 0;
};

// An operation and everything that its runs take.
class Call {
 public:
  Call(const std::string& line, const std::string& options, bool finite = true, Size size = {})
      : data_(tools::random_data(shape(line, size), 11)) {
    tconv_op* op = nullptr;
    EXPECT_EQ(tconv_create(line.c_str(), options.c_str(), &op), TCONV_OK) << tconv_last_error();
    op_.reset(op);
    packed_ = Buffer(tconv_packed_filter_bytes(op));
    workspace_ = Buffer(tconv_workspace_bytes(op));
    if (!finite) *data_.filter.as<float>() = std::numeric_limits<float>::infinity();
    EXPECT_EQ(tconv_pack_filter(op, data_.filter.data(), packed_.data()), TCONV_OK);
    for (const Buffer& b : data_.operands) operands_.push_back({b.data(), b.bytes()});
    args_.struct_size = sizeof args_;
    args_.input = {data_.input.data(), data_.input.bytes()};
    args_.packed_filter = {packed_.data(), packed_.bytes()};
    args_.bias = {data_.bias.data(), data_.bias.bytes()};
    args_.output = {data_.output.data(), data_.output.bytes()};
    args_.operands = operands_.data();
    args_.operand_count = operands_.size();
    args_.workspace = {workspace_.data(), workspace_.bytes()};
    args_.batch = size.batch;
    args_.length = size.length;
  }

  bool run(tconv_parallel_for parallel_for = nullptr, void* context = nullptr) const {
    tconv_args args = args_;
    args.parallel_for = parallel_for;
    args.parallel_context = context;
    if (tconv_run_args(op_.get(), &args) != TCONV_OK) return false;
    const bool short_call =
        parallel_for == nullptr && operands_.empty() && args_.batch == 0 && args_.length == 0;
    return !short_call ||
           tconv_run(op_.get(), args_.input.data, args_.packed_filter.data, args_.bias.data,
                     args_.output.data, args_.workspace.data) == TCONV_OK;
  }

  // What another process would have stored.
  void take_packed(const Call& other) {
    ASSERT_EQ(packed_.bytes(), other.packed_.bytes());
    std::memcpy(packed_.data(), other.packed_.data(), packed_.bytes());
  }
  tconv_status prepare() const { return tconv_prepare(op_.get(), packed_.data(), packed_.bytes()); }

 private:
  static tools::Shape shape(const std::string& line, Size size) {
    tools::Shape shape = tools::parse_shape(line);
    shape.n_min = shape.i_min = 0;
    if (size.batch > 0) shape.n = size.batch;
    if (size.length > 0) {
      shape.o[0] -= shape.s[0] * (shape.i[0] - size.length);
      shape.i[0] = size.length;
    }
    return shape;
  }

  std::unique_ptr<tconv_op, Destroy> op_;
  tools::TensorData data_;
  Buffer packed_, workspace_;
  std::vector<tconv_const_tensor> operands_;
  tconv_args args_{};
};

constexpr const char* kTwinLine = "f32 nhwc n=1 ic=16 oc=32 i=8x8 o=16x16 k=4x4 s=2x2 p=1x1 bias";

// One of each way through a run: strip in the workspace, channels-first, channel-wise, streaming
// stores, operands of post-ops, the twin for infinities, sizes known only now, nothing to compute.
std::vector<Call> calls(const std::string& options) {
  std::vector<Call> list;
  list.emplace_back("f32 nhwc n=1 ic=20 oc=40 i=12x11 o=24x22 k=4x4 s=2x2 p=1x1 bias gelu",
                    options);
  list.emplace_back("f32 nchw n=2 ic=6 oc=3 i=9x10 o=18x20 k=4x4 s=2x2 p=1x1 bias tanh", options);
  list.emplace_back("f32 nhwc n=1 g=32 ic=32 oc=32 i=9x9 o=18x18 k=4x4 s=2x2 p=1x1", options);
  list.emplace_back("f32 nhwc n=1 ic=32 oc=64 i=20x20 o=40x40 k=2x2 s=2x2 bias",
                    options + " plan=direct(mr=4,nr=2,stream)");
  list.emplace_back("f32 nhwc n=1 ic=64 oc=64 i=32x32 o=64x64 k=4x4 s=2x2 p=1x1 bias relu",
                    options);  // winograd where the model knows the CPU
  list.emplace_back("f32 nhwc n=1 ic=5 oc=6 i=7x9 o=15x19 k=3x3 s=2x2 bias prelu add mul", options);
  list.emplace_back(kTwinLine, options, false);
  list.emplace_back("f32 nhwc n=1..9 ic=20 oc=24 i=6x5 k=4 s=2 p=1 bias relu", options, true,
                    Size{5, 0});
  list.emplace_back("f32 nwc ic=20 oc=24 i=1..400 k=16 s=8 p=4 bias", options, true, Size{0, 77});
  list.emplace_back("f32 nwc n=0 ic=1 oc=1 i=1 o=1 k=1", options);
  return list;
}

#if TCONV_SANITIZED
constexpr bool kSkip = true;
#else
constexpr bool kSkip = false;
#endif

// The calling thread is the whole pool.
void serial(void* calls, std::int32_t tasks, tconv_task task, void* context) {
  ++*static_cast<long*>(calls);
  for (std::int32_t i = tasks; i-- > 0;) task(context, i);
}

// A second thread that spins for work: the pool itself must be quiet. Whether the thread stood
// still in between is seen in its own counters.
class SpinningPool {
 public:
  // The new thread calls `enter` before it waits for work, and `leave` after it was stopped.
  template <class Enter, class Leave>
  SpinningPool(const Enter& enter, const Leave& leave)
      : helper_([this, enter, leave] {
          enter();
          ready_ = true;
          serve();
          leave();
        }) {
    while (!ready_) _mm_pause();
  }
  ~SpinningPool() {
    stop();
    if (helper_.joinable()) helper_.join();
  }
  SpinningPool(const SpinningPool&) = delete;
  SpinningPool& operator=(const SpinningPool&) = delete;

  static void parallel_for(void* self, std::int32_t tasks, tconv_task task, void* context) {
    static_cast<SpinningPool*>(self)->run(tasks, task, context);
  }
  long calls() const { return calls_; }
  long allocated() const { return allocated_; }
  long locked() const { return locked_; }
  bool gave_up() const { return gave_up_; }  // the thread is gone
  void stop() { job_ = kStop; }
  void forget() { helper_.detach(); }

 private:
  static constexpr long kNone = 0, kStop = -1;
  static constexpr long kPatience = 2'000'000'000;  // pauses of 10 to 50 ns; strict mode hides the
                                                    // time stamp counter

  void run(std::int32_t tasks, tconv_task task, void* context) {
    tasks_ = tasks, task_ = task, context_ = context;
    const long job = ++calls_;
    job_.store(job, std::memory_order_release);
    for (std::int32_t i = 0; i < tasks; i += 2) task(context, i);
    for (long waited = 0; done_.load(std::memory_order_acquire) != job && !gave_up_; ++waited) {
      _mm_pause();
      if (waited > kPatience) gave_up_ = true;
    }
  }
  void serve() {
    const long allocated = allocations, locked = locks;
    for (long last = kNone;;) {
      const long job = job_.load(std::memory_order_acquire);
      if (job == kStop) return;
      if (job == last) {
        _mm_pause();
        continue;
      }
      for (std::int32_t i = 1; i < tasks_; i += 2) task_(context_, i);
      allocated_ = allocations - allocated;
      locked_ = locks - locked;
      last = job;
      done_.store(job, std::memory_order_release);
    }
  }

  std::atomic<bool> ready_{false}, gave_up_{false};
  std::atomic<long> job_{kNone}, done_{kNone};
  std::atomic<long> allocated_{0}, locked_{0};
  long calls_ = 0;
  std::int32_t tasks_ = 0;
  tconv_task task_ = nullptr;
  void* context_ = nullptr;
  std::thread helper_;
};

// Runs all of them three times.
template <class Run>
void expect_nothing_counted(const std::vector<Call>& list, const Run& run) {
  const long allocated = allocations, locked = locks;
  EXPECT_GT(allocated, 0) << "nothing is counted";
  EXPECT_GT(locked, 0) << "nothing is counted";
  bool right = true;
  for (int round = 0; round < 3; ++round)
    for (const Call& call : list) right = run(call) && right;
  const long allocated_after = allocations, locked_after = locks;
  EXPECT_TRUE(right) << tconv_last_error();
  EXPECT_EQ(allocated_after, allocated);
  EXPECT_EQ(locked_after, locked);
}

TEST(QuietRun, NeitherAllocatesNorLocks) {
  if (kSkip) GTEST_SKIP() << "a sanitizer counts instead";
  expect_nothing_counted(calls("threads=1"), [](const Call& call) { return call.run(); });
}

TEST(QuietRun, NorInTheCallersThread) {
  if (kSkip) GTEST_SKIP() << "a sanitizer counts instead";
  ASSERT_TRUE(kForkAlways);
  long asked = 0;
  expect_nothing_counted(calls("threads=3"),
                         [&](const Call& call) { return call.run(serial, &asked); });
  EXPECT_GT(asked, 15) << "the pool was not used";
}

TEST(QuietRun, NorInTheCallersThreads) {
  if (kSkip) GTEST_SKIP() << "a sanitizer counts instead";
  SpinningPool pool([] {}, [] {});
  expect_nothing_counted(calls("threads=4"), [&](const Call& call) {
    return call.run(&SpinningPool::parallel_for, &pool);
  });
  EXPECT_GT(pool.calls(), 15) << "the pool was not used";
  EXPECT_FALSE(pool.gave_up());
  EXPECT_EQ(pool.allocated(), 0);
  EXPECT_EQ(pool.locked(), 0);
}

// A filter that was packed elsewhere and holds infinities: prepared, or the first run compiles and
// no other does.
TEST(QuietRun, AStoredFilterIsPreparedOrCompiledOnce) {
  if (kSkip) GTEST_SKIP() << "a sanitizer counts instead";
  ASSERT_EQ(tconv_set_cache_limit(0), TCONV_OK);  // every create is a new operation
  const Call packer(kTwinLine, "threads=1", false);
  Call prepared(kTwinLine, "threads=1"), unprepared(kTwinLine, "threads=1");
  ASSERT_EQ(tconv_set_cache_limit(std::size_t{64} << 20), TCONV_OK);
  prepared.take_packed(packer);
  unprepared.take_packed(packer);

  const long before_prepare = allocations;
  ASSERT_EQ(prepared.prepare(), TCONV_OK) << tconv_last_error();
  EXPECT_GT(allocations, before_prepare) << "nothing was compiled";
  const long before_runs = allocations;
  const bool right = prepared.run() && prepared.run() && prepared.prepare() == TCONV_OK;
  const long after_runs = allocations;
  EXPECT_TRUE(right) << tconv_last_error();
  EXPECT_EQ(after_runs, before_runs);

  EXPECT_TRUE(unprepared.run()) << tconv_last_error();
  const long after_first = allocations;
  EXPECT_GT(after_first, after_runs) << "the first run compiles";
  const bool again = unprepared.run();
  const long after_second = allocations;
  EXPECT_TRUE(again) << tconv_last_error();
  EXPECT_EQ(after_second, after_first);
}

// ---- system calls

constexpr int kNoSeccomp = 77;

// From here on every system call but read, write and exit kills the thread.
bool enter_strict_mode() { return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0; }
[[noreturn]] void exit_thread(int status) {
  syscall(SYS_exit, status);  // exit_group would be refused as well
  __builtin_trap();
}

// Runs `body` in a child that enters strict mode itself, and tells its wait status.
template <class Body>
std::optional<int> in_child(const Body& body) {
  const pid_t child = fork();
  if (child == 0) exit_thread(body());
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoSeccomp) return {};
  return status;
}
template <class Body>
std::optional<int> in_strict_child(const Body& body) {
  return in_child([&] { return enter_strict_mode() ? (body() ? 0 : 1) : kNoSeccomp; });
}

template <class Run>
bool all_run(const std::vector<Call>& list, const Run& run) {
  bool right = true;
  for (int round = 0; round < 3; ++round)
    for (const Call& call : list) right = run(call) && right;
  return right;
}

struct QuietKernel : testing::Test {
  void SetUp() override {
    if (kSkip) GTEST_SKIP() << "sanitizers make system calls";
    const auto caught = in_strict_child([] { return syscall(SYS_getppid) != 0; });
    if (!caught) GTEST_SKIP() << "no seccomp here";
    ASSERT_TRUE(WIFSIGNALED(*caught)) << "system calls go through";
  }
  static void expect_quiet(const std::optional<int>& status) {
    ASSERT_TRUE(status && WIFEXITED(*status)) << "a system call";
    EXPECT_EQ(WEXITSTATUS(*status), 0);
  }
};

TEST_F(QuietKernel, IsNeverEntered) {
  const std::vector<Call> list = calls("threads=1");
  expect_quiet(in_strict_child(
      [&list] { return all_run(list, [](const Call& call) { return call.run(); }); }));
}

TEST_F(QuietKernel, NorByTheCallersThread) {
  const std::vector<Call> list = calls("threads=3");
  expect_quiet(in_strict_child([&list] {
    long asked = 0;
    return all_run(list, [&](const Call& call) { return call.run(serial, &asked); }) && asked > 15;
  }));
}

// Both threads of the child are in strict mode; one that is killed is missed by the other.
TEST_F(QuietKernel, NorByTheCallersThreads) {
  const std::vector<Call> list = calls("threads=4");
  expect_quiet(in_child([&list] {
    bool helper_is_strict = false;
    auto* pool =
        new SpinningPool([&] { helper_is_strict = enter_strict_mode(); }, [] { exit_thread(0); });
    pool->forget();
    if (!helper_is_strict || !enter_strict_mode()) _exit(kNoSeccomp);
    const bool right = all_run(
        list, [&](const Call& call) { return call.run(&SpinningPool::parallel_for, pool); });
    pool->stop();
    return right && !pool->gave_up() && pool->calls() > 15 ? 0 : 1;
  }));
}

}  // namespace
}  // namespace tconv
