// tests/sctp/association/link_test.cc - two associations over a network that loses, repeats,
// reorders.
#include "tests/sctp/support/link.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "sctp/association.h"
#include "tests/sctp/support/pair.h"
#include "tests/support/rules.h"

namespace glass::sctp {
namespace {

using test::Arrived;
using test::LinkConfig;
using test::number_of;
using test::numbered;
using test::Pair;
using namespace std::chrono_literals;

TEST(AssociationLink, BothConnectAtOnce) {
  Pair t;
  t.connect_both();

  EXPECT_TRUE(t.a.is_established());
  EXPECT_TRUE(t.b.is_established());
  EXPECT_RULE("9260:5.2.1#1");
}

TEST(AssociationLink, OneConnectsAndTheOtherAnswers) {
  Pair t;
  t.a.connect(t.link.now());

  ASSERT_TRUE(t.link.run_until([&] { return t.connected[0] == 1 && t.connected[1] == 1; }, 1s));

  EXPECT_EQ(t.link.now(), Instant{} + 40ms);  // INIT, INIT ACK, COOKIE ECHO, COOKIE ACK
}

TEST(AssociationLink, MessagesArrive) {
  Pair t;
  t.connect_both();
  for (std::uint32_t i = 0; i < 100; ++i)
    ASSERT_TRUE(t.a.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{51}},
                         numbered(i, 1 + i * 100)));

  ASSERT_TRUE(t.link.run_until([&] { return t.arrived[1].size() == 100; }, 30s));

  for (std::uint32_t i = 0; i < 100; ++i)
    EXPECT_EQ(t.arrived[1][i].bytes, numbered(i, 1 + i * 100));
}

// What was sent on each ordered stream must arrive once and in order, and each unordered message
// once.
class Workload {
 public:
  explicit Workload(std::uint64_t seed) : random_(seed) {}

  void send(Pair& t, int side) {
    Association& from = side == 0 ? t.a : t.b;
    const std::uint16_t stream = static_cast<std::uint16_t>(random_.below(5));
    const Order order = random_.below(3) == 0 ? Order::kUnordered : Order::kOrdered;
    const std::size_t size =
        random_.below(4) == 0 ? 4 + random_.below(20'000) : 4 + random_.below(800);
    const std::uint32_t number = count_[side]++;
    sizes_[side].push_back(size);
    ASSERT_TRUE(from.send(t.link.now(),
                          {.stream = StreamId{stream}, .ppid = Ppid{53}, .order = order},
                          numbered(number, size)));
  }
  void check(const Pair& t, int receiver) const {
    const int sender = 1 - receiver;
    ASSERT_EQ(t.arrived[receiver].size(), count_[sender]);
    std::map<std::uint16_t, std::uint32_t> last;
    std::set<std::uint32_t> seen;
    for (const Arrived& one : t.arrived[receiver]) {
      const std::uint32_t number = number_of(one.bytes);
      ASSERT_TRUE(seen.insert(number).second) << "twice: " << number;
      ASSERT_EQ(one.bytes, numbered(number, sizes_[sender][number]));
      if (one.order == Order::kUnordered) continue;
      const auto before = last.find(one.stream);
      if (before != last.end()) {
        ASSERT_LT(before->second, number);
      }
      last[one.stream] = number;
    }
  }
  [[nodiscard]] std::uint32_t count(int side) const { return count_[side]; }

 private:
  SeededRandom random_;
  std::uint32_t count_[2]{};
  std::vector<std::size_t> sizes_[2];
};

class BadNetwork : public testing::TestWithParam<int> {};

TEST_P(BadNetwork, DeliversEverythingOnceAndInOrder) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  Pair t({.seed = seed,
          .loss_percent = static_cast<unsigned>(seed * 7 % 30),
          .reorder_percent = static_cast<unsigned>(seed * 11 % 40),
          .duplicate_percent = static_cast<unsigned>(seed * 5 % 20)});
  t.connect_both();
  Workload load(seed);
  for (int round = 0; round < 40; ++round) {
    load.send(t, 0);
    load.send(t, 1);
    if (round % 4 == 0) t.link.run_for(50ms);
  }

  const bool done = t.link.run_until(
      [&] { return t.arrived[0].size() == load.count(1) && t.arrived[1].size() == load.count(0); },
      3600s);

  ASSERT_TRUE(done) << "seed " << seed << ": " << t.arrived[0].size() << " " << t.arrived[1].size();
  load.check(t, 0);
  load.check(t, 1);
  EXPECT_TRUE(t.closed[0].empty());
  t.a.shutdown(t.link.now());
  EXPECT_TRUE(
      t.link.run_until([&] { return t.closed[0].size() == 1 && t.closed[1].size() == 1; }, 1200s))
      << "seed " << seed;
}

INSTANTIATE_TEST_SUITE_P(Seeds, BadNetwork, testing::Range(1, 41));

TEST(AssociationLink, BulkDataFillsThePipe) {
  Config config;
  config.max_message_size = config.max_send_message_size = 4 * kMebibyte;
  Pair t({.delay = 5ms}, config, config);
  t.connect_both();

  ASSERT_TRUE(t.a.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}},
                       numbered(1, 4 * kMebibyte)));
  ASSERT_TRUE(t.link.run_until([&] { return t.arrived[1].size() == 1; }, 60s));

  EXPECT_EQ(t.arrived[1][0].bytes, numbered(1, 4 * kMebibyte));
  EXPECT_LT(t.link.now(), Instant{} + 1s);  // slow start doubles: about ten round trips
  EXPECT_RULE("9260:7.2.1#7");
  EXPECT_RULE("9260:6.2#8");
  EXPECT_RULE("9260:6.9#2");
  EXPECT_RULE("9260:6.9#15");
}

TEST(AssociationLink, ShutdownDeliversWhatIsOutstanding) {
  Pair t;
  t.connect_both();
  for (std::uint32_t i = 0; i < 50; ++i)
    ASSERT_TRUE(
        t.a.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(i, 1000)));
  t.a.shutdown(t.link.now());
  EXPECT_EQ(
      t.a.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(1, 4)).error(),
      SendError::kClosed);

  ASSERT_TRUE(
      t.link.run_until([&] { return t.closed[0].size() == 1 && t.closed[1].size() == 1; }, 5s));

  EXPECT_EQ(t.arrived[1].size(), 50u);
  EXPECT_EQ(t.closed[0][0].reason, CloseReason::kShutdown);
  EXPECT_EQ(t.closed[1][0].reason, CloseReason::kShutdown);
  EXPECT_EQ(t.a.next_time(), kNever);
  EXPECT_EQ(t.b.next_time(), kNever);
  EXPECT_RULE("9260:9.2#22");
  EXPECT_RULE("9260:9.2#1");
  EXPECT_RULE("9260:9.2#9");
  EXPECT_RULE("9260:9.2#15");
  EXPECT_RULE("9260:9.2#19");
  EXPECT_RULE("9260:9.2#21");
  EXPECT_RULE("9260:9.2#14");
  EXPECT_RULE("9260:9.2#23");
  EXPECT_RULE("9260:3.3.8#2");
  EXPECT_RULE("9260:8.5.1#8");
  EXPECT_RULE("9260:6.1#29");
}

TEST(AssociationLink, BothShutDownAtOnce) {
  Pair t;
  t.connect_both();
  t.a.shutdown(t.link.now());
  t.b.shutdown(t.link.now());

  ASSERT_TRUE(
      t.link.run_until([&] { return t.closed[0].size() == 1 && t.closed[1].size() == 1; }, 5s));

  EXPECT_EQ(t.closed[0][0].reason, CloseReason::kShutdown);
  EXPECT_EQ(t.closed[1][0].reason, CloseReason::kShutdown);
  EXPECT_RULE("9260:9.2#27");
  EXPECT_RULE("9260:9.2#28");
}

TEST(AssociationLink, AbortTellsThePeerWhy) {
  Pair t;
  t.connect_both();
  t.a.abort(t.link.now(), "had enough");

  ASSERT_TRUE(t.link.run_until([&] { return t.closed[1].size() == 1; }, 1s));

  EXPECT_EQ(t.closed[0][0].reason, CloseReason::kAbortedHere);
  EXPECT_EQ(t.closed[1][0].reason, CloseReason::kAbortedByPeer);
  EXPECT_EQ(t.closed[1][0].text, "ABORT: user-initiated abort: had enough");
  EXPECT_RULE("9260:9.1#1");
  EXPECT_RULE("9260:9.1#3");
  EXPECT_RULE("9260:9.1#4");
  EXPECT_RULE("9260:9.1#6");
  EXPECT_RULE("9260:9.1#7");
}

TEST(AssociationLink, AStreamResetFollowsItsData) {
  Pair t({.seed = 3, .loss_percent = 10});
  t.connect_both();
  for (std::uint32_t i = 0; i < 30; ++i)
    ASSERT_TRUE(
        t.a.send(t.link.now(), {.stream = StreamId{4}, .ppid = Ppid{53}}, numbered(i, 2000)));
  t.a.reset_stream(t.link.now(), StreamId{4});
  std::size_t arrived_at_reset = 0;
  ASSERT_TRUE(t.link.run_until(
      [&] {
        if (!t.resets_in[1].empty() && arrived_at_reset == 0)
          arrived_at_reset = t.arrived[1].size();
        return t.resets_out[0].size() == 1 && t.resets_in[1].size() == 1;
      },
      120s));
  EXPECT_EQ(arrived_at_reset, 30u);
  EXPECT_EQ(t.resets_failed[0], 0);

  // The second life of the stream begins at SSN 0 on both sides.
  for (std::uint32_t i = 0; i < 5; ++i)
    ASSERT_TRUE(
        t.a.send(t.link.now(), {.stream = StreamId{4}, .ppid = Ppid{53}}, numbered(100 + i, 2000)));
  ASSERT_TRUE(t.link.run_until([&] { return t.arrived[1].size() == 35; }, 120s));
  EXPECT_EQ(number_of(t.arrived[1][30].bytes), 100u);
  EXPECT_RULE("6525:5.1.2#1");
  EXPECT_RULE("6525:5.1.2#3");
  EXPECT_RULE("6525:5.1.1#6");
  EXPECT_RULE("6525:5.2.1#3");
  EXPECT_RULE("6525:5.2.2#7");
  EXPECT_RULE("6525:5.2.2#9");
  EXPECT_RULE("6525:5.2.7#2");
  EXPECT_RULE("6525:5.2.7#4");
}

TEST(AssociationLink, UnreliableMessagesAreGivenUpAndBlockNobody) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Pair t({.seed = seed, .loss_percent = 25, .reorder_percent = 10});
    t.connect_both();
    for (std::uint32_t i = 0; i < 60; ++i) {
      const Reliability limited{.max_retransmits = 0};
      const Reliability reliable{};
      ASSERT_TRUE(t.a.send(
          t.link.now(),
          {.stream = StreamId{1}, .ppid = Ppid{53}, .reliability = i % 3 == 0 ? reliable : limited},
          numbered(i, 3000)));
      t.link.run_for(20ms);
    }
    // The reliable ones all arrive, in order.
    const bool done = t.link.run_until(
        [&] {
          std::size_t reliable = 0;
          for (const Arrived& one : t.arrived[1]) reliable += number_of(one.bytes) % 3 == 0 ? 1 : 0;
          return reliable == 20;
        },
        600s);
    ASSERT_TRUE(done) << "seed " << seed;
    EXPECT_LT(t.arrived[1].size(), 60u);
    std::uint32_t last = 0;
    for (const Arrived& one : t.arrived[1]) {
      EXPECT_GE(number_of(one.bytes), last);
      last = number_of(one.bytes);
    }
    t.link.run_for(120s);
    EXPECT_EQ(t.a.flight(), 0u) << "seed " << seed;
    EXPECT_TRUE(t.closed[0].empty());
  }
  EXPECT_RULE("7496:3.1#1");
  EXPECT_RULE("3758:3.5#4");
  EXPECT_RULE("3758:3.5#7");
  EXPECT_RULE("3758:3.5#14");
  EXPECT_RULE("3758:3.6#2");
  EXPECT_RULE("3758:3.6#6");
  EXPECT_RULE("3758:3.6#7");
}

TEST(AssociationLink, MessagesWithALifetimeExpire) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Pair t({.seed = seed, .loss_percent = 30});
    t.connect_both();
    for (std::uint32_t i = 0; i < 40; ++i) {
      ASSERT_TRUE(t.a.send(t.link.now(),
                           {.stream = StreamId{1},
                            .ppid = Ppid{53},
                            .order = Order::kUnordered,
                            .reliability = {.lifetime = 100ms}},
                           numbered(i, 30'000)));
      t.link.run_for(30ms);
    }
    t.link.run_for(60s);
    EXPECT_LT(t.arrived[1].size(), 40u);
    EXPECT_EQ(t.a.flight(), 0u);
    EXPECT_EQ(t.a.buffered_amount(StreamId{1}), 0u);
    EXPECT_TRUE(t.closed[0].empty() && t.closed[1].empty());
    // And the association still works.
    ASSERT_TRUE(
        t.a.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(1000, 10)));
    ASSERT_TRUE(t.link.run_until(
        [&] { return !t.arrived[1].empty() && number_of(t.arrived[1].back().bytes) == 1000; },
        300s));
  }
  EXPECT_RULE("3758:4.1#6");
  EXPECT_RULE("3758:3.2#3");
}

TEST(AssociationLink, APeerThatRestartsGetsANewAssociation) {
  Pair t;
  t.connect_both();
  // Side 1 loses its memory: a third association takes its place.
  SeededRandom random_c(99);
  Association c({}, random_c, test::test_trace(Layer::kSctp, 2));
  int connected = 0;
  int restarted = 0;
  test::Link<Association> link(t.a, c, {}, [&](int side, Association::Event& event) {
    if (side == 0 && std::holds_alternative<Restarted>(event)) ++restarted;
    if (side == 1 && std::holds_alternative<Connected>(event)) ++connected;
  });
  c.connect(link.now());

  ASSERT_TRUE(link.run_until([&] { return connected == 1 && restarted == 1; }, 5s));

  EXPECT_TRUE(t.a.is_established());
  EXPECT_RULE("9260:5.2.4#5");
  EXPECT_RULE("9260:5.2.2#6");
}

TEST(AssociationLink, ADeadPathIsNoticedByHeartbeats) {
  Pair t;
  t.connect_both();
  t.link.run_for(100s);
  EXPECT_TRUE(t.closed[0].empty());
  EXPECT_RULE("9260:8.3#1");
  EXPECT_RULE("9260:8.3#9");
  EXPECT_RULE("9260:8.3#12");
  EXPECT_RULE("9260:8.3#13");
  EXPECT_RULE("9260:8.3#14");
  t.link.set_loss(100);

  ASSERT_TRUE(
      t.link.run_until([&] { return t.closed[0].size() == 1 && t.closed[1].size() == 1; }, 3600s));

  EXPECT_EQ(t.closed[0][0].reason, CloseReason::kUnreachable);
  EXPECT_RULE("9260:8.3#4");
  EXPECT_RULE("9260:8.1#3");
}

TEST(AssociationLink, ADeadPathIsNoticedByData) {
  Pair t;
  t.connect_both();
  t.link.set_loss(100);
  ASSERT_TRUE(t.a.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(1, 100)));

  ASSERT_TRUE(t.link.run_until([&] { return t.closed[0].size() == 1; }, 3600s));

  EXPECT_EQ(t.closed[0][0].reason, CloseReason::kUnreachable);
  EXPECT_RULE("9260:6.3.3#1");
  EXPECT_RULE("9260:7.2.3#2");
  EXPECT_RULE("9260:6.1#24");
}

TEST(AssociationLink, NobodyAnswersInit) {
  Pair t;
  t.link.set_loss(100);
  t.a.connect(t.link.now());

  ASSERT_TRUE(t.link.run_until([&] { return t.closed[0].size() == 1; }, 3600s));

  // RTO.Initial 1 s, doubled eight times, RTO.Max 60 s: 1+2+4+8+16+32+60+60+60.
  EXPECT_EQ(t.link.now(), Instant{} + 243s);
  EXPECT_EQ(t.closed[0][0].reason, CloseReason::kSetupTimeout);
  EXPECT_RULE("9260:4#3");
  EXPECT_RULE("9260:4#5");
}

TEST(AssociationLink, ASlowReaderClosesTheWindowAndOpensItAgain) {
  Config small;
  small.receive_window = 20'000;
  SeededRandom random_a(1);
  SeededRandom random_b(2);
  Association a({}, random_a, test::test_trace(Layer::kSctp, 0));
  Association b(small, random_b, test::test_trace(Layer::kSctp, 1));
  // A hand-made link, whose side b polls only when it is told to.
  Instant now{};
  PacketBuffer packet;
  bool b_polls = true;
  std::size_t delivered = 0;
  const auto exchange = [&] {
    for (bool idle = false; !idle;) {
      idle = true;
      for (packet.clear(); a.poll_transmit(now, packet); packet.clear(), idle = false)
        b.receive(now, packet.bytes());
      for (packet.clear(); b.poll_transmit(now, packet); packet.clear(), idle = false)
        a.receive(now, packet.bytes());
      while (a.poll_event()) idle = false;
      while (b_polls) {
        const auto event = b.poll_event();
        if (!event) break;
        if (const auto* message = std::get_if<Message>(&*event)) delivered += message->bytes.size();
        idle = false;
      }
    }
  };
  const auto run_to = [&](Instant end) {
    exchange();
    while (std::min(a.next_time(), b.next_time()) <= end) {
      now = std::max(now, std::min(a.next_time(), b.next_time()));
      a.on_time(now);
      b.on_time(now);
      exchange();
    }
    now = end;
  };
  a.connect(now);
  run_to(now + 1s);
  b_polls = false;
  for (std::uint32_t i = 0; i < 100; ++i)
    ASSERT_TRUE(a.send(now, {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(i, 1000)));
  run_to(now + 1200s);
  EXPECT_TRUE(a.is_established()) << "probes are answered: the path is fine";
  EXPECT_LT(delivered, 20'000u);
  EXPECT_RULE("9260:6.2#2");
  EXPECT_RULE("9260:6.2#4");
  EXPECT_RULE("9260:6.2#6");
  EXPECT_RULE("9260:6.1#3");
  EXPECT_RULE("9260:6.1#7");
  EXPECT_RULE("9260:6.1#8");

  b_polls = true;
  run_to(now + 10s);

  EXPECT_EQ(delivered, 100'000u);
  EXPECT_RULE("9260:6.2#11");
}

TEST(AssociationLink, BufferedAmountFallsToTheLowWaterMark) {
  Pair t;
  t.connect_both();
  t.a.set_low_water(StreamId{1}, 10'000);
  for (std::uint32_t i = 0; i < 100; ++i)
    ASSERT_TRUE(
        t.a.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(i, 1000)));
  EXPECT_EQ(t.a.buffered_amount(StreamId{1}), 100'000u);

  ASSERT_TRUE(t.link.run_until([&] { return t.low[0] == 1; }, 10s));
  EXPECT_LE(t.a.buffered_amount(StreamId{1}), 10'000u);
  t.link.run_for(1s);
  EXPECT_EQ(t.a.buffered_amount(StreamId{1}), 0u);
  EXPECT_EQ(t.low[0], 1);
}

TEST(AssociationLink, TheSendBufferIsBounded) {
  Config config;
  config.send_buffer = 100'000;
  Pair t({}, config, {});
  t.connect_both();
  std::size_t taken = 0;
  while (t.a.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(1, 1000)))
    ++taken;
  EXPECT_EQ(
      t.a.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(1, 1000)).error(),
      SendError::kFull);
  EXPECT_EQ(taken, 93u);  // each costs 64 bytes beside its own

  t.link.run_for(5s);

  EXPECT_TRUE(t.a.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(1, 1000)));
}

TEST(AssociationLink, RefusesWhatCannotBeSent) {
  Pair t;
  t.connect_both();
  const Instant now = t.link.now();
  EXPECT_EQ(t.a.send(now, {.stream = StreamId{1}}, {}).error(), SendError::kEmpty);
  EXPECT_EQ(t.a.send(now, {.stream = StreamId{1}}, numbered(1, 256 * 1024 + 1)).error(),
            SendError::kTooLarge);
  EXPECT_EQ(t.a.send(now, {.stream = StreamId{65535}}, numbered(1, 4)).error(),
            SendError::kBadStream);
  EXPECT_RULE("8841:6.1#1");
  EXPECT_RULE("9260:6.5#1");
}

}  // namespace
}  // namespace glass::sctp
