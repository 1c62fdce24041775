// sdp/data_session.h - what a description says about the one thing we do: data channels.
//
// Collects from wherever the RFCs allow it to stand: the section, the section whose transport it
// shares, the session. Answers with everything that ICE, DTLS and SCTP need, or with a complaint
// that names the line.
// RFC 8829 §5.8.3; RFC 8839, 8841, 8842, 9143.  Tested by: data_session_test.cc, fixtures_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/trace.h"
#include "sdp/attributes/dtls.h"
#include "sdp/attributes/sctp.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {

// More candidate lines than this are ignored.
constexpr std::size_t kMaxCandidates = 256;

// RFC 8829 §4.1.10.
enum class Type : std::uint8_t { kOffer, kPranswer, kAnswer, kRollback };
[[nodiscard]] std::string_view to_text(Type type);

enum class DtlsRole : std::uint8_t { kClient, kServer };

struct RemoteParameters {
  std::size_t media_index = 0;  // the data section's place among the m= lines
  std::string mid{};            // empty: the section has none
  DataForm form = DataForm::kNew;
  std::string ufrag{};
  std::string pwd{};
  bool trickle = false;  // more candidates may come by other ways
  bool ice_lite = false;
  std::vector<std::string> candidates{};  // "candidate:...", as they came
  bool end_of_candidates = false;
  std::vector<Fingerprint> fingerprints{};  // all that certificates may be verified with
  Setup setup = Setup::kActpass;            // as the peer said
  DtlsRole local_role = DtlsRole::kClient;  // what that makes of us
  std::string tls_id{};                     // empty: none
  std::uint16_t sctp_port = 0;
  std::uint64_t max_message_size = kDefaultMaxMessageSize;  // 0: any
};

// `type` is kOffer, or kAnswer (kPranswer means the same here).
[[nodiscard]] Result<RemoteParameters, Complaint> data_session(const Description& description,
                                                               Type type,
                                                               const Trace& trace = Trace());

}  // namespace glass::sdp
