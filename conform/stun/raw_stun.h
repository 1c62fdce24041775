// conform/stun/raw_stun.h - a STUN message in which everything may be wrong.
//
// Writes what it is told, field by field; a length, a digest or a checksum is right unless it is
// told otherwise. Knows bytes only. RFC 8489 §5, §14.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "stun/message.h"

namespace glass::conform {

using stun::AttributeType;
using stun::Method;
using stun::TransactionId;

// A type that no specification has named, and the receiver must understand; and one it need not.
inline constexpr auto kUnknownRequired = static_cast<AttributeType>(0x7F31);
inline constexpr auto kUnknownOptional = static_cast<AttributeType>(0xFE31);

class RawStun {
 public:
  RawStun(stun::Class cls, Method method, const TransactionId& id);

  // Header fields, whatever they should be.
  RawStun& type(std::uint16_t value);
  RawStun& cookie(std::uint32_t value);
  RawStun& length(std::uint16_t value);  // stays so, whatever is appended
  // The two bits before the type.
  RawStun& top_bits(unsigned value);

  RawStun& attribute(AttributeType type, Bytes value = {}, std::uint8_t padding = 0);
  RawStun& text(AttributeType type, std::string_view value) {
    return attribute(type, as_bytes(value));
  }
  RawStun& number(AttributeType type, std::uint32_t value);  // four bytes
  // XOR-PEER-ADDRESS and its kin.
  RawStun& xor_address(AttributeType type, const Address& address);
  // An attribute whose length field is not that of its value; nothing is padded.
  RawStun& attribute_of_length(AttributeType type, std::uint16_t length, Bytes value);
  // Bytes as they are.
  RawStun& append(Bytes bytes);

  // MESSAGE-INTEGRITY and its kin over what stands there, with the length field as it has to be.
  RawStun& integrity(Bytes key);
  // The first `size` bytes of the digest.
  RawStun& integrity_sha256(Bytes key, std::size_t size = 32);
  // Flips these bits of the right value.
  RawStun& fingerprint(std::uint32_t flip = 0);

  [[nodiscard]] const TransactionId& id() const { return id_; }
  // The message with its length field set.
  [[nodiscard]] ByteVector bytes() const;

 private:
  [[nodiscard]] ByteVector as_if_longer_by(std::size_t extra) const;

  ByteVector bytes_;
  TransactionId id_;
  std::optional<std::uint16_t> length_;
};

// The value of an address attribute, XORed as RFC 8489 §14.2 has it.
ByteVector xor_address_value(const Address& address, const TransactionId& id);
// `count` times 'x'.
std::string long_text(std::size_t count);

}  // namespace glass::conform
