// Constants as they will lie in a section, and what in them refers to what.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

#include "runtime/aot/layer.h"

namespace tconv::runtime {

class TableBytes {
 public:
  // A field that holds the distance to a symbol of another object.
  struct Outside {
    std::uint64_t offset = 0;
    std::string symbol;
  };

  TableBytes() : bytes_(8, '\0') {}  // nothing begins at 0, which stands for nothing

  // Where it was put; 0 for nothing.
  template <class T>
  std::int32_t add(const std::vector<T>& list) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::size_t at = align();
    bytes_.append(reinterpret_cast<const char*>(list.data()), list.size() * sizeof(T));
    return list.empty() ? 0 : static_cast<std::int32_t>(at);
  }
  // Fields that `refs` names hold places of what was added before (or 0), and become distances.
  template <class T>
  std::int32_t add(std::vector<T> list, std::initializer_list<tconv_ref T::*> refs) {
    std::size_t at = align();
    for (T& value : list) {
      for (const auto ref : refs)
        if (value.*ref != 0) value.*ref -= static_cast<std::int32_t>(at + offset_in(value, ref));
      at += sizeof(T);
    }
    return add(list);
  }
  std::int32_t add(const std::string& text) {
    return add(std::vector<char>(text.c_str(), text.c_str() + text.size() + 1));
  }

  // The field of element `index` of a list that was put at `list`.
  template <class T>
  void refer(std::int32_t list, std::size_t index, tconv_ref T::*field, std::string symbol) {
    outside_.push_back(
        {static_cast<std::uint64_t>(list) + index * sizeof(T) + offset_in(T{}, field),
         std::move(symbol)});
  }

  const std::string& bytes() const { return bytes_; }
  const std::vector<Outside>& outside() const { return outside_; }

 private:
  std::size_t align() {
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
    return bytes_.size();
  }
  template <class T>
  static std::size_t offset_in(const T& value, tconv_ref T::*field) {
    return static_cast<std::size_t>(reinterpret_cast<const char*>(&(value.*field)) -
                                    reinterpret_cast<const char*>(&value));
  }

  std::string bytes_;
  std::vector<Outside> outside_;
};

}  // namespace tconv::runtime
