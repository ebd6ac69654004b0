// Names in C of layers and what belongs to them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tconv::runtime {

// Letters, digits and _, not a digit in front.
bool is_identifier(std::string_view text);
// What is neither a letter nor a digit becomes _.
std::string identifier(std::string_view text);
// A problem line as a readable identifier, cut off where it gets long: tconv_f32_nhwc_ic256_...
std::string problem_identifier(std::string_view line);

// FNV-1a, 64 bits.
class Hash {
 public:
  Hash& add(std::string_view text);
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325ULL;
};

}  // namespace tconv::runtime
