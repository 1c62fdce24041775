#include "conform/faults/faults.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/writer.h"
#include "conform/stun/raw_stun.h"
#include "stun/attributes.h"
#include "stun/turn/attributes.h"

namespace glass::conform {
namespace {

using stun::Class;

using Change = std::function<bool(FaultMemory&, Path&, ByteVector&)>;

// A change of messages that can be taken apart; all others pass as they are.
Change of_parts(std::function<void(FaultMemory&, Path&, Parts&)> change) {
  return [change = std::move(change)](FaultMemory& memory, Path& path, ByteVector& bytes) {
    auto parts = take_apart(bytes);
    if (!parts) return true;
    change(memory, path, *parts);
    bytes = put_together(*parts);
    return true;
  };
}

// Error `wrong` where it should be `right`.
Change code_instead(unsigned right, unsigned wrong) {
  return of_parts([=](FaultMemory&, Path&, Parts& parts) {
    if (parts.code() == right) parts.set_code(wrong);
  });
}

Change without(AttributeType type) {
  return of_parts([=](FaultMemory&, Path&, Parts& parts) { parts.remove(type); });
}

bool is_class(const Parts& parts, Class cls) {
  return (parts.type & 0x0110) == (stun::message_type(cls, Method::kBinding) & 0x0110);
}

void make_success(Parts& parts) {
  parts.type = static_cast<std::uint16_t>((parts.type & ~0x0110) | 0x0100);
  parts.remove(AttributeType::kErrorCode);
}

// The port of an XORed address, one further.
void shift_port(Parts& parts, AttributeType type) {
  Parts::Attribute* const found = parts.find(type);
  if (found != nullptr && found->value.size() >= 4) found->value[3] ^= 1;
}

bool knows(AttributeType type) {
  return type != kUnknownRequired && (static_cast<std::uint16_t>(type) & 0xF000) != 0x7000;
}

void add_header_faults(std::vector<Fault>& to) {
  to.push_back({"answers-any-cookie", "stun", "stun/8489:5#3/another-cookie",
                [](FaultMemory&, Path&, ByteVector& bytes) {
                  if (bytes.size() < stun::kHeaderSize) return true;
                  const ByteVector cookie{0x21, 0x12, 0xA4, 0x42};
                  std::ranges::copy(cookie, bytes.begin() + 4);
                  return true;
                }});
  to.push_back({"ignores-the-first-bits", "stun", "stun/8489:5#1/top-bits-10",
                [](FaultMemory&, Path&, ByteVector& bytes) {
                  if (!bytes.empty()) bytes[0] &= 0x3F;
                  return true;
                }});
  to.push_back({"takes-any-length", "stun", "stun/8489:6.3#0/length-beyond-datagram",
                [](FaultMemory&, Path&, ByteVector& bytes) {
                  if (bytes.size() < stun::kHeaderSize) return true;
                  const std::size_t length = bytes.size() - stun::kHeaderSize;
                  bytes[2] = static_cast<std::uint8_t>(length >> 8);
                  bytes[3] = static_cast<std::uint8_t>(length);
                  return true;
                }});
  to.push_back({"answers-runts", "stun", "stun/8489:6.3#0/runts",
                [](FaultMemory&, Path&, ByteVector& bytes) {
                  if (bytes.size() == 19) bytes.push_back(0);
                  return true;
                }});
  to.push_back({"answers-unknown-methods", "stun", "stun/8489:6.3#0/unknown-method",
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  if (is_class(parts, Class::kRequest))
                    parts.type = stun::message_type(Class::kRequest, Method::kBinding);
                })});
  to.push_back({"answers-responses", "stun", "stun/8489:6.3#0/success-unasked",
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  if (is_class(parts, Class::kSuccess)) {
                    parts.type = stun::message_type(Class::kRequest, Method::kBinding);
                    parts.attributes.clear();
                  }
                })});
  to.push_back({"answers-indications", "stun", "stun/8489:6.3.2#0/indication",
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  if (is_class(parts, Class::kIndication))
                    parts.type = stun::message_type(Class::kRequest, Method::kBinding);
                })});
  to.push_back({"drops-repeated-requests", "stun", "stun/8489:6.3.1#1/retransmission",
                [](FaultMemory& memory, Path&, ByteVector& bytes) {
                  const auto parts = take_apart(bytes);
                  if (!parts) return true;
                  if (std::ranges::find(memory.seen, parts->id) != memory.seen.end()) return false;
                  memory.seen.push_back(parts->id);
                  return true;
                }});
  to.push_back({"has-ids-of-its-own",
                "stun",
                "stun/8489:5#7/id-of-ones",
                {},
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  if (parts.id.bytes[0] == 0xFF && parts.id.bytes[11] == 0xFF)
                    parts.id.bytes[11] = 0;
                })});
  to.push_back({"answers-from-elsewhere",
                "stun",
                "stun/8489:6.3.1.2#0/same-path-back",
                {},
                [](FaultMemory&, Path& path, ByteVector&) {
                  ++path.local.port;
                  return true;
                }});
  to.push_back({"dies-of-overruns", "stun", "stun/8489:14#3/overrun-65535",
                [](FaultMemory& memory, Path&, ByteVector& bytes) {
                  memory.is_dead |= bytes.size() > 23 && bytes[22] == 0xFF && bytes[23] == 0xFF;
                  return !memory.is_dead;
                }});
}

void add_attribute_faults(std::vector<Fault>& to) {
  to.push_back({"has-no-xor",
                "stun",
                "stun/8489:6.3.1.1#0/mapped-address",
                {},
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  if (auto* const found = parts.find(AttributeType::kXorMappedAddress))
                    found->type = AttributeType::kMappedAddress;
                })});
  to.push_back({"tells-the-next-port",
                "stun",
                "stun/8489:6.3.1.1#0/mapped-address",
                {},
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  shift_port(parts, AttributeType::kXorMappedAddress);
                })});
  to.push_back({"ignores-the-unknown", "stun", "stun/8489:6.3.1#0/unknown-required",
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  std::erase_if(parts.attributes,
                                [](const Parts::Attribute& one) { return !knows(one.type); });
                })});
  to.push_back({"understands-the-highest", "stun", "stun/8489:6.3.1#0/unknown-required-highest",
                without(static_cast<AttributeType>(0x7FFF))});
  to.push_back({"does-not-list-the-unknown",
                "stun",
                "stun/8489:6.3.1.1#3/lists-one",
                {},
                without(AttributeType::kUnknownAttributes)});
  to.push_back({"lists-only-the-first",
                "stun",
                "stun/8489:6.3.1.1#3/lists-three",
                {},
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  if (auto* const list = parts.find(AttributeType::kUnknownAttributes))
                    list->value.resize(2);
                })});
  to.push_back({"fills-the-list-up",
                "stun",
                "stun/8489:14#3/length-of-the-list",
                {},
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  auto* const list = parts.find(AttributeType::kUnknownAttributes);
                  if (list == nullptr || list->value.size() % 4 == 0) return;
                  const ByteVector again(list->value.begin(), list->value.begin() + 2);
                  list->value.insert(list->value.end(), again.begin(), again.end());
                })});
  to.push_back({"refuses-the-optional", "stun", "stun/8489:6.3#1/unknown-optional",
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  for (Parts::Attribute& one : parts.attributes)
                    if (one.type == kUnknownOptional) one.type = kUnknownRequired;
                })});
  to.push_back({"pads-with-what-was-there",
                "stun",
                "stun/8489:14#4/own-padding",
                {},
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  for (Parts::Attribute& one : parts.attributes) one.padding = 0xCC;
                })});
  to.push_back({"wants-clean-padding", "stun", "stun/8489:14#4/padding-not-zero",
                [](FaultMemory&, Path&, ByteVector& bytes) {
                  const auto parts = take_apart(bytes);
                  return !parts ||
                         std::ranges::none_of(parts->attributes, [](const Parts::Attribute& one) {
                           return one.padding != 0;
                         });
                }});
  to.push_back({"has-short-buffers", "stun", "stun/8489:14.3#2/username-763",
                [](FaultMemory&, Path&, ByteVector& bytes) { return bytes.size() < 600; }});
  to.push_back({"counts-errors-in-class-2",
                "stun",
                "stun/8489:6.3.1.1#1/error-code",
                {},
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  if (parts.code() != 0) parts.set_code(299);
                })});
  to.push_back({"reasons-in-latin-1",
                "stun",
                "stun/8489:14.8#1/reason-phrase",
                {},
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  if (auto* const error = parts.find(AttributeType::kErrorCode))
                    error->value.push_back(0xE9);
                })});
  to.push_back({"has-another-crc",
                "stun",
                "stun/8489:14.7#2/own-fingerprint",
                {},
                [](FaultMemory&, Path&, ByteVector& bytes) {
                  const auto parts = take_apart(bytes);
                  if (parts && !parts->attributes.empty() &&
                      parts->attributes.back().type == AttributeType::kFingerprint)
                    bytes.back() ^= 1;
                  return true;
                }});
  to.push_back({"changes-nothing", "stun", "stun/5780:6.1#5/change-both",
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  if (auto* const flags = parts.find(AttributeType::kChangeRequest))
                    flags->value = ByteVector(4);
                })});
  to.push_back({"does-not-know-whence",
                "stun",
                "stun/5780:6.1#7/response-origin",
                {},
                without(AttributeType::kResponseOrigin)});
}

void add_login_faults(std::vector<Fault>& to) {
  to.push_back({"challenges-without-a-realm",
                "turn",
                "turn/8489:9.2.4#3/realm",
                {},
                without(AttributeType::kRealm)});
  to.push_back({"has-one-nonce-for-all",
                "turn",
                "turn/8489:9.2.4#5/nonce-of-each",
                {},
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  if (auto* const nonce = parts.find(AttributeType::kNonce))
                    nonce->value.assign(32, '0');
                })});
  to.push_back({"hides-the-algorithms",
                "turn",
                "turn/8489:9.2.4#7/algorithms-bit",
                {},
                without(AttributeType::kPasswordAlgorithms)});
  to.push_back({"lets-wrong-passwords-in",
                "turn",
                "turn/8489:9.2.4#20/wrong-password",
                {},
                of_parts([](FaultMemory& memory, Path& path, Parts& parts) {
                  Parts& asked = memory.asked[path.remote];
                  const bool is_signed =
                      asked.find(AttributeType::kMessageIntegrity) != nullptr ||
                      asked.find(AttributeType::kMessageIntegritySha256) != nullptr;
                  if (parts.code() == 401 && is_signed) make_success(parts);
                })});
  to.push_back({"asks-again-for-stale-nonces",
                "turn",
                "turn/8489:9.2.4#22/foreign-nonce",
                {},
                code_instead(438, 401)});
  to.push_back({"proves-nothing",
                "turn",
                "turn/8489:9.2.4#26/answer-is-proved-sha256",
                {},
                without(AttributeType::kMessageIntegritySha256)});
  to.push_back({"heeds-what-nothing-protects",
                "turn",
                "turn/8489:9#1/behind-integrity",
                {},
                of_parts([](FaultMemory& memory, Path& path, Parts& parts) {
                  if (memory.asked[path.remote].find(kUnknownRequired) != nullptr)
                    parts.set_code(420);
                })});
  to.push_back({"looks-at-attributes-first",
                "turn",
                "turn/8489:6.3#0/login-before-attributes",
                {},
                of_parts([](FaultMemory& memory, Path& path, Parts& parts) {
                  if (parts.code() == 401 &&
                      memory.asked[path.remote].find(kUnknownRequired) != nullptr)
                    parts.set_code(420);
                })});
}

void add_allocation_faults(std::vector<Fault>& to) {
  to.push_back({"says-400-for-437",
                "turn",
                "turn/8656:5#6/refresh-without-allocation",
                {},
                code_instead(437, 400)});
  to.push_back(
      {"says-401-for-441", "turn", "turn/8656:5#5/refresh-of-another", {}, code_instead(441, 401)});
  to.push_back({"says-400-for-442",
                "turn",
                "turn/8656:7.2#0/transport-unknown",
                {},
                code_instead(442, 400)});
  to.push_back(
      {"says-403-for-443", "turn", "turn/8656:10.2#2/other-family", {}, code_instead(443, 403)});
  to.push_back(
      {"says-486-for-508", "turn", "turn/8656:7.2#0/unknown-token", {}, code_instead(508, 486)});
  to.push_back({"allocates-twice",
                "turn",
                "turn/8656:7.2#0/twice",
                {},
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  if (parts.code() == 437 && parts.is(Class::kError, Method::kAllocate))
                    make_success(parts);
                })});
  to.push_back({"gives-any-lifetime",
                "turn",
                "turn/8656:7.2#0/lifetime-1",
                {},
                of_parts([](FaultMemory& memory, Path& path, Parts& parts) {
                  auto* const given = parts.find(AttributeType::kLifetime);
                  auto* const asked = memory.asked[path.remote].find(AttributeType::kLifetime);
                  if (given != nullptr && asked != nullptr) given->value = asked->value;
                })});
  to.push_back({"has-uneven-ports",
                "turn",
                "turn/8656:7.2#0/even-port",
                {},
                of_parts([](FaultMemory& memory, Path& path, Parts& parts) {
                  if (memory.asked[path.remote].find(AttributeType::kEvenPort) != nullptr)
                    shift_port(parts, AttributeType::kXorRelayedAddress);
                })});
  to.push_back({"has-one-relay-for-all",
                "turn",
                "turn/8656:6#1/unique",
                {},
                of_parts([](FaultMemory& memory, Path&, Parts& parts) {
                  auto* const relayed = parts.find(AttributeType::kXorRelayedAddress);
                  if (relayed != nullptr && memory.first_relayed)
                    relayed->value = xor_address_value(*memory.first_relayed, parts.id);
                })});
}

// A Data indication of what a peer sent, whether there is a permission or not.
ByteVector data_indication(const Address& peer, Bytes data) {
  RawStun message(Class::kIndication, Method::kData, TransactionId{});
  message.xor_address(AttributeType::kXorPeerAddress, peer);
  message.attribute(AttributeType::kData, data);
  return message.bytes();
}

void add_relay_faults(std::vector<Fault>& to) {
  to.push_back({"lets-strangers-in", "turn", "turn/8656:9#0/none-in",
                // It comes back out of the server as an answer to a Binding request does.
                [](FaultMemory& memory, Path& path, ByteVector& bytes) {
                  const auto client = memory.clients.find(path.local);
                  if (client == memory.clients.end()) return true;
                  RawStun request(Class::kRequest, Method::kBinding, TransactionId{});
                  memory.stolen.emplace_back(client->second, data_indication(path.remote, bytes));
                  path = client->second;
                  bytes = request.bytes();
                  return true;
                },
                [](FaultMemory& memory, Path& path, ByteVector& bytes) {
                  const auto parts = take_apart(bytes);
                  if (!parts || parts->id != TransactionId{} || memory.stolen.empty()) return true;
                  std::tie(path, bytes) = memory.stolen.front();
                  memory.stolen.erase(memory.stolen.begin());
                  return true;
                }});
  to.push_back({"cuts-data",
                "turn",
                "turn/8656:11.2#0/send-1200",
                {},
                [](FaultMemory& memory, Path& path, ByteVector& bytes) {
                  if (memory.clients.contains(path.local) && bytes.size() > 1) bytes.pop_back();
                  return true;
                }});
  to.push_back({"names-another-peer",
                "turn",
                "turn/8656:11.3#1/receive-1",
                {},
                of_parts([](FaultMemory&, Path&, Parts& parts) {
                  if (parts.is(Class::kIndication, Method::kData))
                    shift_port(parts, AttributeType::kXorPeerAddress);
                })});
  to.push_back({"drops-empty-data",
                "turn",
                "turn/8656:11.2#0/send-0",
                {},
                [](FaultMemory&, Path&, ByteVector& bytes) { return !bytes.empty(); }});
  to.push_back({"forgets-channels",
                "turn",
                "turn/8656:12.5#1/receive-5",
                {},
                [](FaultMemory& memory, Path&, ByteVector& bytes) {
                  if (bytes.size() < 4 || (bytes[0] & 0xC0) != 0x40) return true;
                  const auto number = static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
                  const auto peer = memory.peers.find(number);
                  if (peer != memory.peers.end())
                    bytes = data_indication(peer->second, Bytes(bytes).subspan(4));
                  return true;
                }});
  to.push_back({"binds-reserved-channels",
                "turn",
                "turn/8656:12.2#0/number-0x5000",
                {},
                of_parts([](FaultMemory& memory, Path& path, Parts& parts) {
                  auto* const asked = memory.asked[path.remote].find(AttributeType::kChannelNumber);
                  if (asked != nullptr && parts.code() == 400 && asked->value[0] == 0x50)
                    make_success(parts);
                })});
  to.push_back({"drops-channel-data", "turn", "turn/8656:12.6#0/send-4",
                [](FaultMemory&, Path&, ByteVector& bytes) {
                  return bytes.empty() || (bytes[0] & 0xC0) != 0x40;
                }});
}

}  // namespace

const std::vector<Fault>& faults() {
  static const std::vector<Fault> kAll = [] {
    std::vector<Fault> all;
    add_header_faults(all);
    add_attribute_faults(all);
    add_login_faults(all);
    add_allocation_faults(all);
    add_relay_faults(all);
    return all;
  }();
  return kAll;
}

}  // namespace glass::conform
