// sdp/attributes/dtls.h - what a description says about DTLS: whose certificate, who begins.
//
// RFC 8122 §5 (fingerprint), RFC 4145 §4 and RFC 8842 §5 (setup), RFC 8842 §4 (tls-id).
// Tested by: attributes_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/trace.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {

// RFC 8842 §4.
constexpr std::size_t kMinTlsId = 20;
constexpr std::size_t kMaxTlsId = 255;

struct Fingerprint {
  std::string hash;   // lower case: "sha-256"
  ByteVector digest;  // as long as the hash function says, where that is known
  std::string text;   // as it came: "sha-256 AB:CD"
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};
[[nodiscard]] Result<Fingerprint, Complaint> parse_fingerprint(const Attribute& attribute);
// May certificates be verified with it? MD2, MD5 and what RFC 8122 does not name: no.
[[nodiscard]] bool is_verifiable(const Fingerprint& fingerprint);
// RFC 8122 §5.1: the ones with the strongest hash function. The peer's certificate must match one.
[[nodiscard]] std::vector<Fingerprint> strongest(std::span<const Fingerprint> fingerprints,
                                                 const Trace& trace);

enum class Setup : std::uint8_t { kActpass, kActive, kPassive, kHoldconn };
[[nodiscard]] std::string_view to_text(Setup setup);
[[nodiscard]] Result<Setup, Complaint> parse_setup(const Attribute& attribute);
// RFC 4145 §4.1: may an answer say `answer` to an offer that said `offer`?
[[nodiscard]] bool may_answer(Setup offer, Setup answer);

[[nodiscard]] Result<void, Complaint> check_tls_id(const Attribute& attribute);

}  // namespace glass::sdp
