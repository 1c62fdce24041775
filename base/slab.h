// base/slab.h - blocks of one size, lent and taken back without the heap.
//
// Memory comes in segments of many blocks when none is free, and stays. A block is named by its
// number; beside the bytes it has a length and a link, so that blocks can be chained.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace glass {

class Slab {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  Slab(std::size_t block_size, std::size_t blocks_per_segment)
      : block_size_(block_size), per_segment_(blocks_per_segment) {
    CHECK(block_size > 0 && blocks_per_segment > 0);
  }

  [[nodiscard]] std::size_t block_size() const { return block_size_; }
  [[nodiscard]] std::size_t in_use() const { return in_use_; }

  // A block with a copy of `bytes`, which must fit.
  std::uint32_t store(Bytes bytes) {
    CHECK(bytes.size() <= block_size_);
    if (free_ == kNone) grow();
    const std::uint32_t id = free_;
    free_ = blocks_[id].next;
    blocks_[id] = {.next = kNone, .size = static_cast<std::uint32_t>(bytes.size()), .lent = true};
    ++in_use_;
    copy_bytes(bytes, room(id));
    return id;
  }
  void release(std::uint32_t id) {
    Block& block = lent(id);
    block = {.next = free_, .size = 0, .lent = false};
    free_ = id;
    --in_use_;
  }
  [[nodiscard]] MutableBytes bytes(std::uint32_t id) { return room(id).first(lent(id).size); }
  // The block that the owner chained behind this one; kNone at first.
  [[nodiscard]] std::uint32_t& next(std::uint32_t id) { return lent(id).next; }

 private:
  struct Block {
    std::uint32_t next = kNone;
    std::uint32_t size = 0;
    bool lent = false;
  };

  Block& lent(std::uint32_t id) {
    CHECK(id < blocks_.size() && blocks_[id].lent);
    return blocks_[id];
  }
  MutableBytes room(std::uint32_t id) {
    return MutableBytes(segments_[id / per_segment_])
        .subspan(id % per_segment_ * block_size_, block_size_);
  }
  void grow() {
    const std::size_t first = blocks_.size();
    CHECK(first + per_segment_ < kNone);
    segments_.emplace_back(block_size_ * per_segment_);
    blocks_.resize(first + per_segment_);
    for (std::size_t i = blocks_.size(); i-- > first;) {
      blocks_[i].next = free_;
      free_ = static_cast<std::uint32_t>(i);
    }
  }

  std::size_t block_size_;
  std::size_t per_segment_;
  std::vector<ByteVector> segments_;
  std::vector<Block> blocks_;
  std::uint32_t free_ = kNone;
  std::size_t in_use_ = 0;
};

}  // namespace glass
