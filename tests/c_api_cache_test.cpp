// The kernel cache through the C API: its counters add up, its limit holds, and the struct of the
// counters grows like the arguments of a run.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "tconv/tconv.h"

namespace tconv {
namespace {

tconv_counters counters() {
  tconv_counters c{};
  c.struct_size = sizeof c;
  EXPECT_EQ(tconv_cache_counters(&c), TCONV_OK) << tconv_last_error();
  EXPECT_EQ(c.struct_size, sizeof c);
  return c;
}

void create_and_drop(const std::string& line) {
  tconv_op* op = nullptr;
  EXPECT_EQ(tconv_create(line.c_str(), nullptr, &op), TCONV_OK) << tconv_last_error();
  tconv_destroy(op);
}

struct CacheCalls : testing::Test {
  ~CacheCalls() override { tconv_set_cache_limit(std::size_t{64} << 20); }
};

TEST_F(CacheCalls, AThousandProblemsThroughOneMebibyte) {
  constexpr std::int64_t limit = 1 << 20, problems = 1000;
  ASSERT_EQ(tconv_set_cache_limit(0), TCONV_OK);  // empties it
  ASSERT_EQ(counters().entries, 0);
  ASSERT_EQ(counters().bytes, 0);
  ASSERT_EQ(tconv_set_cache_limit(limit), TCONV_OK);
  const tconv_counters before = counters();
  EXPECT_EQ(before.limit_bytes, limit);
  for (std::int64_t i = 1; i <= problems; ++i) {
    const std::string line = "f32 nwc ic=3 oc=4 k=3 s=2 bias i=" + std::to_string(i);
    create_and_drop(line);
    create_and_drop(line);  // is still there
    const tconv_counters c = counters();
    ASSERT_LE(c.bytes, limit);
    ASSERT_EQ(c.misses - before.misses, i);
    ASSERT_EQ(c.hits - before.hits, i);
    ASSERT_EQ(c.compiles - before.compiles, i);
    ASSERT_EQ(c.entries + c.evictions - before.evictions, i);
  }
  const tconv_counters c = counters();
  EXPECT_GT(c.evictions, before.evictions);
  EXPECT_GT(c.entries, 1);
  create_and_drop("f32 nwc ic=3 oc=4 k=3 s=2 bias i=1");  // was the first to go
  EXPECT_EQ(counters().compiles, c.compiles + 1);
  EXPECT_EQ(counters().hits, c.hits);
}

TEST_F(CacheCalls, FailuresAreNoCompiles) {
  const tconv_counters before = counters();
  tconv_op* op = nullptr;
  EXPECT_EQ(tconv_create("f32 nwc ic=3 oc=4 k=3 i=9", "plan=direct(mr=900,nr=1)", &op),
            TCONV_INVALID_ARGUMENT);
  EXPECT_EQ(counters().compiles, before.compiles);
  EXPECT_EQ(counters().entries, before.entries);
}

TEST_F(CacheCalls, AnyLimitIsALimit) {
  EXPECT_EQ(tconv_set_cache_limit(std::numeric_limits<std::size_t>::max()), TCONV_OK);
  EXPECT_EQ(counters().limit_bytes, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(tconv_set_cache_limit(12345), TCONV_OK);
  EXPECT_EQ(counters().limit_bytes, 12345);
  EXPECT_LE(counters().bytes, 12345);
}

TEST_F(CacheCalls, CountersGrowAtTheirEnd) {
  struct {
    tconv_counters known;
    unsigned char more[24];
  } later;
  std::memset(&later, 0xEE, sizeof later);
  later.known.struct_size = sizeof later;
  ASSERT_EQ(tconv_cache_counters(&later.known), TCONV_OK) << tconv_last_error();
  EXPECT_EQ(later.known.struct_size, sizeof later);
  EXPECT_EQ(later.known.limit_bytes, counters().limit_bytes);
  for (const unsigned char byte : later.more) EXPECT_EQ(byte, 0);

  EXPECT_EQ(tconv_cache_counters(nullptr), TCONV_INVALID_ARGUMENT);
  for (const std::size_t size : {std::size_t{0}, sizeof(std::size_t), sizeof(tconv_counters) - 8,
                                 std::size_t{4097}, std::numeric_limits<std::size_t>::max()}) {
    std::memset(&later, 0xEE, sizeof later);
    later.known.struct_size = size;
    EXPECT_EQ(tconv_cache_counters(&later.known), TCONV_INVALID_ARGUMENT);
    EXPECT_NE(std::strstr(tconv_last_error(), "counters.struct_size"), nullptr);
    const auto* bytes = reinterpret_cast<const unsigned char*>(&later);
    for (std::size_t i = sizeof size; i < sizeof later; ++i) ASSERT_EQ(bytes[i], 0xEE) << i;
  }
}

}  // namespace
}  // namespace tconv
