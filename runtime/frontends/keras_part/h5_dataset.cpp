// The messages of a dataset: shape, type, where its numbers are.
#include <array>

#include "runtime/frontends/keras_part/h5_header.h"

namespace tconv::frontends {
namespace {

using namespace std::string_view_literals;

// IEEE's types byte for byte, little-endian; big-endian ones differ in one bit.
struct FloatType {
  std::string_view name, message;
};
constexpr std::array<FloatType, 3> kFloats = {{
    {"float16", "\x11\x20\x0f\0\x02\0\0\0\0\0\x10\0\x0a\x05\0\x0a\x0f\0\0\0"sv},
    {"float32", "\x11\x20\x1f\0\x04\0\0\0\0\0\x20\0\x17\x08\0\x17\x7f\0\0\0"sv},
    {"float64", "\x11\x20\x3f\0\x08\0\0\0\0\0\x40\0\x34\x0b\0\x34\xff\x03\0\0"sv},
}};
constexpr std::string_view kTwoBytes = "\x15\0\0\0\x02\0\0\0"sv;  // opaque, without a tag

// Empty where no layer has the type; then `words` says what it is.
std::string type_of(const Bytes& file, const H5Message& message, bool bfloat16,
                    std::string& words) {
  if (message.bytes < 8) throw FileReject("its type is cut off");
  std::string bytes(file.slice(message.at, message.bytes));
  if (bfloat16 && bytes == kTwoBytes) return "bfloat16";
  static constexpr std::array<const char*, 11> kClasses = {
      "an integer", "a float", "a time",         "a string",      "a bit field",  "opaque",
      "a compound", "a link",  "an enumeration", "of any length", "a fixed array"};
  const unsigned number = static_cast<unsigned char>(bytes[0]) & 0xf;
  words = (number < kClasses.size() ? kClasses[number] : "unknown") + std::string(" of ") +
          std::to_string(file.u32(message.at + 4)) + " bytes";
  bytes[1] = static_cast<char>(bytes[1] & ~1);
  for (const FloatType& type : kFloats)
    if (std::string_view(bytes).substr(0, type.message.size()) == type.message &&
        bytes.find_first_not_of('\0', type.message.size()) == std::string::npos)
      return std::string(type.name);
  return {};
}

std::vector<std::int64_t> shape_of(const Bytes& file, const H5Message& message) {
  const std::uint64_t at = message.at;
  if (message.bytes < 8) throw FileReject("its shape is cut off");
  const auto version = file.number(at, 1), rank = file.number(at + 1, 1),
             flags = file.number(at + 2, 1);
  const std::uint64_t sizes = at + (version == 1 ? 8 : 4);
  const bool least = flags == 1;  // its largest sizes are said as well
  if ((version != 1 && version != 2) || flags > 1 || rank > 32 ||
      (version == 2 && file.number(at + 3, 1) > 1) ||
      sizes - at + rank * 8 * (least ? 2 : 1) > message.bytes)
    throw FileReject("its shape is damaged");
  std::vector<std::int64_t> shape;
  for (std::uint64_t axis = 0; axis < rank; ++axis) {
    const std::uint64_t size = file.u64(sizes + axis * 8);
    if (size > std::uint64_t{1} << 62 || (least && file.u64(sizes + (rank + axis) * 8) < size))
      throw FileReject("its shape is damaged");
    shape.push_back(static_cast<std::int64_t>(size));
  }
  return shape;
}

void check_fill_value(const Bytes& file, const H5Message& message, std::uint64_t element) {
  const std::uint64_t at = message.at;
  const bool plain = message.bytes >= 8 && file.number(at, 1) == 2 &&
                     file.number(at + 1, 1) - 1 < 3 && file.number(at + 2, 1) < 3 &&
                     file.number(at + 3, 1) < 2;
  const std::uint64_t size = plain && file.number(at + 3, 1) == 1 ? file.u32(at + 4) : 0;
  if (!plain || (size != 0 && size != element) || 8 + size > message.bytes)
    throw FileReject("its fill value is not as Keras writes it");
}

void check_layout(const Bytes& file, const H5Message& message, std::uint64_t bytes,
                  H5Extents& extents) {
  const std::uint64_t at = message.at;
  if (message.bytes < 8 || file.number(at, 1) != 3 || file.number(at + 1, 1) > 2)
    throw FileReject("its layout is not as Keras writes it");
  const auto kind = file.number(at + 1, 1);
  if (kind == 2)
    throw FileReject(
        "its numbers are in chunks; in one piece, as Keras writes them, they are read");
  if (kind == 0) {
    if (file.u16(at + 2) != bytes || 4 + bytes > message.bytes)
      throw FileReject("its numbers are not of its size");
    return;
  }
  if (message.bytes < 18 || file.u64(at + 10) != bytes)
    throw FileReject("its numbers are not of its size");
  const std::uint64_t place = file.u64(at + 2);
  if (place == kNowhere) {
    if (bytes != 0) throw FileReject("its numbers were never written");
    return;
  }
  extents.claim(place, bytes, "a dataset");
}

}  // namespace

H5Dataset h5_dataset(const Bytes& file, const std::vector<H5Message>& messages, std::string path,
                     H5Extents& extents) {
  H5Dataset out;
  out.path = std::move(path);
  const std::string what = "dataset " + quoted(out.path);
  try {
    const auto strings = h5_strings(file, messages);
    const auto dtype = strings.find("dtype");
    std::string words;
    out.type = type_of(file, only_message(messages, kDatatype, what),
                       dtype != strings.end() && dtype->second == "bfloat16", words);
    if (out.type.empty()) {
      out.type = words;
      return out;
    }
    out.shape = shape_of(file, only_message(messages, kDataspace, what));
    const std::uint64_t element = element_bytes(out.type),
                        bytes = bytes_of(out.shape, element, what);
    if (has_message(messages, kFilters) || has_message(messages, kSymbolTable))
      throw FileReject("it is packed; plain numbers, as Keras writes them, are read");
    for (const H5Message& message : messages)
      if (message.type == kFillValue) check_fill_value(file, message, element);
    if (has_message(messages, kOldFillValue))
      throw FileReject("its fill value is not as Keras writes it");
    check_layout(file, only_message(messages, kLayout, what), bytes, extents);
  } catch (const FileReject& e) {
    throw FileReject(what + ": " + e.what());
  }
  out.readable = true;
  return out;
}

}  // namespace tconv::frontends
