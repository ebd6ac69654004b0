#include <charconv>
#include <fstream>

#include "runtime/frontends/onnx_part/constants.h"
#include "runtime/frontends/onnx_part/reject.h"

namespace tconv::frontends {
namespace {

namespace fs = std::filesystem;

std::uint64_t number(const std::string& key, const std::string& text) {
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    throw OnnxReject("external data: " + key + " " + in_quotes(text) + " is no number of bytes");
  return static_cast<std::uint64_t>(value);
}

// A model must not be able to read what lies elsewhere on the machine, links included.
fs::path file_of(const std::string& location, const fs::path& folder) {
  const fs::path given = location;
  if (location.empty() || location.find('\0') != std::string::npos || given.is_absolute())
    throw OnnxReject("external data: location " + in_quotes(location) +
                     " must be a path relative to the model's folder");
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  const fs::path file = error ? fs::path() : fs::canonical(root / given, error);
  if (error)
    throw OnnxReject("external data: " + in_quotes(location) +
                     " cannot be read: " + error.message());
  const fs::path inside = file.lexically_relative(root);
  if (inside.empty() || *inside.begin() == "..")
    throw OnnxReject("external data: " + in_quotes(location) + " is outside of the model's folder");
  if (!fs::is_regular_file(file, error))
    throw OnnxReject("external data: " + in_quotes(location) + " is not a file");
  return file;
}

}  // namespace

std::string external_bytes(const ::onnx::TensorProto& tensor, std::uint64_t bytes,
                           const fs::path& folder) {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = number("offset", entry.value());
    if (entry.key() == "length") length = number("length", entry.value());
  }
  const fs::path path = file_of(location, folder);
  if (length && *length != bytes)
    throw OnnxReject("external data: length is " + std::to_string(*length) +
                     "; shape and type need " + std::to_string(bytes) + " bytes");
  std::error_code error;
  const std::uint64_t size = fs::file_size(path, error);
  if (error || offset > size || bytes > size - offset)
    throw OnnxReject("external data: " + in_quotes(location) + " has " + std::to_string(size) +
                     " bytes; needed are " + std::to_string(bytes) + " from byte " +
                     std::to_string(offset));
  std::string out(bytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(out.data(), static_cast<std::streamsize>(bytes));
  if (!file || static_cast<std::uint64_t>(file.gcount()) != bytes)
    throw OnnxReject("external data: " + in_quotes(location) + " cannot be read");
  return out;
}

}  // namespace tconv::frontends
