// stun/turn/data_head.h - what stands before the data in Send and Data indications, built without
// a message builder: it is the same few bytes for every packet.
//
// RFC 8656 §11.1, §11.3 (indications), §12.5 (ChannelData).
// Tested by: tests/stun/turn/tables_test.cc
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "stun/attributes.h"
#include "stun/message.h"
#include "stun/turn/index.h"

namespace glass::stun::turn {

inline constexpr std::size_t kDataMax = 65'507;  // of one datagram over IPv4
inline constexpr std::size_t kDataHeadMax = 52;  // with an IPv6 peer and DONT-FRAGMENT

// How many zeros follow `size` bytes up to a multiple of four.
constexpr std::uint8_t padding_of(std::size_t size) {
  return static_cast<std::uint8_t>((4 - size % 4) % 4);
}

// Transaction ids of indications. Nobody answers these, so nothing hangs on their secrecy; they are
// a keyed hash of a counter, because asking the operating system for each would cost more than the
// relaying.
class IndicationIds {
 public:
  explicit IndicationIds(const HashKey& key) : key_(key) {}
  TransactionId next() {
    std::uint64_t low = SipHash(key_).add(++count_).add(0).value();
    std::uint64_t high = SipHash(key_).add(count_).add(1).value();
    TransactionId id;
    for (std::size_t i = 0; i < 8; ++i, low >>= 8) id.bytes[i] = static_cast<std::uint8_t>(low);
    for (std::size_t i = 8; i < 12; ++i, high >>= 8) id.bytes[i] = static_cast<std::uint8_t>(high);
    return id;
  }

 private:
  HashKey key_;
  std::uint64_t count_ = 0;
};

struct DataHead {
  std::array<std::uint8_t, kDataHeadMax> bytes{};
  std::uint8_t size = 0;

  [[nodiscard]] Bytes view() const { return Bytes(bytes).first(size); }
};

//  header | XOR-PEER-ADDRESS | DONT-FRAGMENT, if so | type and length of DATA
// The data and padding_of(data_size) zeros follow.
class DataHeadWriter {
 public:
  DataHead write(Method method, const TransactionId& id, const Address& peer, std::size_t data_size,
                 bool dont_fragment) {
    CHECK(data_size <= kDataMax);
    id_ = id;
    const Bytes ip = peer.ip_bytes();
    const std::size_t attributes = 4 + 4 + ip.size() + (dont_fragment ? 4 : 0) + 4;
    u16(message_type(Class::kIndication, method));
    u16(static_cast<std::uint16_t>(attributes + data_size + padding_of(data_size)));
    u16(kMagicCookie >> 16);
    u16(kMagicCookie & 0xFFFF);
    for (const std::uint8_t byte : id.bytes) u8(byte);
    u16(static_cast<std::uint16_t>(AttributeType::kXorPeerAddress));
    u16(static_cast<std::uint16_t>(4 + ip.size()));
    u16(peer.is_v4() ? kFamilyV4 : kFamilyV6);
    u16(static_cast<std::uint16_t>(peer.port ^ (kMagicCookie >> 16)));
    for (std::size_t i = 0; i < ip.size(); ++i) u8(static_cast<std::uint8_t>(ip[i] ^ mask(i)));
    if (dont_fragment) {
      u16(static_cast<std::uint16_t>(AttributeType::kDontFragment));
      u16(0);
    }
    u16(static_cast<std::uint16_t>(AttributeType::kData));
    u16(static_cast<std::uint16_t>(data_size));
    return head_;
  }

 private:
  void u8(std::uint8_t value) { head_.bytes[head_.size++] = value; }
  void u16(std::uint32_t value) {
    u8(static_cast<std::uint8_t>(value >> 8));
    u8(static_cast<std::uint8_t>(value));
  }
  // RFC 8489 §14.2: the cookie, then the transaction id.
  [[nodiscard]] std::uint8_t mask(std::size_t i) const {
    return i < 4 ? static_cast<std::uint8_t>(kMagicCookie >> (24 - 8 * i)) : id_.bytes[i - 4];
  }

  DataHead head_;
  TransactionId id_;
};

inline DataHead data_head(Method method, const TransactionId& id, const Address& peer,
                          std::size_t data_size, bool dont_fragment = false) {
  return DataHeadWriter().write(method, id, peer, data_size, dont_fragment);
}

}  // namespace glass::stun::turn
