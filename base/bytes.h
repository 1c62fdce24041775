// base/bytes.h - bytes of a datagram: reading them by name, and room to build one in place.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace glass {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;
using ByteVector = std::vector<std::uint8_t>;

// The bytes of a text, as they are.
inline Bytes as_bytes(std::string_view text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): char and uint8_t are both bytes.
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Bytes seen as text, as they are: they may hold anything.
inline std::string_view as_text(Bytes bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): char and uint8_t are both bytes.
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline bool equal(Bytes a, Bytes b) { return std::ranges::equal(a, b); }

// Copies `from` to the front of `to`, which must be large enough.
inline void copy_bytes(Bytes from, MutableBytes to) {
  CHECK(from.size() <= to.size());
  if (!from.empty()) std::memmove(to.data(), from.data(), from.size());
}

// Watches a Reader and learns which bytes are which field: explain/ draws these, and the fuzzers
// mutate whole fields. Null in production.
class FieldTap {
 public:
  virtual ~FieldTap() = default;
  // `offset` counts from the start of the bytes that the Reader was made of.
  virtual void field(std::string_view name, std::size_t offset, Bytes bytes) = 0;
  // A structure (a chunk, an attribute, a record) begins or ends at `offset`.
  virtual void open(std::string_view /*name*/, std::size_t /*offset*/) {}
  virtual void close(std::size_t /*offset*/) {}
};

// A cursor over bytes in network order with a sticky error: read every field of a header, then ask
// ok() once. Reading past the end yields zeroes and makes ok() false for good.
class Reader {
 public:
  explicit Reader(Bytes bytes, FieldTap* tap = nullptr, std::size_t origin = 0)
      : bytes_(bytes), origin_(origin), tap_(tap) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] Bytes rest() const { return bytes_.subspan(at_); }
  [[nodiscard]] FieldTap* tap() const { return tap_; }

  std::uint8_t u8(std::string_view name) { return static_cast<std::uint8_t>(number(1, name)); }
  std::uint16_t u16(std::string_view name) { return static_cast<std::uint16_t>(number(2, name)); }
  std::uint32_t u24(std::string_view name) { return static_cast<std::uint32_t>(number(3, name)); }
  std::uint32_t u32(std::string_view name) { return static_cast<std::uint32_t>(number(4, name)); }
  std::uint64_t u48(std::string_view name) { return number(6, name); }
  std::uint64_t u64(std::string_view name) { return number(8, name); }

  // The next `count` bytes as one field; a view into what the Reader was made of.
  Bytes bytes(std::size_t count, std::string_view name) {
    const Bytes out = take(count);
    if (tap_ != nullptr && ok_ && count > 0) [[unlikely]]
      tap_->field(name, origin_ + at_ - count, out);
    return out;
  }
  void skip(std::size_t count, std::string_view name) { (void)bytes(count, name); }

  // A Reader of its own over the next `count` bytes, whose fields keep their true offsets; this
  // Reader goes on behind them. The nested structure is named by the caller with open() and
  // close().
  Reader nested(std::size_t count) {
    const std::size_t start = origin_ + at_;
    const Bytes inside = take(count);
    return Reader(inside, ok_ ? tap_ : nullptr, start);
  }
  void open(std::string_view name) const {
    if (tap_ != nullptr) [[unlikely]]
      tap_->open(name, origin_ + at_);
  }
  void close() const {
    if (tap_ != nullptr) [[unlikely]]
      tap_->close(origin_ + at_);
  }

 private:
  Bytes take(std::size_t count) {
    if (!ok_ || count > left()) [[unlikely]] {
      ok_ = false;
      at_ = bytes_.size();
      return {};
    }
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  std::uint64_t number(std::size_t width, std::string_view name) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes(width, name)) value = value << 8 | byte;
    return value;
  }

  Bytes bytes_;
  std::size_t at_ = 0;
  std::size_t origin_;
  FieldTap* tap_;
  bool ok_ = true;
};

// One datagram on its way down the stack. A layer appends its payload; the layer below prepends its
// header and appends its tag in place: no copy, no allocation.
class PacketBuffer {
 public:
  static constexpr std::size_t kHeadroom = 96;  // TURN Send indication over IPv6 (48) + DTLS (21)
  static constexpr std::size_t kTailroom = 64;  // AEAD tag (16), SRTP index and MKI
  static constexpr std::size_t kCapacity = 2048;

  void clear() { begin_ = end_ = kHeadroom; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] MutableBytes bytes() {
    return MutableBytes(storage_).subspan(begin_, end_ - begin_);
  }
  [[nodiscard]] Bytes bytes() const { return Bytes(storage_).subspan(begin_, end_ - begin_); }
  // How much a payload may still grow, the tail room left untouched.
  [[nodiscard]] std::size_t room() const {
    return end_ >= kCapacity - kTailroom ? 0 : kCapacity - kTailroom - end_;
  }

  // How much a header may still grow at the front.
  [[nodiscard]] std::size_t headroom() const { return begin_; }
  // Grows at the back and returns the new bytes, whose content is whatever it was.
  MutableBytes append(std::size_t count) {
    CHECK(count <= kCapacity - end_);
    end_ += count;
    return MutableBytes(storage_).subspan(end_ - count, count);
  }
  // Grows at the front and returns the new bytes.
  MutableBytes prepend(std::size_t count) {
    CHECK(count <= begin_);
    begin_ -= count;
    return MutableBytes(storage_).subspan(begin_, count);
  }
  // Cuts the back off, so that `size` bytes are left.
  void truncate(std::size_t size) {
    CHECK(size <= end_ - begin_);
    end_ = begin_ + size;
  }
  void assign(Bytes bytes) {
    clear();
    copy_bytes(bytes, append(bytes.size()));
  }

 private:
  alignas(64) std::array<std::uint8_t, kCapacity> storage_;
  std::size_t begin_ = kHeadroom;
  std::size_t end_ = kHeadroom;
};

}  // namespace glass
