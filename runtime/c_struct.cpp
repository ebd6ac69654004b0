#include "runtime/c_struct.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "runtime/error.h"

namespace tconv::runtime {
namespace {

// A struct_size that was never set must not make us read the caller's memory to its end.
constexpr std::size_t kLargest = 4096;

[[noreturn]] void refuse_size(const char* name, std::size_t size,
                              std::initializer_list<std::size_t> released, const char* later) {
  std::string known;
  for (std::size_t bytes : released) known += (known.empty() ? "" : ", ") + std::to_string(bytes);
  refuse(fmt::format("{}.struct_size = {}; this library knows {}, and larger ones up to {}{}", name,
                     size, known, kLargest, later));
}

std::size_t size_of(const void* given) {
  std::size_t size = 0;
  std::memcpy(&size, given, sizeof size);
  return size;
}

bool is_released(std::size_t size, std::initializer_list<std::size_t> released) {
  return std::find(released.begin(), released.end(), size) != released.end();
}

}  // namespace

void read_struct(const char* name, const void* given, void* known,
                 std::initializer_list<std::size_t> released) {
  const std::size_t known_bytes = *(released.end() - 1);
  const std::size_t size = size_of(given);
  if (size > known_bytes && size <= kLargest) {
    const auto* beyond = static_cast<const unsigned char*>(given) + known_bytes;
    const auto* end = static_cast<const unsigned char*>(given) + size;
    const auto* odd = std::find_if(beyond, end, [](unsigned char byte) { return byte != 0; });
    if (odd != end)
      refuse(
          fmt::format("{}.struct_size = {}; this library knows {} and byte {} is not zero: the "
                      "caller asks for what only a later tconv can do",
                      name, size, known_bytes, odd - static_cast<const unsigned char*>(given)));
  } else if (!is_released(size, released)) {
    refuse_size(name, size, released, " if all bytes after those it knows are zero");
  }
  const std::size_t common = std::min(size, known_bytes);
  std::memcpy(known, given, common);
  std::memset(static_cast<unsigned char*>(known) + common, 0, known_bytes - common);
}

void write_struct(const char* name, void* given, const void* known,
                  std::initializer_list<std::size_t> released) {
  const std::size_t known_bytes = *(released.end() - 1), size = size_of(given);
  if ((size <= known_bytes || size > kLargest) && !is_released(size, released))
    refuse_size(name, size, released, "");
  const std::size_t common = std::min(size, known_bytes);
  auto* bytes = static_cast<unsigned char*>(given);
  std::memcpy(bytes + sizeof size, static_cast<const unsigned char*>(known) + sizeof size,
              common - sizeof size);
  std::memset(bytes + common, 0, size - common);
}

}  // namespace tconv::runtime
