// From one backend to the next: who may, what is counted and what is said.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "tconv/inspect.hpp"
#include "tconv/tconv.hpp"
#include "tests/support/spawn.h"
#include "tests/support/temporary_folder.h"

namespace tconv {
namespace {

namespace fs = std::filesystem;

const std::string kLine = "f32 nhwc ic=6 oc=20 i=5x4 k=4 s=2 p=1 bias gelu";
const std::string kNoTable = "xbyak: Xbyak has no instruction table for target sse2";

void says(const std::string& text, const std::string& words) {
  EXPECT_NE(text.find(words), std::string::npos) << "said: " << text;
}

std::string refusal(const std::string& options) {
  try {
    ConvTranspose::create(kLine, Options::parse(options));
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), Status::unsupported) << e.what();
    return e.what();
  }
  return "was not refused";
}

std::vector<float> result(const ConvTranspose& op) {
  const ProblemInfo info = parse_problem(kLine);
  std::vector<float> input(static_cast<std::size_t>(info.input_elements)),
      filter(static_cast<std::size_t>(info.filter_elements)), bias(20, 0.5F),
      output(static_cast<std::size_t>(info.output_elements));
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = 0.37F * static_cast<float>(i % 11) - 1;
  for (std::size_t i = 0; i < filter.size(); ++i)
    filter[i] = 0.13F * static_cast<float>(i % 7) - 0.4F;
  std::vector<std::byte> packed(op.packed_filter_bytes());
  op.pack(filter.data(), packed.data());
  std::vector<std::byte> workspace(op.workspace_bytes());
  op.run(input.data(), packed.data(), bias.data(), output.data(), workspace.data());
  return output;
}

class Fallback : public testing::Test {
 protected:
  void SetUp() override {
    if (TCONV_WITH_LLVM == 0) GTEST_SKIP() << "this build has no LLVM (TCONV_LLVM=OFF)";
  }
};

TEST_F(Fallback, AutoGoesFromXbyakToLlvmCountedAndKept) {
  const std::int64_t before = fallback_count();
  const ConvTranspose op = ConvTranspose::create(kLine, Options::parse("isa=sse2"));
  says(op.describe(), "isa=sse2 backend=llvm");
  says(op.describe(), "fallback=" + kNoTable);
  EXPECT_EQ(inspect(op).fallback_reason, kNoTable);
  EXPECT_EQ(fallback_count(), before + 1);
  const ConvTranspose again = ConvTranspose::create(kLine, Options::parse("isa=sse2"));
  EXPECT_EQ(&again.operation(), &op.operation());
  EXPECT_EQ(fallback_count(), before + 1);
  const ConvTranspose oracle =
      ConvTranspose::create(kLine, Options::parse("isa=sse2 backend=interpreter"));
  EXPECT_EQ(fallback_count(), before + 1);
  EXPECT_EQ(result(op), result(oracle));
}

TEST_F(Fallback, LlvmByNameIsNoFallback) {
  const std::int64_t before = fallback_count();
  for (const std::string& isa : host_info().isas) {
    const ConvTranspose op =
        ConvTranspose::create(kLine, Options::parse("backend=llvm isa=" + isa));
    says(op.describe(), "backend=llvm");
    EXPECT_EQ(op.describe().find("fallback"), std::string::npos) << op.describe();
    const ConvTranspose oracle =
        ConvTranspose::create(kLine, Options::parse("backend=interpreter isa=" + isa));
    EXPECT_EQ(result(op), result(oracle)) << isa;
  }
  EXPECT_EQ(fallback_count(), before);
}

TEST(Fallbacks, ANamedBackendNeverFallsBack) {
  const std::int64_t before = fallback_count();
  says(refusal("backend=xbyak isa=sse2"), "no instruction table for target sse2");
  says(refusal("backend=xbyak isa=sse2 fallback=interpreter"),
       "no instruction table for target sse2");
  for (const char* backend : {"xbyak", "llvm"})
    says(refusal(std::string("fallback=interpreter isa=neon128 backend=") + backend),
         "isa=neon128 cannot run on this host: an AArch64 CPU is missing");
  EXPECT_EQ(fallback_count(), before);
}

// Neither backend can: one step, past LLVM.
TEST(Fallbacks, AnIsaThatTheHostLacksGoesToTheInterpreterIfThatWasAllowed) {
  const std::int64_t before = fallback_count();
  says(refusal("isa=neon128"), "isa=neon128 cannot run on this host");
  EXPECT_EQ(fallback_count(), before);
  const ConvTranspose op =
      ConvTranspose::create(kLine, Options::parse("isa=neon128 fallback=interpreter"));
  says(op.describe(), "backend=interpreter");
  says(op.describe(), "fallback=xbyak: isa=neon128 cannot run on this host");
  EXPECT_EQ(op.describe().find("llvm:"), std::string::npos) << op.describe();
  EXPECT_EQ(fallback_count(), before + 1);
}

// A copy of the program in a folder of its own.
TEST(Fallbacks, WithoutThePartEachStepSaysWhy) {
  const test::TemporaryFolder folder;
  fs::create_directory(folder.file("bin"));
  const std::string program = folder.file("bin/tconv");
  fs::copy_file(TCONV_BINARY_DIR "/tconv", program);
  const std::string missing =
      "libtconv_llvm.so cannot be opened; it is not in " + folder.file("bin");
  const test::Finished named = test::spawn({program, "check", "--backend", "llvm", kLine});
  if (named.status == 0) GTEST_SKIP() << "tconv is installed on this machine";
  EXPECT_EQ(named.status, 2);
  says(named.err, missing);
  const test::Finished none = test::spawn({program, "check", "--isa", "sse2", kLine});
  EXPECT_EQ(none.status, 2);
  says(none.err, kNoTable + "; llvm: " + missing);
  const test::Finished last = test::spawn(
      {program, "check", "--isa", "sse2", "--fallback", "interpreter", "--json", kLine});
  EXPECT_EQ(last.status, 0) << last.err;
  says(last.out, "\"interpreter\"");
  const test::Finished text = test::spawn({program, "dump", "--stage", "llvm", kLine});
  EXPECT_EQ(text.status, 2);
  says(text.err, missing);
  const test::Finished info = test::spawn({program, "info"});
  EXPECT_EQ(info.status, 0);
  says(info.out, "backends   xbyak interpreter\n");
}

TEST_F(Fallback, TheHostListsIt) {
  const auto& backends = host_info().backends;
  EXPECT_EQ(backends, (std::vector<std::string>{"xbyak", "llvm", "interpreter"}));
  EXPECT_EQ(host_info().isas.back(), "sse2");
}

TEST_F(Fallback, TextOfEveryIsa) {
  for (const char* isa : {"avx512", "avx2", "sse2", "neon128"}) {
    const std::string text = llvm_text(kLine, Options::parse(std::string("isa=") + isa));
    says(text, "define");
    says(text, std::strcmp(isa, "neon128") == 0 ? "target triple = \"aarch64"
                                                : "target triple = \"x86_64");
    for (const char* flag : {" fast ", " contract ", " reassoc ", " nnan "})
      EXPECT_EQ(text.find(flag), std::string::npos) << flag;
    EXPECT_EQ(text.find("@llvm.fma") == std::string::npos, std::strcmp(isa, "sse2") == 0) << isa;
  }
}

}  // namespace
}  // namespace tconv
