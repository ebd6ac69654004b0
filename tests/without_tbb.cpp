// TCONV_TBB=OFF: several threads are the caller's own or none; the numbers stay the same. The
// program links the shared library that is built so, and nothing inside of it.
#include <gtest/gtest.h>
#include <tconv/inspect.hpp>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace {

using tconv::ConvTranspose;

// 134 million multiply-adds: worth a fork on any machine.
const std::string kLine = "f32 nhwc ic=64 oc=64 i=32x64 k=4 s=2 p=1 bias";

std::vector<float> numbers(std::size_t count) {
  std::vector<float> values(count);
  std::uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 16777216.0f - 0.5f;
  }
  return values;
}

// What the layer gives with so many threads and, if it is not null, the caller's pool.
std::vector<float> output(int threads, tconv::ParallelFor pool = {}) {
  tconv::Options options;
  options.threads = threads;
  const ConvTranspose op = ConvTranspose::create(kLine, options);
  const auto input = numbers(32 * 64 * 64), filter = numbers(4 * 4 * 64 * 64), bias = numbers(64);
  std::vector<float> result(64 * 128 * 64);
  std::vector<std::byte> packed(op.packed_filter_bytes());
  op.pack(filter.data(), packed.data());
  tconv::RunArgs args;
  args.input = {input.data(), input.size() * sizeof(float)};
  args.packed_filter = {packed.data(), packed.size()};
  args.bias = {bias.data(), bias.size() * sizeof(float)};
  args.output = {result.data(), result.size() * sizeof(float)};
  args.parallel_for = pool;
  op.run(args);
  return result;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// A thread for each task; counts them.
void on_threads(void* count, std::int32_t tasks, tconv::ParallelFor::Task task, void* context) {
  *static_cast<int*>(count) += tasks;
  std::vector<std::thread> threads;
  for (std::int32_t i = 0; i < tasks; ++i) threads.emplace_back(task, context, i);
  for (std::thread& thread : threads) thread.join();
}

TEST(WithoutTbb, ItIsNotLoaded) {
  std::ifstream file("/proc/self/maps");
  const std::string maps(std::istreambuf_iterator<char>(file), {});
  EXPECT_NE(maps.find("libtconv"), std::string::npos);
  EXPECT_EQ(maps.find("libtbb"), std::string::npos);
  EXPECT_EQ(tconv::host_info().pool, "");
}

TEST(WithoutTbb, TheCallingThreadWorksAloneAndTheDescriptionSaysSo) {
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
  };
  const std::vector<float> alone = output(1);
  const auto before = threads();
  EXPECT_TRUE(same_bits(output(3), alone));
  EXPECT_EQ(threads(), before);
  const auto description = [](int count) {
    tconv::Options options;
    options.threads = count;
    return ConvTranspose::create(kLine, options).describe();
  };
  EXPECT_NE(description(3).find(" threads=3 "), std::string::npos) << description(3);
  EXPECT_NE(description(3).find(" pool=none"), std::string::npos) << description(3);
  EXPECT_EQ(description(1).find(" pool=none"), std::string::npos) << description(1);
}

TEST(WithoutTbb, TheCallersThreadsWork) {
  int tasks = 0;
  EXPECT_TRUE(same_bits(output(3, {on_threads, &tasks}), output(1)));
  EXPECT_GE(tasks, 3);
}

}  // namespace
