// What of an HDF5 file belongs to whom: every structure has bytes of its own.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "runtime/frontends/keras_part/bytes.h"

namespace tconv::frontends {

class H5Extents {
 public:
  explicit H5Extents(const Bytes& file) : file_(file) {}

  // Throws where the bytes are not in the file, or somebody else's.
  void claim(std::uint64_t at, std::uint64_t bytes, const std::string& what) {
    file_.slice(at, bytes);
    if (bytes == 0) return;
    const auto after = ends_.lower_bound(at + 1);  // the first that ends behind our start
    if (after != ends_.end() && after->second < at + bytes)
      throw FileReject("it is damaged: " + what + " at byte " + std::to_string(at) +
                       " lies upon something else");
    ends_[at + bytes] = at;
  }

 private:
  const Bytes& file_;
  std::map<std::uint64_t, std::uint64_t> ends_;  // end -> start
};

}  // namespace tconv::frontends
