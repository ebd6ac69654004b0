// Object files and archives as other programs read them.
#include "jit/elf_object.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "ir/parse.h"
#include "jit/archive.h"
#include "jit/backend.h"
#include "tests/support/aot_library.h"

namespace tconv::jit {
namespace {

std::string example() {
  ElfObject object(ElfMachine::x86_64);
  const auto text = object.add_section(".text", ElfObject::Contents::code, 16,
                                       std::string("\xE8\0\0\0\0\xC3", 6));  // call callee; ret
  const auto data =
      object.add_section(".rodata", ElfObject::Contents::constants, 8, std::string(8, '\1'));
  object.define("caller", text, 0, 6, false);
  object.define("secret", data, 4, 4, true);
  object.relocate(text, 1, R_X86_64_PLT32, object.refer("callee"), -4);
  object.relocate(data, 0, R_X86_64_PC32, object.start_of(text), 3);
  return object.bytes();
}

TEST(ElfObject, SaysWhatItDefines) {
  EXPECT_EQ(defined_symbols(example()), (std::vector<std::string>{"caller", "secret"}));
  EXPECT_EQ(example(), example());
  EXPECT_THROW(defined_symbols("MZ"), std::runtime_error);
  EXPECT_THROW(defined_symbols(example().substr(0, 200)), std::runtime_error);
}

std::string said_by(const std::vector<std::string>& command) {
  const test::Finished f = test::spawn_from_path(command);
  EXPECT_EQ(f.status, 0) << f.err;
  EXPECT_EQ(f.err, "") << command[0];
  return f.out;
}

void expect_words(const std::string& text, const std::vector<std::string>& words) {
  for (const std::string& word : words)
    EXPECT_NE(text.find(word), std::string::npos) << word << " is not in\n" << text;
}

TEST(ElfObject, BinutilsAgree) {
  if (!test::in_path("readelf") || !test::in_path("objdump"))
    GTEST_SKIP() << "binutils are not installed";
  test::TemporaryFolder folder;
  std::ofstream(folder.file("a.o"), std::ios::binary) << example();
  const std::string elf = said_by({"readelf", "-hSrsW", folder.file("a.o")});
  expect_words(elf, {"REL (Relocatable file)", "X86-64", ".note.GNU-stack", "R_X86_64_PLT32",
                     "callee - 4", ".text + 3", "WEAK   DEFAULT    1 caller",
                     "WEAK   HIDDEN     2 secret", "GLOBAL DEFAULT  UND callee"});
  expect_words(said_by({"objdump", "-dr", folder.file("a.o")}), {"<caller>:", "call", "ret"});
}

TEST(ElfObject, KernelsHaveFramesThatUnwind) {
  if (!test::in_path("readelf")) GTEST_SKIP() << "readelf is not installed (package binutils)";
  const ir::Program program = ir::parse(
      "target avx2\nbuffer a : f32[64] in\nbuffer b : f32[64] out\nstage {\n"
      "  kernel copy grid(i:8) { vec r r = mov load a[8*i] store b[8*i], r }\n"
      "  kernel again grid(i:8) { vec r r = mov load a[8*i] store b[8*i], r }\n}\n");
  ObjectRequest request;
  request.program = &program;
  request.symbol = "k";
  const ObjectFile object = object_xbyak(request);
  EXPECT_EQ(object.symbols, (std::vector<std::vector<std::string>>{{"k_copy", "k_again"}}));
  EXPECT_EQ(defined_symbols(object.bytes), (std::vector<std::string>{"k_copy", "k_again"}));
  test::TemporaryFolder folder;
  std::ofstream(folder.file("k.o"), std::ios::binary) << object.bytes;
  const std::string frames = said_by({"readelf", "--debug-dump=frames", folder.file("k.o")});
  std::istringstream symbols(said_by({"nm", folder.file("k.o")}));
  for (std::string address, type, name; symbols >> address >> type >> name;)
    expect_words(frames, {"FDE cie=00000000 pc=" + address + ".."});
  expect_words(frames, {"DW_CFA_def_cfa_register: r6", "DW_CFA_def_cfa: r7 (rsp) ofs 8"});
}

TEST(Archive, LinkersAndArFindTheMembers) {
  if (!test::in_path("ar")) GTEST_SKIP() << "binutils are not installed";
  test::TemporaryFolder folder;
  const std::string name = "a_rather_long_name_of_a_member_that_fits_in_no_header.o";
  const std::vector<ArchiveMember> members = {{"short.o", example()},
                                              {name, example() + std::string(1, '\0')}};  // odd
  std::ofstream(folder.file("lib.a"), std::ios::binary) << make_archive(members);
  EXPECT_EQ(said_by({"ar", "t", folder.file("lib.a")}), "short.o\n" + name + "\n");
  const std::string index = said_by({"nm", "-s", folder.file("lib.a")});
  expect_words(index, {"caller in short.o", "caller in " + name, "secret in short.o"});
  const std::vector<ArchiveMember> odd = {{name + "o", example()}};
  std::ofstream(folder.file("odd.a"), std::ios::binary) << make_archive(odd);
  for (const char* file : {"lib.a", "odd.a"})
    if (test::in_path("readelf")) said_by({"readelf", "-SW", folder.file(file)});
  said_by({"sh", "-c", "cd " + folder.file("") + " && ar x lib.a"});
  std::ifstream file(folder.file("short.o"), std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), example());
}

}  // namespace
}  // namespace tconv::jit
