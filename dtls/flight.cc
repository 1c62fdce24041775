#include "dtls/flight.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "dtls/config.h"
#include "dtls/epochs.h"
#include "dtls/handshake.h"
#include "dtls/wire.h"

namespace glass::dtls {
namespace {

std::uint64_t whole_milliseconds(Duration duration) {
  return static_cast<std::uint64_t>(duration / std::chrono::milliseconds(1));
}

}  // namespace

Flight::Flight(const Config& config, const Trace& trace)
    : config_(config),
      trace_(trace),
      machine_("dtls flight", trace),
      timers_(trace),
      rto_(config.initial_rto) {}

void Flight::begin_handshake(Instant now) {
  timers_.set(FlightTimer::kGiveUp, now + config_.handshake_limit);
}

void Flight::add(std::uint16_t epoch, Message message) {
  items_.push_back({ContentType::kHandshake, epoch, std::move(message)});
}

// RFC 6347 §4.2.5: no handshake message, yet part of the flight, sent and sent again with it.
void Flight::add_change_cipher_spec() {
  trace_.rule("6347:4.2.5#1"_rule);
  items_.push_back({ContentType::kChangeCipherSpec, kPlain, Message{.body = {1}}});
}

void Flight::launch(Kind kind, std::uint16_t answered) {
  kind_ = kind;
  answered_ = answered;
  repeats_ = 0;
  machine_.move(Sending{});
}

void Flight::clear() {
  items_.clear();
  timers_.stop(FlightTimer::kRetransmit);
  // RFC 6347 §4.2.4.1: back to the first value only when nothing had to be repeated.
  if (repeats_ == 0 && rto_ != config_.initial_rto) {
    trace_.rule("6347:4.2.4.1#2"_rule, Fact{"ms", whole_milliseconds(config_.initial_rto)});
    rto_ = config_.initial_rto;
  }
}

void Flight::on_answered() {
  if (machine_.is<Preparing>()) return;  // a server's first flight answers nothing of its own
  clear();
  machine_.move(Preparing{});
}

void Flight::on_finished() {
  clear();
  timers_.stop(FlightTimer::kGiveUp);
  machine_.move(Finishing{});
}

// The peer has not got our flight, or it has crossed the peer's. Several repeats that come close to
// each other, such as a datagram that the network has doubled, are answered once.
void Flight::on_repeated(Instant now, std::uint16_t message_seq) {
  if (message_seq + 1 != answered_ || items_.empty() || machine_.is<Sending>()) return;
  if (now - last_sent_ < config_.initial_rto / 2) return;
  trace_.rule("6347:4.2.4#0"_rule, Fact{"repeated", message_seq});
  repeat();
}

void Flight::repeat() {
  ++repeats_;
  ++retransmits_;
  timers_.stop(FlightTimer::kRetransmit);
  machine_.move(Sending{});
}

Flight::Expired Flight::on_time(Instant now) {
  auto expired = Expired::kNothing;
  while (const std::optional<FlightTimer> timer = timers_.pop_expired(now)) {
    if (*timer == FlightTimer::kGiveUp) return Expired::kGiveUp;
    rto_ = std::min(rto_ * 2, config_.max_rto);
    trace_.rule("6347:4.2.4.1#1"_rule, Fact{"next_ms", whole_milliseconds(rto_)});
    repeat();
    expired = Expired::kRepeat;
  }
  return expired;
}

void Flight::stop() {
  items_.clear();
  timers_.stop(FlightTimer::kRetransmit);
  timers_.stop(FlightTimer::kGiveUp);
}

std::size_t Flight::mtu() const {
  const std::size_t mtu = std::clamp(config_.mtu, kMtuMin, PacketBuffer::kCapacity / 2 + 256);
  if (repeats_ < kRepeatsBeforeSmaller || mtu <= kSmallMtu) return mtu;
  // RFC 6347 §4.1.1.1: it may be the size that gets lost.
  trace_.rule("6347:4.1.1.1#11"_rule, Fact{"mtu", kSmallMtu});
  return kSmallMtu;
}

bool Flight::write_item(Sending& sending, std::size_t room, Epochs& epochs, PacketBuffer& out) {
  const Item& item = items_[sending.item];
  const Bytes body = item.message.body;
  const bool is_message = item.type == ContentType::kHandshake;
  const std::size_t overhead =
      epochs.overhead(item.epoch) + (is_message ? kHandshakeHeaderSize : 0);
  const std::size_t left = body.size() - sending.offset;
  const std::size_t least = std::min(left, is_message ? kFragmentMin : left);
  if (room < overhead + least) return false;
  const std::size_t count = std::min(left, room - overhead);
  const Bytes part = body.subspan(sending.offset, count);
  if (is_message) {
    // RFC 6347 §4.1.1.1: what is too big is cut to what the path is known to bear.
    if (count < body.size()) trace_.rule("6347:4.1.1.1#10"_rule, Fact{"offset", sending.offset});
    ByteVector text;
    Writer writer(text);
    write(writer, Fragment{.type = item.message.type,
                           .length = static_cast<std::uint32_t>(body.size()),
                           .message_seq = item.message.message_seq,
                           .offset = static_cast<std::uint32_t>(sending.offset),
                           .bytes = part});
    epochs.write(item.type, item.epoch, text, out);
  } else {
    epochs.write(item.type, item.epoch, part, out);
  }
  sending.offset += count;
  if (sending.offset == body.size()) {
    ++sending.item;
    sending.offset = 0;
  }
  return true;
}

bool Flight::write_datagram(Instant now, Epochs& epochs, PacketBuffer& out) {
  Sending* sending = machine_.in<Sending>();
  if (sending == nullptr || items_.empty()) return false;
  const std::size_t begin = out.size();
  const std::size_t most = mtu();
  while (sending->item < items_.size() &&
         write_item(*sending, most - (out.size() - begin), epochs, out)) {
  }
  CHECK(out.size() > begin);  // kMtuMin leaves room for the beginning of any item
  last_sent_ = now;
  if (sending->item < items_.size()) return true;
  if (kind_ == Kind::kLast) {
    timers_.stop(FlightTimer::kGiveUp);
    machine_.move(Finishing{});
  } else {
    timers_.set(FlightTimer::kRetransmit, now + rto_);
    machine_.move(Waiting{});
  }
  return true;
}

}  // namespace glass::dtls
