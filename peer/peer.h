// peer/peer.h - one WebRTC peer: where ICE, DTLS, SCTP and SDP meet. The table of contents of
// WebRTC.
//
// Takes datagrams, descriptions and commands; gives datagrams, candidates and channel events. Knows
// no sockets and no signaling. RFC 8835 (the transports), RFC 7983 §7 (one port for all), RFC 8261
// (SCTP over DTLS), RFC 8829 (offer and answer).  Tested by: peer_test.cc, world_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "base/trace.h"
#include "crypto/certificate.h"
#include "dtls/connection.h"
#include "ice/agent.h"
#include "peer/error.h"
#include "peer/session.h"
#include "sctp/channel/channels.h"

namespace glass::peer {

// As the W3C's RTCPeerConnectionState names them.
enum class State : std::uint8_t {
  kNew,           // nothing was agreed yet
  kConnecting,    // looking for a path, shaking hands
  kConnected,     // the association is up: data flows
  kDisconnected,  // consent is being lost; it may come back
  kFailed,        // over, for the reason that Failed gave
  kClosed         // over, because one of the two wanted it
};
std::string_view to_text(State state);

struct Config {
  // Our certificate. Outlives the peer.
  const crypto::Identity* identity = nullptr;
  std::vector<Address> stun_servers;
  std::vector<ice::TurnServer> turn_servers;
  ice::Policy policy = ice::Policy::kAll;  // which of our candidates the other side hears of
  bool opens_tcp = false;                  // ICE over TCP: to passive candidates of the other side
  bool hides_addresses = false;            // host candidates under mDNS names: see NamePublished
  bool is_lite = false;                    // RFC 8445 §2.5
  std::uint16_t node = 0;                  // the lane of this peer in the trace
  std::size_t max_message_size = 256UL * 1024;  // offered in a=max-message-size
  std::size_t send_buffer = 16 * sctp::kMebibyte;
  ice::Timing ice_timing;
  bool allow_loopback = false;  // ICE keeps 127.0.0.1 out otherwise (RFC 8445 §5.1.1.1)
  // RFC 6347 §4.2.4.1 lets short round trips have short timers; both browsers begin with 50 ms.
  Duration dtls_initial_rto = std::chrono::milliseconds(50);
  // The newest version that is offered and accepted; 1.2 is always good enough.
  dtls::Version dtls_max_version = dtls::Version::k13;
  // As a DTLS server: the client first brings back a cookie (HelloVerifyRequest or
  // HelloRetryRequest).
  bool dtls_cookie = false;
  // In order of preference.
  std::vector<crypto::Group> dtls_groups{crypto::Group::kX25519, crypto::Group::kP256,
                                         crypto::Group::kP384};
  // Protection of RTP to be agreed on in the same handshake (RFC 5764); empty: none.
  std::vector<dtls::SrtpProfile> srtp_profiles;
};

struct LocalCandidate {
  std::string line;  // "candidate:...", to be trickled; those in our description do not come again
};
struct GatheringDone {};
struct StateChanged {
  State from = State::kNew;
  State to = State::kNew;
};
struct PathChanged {
  Path path;
};
// DTLS is up: both sides have shown their certificates and have keys.
struct Secured {
  dtls::Role role = dtls::Role::kClient;  // ours
  dtls::Connected agreed;
};
struct Failed {
  Error error;
};
using ice::NamePublished;
using ice::NameWanted;

// A Node.
class Peer {
 public:
  using Event = std::variant<LocalCandidate, GatheringDone, StateChanged, PathChanged, Secured,
                             sctp::ChannelOpened, sctp::ChannelMessage, sctp::ChannelClosed,
                             sctp::BufferedAmountLow, Failed, NameWanted, NamePublished>;

  // DTLS packets that may arrive before we know what to do with them (RFC 8842 §5.2: the answerer's
  // ClientHello may overtake its answer).
  static constexpr std::size_t kMaxEarlyPackets = 8;

  Peer(const Config& config, Random& random, Sink* sink);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  // --- Agreeing ---

  // A bound socket (or a simulated address) that this peer may use. Before the first description.
  // For TCP: a listener.
  Result<void, Error> add_host(Instant now, const Address& local,
                               Transport transport = Transport::kUdp);
  // The address is gone. Another path takes over if there is one; a new address wants add_host()
  // and restart_ice().
  void remove_host(Instant now, const Address& local) {
    ice_.remove_host(now, local);
    settle(now);
  }
  // An offer or an answer, which is the local description at once. Gathering begins.
  Result<std::string, Error> create_offer(Instant now);
  Result<std::string, Error> create_answer(Instant now);
  // The other side's description. On an error nothing has changed.
  Result<void, Error> set_remote(Instant now, sdp::Type type, std::string_view text);
  // A trickled "candidate:..." line (an "a=" before it is taken, too); empty: there are no more.
  Result<void, Error> add_remote_candidate(Instant now, std::string_view line);
  // The answer to NameWanted; nullopt: nobody knows the name.
  void resolved(Instant now, std::string_view name, const std::optional<Address>& address) {
    ice_.resolved(now, name, address);
    settle(now);
  }
  // What a driver may know: a connection that cannot be made, or has been closed.
  void on_unreachable(Instant now, const Path& path) {
    ice_.on_unreachable(now, path);
    settle(now);
  }
  // An offer with new ICE credentials: looks for a path anew, while data goes on over the old one.
  Result<std::string, Error> restart_ice(Instant now);

  // --- Channels (W3C RTCDataChannel; see sctp/channel/channels.h) ---

  Result<sctp::ChannelId, sctp::OpenError> open(Instant now, const sctp::ChannelConfig& config);
  Result<void, sctp::SendError> send(Instant now, sctp::ChannelId channel, sctp::MessageKind kind,
                                     Bytes bytes);
  void close_channel(Instant now, sctp::ChannelId channel) { channels_.close(now, channel); }
  [[nodiscard]] std::uint64_t buffered_amount(sctp::ChannelId channel) const {
    return channels_.buffered_amount(channel);
  }
  void set_low_water(sctp::ChannelId channel, std::uint64_t amount) {
    channels_.set_low_water(channel, amount);
  }

  // Why not connected, or by what path: the layer that it fails or hangs at. One sentence; what ICE
  // tried is in ice().fates().
  [[nodiscard]] std::string explain() const;

  // Tells the other side and ends. Drain until poll_transmit() is silent.
  void close(Instant now);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::optional<Path> selected_path() const { return ice_.selected(); }
  [[nodiscard]] Duration round_trip() const { return ice_.round_trip(); }
  [[nodiscard]] const ice::Agent& ice() const { return ice_; }
  // Is this path one of ours? (For Endpoint.)
  [[nodiscard]] bool knows(const Path& path) const { return ice_.permits(path); }
  [[nodiscard]] std::string_view local_ufrag() const { return ice_.local_credentials().ufrag; }

  // --- Node ---

  void receive(Instant now, const Received& outer);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event();

 private:
  struct EarlyPacket {
    Path path;
    ByteVector bytes;
  };

  [[nodiscard]] LocalTransport local_transport() const;
  void begin_gathering(Instant now);
  void agree(Instant now, const sdp::RemoteParameters& remote);
  void prepare_dtls(const sdp::RemoteParameters& remote);
  void receive_inner(Instant now, const Received& in);
  void receive_dtls(Instant now, const Received& in);
  void keep_early(const Received& in);
  void deliver_early(Instant now);
  void start_dtls(Instant now);
  void settle(Instant now);
  void on_ice(Instant now, const ice::Agent::Event& event);
  void on_ice_state(ice::State state);
  void on_dtls(Instant now, const dtls::Connection::Event& event);
  void on_dtls_closed(Instant now, const dtls::Closed& closed);
  void leave_path(Instant now);
  std::optional<Event> on_channels(sctp::Channels::Event& event);
  void finish_closing(Instant now);
  void move_to(State next);
  void fail(Stage stage, std::string text);
  std::optional<Path> poll_inner(Instant now, PacketBuffer& out);

  Config config_;
  Random* random_;
  Trace trace_;
  Trace plaintext_trace_;  // what DTLS carries, shown as packets of SCTP
  Trace dtls_trace_;
  Session session_;
  ice::Agent ice_;
  std::unique_ptr<dtls::Connection> dtls_;
  sctp::Channels channels_;
  std::deque<EarlyPacket> early_;
  std::deque<Event> events_;
  std::optional<Path> last_path_;  // for the last words
  std::string failure_;            // the last one, until another path is looked for
  State state_ = State::kNew;
  bool is_describing_ = false;  // candidates that come now go into the description
  bool has_gathered_ = false;
  bool is_remote_end_early_ = false;  // an end-of-candidates came before the description
  bool is_dtls_started_ = false;
  bool is_sctp_up_ = false;
  bool is_closing_ = false;
};

static_assert(Node<Peer>);

}  // namespace glass::peer
