// ice/candidate.h - one address at which an agent may be reached, and its line of text.
//
// Types, priorities, foundations and the candidate attribute. Pure functions: no sockets, no time.
// RFC 8445 §5.1.1.3 (foundations), §5.1.2 (priorities); RFC 8839 §5.1 (the attribute).
// Tested by: tests/ice/candidate_test.cc, fuzz/parse_candidate.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace glass::ice {

enum class CandidateType : std::uint8_t { kHost, kServerReflexive, kPeerReflexive, kRelayed };

// "host", "srflx", "prflx", "relay": as they stand in the attribute.
std::string_view to_text(CandidateType type);

// RFC 6544 §4.5: the part that a TCP candidate plays. kNone: the candidate is not TCP.
enum class TcpType : std::uint8_t { kNone, kActive, kPassive, kSimultaneousOpen };

// A name and a value at the end of the attribute: generation, ufrag, network-id, network-cost...
struct Extension {
  std::string name;
  std::string value;
  friend bool operator==(const Extension&, const Extension&) = default;
};

struct Candidate {
  std::string foundation;
  std::uint16_t component = 1;
  Transport transport = Transport::kUdp;
  std::uint32_t priority = 0;
  Address address;        // with a host name: only the port counts
  std::string host_name;  // "6f1c...e2.local" (mDNS) or another name; empty: the address is literal
  CandidateType type = CandidateType::kHost;
  std::optional<Address> related;
  TcpType tcp_type = TcpType::kNone;
  std::vector<Extension> extensions;  // in the order of the text
  friend bool operator==(const Candidate&, const Candidate&) = default;

  // The value of an extension; nullopt: the candidate has none of this name.
  [[nodiscard]] std::optional<std::string_view> extension(std::string_view name) const;
};

enum class CandidateError : std::uint8_t {
  kTooLong,            // more characters or extensions than anybody needs
  kTooFewFields,       // the line ends before the type
  kBadFoundation,      // empty, longer than 32 or with a character that is no ice-char
  kBadComponent,       // not a number from 1 to 256
  kUnknownTransport,   // neither UDP nor TCP
  kBadPriority,        // not a number from 1 to 2^31 - 1
  kBadAddress,         // neither an IP address nor a host name
  kBadPort,            // not a number from 0 to 65535
  kUnknownType,        // a type that no RFC defines, or no "typ" where it belongs
  kBadRelatedAddress,  // raddr without rport, or neither an address nor a port
  kBadExtension        // a name without a value, or a tcptype that does not exist
};
std::string_view to_text(CandidateError error);

inline constexpr std::size_t kMaxCandidateText = 1024;
inline constexpr std::size_t kMaxExtensions = 24;
inline constexpr std::uint32_t kMaxPriority = 0x7fffffff;  // RFC 8445 §5.1.2

// The value of the attribute; "candidate:" or "a=candidate:" before it is passed over, because
// browsers hand candidates out with it.
Result<Candidate, CandidateError> parse_candidate(std::string_view text);
// The value of the attribute, without "candidate:". parse_candidate(write_candidate(c)) == c.
std::string write_candidate(const Candidate& candidate);

// RFC 8445 §5.1.2.2: the recommended preferences of the types; RFC 6544 §4.2: TCP below UDP of the
// same type, relayed candidates below all.
std::uint32_t type_preference(CandidateType type, Transport transport = Transport::kUdp);
// RFC 8445 §5.1.2.1.
std::uint32_t candidate_priority(CandidateType type, std::uint16_t local_preference,
                                 std::uint16_t component = 1,
                                 Transport transport = Transport::kUdp);
// RFC 6544 §4.2: the local preference of a TCP candidate. `other` is at most kMaxOtherPreference.
inline constexpr std::uint16_t kMaxOtherPreference = 8191;
std::uint16_t tcp_preference(CandidateType type, TcpType tcp_type, std::uint16_t other);
// RFC 6544 §6.2: which parts go together. Two candidates that are not TCP do as well.
bool are_compatible(TcpType local, TcpType remote);
// RFC 6544 §4.5: the port of a candidate that only opens connections.
inline constexpr std::uint16_t kActivePort = 9;
// RFC 8445 §6.1.2.3: G is the priority of the controlling agent's candidate, D of the other's.
std::uint64_t pair_priority(std::uint32_t controlling, std::uint32_t controlled);

// RFC 8445 §5.1.1.3: hands out one text for each kind of origin, in order of first use: "1", "2"...
class Foundations {
 public:
  // `base` and `server` count by IP address alone. `server` is unspecified for host candidates.
  // `transport` is that by which the candidate was obtained: of a relayed one, that to the server.
  std::string of(CandidateType type, const Address& base, const Address& server,
                 Transport transport = Transport::kUdp);

 private:
  struct Origin {
    CandidateType type = CandidateType::kHost;
    Address base;
    Address server;
    Transport transport = Transport::kUdp;
    friend bool operator==(const Origin&, const Origin&) = default;
  };
  std::vector<Origin> origins_;
};

}  // namespace glass::ice
