#include "demo/scenarios/attacks.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "base/writer.h"
#include "crypto/seeded_random.h"
#include "demo/scenarios/duo.h"
#include "sim/router.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/message.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 30s;
constexpr Duration kTalkInterval = 150ms;
constexpr Duration kFirstAttempt = 1s;  // after the channel is open
constexpr Duration kBetween = 200ms;
constexpr Duration kQuiet = 1s;  // after the last attempt
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kApplicationData = 23;
constexpr std::uint8_t kClientHello = 1;
constexpr std::size_t kRecordHeader = 13;  // RFC 6347 §4.1
constexpr std::size_t kSequenceEnd = 10;   // the last byte of the sequence number in it

constexpr std::uint8_t kFarAhead = 100;  // more records than she sends in this story
constexpr std::uint8_t kNobodys = 0xC8;  // RFC 7983 gives it to no protocol

const Address kMallory = *parse_address("10.66.0.2:6666");
const Address kProvider = *parse_ip("192.0.2.66");

// Writes whatever sender's address it is told on what goes out. Networks should not let such
// packets leave (BCP 38); this one does.
class Forger final : public sim::Router {
 public:
  void pretend(const Address& address) { source_ = address; }
  Verdict forward(Instant /*now*/, Side from, sim::Header& header) override {
    if (from == Side::kOutside) return {.why = "an answer to somebody who does not want it"};
    header.source = source_;
    return {.onward = Verdict::Onward::kOutside};
  }

 private:
  Address source_ = kProvider.with_port(6666);
};

// Sends what it is given and listens to nobody.
class Mallory {
 public:
  struct Event {};
  void say(const Address& to, ByteVector bytes) { waiting_.push_back({to, std::move(bytes)}); }
  void receive(Instant /*now*/, const Received& /*in*/) {}
  void on_time(Instant /*now*/) {}
  [[nodiscard]] Instant next_time() const { return kNever; }
  std::optional<Path> poll_transmit(Instant /*now*/, PacketBuffer& out) {
    if (waiting_.empty()) return std::nullopt;
    out.assign(waiting_.front().bytes);
    const Path path{.local = kMallory, .remote = waiting_.front().to};
    waiting_.pop_front();
    return path;
  }
  std::optional<Event> poll_event() { return std::nullopt; }

 private:
  struct Packet {
    Address to;
    ByteVector bytes;
  };
  std::deque<Packet> waiting_;
};

// Passes on what it hears, and keeps what Mallory could have seen on the wire.
class Wiretap final : public Sink {
 public:
  explicit Wiretap(Sink* next) : next_(next) {}
  void now(Instant instant) override {
    if (next_ != nullptr) next_->now(instant);
  }
  void rule(Where where, Rule rule, std::span<const Fact> facts) override {
    if (next_ != nullptr) next_->rule(where, rule, facts);
  }
  void drop(Where where, Rule rule, std::string_view why, Bytes packet) override {
    if (next_ != nullptr) next_->drop(where, rule, why, packet);
  }
  void state(Where where, std::string_view machine, std::string_view from,
             std::string_view to) override {
    if (next_ != nullptr) next_->state(where, machine, from, to);
  }
  void timer(Where where, std::string_view name, Instant deadline) override {
    if (next_ != nullptr) next_->timer(where, name, deadline);
  }
  void metric(Where where, std::string_view name, std::uint64_t value) override {
    if (next_ != nullptr) next_->metric(where, name, value);
  }
  void packet(Where where, const PacketNote& note) override {
    if (next_ != nullptr) next_->packet(where, note);
    if (where.layer == Layer::kNet && note.direction == Direction::kSent && note.path != nullptr)
      look(note.path->local, note.bytes);
  }
  void secret(Where where, std::string_view label, Bytes id, Bytes value) override {
    if (next_ != nullptr) next_->secret(where, label, id, value);
  }

  Address watched{};  // whose packets
  ByteVector hello;   // a ClientHello, whoever sent it
  ByteVector check;   // the last of the watched one, and so on
  ByteVector record;

 private:
  void look(const Address& sender, Bytes bytes) {
    if (bytes.size() > kRecordHeader && bytes[0] == kHandshake &&
        bytes[kRecordHeader] == kClientHello)
      hello.assign(bytes.begin(), bytes.end());
    if (sender != watched) return;
    if (bytes.size() > kRecordHeader && bytes[0] == kApplicationData)
      record.assign(bytes.begin(), bytes.end());
    const auto message = stun::MessageView::parse(bytes);
    if (message && message->is(stun::Class::kRequest, stun::Method::kBinding))
      check.assign(bytes.begin(), bytes.end());
  }

  Sink* next_;
};

DuoOptions stage_of(const AttackOptions& options) {
  DuoOptions stage{.seed = options.seed, .way = {.delay = options.delay}};
  stage.channel.label = "chat";
  return stage;
}

class Attack {
 public:
  Attack(const AttackOptions& options, Sink* sink)
      : tap_(sink),
        duo_(stage_of(options), &tap_,
             [this](Duo::Person& to, std::string_view text) { on_message(to, text); }),
        dice_(duo_.world().seed_for("mallory")) {
    tap_.watched = duo_.alice().address;
    const Address everywhere = kProvider.with_port(0);
    const sim::HostId provider =
        duo_.world().router("mallory's provider", forger_, std::span(&everywhere, 1));
    host_ =
        duo_.world().host("mallory", mallory_, kMallory, [](const Mallory::Event&) {}, provider);
    duo_.world().uplink(provider, {.delay = options.delay}, {.delay = options.delay});
  }

  AttackResult run() {
    if (duo_.connect(kPatience)) {
      plan(duo_.world().now() + kFirstAttempt);
      duo_.say(duo_.alice(), "1");
      duo_.world().run_for(kFirstAttempt + kBetween * static_cast<std::int64_t>(planned_) + kQuiet);
    }
    is_over_ = true;
    result_.failure = duo_.alice().failure + duo_.bob().failure;
    duo_.finish();
    return result_;
  }
  [[nodiscard]] const std::vector<std::string>& names() { return duo_.world().names(); }

 private:
  // Bob repeats what Alice says, and Alice counts on.
  void on_message(const Duo::Person& to, std::string_view text) {
    if (&to == &duo_.bob()) return duo_.say(duo_.bob(), text);
    ++result_.answers;
    if (is_over_) return;
    duo_.world().at(duo_.world().now() + kTalkInterval, [this](sim::World&) {
      if (!is_over_) duo_.say(duo_.alice(), decimal(result_.answers + 1));
    });
  }

  // One attempt: under whose address, and what.
  template <class Make>
  void attempt(Instant start, const Address& as, Make make) {
    const Instant at = start + kBetween * static_cast<std::int64_t>(planned_++);
    duo_.world().at(at, [this, as, make](sim::World& world) {
      if (result_.attempts++ == 0) result_.answers_before = result_.answers;
      forger_.pretend(as);
      mallory_.say(duo_.bob().address, make());
      world.poke(host_);
    });
  }
  void plan(Instant start) {
    const Address own = kProvider.with_port(6666);
    const Address alice = duo_.alice().address;
    attempt(start, own, [this] { return check_with(std::nullopt); });
    attempt(start, own, [this] { return check_with("open sesame"); });
    attempt(start, alice, [this] { return answer(); });
    attempt(start, own, [this] { return tap_.hello; });
    attempt(start, alice, [] { return fatal_alert(); });
    attempt(start, alice, [this] { return tap_.record; });
    attempt(start, alice, [this] { return altered(); });
    attempt(start, alice, [] { return sctp_abort(); });
    attempt(start, alice, [] { return ByteVector{kNobodys, 'h', 'e', 'l', 'l', 'o'}; });
  }

  // Alice's last check with another transaction, signed with a password that Mallory made up, or
  // not at all.
  ByteVector check_with(std::optional<std::string_view> password) {
    ByteVector out;
    const auto seen = stun::MessageView::parse(tap_.check);
    if (!seen) return out;
    stun::MessageBuilder builder(Writer(out), stun::Class::kRequest, stun::Method::kBinding,
                                 stun::TransactionId::make(dice_));
    for (const stun::Attribute& attribute : seen->attributes())
      if (attribute.type != stun::AttributeType::kMessageIntegrity &&
          attribute.type != stun::AttributeType::kFingerprint)
        builder.copy(attribute);
    if (password) builder.add_integrity(stun::short_term_key(*password));
    builder.add_fingerprint();
    return out;
  }
  // "You are at my address": an answer that nobody asked for.
  ByteVector answer() {
    ByteVector out;
    stun::MessageBuilder builder(Writer(out), stun::Class::kSuccess, stun::Method::kBinding,
                                 stun::TransactionId::make(dice_));
    builder.add(stun::XorMappedAddress{kProvider.with_port(6666)});
    builder.add_integrity(stun::short_term_key("open sesame"));
    builder.add_fingerprint();
    return out;
  }
  // "handshake failure", in the clear.
  static ByteVector fatal_alert() { return {21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40}; }
  // A record of Alice's with a number that is far ahead of hers, so that nothing but its tag stops
  // it, and one bit of what it says changed.
  ByteVector altered() const {
    ByteVector out = tap_.record;
    if (out.size() <= kRecordHeader) return out;
    out[kSequenceEnd] = static_cast<std::uint8_t>(out[kSequenceEnd] + kFarAhead);
    out.back() ^= 1;
    return out;
  }
  // From port 5000 to port 5000, without DTLS around it.
  static ByteVector sctp_abort() {
    return {0x13, 0x88, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 4};
  }

  Wiretap tap_;
  Forger forger_;
  Mallory mallory_;
  AttackResult result_;
  std::size_t planned_ = 0;
  bool is_over_ = false;
  Duo duo_;
  SeededRandom dice_;
  sim::HostId host_;
};

// The server that carries the answer puts another fingerprint into it.
void exchange_fingerprint(std::string& description) {
  const std::size_t line = description.find("a=fingerprint:sha-256 ");
  if (line == std::string::npos) return;
  for (std::size_t at = description.find(' ', line) + 1;
       at < description.size() && description[at] != '\r'; ++at)
    if (description[at] != ':') description[at] = description[at] == 'A' ? 'B' : 'A';
}

}  // namespace

std::vector<std::string> attack_names() { return Attack({}, nullptr).names(); }

AttackResult attack(const AttackOptions& options, Sink* sink) {
  crypto::seed_openssl(options.seed);
  AttackResult result = Attack(options, sink).run();
  crypto::unseed_openssl();
  return result;
}

AttackResult attack_fingerprint(const AttackOptions& options, Sink* sink) {
  crypto::seed_openssl(options.seed);
  DuoOptions stage = stage_of(options);
  stage.bob.describe = exchange_fingerprint;
  AttackResult result;
  Duo duo(stage, sink, [&result](const Duo::Person&, std::string_view) { ++result.answers; });
  (void)duo.connect(kPatience);
  result.attempts = 1;
  result.failure = duo.alice().failure.empty() ? duo.bob().failure : duo.alice().failure;
  duo.finish();
  crypto::unseed_openssl();
  return result;
}

}  // namespace glass::demo
