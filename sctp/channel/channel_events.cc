// sctp/channel/channel_events.cc - what the association tells, in terms of channels.
//
// RFC 8832 §6 (opening), RFC 8831 §6.6 (messages), §6.7 (closing).
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "sctp/association.h"
#include "sctp/channel/channels.h"
#include "sctp/channel/dcep.h"
#include "sctp/config.h"
#include "sctp/rx/inbox.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

ChannelConfig config_of(const OpenMessage& message) {
  ChannelConfig config{.label = std::string(message.label),
                       .protocol = std::string(message.protocol),
                       .ordered = !message.unordered,
                       .max_retransmits = {},
                       .max_lifetime = {},
                       .negotiated_id = {},
                       .priority = message.priority};
  switch (message.reliability) {
    case ChannelReliability::kReliable: break;  // RFC 8832 §5.1: the parameter says nothing then
    case ChannelReliability::kRetransmits:
      config.max_retransmits = message.reliability_parameter;
      break;
    case ChannelReliability::kLifetime:
      config.max_lifetime = message.reliability_parameter * Duration{1ms};
      break;
  }
  return config;
}

}  // namespace

std::optional<Channels::Event> Channels::poll_event() {
  pieced_.clear();
  for (;;) {
    if (!events_.empty()) {
      Event event = std::move(events_.front());
      events_.pop_front();
      return event;
    }
    auto event = association_.poll_event();
    if (!event) return std::nullopt;
    std::optional<Event> out;
    if (translate(*event, out)) return out;
  }
}

bool Channels::translate(Association::Event& event, std::optional<Event>& out) {
  if (const auto* message = std::get_if<Message>(&event)) {
    out = on_message(*message);
  } else if (const auto* connected = std::get_if<Connected>(&event)) {
    streams_out_ = connected->outbound_streams;
    out = *connected;
    on_connected();
  } else if (const auto* incoming = std::get_if<IncomingReset>(&event)) {
    on_incoming_reset(*incoming);
  } else if (const auto* outgoing = std::get_if<OutgoingReset>(&event)) {
    on_outgoing_reset(*outgoing);
  } else if (const auto* low = std::get_if<BufferedLow>(&event)) {
    if (const auto slot = slot_of(low->stream)) out = BufferedAmountLow{.id = id_of(*slot)};
  } else if (std::holds_alternative<Restarted>(event)) {
    // RFC 8831 §6.2: the peer knows none of our channels any more.
    trace_.rule("8831:6.2#2"_rule);
    connected_ = false;
    close_all();
  } else if (auto* closed = std::get_if<Closed>(&event)) {
    trace_.rule("8831:6.2#2"_rule);
    connected_ = false;
    close_all();
    events_.push_back(std::move(*closed));
  }
  return out.has_value();
}

void Channels::on_connected() {
  connected_ = true;
  for (std::uint32_t slot = 0; slot < channels_.size(); ++slot) {
    Channel& channel = channels_[slot];
    if (channel.state == State::kFree || !channel.stream) continue;
    if (*channel.stream >= streams_out_) {
      finish(slot);  // the peer has fewer streams than we counted on
    } else if (channel.state == State::kConnecting) {
      announce(slot);
    }
  }
}

std::optional<Channels::Event> Channels::on_message(const Message& message) {
  if (message.ppid == kPpidDcep) {
    on_dcep(message);
    return std::nullopt;
  }
  const auto slot = slot_of(message.stream);
  if (!slot) {
    trace_.drop("8831:6.6#6"_rule, "message on a stream without a channel", message.bytes);
    return std::nullopt;
  }
  // RFC 8832 §6: whatever comes on the channel shows that the peer knows it.
  channels_[*slot].may_be_unordered = true;
  return on_user_message(*slot, message);
}

std::optional<Channels::Event> Channels::on_user_message(std::uint32_t slot,
                                                         const Message& message) {
  Channel& channel = channels_[slot];
  if (channel.state == State::kClosing) {
    trace_.drop("8831:6.7#0"_rule, "message on a channel that we closed", message.bytes);
    return std::nullopt;
  }
  ChannelMessage out{.id = id_of(slot), .kind = MessageKind::kText, .bytes = message.bytes};
  switch (message.ppid.value()) {
    case kPpidText.value(): break;
    case kPpidBinary.value(): out.kind = MessageKind::kBinary; break;
    case kPpidBinaryEmpty.value(): out.kind = MessageKind::kBinary; [[fallthrough]];
    case kPpidTextEmpty.value():
      trace_.rule("8831:6.6#5"_rule);
      out.bytes = {};
      break;
    case kPpidTextPartial.value():
    case kPpidBinaryPartial.value():
      if (message.bytes.size() > association_.config().max_message_size - channel.partial.size()) {
        start_closing(slot);
      } else {
        channel.partial.insert(channel.partial.end(), message.bytes.begin(), message.bytes.end());
      }
      return std::nullopt;
    default:
      // RFC 8831 §6.6: nobody knows what this is.
      trace_.rule("8831:6.6#6"_rule, Fact{"ppid", message.ppid.value()});
      start_closing(slot);
      return std::nullopt;
  }
  if (!channel.partial.empty()) {
    pieced_ = std::exchange(channel.partial, {});
    pieced_.insert(pieced_.end(), out.bytes.begin(), out.bytes.end());
    out.bytes = pieced_;
  }
  trace_.rule("8831:6.6#4"_rule, Fact{"ppid", message.ppid.value()});
  return out;
}

void Channels::on_dcep(const Message& message) {
  Reader in(message.bytes);
  const auto parsed = parse_dcep(in);
  if (!parsed) {
    // RFC 8832 §6: a peer that cannot be understood loses the channel.
    trace_.drop("8832:6#10"_rule, to_text(parsed.error()), message.bytes);
    return refuse(message.stream);
  }
  if (const auto* open = std::get_if<OpenMessage>(&*parsed)) return on_open(message.stream, *open);
  on_ack(message.stream);
}

void Channels::refuse(StreamId stream) {
  if (const auto slot = slot_of(stream)) {
    if (channels_[*slot].state != State::kClosing) start_closing(*slot);
    return;
  }
  uses_[stream].answered = true;
  association_.reset_stream(now_, stream);
}

// The peer has opened a new channel on a stream whose old one waits for the answer to our reset: it
// cannot have done so without having seen that reset.
void Channels::make_way(StreamId stream) {
  const auto slot = slot_of(stream);
  if (!slot || channels_[*slot].state != State::kClosing || !channels_[*slot].in_reset) return;
  if (!channels_[*slot].out_reset) ++uses_[stream].stale_resets;
  finish(*slot);
}

void Channels::on_open(StreamId stream, const OpenMessage& message) {
  make_way(stream);
  const bool is_even = stream.value() % 2 == 0;
  const bool peer_is_client = dtls_client_ && !*dtls_client_;
  if (slot_of(stream) || is_even != peer_is_client) {
    trace_.rule("8832:6#6"_rule, Fact{"stream", stream.value()});
    return refuse(stream);
  }
  if (incoming_ >= max_incoming_ || count_ >= kMaxChannels || stream.value() >= stream_limit()) {
    trace_.rule("8832:6#0"_rule, Fact{"channels", incoming_});
    return refuse(stream);
  }
  const std::uint32_t slot = take_slot(config_of(message));
  channels_[slot].incoming = true;
  channels_[slot].may_be_unordered = true;
  ++incoming_;
  (void)begin(slot, stream.value());
  ByteVector ack;
  Writer out(ack);
  write(out, AckMessage{});
  // No room for one byte: the peer may go on all the same, our first message says as much.
  (void)send_dcep(stream.value(), ack);
  announce(slot);
}

void Channels::on_ack(StreamId stream) {
  const auto slot = slot_of(stream);
  if (!slot || channels_[*slot].incoming || channels_[*slot].config.negotiated_id)
    return trace_.drop("8832:5.2#0"_rule, "ACK for what was not asked", {});
  trace_.rule("8832:5.2#0"_rule, Fact{"stream", stream.value()});
  channels_[*slot].may_be_unordered = true;
}

void Channels::on_incoming_reset(const IncomingReset& reset) {
  if (reset.all_streams) {
    for (std::uint32_t slot = 0; slot < channels_.size(); ++slot)
      if (channels_[slot].state != State::kFree && channels_[slot].stream)
        on_incoming_reset({.stream = StreamId{*channels_[slot].stream}});
    return;
  }
  const auto slot = slot_of(reset.stream);
  if (!slot) {
    // RFC 8831 §6.7: the peer waits for our end to follow. Once, lest two ends answer each other.
    if (!uses_[reset.stream].answered) refuse(reset.stream);
    return;
  }
  channels_[*slot].in_reset = true;
  // RFC 8831 §6.7: the other side closes; so do we.
  if (channels_[*slot].state != State::kClosing) start_closing(*slot);
  finish_if_reset(*slot);
}

void Channels::on_outgoing_reset(const OutgoingReset& reset) {
  if (StreamUse* use = uses_.find(reset.stream); use != nullptr && use->stale_resets > 0) {
    --use->stale_resets;
    return;
  }
  const auto slot = slot_of(reset.stream);
  if (!slot) return;
  if (!reset.is_done) {
    // Without a reset the stream has no second life, but the channel is closed.
    uses_[reset.stream].kind = StreamUse::Kind::kSpent;
    return finish(*slot);
  }
  channels_[*slot].out_reset = true;
  finish_if_reset(*slot);
}

}  // namespace glass::sctp
