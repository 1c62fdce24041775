#include "rtp/session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/writer.h"
#include "rtp/demux.h"
#include "rtp/rtcp_write.h"

namespace glass::rtp {
namespace {

// Room for an RTCP datagram that no path has to cut up.
constexpr std::size_t kRtcpSizeMax = 1200;
constexpr std::size_t kEventsMax = 256;

}  // namespace

Session::Session(SessionConfig config, const SrtpMaster& ours, const SrtpMaster& theirs,
                 Random& random, Trace trace)
    : config_(std::move(config)),
      trace_(trace),
      sender_(config_.profile, ours, trace),
      receiver_(config_.profile, theirs, trace),
      timer_(config_.reports, random, trace) {}

void Session::start(Instant now) { timer_.start(now); }

bool Session::add_source(const LocalSource& source) {
  if (locals_.size() >= kLocalSourcesMax || local(source.ssrc) != nullptr) return false;
  Local added{.source = source};
  if (source.answers_nack)
    added.kept = std::make_unique<RetransmissionBuffer>(config_.retransmission, trace_);
  locals_.push_back(std::move(added));
  return true;
}

const PayloadKind* Session::payload(PayloadType type) const {
  const auto found = std::ranges::find(config_.payloads, type, &PayloadKind::type);
  return found == config_.payloads.end() ? nullptr : &*found;
}

Session::Local* Session::local(Ssrc ssrc) {
  for (Local& one : locals_)
    if (one.source.ssrc == ssrc) return &one;
  return nullptr;
}

Session::Remote* Session::remote(Ssrc ssrc) {
  const auto found = std::ranges::find(remotes_, ssrc, &Remote::ssrc);
  return found == remotes_.end() ? nullptr : &*found;
}

const Reception* Session::reception(Ssrc ssrc) const {
  const auto found = std::ranges::find(remotes_, ssrc, &Remote::ssrc);
  return found == remotes_.end() ? nullptr : &found->reception;
}

std::uint64_t Session::ntp(Instant now) const {
  const auto since = static_cast<std::uint64_t>(now.time_since_epoch().count());
  constexpr std::uint64_t kSecond = 1'000'000'000;
  return config_.ntp_at_zero + (since / kSecond << 32) + ((since % kSecond << 32) / kSecond);
}

// ------------------------------------------------------------------------------------- sending

Result<void, SendError> Session::send(Instant now, PacketBuffer& packet) {
  const auto header = header_size(packet.bytes());
  Local* const from = header ? local(ssrc_of(packet.bytes())) : nullptr;
  if (from == nullptr) return std::unexpected(SendError::kUnknownSource);
  const std::size_t size = packet.size();
  const SequenceNumber sequence = sequence_of(packet.bytes());
  if (from->kept) from->kept->store(now, sequence, packet.bytes());
  const auto parsed = parse_packet(packet.bytes());
  if (parsed) from->last_time = parsed->timestamp;
  if (!sender_.protect(packet)) return std::unexpected(SendError::kProtect);
  from->last_sent_at = now;
  from->has_sent_since_report = true;
  ++from->info.packets;
  from->info.octets += static_cast<std::uint32_t>(size - *header);
  return {};
}

void Session::request_key_frame(Instant now, Ssrc theirs) {
  Remote* const source = remote(theirs);
  if (source == nullptr) return;
  source->wants_key_frame = true;
  if (!is_feedback_planned_)
    is_feedback_planned_ = timer_.request_feedback(now) != FeedbackPlan::kTooLate;
}

void Session::leave() { is_leaving_ = true; }

// ----------------------------------------------------------------------------------- receiving

void Session::receive(Instant now, MutableBytes datagram) {
  switch (rtp_kind(datagram)) {
    case RtpKind::kRtp: return receive_rtp(now, datagram);
    case RtpKind::kRtcp: return receive_rtcp(now, datagram);
    case RtpKind::kNeither: break;
  }
  trace_.drop("5761:4#0"_rule, "neither RTP nor RTCP", datagram);
}

Session::Remote* Session::remote_for(Ssrc ssrc, const PayloadKind& kind) {
  if (Remote* known = remote(ssrc)) return known;
  if (remotes_.size() >= kRemoteSourcesMax) return nullptr;
  Remote added{.ssrc = ssrc, .reception = Reception(ssrc, kind.clock_rate, trace_)};
  if (kind.wants_nack) added.nack.emplace(config_.nack, trace_);
  remotes_.push_back(std::move(added));
  return &remotes_.back();
}

void Session::receive_rtp(Instant now, MutableBytes datagram) {
  arrived_.reset();
  const auto opened = receiver_.unprotect(datagram);
  if (!opened) return;
  if (opened->size() > inside_.size())
    return trace_.drop("3550:5.1#0"_rule, "larger than any packet of ours", datagram);
  copy_bytes(*opened, inside_);
  const Bytes inside = Bytes(inside_).first(opened->size());
  const auto parsed = parse_packet(inside);
  if (!parsed) return trace_.drop(rule_of(parsed.error()), to_text(parsed.error()), inside);
  std::optional<Packet> packet = *parsed;
  const PayloadKind* kind = payload(packet->payload_type);
  if (kind == nullptr)
    return trace_.drop("3550:5.1#6"_rule, "a payload type that nobody agreed on", inside);
  Remote* const from = remote_for(packet->ssrc, *kind);
  if (from == nullptr)
    return trace_.drop("3550:6.2.1#1"_rule, "more sources than are kept", inside);
  (void)from->reception.receive(now, packet->sequence, packet->timestamp);
  const bool is_rtx = kind->apt.has_value();
  if (is_rtx) {
    packet = original_of(*packet, *kind->apt);
    if (!packet) return;
  }
  Remote* const source = remote(packet->ssrc);
  if (source != nullptr && source->nack) {
    source->nack->receive(now, packet->sequence);
    if (source->nack->take_key_frame_needed()) emit(KeyFrameNeeded{source->ssrc});
    plan_nack(now);
  }
  arrived_ = PacketArrived{.packet = *packet, .was_retransmitted = is_rtx};
}

// RFC 4588 §5.3: a retransmission belongs to the source that misses what is inside.
std::optional<Packet> Session::original_of(const Packet& rtx, PayloadType type) {
  auto packet = unwrap_rtx(rtx, rtx.ssrc, type, trace_);
  if (!packet) return std::nullopt;
  for (const Remote& one : remotes_) {
    if (!one.nack || !one.nack->is_missing(packet->sequence)) continue;
    packet->ssrc = one.ssrc;
    return packet;
  }
  trace_.rule("4588:5.3#0"_rule, Fact{"nobody misses", packet->sequence.value()});
  return std::nullopt;
}

// Feedback may come faster than events are taken: what is too much is as if it were lost.
void Session::emit(SessionEvent event) {
  if (events_.size() < kEventsMax) events_.push_back(std::move(event));
}

void Session::plan_nack(Instant now) {
  if (is_feedback_planned_ || next_nack() > now) return;
  is_feedback_planned_ = timer_.request_feedback(now) != FeedbackPlan::kTooLate;
}

void Session::receive_rtcp(Instant now, MutableBytes datagram) {
  const std::size_t size = datagram.size();
  const auto opened = receiver_.unprotect_rtcp(datagram);
  if (!opened) return;
  timer_.received(size);
  const RtcpForm form = config_.reduced_size ? RtcpForm::kReducedSize : RtcpForm::kCompound;
  RtcpReader reader(*opened, form, trace_);
  while (const auto message = reader.next())
    std::visit([&](const auto& one) { on(now, one); }, *message);
}

void Session::on(Instant now, const SenderReport& report) {
  if (Remote* const source = remote(report.ssrc))
    source->reception.sender_report(now, report.info.ntp);
  on_blocks(now, report.blocks);
}

void Session::on(Instant now, const ReceiverReport& report) { on_blocks(now, report.blocks); }

void Session::on_blocks(Instant now, const ReportBlocks& blocks) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const ReportBlock block = blocks[i];
    if (local(block.ssrc) == nullptr) continue;
    const Duration measured = rtp::round_trip(ntp_middle(ntp(now)), block);
    if (measured == Duration{}) continue;
    round_trip_ = measured;
    for (Remote& one : remotes_)
      if (one.nack) one.nack->set_round_trip(measured);
    trace_.metric("rtt_us", static_cast<std::uint64_t>(measured.count() / 1000));
  }
}

void Session::on(Instant /*now*/, const Bye& bye) {
  for (std::size_t i = 0; i < bye.size(); ++i) {
    const Ssrc ssrc = bye.ssrc(i);
    if (remote(ssrc) == nullptr) continue;
    std::erase_if(remotes_, [&](const Remote& one) { return one.ssrc == ssrc; });
    trace_.rule("3550:6.2.1#3"_rule, Fact{"left", ssrc.value()});
    emit(SourceLeft{ssrc});
  }
}

// RFC 4585 §6.2.1. A datagram may name more packets than anybody has lost: there is a bound.
void Session::on(Instant /*now*/, const Nack& nack) {
  const auto place = std::ranges::find(locals_, nack.about.media,
                                       [](const Local& one) { return one.source.ssrc; });
  if (place == locals_.end() || !place->kept) return;
  const auto index = static_cast<std::size_t>(place - locals_.begin());
  const auto ask = [&](SequenceNumber sequence) {
    if (again_.size() < kAsksMax) again_.push_back({.local = index, .sequence = sequence});
  };
  for (std::size_t i = 0; i < nack.size(); ++i) {
    const NackEntry entry = nack.entry(i);
    ask(entry.packet);
    for (std::uint16_t bit = 0; bit < 16; ++bit)
      if ((entry.following >> bit & 1) != 0)
        ask(entry.packet + static_cast<std::uint16_t>(bit + 1));
  }
}

void Session::on(Instant /*now*/, const Pli& pli) {
  if (local(pli.about.media) != nullptr) emit(KeyFrameRequested{pli.about.media});
}

// RFC 5104 §4.3.1.1: a number that was seen before is the same command again.
void Session::on(Instant /*now*/, const Fir& fir) {
  for (std::size_t i = 0; i < fir.size(); ++i) {
    const FirEntry entry = fir.entry(i);
    Local* const source = local(entry.ssrc);
    if (source == nullptr || source->fir_seen == entry.sequence) continue;
    source->fir_seen = entry.sequence;
    trace_.rule("5104:4.3.1.2#3"_rule, Fact{"sequence", entry.sequence});
    emit(KeyFrameRequested{entry.ssrc});
  }
}

std::optional<SessionEvent> Session::poll_event() {
  if (events_.empty()) {
    if (!arrived_) return std::nullopt;
    return *std::exchange(arrived_, std::nullopt);
  }
  SessionEvent event = events_.front();
  events_.pop_front();
  return event;
}

// ---------------------------------------------------------------------------------------- time

Instant Session::next_nack() const {
  Instant earliest = kNever;
  for (const Remote& one : remotes_)
    if (one.nack) earliest = std::min(earliest, one.nack->next_time());
  return earliest;
}

Instant Session::next_time() const {
  if (has_left_) return kNever;
  const Instant report = timer_.next_time();
  return is_feedback_planned_ ? report : std::min(report, std::max(next_nack(), nack_not_before_));
}

void Session::on_time(Instant now) {
  if (has_left_) return;
  if (!is_feedback_planned_ && next_nack() <= now) {
    plan_nack(now);
    // Where there is no room for feedback now, it is asked again a little later.
    if (!is_feedback_planned_) nack_not_before_ = now + config_.nack.ask_again_min;
  }
  const ReportDue due = timer_.on_time(now);
  if (due != ReportDue::kNothing) due_ = due;
}

// ------------------------------------------------------------------------------------- writing

bool Session::poll_transmit(Instant now, PacketBuffer& packet) {
  if (write_again(now, packet)) return true;
  if (is_leaving_ && !has_left_) due_ = ReportDue::kRegular;
  if (due_ == ReportDue::kNothing || has_left_) return false;
  return write_rtcp(now, packet);
}

// The next packet that was asked for and may be sent again.
bool Session::write_again(Instant now, PacketBuffer& packet) {
  while (!again_.empty()) {
    const Again ask = again_.front();
    again_.pop_front();
    Local& from = locals_[ask.local];
    const auto kept = from.kept->request(now, ask.sequence, round_trip_);
    if (!kept || !from.source.rtx) continue;
    const auto original = parse_packet(*kept);
    if (!original) continue;
    packet.clear();
    wrap_rtx(packet, *original, *from.source.rtx, trace_);
    if (sender_.protect(packet)) return true;
  }
  return false;
}

// RFC 3550 §6.1: a report from each source that has sent, or an empty one, then the name.
void Session::write_reports(Instant now, Writer& out) {
  std::array<ReportBlock, kReportBlocksMax> blocks{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < remotes_.size() && count < blocks.size(); ++i) {
    Remote& one = remotes_[(next_block_ + i) % remotes_.size()];
    if (one.reception.is_valid()) blocks.at(count++) = one.reception.report(now);
  }
  // RFC 3550 §6.1: more sources than blocks take turns.
  if (!remotes_.empty()) next_block_ = (next_block_ + count) % remotes_.size();
  bool is_first = true;
  for (Local& from : locals_) {
    if (!from.has_sent_since_report) continue;
    from.has_sent_since_report = false;
    SenderInfo info = from.info;
    info.ntp = ntp(now);
    // RFC 3550 §6.4.1: the same instant, on the clock of the stream.
    const auto since = static_cast<std::uint64_t>((now - from.last_sent_at).count());
    info.rtp_time = from.last_time +
                    static_cast<std::uint32_t>(since * from.source.clock_rate / 1'000'000'000U);
    const std::size_t here = is_first ? count : 0;
    write_sender_report(out, from.source.ssrc, info, std::span(blocks).first(here));
    is_first = false;
  }
  if (is_first) write_receiver_report(out, config_.ssrc, std::span(blocks).first(count));
  write_cname(out, is_first ? config_.ssrc : reporting_ssrc(), config_.cname);
  trace_.rule("3550:6.1#10"_rule, Fact{"blocks", count});
}

Ssrc Session::reporting_ssrc() const {
  return locals_.empty() ? config_.ssrc : locals_.front().source.ssrc;
}

void Session::write_feedback(Instant now, Writer& out) {
  for (Remote& one : remotes_) {
    const Feedback about{.sender = reporting_ssrc(), .media = one.ssrc};
    if (std::exchange(one.wants_key_frame, false)) write_pli(out, about);
    if (!one.nack) continue;
    const auto lost = one.nack->due(now);
    if (one.nack->take_key_frame_needed()) emit(KeyFrameNeeded{one.ssrc});
    // Each entry takes four octets at most; what does not fit is asked for next time.
    const std::size_t room = (kRtcpSizeMax - std::min(kRtcpSizeMax, out.size() + 12)) / 4;
    if (!lost.empty() && room > 0)
      glass::rtp::write_nack(out, about, lost.first(std::min(room, lost.size())));
  }
}

bool Session::write_rtcp(Instant now, PacketBuffer& packet) {
  packet.clear();
  Writer out(packet);
  // RFC 5506 §4: alone only as early feedback, and after a compound has been sent.
  const bool is_alone = config_.reduced_size && due_ == ReportDue::kEarly && has_sent_compound_;
  if (is_alone) {
    trace_.rule("5506:4#4"_rule);
  } else {
    write_reports(now, out);
    has_sent_compound_ = true;
  }
  write_feedback(now, out);
  if (is_leaving_) {
    std::array<Ssrc, kLocalSourcesMax> ours{};
    std::size_t count = 0;
    for (const Local& one : locals_) ours.at(count++) = one.source.ssrc;
    if (count == 0) ours.at(count++) = config_.ssrc;
    write_bye(out, std::span(ours).first(count), {});
    has_left_ = true;
    trace_.rule("3550:6.1#12"_rule);
  }
  due_ = ReportDue::kNothing;
  is_feedback_planned_ = false;
  if (packet.empty() || !sender_.protect_rtcp(packet)) return false;
  timer_.sent(packet.size());
  return true;
}

}  // namespace glass::rtp
