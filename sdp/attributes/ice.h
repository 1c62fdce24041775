// sdp/attributes/ice.h - what a description says about ICE.
//
// Credentials, options, candidates. Candidates stay text: reading them is ice/candidate.h's part.
// RFC 8839 §5, RFC 8840 §8.  Tested by: attributes_test.cc
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {

// RFC 8839 §5.4.
constexpr std::size_t kMinUfrag = 4;
constexpr std::size_t kMinPassword = 22;
constexpr std::size_t kMaxCredential = 256;
constexpr std::size_t kMaxSentUfrag = 32;

// The value of a=ice-ufrag or a=ice-pwd.
[[nodiscard]] Result<void, Complaint> check_ufrag(const Attribute& attribute);
[[nodiscard]] Result<void, Complaint> check_password(const Attribute& attribute);
// The value of a=candidate: the grammar of RFC 8839 §5.1. Types, transports and extensions that
// nobody knows are fine.
[[nodiscard]] Result<void, Complaint> check_candidate(const Attribute& attribute);
// The value of a=remote-candidates: triples of component, address and port.
[[nodiscard]] Result<void, Complaint> check_remote_candidates(const Attribute& attribute);
// Letters, digits, plus and slash, `min` to `max` of them.
[[nodiscard]] bool is_credential(std::string_view text, std::size_t min, std::size_t max);

// The words of a=ice-options: the section's, or else the session's.
[[nodiscard]] std::vector<std::string> ice_options(const Description& description,
                                                   const Media& media);
[[nodiscard]] bool is_ice_lite(const Description& description);
// "candidate:..." for each such line of the section, in order.
[[nodiscard]] std::vector<std::string> candidates(const Media& media);
// The section, or the session for all of them, promises that no more candidates come.
[[nodiscard]] bool end_of_candidates(const Description& description, const Media& media);

// Where media goes before ICE has chosen: what m= and c= lines say.
struct DefaultDestination {
  std::string address_type = "IP4";
  std::string address = "0.0.0.0";
  std::string port = "9";
};
// RFC 8839 §4.2.1.2: the candidate that is most likely to work: relayed before reflexive before
// host. Without a fitting UDP candidate the values of RFC 8840 §4.1.1 stand in.
[[nodiscard]] DefaultDestination default_destination(std::span<const std::string> candidates);

}  // namespace glass::sdp
