// Relocatable ELF object files, 64-bit and little-endian. The same contents are the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tconv::jit {

enum class ElfMachine : std::uint16_t { x86_64 = 62, aarch64 = 183 };

// Sections, symbols and relocations in the order in which they were added. Every object says that
// it needs no executable stack.
class ElfObject {
 public:
  using Section = std::size_t;
  using Symbol = std::size_t;
  enum class Contents { code, constants };

  explicit ElfObject(ElfMachine machine) : machine_(machine) {}

  Section add_section(std::string name, Contents contents, std::size_t align, std::string bytes);

  // Weak: several objects may define it, and then any is taken. Hidden ones are seen by what is
  // linked into the same file only.
  Symbol define(std::string name, Section section, std::uint64_t offset, std::uint64_t bytes,
                bool hidden);
  // One that another object defines, hidden or not.
  Symbol refer(std::string name);
  Symbol start_of(Section section);  // nameless

  // The linker computes the field of `section` at `offset`, as the machine's ABI says for `type`
  // (R_X86_64_.., R_AARCH64_..).
  void relocate(Section section, std::uint64_t offset, std::uint32_t type, Symbol symbol,
                std::int64_t addend);

  std::string bytes() const;

 private:
  struct SectionInfo {
    std::string name;
    Contents contents;
    std::size_t align;
    std::string bytes;
  };
  struct SymbolInfo {
    std::string name;  // empty: the start of the section
    Section section;   // kOutside: of another object
    std::uint64_t offset, bytes;
    bool hidden;
  };
  struct Relocation {
    Section section;
    std::uint64_t offset;
    std::uint32_t type;
    Symbol symbol;
    std::int64_t addend;
  };
  static constexpr Section kOutside = ~std::size_t{0};

  ElfMachine machine_;
  std::vector<SectionInfo> sections_;
  std::vector<SymbolInfo> symbols_;
  std::vector<Relocation> relocations_;
};

// Names of the symbols that an object file gives to others, in its order. Throws std::runtime_error
// for bytes that are no such file.
std::vector<std::string> defined_symbols(std::string_view object);

}  // namespace tconv::jit
