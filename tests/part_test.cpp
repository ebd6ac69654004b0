// Parts: what is opened, what is refused and what is said then.
#include "jit/part.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "jit/backend.h"
#include "jit/disassembler/interface.h"
#include "tests/support/spawn.h"
#include "tests/support/temporary_folder.h"

namespace tconv {
namespace {

namespace fs = std::filesystem;

const std::string kFile = "libtconv_disassembler.so";
const std::string kOfAnotherVersion = TCONV_BINARY_DIR "/tests/other_version";
const std::string kLine = "f32 nhwc ic=6 oc=20 i=5x4 k=4 s=2 p=1";

// What open_part says when it opens nothing; empty when it does.
std::string refusal(const std::vector<std::string>& folders) {
  try {
    jit::open_part("disassembler", folders);
    return {};
  } catch (const jit::PartError& error) {
    return error.what();
  }
}

TEST(Part, AnotherVersionIsRefusedAndTheNextFolderAsked) {
  ASSERT_TRUE(fs::exists(kOfAnotherVersion + "/" + kFile));
  const std::string said = refusal({kOfAnotherVersion});
  EXPECT_NE(said.find(kOfAnotherVersion + "/" + kFile + " is of tconv 0.0.0-other"),
            std::string::npos)
      << said;
  EXPECT_EQ(refusal({kOfAnotherVersion, TCONV_BINARY_DIR}), "");
}

TEST(Part, WhatCannotBeOpenedIsNamedWithThePlaces) {
  const test::TemporaryFolder none, text, foreign;
  std::ofstream(text.file(kFile)) << "not a library";
  fs::copy_file(TCONV_BINARY_DIR "/libtconv.so", foreign.file(kFile));
  const std::string said =
      refusal({none.path().string(), text.path().string(), foreign.path().string()});
  EXPECT_EQ(said.find(kFile + " cannot be opened; it is not in " + none.path().string()), 0u);
  EXPECT_NE(said.find(text.file(kFile)), std::string::npos) << said;
  EXPECT_NE(said.find(foreign.file(kFile) + " is no part of tconv"), std::string::npos) << said;
}

class Bytes : public jit::CompiledProgram {
 public:
  explicit Bytes(std::span<const std::byte> code) {
    code_ = code;
    stages_ = {{{"kernel", nullptr, 0, code.size()}}};
  }
};

TEST(Part, IsOpenedOnceByManyThreads) {
  const std::array<std::byte, 1> ret{std::byte{0xC3}};
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { right += jit::disassemble(Bytes(ret)) == "kernel:\n  ret\n"; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8);
}

TEST(Part, ItsExceptionsAreTheLibrarys) {
  const std::array<std::byte, 1> push_es{std::byte{0x06}};  // no instruction in 64-bit mode
  EXPECT_THROW(jit::disassemble(Bytes(push_es)), jit::CompileError);
}

// A copy of the program in a folder of its own: everything but the disassembly works.
TEST(Part, AProgramWithoutItGoesOn) {
  const test::TemporaryFolder folder;
  fs::create_directory(folder.file("bin"));
  const std::string program = folder.file("bin/tconv");
  fs::copy_file(TCONV_BINARY_DIR "/tconv", program);
  const test::Finished without = test::spawn({program, "dump", "--stage", "asm", kLine});
  if (without.status == 0) GTEST_SKIP() << "tconv is installed on this machine";
  EXPECT_EQ(without.status, 2);
  EXPECT_NE(without.err.find(kFile + " cannot be opened; it is not in " + folder.file("bin")),
            std::string::npos)
      << without.err;
  const test::Finished dumped = test::spawn({program, "check", kLine}, {{"TCONV_DUMP", "asm"}});
  EXPECT_EQ(dumped.status, 0);
  EXPECT_EQ(dumped.err.find("== asm\n" + kFile + " cannot be opened"), 0u) << dumped.err;

  fs::copy_file(TCONV_BINARY_DIR "/" + kFile, folder.file("bin/" + kFile));
  EXPECT_EQ(test::spawn({program, "dump", "--stage", "asm", kLine}).status, 0);
}

}  // namespace
}  // namespace tconv
