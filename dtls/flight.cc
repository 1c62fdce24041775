#include "dtls/flight.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "dtls/config.h"
#include "dtls/epochs.h"
#include "dtls/epochs13.h"
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
      initial_rto_(config.initial_rto),
      rto_(config.initial_rto) {}

void Flight::begin_handshake(Instant now) {
  timers_.set(FlightTimer::kGiveUp, now + config_.handshake_limit);
}

void Flight::add(std::uint64_t epoch, Message message) {
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
  ++number_;
  missing_.clear();
  sent_.clear();
  for (std::size_t i = 0; i < items_.size(); ++i)
    missing_.push_back({.item = i, .begin = 0, .end = items_[i].message.body.size()});
  round_ = missing_;
  machine_.move(Sending{});
}

void Flight::clear() {
  items_.clear();
  missing_.clear();
  sent_.clear();
  timers_.stop(FlightTimer::kRetransmit);
  // RFC 6347 §4.2.4.1: back to the first value only when nothing had to be repeated.
  if (repeats_ == 0 && rto_ != initial_rto_) {
    trace_.rule("6347:4.2.4.1#2"_rule, Fact{"ms", whole_milliseconds(initial_rto_)});
    rto_ = initial_rto_;
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
  if (!machine_.is<Finishing>()) machine_.move(Finishing{});
}

void Flight::settle(const Piece& arrived) {
  std::vector<Piece> left;
  for (const Piece& piece : missing_) {
    if (piece.item != arrived.item || piece.end < arrived.begin || piece.begin > arrived.end) {
      left.push_back(piece);
      continue;
    }
    if (piece.begin < arrived.begin)
      left.push_back({.item = piece.item, .begin = piece.begin, .end = arrived.begin});
    if (piece.end > arrived.end)
      left.push_back({.item = piece.item, .begin = arrived.end, .end = piece.end});
  }
  missing_ = std::move(left);
}

bool Flight::on_ack(std::span<const RecordNumber> records) {
  bool is_news = false;
  for (const RecordNumber& number : records) {
    const auto at = std::ranges::find(sent_, number, &SentRecord::number);
    if (at == sent_.end()) continue;
    is_news = true;
    trace_.rule("9147:7.2#1"_rule, Fact{"epoch", number.epoch}, Fact{"sequence", number.sequence});
    settle(at->piece);
    std::erase_if(sent_, [&](const SentRecord& sent) { return sent.number == number; });
  }
  if (!is_news) return false;
  if (missing_.empty()) {
    trace_.rule("9147:7.2#3"_rule);
    clear();
    return true;
  }
  // RFC 9147 §7.2: what the peer names is what it has; the rest is lost and need not wait.
  if (machine_.is<Waiting>()) {
    trace_.rule("9147:7.2#2"_rule, Fact{"pieces", missing_.size()});
    repeat();
  }
  return false;
}

// The peer has not got our flight, or it has crossed the peer's. Several repeats that come close to
// each other, such as a datagram that the network has doubled, are answered once.
void Flight::on_repeated(Instant now, std::uint16_t message_seq) {
  if (message_seq + 1 != answered_ || items_.empty() || machine_.is<Sending>()) return;
  if (now - last_sent_ < initial_rto_ / 2) return;
  trace_.rule("6347:4.2.4#0"_rule, Fact{"repeated", message_seq});
  repeat();
}

void Flight::repeat() {
  ++repeats_;
  ++retransmits_;
  timers_.stop(FlightTimer::kRetransmit);
  round_ = missing_;
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
  missing_.clear();
  timers_.stop(FlightTimer::kRetransmit);
  timers_.stop(FlightTimer::kGiveUp);
}

void Flight::pause() {
  is_paused_ = true;
  timers_.stop(FlightTimer::kRetransmit);
}

void Flight::resume(Instant now, Duration rto) {
  is_paused_ = false;
  initial_rto_ = rto;
  rto_ = std::min(rto, config_.max_rto);
  if (machine_.is<Waiting>() && kind_ == Kind::kNotLast && !items_.empty())
    timers_.set(FlightTimer::kRetransmit, now + rto_);
}

std::size_t Flight::mtu() const {
  const std::size_t mtu = usable_mtu(config_);
  if (repeats_ < kRepeatsBeforeSmaller || mtu <= kSmallMtu) return mtu;
  // RFC 6347 §4.1.1.1: it may be the size that gets lost.
  trace_.rule("6347:4.1.1.1#11"_rule, Fact{"mtu", kSmallMtu});
  return kSmallMtu;
}

bool Flight::write_item(Sending& sending, std::size_t room, Epochs& epochs, PacketBuffer& out) {
  const Piece& piece = round_[sending.next];
  const Item& item = items_[piece.item];
  const Bytes body = item.message.body;
  const bool is_message = item.type == ContentType::kHandshake;
  const std::size_t overhead =
      epochs.overhead(item.epoch) + (is_message ? kHandshakeHeaderSize : 0);
  const std::size_t begin = piece.begin + sending.offset;
  const std::size_t left = piece.end - begin;
  const std::size_t least = std::min(left, is_message ? kFragmentMin : left);
  if (room < overhead + least) return false;
  // RFC 8449 §4: nor may a record hold more than the peer takes.
  const std::size_t most = epochs.text_max(item.epoch) - (is_message ? kHandshakeHeaderSize : 0);
  const std::size_t count = std::min({left, room - overhead, most});
  const Bytes part = body.subspan(begin, count);
  RecordNumber number;
  if (is_message) {
    // RFC 6347 §4.1.1.1: what is too big is cut to what the path is known to bear.
    if (count < body.size()) trace_.rule("6347:4.1.1.1#10"_rule, Fact{"offset", begin});
    ByteVector text;
    Writer writer(text);
    write(writer, Fragment{.type = item.message.type,
                           .length = static_cast<std::uint32_t>(body.size()),
                           .message_seq = item.message.message_seq,
                           .offset = static_cast<std::uint32_t>(begin),
                           .bytes = part});
    number = epochs.write(item.type, item.epoch, text, out);
  } else {
    number = epochs.write(item.type, item.epoch, part, out);
  }
  if (sent_.size() == kSentRecordsMax) sent_.erase(sent_.begin());
  sent_.push_back({
      .number = number, .piece = {.item = piece.item, .begin = begin, .end = begin + count}
  });
  sending.offset += count;
  if (begin + count == piece.end) {
    ++sending.next;
    sending.offset = 0;
  }
  return true;
}

bool Flight::write_datagram(Instant now, Epochs& epochs, PacketBuffer& out) {
  Sending* sending = machine_.in<Sending>();
  if (sending == nullptr || items_.empty()) return false;
  if (sending->next >= round_.size()) return false;
  const std::size_t begin = out.size();
  const std::size_t most = mtu();
  while (sending->next < round_.size() &&
         write_item(*sending, most - (out.size() - begin), epochs, out)) {
  }
  CHECK(out.size() > begin);  // kMtuMin leaves room for the beginning of any item
  last_sent_ = now;
  if (sending->next < round_.size()) return true;
  if (kind_ == Kind::kLast) {
    timers_.stop(FlightTimer::kGiveUp);
    machine_.move(Finishing{});
  } else {
    if (kind_ == Kind::kNotLast && !is_paused_) timers_.set(FlightTimer::kRetransmit, now + rto_);
    machine_.move(Waiting{});
  }
  return true;
}

}  // namespace glass::dtls
