// explain/sinks/pcapng.h - the run as a capture file that Wireshark opens, decrypted.
//
// Interface 0 is the wire: IP and UDP headers are made up around each datagram, TCP headers around
// what goes over streams. Interface 1 is what DTLS carried: SCTP packets as exported PDUs. The key
// log is embedded, so that Wireshark decrypts interface 0 by itself as well. Format:
// draft-ietf-opsawg-pcapng (no RFC).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "explain/notes.h"
#include "explain/sinks/out.h"

namespace glass::explain {

class Pcapng final : public Sink {
 public:
  struct Options {
    std::uint64_t epoch_seconds = 0;  // the wall time of Instant{}
    // As captured at this node; else every datagram once: where it is sent, lost ones included,
    // or where it is received if its sender is not part of the run.
    std::optional<std::uint16_t> at_node{};
    // Who it was, and rules: those that led to what is sent, those that a received packet made
    // fire.
    bool comments = false;
    const std::vector<std::string>* names = nullptr;  // indexed by node
    const Notes* notes = nullptr;                     // titles for the comments
    bool with_secrets = true;
  };
  // Writes the section and interface headers at once.
  Pcapng(Options options, Out out);
  Pcapng(const Pcapng&) = delete;
  Pcapng& operator=(const Pcapng&) = delete;
  ~Pcapng() override { flush(); }
  // Writes the packet that still waits for its comments.
  void flush();

  void now(Instant instant) override { now_ = instant; }
  void rule(Where where, Rule rule, std::span<const Fact> facts) override;
  void drop(Where where, Rule rule, std::string_view why, Bytes packet) override;
  void packet(Where where, const PacketNote& note) override;
  void secret(Where where, std::string_view label, Bytes id, Bytes value) override;

 private:
  struct Pending {
    std::uint32_t interface = 0;
    Instant at;
    std::uint16_t node = 0;
    Direction direction = Direction::kReceived;
    std::uint64_t id = 0;
    ByteVector data;
    std::string comment;
  };
  [[nodiscard]] bool wants(Where where, const PacketNote& note) const;
  void add_comment(Where where, std::string_view text);
  void put(ByteVector block);

  Options options_;
  Out out_;
  Instant now_{};
  std::optional<Pending> pending_;
  std::uint64_t highest_sent_ = 0;  // ids grow: what has a higher one was not sent in this run
  struct Last {
    Path path;
    std::uint64_t received = 0;  // id of the datagram that came in last
  };
  std::map<std::uint16_t, Last> last_;  // by node
  // Bytes that went each way over TCP: what the next segment begins with.
  std::map<std::pair<Address, Address>, std::uint32_t> sequences_;
  std::map<std::uint16_t, std::string> led_to_;  // rules since the node sent something
};

// An IPv4 or IPv6 packet with a UDP datagram in it, checksums included.
ByteVector ip_packet(const Address& source, const Address& target, std::uint16_t id, Bytes payload);

// The same with a TCP segment. What goes over TLS is written as what it carries.
struct TcpPlace {
  std::uint16_t id = 0;  // of the IPv4 packet
  std::uint32_t sequence = 0;
  std::uint32_t acknowledged = 0;
};
ByteVector tcp_packet(const Address& source, const Address& target, const TcpPlace& place,
                      Bytes payload);

}  // namespace glass::explain
