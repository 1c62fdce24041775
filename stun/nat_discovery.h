// stun/nat_discovery.h - what kind of NAT is between us and a STUN server with two addresses?
//
// A Node over several local ports, asked one after the other: each test has a port of its own,
// since what one test sends would open the filters that the next one looks at. What cannot be told
// is kUnknown, with the reason.
// RFC 5780 §4.3 (mapping), §4.4 (filtering), §4.5 (hairpinning), §4.6 (lifetime).
// Tested by: tests/stun/nat_discovery_test.cc
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/message.h"
#include "stun/transaction.h"

namespace glass::stun {

// RFC 4787 §4.1, §5: on what a mapping or a filter depends.
enum class NatDependence : std::uint8_t {
  kUnknown,
  kEndpointIndependent,
  kAddressDependent,
  kAddressAndPortDependent,
};
std::string_view to_text(NatDependence dependence);

enum class NatHairpinning : std::uint8_t { kUnknown, kNo, kYes };
std::string_view to_text(NatHairpinning hairpinning);

struct NatReport {
  bool reached = false;           // did the server answer at all?
  std::optional<Address> mapped;  // us, as the server sees us
  bool is_translated = false;     // mapped is not our own address
  NatDependence mapping = NatDependence::kUnknown;
  NatDependence filtering = NatDependence::kUnknown;
  NatHairpinning hairpinning = NatHairpinning::kUnknown;
  std::optional<Duration> lives_at_least;  // an unused mapping was there after this time
  std::optional<Duration> gone_after;      // and after this time it was not
  std::string_view why_mapping;            // why it is not known; empty: it is known
  std::string_view why_filtering;
  std::string_view why_hairpinning;
  std::string_view why_lifetime;
};

struct NatDiscoveryConfig {
  // Fresh ports of one address of ours: four, and one more for each entry of `lifetimes`.
  std::vector<Address> locals{};
  Address server{};
  // Silence is an answer here, so it is not waited for as long as usual: 5.5 s.
  TransactionConfig transaction{
      .rto = std::chrono::milliseconds(500), .request_count = 4, .last_wait = 4};
  std::vector<Duration> lifetimes{};  // how long mappings are left alone; ascending; empty: no test
};

class NatDiscovery {
 public:
  static constexpr std::size_t kFixedPorts = 4;
  static constexpr std::size_t kMaxLifetimes = 16;

  using Event = NatReport;  // one, when all is done

  NatDiscovery(NatDiscoveryConfig config, Random& random, const Trace& trace);

  void start(Instant now);
  [[nodiscard]] const NatReport& report() const { return report_; }

  void receive(Instant now, const Received& in);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event() { return std::exchange(event_, std::nullopt); }

 private:
  enum class Step : std::uint8_t {
    kMapping1,
    kMapping2,
    kMapping3,
    kFilter1,
    kFilter2,
    kFilter3,
    kHairpin1,
    kHairpin2,
    kHairpinWait,
    kLifetimeOpen,
    kLifetimeWait,
    kLifetimeCheck,
    kDone,
  };
  enum class Outcome : std::uint8_t { kAnswered, kRefused, kSilence };
  struct Question {
    std::size_t local = 0;  // index of the port that asks
    Address to;
    bool change_ip = false;
    bool change_port = false;
    std::uint16_t response_port = 0;  // zero: where the question came from
    std::size_t answered_at = 0;      // index of the port that the answer comes to
  };
  struct Answer {
    Outcome outcome = Outcome::kSilence;
    Address from;
    Address mapped;
    std::optional<Address> other;
  };

  void ask(Instant now, Step step, const Question& question);
  void conclude(Instant now, const Answer& answer);
  void on_mapping(Instant now, const Answer& answer);
  void on_first(Instant now, const Answer& answer);
  void start_filtering(Instant now);
  void on_filtering(Instant now, const Answer& answer);
  void start_hairpinning(Instant now);
  void on_hairpin_ports(Instant now, const Answer& answer);
  void shoot(Instant now);
  void end_hairpinning(Instant now);
  void start_lifetime(Instant now);
  void open_next(Instant now);
  void on_lifetime(Instant now, const Answer& answer);
  void check_next(Instant now);
  void finish();
  [[nodiscard]] bool is_hairpinned(const Received& in) const;
  [[nodiscard]] std::optional<Address> usable_other(const std::optional<Address>& other) const;
  [[nodiscard]] Address expected_source() const;

  NatDiscoveryConfig config_;
  Random& random_;
  Trace trace_;
  Step step_ = Step::kDone;
  Question question_;
  std::optional<Transaction> transaction_;
  NatReport report_;
  std::optional<Address> other_;  // the server's OTHER-ADDRESS, if it can be used
  bool other_answers_ = false;    // has anything ever come from the other address?
  std::array<Address, 3> mapped_{};
  std::array<Address, 2> hairpin_mapped_{};
  TransactionId hairpin_id_;
  unsigned shots_ = 0;        // at our own mapped addresses
  std::size_t shooting_ = 2;  // which of the two ports shoots next; 2: neither
  struct Opened {
    std::uint16_t port = 0;  // as mapped
    Instant at{};
  };
  std::vector<Opened> opened_;
  std::size_t checked_ = 0;
  Instant wake_ = kNever;
  std::optional<Event> event_;
};

}  // namespace glass::stun
