// `tconv aot` as a program that writes files: all of them or none, the same ones every time, and
// what it refuses.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "tconv/aot.hpp"
#include "tests/support/cli.h"
#include "tests/support/temporary_folder.h"

namespace tconv {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::expect_refused;
using test::Finished;
using test::kLine;
using test::tconv_cli;

using Files = std::map<std::string, std::string>;
Files files_in(const fs::path& folder) {
  Files files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string& contents = files[entry.path().filename()];
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    contents = {std::istreambuf_iterator<char>(file), {}};
  }
  return files;
}

TEST(AotFiles, TwoRunsWriteTheSameBytes) {
  test::TemporaryFolder folder;
  for (const char* name : {"one", "two"})
    EXPECT_EQ(tconv_cli({"aot", kLine, "bf16 nwc ic=3 oc=4 i=5 k=6 s=2", "--isa", "avx512bf16,avx2",
                         "--out", folder.file(name)})
                  .status,
              0);
  const Files one = files_in(folder.file("one"));
  EXPECT_EQ(one.size(), 5U);
  EXPECT_EQ(one, files_in(folder.file("two")));
}

// The linker's files as well, and LLVM's code.
TEST(AotFiles, AndSoDoesALinker) {
  test::TemporaryFolder folder;
  const std::vector<std::vector<std::string>> kinds =
      TCONV_WITH_LLVM == 0
          ? std::vector<std::vector<std::string>>{{"--isa", "avx2"}}
          : std::vector<std::vector<std::string>>{{"--isa", "sse2,avx2", "--backend", "llvm"},
                                                  {"--triple", "aarch64-linux-gnu"}};
  int number = 0;
  for (const auto& kind : kinds)
    for (const char* type : {"static", "shared", "object"}) {
      if (kind[0] == "--triple" && !fs::exists("/usr/bin/aarch64-linux-gnu-gcc")) continue;
      Files files[2];
      for (Files& f : files) {
        const std::string out = folder.file(std::to_string(++number));
        std::vector<std::string> command = {"aot", kLine, "--type", type, "--out", out};
        command.insert(command.end(), kind.begin(), kind.end());
        const Finished done = tconv_cli(command);
        EXPECT_EQ(done.status, 0) << done.err;
        f = files_in(out);
      }
      EXPECT_GE(files[0].size(), 5U);
      EXPECT_TRUE(files[0] == files[1]) << type;
    }
}

TEST(AotFiles, TheReportAndTheManifestAgree) {
  test::TemporaryFolder folder;
  const std::string out = folder.file("a/b");  // folders are made
  const json report = test::run_json(
      {"aot", kLine, "--isa", "avx2", "--name", "decoder", "--cpu", "generic", "--out", out});
  const Files files = files_in(out);
  const json manifest = json::parse(files.at("decoder.json"));
  EXPECT_EQ(test::keys(manifest),
            (std::set<std::string>{"schema", "library", "type", "triple", "cpu", "tconv_version",
                                   "ir_version", "abi", "files", "layers"}));
  EXPECT_EQ(manifest.at("library"), "decoder");
  EXPECT_EQ(manifest.at("cpu"), "generic");
  EXPECT_EQ(report.at("files").size(), files.size());
  for (const json& file : report.at("files"))
    EXPECT_EQ(fs::file_size(file.at("path").get<std::string>()), file.at("bytes"));
  const json& layer = manifest.at("layers").at(0);
  const json& row = report.at("results").at(0);
  for (const char* key :
       {"name", "problem", "packed_filter_bytes", "workspace_bytes", "worker_bytes"})
    EXPECT_EQ(layer.at(key), row.at(key)) << key;
  EXPECT_EQ(layer.at("kernels").at(0).at("plan"), row.at("kernels").at(0).at("plan"));
  EXPECT_NE(
      files.at("decoder.h")
          .find("_PLAN_avx2 \"" + row.at("kernels").at(0).at("plan").get<std::string>() + "\"\n"),
      std::string::npos);
  EXPECT_EQ(layer.at("functions").at("run"), row.at("symbol").get<std::string>() + "_run");
}

TEST(AotFiles, WhatIsThereIsKeptUnlessForced) {
  test::TemporaryFolder folder;
  const std::vector<std::string> command = {"aot",  kLine,   "--isa",
                                            "avx2", "--out", folder.file("")};
  EXPECT_EQ(tconv_cli(command).status, 0);
  const Files before = files_in(folder.path());
  expect_refused(command, "tconv_kernels.h is there already; --force replaces it");
  std::ofstream(folder.file("libtconv_kernels.a")) << "mine\n";
  fs::remove(folder.file("tconv_kernels.h"));
  expect_refused(command, "libtconv_kernels.a is there already");
  EXPECT_EQ(files_in(folder.path()).size(), before.size() - 1);
  std::vector<std::string> forced = command;
  forced.emplace_back("--force");
  EXPECT_EQ(tconv_cli(forced).status, 0);
  EXPECT_EQ(files_in(folder.path()), before);
  // A second library beside it: what both need is there once.
  EXPECT_EQ(
      tconv_cli({"aot", kLine, "--isa", "avx2", "--name", "more", "--out", folder.file("")}).status,
      0);
  EXPECT_EQ(files_in(folder.path()).size(), before.size() + 4);
}

// The disk is full half-way: of all files none appears, and those that were there stay.
TEST(AotFiles, NothingIsHalfWritten) {
  test::TemporaryFolder folder;
  const std::string tool = std::string(TCONV_BINARY_DIR) + "/tconv";
  const auto limited = [&](const std::string& arguments) {
    return test::spawn({"/bin/sh", "-c",
                        "trap '' XFSZ; ulimit -f 8; exec " + tool + " aot '" + kLine +
                            "' --isa avx2 --out " + folder.file("") + arguments});
  };
  Finished f = limited("");
  EXPECT_EQ(f.status, 2) << f.err;
  EXPECT_NE(f.err.find("cannot be written"), std::string::npos) << f.err;
  EXPECT_EQ(files_in(folder.path()), Files());
  EXPECT_EQ(tconv_cli({"aot", "f32 nwc ic=1 oc=1 i=1 k=1", "--out", folder.file("")}).status, 0);
  const Files before = files_in(folder.path());
  f = limited(" --force");
  EXPECT_EQ(f.status, 2) << f.err;
  EXPECT_EQ(files_in(folder.path()), before);
}

// Half-way may also be the linker.
TEST(AotFiles, NothingIsLeftOfALinkThatFailed) {
  test::TemporaryFolder folder;
  std::ofstream(folder.file("cc")) << "#!/bin/sh\nexit 3\n";
  fs::permissions(folder.file("cc"), fs::perms::owner_all);
  const std::string out = folder.file("out");
  expect_refused(
      {"aot", kLine, "--isa", "avx2", "--type", "shared", "--cc", folder.file("cc"), "--out", out},
      "failed: " + folder.file("cc") + " -shared");
  EXPECT_FALSE(fs::exists(out));
}

TEST(AotFiles, BadInputIsRefusedByName) {
  test::TemporaryFolder folder;
  const std::string out = folder.file("out");
  const auto refused = [&](std::vector<std::string> arguments, const std::string& words) {
    arguments.insert(arguments.begin(), {"aot", "--out", out});
    expect_refused(arguments, words);
    EXPECT_FALSE(fs::exists(out)) << words;
  };
  refused({}, "no problem is given");
  refused({kLine, "--isa", "avx3"}, "isa avx3 is unknown; for x86_64 there are");
  refused({kLine, "--triple", "vax-dec-ultrix"}, "triple=vax-dec-ultrix is unknown");
  refused({kLine, "--cpu", "zen9"}, "cpu=zen9 is unknown for x86_64; there are native generic");
  refused({kLine, "--backend", "gas"}, "backend=gas is unknown");
  refused({kLine, "--backend", "xbyak", "--isa", "sse2"}, "backend=xbyak has no sse2");
  refused({kLine, "--isa", "neon128"}, "isa neon128 is one of aarch64");
  refused({kLine, "--isa", "avx2", "--triple", "aarch64-linux-gnu"}, "isa avx2 is one of x86_64");
  refused({kLine, "--triple", "aarch64-linux-gnu", "--cpu", "native"}, "cpu=native is unknown for");
  refused({kLine, "--triple", "x86_64-w64-mingw32"}, "triple=x86_64-w64-mingw32 is unknown");
  refused({kLine, "--triple", "x86_64-linux-gnux32"}, "triple=x86_64-linux-gnux32 is unknown");
  refused({kLine, "--triple", "aarch64_be-linux-gnu"}, "there are x86_64-linux-gnu, aarch64-linux");
  refused({kLine, "--type", "dll"}, "type=dll is unknown; there are static shared object");
  refused({kLine, "--type", "shared", "--cc", "no-such-cc"}, "no-such-cc cannot be started");
  if (TCONV_WITH_LLVM == 0) {
    refused({kLine, "--isa", "sse2"}, "libtconv_llvm.so cannot be opened");
    refused({kLine, "--isa", "avx2", "--backend", "llvm"}, "libtconv_llvm.so cannot be opened");
    refused({kLine, "--triple", "aarch64-linux-gnu"}, "libtconv_llvm.so cannot be opened");
  }
  refused({kLine, "--name", "my kernels"}, "library 'my kernels'");
  refused({kLine, "--plan", "direct(mr=99,nr=99)"}, "plan");
  refused({"f32 nhwc ic=0 k=0"}, "problem");
  refused({kLine, "--fallback", "interpreter"}, "there is no fallback");

  std::ofstream(folder.file("file")) << "x";
  expect_refused({"aot", kLine, "--out", folder.file("file")}, "--out");
  expect_refused({"aot", kLine, "--out", folder.file("file/below")}, "--out");
  expect_refused({"aot", kLine, "--out", "/proc/nothing"}, "--out /proc/nothing");
  expect_refused({"aot", kLine, "--out", "/proc"}, "cannot be written");  // root, too
  fs::create_directory(folder.file("taken"));
  fs::create_directory(folder.file("taken/libtconv_kernels.a"));
  expect_refused({"aot", kLine, "--force", "--out", folder.file("taken")}, "is not a regular file");
  EXPECT_EQ(files_in(folder.file("taken")).size(), 1U);
}

TEST(AotFiles, NamesThatClashInCAreRefused) {
  const std::string small = "f32 nwc ic=1 oc=1 i=4 k=3", other = "f32 nwc ic=2 oc=1 i=4 k=3";
  AotOptions options;
  options.isas = {"avx2"};
  const auto words = [&](const std::vector<AotLayer>& layers) {
    try {
      compile_aot(layers, options);
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), Status::invalid_argument);
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  EXPECT_NE(words({{"up.1", small}, {"up-1", other}}).find("same name in C, up_1"),
            std::string::npos);
  EXPECT_EQ(words({{"up1", small}, {"up2", small}, {"up2", small}}), "accepted");
  EXPECT_EQ(words({{"", small}, {"", small}}), "accepted");
  EXPECT_NE(words({{"broken", "f32 nwc"}}).find("layer broken: problem"), std::string::npos);
  EXPECT_NE(words({}).find("no layer"), std::string::npos);
}

// Code for a CPU that this one is not is emitted all the same.
TEST(AotFiles, TheHostNeedNotHaveTheIsa) {
  AotOptions options;
  options.isas = {"avx2", "avx512", "avx512bf16"};
  const AotLibrary library = compile_aot({{"a", "bf16 nhwc ic=32 oc=32 i=4x4 k=2 s=2"}}, options);
  std::vector<std::string> isas;
  for (const AotKernel& kernel : library.layers.at(0).kernels) isas.push_back(kernel.isa);
  EXPECT_EQ(isas, (std::vector<std::string>{"avx512bf16", "avx512", "avx2"}));
}

// The layers of the networks, for two isas: 10 s are allowed (0.5 s on a Zen 4 core).
TEST(AotFiles, AllLayersOfTheNetworks) {
  test::TemporaryFolder folder;
  const auto start = std::chrono::steady_clock::now();
  const Finished f = tconv_cli({"aot", "--layers", TCONV_SOURCE_DIR "/bench/layers.csv", "--isa",
                                "avx2,avx512", "--out", folder.file("")});
  EXPECT_EQ(f.status, 0) << f.err;
#ifdef NDEBUG
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
#endif
  EXPECT_TRUE(f.out.starts_with("# aot: 125 layer(s)")) << f.out;
}

}  // namespace
}  // namespace tconv
