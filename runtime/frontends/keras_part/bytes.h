// Numbers of a file in memory, little-endian; nothing beyond its end is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/frontends/keras_part/reject.h"

namespace tconv::frontends {

class Bytes {
 public:
  explicit Bytes(std::string_view all) : all_(all) {}

  std::uint64_t size() const { return all_.size(); }
  std::string_view slice(std::uint64_t at, std::uint64_t count) const {
    if (at > all_.size() || count > all_.size() - at)
      throw FileReject("it is damaged or cut off: it ends at byte " + std::to_string(all_.size()) +
                       ", " + std::to_string(count) + " bytes from " + std::to_string(at) +
                       " on are needed");
    return all_.substr(at, count);
  }
  std::uint64_t number(std::uint64_t at, unsigned count) const {
    const std::string_view bytes = slice(at, count);
    std::uint64_t value = 0;
    for (unsigned i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }
  std::uint16_t u16(std::uint64_t at) const { return static_cast<std::uint16_t>(number(at, 2)); }
  std::uint32_t u32(std::uint64_t at) const { return static_cast<std::uint32_t>(number(at, 4)); }
  std::uint64_t u64(std::uint64_t at) const { return number(at, 8); }

 private:
  std::string_view all_;
};

inline void append_number(std::string& to, std::uint64_t value, unsigned count) {
  for (unsigned i = 0; i < count; ++i) to += static_cast<char>(value >> (8 * i));
}

}  // namespace tconv::frontends
