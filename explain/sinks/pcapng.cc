#include "explain/sinks/pcapng.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "explain/pcapng_numbers.h"
#include "explain/sinks/keylog.h"
#include "explain/sinks/out.h"
#include "explain/sinks/recorder.h"

namespace glass::explain {
namespace {

constexpr std::uint16_t kExportedPdu = 252;  // LINKTYPE_WIRESHARK_UPPER_PDU

constexpr std::uint32_t kWire = 0;
constexpr std::uint32_t kDecrypted = 1;

constexpr std::uint16_t kEndOfOptions = 0;
constexpr std::uint16_t kComment = 1;
constexpr std::uint16_t kUserApplication = 4;  // of a section header
constexpr std::uint16_t kInterfaceName = 2;
constexpr std::uint16_t kTimeResolution = 9;
constexpr std::uint16_t kPacketFlags = 2;
constexpr std::uint16_t kPacketId = 5;

constexpr std::size_t kCommentMax = 16'384;  // a comment has a length field of 16 bits

void pad4(Writer& out) { out.zeros((4 - out.size() % 4) % 4); }

void option(Writer& out, std::uint16_t code, Bytes value) {
  out.u16(code).u16(static_cast<std::uint16_t>(value.size())).bytes(value);
  pad4(out);
}

// Numbers are big-endian throughout: the section header says so.
ByteVector block(std::uint32_t type, Bytes body) {
  ByteVector bytes;
  Writer out(bytes);
  const auto total = static_cast<std::uint32_t>(12 + (body.size() + 3) / 4 * 4);
  out.u32(type).u32(total).bytes(body);
  pad4(out);
  out.u32(total);
  return bytes;
}

ByteVector section_header() {
  ByteVector body;
  Writer out(body);
  out.u32(pcapng::kByteOrder).u16(1).u16(0).u64(UINT64_MAX);  // version 1.0, length unknown
  option(out, kUserApplication, as_bytes("GlassRTC"));
  option(out, kEndOfOptions, {});
  return block(pcapng::kSectionHeader, body);
}

ByteVector interface_header(std::uint16_t link_type, std::string_view name) {
  ByteVector body;
  Writer out(body);
  out.u16(link_type).u16(0).u32(0);  // no snap length
  option(out, kInterfaceName, as_bytes(name));
  const std::uint8_t nanoseconds = 9;
  option(out, kTimeResolution, Bytes(&nanoseconds, 1));
  option(out, kEndOfOptions, {});
  return block(pcapng::kInterface, body);
}

// RFC 1071: the sum of 16-bit words, its carries added back in.
std::uint32_t sum_words(std::uint32_t sum, Bytes bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const std::uint32_t low = i + 1 < bytes.size() ? bytes[i + 1] : 0U;
    sum += static_cast<std::uint32_t>(bytes[i]) << 8 | low;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;

// RFC 768, RFC 9293 §3.1: over a pseudo header too.
std::uint16_t checksum_of(std::uint8_t protocol, const Address& source, const Address& target,
                          Bytes datagram) {
  std::uint32_t sum = sum_words(0, source.ip_bytes());
  sum = sum_words(sum, target.ip_bytes());
  sum = sum_words(sum + protocol + static_cast<std::uint32_t>(datagram.size()), datagram);
  return static_cast<std::uint16_t>(~sum);
}

void put_u16(MutableBytes target, std::size_t at, std::uint16_t value) {
  target[at] = static_cast<std::uint8_t>(value >> 8);
  target[at + 1] = static_cast<std::uint8_t>(value);
}

struct IpPlace {
  std::uint16_t id = 0;
  std::uint16_t size = 0;  // of what follows the header
};

void ip_header(Writer& out, std::uint8_t protocol, const Address& source, const Address& target,
               const IpPlace& place) {
  if (!source.is_v4()) {
    out.u32(0x60000000).u16(place.size).u8(protocol).u8(64);
    out.bytes(source.ip_bytes()).bytes(target.ip_bytes());
    return;
  }
  ByteVector header;
  Writer ip(header);
  ip.u8(0x45).u8(0).u16(static_cast<std::uint16_t>(place.size + 20));
  ip.u16(place.id).u16(0x4000).u8(64).u8(protocol).u16(0);  // do not fragment, 64 hops
  ip.bytes(source.ip_bytes()).bytes(target.ip_bytes());
  put_u16(header, 10, static_cast<std::uint16_t>(~sum_words(0, header)));
  out.bytes(header);
}

// A tag of an exported PDU.
void tag(Writer& out, std::uint16_t code, Bytes value) { option(out, code, value); }

void tag(Writer& out, std::uint16_t code, std::uint32_t value) { out.u16(code).u16(4).u32(value); }

// An SCTP packet as it lies in a DTLS record, with the addresses around that record.
ByteVector exported_sctp(const Path* path, Direction direction, Bytes packet) {
  ByteVector bytes;
  Writer out(bytes);
  tag(out, 12, as_bytes("sctp"));  // EXP_PDU_TAG_DISSECTOR_NAME
  if (path != nullptr) {
    const bool sent = direction == Direction::kSent;
    const Address& source = sent ? path->local : path->remote;
    const Address& target = sent ? path->remote : path->local;
    const bool v4 = source.is_v4();
    tag(out, v4 ? 20 : 22, source.ip_bytes());
    tag(out, v4 ? 21 : 23, target.ip_bytes());
    tag(out, 24, std::uint32_t{3});  // EXP_PDU_TAG_PORT_TYPE: UDP
    tag(out, 25, std::uint32_t{source.port});
    tag(out, 26, std::uint32_t{target.port});
  }
  tag(out, 0, Bytes{});
  out.bytes(packet);
  return bytes;
}

}  // namespace

ByteVector ip_packet(const Address& source, const Address& target, std::uint16_t id,
                     Bytes payload) {
  ByteVector bytes;
  Writer out(bytes);
  const auto size = static_cast<std::uint16_t>(payload.size() + 8);
  ip_header(out, kUdp, source, target, {id, size});
  const std::size_t udp = bytes.size();
  out.u16(source.port).u16(target.port).u16(size).u16(0).bytes(payload);
  const std::uint16_t sum = checksum_of(kUdp, source, target, Bytes(bytes).subspan(udp));
  put_u16(bytes, udp + 6, sum == 0 ? 0xffff : sum);  // RFC 768: zero would mean that there is none
  return bytes;
}

ByteVector tcp_packet(const Address& source, const Address& target, const TcpPlace& place,
                      Bytes payload) {
  ByteVector bytes;
  Writer out(bytes);
  const auto size = static_cast<std::uint16_t>(payload.size() + 20);
  ip_header(out, kTcp, source, target, {place.id, size});
  const std::size_t tcp = bytes.size();
  out.u16(source.port).u16(target.port).u32(place.sequence).u32(place.acknowledged);
  out.u16(0x5018).u16(0xffff).u16(0).u16(0).bytes(payload);  // no options; PSH and ACK
  put_u16(bytes, tcp + 16, checksum_of(kTcp, source, target, Bytes(bytes).subspan(tcp)));
  return bytes;
}

Pcapng::Pcapng(Options options, Out out) : options_(std::move(options)), out_(std::move(out)) {
  put(section_header());
  put(interface_header(pcapng::kRawIp, "wire"));
  put(interface_header(kExportedPdu, "decrypted"));
}

void Pcapng::put(ByteVector block) { out_(as_text(block)); }

bool Pcapng::wants(Where where, const PacketNote& note) const {
  if (where.layer != Layer::kNet && where.layer != Layer::kSctp) return false;
  if (where.layer == Layer::kNet && note.path == nullptr) return false;
  if (options_.at_node) return *options_.at_node == where.node;
  if (note.direction == Direction::kSent) return true;
  if (where.layer == Layer::kNet) return note.id == 0 || note.id > highest_sent_;
  // Plaintext has no id: it came with the datagram that this node received last.
  const auto last = last_.find(where.node);
  return last == last_.end() || last->second.received == 0 || last->second.received > highest_sent_;
}

void Pcapng::packet(Where where, const PacketNote& note) {
  const bool sent = note.direction == Direction::kSent;
  if (where.layer == Layer::kNet && note.path != nullptr) {
    Last& last = last_[where.node];
    last.path = *note.path;
    if (sent) highest_sent_ = std::max(highest_sent_, note.id);
    if (!sent) last.received = note.id;
  }
  if (!wants(where, note)) return;
  flush();
  Pending next{.interface = where.layer == Layer::kNet ? kWire : kDecrypted,
               .at = now_,
               .node = where.node,
               .direction = note.direction,
               .id = note.id,
               .data = {},
               .comment = {}};
  if (where.layer == Layer::kNet) {
    const Path& path = *note.path;
    const Address& source = sent ? path.local : path.remote;
    const Address& target = sent ? path.remote : path.local;
    const auto id = static_cast<std::uint16_t>(note.id);
    if (path.transport == Transport::kUdp) {
      next.data = ip_packet(source, target, id, note.bytes);
    } else {
      std::uint32_t& sequence = sequences_.try_emplace({source, target}, 1).first->second;
      const auto back = sequences_.find({target, source});
      const std::uint32_t acknowledged = back == sequences_.end() ? 1 : back->second;
      next.data = tcp_packet(source, target, {id, sequence, acknowledged}, note.bytes);
      sequence += static_cast<std::uint32_t>(note.bytes.size());
    }
  } else {
    const auto last = last_.find(where.node);
    next.data = exported_sctp(last == last_.end() ? nullptr : &last->second.path, note.direction,
                              note.bytes);
  }
  pending_ = std::move(next);
  if (!options_.comments) return;
  if (options_.names != nullptr)
    pending_->comment = (sent ? "sent by " : "received by ") + name_of(*options_.names, where.node);
  if (!sent) return;
  const std::string rules = std::exchange(led_to_[where.node], {});
  if (!rules.empty() && !pending_->comment.empty()) pending_->comment += '\n';
  pending_->comment += rules;
}

// What a node says belongs to the packet that it has just got, or else to the next that it sends.
void Pcapng::add_comment(Where where, std::string_view text) {
  const bool is_about_pending =
      pending_ && pending_->node == where.node && pending_->direction == Direction::kReceived;
  std::string& target = is_about_pending ? pending_->comment : led_to_[where.node];
  if (target.size() + text.size() >= kCommentMax) return;
  if (!target.empty()) target += '\n';
  target += text;
}

void Pcapng::rule(Where where, Rule rule, std::span<const Fact> facts) {
  if (!options_.comments) return;
  std::string line = "RFC " + to_text(rule);
  if (options_.notes != nullptr) line += ' ' + std::string(options_.notes->title(rule));
  for (const Fact& fact : facts)
    line += ' ' + std::string(fact.key) + '=' +
            (fact.is_text ? printable(fact.text) : decimal(fact.number));
  add_comment(where, line);
}

void Pcapng::drop(Where where, Rule rule, std::string_view why, Bytes) {
  if (!options_.comments) return;
  add_comment(where, "dropped: " + std::string(why) + (rule.rfc != 0 ? " " + to_text(rule) : ""));
}

void Pcapng::secret(Where, std::string_view label, Bytes id, Bytes value) {
  if (!options_.with_secrets) return;
  flush();
  const std::string line = keylog_line(label, id, value);
  ByteVector body;
  Writer out(body);
  out.u32(pcapng::kTlsKeyLog).u32(static_cast<std::uint32_t>(line.size())).bytes(as_bytes(line));
  put(block(pcapng::kDecryptionSecrets, body));
}

void Pcapng::flush() {
  if (!pending_) return;
  const Pending packet = *std::exchange(pending_, std::nullopt);
  const Duration since = packet.at.time_since_epoch() +
                         std::chrono::seconds(static_cast<std::int64_t>(options_.epoch_seconds));
  ByteVector body;
  Writer out(body);
  out.u32(packet.interface).u64(static_cast<std::uint64_t>(since.count()));
  out.u32(static_cast<std::uint32_t>(packet.data.size()));
  out.u32(static_cast<std::uint32_t>(packet.data.size())).bytes(packet.data);
  pad4(out);
  if (!packet.comment.empty()) option(out, kComment, as_bytes(packet.comment));
  out.u16(kPacketFlags).u16(4).u32(packet.direction == Direction::kSent ? 2 : 1);
  if (packet.id != 0) out.u16(kPacketId).u16(8).u64(packet.id);
  option(out, kEndOfOptions, {});
  put(block(pcapng::kEnhancedPacket, body));
}

}  // namespace glass::explain
