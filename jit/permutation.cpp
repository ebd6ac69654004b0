#include "jit/permutation.h"

namespace tconv::jit {

Permutation::Permutation(std::span<const int> lanes, int lane_bytes, bool same)
    : size_(static_cast<int>(lanes.size())), per_block_(16 / lane_bytes) {
  for (int i = 0; i < size_; ++i) {
    const int lane = lanes[static_cast<std::size_t>(i)];
    lane_[i] = same ? lane % size_ : lane;
  }
  for (int i = 1; i < size_; ++i) single_ &= lane_[i] / size_ == lane_[0] / size_;
}

bool Permutation::identity() const {
  for (int i = 0; i < size_; ++i)
    if (lane_[i] != lane_[0] + i) return false;
  return lane_[0] % size_ == 0;
}

bool Permutation::broadcast_of_lane0() const {
  for (int i = 0; i < size_; ++i)
    if (lane_[i] % size_ != 0) return false;
  return true;
}

bool Permutation::blend(std::uint8_t& imm) const {
  imm = 0;
  for (int i = 0; i < size_; ++i) {
    if (lane_[i] % size_ != i) return false;
    if (lane_[i] >= size_) imm = static_cast<std::uint8_t>(imm | 1 << i);
  }
  return true;
}

bool Permutation::unpack(bool high, int width, int& s0, int& s1) const {
  const int half = per_block_ / 2;
  if (half < width) return false;
  s0 = lane_[0] / size_;
  s1 = lane_[width] / size_;
  for (int i = 0; i < size_; ++i) {
    const int in_block = i % per_block_, base = i - in_block;
    const int group = in_block / width, source = group % 2 ? s1 : s0;
    const int from = base + (high ? half : 0) + group / 2 * width + in_block % width;
    if (lane_[i] != source * size_ + from) return false;
  }
  return true;
}

bool Permutation::shuffle32(int& s0, int& s1, std::uint8_t& imm) const {
  s0 = lane_[0] / size_;
  s1 = lane_[2] / size_;
  imm = 0;
  for (int i = 0; i < 4; ++i) imm = static_cast<std::uint8_t>(imm | (lane_[i] & 3) << 2 * i);
  for (int i = 0; i < size_; ++i) {
    const int source = i % 4 < 2 ? s0 : s1;
    if (lane_[i] != source * size_ + i / 4 * 4 + (imm >> 2 * (i % 4) & 3)) return false;
  }
  return true;
}

bool Permutation::shuffle64(int& s0, int& s1, std::uint8_t& imm) const {
  s0 = lane_[0] / size_;
  s1 = lane_[1] / size_;
  imm = 0;
  for (int i = 0; i < size_; ++i) {
    const int source = i % 2 ? s1 : s0, at = lane_[i] - source * size_ - i / 2 * 2;
    if (at < 0 || at > 1) return false;
    imm = static_cast<std::uint8_t>(imm | at << i);
  }
  return true;
}

bool Permutation::block(int i, int width, int& source, int& number) const {
  const int start = lane_[i * width];
  if (start % width != 0) return false;
  for (int j = 1; j < width; ++j)
    if (lane_[i * width + j] != start + j) return false;
  source = start / size_;
  number = start % size_ / width;
  return true;
}

bool Permutation::blocks512(int& s0, int& s1, std::uint8_t& imm) const {
  imm = 0;
  for (int i = 0; i < 4; ++i) {
    int source = 0, number = 0;
    if (!block(i, size_ / 4, source, number)) return false;
    int& expected = i < 2 ? s0 : s1;
    if (i % 2 == 0) expected = source;
    if (expected != source) return false;
    imm = static_cast<std::uint8_t>(imm | number << 2 * i);
  }
  return true;
}

bool Permutation::blocks256(std::uint8_t& imm) const {
  imm = 0;
  for (int i = 0; i < 2; ++i) {
    int source = 0, number = 0;
    if (!block(i, size_ / 2, source, number)) return false;
    imm = static_cast<std::uint8_t>(imm | (source * 2 + number) << 4 * i);
  }
  return true;
}

}  // namespace tconv::jit
