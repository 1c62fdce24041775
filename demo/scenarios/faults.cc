#include "demo/scenarios/faults.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "base/writer.h"
#include "crypto/seeded_random.h"
#include "demo/scenarios/duo.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/message.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kScenario = "bug-";
constexpr Duration kPatience = 45s;  // ICE gives up after less
constexpr Duration kTalk = 40s;      // long enough for consent to run dry
constexpr Duration kTalkInterval = 2s;
constexpr Duration kDeafAfter = 3s;  // since the start: by then they talk
constexpr std::uint16_t kWrongPort = 50099;
constexpr std::size_t kRecordHeader = 13;  // RFC 6347 §4.1
constexpr std::size_t kHandshakeHeader = 12;
constexpr std::size_t kMessageSeqAt = 4;  // in the handshake header
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kApplicationData = 23;

constexpr std::array kFaults{
    Fault{"no-integrity",      "alice", "Alice's checks carry no MESSAGE-INTEGRITY.",                         false},
    Fault{"own-password",      "alice", "Alice signs her checks with her own password.",                      false},
    Fault{"names-swapped",     "alice", "Alice puts the two halves of USERNAME in the wrong order.",
          false                                                                                                    },
    Fault{"crc",               "alice", "The FINGERPRINT of Alice's checks is wrong by one bit.",             false},
    Fault{"other-port",        "bob",   "Bob answers checks from another port than he was asked at.",         false},
    Fault{"other-transaction", "bob",   "Bob answers with a transaction ID of his own.",                      false},
    Fault{"xor-forgotten",     "bob",   "Bob writes the mapped address without the XOR.",                     true },
    Fault{"wrong-candidate",   "bob",   "Bob's candidate has another port than he listens at.",               true },
    Fault{"wrong-fingerprint", "bob",
          "The fingerprint in Bob's answer is not that of his certificate.",                                  false},
    Fault{"both-open",         "bob",
          "Bob's answer says that he waits for DTLS, and he opens it: both send a ClientHello.",              false},
    Fault{"message-seq",       "alice", "Alice numbers all messages of her DTLS handshake with 0.",
          false                                                                                                    },
    Fault{"bad-tag",           "bob",   "Bob's encrypted records have a wrong authentication tag.",           false},
    Fault{"sctp-port",         "alice", "Alice's offer names another SCTP port than she uses.",               false},
    Fault{"deaf",              "bob",   "Bob stops answering checks once he is connected: consent runs dry.",
          true                                                                                                     },
};

bool is_request(Bytes packet) {
  const auto message = stun::MessageView::parse(packet);
  return message && message->is(stun::Class::kRequest, stun::Method::kBinding);
}
bool is_success(Bytes packet) {
  const auto message = stun::MessageView::parse(packet);
  return message && message->is(stun::Class::kSuccess, stun::Method::kBinding);
}
bool is_record(Bytes packet, std::uint8_t type) {
  return packet.size() > kRecordHeader && packet[0] == type;
}

// The same message again, attribute by attribute. `change(builder, attribute)` writes one itself
// and says so; integrity and fingerprint come last, by `key` where there is one.
template <class Change>
void rebuild(PacketBuffer& packet, const stun::TransactionId& transaction,
             std::optional<ByteVector> key, Change change) {
  const ByteVector before(packet.bytes().begin(), packet.bytes().end());
  const auto message = stun::MessageView::parse(before);
  if (!message) return;
  packet.clear();
  stun::MessageBuilder builder(Writer(packet), message->cls(), message->method(), transaction);
  for (const stun::Attribute& attribute : message->attributes()) {
    if (attribute.type == stun::AttributeType::kMessageIntegrity ||
        attribute.type == stun::AttributeType::kFingerprint)
      continue;
    if (!change(builder, attribute)) builder.copy(attribute);
  }
  if (key) builder.add_integrity(*key);
  builder.add_fingerprint();
}
bool keep(stun::MessageBuilder& /*builder*/, const stun::Attribute& /*attribute*/) { return false; }

stun::TransactionId transaction_of(Bytes packet) {
  return stun::MessageView::parse(packet)->transaction();
}

// Where the quirk finds the peer that it belongs to; set once there is one.
struct Actors {
  Duo* duo = nullptr;
};
using Shared = std::shared_ptr<Actors>;

ByteVector key_of(const std::optional<ice::Credentials>& credentials) {
  return stun::short_term_key(credentials ? credentials->pwd : std::string());
}

bool swap_names(stun::MessageBuilder& builder, const stun::Attribute& attribute) {
  if (attribute.type != stun::AttributeType::kUsername) return false;
  const std::string_view name = as_text(attribute.value);
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string swapped =
      std::string(name.substr(colon + 1)) + ':' + std::string(name.substr(0, colon));
  builder.attribute(stun::AttributeType::kUsername, as_bytes(swapped));
  return true;
}

// The value as RFC 3489 had it: address and port in the clear, under the type of the other.
bool forget_xor(stun::MessageBuilder& builder, const stun::Attribute& attribute) {
  if (attribute.type != stun::AttributeType::kXorMappedAddress) return false;
  constexpr std::array<std::uint8_t, 6> kMask{0x21, 0x12, 0x21, 0x12, 0xA4, 0x42};
  ByteVector value(attribute.value.begin(), attribute.value.end());
  for (std::size_t i = 0; i < kMask.size() && i + 2 < value.size(); ++i)
    value[i + 2] ^= kMask.at(i);
  builder.attribute(stun::AttributeType::kXorMappedAddress, value);
  return true;
}

// Calls `touch(handshake message)` for each one in the clear.
template <class Touch>
void each_handshake(MutableBytes packet, Touch touch) {
  while (packet.size() > kRecordHeader + kHandshakeHeader) {
    const std::size_t size = std::size_t{packet[11]} << 8U | packet[12];
    const bool is_plain = packet[3] == 0 && packet[4] == 0;  // the epoch
    if (packet[0] == kHandshake && is_plain) touch(packet.subspan(kRecordHeader));
    if (packet.size() < kRecordHeader + size) return;
    packet = packet.subspan(kRecordHeader + size);
  }
}

// --- The quirks, by the name of the fault ---

// What is wrong with checks.
Quirks check_quirks(std::string_view name, const Shared& actors) {
  Quirks quirks;
  quirks.send = [name, actors](PacketBuffer& packet, Path& path) {
    const Bytes bytes = std::as_const(packet).bytes();
    Duo& duo = *actors->duo;
    if (name == "other-port" && is_success(bytes)) path.local.port = kWrongPort;
    if (name == "other-transaction" && is_success(bytes)) {
      stun::TransactionId other = transaction_of(bytes);
      other.bytes[0] ^= 0xFF;
      rebuild(packet, other, stun::short_term_key(duo.bob().peer.ice().local_credentials().pwd),
              keep);
    }
    if (name == "xor-forgotten" && is_success(bytes))
      rebuild(packet, transaction_of(bytes),
              stun::short_term_key(duo.bob().peer.ice().local_credentials().pwd), forget_xor);
    if (!is_request(bytes)) return true;
    if (name == "no-integrity") rebuild(packet, transaction_of(bytes), std::nullopt, keep);
    if (name == "own-password")
      rebuild(packet, transaction_of(bytes),
              stun::short_term_key(duo.alice().peer.ice().local_credentials().pwd), keep);
    if (name == "names-swapped")
      rebuild(packet, transaction_of(bytes), key_of(duo.alice().peer.ice().remote_credentials()),
              swap_names);
    if (name == "crc") packet.bytes().back() ^= 1;
    return true;
  };
  return quirks;
}

// What is wrong with DTLS records.
Quirks record_quirks(std::string_view name) {
  Quirks quirks;
  quirks.send = [name](PacketBuffer& packet, Path&) {
    const Bytes bytes = std::as_const(packet).bytes();
    if (name == "message-seq")
      each_handshake(packet.bytes(), [](MutableBytes message) {
        message[kMessageSeqAt] = message[kMessageSeqAt + 1] = 0;
      });
    if (name == "bad-tag" && is_record(bytes, kApplicationData)) packet.bytes().back() ^= 1;
    return true;
  };
  return quirks;
}

// "old" -> "new" in a text, once.
void replace(std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

// What is wrong with what signaling carries.
Quirks text_quirks(std::string_view name) {
  Quirks quirks;
  quirks.describe = [name](std::string& text) {
    if (name == "both-open") replace(text, "a=setup:active", "a=setup:passive");
    if (name == "sctp-port") replace(text, "a=sctp-port:5000", "a=sctp-port:5001");
    if (name == "wrong-candidate") replace(text, " 50002 typ host", " 50098 typ host");
    if (name != "wrong-fingerprint") return;
    const std::size_t line = text.find("a=fingerprint:");
    const std::size_t end = text.find('\r', line);
    if (line != std::string::npos && end != std::string::npos)
      text[end - 1] = text[end - 1] == '0' ? '1' : '0';
  };
  if (name == "wrong-candidate")
    quirks.candidate = [](std::string& text) {
      replace(text, " 50002 typ host", " 50098 typ host");
    };
  return quirks;
}

Quirks deaf_quirks() {
  Quirks quirks;
  quirks.hear = [](Instant now, Bytes packet) {
    return now < Instant{} + kDeafAfter || !is_request(packet);
  };
  return quirks;
}

Quirks quirks_of(const Fault& fault, const Shared& actors) {
  constexpr std::array<std::string_view, 2> kRecords{"message-seq", "bad-tag"};
  constexpr std::array<std::string_view, 4> kTexts{"sctp-port", "wrong-candidate",
                                                   "wrong-fingerprint", "both-open"};
  if (fault.name == "deaf") return deaf_quirks();
  if (std::ranges::find(kRecords, fault.name) != kRecords.end()) return record_quirks(fault.name);
  if (std::ranges::find(kTexts, fault.name) != kTexts.end()) return text_quirks(fault.name);
  return check_quirks(fault.name, actors);
}

}  // namespace

std::span<const Fault> faults() { return kFaults; }

const Fault* find_fault(std::string_view scenario) {
  if (!scenario.starts_with(kScenario)) return nullptr;
  const std::string_view name = scenario.substr(kScenario.size());
  if (const auto number = parse_decimal(name, kFaults.size()))
    return *number == 0 ? nullptr : &kFaults.at(*number - 1);
  const auto* const found = std::ranges::find(kFaults, name, &Fault::name);
  return found == kFaults.end() ? nullptr : found;
}

FaultResult run_fault(const Fault& fault, const FaultOptions& options, Sink* sink) {
  crypto::seed_openssl(options.seed);
  const auto actors = std::make_shared<Actors>();
  DuoOptions stage{.seed = options.seed, .way = options.way};
  stage.channel.label = "chat";
  (fault.culprit == "alice" ? stage.alice : stage.bob) = quirks_of(fault, actors);
  Duo duo(stage, sink, [](const Duo::Person&, std::string_view) {});
  actors->duo = &duo;
  FaultResult result;
  result.connected = duo.connect(kPatience);
  const Instant end = duo.world().now() + kTalk;
  for (std::uint64_t n = 1; result.connected && duo.world().now() < end && !duo.has_failed(); ++n) {
    duo.say(duo.alice(), "hello " + decimal(n));
    duo.world().run_for(kTalkInterval);
    if (fault.name != "deaf" && n == 3) break;
  }
  result.failure = duo.alice().failure.empty() ? duo.bob().failure : duo.alice().failure;
  duo.finish();
  crypto::unseed_openssl();
  return result;
}

}  // namespace glass::demo
