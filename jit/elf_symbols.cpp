// The other direction: what an object file, whoever made it, defines for others.
#include <elf.h>

#include <cstring>
#include <stdexcept>

#include "jit/elf_object.h"

namespace tconv::jit {
namespace {

[[noreturn]] void broken() { throw std::runtime_error("not a 64-bit ELF object file"); }

template <class T>
T read(std::string_view file, std::size_t at) {
  if (at > file.size() || file.size() - at < sizeof(T)) broken();
  T value;
  std::memcpy(&value, file.data() + at, sizeof value);
  return value;
}

}  // namespace

std::vector<std::string> defined_symbols(std::string_view object) {
  const auto header = read<Elf64_Ehdr>(object, 0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_type != ET_REL)
    broken();
  const auto section = [&](std::size_t i) {
    return read<Elf64_Shdr>(object, header.e_shoff + i * sizeof(Elf64_Shdr));
  };
  std::vector<std::string> names;
  for (std::size_t s = 0; s < header.e_shnum; ++s) {
    const Elf64_Shdr table = section(s);
    if (table.sh_type != SHT_SYMTAB) continue;
    const Elf64_Shdr strings = section(table.sh_link);
    for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
      const auto symbol = read<Elf64_Sym>(object, table.sh_offset + at);
      if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_BIND(symbol.st_info) == STB_LOCAL) continue;
      const std::size_t name = strings.sh_offset + symbol.st_name;
      if (name >= object.size()) broken();
      const std::size_t end = object.find('\0', name);
      if (end == std::string_view::npos) broken();
      names.emplace_back(object.substr(name, end - name));
    }
  }
  return names;
}

}  // namespace tconv::jit
