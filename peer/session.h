// peer/session.h - the descriptions of one session: what was offered, what was answered.
//
// Turns what ICE, DTLS and SCTP need into SDP and back. Holds the signaling state; knows no time
// and no network. RFC 8829 §5 (offers and answers), RFC 8842 §5 (DTLS in them). Tested by:
// session_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/trace.h"
#include "ice/credentials.h"
#include "peer/error.h"
#include "sdp/data_session.h"
#include "sdp/offer_answer.h"

namespace glass::peer {

// What a description says of our end at the moment.
struct LocalTransport {
  ice::Credentials credentials;
  std::vector<std::string> candidates;
  bool end_of_candidates = false;
  bool is_lite = false;
};

class Session {
 public:
  // `fingerprint` is the text of ours ("sha-256 AB:..."); `max_message_size` what we accept.
  Session(std::string fingerprint, std::uint64_t max_message_size, Random& random,
          const Trace& trace);

  // Our offer or answer, set as the local description at once.
  Result<std::string, Error> offer(const LocalTransport& transport);
  Result<std::string, Error> answer(const LocalTransport& transport);
  // The peer's. On an error nothing has changed; an offer still wants an answer().
  Result<sdp::RemoteParameters, Error> set_remote(sdp::Type type, std::string_view text);

  // What the offer that waits for our answer() says.
  [[nodiscard]] const std::optional<sdp::RemoteParameters>& pending() const { return pending_; }
  // The DTLS role, once an answer has fixed it for the life of the session (RFC 8842 §5.3).
  [[nodiscard]] std::optional<sdp::DtlsRole> dtls_role() const { return dtls_role_; }
  [[nodiscard]] std::string_view state() const { return signaling_.state(); }

 private:
  [[nodiscard]] sdp::LocalParameters local(const LocalTransport& transport);
  Result<void, sdp::Complaint> check_unchanged(const sdp::RemoteParameters& remote) const;

  std::string fingerprint_;
  std::uint64_t max_message_size_;
  std::uint64_t session_id_;
  std::uint64_t version_ = 0;
  std::string tls_id_;
  std::string mid_ = "0";
  Trace trace_;
  sdp::Signaling signaling_;
  std::optional<sdp::Description> our_offer_;
  std::optional<sdp::Description> their_offer_;
  std::optional<sdp::Description> in_force_;  // our own description, once agreed
  std::optional<sdp::RemoteParameters> pending_;
  std::optional<sdp::RemoteParameters> agreed_;
  std::optional<sdp::DtlsRole> dtls_role_;
};

}  // namespace glass::peer
