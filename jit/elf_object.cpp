#include "jit/elf_object.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tconv::jit {
namespace {

template <class T>
void append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void pad(std::string& out, std::size_t align) {
  out.resize((out.size() + align - 1) / align * align);
}

// Names one after the other; offset 0 is the empty one.
class Strings {
 public:
  Elf64_Word add(const std::string& text) {
    if (text.empty()) return 0;
    const auto at = static_cast<Elf64_Word>(bytes_.size());
    bytes_ += text + '\0';
    return at;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_ = std::string(1, '\0');
};

// The file behind its header: contents first, section headers last.
class File {
 public:
  File() { body_.resize(sizeof(Elf64_Ehdr)); }

  std::size_t add(Elf64_Shdr header, const std::string& name, const std::string& bytes) {
    pad(body_, std::max<std::size_t>(header.sh_addralign, 1));
    header.sh_name = names_.add(name);
    header.sh_offset = body_.size();
    header.sh_size = bytes.size();
    body_ += bytes;
    headers_.push_back(header);
    return headers_.size() - 1;
  }

  std::string finish(ElfMachine machine) {
    Elf64_Shdr strings{};
    strings.sh_type = SHT_STRTAB;
    strings.sh_addralign = 1;
    names_.add(".shstrtab");
    strings.sh_name = static_cast<Elf64_Word>(names_.bytes().size() - sizeof ".shstrtab");
    strings.sh_offset = body_.size();
    strings.sh_size = names_.bytes().size();
    body_ += names_.bytes();
    headers_.push_back(strings);
    pad(body_, 8);

    Elf64_Ehdr file{};
    std::memcpy(file.e_ident, ELFMAG, SELFMAG);
    file.e_ident[EI_CLASS] = ELFCLASS64;
    file.e_ident[EI_DATA] = ELFDATA2LSB;
    file.e_ident[EI_VERSION] = EV_CURRENT;
    file.e_type = ET_REL;
    file.e_machine = static_cast<Elf64_Half>(machine);
    file.e_version = EV_CURRENT;
    file.e_ehsize = sizeof file;
    file.e_shoff = body_.size();
    file.e_shentsize = sizeof(Elf64_Shdr);
    file.e_shnum = static_cast<Elf64_Half>(headers_.size());
    file.e_shstrndx = static_cast<Elf64_Half>(headers_.size() - 1);
    std::memcpy(body_.data(), &file, sizeof file);
    for (const Elf64_Shdr& header : headers_) append(body_, header);
    return std::move(body_);
  }

 private:
  std::string body_;
  std::vector<Elf64_Shdr> headers_{Elf64_Shdr{}};
  Strings names_;
};

Elf64_Shdr section_header(Elf64_Word type, Elf64_Xword flags, std::size_t align) {
  Elf64_Shdr header{};
  header.sh_type = type;
  header.sh_flags = flags;
  header.sh_addralign = align;
  return header;
}

}  // namespace

ElfObject::Section ElfObject::add_section(std::string name, Contents contents, std::size_t align,
                                          std::string bytes) {
  sections_.push_back({std::move(name), contents, align, std::move(bytes)});
  return sections_.size() - 1;
}

ElfObject::Symbol ElfObject::define(std::string name, Section section, std::uint64_t offset,
                                    std::uint64_t bytes, bool hidden) {
  symbols_.push_back({std::move(name), section, offset, bytes, hidden});
  return symbols_.size() - 1;
}
ElfObject::Symbol ElfObject::refer(std::string name) {
  symbols_.push_back({std::move(name), kOutside, 0, 0, false});
  return symbols_.size() - 1;
}
ElfObject::Symbol ElfObject::start_of(Section section) {
  symbols_.push_back({{}, section, 0, 0, false});
  return symbols_.size() - 1;
}

void ElfObject::relocate(Section section, std::uint64_t offset, std::uint32_t type, Symbol symbol,
                         std::int64_t addend) {
  relocations_.push_back({section, offset, type, symbol, addend});
}

std::string ElfObject::bytes() const {
  File file;
  for (const SectionInfo& s : sections_)
    file.add(
        section_header(SHT_PROGBITS, SHF_ALLOC | (s.contents == Contents::code ? SHF_EXECINSTR : 0),
                       s.align),
        s.name, s.bytes);  // number 1 + its place in sections_: 0 is the empty section
  file.add(section_header(SHT_PROGBITS, 0, 1), ".note.GNU-stack", {});

  // Local symbols come before the others.
  std::string table(sizeof(Elf64_Sym), '\0');
  Strings names;
  std::vector<Elf64_Xword> number(symbols_.size());
  const auto add_symbols = [&](bool local) {
    for (std::size_t i = 0; i < symbols_.size(); ++i) {
      const SymbolInfo& s = symbols_[i];
      if (s.name.empty() != local) continue;
      number[i] = table.size() / sizeof(Elf64_Sym);
      Elf64_Sym symbol{};
      symbol.st_name = names.add(s.name);
      symbol.st_shndx =
          static_cast<Elf64_Section>(s.section == kOutside ? SHN_UNDEF : s.section + 1);
      symbol.st_value = s.offset;
      symbol.st_size = s.bytes;
      symbol.st_other = s.hidden ? STV_HIDDEN : STV_DEFAULT;
      if (local) {
        symbol.st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION);
      } else if (s.section == kOutside) {
        symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
      } else {
        const bool code = sections_[s.section].contents == Contents::code;
        symbol.st_info = ELF64_ST_INFO(STB_WEAK, code ? STT_FUNC : STT_OBJECT);
      }
      append(table, symbol);
    }
  };
  add_symbols(true);
  const std::size_t locals = table.size() / sizeof(Elf64_Sym);
  add_symbols(false);

  std::vector<std::string> relocations(sections_.size());
  std::size_t tables = 0;
  for (const Relocation& r : relocations_) {
    Elf64_Rela entry{};
    entry.r_offset = r.offset;
    entry.r_info = ELF64_R_INFO(number[r.symbol], static_cast<Elf64_Xword>(r.type));
    entry.r_addend = r.addend;
    tables += relocations[r.section].empty() ? 1 : 0;
    append(relocations[r.section], entry);
  }
  const auto symtab = static_cast<Elf64_Word>(1 + sections_.size() + 1 + tables);
  for (std::size_t s = 0; s < sections_.size(); ++s) {
    if (relocations[s].empty()) continue;
    Elf64_Shdr header = section_header(SHT_RELA, SHF_INFO_LINK, 8);
    header.sh_link = symtab;
    header.sh_info = static_cast<Elf64_Word>(s + 1);
    header.sh_entsize = sizeof(Elf64_Rela);
    file.add(header, ".rela" + sections_[s].name, relocations[s]);
  }
  Elf64_Shdr header = section_header(SHT_SYMTAB, 0, 8);
  header.sh_link = symtab + 1;
  header.sh_info = static_cast<Elf64_Word>(locals);
  header.sh_entsize = sizeof(Elf64_Sym);
  file.add(header, ".symtab", table);
  file.add(section_header(SHT_STRTAB, 0, 1), ".strtab", names.bytes());
  return file.finish(machine_);
}

}  // namespace tconv::jit
