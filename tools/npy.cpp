#include "tools/npy.h"

#include <fmt/format.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <string_view>

#include "tools/command.h"
#include "tools/temporary_file.h"

namespace tconv::tools {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw UsageError(fmt::format("{}: {}", path, why));
}

// The value of a key in the header, a Python dict literal, up to the comma that ends it.
std::string_view header_value(std::string_view header, std::string_view key,
                              const std::string& path) {
  const std::size_t at = header.find(fmt::format("'{}'", key));
  const std::size_t colon = at == std::string_view::npos ? at : header.find(':', at);
  if (colon == std::string_view::npos) refuse(path, fmt::format("NPY header has no '{}'", key));
  std::string_view value = header.substr(colon + 1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  return value;
}

std::vector<std::int64_t> parse_shape(std::string_view text, const std::string& path) {
  std::vector<std::int64_t> shape;
  if (text.empty() || text.front() != '(') refuse(path, "NPY header has no shape");
  std::int64_t value = -1;
  for (char c : text.substr(1)) {
    if (std::isdigit(static_cast<unsigned char>(c))) {
      if (value > std::numeric_limits<std::int64_t>::max() / 16)
        refuse(path, "NPY shape is impossibly large");
      value = (value < 0 ? 0 : value) * 10 + (c - '0');
    } else if (c == ',' || c == ')') {
      if (value >= 0) shape.push_back(value);
      value = -1;
      if (c == ')') return shape;
    } else if (c != ' ' && c != 'L') {
      refuse(path, "NPY shape is malformed");
    }
  }
  refuse(path, "NPY shape is malformed");
}

std::size_t element_bytes(const std::string& descr, const std::string& path) {
  if (descr.size() != 3 || descr[0] == '>' || std::strchr("fiubV", descr[1]) == nullptr ||
      !std::isdigit(static_cast<unsigned char>(descr[2])) || descr[2] == '0')
    refuse(path, fmt::format("NPY type '{}' is not a little-endian number", descr));
  return static_cast<std::size_t>(descr[2] - '0');
}

std::uint32_t little_endian(const char* bytes, int count) {
  std::uint32_t value = 0;
  for (int i = count - 1; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string read_header(std::ifstream& file, const std::string& path) {
  char start[12] = {};
  if (!file.read(start, 10) || std::string_view(start, 6) != kMagic)
    refuse(path, "is not an NPY file");
  const int version = start[6];
  if (version < 1 || version > 3) refuse(path, fmt::format("NPY version {} is unknown", version));
  std::uint32_t length = little_endian(start + 8, 2);
  if (version > 1) {
    if (!file.read(start + 10, 2)) refuse(path, "is truncated in the NPY header");
    length = little_endian(start + 8, 4);
  }
  if (length > 1U << 20) refuse(path, "NPY header is impossibly long");
  std::string header(length, '\0');
  if (!file.read(header.data(), length)) refuse(path, "is truncated in the NPY header");
  return header;
}

}  // namespace

NpyArray read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  const std::string header = read_header(file, path);

  NpyArray array;
  const std::string_view descr = header_value(header, "descr", path);
  const std::size_t close = descr.empty() ? 0 : descr.find('\'', 1);
  if (descr.empty() || descr.front() != '\'' || close == std::string_view::npos)
    refuse(path, "NPY type is not a number");
  array.descr = descr.substr(1, close - 1);
  if (header_value(header, "fortran_order", path).starts_with("True"))
    refuse(path, "is in Fortran order; C order is needed");
  array.shape = parse_shape(header_value(header, "shape", path), path);

  std::size_t bytes = element_bytes(array.descr, path);
  for (std::int64_t d : array.shape)
    if (__builtin_mul_overflow(bytes, static_cast<std::size_t>(d), &bytes) || bytes > SIZE_MAX / 4)
      refuse(path, "NPY shape is impossibly large");
  const auto start = file.tellg();
  file.seekg(0, std::ios::end);
  const auto there = static_cast<std::size_t>(file.tellg() - start);
  if (there != bytes)
    refuse(path, fmt::format("{}: its shape {} needs {} bytes of data, it has {}",
                             there < bytes ? "is truncated" : "has trailing bytes",
                             shape_text(array.shape), bytes, there));
  file.seekg(start);
  array.data = Buffer(bytes);
  if (bytes > 0 && !file.read(array.data.as<char>(), static_cast<std::streamsize>(bytes)))
    refuse(path, "cannot be read to its end");
  return array;
}

void write_npy(const std::string& path, const std::string& descr,
               const std::vector<std::int64_t>& shape, const void* data, std::size_t bytes) {
  std::string dims;
  for (std::int64_t d : shape) dims += fmt::format("{},", d);
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, dims);
  const std::size_t prefix = 10;
  header.resize((prefix + header.size() + 1 + 63) / 64 * 64 - prefix - 1, ' ');
  header += '\n';
  std::string start(kMagic);
  start += {'\x01', '\x00', static_cast<char>(header.size() & 255),
            static_cast<char>(header.size() >> 8)};

  TemporaryFile file(path);
  file.write(start.data(), start.size());
  file.write(header.data(), header.size());
  file.write(data, bytes);
  file.commit();
}

std::string npy_descr(Type type) {
  switch (type) {
    case Type::f32:
      return "<f4";
    case Type::f64:
      return "<f8";
    case Type::f16:
      return "<f2";
    case Type::bf16:
      return "<u2";
    case Type::i32:
      return "<i4";
  }
  return "";
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace tconv::tools
