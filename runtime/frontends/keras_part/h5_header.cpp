#include "runtime/frontends/keras_part/h5_header.h"

#include <algorithm>

namespace tconv::frontends {
namespace {

// A file that nobody wrote by mistake has few; a damaged one may have a circle.
constexpr std::size_t kMostMessages = 10000;

[[noreturn]] void damaged(std::uint64_t at, const std::string& why) {
  throw FileReject("it is damaged: the object header at byte " + std::to_string(at) + " " + why);
}

struct Chunk {
  std::uint64_t at, bytes;
};

// Of an attribute's three parts the sizes stand first; version 1 pads each to 8 bytes.
struct Attribute {
  std::string name;
  std::uint64_t type, space, data, end;
};
std::optional<Attribute> attribute(const Bytes& file, const H5Message& message) {
  const std::uint64_t at = message.at, end = at + message.bytes;
  if (message.bytes < 9) return std::nullopt;
  const unsigned version = static_cast<unsigned>(file.number(at, 1));
  if (version < 1 || version > 3) return std::nullopt;
  const auto padded = [&](std::uint64_t bytes) {
    return version == 1 ? (bytes + 7) / 8 * 8 : bytes;
  };
  const std::uint64_t name = at + (version == 3 ? 9 : 8), name_bytes = file.u16(at + 2);
  Attribute out;
  out.type = name + padded(name_bytes);
  out.space = out.type + padded(file.u16(at + 4));
  out.data = out.space + padded(file.u16(at + 6));
  out.end = end;
  if (out.data > end || name_bytes == 0) return std::nullopt;
  out.name = file.slice(name, name_bytes - 1);
  return out;
}

// The object of a global heap that `reference` names: collection address, index.
std::optional<std::string> heap_string(const Bytes& file, std::uint64_t reference,
                                       std::uint64_t bytes) {
  const std::uint64_t heap = file.u64(reference), wanted = file.u32(reference + 8);
  if (file.slice(heap, 16).substr(0, 4) != "GCOL") return std::nullopt;
  const std::uint64_t end = heap + file.u64(heap + 8);
  if (end < heap || end > file.size()) return std::nullopt;
  for (std::uint64_t at = heap + 16; at + 16 <= end;) {
    const std::uint64_t index = file.u16(at), size = file.u64(at + 8);
    if (index == 0 || size > end - at - 16) return std::nullopt;  // free space is the last
    if (index == wanted)
      return size < bytes ? std::nullopt : std::optional(std::string(file.slice(at + 16, bytes)));
    at += 16 + (size + 7) / 8 * 8;
  }
  return std::nullopt;
}

}  // namespace

std::vector<H5Message> h5_header(const Bytes& file, std::uint64_t at, H5Extents& extents) {
  if (file.number(at, 1) != 1)
    damaged(at, "is not of version 1, which Keras and h5py write unless told otherwise");
  const std::size_t count = file.u16(at + 2);
  const std::uint64_t first = file.u32(at + 8);
  extents.claim(at, 16 + first, "an object header");
  std::vector<Chunk> chunks = {{at + 16, first}};
  std::vector<H5Message> out;
  std::size_t seen = 0;
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    std::uint64_t next = chunks[c].at;
    const std::uint64_t end = next + chunks[c].bytes;
    while (next < end) {
      if (end - next < 8) damaged(at, "has a message that is cut off");
      const H5Message message{file.u16(next), next + 8, file.u16(next + 2)};
      const unsigned flags = static_cast<unsigned>(file.number(next + 4, 1));
      next += 8 + message.bytes;
      if (next > end || message.bytes % 8 != 0) damaged(at, "has a message that is cut off");
      if (++seen > count || seen > kMostMessages) damaged(at, "has more messages than it says");
      if (flags > 1) damaged(at, "has a message with flags that Keras does not write");
      switch (message.type) {
        case kNothing:
          break;
        case kContinuation: {
          if (message.bytes != 16) damaged(at, "has a continuation of another size");
          const Chunk chunk{file.u64(message.at), file.u64(message.at + 8)};
          extents.claim(chunk.at, chunk.bytes, "the continuation of an object header");
          chunks.push_back(chunk);
          break;
        }
        case kDataspace:
        case kDatatype:
        case kOldFillValue:
        case kFillValue:
        case kLayout:
        case kFilters:
        case kAttribute:
        case kSymbolTable:
        case kModified:
          out.push_back(message);
          break;
        default:
          damaged(at, "has a message of type " + std::to_string(message.type) +
                          ", which Keras does not write");
      }
    }
  }
  if (seen != count) damaged(at, "has less messages than it says");
  return out;
}

bool has_message(const std::vector<H5Message>& messages, unsigned type) {
  return std::any_of(messages.begin(), messages.end(),
                     [&](const H5Message& m) { return m.type == type; });
}

H5Message only_message(const std::vector<H5Message>& messages, unsigned type,
                       const std::string& what) {
  const auto is = [&](const H5Message& m) { return m.type == type; };
  if (std::count_if(messages.begin(), messages.end(), is) != 1)
    throw FileReject("it is damaged: " + what + " does not have one message of type " +
                     std::to_string(type));
  return *std::find_if(messages.begin(), messages.end(), is);
}

std::map<std::string, std::string> h5_strings(const Bytes& file,
                                              const std::vector<H5Message>& messages) {
  std::map<std::string, std::string> out;
  for (const H5Message& message : messages) {
    if (message.type != kAttribute) continue;
    const std::optional<Attribute> a = attribute(file, message);
    if (!a || a->space - a->type < 8 || a->data - a->space < 4) continue;
    const unsigned kind = static_cast<unsigned>(file.number(a->type, 1)) & 0xf,
                   rank = static_cast<unsigned>(file.number(a->space + 1, 1));
    const std::uint64_t size = file.u32(a->type + 4), room = a->end - a->data;
    if (rank != 0) continue;
    if (kind == 3 && size <= room) {
      const std::string_view text = file.slice(a->data, size);
      out[a->name] = text.substr(0, text.find('\0'));
    } else if (kind == 9 && (file.number(a->type + 1, 1) & 0xf) == 1 && size == 16 && room >= 16) {
      const auto text = heap_string(file, a->data + 4, file.u32(a->data));
      if (text) out[a->name] = text->substr(0, text->find('\0'));
    }
  }
  return out;
}

}  // namespace tconv::frontends
