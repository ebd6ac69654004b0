#include "jit/call_frame.h"

#include <initializer_list>

namespace tconv::jit {
namespace {

// DWARF: call frame instructions and register numbers (System V ABI for x86-64).
enum : std::uint8_t {
  kAdvance = 0x40,
  kOffset = 0x80,
  kRestore = 0xc0,
  kAdvance4 = 0x04,
  kDefCfa = 0x0c,
  kDefCfaRegister = 0x0d,
  kDefCfaOffset = 0x0e,
  kRbx = 3,
  kRbp = 6,
  kRsp = 7,
  kR12 = 12,
  kReturn = 16,
};
// How a range says where it begins: an address of 8 bytes, or 4 bytes relative to themselves.
constexpr std::uint8_t kAbsolute = 0, kRelative = 0x1b;

// Lengths of what KernelFrame::enter and leave emit.
constexpr std::uint8_t kToPushedRbp = 4 + 1;          // endbr64; push rbp
constexpr std::uint8_t kToFrame = 3;                  // mov rbp, rsp
constexpr std::uint8_t kToSaved = 1 + 2 + 2 + 2 + 2;  // push rbx, r12..r15
constexpr std::uint8_t kRet = 1;

class Writer {
 public:
  explicit Writer(std::vector<std::uint8_t>& out) : out_(out) {}
  void bytes(std::initializer_list<std::uint8_t> list) {
    out_.insert(out_.end(), list.begin(), list.end());
  }
  void number(std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i) out_.push_back(static_cast<std::uint8_t>(value >> 8 * i));
  }
  // A length word before what `body` writes, padded to 8 bytes.
  template <class Body>
  void entry(Body&& body) {
    const std::size_t at = out_.size();
    number(0, 4);
    body();
    while (out_.size() % 8 != 0) out_.push_back(0);  // nop
    const std::size_t length = out_.size() - at - 4;
    for (std::size_t i = 0; i < 4; ++i) out_[at + i] = static_cast<std::uint8_t>(length >> 8 * i);
  }

 private:
  std::vector<std::uint8_t>& out_;
};

void kernel_frame(Writer& w, std::size_t kernel_bytes) {
  w.bytes({kAdvance | kToPushedRbp, kDefCfaOffset, 16, kOffset | kRbp, 2});
  w.bytes({kAdvance | kToFrame, kDefCfaRegister, kRbp});
  w.bytes({kAdvance | kToSaved, kOffset | kRbx, 3});
  for (std::uint8_t i = 0; i < 4; ++i)
    w.bytes({static_cast<std::uint8_t>(kOffset | (kR12 + i)), static_cast<std::uint8_t>(4 + i)});
  w.bytes({kAdvance4});
  w.number(kernel_bytes - kToPushedRbp - kToFrame - kToSaved - kRet, 4);
  w.bytes({kDefCfa, kRsp, 8, kRestore | kRbp, kRestore | kRbx});
  for (std::uint8_t i = 0; i < 4; ++i) w.bytes({static_cast<std::uint8_t>(kRestore | (kR12 + i))});
}

LinkedCallFrames write(std::span<const FrameRange> ranges, std::uint8_t encoding) {
  const int width = encoding == kAbsolute ? 8 : 4;
  LinkedCallFrames table;
  table.bytes.reserve(32 + 72 * ranges.size());
  Writer w(table.bytes);
  w.entry([&] {
    w.number(0, 4);                                            // common to all ranges
    w.bytes({1, 'z', 'R', 0, 1, 0x78, kReturn, 1, encoding});  // factors 1 and -8
    w.bytes({kDefCfa, kRsp, 8, kOffset | kReturn, 1});
  });
  for (const FrameRange& range : ranges) {
    w.entry([&] {
      w.number(table.bytes.size(), 4);  // back to the common part at offset 0
      table.begin_fields.push_back(table.bytes.size());
      w.number(encoding == kAbsolute ? range.begin : 0, width);
      w.number(range.bytes, width);
      w.bytes({0});
      if (range.kernel) kernel_frame(w, range.bytes);
    });
  }
  return table;
}

}  // namespace

std::vector<std::uint8_t> loaded_call_frames(std::span<const FrameRange> ranges) {
  std::vector<std::uint8_t> bytes = write(ranges, kAbsolute).bytes;
  bytes.resize(bytes.size() + 4);
  return bytes;
}

LinkedCallFrames linked_call_frames(std::span<const FrameRange> ranges) {
  return write(ranges, kRelative);
}

}  // namespace tconv::jit
