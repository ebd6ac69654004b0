// .eh_frame: how an unwinder gets out of our functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tconv::jit {

struct FrameRange {
  std::uint64_t begin = 0;  // address, or offset in its section
  std::size_t bytes = 0;
  bool kernel = true;  // the frame of kernel_frame.h; otherwise a leaf that moves no register
};

// For code that is loaded: begins are addresses, and the table has an end.
std::vector<std::uint8_t> loaded_call_frames(std::span<const FrameRange> ranges);

// For an object file: the linker fills in where each range begins, relative to the field at
// begin_fields[i], and ends the table.
struct LinkedCallFrames {
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint64_t> begin_fields;  // offsets of 4-byte fields
};
LinkedCallFrames linked_call_frames(std::span<const FrameRange> ranges);

}  // namespace tconv::jit
