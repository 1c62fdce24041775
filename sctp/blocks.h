// sctp/blocks.h - where user data waits: fixed-size blocks of three sizes.
//
// A short text must not hold a block that a full packet would fit into, and a chunk may be as long
// as its length field can say. The heap is asked for many blocks at once, and never in a steady
// flow. Tested by: blocks_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "base/slab.h"

namespace glass::sctp {

enum class BlockId : std::uint32_t { kNone = 0xffffffff };

class Blocks {
 public:
  static constexpr std::size_t kMaxBlock = 65536;  // no chunk carries more

  BlockId store(Bytes bytes) {
    CHECK(bytes.size() <= kMaxBlock);
    std::size_t slab = 0;
    while (slabs_[slab].block_size() < bytes.size()) ++slab;
    return static_cast<BlockId>(slab << kSlabShift | slabs_[slab].store(bytes));
  }
  void release(BlockId id) { slab(id).release(inner(id)); }
  // Releases `id` and all that is chained behind it.
  void release_chain(BlockId id) {
    while (id != BlockId::kNone) {
      const BlockId behind = next(id);
      release(id);
      id = behind;
    }
  }
  [[nodiscard]] MutableBytes bytes(BlockId id) { return slab(id).bytes(inner(id)); }
  [[nodiscard]] BlockId next(BlockId id) { return static_cast<BlockId>(slab(id).next(inner(id))); }
  void chain(BlockId id, BlockId behind) {
    slab(id).next(inner(id)) = static_cast<std::uint32_t>(behind);
  }
  [[nodiscard]] std::size_t in_use() const {
    std::size_t count = 0;
    for (const Slab& slab : slabs_) count += slab.in_use();
    return count;
  }

 private:
  static constexpr unsigned kSlabShift = 28;
  static constexpr std::uint32_t kInnerMask = (1U << kSlabShift) - 1;

  [[nodiscard]] Slab& slab(BlockId id) {
    return slabs_[static_cast<std::uint32_t>(id) >> kSlabShift];
  }
  static std::uint32_t inner(BlockId id) { return static_cast<std::uint32_t>(id) & kInnerMask; }

  std::array<Slab, 3> slabs_{Slab(128, 128), Slab(1536, 64), Slab(kMaxBlock, 1)};
};

}  // namespace glass::sctp
