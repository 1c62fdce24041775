// stun/turn/index.h - finds the number of a thing by its key in constant time.
//
// A hash table in one piece of memory: open addressing, linear probing, no tombstones. The hash is
// SipHash-1-3 under a key that the owner draws, so that nobody outside can aim at one cell. Nothing
// iterates over it: results never depend on the hash.  Tested by: tests/stun/turn/tables_test.cc
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"

namespace glass::stun::turn {

struct HashKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  static HashKey make(Random& random) { return {random.u64(), random.u64()}; }
};

// SipHash with one round a word and three at the end (Aumasson, Bernstein 2012).
class SipHash {
 public:
  explicit SipHash(const HashKey& key)
      : v0_(key.low ^ 0x736f6d6570736575),
        v1_(key.high ^ 0x646f72616e646f6d),
        v2_(key.low ^ 0x6c7967656e657261),
        v3_(key.high ^ 0x7465646279746573) {}

  SipHash& add(std::uint64_t word) {
    v3_ ^= word;
    round();
    v0_ ^= word;
    return *this;
  }
  SipHash& add(const Address& address) {
    return add(word(Bytes(address.ip).first<8>()))
        .add(word(Bytes(address.ip).last<8>()))
        .add(address.port);
  }
  SipHash& add(const Path& path) {
    return add(static_cast<std::uint64_t>(path.transport)).add(path.local).add(path.remote);
  }
  [[nodiscard]] std::uint64_t value() {
    v2_ ^= 0xff;
    for (int i = 0; i < 3; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  static std::uint64_t word(std::span<const std::uint8_t, 8> bytes) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) value = value << 8 | byte;
    return value;
  }
  void round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_;
  std::uint64_t v1_;
  std::uint64_t v2_;
  std::uint64_t v3_;
};

// Key: anything with == that a SipHash can add.
template <class Key>
class Index {
 public:
  explicit Index(const HashKey& key) : key_(key) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::optional<std::uint32_t> find(const Key& key) const {
    if (size_ == 0) return std::nullopt;
    const Cell& cell = cells_[place(key)];
    if (!cell.used) return std::nullopt;
    return cell.value;
  }
  [[nodiscard]] bool contains(const Key& key) const { return find(key).has_value(); }
  // The key must not be there yet.
  void insert(const Key& key, std::uint32_t value) {
    if (2 * (size_ + 1) > cells_.size()) grow();
    Cell& cell = cells_[place(key)];
    CHECK(!cell.used);
    cell = {.key = key, .value = value, .used = true};
    ++size_;
  }
  // Nothing happens where the key is not there.
  void erase(const Key& key) {
    if (size_ == 0) return;
    std::size_t hole = place(key);
    if (!cells_[hole].used) return;
    // What was pushed past the hole moves back into it, so that every search still ends well.
    for (std::size_t at = next(hole); cells_[at].used; at = next(at)) {
      const std::size_t distance = (at - home(cells_[at].key)) & mask();
      if (distance < ((at - hole) & mask())) continue;
      cells_[hole] = std::move(cells_[at]);
      hole = at;
    }
    cells_[hole].used = false;
    --size_;
  }

 private:
  struct Cell {
    Key key{};
    std::uint32_t value = 0;
    bool used = false;
  };
  static constexpr std::size_t kFirstCapacity = 16;

  [[nodiscard]] std::size_t mask() const { return cells_.size() - 1; }
  [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & mask(); }
  [[nodiscard]] std::size_t home(const Key& key) const {
    return static_cast<std::size_t>(SipHash(key_).add(key).value()) & mask();
  }
  // Where the key is, or the free cell where it would go.
  [[nodiscard]] std::size_t place(const Key& key) const {
    std::size_t at = home(key);
    while (cells_[at].used && !(cells_[at].key == key)) at = next(at);
    return at;
  }
  void grow() {
    std::vector<Cell> old = std::exchange(cells_, {});
    cells_.resize(old.empty() ? kFirstCapacity : 2 * old.size());
    for (Cell& cell : old)
      if (cell.used) cells_[place(cell.key)] = std::move(cell);
  }

  HashKey key_;
  std::vector<Cell> cells_;  // a power of two of them, at most half used
  std::size_t size_ = 0;
};

}  // namespace glass::stun::turn
