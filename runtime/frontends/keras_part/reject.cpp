#include "runtime/frontends/keras_part/reject.h"

namespace tconv::frontends {

std::string quoted(std::string_view name) {
  static const char* const digits = "0123456789abcdef";
  std::string out = "'";
  for (const char each : name.substr(0, 60)) {
    const auto c = static_cast<unsigned char>(each);
    if (c >= 0x20 && c < 0x7f && c != '\'' && c != '\\')
      out += each;
    else
      out.append({'\\', 'x', digits[c / 16], digits[c % 16]});
  }
  return out + (name.size() > 60 ? "...'" : "'");
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string out = "[";
  for (const std::int64_t size : shape)
    out += (out.size() > 1 ? ", " : "") + (size == -1 ? std::string("?") : std::to_string(size));
  return out + "]";
}

std::uint64_t bytes_of(const std::vector<std::int64_t>& shape, std::uint64_t element,
                       const std::string& what) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  std::uint64_t bytes = element;
  bool empty = false;
  for (const std::int64_t size : shape) {
    if (size < 0 || (size > 0 && bytes > kMost / static_cast<std::uint64_t>(size)))
      throw FileReject(what + ": its shape " + shape_text(shape) + " is impossible");
    if (size == 0)
      empty = true;
    else
      bytes *= static_cast<std::uint64_t>(size);
  }
  return empty ? 0 : bytes;
}

std::uint64_t element_bytes(std::string_view type) {
  if (type == "float16" || type == "bfloat16") return 2;
  if (type == "float32" || type == "int32") return 4;
  return type == "float64" || type == "int64" ? 8 : 0;
}

}  // namespace tconv::frontends
