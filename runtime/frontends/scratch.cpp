#include "runtime/frontends/scratch.h"

#include <array>
#include <cstdlib>
#include <new>

namespace tconv::frontends {
namespace {

constexpr std::size_t kAlignment = 64, kMostKept = std::size_t{64} << 20;

void* allocate(std::size_t bytes) {
  void* data = std::aligned_alloc(kAlignment, (bytes + kAlignment) / kAlignment * kAlignment);
  if (data == nullptr) throw std::bad_alloc();
  return data;
}

struct Block {
  void* data = nullptr;
  std::size_t bytes = 0;
  bool taken = false;
};

// Input, filter, packed filter, output and workspace are five; a nested call takes its own.
struct Blocks {
  std::array<Block, 6> blocks;
  ~Blocks() {
    for (const Block& block : blocks) std::free(block.data);
  }
};
thread_local Blocks of_this_thread;

}  // namespace

ScratchLease::ScratchLease(std::size_t bytes) {
  if (bytes > kMostKept) {
    data_ = allocate(bytes);
    return;
  }
  for (std::size_t slot = 0; slot < of_this_thread.blocks.size(); ++slot) {
    Block& block = of_this_thread.blocks[slot];
    if (block.taken) continue;
    if (block.bytes < bytes || block.data == nullptr) {
      std::free(block.data);
      block = Block();
      block.data = allocate(bytes);
      block.bytes = bytes;
    }
    block.taken = true;
    slot_ = static_cast<int>(slot);
    data_ = block.data;
    return;
  }
  data_ = allocate(bytes);
}

ScratchLease::~ScratchLease() {
  if (slot_ >= 0)
    of_this_thread.blocks[static_cast<std::size_t>(slot_)].taken = false;
  else
    std::free(data_);
}

}  // namespace tconv::frontends
