// base/writer.h - writing in network byte order, with length fields that a scope fills in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"

namespace glass {

// Appends to a PacketBuffer (data path: fixed size, running over is our bug and checked) or to a
// vector (control path: grows).
class Writer {
 public:
  explicit Writer(PacketBuffer& packet) : packet_(&packet) {}
  explicit Writer(ByteVector& vector) : vector_(&vector) {}

  Writer& u8(std::uint8_t value) { return number(value, 1); }
  Writer& u16(std::uint16_t value) { return number(value, 2); }
  Writer& u24(std::uint32_t value) { return number(value, 3); }
  Writer& u32(std::uint32_t value) { return number(value, 4); }
  Writer& u48(std::uint64_t value) { return number(value, 6); }
  Writer& u64(std::uint64_t value) { return number(value, 8); }
  Writer& bytes(Bytes value) {
    if (!value.empty()) copy_bytes(value, append(value.size()));
    return *this;
  }
  Writer& zeros(std::size_t count) {
    if (count > 0) std::ranges::fill(append(count), std::uint8_t{0});
    return *this;
  }
  // New bytes at the back, to be filled by the caller before anything else is written.
  MutableBytes append(std::size_t count) {
    if (packet_ != nullptr) return packet_->append(count);
    vector_->resize(vector_->size() + count);
    return MutableBytes(*vector_).last(count);
  }
  // All that stands in the target, what was there before this Writer included.
  [[nodiscard]] MutableBytes written() {
    return packet_ != nullptr ? packet_->bytes() : MutableBytes(*vector_);
  }
  [[nodiscard]] std::size_t size() const {
    return packet_ != nullptr ? packet_->size() : vector_->size();
  }

  // A length field of `width` bytes. When the Block goes out of scope it says how many bytes were
  // written inside that scope: nested vectors of TLS are nested scopes of C++.
  class Block {
   public:
    Block(Writer& writer, std::size_t width) : writer_(writer), width_(width), at_(writer.size()) {
      writer.number(0, width);
    }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    ~Block() {
      std::uint64_t length = writer_.size() - at_ - width_;
      const MutableBytes field = writer_.written().subspan(at_, width_);
      for (std::size_t i = width_; i-- > 0; length >>= 8)
        field[i] = static_cast<std::uint8_t>(length);
      CHECK(length == 0);  // what was written does not fit its length field
    }

   private:
    Writer& writer_;
    std::size_t width_;
    std::size_t at_;
  };
  [[nodiscard]] Block block(std::size_t width) { return Block(*this, width); }

 private:
  Writer& number(std::uint64_t value, std::size_t width) {
    const MutableBytes raw = append(width);
    for (std::size_t i = width; i-- > 0; value >>= 8) raw[i] = static_cast<std::uint8_t>(value);
    return *this;
  }

  PacketBuffer* packet_ = nullptr;
  ByteVector* vector_ = nullptr;
};

}  // namespace glass
