// ice/mdns.h - names instead of addresses: says which names are ours, and finds out about others.
//
// A page that may not know the addresses of a machine is given names that only the own network can
// resolve. One Mdns serves all agents of a process: it gets their NamePublished and NameWanted, and
// its answers go to Agent::resolved(). Each socket stands on port 5353 of one interface and has
// joined the group; what it hears comes in through receive().
//
//   publish, resolve ---->  questions and answers to the group  ---->  Resolved
//
// draft-ietf-mmusic-mdns-ice-candidates §3; the part of RFC 6762 that it needs: one-shot questions
// (§5.1), unique records (§6, §10). Messages as in RFC 1035 §4.  Tested by: tests/ice/mdns_test.cc
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/result.h"
#include "base/time.h"
#include "base/trace.h"

namespace glass::ice {

// ---- Messages.

enum class RecordType : std::uint16_t { kA = 1, kAaaa = 28, kAny = 255 };

struct DnsQuestion {
  std::string name;  // lower case, without the dot at the end
  RecordType type = RecordType::kA;
  friend bool operator==(const DnsQuestion&, const DnsQuestion&) = default;
};

// An address record; others are passed over.
struct DnsAnswer {
  std::string name;
  Address address;                     // port 0
  std::chrono::seconds lifetime{120};  // RFC 6762 §10: of records with a host name; zero: goodbye
  friend bool operator==(const DnsAnswer&, const DnsAnswer&) = default;
};

struct DnsMessage {
  bool is_response = false;
  std::vector<DnsQuestion> questions;
  std::vector<DnsAnswer> answers;  // of all three sections
  friend bool operator==(const DnsMessage&, const DnsMessage&) = default;
};

enum class DnsError : std::uint8_t {
  kTruncated,  // ends within a name or a record
  kBadName,    // a pointer that does not point backwards, or more than 255 bytes
  kTooMany,    // more questions or records than anybody needs
  kNotAQuery   // an operation other than a standard query, or an error code
};
std::string_view to_text(DnsError error);

inline constexpr std::size_t kMaxDnsEntries = 64;  // questions and records of one message
inline constexpr std::size_t kMaxDnsName = 253;    // characters, dots included

Result<DnsMessage, DnsError> parse_dns(Bytes datagram);
// Names must be well formed: see is_dns_name(). parse_dns(write_dns(m)) == m.
ByteVector write_dns(const DnsMessage& message);
// Labels of 1 to 63 letters, digits, '-' or '_', dots between.
bool is_dns_name(std::string_view name);

// ---- The machine.

class Mdns {
 public:
  static constexpr std::size_t kMaxNames = 64;      // of ours
  static constexpr std::size_t kMaxWanted = 64;     // that are being looked up
  static constexpr std::size_t kMaxOutgoing = 128;  // datagrams that wait to be sent
  static constexpr int kMaxQuestions = 3;           // after 0, 1 and 3 seconds
  static constexpr Duration kFirstWait = std::chrono::seconds(1);
  // RFC 6762 §6: a record is not multicast again within a second.
  static constexpr Duration kQuiet = std::chrono::seconds(1);
  static constexpr std::uint16_t kPort = 5353;

  // nullopt: nobody knows the name. The address has port 0.
  struct Resolved {
    std::string name;
    std::optional<Address> address;
  };
  using Event = Resolved;

  // 224.0.0.251 or ff02::fb, port 5353.
  static Address group(bool v4);

  explicit Mdns(const Trace& trace) : trace_(trace) {}

  // A socket on port 5353 of this interface address.
  void add_interface(const Address& address);
  void remove_interface(const Address& address);
  // We answer for the name from now on, and tell everybody. Names that are no DNS names, or one too
  // many, are left alone.
  void publish(Instant now, std::string_view name, const Address& address);
  void withdraw(std::string_view name);
  // Resolved follows, at the latest after seven seconds.
  void resolve(Instant now, std::string_view name);

  void receive(Instant now, const Received& in);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event();

 private:
  struct Ours {
    std::string name;
    Address address;
    std::optional<Instant> told;
  };
  struct Wanted {
    std::string name;
    Instant next{};
    Duration wait = kFirstWait;
    int asked = 0;
  };
  void ask(Instant now, Wanted& wanted);
  void tell(const Ours& ours, std::chrono::seconds lifetime);
  void send_to_all(const DnsMessage& message);
  void on_questions(Instant now, const DnsMessage& message);
  void on_answers(const DnsMessage& message);

  Trace trace_;
  std::vector<Address> interfaces_;
  std::vector<Ours> ours_;
  std::vector<Wanted> wanted_;
  std::deque<std::pair<Path, ByteVector>> outgoing_;
  std::deque<Event> events_;
};

static_assert(Node<Mdns>);

}  // namespace glass::ice
