// Recognises the lane permutations that one instruction without an index register can do.
#pragma once

#include <cstdint>
#include <span>

namespace tconv::jit {

// lane i = concat(a, b)[p[i]]. Sources are numbered 0 (a) and 1 (b).
class Permutation {
 public:
  // `same`: a and b are one register, so only source 0 is named.
  Permutation(std::span<const int> lanes, int lane_bytes, bool same);

  int size() const { return size_; }
  int operator[](int i) const { return lane_[i]; }
  bool single() const { return single_; }
  int first() const { return lane_[0] / size_; }  // the source of lane 0; of all, when single()

  bool identity() const;
  bool broadcast_of_lane0() const;
  bool blend(std::uint8_t& imm) const;  // lane i from lane i of either source; bit i set = from b
  // Per 128 bits: the elements of the low (high) halves interleaved.
  bool unpack(bool high, int& s0, int& s1) const { return unpack(high, 1, s0, s1); }
  // The same with pairs of 32-bit elements: unpck?pd on 32-bit lanes.
  bool unpack_pairs(bool high, int& s0, int& s1) const { return unpack(high, 2, s0, s1); }
  // vshufps: per 128 bits two elements of s0, then two of s1, the same in every block.
  bool shuffle32(int& s0, int& s1, std::uint8_t& imm) const;
  // vshufpd (256 bits): even lanes from s0, odd ones from s1, out of the same 128 bits.
  bool shuffle64(int& s0, int& s1, std::uint8_t& imm) const;
  // vshuff32x4: 128-bit blocks, two of s0, then two of s1.
  bool blocks512(int& s0, int& s1, std::uint8_t& imm) const;
  // vperm2f128: any two of the four blocks.
  bool blocks256(std::uint8_t& imm) const;

 private:
  bool unpack(bool high, int width, int& s0, int& s1) const;
  // The source of block `i` (`width` lanes) and its number in that source; false if not a whole
  // block.
  bool block(int i, int width, int& source, int& number) const;

  int lane_[32] = {};
  int size_ = 0, per_block_ = 0;  // lanes in all, lanes in 128 bits
  bool single_ = true;
};

}  // namespace tconv::jit
