// stun/attributes.h - what the values of attributes mean: one type for each, read and written.
//
//   const auto mapped = get<XorMappedAddress>(message);   // Result<XorMappedAddress,
//   AttributeError> builder.add(Priority{.value = 1}).add(UseCandidate{});
//
// Texts and byte strings are views into the message. RFC 8489 §14, RFC 8445 §16.1, RFC 5780 §7,
// RFC 8656 §18.  Tested by: tests/stun/attributes_test.cc
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "stun/message.h"

namespace glass::stun {

enum class AttributeError : std::uint8_t {
  kAbsent,     // no such attribute that counts
  kMalformed,  // its value does not have the form of its type
};

inline constexpr std::uint8_t kFamilyV4 = 0x01;  // RFC 8489 §14.1
inline constexpr std::uint8_t kFamilyV6 = 0x02;
inline constexpr std::size_t kTextSizeMax = 763;  // RFC 8489 §14.3: to be accepted when reading
inline constexpr std::size_t kUsernameMax = 508;  // RFC 8489 §14.3: not to be exceeded by a writer

// The forms that several attributes share. Each has
//   bool read(Reader&, const TransactionId&)   false, or a Reader that is not ok: malformed
//   void write(Writer&, const TransactionId&) const

//  |0 0 0 0 0 0 0 0|    Family     |           Port                |      RFC 8489 §14.1
//  |                 Address (32 bits or 128 bits)                 |
template <AttributeType type>
struct PlainAddress {
  static constexpr AttributeType kType = type;
  Address address;

  bool read(Reader& in, const TransactionId& id);
  void write(Writer& out, const TransactionId& id) const;
  friend bool operator==(const PlainAddress&, const PlainAddress&) = default;
};

// The same, with port and address XORed with magic cookie and transaction id, so that no NAT finds
// an address in the payload to rewrite.
template <AttributeType type>
struct XorAddress {
  static constexpr AttributeType kType = type;
  Address address;

  bool read(Reader& in, const TransactionId& id);
  void write(Writer& out, const TransactionId& id) const;
  friend bool operator==(const XorAddress&, const XorAddress&) = default;
};

template <AttributeType type>
struct Text {
  static constexpr AttributeType kType = type;
  std::string_view text;  // UTF-8 if the sender keeps to the rules; it may be anything

  bool read(Reader& in, const TransactionId&) {
    text = as_text(in.bytes(in.left(), "Text"));
    return text.size() <= kTextSizeMax;
  }
  void write(Writer& out, const TransactionId&) const { out.bytes(as_bytes(text)); }
  friend bool operator==(const Text&, const Text&) = default;
};

template <AttributeType type>
struct Opaque {
  static constexpr AttributeType kType = type;
  Bytes bytes;

  bool read(Reader& in, const TransactionId&) {
    bytes = in.bytes(in.left(), "Value");
    return true;
  }
  void write(Writer& out, const TransactionId&) const { out.bytes(bytes); }
};

template <AttributeType type>
struct Number32 {
  static constexpr AttributeType kType = type;
  std::uint32_t value = 0;

  bool read(Reader& in, const TransactionId&) {
    value = in.u32("Value");
    return true;
  }
  void write(Writer& out, const TransactionId&) const { out.u32(value); }
  friend bool operator==(const Number32&, const Number32&) = default;
};

template <AttributeType type>
struct Number64 {
  static constexpr AttributeType kType = type;
  std::uint64_t value = 0;

  bool read(Reader& in, const TransactionId&) {
    value = in.u64("Value");
    return true;
  }
  void write(Writer& out, const TransactionId&) const { out.u64(value); }
  friend bool operator==(const Number64&, const Number64&) = default;
};

// Says all it has to say by being there.
template <AttributeType type>
struct Flag {
  static constexpr AttributeType kType = type;
  bool read(Reader&, const TransactionId&) { return true; }
  void write(Writer&, const TransactionId&) const {}
  friend bool operator==(const Flag&, const Flag&) = default;
};

// An address family by its number and 24 reserved bits (RFC 8656 §18.6).
template <AttributeType type>
struct Family {
  static constexpr AttributeType kType = type;
  std::uint8_t family = kFamilyV4;

  bool read(Reader& in, const TransactionId&) {
    family = in.u8("Family");
    in.skip(3, "Reserved");
    return family == kFamilyV4 || family == kFamilyV6;
  }
  void write(Writer& out, const TransactionId&) const { out.u8(family).zeros(3); }
  friend bool operator==(const Family&, const Family&) = default;
};

// RFC 8489.
using MappedAddress = PlainAddress<AttributeType::kMappedAddress>;
using XorMappedAddress = XorAddress<AttributeType::kXorMappedAddress>;
using AlternateServer = PlainAddress<AttributeType::kAlternateServer>;
using Username = Text<AttributeType::kUsername>;
using Realm = Text<AttributeType::kRealm>;
using Nonce = Text<AttributeType::kNonce>;
using Software = Text<AttributeType::kSoftware>;
using AlternateDomain = Text<AttributeType::kAlternateDomain>;

struct Userhash {
  static constexpr AttributeType kType = AttributeType::kUserhash;
  std::array<std::uint8_t, 32> hash{};

  bool read(Reader& in, const TransactionId&);
  void write(Writer& out, const TransactionId&) const { out.bytes(hash); }
  friend bool operator==(const Userhash&, const Userhash&) = default;
};

//  |           Reserved, should be 0         |Class|     Number    |      RFC 8489 §14.8
//  |      Reason Phrase (variable)                                ..
struct ErrorCode {
  static constexpr AttributeType kType = AttributeType::kErrorCode;
  unsigned code = 0;  // 300 to 699
  std::string_view reason;

  bool read(Reader& in, const TransactionId&);
  void write(Writer& out, const TransactionId&) const;
  friend bool operator==(const ErrorCode&, const ErrorCode&) = default;
};

// A bounded list without duplicates: what does not fit is left out.
struct UnknownAttributes {
  static constexpr AttributeType kType = AttributeType::kUnknownAttributes;
  static constexpr std::size_t kMax = 64;
  std::array<AttributeType, kMax> list{};
  std::size_t count = 0;

  [[nodiscard]] std::span<const AttributeType> types() const {
    return std::span(list).first(count);
  }
  [[nodiscard]] bool empty() const { return count == 0; }
  [[nodiscard]] bool contains(AttributeType type) const {
    return std::ranges::find(types(), type) != types().end();
  }
  void insert(AttributeType type);
  bool read(Reader& in, const TransactionId&);
  void write(Writer& out, const TransactionId&) const;
};

enum class PasswordAlgorithmNumber : std::uint16_t { kMd5 = 1, kSha256 = 2 };  // RFC 8489 §18.5

//  |          Algorithm            |  Algorithm Parameters Length  |      RFC 8489 §14.12
//  |                    Algorithm Parameters (variable)
struct PasswordAlgorithm {
  static constexpr AttributeType kType = AttributeType::kPasswordAlgorithm;
  PasswordAlgorithmNumber algorithm = PasswordAlgorithmNumber::kMd5;
  Bytes parameters;

  bool read(Reader& in, const TransactionId&);
  void write(Writer& out, const TransactionId&) const;
};

// A server's algorithms, the one it likes best first. A bounded list: more than kMax are refused.
struct PasswordAlgorithms {
  static constexpr AttributeType kType = AttributeType::kPasswordAlgorithms;
  static constexpr std::size_t kMax = 8;
  std::array<PasswordAlgorithm, kMax> list{};
  std::size_t count = 0;

  bool read(Reader& in, const TransactionId& id);
  void write(Writer& out, const TransactionId& id) const;
};

// RFC 8445 §7.1.1, §7.1.2, §7.1.3.
using Priority = Number32<AttributeType::kPriority>;
using UseCandidate = Flag<AttributeType::kUseCandidate>;
using IceControlled = Number64<AttributeType::kIceControlled>;    // value: the tie-breaker
using IceControlling = Number64<AttributeType::kIceControlling>;  // value: the tie-breaker

// RFC 5780 §7.2: from where the answer shall come.
struct ChangeRequest {
  static constexpr AttributeType kType = AttributeType::kChangeRequest;
  bool change_ip = false;
  bool change_port = false;

  bool read(Reader& in, const TransactionId&);
  void write(Writer& out, const TransactionId&) const;
  friend bool operator==(const ChangeRequest&, const ChangeRequest&) = default;
};

// RFC 5780 §7.5: to which port the answer shall go.
struct ResponsePort {
  static constexpr AttributeType kType = AttributeType::kResponsePort;
  std::uint16_t port = 0;

  bool read(Reader& in, const TransactionId&);
  void write(Writer& out, const TransactionId&) const { out.u16(port).u16(0); }
  friend bool operator==(const ResponsePort&, const ResponsePort&) = default;
};

using Padding = Opaque<AttributeType::kPadding>;
using ResponseOrigin = PlainAddress<AttributeType::kResponseOrigin>;
using OtherAddress = PlainAddress<AttributeType::kOtherAddress>;

// The typed value of the first such attribute that counts.
template <class T>
Result<T, AttributeError> get(const MessageView& message) {
  const auto found = message.find(T::kType);
  if (!found) return std::unexpected(AttributeError::kAbsent);
  T typed;
  Reader in(found->value);
  if (!typed.read(in, message.transaction()) || !in.ok() || in.left() > 0)
    return std::unexpected(AttributeError::kMalformed);
  return typed;
}

// Comprehension-required attributes that count and are not among `understood` (RFC 8489 §6.3): they
// call for 420 in a request and end everything else.
UnknownAttributes unknown_required(const MessageView& message,
                                   std::span<const AttributeType> understood);

// What a usage of STUN understands: the attributes of another one and its own.
template <std::size_t N, class... More>
constexpr std::array<AttributeType, N + sizeof...(More)> extended(
    const std::array<AttributeType, N>& understood, More... more) {
  std::array<AttributeType, N + sizeof...(More)> all{};
  auto* next = std::ranges::copy(understood, all.begin()).out;
  ((*next++ = more), ...);
  return all;
}

// All comprehension-required attributes of RFC 8489, and those of ICE on top.
inline constexpr std::array<AttributeType, 11> kStunAttributes{
    AttributeType::kMappedAddress,
    AttributeType::kUsername,
    AttributeType::kMessageIntegrity,
    AttributeType::kErrorCode,
    AttributeType::kUnknownAttributes,
    AttributeType::kRealm,
    AttributeType::kNonce,
    AttributeType::kMessageIntegritySha256,
    AttributeType::kPasswordAlgorithm,
    AttributeType::kUserhash,
    AttributeType::kXorMappedAddress};
inline constexpr auto kIceAttributes =
    extended(kStunAttributes, AttributeType::kPriority, AttributeType::kUseCandidate);

// Reads the value of an attribute with the type's own field names, for a Reader that has a tap.
// Whatever the type leaves over, all of it for a type that we do not know, is named "Value".
void name_fields(AttributeType type, Reader& value, const TransactionId& id);

}  // namespace glass::stun
