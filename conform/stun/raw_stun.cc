#include "conform/stun/raw_stun.h"

#include "base/writer.h"
#include "crypto/hmac.h"
#include "stun/integrity.h"

namespace glass::conform {
namespace {

void put16(ByteVector& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

}  // namespace

RawStun::RawStun(stun::Class cls, Method method, const TransactionId& id) : id_(id) {
  Writer(bytes_)
      .u16(stun::message_type(cls, method))
      .u16(0)
      .u32(stun::kMagicCookie)
      .bytes(id.bytes);
}

RawStun& RawStun::type(std::uint16_t value) {
  put16(bytes_, 0, value);
  return *this;
}

RawStun& RawStun::cookie(std::uint32_t value) {
  put16(bytes_, 4, value >> 16);
  put16(bytes_, 6, value & 0xFFFF);
  return *this;
}

RawStun& RawStun::length(std::uint16_t value) {
  length_ = value;
  return *this;
}

RawStun& RawStun::top_bits(unsigned value) {
  bytes_[0] = static_cast<std::uint8_t>((bytes_[0] & 0x3F) | (value << 6));
  return *this;
}

RawStun& RawStun::attribute(AttributeType type, Bytes value, std::uint8_t padding) {
  attribute_of_length(type, static_cast<std::uint16_t>(value.size()), value);
  while (bytes_.size() % 4 != 0) bytes_.push_back(padding);
  return *this;
}

RawStun& RawStun::number(AttributeType type, std::uint32_t value) {
  ByteVector four;
  Writer(four).u32(value);
  return attribute(type, four);
}

RawStun& RawStun::xor_address(AttributeType type, const Address& address) {
  return attribute(type, xor_address_value(address, id_));
}

RawStun& RawStun::attribute_of_length(AttributeType type, std::uint16_t length, Bytes value) {
  Writer(bytes_).u16(static_cast<std::uint16_t>(type)).u16(length).bytes(value);
  return *this;
}

RawStun& RawStun::append(Bytes bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

ByteVector RawStun::as_if_longer_by(std::size_t extra) const {
  ByteVector copy = bytes_;
  put16(copy, 2, length_ ? *length_ : copy.size() + extra - stun::kHeaderSize);
  return copy;
}

RawStun& RawStun::integrity(Bytes key) {
  const ByteVector covered = as_if_longer_by(stun::kAttributeHeaderSize + stun::kIntegritySize);
  return attribute(AttributeType::kMessageIntegrity,
                   crypto::hmac(crypto::HashKind::kSha1, key, covered));
}

RawStun& RawStun::integrity_sha256(Bytes key, std::size_t size) {
  const ByteVector covered = as_if_longer_by(stun::kAttributeHeaderSize + size);
  const ByteVector digest = crypto::hmac(crypto::HashKind::kSha256, key, covered);
  return attribute(AttributeType::kMessageIntegritySha256, Bytes(digest).first(size));
}

RawStun& RawStun::fingerprint(std::uint32_t flip) {
  const ByteVector covered = as_if_longer_by(stun::kAttributeHeaderSize + 4);
  return number(AttributeType::kFingerprint, stun::crc32(covered) ^ stun::kFingerprintXor ^ flip);
}

ByteVector RawStun::bytes() const { return as_if_longer_by(0); }

ByteVector xor_address_value(const Address& address, const TransactionId& id) {
  ByteVector mask;
  Writer(mask).u32(stun::kMagicCookie).bytes(id.bytes);
  ByteVector value;
  Writer out(value);
  out.u8(0).u8(address.is_v4() ? 1 : 2);
  out.u16(static_cast<std::uint16_t>(address.port ^ (stun::kMagicCookie >> 16)));
  const Bytes ip = address.ip_bytes();
  for (std::size_t i = 0; i < ip.size(); ++i) out.u8(static_cast<std::uint8_t>(ip[i] ^ mask[i]));
  return value;
}

std::string long_text(std::size_t count) { return std::string(count, 'x'); }

}  // namespace glass::conform
