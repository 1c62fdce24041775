// sdp/jsep/core.h - everything that a description which is set may change, in one value.
//
// The session copies it before it applies a description and keeps the copy when that fails, and
// keeps the stable one for a rollback. offer.cc, answer.cc, verify.cc and apply.cc are free
// functions on it. RFC 8829 §5.  Tested by: see session.h
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/trace.h"
#include "sdp/attributes/dtls.h"
#include "sdp/attributes/media.h"
#include "sdp/data_session.h"
#include "sdp/description.h"
#include "sdp/jsep/codec.h"
#include "sdp/jsep/section.h"
#include "sdp/jsep/select.h"
#include "sdp/line.h"
#include "sdp/lines.h"

namespace glass::sdp {

// RFC 8829 §4.1.1.
enum class BundlePolicy : std::uint8_t { kBalanced, kMaxCompat, kMaxBundle };
enum class RtcpMuxPolicy : std::uint8_t { kRequire, kNegotiate };

struct SessionConfig {
  BundlePolicy bundle = BundlePolicy::kBalanced;
  RtcpMuxPolicy rtcp_mux = RtcpMuxPolicy::kRequire;
  std::vector<std::string> fingerprints{};  // "sha-256 AB:CD:..."; at least one
  std::vector<Codec> audio = default_codecs(MediaKind::kAudio);
  std::vector<Codec> video = default_codecs(MediaKind::kVideo);
  std::vector<Extension> audio_extensions = default_extensions(MediaKind::kAudio);
  std::vector<Extension> video_extensions = default_extensions(MediaKind::kVideo);
  std::uint16_t sctp_port = 5000;
  std::uint64_t max_message_size = 256UL * 1024;

  [[nodiscard]] const std::vector<Codec>& codecs(MediaKind kind) const {
    return kind == MediaKind::kAudio ? audio : video;
  }
  [[nodiscard]] const std::vector<Extension>& extensions(MediaKind kind) const {
    return kind == MediaKind::kAudio ? audio_extensions : video_extensions;
  }
};

enum class TransceiverId : std::uint32_t {};

// RFC 8829 §4.1.4.
struct TransceiverInit {
  MediaDirection direction = MediaDirection::kSendRecv;
  std::vector<std::string> streams{};  // names of the MediaStreams; none: "-"
  std::vector<std::string> rids{};     // names of the encodings to send, the preferred one first
};

// A source that the peer announces.
struct RemoteSource {
  std::uint32_t ssrc = 0;
  std::uint32_t rtx_ssrc = 0;  // 0: none
  std::string cname{};
  friend bool operator==(const RemoteSource&, const RemoteSource&) = default;
};

// What offer and answer have agreed on for one transceiver.
struct NegotiatedMedia {
  std::vector<Codec> send{};            // with the peer's payload types, in its order of preference
  std::vector<Codec> receive{};         // with the payload types that we named
  std::vector<Extension> extensions{};  // as we use them
  bool rtcp_mux = false;
  bool rtcp_rsize = false;
  std::vector<std::string> send_rids{};     // simulcast: what we send
  std::vector<std::string> receive_rids{};  // what we receive
  std::vector<std::string> remote_streams{};
  std::vector<RemoteSource> remote_sources{};
  std::optional<std::uint64_t> send_bitrate_max{};  // bit/s, without RTP's own headers
  std::uint32_t ptime = 0;                          // ms that the peer wants in a packet; 0: any
};

// RFC 8829 §3.4.1.
struct Transceiver {
  TransceiverId id{};
  MediaKind kind = MediaKind::kAudio;
  MediaDirection direction = MediaDirection::kSendRecv;
  std::optional<MediaDirection> current_direction{};  // none: nothing is negotiated
  std::string mid{};                                  // empty: null
  std::optional<std::size_t> index{};                 // of its section
  bool is_stopped = false;
  bool has_track = false;  // something is to be sent, now or later
  bool was_added_by_track = false;
  bool was_created_by_remote = false;
  std::vector<std::string> streams{};
  std::string track{};
  std::vector<std::string> rids{};
  std::vector<std::string> preferences{};
  std::uint32_t ssrc = 0;
  std::uint32_t rtx_ssrc = 0;
  NegotiatedMedia media{};
};

// A description that is in force or on its way. Empty: null.
struct SetDescription {
  Type type = Type::kOffer;
  std::string text{};
  Description description{};
  [[nodiscard]] bool is_null() const { return text.empty(); }
};

// Our half of an ICE and DTLS transport.
struct LocalTransport {
  std::string ufrag{};
  std::string pwd{};
  std::string tls_id{};
  std::vector<std::string> candidates{};
  bool end_of_candidates = false;
  std::optional<Setup> setup{};  // active or passive, once that is settled
  std::uint32_t generation = 0;  // one more with each ICE restart
  friend bool operator==(const LocalTransport&, const LocalTransport&) = default;
};

using TransportMap = std::map<std::string, std::size_t, std::less<>>;  // by mid

// A description that create_offer or create_answer made, with what setting it will change.
struct Proposal {
  std::string text{};
  std::vector<LocalTransport> transports{};
  TransportMap transport_of{};
  std::vector<std::optional<TransceiverId>> owners{};  // of the sections; none: data, or rejected
  std::uint32_t next_mid = 0;
  bool restarts_ice = false;
};

struct Core {
  std::uint64_t session_id = 0;
  std::uint64_t session_version = 0;
  std::string cname{};
  std::uint32_t next_mid = 0;
  std::uint32_t next_transceiver = 0;

  std::vector<Transceiver> transceivers{};
  bool wants_data = false;

  SetDescription current_local{};
  SetDescription current_remote{};
  SetDescription pending_local{};
  SetDescription pending_remote{};

  std::vector<LocalTransport> transports{};
  TransportMap transport_of{};
  std::vector<std::string> bundled{};  // the mids of the group in force, the tagged one first
  bool remote_restarts_ice = false;    // the pending remote offer asks for it
  bool offer_restarts_ice = false;     // our pending offer does
  bool remote_renews_dtls = false;     // the pending remote offer has another tls-id

  // Which codec a payload type stands for in what we write, and which extension an identifier.
  std::map<std::uint8_t, Codec> payload_types{};
  ExtensionIds extension_ids{};

  Proposal offer{};
  Proposal answer{};

  [[nodiscard]] const SetDescription& local() const {
    return pending_local.is_null() ? current_local : pending_local;
  }
  [[nodiscard]] const SetDescription& remote() const {
    return pending_remote.is_null() ? current_remote : pending_remote;
  }
  [[nodiscard]] Transceiver* find(TransceiverId id);
  // The transceiver of a section; null: it is for data, or nobody's.
  [[nodiscard]] Transceiver* at_index(std::size_t index);
  [[nodiscard]] const Transceiver* at_index(std::size_t index) const;
};

// The name of a section: its mid, or one made of its place where it has none ("#0").
[[nodiscard]] std::string key_of(const Description& description, std::size_t index);

// What the steps of section 5 need beside the core.
struct Workshop {
  const SessionConfig& config;
  Random& random;
  const Trace& trace;
};

[[nodiscard]] LocalTransport make_transport(const Workshop& shop);
// New credentials, no candidates: RFC 8839 §4.4.1.1.1.
void restart(LocalTransport& transport, const Workshop& shop);
[[nodiscard]] TransportLines lines_of(const LocalTransport& transport, const Workshop& shop,
                                      Setup setup);
// The head of a description up to the first section.
void write_head(Lines& out, const Core& core, std::string_view time,
                const std::vector<std::string>& groups, bool has_ice_options);
// "BUNDLE 0 1"; empty: nobody is bundled.
[[nodiscard]] std::string bundle_group(const std::vector<std::string>& mids);
// What our half of a section says: msid and sources.
void add_sender(Section& section, const Transceiver& transceiver, const Core& core);

// offer.cc, RFC 8829 §5.2
[[nodiscard]] std::string make_offer(Core& core, const Workshop& shop, bool ice_restart);
// answer.cc, RFC 8829 §5.3. core.pending_remote is an offer.
[[nodiscard]] std::string make_answer(Core& core, const Workshop& shop, Decisions& decisions);
// verify.cc, RFC 8829 §5.8.3: may this remote description be applied?
[[nodiscard]] Result<void, Complaint> verify_remote(const Core& core, const Workshop& shop,
                                                    Type type, const Description& description);
// Has this section, or any, another value of an attribute of its transport ("ice-ufrag", "tls-id")
// than in the remote description in force?
[[nodiscard]] bool changes(const Core& core, const Description& description, std::size_t index,
                           Type type, std::string_view attribute);
[[nodiscard]] bool changes(const Core& core, const Description& description, Type type,
                           std::string_view attribute);
// apply.cc, RFC 8829 §5.9 to §5.11
void apply_local(Core& core, const Workshop& shop, SetDescription description);
void apply_remote(Core& core, const Workshop& shop, SetDescription description);

}  // namespace glass::sdp
