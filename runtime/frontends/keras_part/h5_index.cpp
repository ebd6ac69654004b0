#include "runtime/frontends/keras_part/h5_index.h"

#include <algorithm>

namespace tconv::frontends {
namespace {

constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);
// Of h5py's files: entries of a leaf and children of an inner node are at most twice these.
constexpr std::uint64_t kLeaf = 4, kInner = 16;
constexpr std::uint64_t kSuperblockBytes = 96, kEntryBytes = 40, kHeapBytes = 32,
                        kNodeBytes = 24 + (2 * kInner + 1) * 8 + 2 * kInner * 8,
                        kTableBytes = 8 + 2 * kLeaf * kEntryBytes;
constexpr int kDeepest = 64;

[[noreturn]] void damaged(const std::string& what, std::uint64_t at, const std::string& why) {
  throw FileReject("it is damaged: " + what + " at byte " + std::to_string(at) + " " + why);
}

class Walk {
 public:
  explicit Walk(std::string_view file) : file_(file), extents_(file_) {}

  H5Index all() {
    check_superblock();
    object(kSuperblockBytes - kEntryBytes, "", 0);
    return std::move(index_);
  }

 private:
  struct Heap {
    std::uint64_t at, bytes;
  };

  void check_superblock() {
    if (!is_h5(file_.slice(0, std::min<std::uint64_t>(file_.size(), 8))))
      throw FileReject("it is no HDF5 file");
    const auto byte = [this](std::uint64_t at) { return file_.number(at, 1); };
    if (byte(8) != 0)
      throw FileReject("it is an HDF5 file of version " + std::to_string(byte(8)) +
                       "; Keras and h5py write version 0 unless told otherwise, which is read");
    extents_.claim(0, kSuperblockBytes, "the superblock");
    const bool plain = byte(9) == 0 && byte(10) == 0 && byte(11) == 0 && byte(12) == 0 &&
                       byte(13) == 8 && byte(14) == 8 && byte(15) == 0 && file_.u16(16) == kLeaf &&
                       file_.u16(18) == kInner && file_.u32(20) == 0 && file_.u64(24) == 0 &&
                       file_.u64(32) == kNowhere && file_.u64(48) == kNowhere;
    if (!plain) throw FileReject("it is damaged, or its superblock is not as Keras writes it");
    if (file_.u64(40) != file_.size())
      throw FileReject("it is damaged or cut off: it has " + std::to_string(file_.size()) +
                       " bytes and says " + std::to_string(file_.u64(40)));
  }

  // What a symbol table's entry at `entry` stands for.
  void object(std::uint64_t entry, const std::string& path, int depth) {
    if (depth > kDeepest) throw FileReject("its groups are nested deeper than 64 levels");
    const std::uint64_t header = file_.u64(entry + 8), cached = file_.u32(entry + 16);
    if (cached > 1)
      throw FileReject("it is damaged, or " + quoted(path) + " is a link; Keras writes none");
    const std::vector<H5Message> messages = h5_header(file_, header, extents_);
    if (!has_message(messages, kSymbolTable)) {
      if (cached != 0 || path.empty()) damaged("object " + quoted(path), header, "is no group");
      index_.datasets.push_back(h5_dataset(file_, messages, path, extents_));
      return;
    }
    const H5Message table = only_message(messages, kSymbolTable, "group " + quoted(path));
    if (table.bytes != 16) damaged("group " + quoted(path), header, "has a table of another size");
    const std::uint64_t tree = file_.u64(table.at), heap = file_.u64(table.at + 8);
    // The entry repeats what the header says, and the library believes it.
    if (cached == 1 && (file_.u64(entry + 24) != tree || file_.u64(entry + 32) != heap))
      damaged("group " + quoted(path), header, "is not what its entry says");
    const auto strings = h5_strings(file_, messages);
    const auto name = strings.find("name");
    index_.groups.push_back({path, name == strings.end() ? std::string() : name->second});
    const Heap names = checked_heap(heap);
    std::vector<std::uint64_t> nodes = {tree};
    // Level by level; all nodes of a level know their neighbours.
    for (std::uint64_t level = levels_of(tree);; --level) {
      std::vector<std::uint64_t> children;
      for (std::size_t i = 0; i < nodes.size(); ++i)
        node(nodes[i], level, i == 0 ? kNowhere : nodes[i - 1],
             i + 1 == nodes.size() ? kNowhere : nodes[i + 1], names, children);
      nodes = std::move(children);
      if (level == 0) break;
    }
    for (const std::uint64_t leaf : nodes) entries(leaf, names, path, depth);
  }

  std::uint64_t levels_of(std::uint64_t tree) {
    const std::uint64_t level = file_.number(tree + 5, 1);
    if (level > 8) damaged("the tree", tree, "is too deep");
    return level;
  }

  // The library walks the list of free space, and takes names up to their zero byte.
  Heap checked_heap(std::uint64_t at) {
    extents_.claim(at, kHeapBytes, "a heap");
    const Heap heap{file_.u64(at + 24), file_.u64(at + 8)};
    if (file_.slice(at, 8) != std::string_view("HEAP\0\0\0\0", 8)) damaged("a heap", at, "is none");
    extents_.claim(heap.at, heap.bytes, "a heap's names");
    std::uint64_t next = file_.u64(at + 16), before = 0;
    while (next != 1) {
      // In the order of their places, which makes it end.
      if (next < before || heap.bytes < 16 || next > heap.bytes - 16 || next % 8 != 0)
        damaged("the free space of a heap", at, "is not in it");
      const std::uint64_t size = file_.u64(heap.at + next + 8);
      if (size < 16 || size > heap.bytes - next)
        damaged("the free space of a heap", at, "is not in it");
      before = next + size;
      next = file_.u64(heap.at + next);
    }
    return heap;
  }

  std::string name_at(const Heap& heap, std::uint64_t offset) {
    if (offset >= heap.bytes) damaged("a name", heap.at, "is not in its heap");
    const std::string_view rest = file_.slice(heap.at + offset, heap.bytes - offset);
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) damaged("a name", heap.at, "has no end");
    return std::string(rest.substr(0, end));
  }

  void node(std::uint64_t at, std::uint64_t level, std::uint64_t left, std::uint64_t right,
            const Heap& names, std::vector<std::uint64_t>& children) {
    extents_.claim(at, kNodeBytes, "a tree");
    const std::uint64_t count = file_.u16(at + 6);
    if (file_.slice(at, 5) != std::string_view("TREE\0", 5) || file_.number(at + 5, 1) != level ||
        count > 2 * kInner || file_.u64(at + 8) != left || file_.u64(at + 16) != right)
      damaged("a tree", at, "is not as Keras writes it");
    for (std::uint64_t i = 0; i < count; ++i) {
      name_at(names, file_.u64(at + 24 + i * 16));
      children.push_back(file_.u64(at + 32 + i * 16));
    }
    if (count > 0) name_at(names, file_.u64(at + 24 + count * 16));
  }

  void entries(std::uint64_t at, const Heap& names, const std::string& path, int depth) {
    extents_.claim(at, kTableBytes, "a symbol table");
    const std::uint64_t count = file_.u16(at + 6);
    if (file_.slice(at, 6) != std::string_view("SNOD\1\0", 6) || count > 2 * kLeaf)
      damaged("a symbol table", at, "is not as Keras writes it");
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t entry = at + 8 + i * kEntryBytes;
      const std::string name = name_at(names, file_.u64(entry));
      if (name.empty() || name.find('/') != std::string::npos)
        damaged("a symbol table", at, "has a name that is none");
      object(entry, path.empty() ? name : path + "/" + name, depth + 1);
    }
  }

  Bytes file_;
  H5Extents extents_;
  H5Index index_;
};

}  // namespace

bool is_h5(std::string_view file) { return file.substr(0, 8) == kSignature; }

H5Index h5_index(std::string_view file) {
  H5Index index = Walk(file).all();
  std::vector<std::string> paths;
  for (const H5Group& group : index.groups) paths.push_back(group.path);
  for (const H5Dataset& dataset : index.datasets) paths.push_back(dataset.path);
  std::sort(paths.begin(), paths.end());
  const auto twice = std::adjacent_find(paths.begin(), paths.end());
  if (twice != paths.end())
    throw FileReject("it is damaged: " + quoted(*twice) + " is there twice");
  return index;
}

}  // namespace tconv::frontends
