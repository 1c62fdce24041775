#include "peer/peer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/overloaded.h"
#include "base/random.h"
#include "base/result.h"
#include "base/text.h"
#include "base/time.h"
#include "base/trace.h"
#include "crypto/fingerprint.h"
#include "dtls/config.h"
#include "dtls/connection.h"
#include "ice/agent.h"
#include "ice/candidate.h"
#include "ice/credentials.h"
#include "ice/events.h"
#include "peer/demux.h"
#include "peer/error.h"
#include "peer/session.h"
#include "sctp/channel/channels.h"
#include "sdp/data_session.h"

namespace glass::peer {
namespace {

// The longest first timer of DTLS that we take from a measured round trip (RFC 6347 §4.2.4.1).
constexpr Duration kMaxInitialRto = std::chrono::seconds(1);

ice::Config ice_config(const Config& config, Random& random) {
  ice::Config out;
  out.local = ice::make_credentials(random);
  out.stun_servers = config.stun_servers;
  out.turn_servers = config.turn_servers;
  out.policy = config.policy;
  out.opens_tcp = config.opens_tcp;
  out.hides_addresses = config.hides_addresses;
  out.is_lite = config.is_lite;
  out.allow_loopback = config.allow_loopback;
  out.timing = config.ice_timing;
  return out;
}

sctp::ChannelsConfig channels_config(const Config& config) {
  sctp::ChannelsConfig out;
  out.association.max_message_size = config.max_message_size;
  out.association.send_buffer = config.send_buffer;
  return out;
}

Error usage(std::string text) { return {.stage = Stage::kUsage, .text = std::move(text)}; }

}  // namespace

std::string_view to_text(State state) {
  constexpr std::array<std::string_view, 6> kNames{"new",          "connecting", "connected",
                                                   "disconnected", "failed",     "closed"};
  return kNames.at(static_cast<std::size_t>(std::to_underlying(state)));
}

Peer::Peer(const Config& config, Random& random, Sink* sink)
    : config_(config),
      random_(&random),
      trace_(sink, config.node, Layer::kPeer),
      plaintext_trace_(trace_.with(Layer::kSctp)),
      dtls_trace_(trace_.with(Layer::kDtls)),
      session_(crypto::to_text(config.identity->fingerprint()), config.max_message_size, random,
               trace_.with(Layer::kSdp)),
      ice_(ice_config(config, random), random, trace_.with(Layer::kIce)),
      channels_(channels_config(config), random, trace_.with(Layer::kSctp)) {}

Peer::~Peer() = default;

// --- Agreeing ---

Result<void, Error> Peer::add_host(Instant now, const Address& local, Transport transport) {
  if (const auto added = ice_.add_host(now, local, transport); !added)
    return std::unexpected(
        Error{.stage = Stage::kIce, .text = std::string(to_text(added.error()))});
  return {};
}

LocalTransport Peer::local_transport() const {
  LocalTransport out;
  out.credentials = ice_.local_credentials();
  out.is_lite = config_.is_lite;
  for (const ice::Candidate& candidate : ice_.local_candidates())
    out.candidates.push_back(ice::write_candidate(candidate));
  out.end_of_candidates = ice_.is_gathering_done();
  return out;
}

void Peer::begin_gathering(Instant now) {
  is_describing_ = true;
  if (!std::exchange(has_gathered_, true)) ice_.gather(now);
  settle(now);
  is_describing_ = false;
}

Result<std::string, Error> Peer::create_offer(Instant now) {
  if (is_closing_) return std::unexpected(usage("the peer is closed"));
  // RFC 8445 §6.1.1: the agent that starts the exchange controls.
  if (!session_.dtls_role()) ice_.set_role(now, ice::Role::kControlling);
  begin_gathering(now);
  return session_.offer(local_transport());
}

Result<std::string, Error> Peer::restart_ice(Instant now) {
  if (is_closing_) return std::unexpected(usage("the peer is closed"));
  if (!session_.dtls_role()) return std::unexpected(usage("there is no session to restart"));
  const auto restarted = ice_.restart(now, ice::make_credentials(*random_));
  if (!restarted)
    return std::unexpected(
        Error{.stage = Stage::kIce, .text = std::string(to_text(restarted.error()))});
  has_gathered_ = false;
  return create_offer(now);
}

Result<std::string, Error> Peer::create_answer(Instant now) {
  if (is_closing_) return std::unexpected(usage("the peer is closed"));
  if (!session_.pending()) return std::unexpected(usage("there is no offer to answer"));
  const sdp::RemoteParameters remote = *session_.pending();
  const bool is_first = !session_.dtls_role();
  const auto& known = ice_.remote_credentials();
  // RFC 8445 §9: new credentials in an offer restart ICE, on both sides.
  const bool restarts = known && (known->ufrag != remote.ufrag || known->pwd != remote.pwd);
  if (restarts) {
    const auto restarted = ice_.restart(now, ice::make_credentials(*random_));
    if (!restarted)
      return std::unexpected(
          Error{.stage = Stage::kIce, .text = std::string(to_text(restarted.error()))});
    has_gathered_ = false;
  }
  // RFC 8445 §6.1.1: the other one controls, unless it is lite and cannot.
  if (is_first)
    ice_.set_role(now, remote.ice_lite ? ice::Role::kControlling : ice::Role::kControlled);
  begin_gathering(now);
  auto text = session_.answer(local_transport());
  if (text) agree(now, remote);
  return text;
}

Result<void, Error> Peer::set_remote(Instant now, sdp::Type type, std::string_view text) {
  if (is_closing_) return std::unexpected(usage("the peer is closed"));
  auto remote = session_.set_remote(type, text);
  if (!remote) return std::unexpected(std::move(remote).error());
  if (type == sdp::Type::kAnswer) agree(now, *remote);
  return {};
}

Result<void, Error> Peer::add_remote_candidate(Instant now, std::string_view line) {
  if (is_closing_) return std::unexpected(usage("the peer is closed"));
  if (line.empty()) {
    // The end may overtake the description whose candidates it ends.
    if (ice_.remote_credentials()) {
      ice_.end_of_remote_candidates(now);
    } else {
      is_remote_end_early_ = true;
    }
    settle(now);
    return {};
  }
  const auto wrong = [](std::string_view text) {
    return std::unexpected(Error{.stage = Stage::kCandidate, .text = std::string(text)});
  };
  const auto candidate = ice::parse_candidate(line);
  if (!candidate) return wrong(to_text(candidate.error()));
  const auto added = ice_.add_remote_candidate(now, *candidate);
  settle(now);
  if (!added) return wrong(to_text(added.error()));
  return {};
}

// Both descriptions are there: everything that waited for the other side can begin.
void Peer::agree(Instant now, const sdp::RemoteParameters& remote) {
  const ice::Credentials credentials{.ufrag = remote.ufrag, .pwd = remote.pwd};
  if (ice_.remote_credentials() != credentials) {
    const auto kind = remote.ice_lite ? ice::RemoteKind::kLite : ice::RemoteKind::kFull;
    if (const auto set = ice_.set_remote(now, credentials, kind); !set)
      return fail(Stage::kIce, std::string(to_text(set.error())));
  }
  for (const std::string& line : remote.candidates) {
    const auto candidate = ice::parse_candidate(line);
    // One that cannot be read is one that is not there: the others may do.
    if (candidate) (void)ice_.add_remote_candidate(now, *candidate);
  }
  if (remote.end_of_candidates || std::exchange(is_remote_end_early_, false) ||
      (!remote.trickle && !remote.candidates.empty()))
    ice_.end_of_remote_candidates(now);
  if (dtls_ == nullptr) prepare_dtls(remote);
  if (state_ == State::kNew || state_ == State::kFailed) move_to(State::kConnecting);
  settle(now);
  start_dtls(now);
  settle(now);
}

void Peer::prepare_dtls(const sdp::RemoteParameters& remote) {
  const bool is_client = remote.local_role == sdp::DtlsRole::kClient;
  dtls::Config config;
  config.role = is_client ? dtls::Role::kClient : dtls::Role::kServer;
  config.identity = config_.identity;
  for (const sdp::Fingerprint& announced : remote.fingerprints)
    if (auto fingerprint = crypto::parse_fingerprint(announced.text))
      config.remote_fingerprints.push_back(*std::move(fingerprint));
  config.max_version = config_.dtls_max_version;
  config.cookie_exchange = config_.dtls_cookie;
  config.groups = config_.dtls_groups;
  config.srtp_profiles = config_.srtp_profiles;
  config.initial_rto = std::clamp(2 * ice_.round_trip(), config_.dtls_initial_rto, kMaxInitialRto);
  dtls_ = std::make_unique<dtls::Connection>(config, *random_, dtls_trace_);
  channels_.set_dtls_role(is_client);
  const std::uint64_t limit = remote.max_message_size == 0 ? SIZE_MAX : remote.max_message_size;
  channels_.set_remote(remote.sctp_port, static_cast<std::size_t>(limit));
}

// --- Channels ---

Result<sctp::ChannelId, sctp::OpenError> Peer::open(Instant now,
                                                    const sctp::ChannelConfig& config) {
  if (is_closing_) return std::unexpected(sctp::OpenError::kClosed);
  return channels_.open(now, config);
}

Result<void, sctp::SendError> Peer::send(Instant now, sctp::ChannelId channel,
                                         sctp::MessageKind kind, Bytes bytes) {
  return channels_.send(now, channel, kind, bytes);
}

void Peer::close(Instant now) {
  if (std::exchange(is_closing_, true)) return;
  channels_.abort(now, "closed by the application");
  settle(now);
}

// --- Bytes from below ---

void Peer::receive(Instant now, const Received& outer) {
  if (state_ == State::kClosed) return;
  // What a TURN server relays is what the other side has sent to our relayed address.
  if (const auto in = ice_.unwrap(now, outer)) receive_inner(now, *in);
  settle(now);
}

void Peer::receive_inner(Instant now, const Received& in) {
  switch (classify(in.bytes)) {  // RFC 7983 §7
    case Kind::kStun: return ice_.receive(now, in);
    case Kind::kDtls: return receive_dtls(now, in);
    case Kind::kRtp:
    case Kind::kZrtp:
    case Kind::kTurnChannel:
      return trace_.drop("7983:7#0"_rule, "nothing here speaks this protocol", in.bytes);
    case Kind::kUnknown:
      return trace_.drop("7983:7#1"_rule, "the first byte is of no known protocol", in.bytes);
  }
}

void Peer::receive_dtls(Instant now, const Received& in) {
  if (dtls_ == nullptr || !is_dtls_started_ || !ice_.permits(in.path)) return keep_early(in);
  dtls_->receive(now, in.bytes);
  // Plaintext points into the datagram, so it goes up before the datagram is given back.
  while (auto event = dtls_->poll_event()) on_dtls(now, *event);
}

// RFC 8842 §5.2: a ClientHello may overtake the answer that it belongs to, or the check that would
// have made its path known. Once there is an open association, a foreign path is only noise.
void Peer::keep_early(const Received& in) {
  const bool is_open = dtls_ != nullptr && dtls_->is_open();
  if (is_open || in.bytes.size() > PacketBuffer::kCapacity)
    return trace_.drop("8445:12.2#1"_rule, "data from an address that no check has confirmed",
                       in.bytes);
  if (early_.size() == kMaxEarlyPackets)
    return trace_.drop("8842:5.2#3"_rule, "too many early DTLS packets", in.bytes);
  trace_.rule("8842:5.2#3"_rule, Fact{"waiting", early_.size() + 1});
  early_.push_back({in.path, ByteVector(in.bytes.begin(), in.bytes.end())});
}

void Peer::deliver_early(Instant now) {
  for (std::size_t left = early_.size(); left > 0; --left) {
    EarlyPacket packet = std::move(early_.front());
    early_.pop_front();
    receive_dtls(now, {.path = packet.path, .bytes = packet.bytes});
  }
}

// The client speaks once there is a path; the server listens as soon as it knows whom to believe.
void Peer::start_dtls(Instant now) {
  if (dtls_ == nullptr || is_dtls_started_ || !session_.dtls_role()) return;
  const bool is_client = *session_.dtls_role() == sdp::DtlsRole::kClient;
  if (is_client && !ice_.selected()) return;
  is_dtls_started_ = true;
  dtls_->start(now);
}

// --- One layer's events are the next one's inputs ---

void Peer::settle(Instant now) {
  while (const auto event = ice_.poll_event()) on_ice(now, *event);
  if (dtls_ != nullptr) {
    if (is_dtls_started_ && !early_.empty()) deliver_early(now);
    while (const auto event = dtls_->poll_event()) on_dtls(now, *event);
  }
  finish_closing(now);
}

void Peer::on_ice(Instant now, const ice::Agent::Event& event) {
  std::visit(Overloaded{[&](const ice::CandidateFound& found) {
                          if (!is_describing_)
                            events_.emplace_back(LocalCandidate{
                                "candidate:" + ice::write_candidate(found.candidate)});
                        },
                        [&](const ice::GatheringDone&) { events_.emplace_back(GatheringDone{}); },
                        [&](const ice::StateChanged& change) { on_ice_state(change.to); },
                        [&](const ice::PathSelected& selected) {
                          events_.emplace_back(PathChanged{selected.path});
                          start_dtls(now);
                        },
                        [&](const auto& about_names) { events_.emplace_back(about_names); }},
             event);
}

void Peer::on_ice_state(ice::State state) {
  if (state_ == State::kClosed) return;
  switch (state) {
    case ice::State::kDisconnected:
      if (is_sctp_up_) move_to(State::kDisconnected);
      break;
    case ice::State::kConnected:
    case ice::State::kCompleted:
      if (is_sctp_up_) move_to(State::kConnected);
      break;
    case ice::State::kChecking:
      if (state_ == State::kFailed) move_to(State::kConnecting);
      break;
    case ice::State::kFailed: fail(Stage::kIce, ice_.explain()); break;
    case ice::State::kNew:
    case ice::State::kClosed: break;
  }
}

void Peer::on_dtls(Instant now, const dtls::Connection::Event& event) {
  std::visit(Overloaded{[&](const dtls::Connected& agreed) {
                          const bool is_client = session_.dtls_role() == sdp::DtlsRole::kClient;
                          events_.emplace_back(Secured{
                              is_client ? dtls::Role::kClient : dtls::Role::kServer, agreed});
                          // RFC 8261 §6.1: SCTP begins when DTLS is up.
                          trace_.rule("8261:6.1#1"_rule);
                          channels_.connect(now);
                        },
                        [&](const dtls::Plaintext& plaintext) {
                          plaintext_trace_.packet(
                              {.direction = Direction::kReceived, .bytes = plaintext.bytes});
                          channels_.receive(now, plaintext.bytes);
                        },
                        [&](const dtls::Closed& closed) { on_dtls_closed(now, closed); }},
             event);
}

void Peer::on_dtls_closed(Instant now, const dtls::Closed& closed) {
  switch (closed.reason) {
    case dtls::CloseReason::kLocal: break;
    case dtls::CloseReason::kPeer:
      is_closing_ = true;
      channels_.abort(now, "the peer has closed");
      break;
    case dtls::CloseReason::kFingerprint:
      fail(Stage::kFingerprint, closed.text);
      leave_path(now);
      break;
    case dtls::CloseReason::kPeerAlert:
    case dtls::CloseReason::kHandshake:
    case dtls::CloseReason::kTimeout:
    case dtls::CloseReason::kKeysWornOut:
      fail(Stage::kDtls, closed.text);
      leave_path(now);
      break;
  }
}

// Nothing will go over the path any more but last words, which may get lost: that we do not consent
// any longer tells the other side all the same.
void Peer::leave_path(Instant now) {
  last_path_ = ice_.selected();
  ice_.close(now);
}

// The peer's own part of what the channels say; the rest goes to the application as it is.
std::optional<Peer::Event> Peer::on_channels(sctp::Channels::Event& event) {
  return std::visit(
      Overloaded{[&](sctp::Connected&) -> std::optional<Event> {
                   is_sctp_up_ = true;
                   move_to(State::kConnected);
                   return std::nullopt;
                 },
                 [&](sctp::Closed& closed) -> std::optional<Event> {
                   is_sctp_up_ = false;
                   const bool wanted = closed.reason == sctp::CloseReason::kShutdown ||
                                       closed.reason == sctp::CloseReason::kAbortedHere ||
                                       closed.reason == sctp::CloseReason::kAbortedByPeer;
                   if (!wanted) fail(Stage::kSctp, closed.text);
                   is_closing_ = true;
                   return std::nullopt;
                 },
                 [](auto& other) -> std::optional<Event> { return Event(std::move(other)); }},
      event);
}

// SCTP's last words go first, then those of DTLS; then there is nobody left to speak.
void Peer::finish_closing(Instant now) {
  if (!is_closing_ || state_ == State::kClosed) return;
  if (dtls_ != nullptr && dtls_->is_open())
    return;  // poll_transmit() closes it behind SCTP's words
  if (dtls_ != nullptr && !dtls_->is_closed()) dtls_->close(now);
  if (ice_.state() != ice::State::kClosed) leave_path(now);
  move_to(State::kClosed);
}

void Peer::move_to(State next) {
  if (state_ == next || state_ == State::kClosed) return;
  trace_.state("peer", to_text(state_), to_text(next));
  if (next != State::kFailed && next != State::kClosed) failure_.clear();
  events_.emplace_back(StateChanged{.from = std::exchange(state_, next), .to = next});
}

void Peer::fail(Stage stage, std::string text) {
  if (state_ == State::kFailed || state_ == State::kClosed) return;
  Failed failed{
      {.stage = stage, .text = std::move(text)}
  };
  failure_ = to_text(failed.error);
  events_.emplace_back(std::move(failed));
  move_to(State::kFailed);
}

// --- Node ---

void Peer::on_time(Instant now) {
  if (state_ == State::kClosed) return;
  ice_.on_time(now);
  if (dtls_ != nullptr) dtls_->on_time(now);
  channels_.on_time(now);
  settle(now);
}

Instant Peer::next_time() const {
  if (state_ == State::kClosed) return kNever;
  const Instant dtls = dtls_ != nullptr ? dtls_->next_time() : kNever;
  return std::min({ice_.next_time(), dtls, channels_.next_time()});
}

std::optional<Path> Peer::poll_transmit(Instant now, PacketBuffer& out) {
  if (auto path = ice_.poll_transmit(now, out)) return path;  // checks first: no path, no peer
  while (const auto path = poll_inner(now, out)) {
    if (auto way = ice_.wrap(now, *path, out)) return way;
    out.clear();  // the TURN server has no permission for this path: as if lost
  }
  return std::nullopt;
}

// What DTLS and SCTP have to say, and the path it shall take.
std::optional<Path> Peer::poll_inner(Instant now, PacketBuffer& out) {
  const auto path = ice_.state() == ice::State::kClosed ? last_path_ : ice_.selected();
  if (!path || dtls_ == nullptr) return std::nullopt;
  if (dtls_->poll_transmit(now, out)) return path;  // flights and alerts, as they are
  if (!dtls_->is_open()) {
    finish_closing(now);
    return std::nullopt;
  }
  if (channels_.poll_transmit(now, out)) {
    plaintext_trace_.packet({.direction = Direction::kSent, .bytes = out.bytes()});
    dtls_->seal(out);  // in place, around what SCTP wrote
    return path;
  }
  if (!is_closing_) return std::nullopt;
  dtls_->close(now);
  if (dtls_->poll_transmit(now, out)) return path;
  finish_closing(now);
  return std::nullopt;
}

std::optional<Peer::Event> Peer::poll_event() {
  for (;;) {
    if (!events_.empty()) {
      std::optional<Event> event(std::move(events_.front()));
      events_.pop_front();
      return event;
    }
    auto below = channels_.poll_event();
    if (!below) return std::nullopt;
    if (auto event = on_channels(*below)) return event;
  }
}

}  // namespace glass::peer
