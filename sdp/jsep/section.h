// sdp/jsep/section.h - one media section of ours, decided but not yet written.
//
// RFC 8829 §5.2.1 and §5.3.1 say which lines it has. Those of the transport (RFC 8859: IDENTICAL
// and TRANSPORT) stand only where the section has a transport of its own.
// Tested by: session_offer_test.cc, session_answer_test.cc
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sdp/attributes/dtls.h"
#include "sdp/attributes/ice.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/sctp.h"
#include "sdp/jsep/codec.h"
#include "sdp/jsep/select.h"
#include "sdp/lines.h"

namespace glass::sdp {

struct TransportLines {
  std::string ufrag{};
  std::string pwd{};
  std::vector<std::string> candidates{};
  bool end_of_candidates = false;
  std::vector<std::string> fingerprints{};
  Setup setup = Setup::kActpass;
  std::string tls_id{};  // empty: none
};

// What is said of our RTP sources: "FID" pairs the stream with its retransmissions.
struct SourceLines {
  std::string cname{};
  std::uint32_t ssrc = 0;
  std::uint32_t rtx_ssrc = 0;  // 0: none
};

struct Section {
  std::string kind{};  // "audio"
  std::string protocol{};
  std::vector<std::string> formats{};  // of a section that is rejected, or for data
  std::string mid{};                   // empty: the offer has none
  bool is_rejected = false;
  bool is_bundle_only = false;
  std::optional<TransportLines> transport{};  // none: it shares another section's
  DefaultDestination destination{};           // of the transport, whosever it is

  MediaDirection direction = MediaDirection::kInactive;
  std::vector<Codec> codecs{};
  std::vector<Extension> extensions{};
  bool has_rtcp_mux = false;
  bool has_rtcp_mux_only = false;
  bool has_rtcp_rsize = false;
  std::vector<std::string> msids{};
  Encodings encodings{};
  std::optional<SourceLines> sources{};

  DataForm data = DataForm::kNone;  // not kNone: the section is for data channels
  std::uint16_t sctp_port = 0;
  std::uint64_t max_message_size = 0;
};

void write(Lines& out, const Section& section);

}  // namespace glass::sdp
