// What is thrown inside the part, and words for it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tconv::frontends {

class FileReject : public std::runtime_error {
 public:
  explicit FileReject(const std::string& what, std::string argument = "file")
      : std::runtime_error(what), argument_(std::move(argument)) {}
  const std::string& argument() const { return argument_; }

 private:
  std::string argument_;
};

// Names come from files: cut off after 60 bytes, what is not printable as \xNN.
std::string quoted(std::string_view name);
std::string shape_text(const std::vector<std::int64_t>& shape);  // "[3, 3, 8, ?]", ? for -1
// The product, with the bytes of an element. Throws where it is beyond 2^62 or a size is negative.
std::uint64_t bytes_of(const std::vector<std::int64_t>& shape, std::uint64_t element,
                       const std::string& what);
// Of the types that travel: 2 for float16 and so on; 0 for others.
std::uint64_t element_bytes(std::string_view type);

}  // namespace tconv::frontends
