// sctp/connect.cc - from CLOSED to ESTABLISHED: four messages, their collisions and repetitions.
//
// Browsers and we send INIT at the same time on every session: §5.2 is the usual case here.
// RFC 9260 §5.1 (handshake), §5.2 (unexpected and duplicate chunks), §5.3 (tags).
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "sctp/association.h"
#include "sctp/causes/causes.h"
#include "sctp/chunks/control.h"
#include "sctp/chunks/error_code.h"
#include "sctp/chunks/init.h"
#include "sctp/config.h"
#include "sctp/cookie.h"
#include "sctp/packet.h"
#include "sctp/parameters/parameters.h"
#include "sctp/rx/inbox.h"
#include "sctp/tlv.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

// RFC 9260 §5.3.1: any number but zero.
VerificationTag random_tag(Random& random) { return VerificationTag{1 + random.below(0xffffffff)}; }

// Unrecognized parameters are reported as long as the packet has room for them (RFC 9260 §12.4).
void keep_what_fits(std::vector<Bytes>& unrecognized, std::size_t room) {
  std::size_t used = 0;
  std::erase_if(unrecognized, [&](Bytes one) {
    const std::size_t cost = kTlvHeader + padded(one.size());
    if (used + cost > room) return true;
    used += cost;
    return false;
  });
}

}  // namespace

void Association::connect(Instant now) {
  if (over_ || !machine_.is<InClosed>()) return;  // the peer was faster
  tag_ = random_tag(random_);
  initial_tsn_ = Tsn{random_.u32()};
  outstanding_.reset(initial_tsn_);
  machine_.move(CookieWait{});
  init_due_ = true;
  timers_.set(Timer::kT1, now + rto_.value());
}

InitChunk Association::our_init() const {
  InitChunk chunk;
  chunk.tag = tag_;
  chunk.a_rwnd = window();
  chunk.outbound_streams = config_.outbound_streams;
  chunk.inbound_streams = config_.inbound_streams;
  chunk.initial_tsn = initial_tsn_;
  chunk.forward_tsn = true;
  chunk.reconfig = true;
  chunk.interleaving = config_.interleaving;
  chunk.zero_checksum = config_.zero_checksum;
  return chunk;
}

// What makes an INIT or INIT ACK unacceptable.
std::optional<CauseCode> Association::fault_of(const InitChunk& chunk) const {
  if (chunk.has_host_name) {
    trace_.rule("9260:3.3.2#3"_rule);
    return CauseCode::kUnresolvableAddress;
  }
  if (chunk.a_rwnd < kMinReceiveWindow) {
    trace_.rule("9260:3.3.2#11"_rule, Fact{"a_rwnd", chunk.a_rwnd});
    return CauseCode::kInvalidMandatoryParameter;
  }
  if (chunk.outbound_streams == 0) {
    trace_.rule("9260:3.3.2#14"_rule);
    return CauseCode::kInvalidMandatoryParameter;
  }
  if (chunk.inbound_streams == 0) {
    trace_.rule("9260:3.3.2#16"_rule);
    return CauseCode::kInvalidMandatoryParameter;
  }
  return std::nullopt;
}

Peer Association::peer_of(const InitChunk& chunk) const {
  // RFC 9260 §5.1.1: each direction has as many streams as both sides can do.
  if (chunk.inbound_streams < config_.outbound_streams)
    trace_.rule("9260:5.1.1#2"_rule, Fact{"streams", chunk.inbound_streams});
  return {.tag = chunk.tag,
          .initial_tsn = chunk.initial_tsn,
          .a_rwnd = chunk.a_rwnd,
          .outbound_streams = std::min(chunk.outbound_streams, config_.inbound_streams),
          .inbound_streams = std::min(chunk.inbound_streams, config_.outbound_streams),
          .forward_tsn = chunk.forward_tsn,
          .reconfig = chunk.reconfig,
          .interleaving = chunk.interleaving && config_.interleaving,
          .zero_checksum = chunk.zero_checksum && config_.zero_checksum};
}

void Association::on_init(Instant now, RawChunk& raw) {
  auto chunk = parse_init(raw);
  if (!chunk) return malformed(raw, chunk.error());
  if (chunk->tag == VerificationTag{})
    return trace_.drop("9260:3.3.2#9"_rule, "INIT with tag 0", raw.bytes);
  if (over_) {
    trace_.rule("9260:8.4#4"_rule);
    return reply_abort(chunk->tag, false, nullptr);
  }
  if (const auto code = fault_of(*chunk)) {
    const Cause cause{.code = *code, .info = {}};
    return reply_abort(chunk->tag, false, &cause);
  }
  if (machine_.is<ShutdownAckSent>()) {
    // The peer has forgotten what we wait to end: it must end it first.
    trace_.rule("9260:9.2#24"_rule);
    shutdown_ack_due_ = true;
    return;
  }
  Cookie cookie{.made = now, .tag = tag_, .initial_tsn = initial_tsn_, .peer = peer_of(*chunk)};
  if (machine_.is<CookieWait>()) {
    trace_.rule("9260:5.2.1#1"_rule);
  } else if (machine_.is<CookieEchoed>()) {
    trace_.rule("9260:5.2.1#12"_rule);
    cookie.local_tie = local_tie_;
    cookie.peer_tie = peer_tie_;
  } else {
    if (machine_.is<InClosed>()) {
      trace_.rule("9260:5.2.2#11"_rule);
    } else {
      trace_.rule("9260:5.2.2#6"_rule);
      cookie.local_tie = local_tie_;
      cookie.peer_tie = peer_tie_;
    }
    // RFC 9260 §5.2.2: a tag of its own, so that this INIT harms nothing that exists.
    cookie.tag = random_tag(random_);
    cookie.initial_tsn = Tsn{random_.u32()};
  }
  trace_.rule("9260:5.1#6"_rule);  // nothing is kept here: the cookie carries all
  const ByteVector sealed = jar_.seal(cookie);
  InitChunk answer = our_init();
  answer.tag = cookie.tag;
  answer.initial_tsn = cookie.initial_tsn;
  answer.outbound_streams = std::min(answer.outbound_streams, chunk->inbound_streams);
  trace_.rule("9260:3.3.3#11"_rule, Fact{"streams", answer.outbound_streams});
  answer.has_cookie = true;
  answer.cookie = sealed;
  answer.unrecognized = std::move(chunk->unrecognized);
  if (!answer.unrecognized.empty())
    trace_.rule("9260:3.2.2#1"_rule, Fact{"parameters", answer.unrecognized.size()});
  ByteVector bytes;
  Writer out(bytes);
  keep_what_fits(answer.unrecognized, kMinPacketSize / 2);
  write(out, ChunkType::kInitAck, answer);
  reply_alone(chunk->tag, std::move(bytes));
}

void Association::on_init_ack(Instant now, RawChunk& raw) {
  if (!machine_.is<CookieWait>())
    return trace_.drop("9260:5.2.3#1"_rule, "INIT ACK out of place", raw.bytes);
  const auto chunk = parse_init(raw);
  if (!chunk) return malformed(raw, chunk.error());
  if (chunk->tag == VerificationTag{}) {
    trace_.rule("9260:3.3.3#6"_rule);
    reply_abort(tag_, true, nullptr);
    return close(CloseReason::kProtocolViolation, "INIT ACK with tag 0");
  }
  if (const auto code = fault_of(*chunk)) {
    const Cause cause{.code = *code, .info = {}};
    reply_abort(chunk->tag, false, &cause);
    return close(CloseReason::kProtocolViolation, "unacceptable INIT ACK");
  }
  const std::size_t room = config_.packet_size - kCommonHeader - kTlvHeader;
  if (!chunk->has_cookie || chunk->cookie.size() > room) {
    // RFC 9260 §5.1: a mandatory parameter is missing.
    trace_.rule("9260:5.1#16"_rule);
    ByteVector info;
    Writer(info).u32(1).u16(std::to_underlying(ParameterType::kStateCookie));
    const Cause cause{.code = CauseCode::kMissingMandatoryParameter, .info = info};
    reply_abort(chunk->tag, false, &cause);
    return close(CloseReason::kProtocolViolation, "INIT ACK without a usable cookie");
  }
  meet(peer_of(*chunk));
  if (!chunk->unrecognized.empty()) {
    trace_.rule("9260:3.2.2#2"_rule);
    ByteVector info;
    for (const Bytes one : chunk->unrecognized) {
      info.insert(info.end(), one.begin(), one.end());
      info.resize(padded(info.size()));
    }
    reply_error({.code = CauseCode::kUnrecognizedParameters, .info = info});
  }
  init_due_ = false;
  setup_attempts_ = 0;
  machine_.move(CookieEchoed{
      .cookie = {chunk->cookie.begin(), chunk->cookie.end()}
  });
  cookie_echo_due_ = true;
  burst_left_ = config_.max_burst;
  timers_.set(Timer::kT1, now + rto_.value());
}

// Takes over what the other side said of itself.
void Association::meet(const Peer& peer) {
  peer_ = peer;
  peer_window_ = peer.a_rwnd;
  told_window_ = window();
  tracker_.reset(peer.initial_tsn);
  reassembly_.reset(peer.initial_tsn);
  if (peer.interleaving) trace_.rule("8260:2.2.1#1"_rule);
  reassembly_.set_interleaving(peer.interleaving);
  queue_.set_interleaving(peer.interleaving);
  outstanding_.set_interleaving(peer.interleaving);
  outstanding_.allow_abandoning(peer.forward_tsn);
  // RFC 6525 §4.1: requests are numbered from the initial TSNs on.
  next_reconfig_ = ReconfigSn{initial_tsn_.value()};
  expected_reconfig_ = ReconfigSn{peer.initial_tsn.value()};
  response_.reset();
  // RFC 9260 §5.2.1: random, so that nobody learns the real tags from a cookie.
  local_tie_ = 1 + random_.below(0xffffffff);
  peer_tie_ = 1 + random_.below(0xffffffff);
}

void Association::adopt(const Cookie& cookie) {
  tag_ = cookie.tag;
  initial_tsn_ = cookie.initial_tsn;
  outstanding_.reset(initial_tsn_);
  meet(cookie.peer);
}

bool Association::is_stale(Instant now, const Cookie& cookie) {
  const Duration late = now - cookie.made - config_.valid_cookie_life;
  if (late <= Duration{}) return false;
  trace_.rule("9260:5.1.5#5"_rule, Fact{"late_us", static_cast<std::uint64_t>(late / 1us)});
  ByteVector chunk;
  Writer out(chunk);
  {
    const Tlv tlv(out, std::to_underlying(ChunkType::kError), 0);
    write_stale_cookie(out,
                       static_cast<std::uint32_t>(std::min<Duration::rep>(late / 1us, 0xffffffff)));
  }
  reply_alone(cookie.peer.tag, std::move(chunk));
  return true;
}

Association::Next Association::on_cookie_echo(Instant now, RawChunk& raw, VerificationTag tag) {
  const auto cookie = jar_.open(parse_cookie_echo(raw));
  if (!cookie) {
    trace_.drop("9260:4#1"_rule, "a cookie that we did not bake", raw.bytes);
    return Next::kStop;
  }
  if (tag != cookie->tag) {
    trace_.drop("9260:5.1.5#4"_rule, "tag and cookie do not match", raw.bytes);
    return Next::kStop;
  }
  if (!machine_.is<InClosed>()) return on_unexpected_cookie(now, *cookie);
  if (is_stale(now, *cookie)) return Next::kStop;
  adopt(*cookie);
  trace_.rule("9260:5.1.5#6"_rule);
  cookie_ack_due_ = true;
  enter_established(now);
  return Next::kContinue;
}

// RFC 9260 §5.2.4, Table 12.
Association::Next Association::on_unexpected_cookie(Instant now, const Cookie& cookie) {
  const bool local_matches = cookie.tag == tag_;
  const bool peer_matches = cookie.peer.tag == peer_.tag;
  const bool ties_match =
      cookie.local_tie == local_tie_ && cookie.peer_tie == peer_tie_ && local_tie_ != 0;
  if (!(local_matches && peer_matches) && is_stale(now, cookie)) return Next::kStop;
  if (local_matches && peer_matches) {
    // D: both sent INIT at the same time, or a COOKIE ACK was lost.
    trace_.rule("9260:5.2.4#12"_rule);
    cookie_ack_due_ = true;
    if (machine_.is<CookieEchoed>()) {
      trace_.rule("9260:5.2.4#11"_rule);
      enter_established(now);
    }
    return Next::kContinue;
  }
  if (local_matches) {
    // B: the peer took a new tag after it had answered our INIT, or we know no tag of it yet.
    cookie_ack_due_ = true;
    if (machine_.is<CookieWait>() || machine_.is<CookieEchoed>()) {
      meet(cookie.peer);
      enter_established(now);
    } else {
      trace_.rule("9260:5.2.4#8"_rule);
      peer_.tag = cookie.peer.tag;
    }
    return Next::kContinue;
  }
  if (!peer_matches && ties_match) {
    // A: the peer lost everything and began again.
    if (machine_.is<ShutdownAckSent>()) {
      trace_.rule("9260:5.2.4#7"_rule);
      shutdown_ack_due_ = true;
      reply_error({.code = CauseCode::kCookieWhileShuttingDown, .info = {}});
      return Next::kStop;
    }
    on_restart(now, cookie);
    return Next::kContinue;
  }
  if (peer_matches && cookie.local_tie == 0 && cookie.peer_tie == 0) {
    // C: our own late cookie, from before we sent INIT.
    trace_.drop("9260:5.2.4#9"_rule, "a late cookie", {});
    return Next::kStop;
  }
  trace_.drop("9260:5.2.4#3"_rule, "a cookie of another association", {});
  return Next::kStop;
}

void Association::on_restart(Instant now, const Cookie& cookie) {
  outstanding_.clear();
  queue_.restart();
  for (const StreamId stream : resets_wanted_) queue_.resume(stream, true);
  if (reset_)
    for (const StreamId stream : reset_->streams) queue_.resume(stream, true);
  reset_.reset();
  for (const Timer timer : {Timer::kT2, Timer::kT3, Timer::kT5, Timer::kSack, Timer::kReconfig})
    timers_.stop(timer);
  congestion_->reset();
  rto_.reset();
  replies_.clear();
  shutdown_due_ = shutdown_wanted_ = forward_due_ = fast_retransmit_due_ = probe_due_ = false;
  probing_ = false;
  adopt(cookie);
  cookie_ack_due_ = true;
  inbox_.push(Restarted{});
  enter_established(now);
}

void Association::on_cookie_ack(Instant now) {
  if (!machine_.is<CookieEchoed>())
    return trace_.drop("9260:5.2.5#1"_rule, "COOKIE ACK out of place", {});
  enter_established(now);
}

void Association::enter_established(Instant now) {
  timers_.stop(Timer::kT1);
  init_due_ = cookie_echo_due_ = false;
  errors_ = 0;
  machine_.move(Established{});
  trace_.rule("9260:5.1.1#3"_rule, Fact{"streams", peer_.inbound_streams});
  queue_.limit_streams(peer_.inbound_streams);
  burst_left_ = config_.max_burst;
  last_data_sent_ = now;
  start_heartbeats(now);
  inbox_.push(Connected{.outbound_streams = peer_.inbound_streams,
                        .inbound_streams = peer_.outbound_streams});
  if (shutdown_wanted_) shutdown(now);
}

// RFC 9260 §5.2.6: the cookie was too old when it came back. Alternative 1: begin again.
void Association::on_stale_cookie(Instant now) {
  if (!machine_.is<CookieEchoed>())
    return trace_.drop("9260:5.2.6#2"_rule, "stale cookie error out of place", {});
  if (++stale_cookies_ > kMaxStaleCookies)
    return close(CloseReason::kSetupTimeout, "cookies come back too late");
  cookie_echo_due_ = false;
  outstanding_.lose_all();
  timers_.stop(Timer::kT3);
  machine_.move(CookieWait{});
  init_due_ = true;
  setup_attempts_ = 0;
  timers_.set(Timer::kT1, now + rto_.value());
}

void Association::on_t1_expired(Instant now) {
  const bool is_init = machine_.is<CookieWait>();
  if (setup_attempts_ == config_.max_init_retransmits)
    return close(CloseReason::kSetupTimeout,
                 is_init ? "no answer to INIT" : "no answer to COOKIE ECHO");
  ++setup_attempts_;
  rto_.back_off();
  if (is_init) {
    trace_.rule("9260:4#3"_rule, Fact{"attempt", setup_attempts_});
    init_due_ = true;
  } else {
    trace_.rule("9260:4#6"_rule, Fact{"attempt", setup_attempts_});
    cookie_echo_due_ = true;
  }
  timers_.set(Timer::kT1, now + rto_.value());
}

}  // namespace glass::sctp
