#include "stun/attributes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "stun/message.h"
#include "stun/turn/attributes.h"

namespace glass::stun {
namespace {

using Mask = std::array<std::uint8_t, 16>;

// RFC 8489 §14.2: what an address is XORed with, the cookie and then the transaction id.
Mask xor_mask(const TransactionId& id) {
  Mask mask{0x21, 0x12, 0xA4, 0x42};
  copy_bytes(id.bytes, MutableBytes(mask).subspan(4));
  return mask;
}

struct AddressNames {
  std::string_view port;
  std::string_view address;
};
constexpr AddressNames kPlainNames{"Port", "Address"};
constexpr AddressNames kXorNames{"X-Port", "X-Address"};

std::optional<Address> read_address(Reader& in, const Mask& mask, const AddressNames& names) {
  in.skip(1, "Reserved");  // RFC 8489 §14.1: whatever it holds
  const std::uint8_t family = in.u8("Family");
  const auto port = static_cast<std::uint16_t>(in.u16(names.port) ^ (mask[0] << 8 | mask[1]));
  if (!in.ok() || (family != kFamilyV4 && family != kFamilyV6)) return std::nullopt;
  const std::size_t size = family == kFamilyV4 ? 4 : 16;
  const Bytes raw = in.bytes(size, names.address);
  if (!in.ok()) return std::nullopt;
  std::array<std::uint8_t, 16> ip{};
  for (std::size_t i = 0; i < size; ++i) ip[i] = static_cast<std::uint8_t>(raw[i] ^ mask[i]);
  const Bytes bytes = Bytes(ip).first(size);
  return family == kFamilyV4 ? Address::v4(bytes, port) : Address::v6(bytes, port);
}

void write_address(Writer& out, const Address& address, const Mask& mask) {
  const auto port = static_cast<std::uint16_t>(address.port ^ (mask[0] << 8 | mask[1]));
  out.u8(0).u8(address.is_v4() ? kFamilyV4 : kFamilyV6).u16(port);
  const Bytes ip = address.ip_bytes();
  for (std::size_t i = 0; i < ip.size(); ++i) out.u8(static_cast<std::uint8_t>(ip[i] ^ mask[i]));
}

// A value that is too short for its type is named as a whole: half a field would be a lie.
template <class T>
void name_as(Reader& in, const TransactionId& id) {
  T typed;
  Reader rehearsal(in.rest());
  (void)typed.read(rehearsal, id);
  if (!rehearsal.ok()) return in.skip(in.left(), "Malformed value");
  typed = T{};
  (void)typed.read(in, id);
}

}  // namespace

template <AttributeType type>
bool PlainAddress<type>::read(Reader& in, const TransactionId&) {
  const auto found = read_address(in, Mask{}, kPlainNames);
  if (found) address = *found;
  return found.has_value();
}
template <AttributeType type>
void PlainAddress<type>::write(Writer& out, const TransactionId&) const {
  write_address(out, address, Mask{});
}
template <AttributeType type>
bool XorAddress<type>::read(Reader& in, const TransactionId& id) {
  const auto found = read_address(in, xor_mask(id), kXorNames);
  if (found) address = *found;
  return found.has_value();
}
template <AttributeType type>
void XorAddress<type>::write(Writer& out, const TransactionId& id) const {
  write_address(out, address, xor_mask(id));
}

template struct PlainAddress<AttributeType::kMappedAddress>;
template struct PlainAddress<AttributeType::kAlternateServer>;
template struct PlainAddress<AttributeType::kResponseOrigin>;
template struct PlainAddress<AttributeType::kOtherAddress>;
template struct XorAddress<AttributeType::kXorMappedAddress>;
template struct XorAddress<AttributeType::kXorPeerAddress>;
template struct XorAddress<AttributeType::kXorRelayedAddress>;

bool Userhash::read(Reader& in, const TransactionId&) {
  const Bytes raw = in.bytes(hash.size(), "Hash");
  copy_bytes(raw, hash);
  return in.ok();
}

bool ErrorCode::read(Reader& in, const TransactionId&) {
  in.skip(2, "Reserved");
  const unsigned hundreds = in.u8("Class") & 7U;  // RFC 8489 §14.8: five reserved bits before it
  const unsigned rest = in.u8("Number");
  reason = as_text(in.bytes(in.left(), "Reason Phrase"));
  code = hundreds * 100 + rest;
  return hundreds >= 3 && hundreds <= 6 && rest <= 99 && reason.size() <= kTextSizeMax;
}

void ErrorCode::write(Writer& out, const TransactionId&) const {
  CHECK(code >= 300 && code <= 699);
  out.u16(0).u8(static_cast<std::uint8_t>(code / 100)).u8(static_cast<std::uint8_t>(code % 100));
  out.bytes(as_bytes(reason));
}

void UnknownAttributes::insert(AttributeType type) {
  if (count == kMax || contains(type)) return;
  list[count++] = type;
}

bool UnknownAttributes::read(Reader& in, const TransactionId&) {
  while (in.ok() && in.left() > 0) {
    const std::uint16_t number = in.u16("Attribute Type");
    // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): also numbers without a name.
    insert(static_cast<AttributeType>(number));
  }
  return in.ok();
}

void UnknownAttributes::write(Writer& out, const TransactionId&) const {
  for (const AttributeType type : types()) out.u16(static_cast<std::uint16_t>(type));
}

bool PasswordAlgorithm::read(Reader& in, const TransactionId&) {
  const std::uint16_t number = in.u16("Algorithm");
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): also numbers without a name.
  algorithm = static_cast<PasswordAlgorithmNumber>(number);
  const std::size_t length = in.u16("Algorithm Parameters Length");
  parameters = in.bytes(length, "Algorithm Parameters");
  in.skip((4 - length % 4) % 4, "Padding");
  return in.ok();
}

void PasswordAlgorithm::write(Writer& out, const TransactionId&) const {
  CHECK(parameters.size() <= UINT16_MAX);
  out.u16(static_cast<std::uint16_t>(algorithm));
  out.u16(static_cast<std::uint16_t>(parameters.size()));
  out.bytes(parameters).zeros((4 - parameters.size() % 4) % 4);
}

bool PasswordAlgorithms::read(Reader& in, const TransactionId& id) {
  while (in.ok() && in.left() > 0 && count < kMax) (void)list[count++].read(in, id);
  return in.ok() && in.left() == 0;
}

void PasswordAlgorithms::write(Writer& out, const TransactionId& id) const {
  for (std::size_t i = 0; i < count; ++i) list[i].write(out, id);
}

bool ChangeRequest::read(Reader& in, const TransactionId&) {
  const std::uint32_t flags = in.u32("Flags");
  change_ip = (flags & 4) != 0;
  change_port = (flags & 2) != 0;
  return true;
}

void ChangeRequest::write(Writer& out, const TransactionId&) const {
  out.u32((change_ip ? 4U : 0U) | (change_port ? 2U : 0U));
}

bool ResponsePort::read(Reader& in, const TransactionId&) {
  port = in.u16("Port");
  // RFC 5780 §7.5 does not say whether its two bytes of padding count: both lengths are in use.
  if (in.left() > 0) in.skip(2, "Padding");
  return true;
}

UnknownAttributes unknown_required(const MessageView& message,
                                   std::span<const AttributeType> understood) {
  UnknownAttributes unknown;
  for (const Attribute& attribute : message.attributes()) {
    if (attribute.is_ignored || !is_comprehension_required(attribute.type)) continue;
    if (std::ranges::find(understood, attribute.type) == understood.end())
      unknown.insert(attribute.type);
  }
  return unknown;
}

void name_fields(AttributeType type, Reader& value, const TransactionId& id) {
  switch (type) {
    case AttributeType::kMappedAddress:
    case AttributeType::kAlternateServer:
    case AttributeType::kResponseOrigin:
    case AttributeType::kOtherAddress: name_as<MappedAddress>(value, id); break;
    case AttributeType::kXorMappedAddress:
    case AttributeType::kXorPeerAddress:
    case AttributeType::kXorRelayedAddress: name_as<XorMappedAddress>(value, id); break;
    case AttributeType::kUsername:
    case AttributeType::kRealm:
    case AttributeType::kNonce:
    case AttributeType::kSoftware:
    case AttributeType::kAlternateDomain: name_as<Username>(value, id); break;
    case AttributeType::kErrorCode: name_as<ErrorCode>(value, id); break;
    case AttributeType::kUnknownAttributes: name_as<UnknownAttributes>(value, id); break;
    case AttributeType::kUserhash: name_as<Userhash>(value, id); break;
    case AttributeType::kPasswordAlgorithm: name_as<PasswordAlgorithm>(value, id); break;
    case AttributeType::kPasswordAlgorithms: name_as<PasswordAlgorithms>(value, id); break;
    case AttributeType::kMessageIntegrity:
    case AttributeType::kMessageIntegritySha256: value.skip(value.left(), "HMAC"); break;
    case AttributeType::kFingerprint: value.skip(value.left(), "CRC-32 XOR 0x5354554e"); break;
    case AttributeType::kPriority: name_as<Priority>(value, id); break;
    case AttributeType::kIceControlled:
    case AttributeType::kIceControlling: value.skip(value.left(), "Tie-breaker"); break;
    case AttributeType::kChangeRequest: name_as<ChangeRequest>(value, id); break;
    case AttributeType::kResponsePort: name_as<ResponsePort>(value, id); break;
    case AttributeType::kChannelNumber: name_as<turn::ChannelNumber>(value, id); break;
    case AttributeType::kLifetime: value.skip(value.left(), "Lifetime in seconds"); break;
    case AttributeType::kRequestedAddressFamily:
    case AttributeType::kAdditionalAddressFamily:
      name_as<turn::RequestedAddressFamily>(value, id);
      break;
    case AttributeType::kEvenPort: name_as<turn::EvenPort>(value, id); break;
    case AttributeType::kRequestedTransport: name_as<turn::RequestedTransport>(value, id); break;
    case AttributeType::kAddressErrorCode: name_as<turn::AddressErrorCode>(value, id); break;
    case AttributeType::kIcmp: name_as<turn::Icmp>(value, id); break;
    case AttributeType::kData: value.skip(value.left(), "Application Data"); break;
    default: break;
  }
  if (value.left() > 0) value.skip(value.left(), "Value");
}

}  // namespace glass::stun
