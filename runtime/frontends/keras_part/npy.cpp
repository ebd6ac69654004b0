#include "runtime/frontends/keras_part/npy.h"

#include <algorithm>

#include "runtime/frontends/keras_part/bytes.h"
#include "runtime/frontends/keras_part/zip.h"

namespace tconv::frontends {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);

[[noreturn]] void refuse(const std::string& why) { throw FileReject("its NPY header " + why); }

// The header is a dict of Python with three entries; what is read is taken off the front.
class Header {
 public:
  explicit Header(std::string_view text) : rest_(text) {}

  bool take(std::string_view word) {
    skip();
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void want(std::string_view word) {
    if (!take(word)) refuse("has no " + quoted(word) + " where one is needed");
  }
  std::string string() {
    want("'");
    const std::size_t end = rest_.find('\'');
    if (end == std::string_view::npos) refuse("has a string without an end");
    std::string out(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return out;
  }
  std::int64_t integer() {
    skip();
    std::int64_t value = -1;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      if (value > (std::int64_t{1} << 58)) refuse("has an impossible size");
      value = std::max<std::int64_t>(value, 0) * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    if (value < 0) refuse("has no size where one is needed");
    take("L");  // Python 2
    return value;
  }
  bool at_end() {
    skip();
    return rest_.empty();
  }

 private:
  void skip() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n'))
      rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

struct Description {
  std::string type;
  bool fortran = false;
  std::vector<std::int64_t> shape;
};

Description description(std::string_view text) {
  Header header(text);
  Description out;
  int type = 0, order = 0, shape = 0;
  header.want("{");
  while (!header.take("}")) {
    const std::string key = header.string();
    header.want(":");
    if (key == "descr") {
      ++type;
      out.type = header.string();
    } else if (key == "fortran_order") {
      ++order;
      out.fortran = header.take("True");
      if (!out.fortran) header.want("False");
    } else if (key == "shape") {
      ++shape;
      header.want("(");
      while (!header.take(")")) {
        out.shape.push_back(header.integer());
        if (!header.take(",")) {
          header.want(")");
          break;
        }
      }
    } else {
      refuse("has an entry " + quoted(key));
    }
    if (!header.take(",")) {
      header.want("}");
      break;
    }
  }
  if (type != 1 || order != 1 || shape != 1 || !header.at_end())
    refuse("has not one 'descr', 'fortran_order' and 'shape'");
  if (out.shape.size() > 32) refuse("has " + std::to_string(out.shape.size()) + " axes");
  return out;
}

// By NumPy's letters; the first says the order of bytes.
std::string type_named(const std::string& descr) {
  static constexpr std::pair<const char*, const char*> kTypes[] = {
      {"f2", "float16"}, {"f4", "float32"},  {"f8", "float64"}, {"i4", "int32"},
      {"i8", "int64"},   {"V2", "bfloat16"}, {"u2", "bfloat16"}};
  const bool order = !descr.empty() && (descr[0] == '<' || descr[0] == '>' || descr[0] == '|');
  for (const auto& [letters, name] : kTypes)
    if (order && descr.substr(1) == letters && (descr[0] != '|' || descr[1] == 'V')) return name;
  throw FileReject("its type is " + quoted(descr) +
                   "; f2 f4 f8 i4 i8, and V2 and u2 for bfloat16, are read");
}

// First axis fastest to last axis fastest.
std::string transposed(const std::string& from, const std::vector<std::int64_t>& shape,
                       std::uint64_t element) {
  std::string to(from.size(), '\0');
  std::vector<std::uint64_t> index(shape.size()), stride(shape.size(), element);
  for (std::size_t axis = 1; axis < shape.size(); ++axis)
    stride[axis] = stride[axis - 1] * static_cast<std::uint64_t>(shape[axis - 1]);
  for (std::uint64_t at = 0; at < to.size(); at += element) {
    std::uint64_t source = 0;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) source += index[axis] * stride[axis];
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(source), element,
                to.begin() + static_cast<std::ptrdiff_t>(at));
    for (std::size_t axis = shape.size();
         axis-- > 0 && ++index[axis] == static_cast<std::uint64_t>(shape[axis]);)
      index[axis] = 0;
  }
  return to;
}

}  // namespace

bool is_npy(std::string_view file) { return file.substr(0, kMagic.size()) == kMagic; }

FileTensor npy_tensor(std::string_view bytes) {
  if (!is_npy(bytes)) throw FileReject("it is no NPY array");
  const Bytes file(bytes);
  const auto version = file.number(6, 1);
  if (version < 1 || version > 3)
    refuse("is of version " + std::to_string(version) + "; 1 to 3 are read");
  const std::uint64_t start = version == 1 ? 10 : 12, length = file.number(8, version == 1 ? 2 : 4);
  const Description d = description(file.slice(start, length));
  FileTensor out;
  out.type = type_named(d.type);
  out.shape = d.shape;
  const std::uint64_t element = element_bytes(out.type), data = start + length,
                      wanted = bytes_of(d.shape, element, "the array");
  if (bytes.size() - data != wanted)
    throw FileReject("it is damaged or cut off: " + shape_text(d.shape) + " of type " + out.type +
                     " takes " + std::to_string(wanted) + " bytes, there are " +
                     std::to_string(bytes.size() - data));
  out.bytes = bytes.substr(data);
  if (d.type[0] == '>')
    for (auto at = out.bytes.begin(); at != out.bytes.end(); at += static_cast<int>(element))
      std::reverse(at, at + static_cast<int>(element));
  if (d.fortran) out.bytes = transposed(out.bytes, d.shape, element);
  return out;
}

std::string npy_file(const FileTensor& tensor) {
  const std::string letters = tensor.type == "bfloat16" ? "V2" : tensor.type[0] == 'i' ? "i" : "f";
  std::string text = "{'descr': '<" + letters;
  if (letters.size() == 1) text += std::to_string(element_bytes(tensor.type));
  text += "', 'fortran_order': False, 'shape': (";
  for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis)
    text += (axis > 0 ? ", " : "") + std::to_string(tensor.shape[axis]);
  text += tensor.shape.size() == 1 ? ",), }" : "), }";
  text.resize((10 + text.size() + 1 + 63) / 64 * 64 - 11, ' ');
  text += '\n';
  std::string out(kMagic);
  append_number(out, 1, 2);
  append_number(out, text.size(), 2);
  return out + text + tensor.bytes;
}

bool is_zip(std::string_view file) { return file.substr(0, 2) == "PK"; }

std::vector<FileTensor> npz_tensors(std::string_view file) {
  std::vector<FileTensor> out;
  for (const ZipMember& member : zip_members(file)) {
    const std::size_t stem = member.name.size() < 4 ? 0 : member.name.size() - 4;
    const std::string bytes = unpacked(member);
    try {
      if (stem == 0 || member.name.substr(stem) != ".npy")
        throw FileReject("it is no .npy; an archive of NumPy has nothing else");
      FileTensor tensor = npy_tensor(bytes);
      tensor.name = member.name.substr(0, stem);
      out.push_back(std::move(tensor));
    } catch (const FileReject& e) {
      throw FileReject("member " + quoted(member.name) + ": " + e.what());
    }
  }
  return out;
}

std::string npz_file(const std::vector<FileTensor>& tensors) {
  std::vector<std::string> files;
  for (const FileTensor& tensor : tensors) files.push_back(npy_file(tensor));
  std::vector<ZipMember> members;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const ZipMember member = stored(tensors[i].name + ".npy", files[i]);
    if (tensors[i].name.empty() || find_member(members, member.name) != nullptr)
      throw FileReject("arrays need names, each its own; given is " + quoted(tensors[i].name),
                       "tensors");
    members.push_back(member);
  }
  return zip_archive(members);
}

}  // namespace tconv::frontends
