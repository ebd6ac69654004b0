// What the reader throws inside the part. Nothing is thrown across its border.
#pragma once

#include <stdexcept>
#include <string>

namespace tconv::frontends {

class OnnxReject : public std::runtime_error {
 public:
  explicit OnnxReject(const std::string& what, std::string argument = "model")
      : std::runtime_error(what), argument_(std::move(argument)) {}
  const std::string& argument() const { return argument_; }

 private:
  std::string argument_;
};

// Names come from the file: quoted, cut off after 60 bytes, what is not printable as \xNN.
inline std::string in_quotes(const std::string& name) {
  static const char* const digits = "0123456789abcdef";
  std::string out = "'";
  for (std::size_t i = 0; i < name.size() && i < 60; ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (c >= 0x20 && c < 0x7f && c != '\'' && c != '\\') {
      out += name[i];
    } else {
      out.append({'\\', 'x', digits[c / 16], digits[c % 16]});
    }
  }
  return out + (name.size() > 60 ? "...'" : "'");
}

}  // namespace tconv::frontends
