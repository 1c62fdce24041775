// tests/sctp/association/model_check_test.cc - any network and any user against a model without
// cleverness.
//
// Each seed chooses two configurations, a network and what the users do. Every packet is read as it
// leaves, and every event is compared with what was sent. The model keeps sets and lists; it knows
// nothing of windows, rings or gaps.
//
// GLASS_SCTP_SEEDS=20000 in the environment runs as many seeds as that; GLASS_SCTP_SEED=17 one.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "sctp/association.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/chunks/sack.h"
#include "sctp/packet.h"
#include "tests/sctp/support/link.h"
#include "tests/sctp/support/pair.h"

namespace glass::sctp {
namespace {

using test::Link;
using test::number_of;
using test::numbered;
using namespace std::chrono_literals;

constexpr std::uint16_t kStreams = 6;

// What one side sends, and what the other side must hear of it.
struct Flow {
  struct Sent {
    std::uint32_t number = 0;
    std::size_t size = 0;
    unsigned life = 0;  // of the stream: resets that were asked for before
    bool ordered = true;
    bool reliable = true;
    bool arrived = false;
  };
  std::vector<Sent> sent;  // by number
  std::array<std::vector<std::uint32_t>, kStreams> by_stream;
  std::array<unsigned, kStreams> life{};        // of the sender
  std::array<unsigned, kStreams> heard_life{};  // resets that the receiver has seen
  std::array<bool, kStreams> resetting{};
  std::array<std::int64_t, kStreams> last_ordered{-1, -1, -1, -1, -1, -1};

  // On the wire.
  std::set<std::uint32_t> tsns_sent;
  std::set<std::uint32_t> tsns_passed;
  std::optional<Tsn> skipped_to;    // by FORWARD TSNs that passed
  std::optional<Tsn> acknowledged;  // cumulative, of the SACKs that answer
};

class ModelCheck {
 public:
  explicit ModelCheck(std::uint64_t seed)
      : seed_(seed),
        dice_(seed),
        random_a_(seed * 2),
        random_b_(seed * 2 + 1),
        a_(config(), random_a_, Trace{}),
        b_(config(), random_b_, Trace{}),
        link_(a_, b_,
              {.seed = seed,
               .delay = Duration{1ms} * (1 + dice_.below(60)),
               .reorder_percent = dice_.below(2) * dice_.below(20),
               .duplicate_percent = dice_.below(2) * dice_.below(10)},
              [this](int side, Association::Event& event) { on_event(side, event); }),
        loss_(dice_.below(3) == 0 ? 0 : dice_.below(15)) {
    link_.set_filter([this](int from, Bytes packet) { return on_packet(from, packet); });
  }

  void run() {
    a_.connect(link_.now());
    if (dice_.below(2) == 0) b_.connect(link_.now());
    if (!link_.run_until([&] { return connected_[0] && connected_[1]; }, 600s))
      return fail("no connection");
    const std::uint32_t steps = 20 + dice_.below(60);
    for (std::uint32_t i = 0; i < steps && !failed_; ++i) step();
    loss_ = 0;
    const bool quiet = link_.run_until([&] { return failed_ || is_settled(); }, 900s);
    if (!quiet && !failed_) fail("something reliable never arrived, or a reset never ended");
  }

 private:
  Config config() {
    Config made;
    made.interleaving = both_interleave_;
    made.scheduling = static_cast<Scheduling>(dice_.below(4));
    made.congestion = static_cast<CongestionAlgorithm>(dice_.below(3));
    made.loss_detection = static_cast<LossDetection>(dice_.below(2));
    made.zero_checksum = dice_.below(2) == 0;
    made.packet_size = 512 + dice_.below(700);
    made.receive_window = 4096U << dice_.below(6);
    made.max_receive_window = made.receive_window << dice_.below(3);
    made.outbound_streams = made.inbound_streams = kStreams;
    made.rto_min = dice_.below(2) == 0 ? 1s : 100ms;
    return made;
  }
  Association& side(int index) { return index == 0 ? a_ : b_; }
  void fail(const std::string& what) {
    failed_ = true;
    ADD_FAILURE() << what << ", GLASS_SCTP_SEED=" << seed_;
  }

  void step() {
    const int from = static_cast<int>(dice_.below(2));
    Flow& flow = flows_.at(static_cast<std::size_t>(from));
    const auto stream = static_cast<std::uint16_t>(dice_.below(kStreams));
    switch (dice_.below(8)) {
      case 0: link_.run_for(Duration{1ms} * dice_.below(400)); break;
      case 1:
        if (flow.resetting.at(stream)) break;
        flow.resetting.at(stream) = true;
        side(from).reset_stream(link_.now(), StreamId{stream});
        break;
      default: send(from, flow, stream);
    }
    if (dice_.below(3) == 0) link_.run_for(Duration{1ms} * dice_.below(30));
    link_.settle();
  }

  void send(int from, Flow& flow, std::uint16_t stream) {
    if (flow.resetting.at(stream)) return;
    const auto number = static_cast<std::uint32_t>(flow.sent.size());
    const std::size_t size =
        std::max<std::size_t>(4, dice_.below(3) == 0 ? dice_.below(9000) : dice_.below(600));
    SendOptions options{.stream = StreamId{stream}, .ppid = Ppid{53}};
    if (dice_.below(4) == 0) options.order = Order::kUnordered;
    if (dice_.below(5) == 0) options.reliability.max_retransmits = dice_.below(2);
    if (dice_.below(6) == 0) options.reliability.lifetime = Duration{1ms} * dice_.below(200);
    if (!side(from).send(link_.now(), options, numbered(number, size))) return;
    flow.sent.push_back({.number = number,
                         .size = size,
                         .life = flow.life.at(stream),
                         .ordered = options.order == Order::kOrdered,
                         .reliable = !options.reliability.is_limited()});
    flow.by_stream.at(stream).push_back(number);
  }

  void on_event(int at, Association::Event& event) {
    Flow& incoming = flows_.at(static_cast<std::size_t>(1 - at));
    Flow& outgoing = flows_.at(static_cast<std::size_t>(at));
    if (std::holds_alternative<Connected>(event))
      connected_.at(static_cast<std::size_t>(at)) = true;
    if (std::holds_alternative<Closed>(event)) fail("closed: " + std::get<Closed>(event).text);
    if (const auto* message = std::get_if<Message>(&event)) on_message(incoming, *message);
    if (const auto* reset = std::get_if<IncomingReset>(&event)) {
      if (reset->stream.value() >= kStreams) return fail("a reset of an unknown stream");
      ++incoming.heard_life.at(reset->stream.value());
      incoming.last_ordered.at(reset->stream.value()) = -1;
    }
    if (const auto* done = std::get_if<OutgoingReset>(&event)) {
      if (done->is_done) ++outgoing.life.at(done->stream.value());
      outgoing.resetting.at(done->stream.value()) = false;
    }
  }

  void on_message(Flow& flow, const Message& message) {
    const ByteVector bytes(message.bytes.begin(), message.bytes.end());
    if (bytes.size() < 4 || number_of(bytes) >= flow.sent.size()) return fail("nobody sent this");
    Flow::Sent& sent = flow.sent[number_of(bytes)];
    const std::uint16_t stream = message.stream.value();
    if (bytes != numbered(sent.number, sent.size)) fail("other bytes than were sent");
    if (std::ranges::count(flow.by_stream.at(stream), sent.number) != 1) fail("another stream");
    if (sent.arrived) fail("twice: message " + std::to_string(sent.number));
    if (sent.ordered != (message.order == Order::kOrdered)) fail("another order");
    sent.arrived = true;
    // Not before the reset that it came after, and not behind the one that came after it.
    if (sent.life != flow.heard_life.at(stream)) fail("a message of another life of its stream");
    if (!sent.ordered) return;
    if (sent.number <= flow.last_ordered.at(stream)) fail("out of order");
    // All reliable ordered ones before it in this life are here.
    for (const std::uint32_t before : flow.by_stream.at(stream)) {
      const Flow::Sent& other = flow.sent[before];
      if (before < sent.number && other.life == sent.life && other.ordered && other.reliable &&
          !other.arrived)
        fail("a reliable message was passed");
    }
    flow.last_ordered.at(stream) = sent.number;
  }

  // False: the network loses it.
  bool on_packet(int from, Bytes bytes) {
    const bool passes = loss_ == 0 || dice_.below(100) >= loss_;
    ByteVector copy(bytes.begin(), bytes.end());
    Reader in(copy);
    (void)parse_common_header(in);
    ChunkWalk walk(in);
    bool has_new = false;
    while (auto raw = walk.next()) has_new = on_chunk(from, *raw, passes) || has_new;
    // RFC 9260 §6.1 B: a packet may pass cwnd with its end, not with its beginning.
    const Association& sender = side(from);
    if (has_new && sender.flight() >= sender.cwnd() + sender.config().packet_size)
      fail("new data beyond the congestion window");
    return passes;
  }

  // True: data that was not sent before.
  bool on_chunk(int from, RawChunk& raw, bool passes) {
    Flow& flow = flows_.at(static_cast<std::size_t>(from));
    switch (raw.type) {
      case ChunkType::kData:
      case ChunkType::kInterleavedData: {
        const std::uint32_t tsn = parse_data(raw)->tsn.value();
        if (passes) flow.tsns_passed.insert(tsn);
        return flow.tsns_sent.insert(tsn).second;
      }
      case ChunkType::kForwardTsn:
      case ChunkType::kInterleavedForwardTsn: {
        const Tsn to = parse_forward_tsn(raw)->cumulative;
        if (passes && (!flow.skipped_to || to.follows(*flow.skipped_to))) flow.skipped_to = to;
        return false;
      }
      case ChunkType::kSack: {
        on_sack(flows_.at(static_cast<std::size_t>(1 - from)), *parse_sack(raw));
        return false;
      }
      default: return false;
    }
  }

  // `flow` is what the SACK acknowledges.
  void on_sack(Flow& flow, const SackChunk& sack) {
    if (flow.acknowledged && sack.cumulative.precedes(*flow.acknowledged))
      fail("the cumulative TSN went back");
    const auto is_here = [&](Tsn tsn) {
      return flow.tsns_passed.contains(tsn.value()) ||
             (flow.skipped_to && !tsn.follows(*flow.skipped_to));
    };
    if (flow.acknowledged)
      for (Tsn tsn = flow.acknowledged->next(); !tsn.follows(sack.cumulative); tsn = tsn.next())
        if (!is_here(tsn)) return fail("acknowledged what never arrived");
    for (std::size_t i = 0; i < sack.gap_count; ++i)
      for (std::uint32_t at = sack.gap(i).start; at <= sack.gap(i).end; ++at)
        if (!is_here(sack.cumulative + at)) return fail("a gap block of what never arrived");
    flow.acknowledged = sack.cumulative;
  }

  bool is_settled() {
    for (const Flow& flow : flows_) {
      if (std::ranges::any_of(flow.resetting, [](bool one) { return one; })) return false;
      if (std::ranges::any_of(flow.sent,
                              [](const Flow::Sent& one) { return one.reliable && !one.arrived; }))
        return false;
      if (flow.life != flow.heard_life) return false;
    }
    return a_.flight() == 0 && b_.flight() == 0;
  }

  std::uint64_t seed_;
  SeededRandom dice_;
  bool both_interleave_ = dice_.below(2) == 0;
  SeededRandom random_a_;
  SeededRandom random_b_;
  Association a_;
  Association b_;
  Link<Association> link_;
  unsigned loss_;
  bool failed_ = false;
  std::array<bool, 2> connected_{};
  std::array<Flow, 2> flows_;  // by sender
};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

TEST(ModelCheck, NothingIsLostRepeatedOrDisordered) {
  const std::uint64_t only = from_environment("GLASS_SCTP_SEED", 0);
  const std::uint64_t last = only != 0 ? only : from_environment("GLASS_SCTP_SEEDS", 200);
  for (std::uint64_t seed = std::max<std::uint64_t>(only, 1); seed <= last; ++seed) {
    ModelCheck(seed).run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace glass::sctp
