#include "jit/gdb_jit.h"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <mutex>
#include <vector>

// Names and layout are GDB's ("JIT Interface" in its manual).
extern "C" {
struct jit_code_entry {
  jit_code_entry *next_entry, *prev_entry;
  const char* symfile_addr;
  std::uint64_t symfile_size;
};
struct jit_descriptor {
  std::uint32_t version, action_flag;
  jit_code_entry *relevant_entry, *first_entry;
};
[[gnu::used]] jit_descriptor __jit_debug_descriptor = {1, 0, nullptr, nullptr};
// GDB has a breakpoint here.
[[gnu::noinline, gnu::used]] void __jit_debug_register_code() { __asm__ volatile("" ::: "memory"); }
}

namespace tconv::jit {
namespace {

enum Action : std::uint32_t { kRegister = 1, kUnregister = 2 };

std::mutex& list_mutex() {
  static std::mutex mutex;
  return mutex;
}

// An object file without contents: one section at the code's address, one symbol per kernel.
std::vector<char> symbol_file(const CompiledProgram& program) {
  constexpr char kSections[] = "\0.text\0.symtab\0.strtab";
  std::vector<Elf64_Sym> symbols(1);
  std::string names(1, '\0');
  for (const auto& stage : program.stages()) {
    for (const KernelCode& k : stage) {
      Elf64_Sym s{};
      s.st_name = static_cast<Elf64_Word>(names.size());
      s.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
      s.st_shndx = 1;
      s.st_value = k.offset;
      s.st_size = k.bytes;
      symbols.push_back(s);
      names += k.name + '\0';
    }
  }
  const std::size_t name_offset = names.size();
  names.append(kSections, sizeof kSections);

  struct Headers {
    Elf64_Ehdr file;
    Elf64_Shdr section[4];
  } h{};
  std::memcpy(h.file.e_ident, ELFMAG, SELFMAG);
  h.file.e_ident[EI_CLASS] = ELFCLASS64;
  h.file.e_ident[EI_DATA] = ELFDATA2LSB;
  h.file.e_ident[EI_VERSION] = EV_CURRENT;
  h.file.e_type = ET_REL;
  h.file.e_machine = EM_X86_64;
  h.file.e_version = EV_CURRENT;
  h.file.e_ehsize = sizeof h.file;
  h.file.e_shoff = offsetof(Headers, section);
  h.file.e_shentsize = sizeof h.section[0];
  h.file.e_shnum = 4;
  h.file.e_shstrndx = 3;
  const auto name = [&](std::size_t at) { return static_cast<Elf64_Word>(name_offset + at); };
  Elf64_Shdr& text = h.section[1];
  text.sh_name = name(1);
  text.sh_type = SHT_NOBITS;
  text.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  text.sh_addr = reinterpret_cast<std::uintptr_t>(program.code().data());
  text.sh_size = program.code().size();
  text.sh_addralign = 64;
  Elf64_Shdr& table = h.section[2];
  table.sh_name = name(7);
  table.sh_type = SHT_SYMTAB;
  table.sh_offset = sizeof h;
  table.sh_size = symbols.size() * sizeof symbols[0];
  table.sh_entsize = sizeof symbols[0];
  table.sh_link = 3;
  table.sh_info = 1;
  table.sh_addralign = 8;
  Elf64_Shdr& strings = h.section[3];
  strings.sh_name = name(15);
  strings.sh_type = SHT_STRTAB;
  strings.sh_offset = table.sh_offset + table.sh_size;
  strings.sh_size = names.size();
  strings.sh_addralign = 1;

  std::vector<char> out(strings.sh_offset + names.size());
  std::memcpy(out.data(), &h, sizeof h);
  std::memcpy(out.data() + table.sh_offset, symbols.data(), table.sh_size);
  std::memcpy(out.data() + strings.sh_offset, names.data(), names.size());
  return out;
}

}  // namespace

struct GdbRegistration::Entry {
  jit_code_entry node{};
  std::vector<char> file;
};

GdbRegistration::GdbRegistration(const CompiledProgram& program)
    : entry_(std::make_unique<Entry>()) {
  entry_->file = symbol_file(program);
  jit_code_entry& node = entry_->node;
  node.symfile_addr = entry_->file.data();
  node.symfile_size = entry_->file.size();
  const std::lock_guard lock(list_mutex());
  node.next_entry = __jit_debug_descriptor.first_entry;
  if (node.next_entry) node.next_entry->prev_entry = &node;
  __jit_debug_descriptor.first_entry = __jit_debug_descriptor.relevant_entry = &node;
  __jit_debug_descriptor.action_flag = kRegister;
  __jit_debug_register_code();
}

GdbRegistration::~GdbRegistration() {
  jit_code_entry& node = entry_->node;
  const std::lock_guard lock(list_mutex());
  (node.prev_entry ? node.prev_entry->next_entry : __jit_debug_descriptor.first_entry) =
      node.next_entry;
  if (node.next_entry) node.next_entry->prev_entry = node.prev_entry;
  __jit_debug_descriptor.relevant_entry = &node;
  __jit_debug_descriptor.action_flag = kUnregister;
  __jit_debug_register_code();
}

}  // namespace tconv::jit
