// One lane of a register that is bytes.
#pragma once

#include <cstddef>
#include <cstring>

namespace tconv::ir {

template <class T>
[[gnu::always_inline]] inline T get_lane(const std::byte* p, std::size_t lane) {
  T value;
  std::memcpy(&value, p + lane * sizeof(T), sizeof(T));
  return value;
}
template <class T>
[[gnu::always_inline]] inline void put_lane(std::byte* p, std::size_t lane, T value) {
  std::memcpy(p + lane * sizeof(T), &value, sizeof(T));
}

}  // namespace tconv::ir
