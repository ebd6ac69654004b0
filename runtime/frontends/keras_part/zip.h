// Zip archives in memory: what numpy.savez and Keras write, and what other writers make of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tconv::frontends {

struct ZipMember {
  std::string name;
  std::uint16_t method = 0;   // 0 stored, 8 deflated
  std::uint32_t date = 0;     // as the archive has it
  std::uint32_t check = 0;    // CRC-32 of its bytes
  std::uint64_t size = 0;     // of its bytes
  std::string_view packed{};  // as the archive has them
};

// Of the archive's directory; views into `archive`. Throws FileReject.
std::vector<ZipMember> zip_members(std::string_view archive);
// Null where there is none of that name.
const ZipMember* find_member(const std::vector<ZipMember>& members, std::string_view name);
// Its bytes, which fit its check sum. Throws FileReject.
std::string unpacked(const ZipMember& member);

// The same member with other bytes, stored.
ZipMember stored(std::string name, std::string_view bytes);
// An archive of at most 4 GiB. Throws FileReject.
std::string zip_archive(const std::vector<ZipMember>& members);

}  // namespace tconv::frontends
