// Static libraries: object files in an ar archive with the index that linkers ask for.
#pragma once

#include <span>
#include <string>

namespace tconv::jit {

struct ArchiveMember {
  std::string name;    // as a file's, without folders
  std::string object;  // an ELF object file
};

// The same members are the same bytes: no time, no owner.
std::string make_archive(std::span<const ArchiveMember> members);

}  // namespace tconv::jit
