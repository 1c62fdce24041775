#include "explain/meaning.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/text.h"
#include "dtls/wire.h"
#include "explain/fields.h"
#include "explain/format.h"
#include "explain/names.h"
#include "sctp/packet.h"
#include "stun/message.h"
#include "stun/names.h"

namespace glass::explain {
namespace {

// One field with all that its meaning may depend on.
struct Subject {
  std::span<const FieldNode> fields;  // the last one is it
  std::string_view name;
  std::string_view parent;
  Bytes bytes;
  Bytes whole;
  std::uint64_t number = 0;

  // The first byte of the nearest field of this name before it; 0: there is none.
  [[nodiscard]] std::uint8_t before(std::string_view other) const {
    for (std::size_t i = fields.size() - 1; i-- > 0;)
      if (fields[i].name == other) return whole[fields[i].offset];
    return 0;
  }
};

// RFC 8489 §14.2: the address is hidden behind the cookie and the transaction id.
std::string unmasked_address(const Subject& it) {
  ByteVector ip(it.bytes.begin(), it.bytes.end());
  if ((ip.size() != 4 && ip.size() != 16) || it.whole.size() < stun::kHeaderSize) return {};
  for (std::size_t i = 0; i < ip.size(); ++i) ip[i] ^= it.whole[4 + i];
  return ip_text(ip.size() == 4 ? Address::v4(ip, 0) : Address::v6(ip, 0));
}

// RFC 8445 §5.1.2.1
std::string priority_text(std::uint64_t priority) {
  return "type preference " + decimal(priority >> 24) + ", local preference " +
         decimal(priority >> 8 & 0xffff) + ", component " + decimal(256 - (priority & 0xff));
}

std::string stun_meaning(const Subject& it) {
  using stun::AttributeType;
  if (it.name == "Message Type") {
    const auto header = stun::parse_header(it.whole);
    if (!header) return {};
    return std::string(stun::name(header->method)) + ' ' + std::string(stun::name(header->cls));
  }
  if (it.name == "Magic Cookie") return it.number == stun::kMagicCookie ? "as it must be" : "wrong";
  if (it.name == "Type" || it.name == "Attribute Type")
    return std::string(stun::name(static_cast<AttributeType>(it.number)));
  if (it.name == "Family") return it.number == 1 ? "IPv4" : it.number == 2 ? "IPv6" : "unknown";
  if (it.name == "X-Port") return "port " + decimal(it.number ^ stun::kMagicCookie >> 16);
  if (it.name == "X-Address") return unmasked_address(it);
  if (it.name == "Address" && it.bytes.size() == 4) return ip_text(Address::v4(it.bytes, 0));
  if (it.name == "Address" && it.bytes.size() == 16) return ip_text(Address::v6(it.bytes, 0));
  if (it.parent == "PRIORITY" && it.bytes.size() == 4 && it.name != "Type")
    return priority_text(it.number);
  if (it.name == "Number") {
    const std::uint64_t code = std::uint64_t{it.before("Class")} * 100 + it.number;
    return decimal(code) + ' ' + std::string(stun::reason_phrase(static_cast<unsigned>(code)));
  }
  return {};
}

std::string dtls_meaning(const Subject& it) {
  const auto number = static_cast<std::uint16_t>(it.number);
  if (it.name == "type") return std::string(content_type_name(static_cast<std::uint8_t>(number)));
  if (it.name == "version" || it.name == "client_version" || it.name == "server_version")
    return std::string(dtls_version_name(number));
  if (it.name == "epoch") return number == 0 ? "not encrypted" : "encrypted";
  if (it.name == "msg_type")
    return std::string(dtls::to_text(static_cast<dtls::HandshakeType>(number)));
  if (it.name == "cipher_suite") return std::string(cipher_suite_name(number));
  if (it.name == "extension_type") return std::string(extension_name(number));
  if (it.name == "named_curve" || it.name == "named_group") return std::string(group_name(number));
  if (it.name == "algorithm" || it.name == "signature_algorithm")
    return std::string(signature_name(number));
  if (it.name == "SRTPProtectionProfile") return std::string(srtp_profile_name(number));
  if (it.name == "curve_type") return number == 3 ? "named curve" : "unknown";
  if (it.name == "level") return number == 1 ? "warning" : number == 2 ? "fatal" : "unknown";
  if (it.name == "description") return std::string(dtls::to_text(static_cast<dtls::Alert>(number)));
  return {};
}

// RFC 9260 §3.3.1: immediate, unordered, beginning, end.
std::string data_flags(std::uint64_t flags) {
  std::string out;
  const auto say = [&](std::uint64_t bit, std::string_view text) {
    if ((flags & bit) == 0) return;
    if (!out.empty()) out += ", ";
    out += text;
  };
  say(8, "acknowledge at once");
  say(4, "unordered");
  if ((flags & 3) == 3) return out + (out.empty() ? "" : ", ") + "a whole message";
  say(2, "first fragment");
  say(1, "last fragment");
  return out.empty() || (flags & 3) == 0 ? out + (out.empty() ? "" : ", ") + "middle fragment"
                                         : out;
}

std::string sctp_meaning(const Subject& it) {
  const auto number = static_cast<std::uint16_t>(it.number);
  if (it.name == "Chunk Type")
    return std::string(sctp::to_text(static_cast<sctp::ChunkType>(number)));
  if (it.name == "Chunk Flags" && it.before("Chunk Type") == 0) return data_flags(it.number);
  if (it.name == "Payload Protocol Identifier")
    return std::string(ppid_name(static_cast<std::uint32_t>(it.number)));
  if (it.name == "Checksum") {
    if (sctp::has_right_checksum(it.whole)) return "CRC32c, right";
    return sctp::has_no_checksum(it.whole) ? "left out (RFC 9653)" : "CRC32c, wrong";
  }
  if (it.name == "Type") return std::string(sctp_parameter_name(number));
  return {};
}

std::string dcep_meaning(const Subject& it) {
  if (it.name == "Message Type")
    return it.number == 3 ? "DATA_CHANNEL_OPEN" : it.number == 2 ? "DATA_CHANNEL_ACK" : "unknown";
  if (it.name == "Channel Type")
    return std::string(channel_type_name(static_cast<std::uint8_t>(it.number)));
  return {};
}

std::string sdp_meaning(const Subject& it) { return std::string(sdp_line_name(it.name)); }

}  // namespace

std::string meaning_of(std::span<const FieldNode> fields, std::string_view parent, Bytes whole) {
  const FieldNode& node = fields.back();
  Subject it{fields, node.name, parent, whole.subspan(node.offset, node.size), whole, 0};
  if (it.bytes.size() <= 8)
    for (const std::uint8_t byte : it.bytes) it.number = it.number << 8 | byte;
  switch (node.format) {
    case Format::kStun: return stun_meaning(it);
    case Format::kDtls: return dtls_meaning(it);
    case Format::kSctp: return sctp_meaning(it);
    case Format::kDcep: return dcep_meaning(it);
    case Format::kSdp: return sdp_meaning(it);
    default: return {};
  }
}

}  // namespace glass::explain
