#include "runtime/frontends/keras_part/zip.h"

#include <zlib.h>

#include <algorithm>
#include <set>

#include "runtime/frontends/keras_part/bytes.h"

namespace tconv::frontends {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kEntry = 0x02014b50, kEnd = 0x06054b50,
                        kWideEnd = 0x06064b50, kWideLocator = 0x07064b50;
constexpr std::uint64_t kLocalBytes = 30, kEntryBytes = 46, kEndBytes = 22;
// 1980-01-01, the first day that the format has: what is written does not depend on the clock.
constexpr std::uint32_t kNoDate = 0x00210000;
// Deflate makes at most 1032 bytes of one: a member that claims more is damaged, or a bomb.
constexpr std::uint64_t kMostRatio = 1032;

[[noreturn]] void damaged(const std::string& why) {
  throw FileReject("it is damaged or cut off: " + why);
}

struct Directory {
  std::uint64_t at = 0, bytes = 0, entries = 0;
};

// The end of the directory is the last thing in the file but for a comment.
Directory directory_of(const Bytes& file) {
  for (std::uint64_t comment = 0; comment <= 0xffff; ++comment) {
    if (file.size() < kEndBytes + comment) break;
    const std::uint64_t at = file.size() - kEndBytes - comment;
    if (file.u32(at) != kEnd || file.u16(at + 20) != comment) continue;
    if (file.u16(at + 4) != 0 || file.u16(at + 6) != 0) damaged("it is one of several volumes");
    const Directory narrow{file.u32(at + 16), file.u32(at + 12), file.u16(at + 10)};
    if (at < 20 || file.u32(at - 20) != kWideLocator) return narrow;
    const std::uint64_t wide = file.u64(at - 12);
    if (file.u32(wide) != kWideEnd) damaged("the end of its directory is not where it should be");
    return {file.u64(wide + 48), file.u64(wide + 40), file.u64(wide + 32)};
  }
  damaged("it has no zip directory");
}

// Sizes and offset of an entry that do not fit in 32 bits stand in an extra field, in this order.
struct Place {
  std::uint64_t size, packed, offset;
};
void widen(const Bytes& file, std::uint64_t at, std::uint64_t end, Place& place) {
  while (at + 4 <= end) {
    const std::uint64_t id = file.u16(at), bytes = file.u16(at + 2);
    std::uint64_t next = at + 4;
    at = next + bytes;
    if (at > end) damaged("an extra field is longer than its entry");
    if (id != 1) continue;
    for (std::uint64_t* value : {&place.size, &place.packed, &place.offset}) {
      if (*value != 0xffffffff) continue;
      if (next + 8 > at) damaged("an extra field is too short");
      *value = file.u64(next);
      next += 8;
    }
  }
}

ZipMember member_at(const Bytes& file, std::uint64_t& at, std::uint64_t end) {
  if (at + kEntryBytes > end || file.u32(at) != kEntry)
    damaged("its directory has less entries than it says");
  const std::uint64_t name = file.u16(at + 28), extra = file.u16(at + 30),
                      comment = file.u16(at + 32);
  const std::uint64_t next = at + kEntryBytes + name + extra + comment;
  if (next > end) damaged("an entry is longer than its directory");
  ZipMember member;
  member.name = file.slice(at + kEntryBytes, name);
  member.method = file.u16(at + 10);
  member.date = file.u32(at + 12);
  member.check = file.u32(at + 16);
  const std::string what = "member " + quoted(member.name);
  if ((file.u16(at + 8) & 0x41) != 0) throw FileReject(what + " is encrypted");
  Place place{file.u32(at + 24), file.u32(at + 20), file.u32(at + 42)};
  widen(file, at + kEntryBytes + name, at + kEntryBytes + name + extra, place);
  member.size = place.size;
  const std::uint64_t local = place.offset;
  if (file.slice(local, kLocalBytes).empty() || file.u32(local) != kLocal ||
      file.u16(local + 26) != name || file.slice(local + kLocalBytes, name) != member.name)
    damaged(what + " is not where its directory says");
  member.packed = file.slice(local + kLocalBytes + name + file.u16(local + 28), place.packed);
  at = next;
  return member;
}

std::string inflated(const ZipMember& member, const std::string& what) {
  std::string bytes(member.size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  // zlib counts in 32 bits.
  constexpr std::uint64_t kStep = 1 << 30;
  std::string_view in = member.packed;
  std::uint64_t out = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    const std::uint64_t take = std::min<std::uint64_t>(in.size(), kStep),
                        room = std::min<std::uint64_t>(bytes.size() - out, kStep);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream.avail_in = static_cast<uInt>(take);
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + out);
    stream.avail_out = static_cast<uInt>(room);
    status = inflate(&stream, Z_NO_FLUSH);
    in.remove_prefix(take - stream.avail_in);
    out += room - stream.avail_out;
  }
  inflateEnd(&stream);
  if (status == Z_MEM_ERROR) throw std::bad_alloc();
  if (status != Z_STREAM_END || out != bytes.size() || !in.empty())
    damaged(what + " does not unpack to the " + std::to_string(member.size) + " bytes that it has");
  return bytes;
}

std::uint32_t check_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

std::vector<ZipMember> zip_members(std::string_view archive) {
  const Bytes file(archive);
  const Directory directory = directory_of(file);
  file.slice(directory.at, directory.bytes);
  const std::uint64_t end = directory.at + directory.bytes;
  std::vector<ZipMember> members;
  std::set<std::string> names;
  std::uint64_t at = directory.at;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    members.push_back(member_at(file, at, end));
    if (!names.insert(members.back().name).second)
      damaged("member " + quoted(members.back().name) + " is there twice");
  }
  if (at != end) damaged("its directory has more entries than it says");
  return members;
}

const ZipMember* find_member(const std::vector<ZipMember>& members, std::string_view name) {
  for (const ZipMember& member : members)
    if (member.name == name) return &member;
  return nullptr;
}

std::string unpacked(const ZipMember& member) {
  const std::string what = "member " + quoted(member.name);
  if (member.method != 0 && member.method != 8)
    throw FileReject(what + " is packed by method " + std::to_string(member.method) +
                     "; stored and deflated ones are read");
  if (member.method == 0 ? member.size != member.packed.size()
                         : member.size / kMostRatio > member.packed.size())
    damaged(what + " claims " + std::to_string(member.size) + " bytes in " +
            std::to_string(member.packed.size()));
  std::string bytes = member.method == 0 ? std::string(member.packed) : inflated(member, what);
  if (check_of(bytes) != member.check) damaged(what + " does not have its check sum");
  return bytes;
}

ZipMember stored(std::string name, std::string_view bytes) {
  return {std::move(name), 0, kNoDate, check_of(bytes), bytes.size(), bytes};
}

std::string zip_archive(const std::vector<ZipMember>& members) {
  std::string out, directory;
  for (const ZipMember& member : members) {
    if (member.size > 0xfffffffe || out.size() > 0xfffffffe || members.size() > 0xfffe ||
        member.packed.size() > 0xfffffffe - out.size())
      throw FileReject("it would have more than 4 GiB, or 65534 members");
    const bool ascii = std::all_of(member.name.begin(), member.name.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    std::string head;  // what both headers have
    append_number(head, 20, 2);
    append_number(head, ascii ? 0 : 0x800, 2);
    append_number(head, member.method, 2);
    append_number(head, member.date, 4);
    append_number(head, member.check, 4);
    append_number(head, member.packed.size(), 4);
    append_number(head, member.size, 4);
    append_number(head, member.name.size(), 2);
    append_number(head, 0, 2);
    append_number(directory, kEntry, 4);
    append_number(directory, 0x0314, 2);  // made on Unix
    directory += head;
    append_number(directory, 0, 6);
    append_number(directory, 0600U << 16, 4);
    append_number(directory, out.size(), 4);
    directory += member.name;
    append_number(out, kLocal, 4);
    out.append(head).append(member.name).append(member.packed);
  }
  if (out.size() > 0xfffffffe - directory.size()) throw FileReject("it would have more than 4 GiB");
  const std::uint64_t at = out.size();
  out += directory;
  append_number(out, kEnd, 4);
  append_number(out, 0, 4);
  append_number(out, members.size(), 2);
  append_number(out, members.size(), 2);
  append_number(out, directory.size(), 4);
  append_number(out, at, 4);
  append_number(out, 0, 2);
  return out;
}

}  // namespace tconv::frontends
