// sctp/channel/channels.cc - commands on data channels, and their life.
//
// What arrives is in channel_events.cc.
#include "sctp/channel/channels.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "sctp/association.h"
#include "sctp/channel/dcep.h"
#include "sctp/config.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

constexpr std::uint32_t kSlotBits = 16;
constexpr std::size_t kMaxName = 65535;            // RFC 8832 §5.1: the lengths have 16 bits
constexpr std::uint16_t kNoStream = 65535;         // RFC 8831 §6.2: reserved
constexpr std::array<std::uint8_t, 1> kNothing{};  // RFC 8831 §6.6: stands for an empty message

Ppid ppid_of(MessageKind kind, bool is_empty) {
  if (kind == MessageKind::kText) return is_empty ? kPpidTextEmpty : kPpidText;
  return is_empty ? kPpidBinaryEmpty : kPpidBinary;
}

OpenMessage open_message(const ChannelConfig& config) {
  OpenMessage message{.unordered = !config.ordered,
                      .priority = config.priority,
                      .label = config.label,
                      .protocol = config.protocol};
  if (config.max_retransmits) {
    message.reliability = ChannelReliability::kRetransmits;
    message.reliability_parameter = *config.max_retransmits;
  } else if (config.max_lifetime) {
    message.reliability = ChannelReliability::kLifetime;
    message.reliability_parameter = static_cast<std::uint32_t>(*config.max_lifetime / 1ms);
  }
  return message;
}

}  // namespace

Channels::Channels(const Config& config, Random& random, const Trace& trace)
    : trace_(trace.with(Layer::kChannel)),
      association_(config.association, random, trace.with(Layer::kSctp)),
      dtls_client_(config.dtls_client),
      max_incoming_(config.max_incoming) {}

void Channels::set_dtls_role(bool is_client) {
  if (dtls_client_) return;  // it cannot change: streams have been chosen by it
  dtls_client_ = is_client;
  for (std::uint32_t slot = 0; slot < channels_.size(); ++slot) {
    if (channels_[slot].state != State::kConnecting || channels_[slot].stream) continue;
    const auto stream = find_stream();
    if (!stream || !begin(slot, *stream)) finish(slot);
  }
}

void Channels::set_remote(std::uint16_t remote_port, std::size_t max_message_size) {
  association_.set_remote(remote_port, max_message_size);
}

void Channels::connect(Instant now) {
  now_ = now;
  CHECK(dtls_client_.has_value());
  association_.connect(now);
}

void Channels::shutdown(Instant now) {
  now_ = now;
  association_.shutdown(now);
}

void Channels::abort(Instant now, std::string_view reason) {
  now_ = now;
  association_.abort(now, reason);
}

void Channels::receive(Instant now, MutableBytes packet) {
  now_ = now;
  association_.receive(now, packet);
}

void Channels::on_time(Instant now) {
  now_ = now;
  association_.on_time(now);
}

Instant Channels::next_time() const { return association_.next_time(); }

bool Channels::poll_transmit(Instant now, PacketBuffer& out) {
  return association_.poll_transmit(now, out);
}

// Ids

ChannelId Channels::id_of(std::uint32_t slot) const {
  return ChannelId{std::uint32_t{channels_[slot].generation} << kSlotBits | slot};
}

std::optional<std::uint32_t> Channels::slot_of(ChannelId id) const {
  const std::uint32_t slot = id.value() & ((1U << kSlotBits) - 1);
  if (slot >= channels_.size() || channels_[slot].state == State::kFree || id_of(slot) != id)
    return std::nullopt;
  return slot;
}

std::optional<std::uint32_t> Channels::slot_of(StreamId stream) const {
  const StreamUse* use = uses_.find(stream);
  if (use == nullptr || use->kind != StreamUse::Kind::kChannel) return std::nullopt;
  return use->slot;
}

std::uint32_t Channels::take_slot(const ChannelConfig& config) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(channels_.size());
    channels_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  Channel& channel = channels_[slot];
  const auto generation = static_cast<std::uint16_t>(channel.generation + 1);
  channel = Channel{};
  channel.state = State::kConnecting;
  channel.generation = generation;
  channel.config = config;
  ++count_;
  return slot;
}

void Channels::free_slot(std::uint32_t slot) {
  if (channels_[slot].incoming) --incoming_;
  channels_[slot].state = State::kFree;
  channels_[slot].config = {};
  channels_[slot].early = {};
  channels_[slot].partial = {};
  free_slots_.push_back(slot);
  --count_;
}

std::uint32_t Channels::stream_limit() const {
  const std::uint32_t most = connected_ ? streams_out_ : association_.config().outbound_streams;
  return std::min<std::uint32_t>(most, kNoStream);
}

// RFC 8832 §6: even streams belong to the DTLS client, odd ones to the server.
std::optional<std::uint16_t> Channels::find_stream() {
  const std::uint32_t parity = *dtls_client_ ? 0 : 1;
  for (std::uint32_t stream = lowest_maybe_free_ / 2 * 2 + parity; stream < stream_limit();
       stream += 2) {
    const StreamUse* use = uses_.find(StreamId{static_cast<std::uint16_t>(stream)});
    if (use != nullptr && use->kind != StreamUse::Kind::kFree) continue;
    lowest_maybe_free_ = stream;
    trace_.rule("8832:6#5"_rule, Fact{"stream", stream});
    return static_cast<std::uint16_t>(stream);
  }
  return std::nullopt;
}

// Opening

std::optional<OpenError> Channels::fault_of(const ChannelConfig& config) const {
  if (association_.is_closing()) return OpenError::kClosed;
  if (count_ >= kMaxChannels) return OpenError::kTooManyChannels;
  if (config.label.size() > kMaxName || config.protocol.size() > kMaxName)
    return OpenError::kLabelTooLong;
  if (config.max_retransmits && config.max_lifetime) return OpenError::kBadReliability;
  if (config.max_lifetime &&
      (*config.max_lifetime < Duration{} || *config.max_lifetime / 1ms > 0xffffffff))
    return OpenError::kBadReliability;
  if (!config.negotiated_id) return std::nullopt;
  if (*config.negotiated_id >= stream_limit()) return OpenError::kBadStream;
  const StreamUse* use = uses_.find(StreamId{*config.negotiated_id});
  if (use != nullptr && use->kind != StreamUse::Kind::kFree) {
    trace_.rule("8831:6.5#1"_rule, Fact{"stream", *config.negotiated_id});
    return OpenError::kStreamInUse;
  }
  return std::nullopt;
}

Result<ChannelId, OpenError> Channels::open(Instant now, const ChannelConfig& config) {
  now_ = now;
  if (const auto fault = fault_of(config)) return std::unexpected(*fault);
  std::optional<std::uint16_t> stream = config.negotiated_id;
  if (!stream && dtls_client_) {
    stream = find_stream();
    if (!stream) return std::unexpected(OpenError::kNoStreams);
  }
  const std::uint32_t slot = take_slot(config);
  const ChannelId id = id_of(slot);
  if (stream && !begin(slot, *stream)) {
    uses_[StreamId{*stream}].kind = StreamUse::Kind::kFree;
    free_slot(slot);
    return std::unexpected(OpenError::kFull);
  }
  if (connected_) announce(slot);
  return id;
}

// The channel has its stream. False: there was no room for the message that opens it.
bool Channels::begin(std::uint32_t slot, std::uint16_t stream) {
  Channel& channel = channels_[slot];
  channel.stream = stream;
  StreamUse& use = uses_[StreamId{stream}];
  use.kind = StreamUse::Kind::kChannel;
  use.slot = slot;
  use.answered = false;
  association_.set_priority(StreamId{stream}, channel.config.priority);
  association_.set_low_water(StreamId{stream}, channel.low_water);
  if (channel.config.negotiated_id) {
    channel.may_be_unordered = true;
  } else if (!channel.incoming) {
    ByteVector message;
    Writer out(message);
    write(out, open_message(channel.config));
    if (!send_dcep(stream, message)) return false;
  }
  for (const Early& early : std::exchange(channel.early, {}))
    (void)send_on(channel, early.kind, early.bytes);
  return true;
}

void Channels::announce(std::uint32_t slot) {
  Channel& channel = channels_[slot];
  channel.state = State::kOpen;
  events_.push_back(ChannelOpened{.id = id_of(slot),
                                  .stream = *channel.stream,
                                  .incoming = channel.incoming,
                                  .config = channel.config});
}

// RFC 8832 §6: DCEP messages are ordered and reliable, on the stream of their channel.
bool Channels::send_dcep(std::uint16_t stream, Bytes message) {
  trace_.rule("8832:6#1"_rule, Fact{"stream", stream});
  return association_
      .send(now_,
            {.stream = StreamId{stream}, .ppid = kPpidDcep, .reliability = {}, .is_counted = false},
            message)
      .has_value();
}

// Sending

SendOptions Channels::options_of(const Channel& channel, Ppid ppid) const {
  SendOptions options{.stream = StreamId{*channel.stream}, .ppid = ppid, .reliability = {}};
  if (!channel.config.ordered) {
    if (channel.may_be_unordered) {
      trace_.rule("8832:6#9"_rule);
      options.order = Order::kUnordered;
    } else {
      // RFC 8832 §6: what overtook the OPEN would belong to no channel.
      trace_.rule("8832:6#8"_rule);
    }
  }
  if (channel.config.max_retransmits)
    options.reliability.max_retransmits = *channel.config.max_retransmits;
  if (channel.config.max_lifetime) options.reliability.lifetime = *channel.config.max_lifetime;
  return options;
}

Result<void, SendError> Channels::send(Instant now, ChannelId id, MessageKind kind, Bytes bytes) {
  now_ = now;
  const auto slot = slot_of(id);
  if (!slot) return std::unexpected(SendError::kUnknownChannel);
  Channel& channel = channels_[*slot];
  if (channel.state == State::kClosing || association_.is_closing())
    return std::unexpected(SendError::kClosed);
  if (channel.stream) return send_on(channel, kind, bytes);
  if (bytes.size() > association_.config().max_send_message_size)
    return std::unexpected(SendError::kTooLarge);
  if (buffered_amount(id) + bytes.size() > association_.config().send_buffer)
    return std::unexpected(SendError::kFull);
  channel.early.push_back({
      .kind = kind, .bytes = {bytes.begin(), bytes.end()}
  });
  return {};
}

Result<void, SendError> Channels::send_on(Channel& channel, MessageKind kind, Bytes bytes) {
  SendOptions options = options_of(channel, ppid_of(kind, bytes.empty()));
  if (!bytes.empty()) return association_.send(now_, options, bytes);
  trace_.rule("8831:6.6#0"_rule);
  options.is_counted = false;
  return association_.send(now_, options, kNothing);
}

std::uint64_t Channels::buffered_amount(ChannelId id) const {
  const auto slot = slot_of(id);
  if (!slot) return 0;
  const Channel& channel = channels_[*slot];
  if (channel.stream) return association_.buffered_amount(StreamId{*channel.stream});
  std::uint64_t bytes = 0;
  for (const Early& early : channel.early) bytes += early.bytes.size();
  return bytes;
}

void Channels::set_low_water(ChannelId id, std::uint64_t amount) {
  const auto slot = slot_of(id);
  if (!slot) return;
  channels_[*slot].low_water = amount;
  if (channels_[*slot].stream)
    association_.set_low_water(StreamId{*channels_[*slot].stream}, amount);
}

bool Channels::is_open(ChannelId id) const {
  const auto slot = slot_of(id);
  return slot && channels_[*slot].state == State::kOpen;
}

std::optional<std::uint16_t> Channels::stream_of(ChannelId id) const {
  const auto slot = slot_of(id);
  return slot ? channels_[*slot].stream : std::nullopt;
}

std::size_t Channels::channel_count() const { return count_; }

// Closing

void Channels::close(Instant now, ChannelId id) {
  now_ = now;
  const auto slot = slot_of(id);
  if (!slot || channels_[*slot].state == State::kClosing) return;
  if (!channels_[*slot].stream) return finish(*slot);
  start_closing(*slot);
}

// RFC 8831 §6.7: a channel is closed by resetting its stream, after what was sent has arrived.
void Channels::start_closing(std::uint32_t slot) {
  Channel& channel = channels_[slot];
  channel.state = State::kClosing;
  trace_.rule("8831:6.7#1"_rule, Fact{"stream", *channel.stream});
  association_.reset_stream(now_, StreamId{*channel.stream});
}

void Channels::finish_if_reset(std::uint32_t slot) {
  if (channels_[slot].in_reset && channels_[slot].out_reset) finish(slot);
}

// The channel is no more; its stream may serve another.
void Channels::finish(std::uint32_t slot) {
  Channel& channel = channels_[slot];
  if (channel.stream) {
    StreamUse& use = uses_[StreamId{*channel.stream}];
    if (use.kind == StreamUse::Kind::kChannel) use.kind = StreamUse::Kind::kFree;
    association_.set_low_water(StreamId{*channel.stream}, 0);
    lowest_maybe_free_ = std::min<std::uint32_t>(lowest_maybe_free_, *channel.stream);
  }
  events_.push_back(ChannelClosed{.id = id_of(slot)});
  free_slot(slot);
}

void Channels::close_all() {
  for (std::uint32_t slot = 0; slot < channels_.size(); ++slot)
    if (channels_[slot].state != State::kFree) finish(slot);
}

}  // namespace glass::sctp
