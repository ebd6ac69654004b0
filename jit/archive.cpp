#include "jit/archive.h"

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "jit/elf_object.h"

namespace tconv::jit {
namespace {

constexpr std::size_t kHeaderBytes = 60;

// GNU's variant: "/" is the index, "//" the names that do not fit, "/OFFSET" one of those.
void append_member(std::string& out, const std::string& name, const std::string& contents) {
  const auto field = [&](std::string text, std::size_t width) {
    if (text.size() > width) throw std::runtime_error("too large for an archive: " + text);
    text.resize(width, ' ');
    out += text;
  };
  field(name, 16);
  field("0", 12);      // time
  field("0", 6);       // owner
  field("0", 6);       // group
  field("100644", 8);  // mode
  field(std::to_string(contents.size()), 10);
  out += "`\n";
  out += contents;
  if (out.size() % 2 != 0) out += '\n';
}

void append_big_endian(std::string& out, std::size_t value) {
  if (value > UINT32_MAX) throw std::runtime_error("an archive of 4 GiB or more");
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

std::size_t member_bytes(std::size_t contents) { return kHeaderBytes + contents + contents % 2; }

}  // namespace

std::string make_archive(std::span<const ArchiveMember> members) {
  std::string long_names, symbol_names;
  std::vector<std::string> headers;
  std::vector<std::size_t> owners;  // of each symbol
  for (std::size_t m = 0; m < members.size(); ++m) {
    headers.push_back("/" + std::to_string(long_names.size()));
    long_names += members[m].name + "/\n";
    for (const std::string& symbol : defined_symbols(members[m].object)) {
      symbol_names += symbol + '\0';
      owners.push_back(m);
    }
  }
  // As ar does; readelf takes nothing else.
  if (long_names.size() % 2 != 0) long_names += '\n';
  if (symbol_names.size() % 2 != 0) symbol_names += '\0';

  const std::size_t index_bytes = 4 + 4 * owners.size() + symbol_names.size();
  std::string out = "!<arch>\n";
  std::size_t next = out.size() + member_bytes(index_bytes) + member_bytes(long_names.size());
  std::vector<std::size_t> offsets;
  for (const ArchiveMember& member : members) {
    offsets.push_back(next);
    next += member_bytes(member.object.size());
  }
  std::string index;
  append_big_endian(index, owners.size());
  for (const std::size_t owner : owners) append_big_endian(index, offsets[owner]);
  index += symbol_names;

  append_member(out, "/", index);
  append_member(out, "//", long_names);
  for (std::size_t m = 0; m < members.size(); ++m)
    append_member(out, headers[m], members[m].object);
  return out;
}

}  // namespace tconv::jit
