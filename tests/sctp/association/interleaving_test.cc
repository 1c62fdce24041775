// tests/sctp/association/interleaving_test.cc - I-DATA and checksums left out: agreed upon, or not.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "sctp/association.h"
#include "sctp/packet.h"
#include "tests/sctp/support/pair.h"
#include "tests/sctp/support/solo.h"
#include "tests/support/rules.h"

namespace glass::sctp {
namespace {

using test::LinkConfig;
using test::number_of;
using test::numbered;
using test::Pair;
using test::Solo;
using namespace std::chrono_literals;

Config interleaving(Scheduling scheduling = Scheduling::kWeightedFair) {
  Config config;
  config.interleaving = true;
  config.scheduling = scheduling;
  config.max_message_size = config.max_send_message_size = 4 * kMebibyte;
  return config;
}

// Streams in the order in which their messages arrived: 1 has a megabyte, 2 a few bytes.
std::vector<std::uint16_t> long_and_short(const Config& config) {
  Pair t({.delay = 25ms}, config, config);
  t.connect_both();
  EXPECT_TRUE(
      t.a.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(1, 1'000'000)));
  t.link.run_for(100ms);
  EXPECT_TRUE(t.a.send(t.link.now(), {.stream = StreamId{2}, .ppid = Ppid{53}}, numbered(2, 100)));
  EXPECT_TRUE(t.link.run_until([&] { return t.arrived[1].size() == 2; }, 60s));
  std::vector<std::uint16_t> order;
  for (const auto& one : t.arrived[1]) {
    order.push_back(one.stream);
    EXPECT_EQ(one.bytes, numbered(one.stream, one.stream == 1 ? 1'000'000 : 100));
  }
  return order;
}

TEST(Interleaving, ALongMessageDoesNotBlockAnotherStream) {
  EXPECT_EQ(long_and_short(interleaving()), (std::vector<std::uint16_t>{2, 1}));
  EXPECT_RULE("8260:2.2.1#1");
}

TEST(Interleaving, WithoutItTheLongMessageComesFirst) {
  Config config = interleaving();
  config.interleaving = false;
  EXPECT_EQ(long_and_short(config), (std::vector<std::uint16_t>{1, 2}));
}

TEST(Interleaving, FirstComeIsFirstServedEvenWithIt) {
  EXPECT_EQ(long_and_short(interleaving(Scheduling::kFirstCome)),
            (std::vector<std::uint16_t>{1, 2}));
}

TEST(Interleaving, OnlyOneSideWantingItMeansData) {
  Config plain = interleaving();
  plain.interleaving = false;
  Pair t({}, interleaving(), plain);
  t.connect_both();
  ASSERT_TRUE(t.a.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(1, 5000)));
  ASSERT_TRUE(t.b.send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(2, 5000)));
  ASSERT_TRUE(
      t.link.run_until([&] { return t.arrived[0].size() + t.arrived[1].size() == 2; }, 10s));
  EXPECT_NO_RULE("8260:2.2.1#1");
}

// Streams with priorities 100, 200 and 300 have 60 messages each; how many of each came among the
// first 60.
std::array<int, 3> first_sixty(Scheduling scheduling) {
  Pair t({}, interleaving(scheduling), interleaving(scheduling));
  t.connect_both();
  for (std::uint16_t s = 0; s < 3; ++s)
    t.a.set_priority(StreamId{s}, static_cast<std::uint16_t>(100 * (s + 1)));
  for (std::uint32_t i = 0; i < 60; ++i)
    for (std::uint16_t s = 0; s < 3; ++s)
      EXPECT_TRUE(
          t.a.send(t.link.now(), {.stream = StreamId{s}, .ppid = Ppid{53}}, numbered(i, 3000)));
  EXPECT_TRUE(t.link.run_until([&] { return t.arrived[1].size() >= 60; }, 60s));
  std::array<int, 3> counts{};
  for (std::size_t i = 0; i < 60; ++i) ++counts.at(t.arrived[1][i].stream);
  return counts;
}

TEST(Interleaving, RoundRobinServesStreamsAlike) {
  const auto counts = first_sixty(Scheduling::kRoundRobin);
  for (const int count : counts) EXPECT_EQ(count, 20);
}

TEST(Interleaving, WeightedFairSharesByPriority) {
  const auto counts = first_sixty(Scheduling::kWeightedFair);
  EXPECT_EQ(counts, (std::array<int, 3>{10, 20, 30}));
}

TEST(Interleaving, PriorityServesTheHighestAlone) {
  const auto counts = first_sixty(Scheduling::kPriority);
  EXPECT_GE(counts[2], 59);  // the first fragment was chosen when nothing else waited
}

// Any network: what is reliable arrives once and in the order of its stream, what may be given up
// at most once, and the association lives.
TEST(Interleaving, MessagesSurviveBadNetworks) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    Pair t({.seed = seed, .loss_percent = 6, .reorder_percent = 10, .duplicate_percent = 5},
           interleaving(), interleaving());
    t.connect_both();
    SeededRandom dice(seed);
    std::map<std::uint16_t, std::vector<std::uint32_t>> reliable;
    std::size_t unordered = 0;
    for (std::uint32_t i = 0; i < 120; ++i) {
      const auto stream = static_cast<std::uint16_t>(dice.below(6));
      SendOptions options{.stream = StreamId{stream}, .ppid = Ppid{53}};
      if (stream == 4) options.reliability.max_retransmits = 0;
      if (stream == 5) options.order = Order::kUnordered;
      ASSERT_TRUE(t.a.send(t.link.now(), options, numbered(i, dice.below(12'000))));
      if (stream < 4) reliable[stream].push_back(i);
      if (stream == 5) ++unordered;
      if (dice.below(4) == 0) t.link.run_for(20ms);
    }
    const auto arrived = [&](auto wanted) {
      return static_cast<std::size_t>(std::ranges::count_if(t.arrived[1], wanted));
    };
    std::size_t count = 0;
    for (const auto& [stream, numbers] : reliable) count += numbers.size();
    ASSERT_TRUE(t.link.run_until(
        [&] {
          return arrived([](const auto& one) { return one.stream < 4; }) >= count &&
                 arrived([](const auto& one) { return one.stream == 5; }) >= unordered;
        },
        300s))
        << "seed " << seed;
    std::map<std::uint16_t, std::vector<std::uint32_t>> got;
    for (const auto& one : t.arrived[1]) {
      const std::uint32_t number = number_of(one.bytes);
      ASSERT_EQ(one.bytes, numbered(number, one.bytes.size())) << "seed " << seed;
      got[one.stream].push_back(number);
    }
    for (const auto& [stream, numbers] : reliable) EXPECT_EQ(got[stream], numbers) << seed;
    EXPECT_EQ(got[5].size(), unordered) << seed;
    EXPECT_TRUE(std::ranges::is_sorted(got[4])) << seed;
    EXPECT_TRUE(t.closed[0].empty() && t.closed[1].empty());
  }
  EXPECT_RULE("8260:2.3.1#5");
}

TEST(Interleaving, AResetStreamCountsMessagesFromZero) {
  Pair t({}, interleaving(), interleaving());
  t.connect_both();
  for (std::uint32_t round = 0; round < 3; ++round) {
    for (const Order order : {Order::kOrdered, Order::kUnordered})
      ASSERT_TRUE(t.a.send(t.link.now(), {.stream = StreamId{4}, .ppid = Ppid{53}, .order = order},
                           numbered(round, 3000)));
    t.a.reset_stream(t.link.now(), StreamId{4});
    ASSERT_TRUE(t.link.run_until(
        [&] { return t.resets_out[0].size() == round + 1 && t.resets_in[1].size() == round + 1; },
        10s));
    ASSERT_EQ(t.arrived[1].size(), 2 * (round + 1));
  }
  EXPECT_RULE("8260:2.3.2#1");
}

InitChunk interleaving_peer() {
  InitChunk init = Solo::peer_init();
  init.interleaving = true;
  return init;
}

TEST(Interleaving, DataInSpiteOfTheAgreementEndsTheAssociation) {
  Solo t(interleaving());
  t.establish(interleaving_peer());
  t.give({Solo::data(0, {})});

  EXPECT_EQ(t.next_types(), "ABORT");
  EXPECT_TRUE(t.a.is_closed());
  EXPECT_RULE("8260:2.2.3#3");
}

TEST(Interleaving, ForwardTsnInSpiteOfTheAgreementEndsTheAssociation) {
  Solo t(interleaving());
  t.establish(interleaving_peer());
  t.give({Solo::forward_tsn(0)});

  EXPECT_EQ(t.next_types(), "ABORT");
  EXPECT_RULE("8260:2.3.1#6");
}

TEST(Interleaving, IDataWithoutAnAgreementIsAnUnknownChunk) {
  Solo t;
  t.establish();
  t.give({Solo::raw(64, 3, ByteVector(17, 1))});

  EXPECT_EQ(t.next_types(), "ERROR");
  EXPECT_TRUE(t.a.is_established());
  EXPECT_TRUE(t.events().empty());
}

// --- Checksums ---

struct Checksums {
  std::map<std::string, int> with;
  std::map<std::string, int> without;
};

// The first chunks of packets of each side, with and without a checksum.
std::array<Checksums, 2> checksums(bool a_accepts, bool b_accepts) {
  Config a;
  Config b;
  a.zero_checksum = a_accepts;
  b.zero_checksum = b_accepts;
  Pair t({}, a, b);
  std::array<Checksums, 2> seen;
  t.link.set_filter([&](int from, Bytes packet) {
    const std::string type(to_text(static_cast<ChunkType>(packet[kCommonHeader])));
    Checksums& side = seen.at(static_cast<std::size_t>(from));
    EXPECT_TRUE(has_right_checksum(packet) || has_no_checksum(packet));
    ++(has_right_checksum(packet) ? side.with : side.without)[type];
    return true;
  });
  t.a.connect(t.link.now());
  EXPECT_TRUE(t.link.run_until([&] { return t.connected[0] == 1 && t.connected[1] == 1; }, 10s));
  for (Association* one : {&t.a, &t.b})
    EXPECT_TRUE(
        one->send(t.link.now(), {.stream = StreamId{1}, .ppid = Ppid{53}}, numbered(1, 5000)));
  EXPECT_TRUE(
      t.link.run_until([&] { return t.arrived[0].size() + t.arrived[1].size() == 2; }, 10s));
  return seen;
}

TEST(ZeroChecksum, IsLeftOutBehindTheHandshakeWhereBothAccept) {
  const auto seen = checksums(true, true);

  EXPECT_EQ(seen[0].with, (std::map<std::string, int>{
                              {"INIT",        1},
                              {"COOKIE ECHO", 1}
  }));
  EXPECT_EQ(seen[1].with, (std::map<std::string, int>{
                              {"INIT ACK", 1}
  }));
  EXPECT_GE(seen[0].without.at("DATA"), 4);
}

TEST(ZeroChecksum, IsNotLeftOutWhereOneSideDoesNotKnowOfIt) {
  for (const auto& side : checksums(true, false)) EXPECT_TRUE(side.without.empty());
}

TEST(ZeroChecksum, APacketWithoutOneIsDroppedByWhoDidNotAgree) {
  for (const bool accepts : {false, true}) {
    Config config;
    config.zero_checksum = accepts;
    Solo t(config);
    t.establish();
    ByteVector packet = Solo::packet(t.my_tag, {Solo::data(0, {}, "hello")});
    std::fill_n(packet.begin() + kChecksumAt, 4, 0);
    t.give_bytes(packet);
    EXPECT_EQ(t.events().size(), accepts ? 1u : 0u);
    packet = Solo::packet(t.my_tag, {Solo::data(1, {.ssn = 1}, "hello")});
    packet[kChecksumAt] ^= 1;
    t.give_bytes(packet);
    EXPECT_TRUE(t.events().empty()) << "a wrong one is wrong for everybody";
  }
  EXPECT_RULE("9260:6.8#4");
}

}  // namespace
}  // namespace glass::sctp
