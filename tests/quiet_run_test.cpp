// A run with one thread and a workspace neither allocates, locks nor enters the kernel. Allocation
// and locking are counted by standing in front of the C library; a system call would kill a child
// in strict seccomp mode. Sanitizers stand in the same places, so there the test is skipped.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tconv/tconv.h"
#include "tools/tensor_data.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TCONV_SANITIZED 1
#else
#define TCONV_SANITIZED 0
#endif

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

// An operation and everything that its runs take.
class Call {
 public:
  explicit Call(const std::string& line, const char* options = "threads=1", bool finite = true)
      : data_(tools::random_data(tools::parse_shape(line), 11)) {
    tconv_op* op = nullptr;
    EXPECT_EQ(tconv_create(line.c_str(), options, &op), TCONV_OK) << tconv_last_error();
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
  }

  bool run() const {
    if (tconv_run_args(op_.get(), &args_) != TCONV_OK) return false;
    return !operands_.empty() ||
           tconv_run(op_.get(), args_.input.data, args_.packed_filter.data, args_.bias.data,
                     args_.output.data, args_.workspace.data) == TCONV_OK;
  }

 private:
  std::unique_ptr<tconv_op, Destroy> op_;
  tools::TensorData data_;
  Buffer packed_, workspace_;
  std::vector<tconv_const_tensor> operands_;
  tconv_args args_{};
};

// One of each way through a run: strip in the workspace, channels-first, channel-wise, streaming
// stores, operands of post-ops, the twin for infinities, nothing to compute.
std::vector<Call> calls() {
  std::vector<Call> list;
  list.emplace_back("f32 nhwc n=1 ic=20 oc=40 i=12x11 o=24x22 k=4x4 s=2x2 p=1x1 bias gelu");
  list.emplace_back("f32 nchw n=2 ic=6 oc=3 i=9x10 o=18x20 k=4x4 s=2x2 p=1x1 bias tanh");
  list.emplace_back("f32 nhwc n=1 g=32 ic=32 oc=32 i=9x9 o=18x18 k=4x4 s=2x2 p=1x1");
  list.emplace_back("f32 nhwc n=1 ic=32 oc=64 i=20x20 o=40x40 k=2x2 s=2x2 bias",
                    "threads=1 plan=direct(mr=8,nr=2,stream)");
  list.emplace_back("f32 nhwc n=1 ic=5 oc=6 i=7x9 o=15x19 k=3x3 s=2x2 bias prelu add mul");
  list.emplace_back("f32 nhwc n=1 ic=16 oc=32 i=8x8 o=16x16 k=4x4 s=2x2 p=1x1 bias", "threads=1",
                    false);
  list.emplace_back("f32 nwc n=0 ic=1 oc=1 i=1 o=1 k=1");
  return list;
}

#if TCONV_SANITIZED
constexpr bool kSkip = true;
#else
constexpr bool kSkip = false;
#endif

TEST(QuietRun, NeitherAllocatesNorLocks) {
  if (kSkip) GTEST_SKIP() << "a sanitizer counts instead";
  const std::vector<Call> list = calls();
  const long allocated = allocations, locked = locks;
  EXPECT_GT(allocated, 0) << "nothing is counted";
  EXPECT_GT(locked, 0) << "nothing is counted";
  bool right = true;
  for (int round = 0; round < 3; ++round)
    for (const Call& call : list) right = call.run() && right;
  const long allocated_after = allocations, locked_after = locks;
  EXPECT_TRUE(right) << tconv_last_error();
  EXPECT_EQ(allocated_after, allocated);
  EXPECT_EQ(locked_after, locked);
}

// Runs `body` in a child that dies of any system call but write and exit; its wait status, or
// nothing where seccomp is not to be had.
template <class Body>
std::optional<int> in_strict_child(const Body& body) {
  constexpr int no_seccomp = 77;
  const pid_t child = fork();
  if (child == 0) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(no_seccomp);
    syscall(SYS_exit, body() ? 0 : 1);  // exit_group would be refused as well
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == no_seccomp) return {};
  return status;
}

TEST(QuietRun, EntersTheKernelNever) {
  if (kSkip) GTEST_SKIP() << "sanitizers make system calls";
  const std::vector<Call> list = calls();
  const auto caught = in_strict_child([] { return syscall(SYS_getppid) != 0; });
  if (!caught) GTEST_SKIP() << "no seccomp here";
  EXPECT_TRUE(WIFSIGNALED(*caught)) << "system calls go through";
  const auto status = in_strict_child([&list] {
    bool right = true;
    for (int round = 0; round < 3; ++round)
      for (const Call& call : list) right = call.run() && right;
    return right;
  });
  ASSERT_TRUE(status && WIFEXITED(*status)) << "a system call";
  EXPECT_EQ(WEXITSTATUS(*status), 0);
}

}  // namespace
}  // namespace tconv
