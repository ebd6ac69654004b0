// Memory that runs out at every allocation in turn: create, pack and run say so or succeed, nothing
// leaks, nothing is written, and the next call works. Allocations of one thread are failed: those
// by malloc, operator new and mmap, or under a sanitizer, which stands there itself, by operator
// new.
#include <gtest/gtest.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <string>

#include "tconv/tconv.h"
#include "tests/support/sanitizer.h"
#include "tools/tensor_data.h"

namespace {

enum class Failing { one, all_from_then };
thread_local bool armed = false, failed = false;
thread_local Failing how = Failing::one;
thread_local long until = 0, live = 0;  // live: blocks and mappings of this thread

// Where libgcc lies: it takes memory for its registry of unwind information, and for nothing else
// here, without looking whether it got any.
struct Libgcc {
  Libgcc() {
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* self) {
          if (std::strstr(info->dlpi_name, "libgcc_s") == nullptr) return 0;
          auto& range = *static_cast<Libgcc*>(self);
          for (int i = 0; i < info->dlpi_phnum; ++i) {
            const auto& part = info->dlpi_phdr[i];
            if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
            range.begin = info->dlpi_addr + part.p_vaddr;
            range.end = range.begin + part.p_memsz;
          }
          return 1;
        },
        this);
  }
  bool has(const void* caller) const {
    const auto at = reinterpret_cast<std::uintptr_t>(caller);
    return begin <= at && at < end;
  }
  std::uintptr_t begin = 0, end = 0;
};

bool fails(const void* caller) {
  if (!armed) return false;
  static const Libgcc libgcc;
  if (libgcc.has(caller)) return false;
  const bool now = how == Failing::one ? --until == 0 : --until <= 0;
  failed = failed || now;
  return now;
}

void* counted(void* block) {
  if (block != nullptr) ++live;
  return block;
}

}  // namespace

#if TCONV_SANITIZED
void* operator new(std::size_t bytes) {
  void* block =
      fails(__builtin_return_address(0)) ? nullptr : counted(std::malloc(bytes == 0 ? 1 : bytes));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return fails(__builtin_return_address(0)) ? nullptr
                                            : counted(std::malloc(bytes == 0 ? 1 : bytes));
}
void* operator new(std::size_t bytes, std::align_val_t align) {
  const auto lines = static_cast<std::size_t>(align);
  void* block = fails(__builtin_return_address(0))
                    ? nullptr
                    : counted(std::aligned_alloc(lines, (bytes + lines - 1) / lines * lines));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete(void* block) noexcept {
  if (block != nullptr) --live;
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { operator delete(block); }
void operator delete(void* block, std::align_val_t) noexcept { operator delete(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  operator delete(block);
}
#else
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

static void* none() {
  errno = ENOMEM;
  return nullptr;
}
void* malloc(std::size_t bytes) noexcept {
  return fails(__builtin_return_address(0)) ? none() : counted(__libc_malloc(bytes));
}
void* calloc(std::size_t count, std::size_t bytes) noexcept {
  return fails(__builtin_return_address(0)) ? none() : counted(__libc_calloc(count, bytes));
}
void* realloc(void* old, std::size_t bytes) noexcept {
  if (fails(__builtin_return_address(0))) return none();
  return old == nullptr ? counted(__libc_realloc(old, bytes)) : __libc_realloc(old, bytes);
}
void* aligned_alloc(std::size_t align, std::size_t bytes) noexcept {
  return fails(__builtin_return_address(0)) ? none() : counted(__libc_memalign(align, bytes));
}
int posix_memalign(void** out, std::size_t align, std::size_t bytes) noexcept {
  if (fails(__builtin_return_address(0))) return ENOMEM;
  *out = counted(__libc_memalign(align, bytes));
  return *out == nullptr ? ENOMEM : 0;
}
void free(void* block) noexcept {
  if (block != nullptr) --live;
  __libc_free(block);
}
void* mmap(void* at, std::size_t bytes, int protection, int flags, int file,
           off_t offset) noexcept {
  if (fails(__builtin_return_address(0))) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  const long result = syscall(SYS_mmap, at, bytes, protection, flags, file, offset);
  if (result == -1) return MAP_FAILED;
  return counted(reinterpret_cast<void*>(result));
}
int munmap(void* at, std::size_t bytes) noexcept {
  --live;
  return static_cast<int>(syscall(SYS_munmap, at, bytes));
}
}
#endif

namespace tconv {
namespace {

using tools::Buffer;

// Calls with the n-th allocation failing for n = 1, 1 + step, .. until none is left to fail. A call
// says that memory is out or succeeds; `after` checks what it left.
template <class Call, class After>
void fail_each(Failing mode, const Call& call, const After& after, long step = 1) {
  long refused = 0, absorbed = 0;
  for (long nth = 1;; nth += step) {
    how = mode, until = nth, failed = false, armed = true;
    const tconv_status status = call();
    armed = false;
    ASSERT_TRUE(status == TCONV_OK || status == TCONV_OUT_OF_MEMORY)
        << "allocation " << nth << ": " << tconv_last_error();
    ASSERT_TRUE(failed || status == TCONV_OK);
    after(status);
    if (testing::Test::HasFatalFailure()) FAIL() << "allocation " << nth;
    if (!failed) break;
    ++(status == TCONV_OK ? absorbed : refused);
  }
  std::printf("%ld allocations failed: %ld made the call fail, %ld did not matter\n",
              refused + absorbed, refused, absorbed);
  EXPECT_GT(refused, 0) << "nothing was failed";
}

struct Case {
  const char *line, *options;
};
constexpr Case kCases[] = {
    {"f32 nhwc ic=20 oc=40 i=6x5 k=4 s=2 p=1 bias gelu", "threads=1 isa=avx2"},
    {"f32 nhwc ic=32 oc=64 i=8x8 k=2 s=2 bias prelu add", "plan=direct(mr=4,nr=2,stream) isa=avx2"},
    {"f32 nchw ic=6 oc=3 i=9x10 k=4 s=2 p=1 bias tanh", "isa=avx2"},
    {"f32 nhwc g=32 ic=32 oc=32 i=9x9 k=4 s=2 p=1", "isa=avx2"},
    {"f32 nhwc ic=20 oc=40 i=6x5 k=4 s=2 p=1 bias", "backend=interpreter isa=avx512"},
    {"f32 nwc n=0 ic=1 oc=1 i=1 k=1", "isa=avx2"},
};

class OutOfMemory : public testing::TestWithParam<Failing> {
 protected:
  ~OutOfMemory() override { tconv_set_cache_limit(std::size_t{64} << 20); }
};

// The same after a call that failed as before it, also inside of the kernel cache.
void expect_create_fails_cleanly(const Case& c, std::size_t limit, long step = 1) {
  const auto create = [&](tconv_op** op) { return tconv_create(c.line, c.options, op); };
  const auto forget = [&] {
    tconv_set_cache_limit(0);
    tconv_set_cache_limit(limit);
  };
  for (int warm = 0; warm < 2;
       ++warm) {  // tables of the cache, names of the host, the error's text
    tconv_op* op = nullptr;
    ASSERT_EQ(create(&op), TCONV_OK) << tconv_last_error();
    tconv_destroy(op);
    forget();
    ASSERT_EQ(tconv_create(c.line, "isa=none", &op), TCONV_INVALID_ARGUMENT);
  }
  const long before = live;
  tconv_op* op = nullptr;
  fail_each(
      OutOfMemory::GetParam(), [&] { return create(&op); },
      [&](tconv_status status) {
        ASSERT_EQ(op != nullptr, status == TCONV_OK);
        tconv_destroy(op);
        forget();
        ASSERT_EQ(live, before) << "leaked";
      },
      step);
}

TEST_P(OutOfMemory, CreateFailsCleanly) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.line);
    const bool all = &c == kCases || std::getenv("TCONV_TEST_FULL") != nullptr;
    expect_create_fails_cleanly(c, std::size_t{64} << 20, all ? 1 : 7);
    if (HasFatalFailure()) return;
  }
}

TEST_P(OutOfMemory, CreatePastTheCacheFailsCleanly) { expect_create_fails_cleanly(kCases[0], 0); }

std::int64_t compiles() {
  tconv_counters counters{};
  counters.struct_size = sizeof counters;
  EXPECT_EQ(tconv_cache_counters(&counters), TCONV_OK);
  return counters.compiles;
}

// What was made while memory was short, or after, computes the right thing.
TEST_P(OutOfMemory, WhatIsMadeWorks) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.line);
    const tools::Shape shape = tools::parse_shape(c.line);
    tools::TensorData data = tools::random_data(shape, 5);
    std::vector<tconv_const_tensor> operands;
    for (const Buffer& b : data.operands) operands.push_back({b.data(), b.bytes()});
    for (const long nth : {1L, 7L, 40L, std::numeric_limits<long>::max()}) {
      tconv_set_cache_limit(0);
      tconv_set_cache_limit(std::size_t{64} << 20);
      how = GetParam(), until = nth, armed = true;
      tconv_op* op = nullptr;
      const tconv_status status = tconv_create(c.line, c.options, &op);
      armed = false;
      if (status != TCONV_OK) {
        const std::int64_t before = compiles();
        ASSERT_EQ(tconv_create(c.line, c.options, &op), TCONV_OK) << tconv_last_error();
        EXPECT_EQ(compiles(), before + 1);
      }
      Buffer packed(tconv_packed_filter_bytes(op));
      ASSERT_EQ(tconv_pack_filter(op, data.filter.data(), packed.data()), TCONV_OK);
      tconv_args args{};
      args.struct_size = sizeof args;
      args.input = {data.input.data(), data.input.bytes()};
      args.packed_filter = {packed.data(), packed.bytes()};
      args.bias = {data.bias.data(), data.bias.bytes()};
      args.output = {data.output.data(), data.output.bytes()};
      args.operands = operands.data();
      args.operand_count = operands.size();
      if (data.output.bytes() > 0) std::memset(data.output.data(), 0xFF, data.output.bytes());
      ASSERT_EQ(tconv_run_args(op, &args), TCONV_OK) << tconv_last_error();
      EXPECT_TRUE(tools::Definition(shape, data.view()).check(data.output.data()).ok());
      tconv_destroy(op);
    }
  }
}

// A run that must bring its own workspace, a filter whose plan is compiled by pack or by run, and
// one that goes through winograd's transform.
TEST_P(OutOfMemory, PackAndRunWriteNothingWhenTheyFail) {
  const char* const line = "f32 nhwc ic=16 oc=32 i=8x8 k=4 s=2 p=1 bias";
  const tools::Shape shape = tools::parse_shape(line);
  tools::TensorData data = tools::random_data(shape, 5);
  const float finite = *data.filter.as<float>();
  const auto all_are = [](const Buffer& buffer, unsigned char value) {
    const auto* bytes = buffer.as<unsigned char>();
    for (std::size_t i = 0; i < buffer.bytes(); ++i)
      if (bytes[i] != value) return false;
    return true;
  };
  const char* const options = "isa=avx2 threads=1 plan=winograd(m=3x3,mr=3,nr=2,rows=3,cols=9)";
  tconv_set_cache_limit(0);  // every create is a new operation
  Buffer stored;
  struct Way {
    bool infinite, stored_filter;
  };
  for (const auto& [infinite, stored_filter] : {Way{true, false}, {true, true}, {false, false}}) {
    *data.filter.as<float>() = infinite ? std::numeric_limits<float>::infinity() : finite;
    tconv_op* op = nullptr;
    Buffer packed;
    fail_each(
        GetParam(),
        [&] {  // pack
          armed = false;
          tconv_destroy(op);
          EXPECT_EQ(tconv_create(line, options, &op), TCONV_OK);
          packed = Buffer(tconv_packed_filter_bytes(op));
          std::memset(packed.data(), 0x5A, packed.bytes());
          armed = true;
          if (!stored_filter) return tconv_pack_filter(op, data.filter.data(), packed.data());
          std::memcpy(packed.data(), stored.data(), packed.bytes());
          return tconv_prepare(op, packed.data(), packed.bytes());
        },
        [&](tconv_status status) {
          if (status != TCONV_OK && !stored_filter) {
            ASSERT_TRUE(all_are(packed, 0x5A));
          }
        });
    if (HasFatalFailure()) return;
    const auto run = [&] {
      return tconv_run(op, data.input.data(), packed.data(), data.bias.data(), data.output.data(),
                       nullptr);
    };
    std::memset(data.output.data(), 0xFF, data.output.bytes());
    if (!TCONV_SANITIZED) {  // the workspace comes from malloc
      fail_each(GetParam(), run, [&](tconv_status status) {
        if (status != TCONV_OK) {
          ASSERT_TRUE(all_are(data.output, 0xFF));
        }
      });
      if (HasFatalFailure()) return;
    }
    ASSERT_EQ(run(), TCONV_OK) << tconv_last_error();
    EXPECT_TRUE(tools::Definition(shape, data.view()).check(data.output.data()).ok());
    stored = std::move(packed);
    tconv_destroy(op);
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, OutOfMemory, testing::Values(Failing::one, Failing::all_from_then),
                         [](const auto& way) {
                           return way.param == Failing::one ? "OneAllocation" : "AllFromThen";
                         });

}  // namespace
}  // namespace tconv
