// ice/mdns.cc - DNS messages of two record types, and who knows which name.
#include "ice/mdns.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/node.h"
#include "base/result.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"

namespace glass::ice {

namespace {

constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kTopBit = 0x8000;  // RFC 6762 §10.2, §5.4: flush the cache, unicast welcome
constexpr std::uint16_t kResponse = 0x8000;
constexpr std::uint16_t kAuthoritative = 0x0400;
constexpr std::uint16_t kOpcodeAndCode = 0x780f;
constexpr std::uint8_t kPointer = 0xc0;
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxJumps = 16;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

// RFC 1035 §4.1.4: labels, and pointers to where the rest stood before. Each pointer leads further
// to the front than the name that it stands in, so that there is an end.
Result<std::string, DnsError> parse_name(Bytes message, Reader& in) {
  std::string out;
  Reader* at = &in;
  Reader elsewhere(Bytes{});
  std::size_t limit = message.size() - in.left();
  for (std::size_t jumps = 0; jumps <= kMaxJumps;) {
    const std::uint8_t size = at->u8("label length");
    if (!at->ok()) return std::unexpected(DnsError::kTruncated);
    if (size == 0) return out;
    if ((size & kPointer) == kPointer) {
      const std::size_t target = (std::size_t{size} & 0x3fU) << 8 | at->u8("offset");
      if (!at->ok()) return std::unexpected(DnsError::kTruncated);
      if (target >= limit) return std::unexpected(DnsError::kBadName);
      limit = target;
      elsewhere = Reader(message.subspan(target));
      at = &elsewhere;
      ++jumps;
      continue;
    }
    if (size > kMaxLabel) return std::unexpected(DnsError::kBadName);
    const Bytes label = at->bytes(size, "label");
    if (!at->ok()) return std::unexpected(DnsError::kTruncated);
    if (!out.empty()) out += '.';
    out += lowered(as_text(label));
    if (out.size() > kMaxDnsName) return std::unexpected(DnsError::kBadName);
  }
  return std::unexpected(DnsError::kBadName);
}

void write_name(Writer& out, std::string_view name) {
  while (!name.empty()) {
    const std::size_t size = std::min(name.find('.'), name.size());
    out.u8(static_cast<std::uint8_t>(size)).bytes(as_bytes(name.substr(0, size)));
    name.remove_prefix(std::min(size + 1, name.size()));
  }
  out.u8(0);
}

Result<void, DnsError> parse_record(Bytes datagram, Reader& in, DnsMessage& out) {
  std::string name = TRY(parse_name(datagram, in));
  const std::uint16_t type = in.u16("TYPE");
  const std::uint16_t cls = in.u16("CLASS");
  const std::uint32_t lifetime = in.u32("TTL");
  const Bytes data = in.bytes(in.u16("RDLENGTH"), "RDATA");
  if (!in.ok()) return std::unexpected(DnsError::kTruncated);
  if ((cls & ~kTopBit) != kClassIn) return {};
  DnsAnswer answer{std::move(name), {}, std::chrono::seconds(lifetime)};
  constexpr std::size_t kV4 = 4;
  constexpr std::size_t kV6 = 16;
  if (type == std::to_underlying(RecordType::kA) && data.size() == kV4) {
    answer.address = Address::v4(data, 0);
  } else if (type == std::to_underlying(RecordType::kAaaa) && data.size() == kV6) {
    answer.address = Address::v6(data, 0);
  } else {
    return {};
  }
  out.answers.push_back(std::move(answer));
  return {};
}

}  // namespace

std::string_view to_text(DnsError error) {
  constexpr std::array<std::string_view, 4> kSentences{
      "the DNS message ends too early", "a name in the DNS message is not well formed",
      "the DNS message has too many entries", "the DNS message is no query and no answer to one"};
  return kSentences.at(static_cast<std::size_t>(std::to_underlying(error)));
}

bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxDnsName) return false;
  std::size_t label = 0;
  for (const char c : name) {
    const bool is_letter = lower(c) >= 'a' && lower(c) <= 'z';
    if (c == '.' && label == 0) return false;
    if (c != '.' && !is_letter && (c < '0' || c > '9') && c != '-' && c != '_') return false;
    label = c == '.' ? 0 : label + 1;
    if (label > kMaxLabel) return false;
  }
  return label > 0;
}

Result<DnsMessage, DnsError> parse_dns(Bytes datagram) {
  Reader in(datagram);
  DnsMessage out;
  in.skip(2, "ID");
  const std::uint16_t flags = in.u16("flags");
  const std::size_t questions = in.u16("QDCOUNT");
  const std::size_t answers = in.u16("ANCOUNT");
  const std::size_t authorities = in.u16("NSCOUNT");
  const std::size_t additionals = in.u16("ARCOUNT");
  if (!in.ok()) return std::unexpected(DnsError::kTruncated);
  if ((flags & kOpcodeAndCode) != 0) return std::unexpected(DnsError::kNotAQuery);
  out.is_response = (flags & kResponse) != 0;
  if (questions + answers + authorities + additionals > kMaxDnsEntries)
    return std::unexpected(DnsError::kTooMany);
  for (std::size_t i = 0; i < questions; ++i) {
    DnsQuestion question;
    question.name = TRY(parse_name(datagram, in));
    question.type = static_cast<RecordType>(in.u16("QTYPE"));
    const std::uint16_t cls = in.u16("QCLASS");
    if (!in.ok()) return std::unexpected(DnsError::kTruncated);
    if ((cls & ~kTopBit) == kClassIn) out.questions.push_back(std::move(question));
  }
  for (std::size_t i = 0; i < answers + authorities + additionals; ++i)
    if (const auto record = parse_record(datagram, in, out); !record)
      return std::unexpected(record.error());
  return out;
}

ByteVector write_dns(const DnsMessage& message) {
  CHECK(message.questions.size() + message.answers.size() <= kMaxDnsEntries);
  ByteVector bytes;
  Writer out(bytes);
  out.u16(0).u16(message.is_response ? kResponse | kAuthoritative : 0);
  out.u16(static_cast<std::uint16_t>(message.questions.size()));
  out.u16(static_cast<std::uint16_t>(message.answers.size())).u16(0).u16(0);
  for (const DnsQuestion& question : message.questions) {
    write_name(out, question.name);
    out.u16(std::to_underlying(question.type)).u16(kClassIn);
  }
  for (const DnsAnswer& answer : message.answers) {
    write_name(out, answer.name);
    const bool is_v4 = answer.address.is_v4();
    out.u16(std::to_underlying(is_v4 ? RecordType::kA : RecordType::kAaaa));
    out.u16(kClassIn | kTopBit).u32(static_cast<std::uint32_t>(answer.lifetime.count()));
    const auto data = out.block(2);
    out.bytes(answer.address.ip_bytes());
  }
  return bytes;
}

// ---- The machine.

Address Mdns::group(bool v4) {
  constexpr std::array<std::uint8_t, 16> kV6{0xff, 0x02, 0, 0, 0, 0, 0, 0,
                                             0,    0,    0, 0, 0, 0, 0, 0xfb};
  return v4 ? Address::v4(0xe00000fb, kPort) : Address::v6(kV6, kPort);
}

void Mdns::add_interface(const Address& address) {
  if (std::ranges::find(interfaces_, address) == interfaces_.end()) interfaces_.push_back(address);
}

void Mdns::remove_interface(const Address& address) { std::erase(interfaces_, address); }

void Mdns::publish(Instant now, std::string_view name, const Address& address) {
  if (!is_dns_name(name) || ours_.size() >= kMaxNames) return;
  ours_.push_back({lowered(name), address.with_port(0), now});
  tell(ours_.back(), DnsAnswer{}.lifetime);
}

void Mdns::withdraw(std::string_view name) {
  const auto found = std::ranges::find(ours_, lowered(name), &Ours::name);
  if (found == ours_.end()) return;
  tell(*found, std::chrono::seconds(0));
  ours_.erase(found);
}

void Mdns::resolve(Instant now, std::string_view name) {
  const std::string wanted = lowered(name);
  if (std::ranges::find(wanted_, wanted, &Wanted::name) != wanted_.end()) return;
  // One of ours: two peers in one process need no network for this.
  const auto ours = std::ranges::find(ours_, wanted, &Ours::name);
  if (ours != ours_.end()) {
    events_.push_back({wanted, ours->address});
    return;
  }
  if (!is_dns_name(name) || wanted_.size() >= kMaxWanted) {
    events_.push_back({wanted, std::nullopt});
    return;
  }
  wanted_.push_back({wanted});
  ask(now, wanted_.back());
}

void Mdns::ask(Instant now, Wanted& wanted) {
  ++wanted.asked;
  wanted.next = now + wanted.wait;
  wanted.wait *= 2;
  DnsMessage message;
  message.questions = {
      {wanted.name, RecordType::kA   },
      {wanted.name, RecordType::kAaaa}
  };
  send_to_all(message);
}

void Mdns::tell(const Ours& ours, std::chrono::seconds lifetime) {
  DnsMessage message;
  message.is_response = true;
  message.answers = {
      {ours.name, ours.address, lifetime}
  };
  send_to_all(message);
}

void Mdns::send_to_all(const DnsMessage& message) {
  for (const Address& interface : interfaces_) {
    if (outgoing_.size() >= kMaxOutgoing) return;
    outgoing_.emplace_back(Path{Transport::kUdp, interface, group(interface.is_v4())},
                           write_dns(message));
  }
}

void Mdns::receive(Instant now, const Received& in) {
  const auto message = parse_dns(in.bytes);
  if (!message) return trace_.drop({}, to_text(message.error()), in.bytes);
  // RFC 6762 §6: who does not speak from this port is no neighbour.
  if (in.path.remote.port != kPort)
    return trace_.drop({}, "mDNS from another port than 5353", in.bytes);
  if (message->is_response) {
    on_answers(*message);
  } else {
    on_questions(now, *message);
  }
}

void Mdns::on_questions(Instant now, const DnsMessage& message) {
  for (const DnsQuestion& question : message.questions) {
    const auto found = std::ranges::find(ours_, question.name, &Ours::name);
    if (found == ours_.end()) continue;
    const RecordType has = found->address.is_v4() ? RecordType::kA : RecordType::kAaaa;
    if (question.type != has && question.type != RecordType::kAny) continue;
    if (found->told && now - *found->told < kQuiet) continue;
    found->told = now;
    tell(*found, DnsAnswer{}.lifetime);
  }
}

void Mdns::on_answers(const DnsMessage& message) {
  for (const DnsAnswer& answer : message.answers) {
    if (answer.lifetime.count() == 0) continue;
    const auto removed =
        std::erase_if(wanted_, [&](const Wanted& wanted) { return wanted.name == answer.name; });
    if (removed > 0) events_.push_back({answer.name, answer.address});
  }
}

void Mdns::on_time(Instant now) {
  for (Wanted& wanted : wanted_) {
    if (wanted.next > now) continue;
    if (wanted.asked < kMaxQuestions) {
      ask(now, wanted);
      continue;
    }
    events_.push_back({wanted.name, std::nullopt});
    wanted.name.clear();
  }
  std::erase_if(wanted_, [](const Wanted& wanted) { return wanted.name.empty(); });
}

Instant Mdns::next_time() const {
  Instant next = kNever;
  for (const Wanted& wanted : wanted_) next = std::min(next, wanted.next);
  return next;
}

std::optional<Path> Mdns::poll_transmit(Instant /*now*/, PacketBuffer& out) {
  if (outgoing_.empty()) return std::nullopt;
  const auto [path, bytes] = std::move(outgoing_.front());
  outgoing_.pop_front();
  copy_bytes(bytes, out.append(bytes.size()));
  return path;
}

std::optional<Mdns::Event> Mdns::poll_event() {
  if (events_.empty()) return std::nullopt;
  Event next = std::move(events_.front());
  events_.pop_front();
  return next;
}

}  // namespace glass::ice
