// tests/sctp/channel/channels_test.cc - data channels between two ends, and against a rude peer.
#include "sctp/channel/channels.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sctp/support/link.h"
#include "tests/support/rules.h"

namespace glass::sctp {
namespace {

using test::Link;
using test::LinkConfig;
using testing::ElementsAre;
using namespace std::chrono_literals;

struct Two {
  explicit Two(const LinkConfig& network = {}, ChannelsConfig client = {},
               ChannelsConfig server = {})
      : random_a(network.seed * 2 + 1),
        random_b(network.seed * 2 + 2),
        a(with_role(client, true), random_a, test::test_trace(Layer::kSctp, 0)),
        b(with_role(server, false), random_b, test::test_trace(Layer::kSctp, 1)),
        link(a, b, network, [this](int side, Channels::Event& event) { note(side, event); }) {}

  static ChannelsConfig with_role(ChannelsConfig config, bool client) {
    config.dtls_client = client;
    return config;
  }
  void note(int side, Channels::Event& event) {
    if (auto* open_event = std::get_if<ChannelOpened>(&event)) opened[side].push_back(*open_event);
    if (auto* close_event = std::get_if<ChannelClosed>(&event))
      closed[side].push_back(close_event->id);
    if (auto* end = std::get_if<Closed>(&event)) over[side].push_back(*end);
    if (std::holds_alternative<Connected>(event)) ++connected[side];
    if (auto* low_event = std::get_if<BufferedAmountLow>(&event))
      low[side].push_back(low_event->id);
    if (auto* message = std::get_if<ChannelMessage>(&event))
      messages[side].push_back({message->id, message->kind, std::string(as_text(message->bytes))});
  }
  void connect() {
    a.connect(link.now());
    b.connect(link.now());
    ASSERT_TRUE(link.run_until([&] { return connected[0] == 1 && connected[1] == 1; }, 1200s));
  }
  void settle(Duration time = 2s) { link.run_for(time); }
  Result<void, SendError> say(ChannelId id, std::string_view text,
                              MessageKind kind = MessageKind::kText) {
    return a.send(link.now(), id, kind, as_bytes(text));
  }

  struct Heard {
    ChannelId id;
    MessageKind kind = MessageKind::kText;
    std::string text;
  };
  SeededRandom random_a;
  SeededRandom random_b;
  Channels a;  // the DTLS client
  Channels b;
  Link<Channels> link;
  std::vector<ChannelOpened> opened[2];
  std::vector<ChannelId> closed[2];
  std::vector<ChannelId> low[2];
  std::vector<Closed> over[2];
  std::vector<Heard> messages[2];
  int connected[2]{};
};

TEST(Channels, AChannelOpensWithItsNameAndCarriesTextAndBytes) {
  Two t;
  t.connect();
  const auto id = t.a.open(t.link.now(), {.label = "chat", .protocol = "v1", .priority = 512});
  ASSERT_TRUE(id);
  ASSERT_TRUE(t.say(*id, "hello")) << "before the ACK";
  ASSERT_TRUE(t.say(*id, "\x01\x02", MessageKind::kBinary));
  ASSERT_TRUE(t.say(*id, ""));
  ASSERT_TRUE(t.say(*id, "", MessageKind::kBinary));
  t.settle();

  ASSERT_EQ(t.opened[0].size(), 1u);
  EXPECT_FALSE(t.opened[0][0].incoming);
  EXPECT_EQ(t.opened[0][0].stream, 0);
  ASSERT_EQ(t.opened[1].size(), 1u);
  EXPECT_TRUE(t.opened[1][0].incoming);
  EXPECT_EQ(t.opened[1][0].config.label, "chat");
  EXPECT_EQ(t.opened[1][0].config.protocol, "v1");
  EXPECT_EQ(t.opened[1][0].config.priority, 512);
  ASSERT_EQ(t.messages[1].size(), 4u);
  EXPECT_EQ(t.messages[1][0].text, "hello");
  EXPECT_EQ(t.messages[1][0].kind, MessageKind::kText);
  EXPECT_EQ(t.messages[1][1].kind, MessageKind::kBinary);
  EXPECT_EQ(t.messages[1][2].text, "");
  EXPECT_EQ(t.messages[1][2].kind, MessageKind::kText);
  EXPECT_EQ(t.messages[1][3].text, "");
  EXPECT_EQ(t.messages[1][3].kind, MessageKind::kBinary);
  EXPECT_RULE("8832:6#1");
  EXPECT_RULE("8832:6#5");
  EXPECT_RULE("8832:5.2#0");
  EXPECT_RULE("8831:6.6#4");
  EXPECT_RULE("8831:6.6#0");
  EXPECT_RULE("8831:6.6#5");
  EXPECT_RULE("8260:3#2");

  // And back.
  ASSERT_TRUE(t.b.send(t.link.now(), t.opened[1][0].id, MessageKind::kText, as_bytes("hi")));
  t.settle();
  EXPECT_EQ(t.messages[0].at(0).text, "hi");
}

TEST(Channels, EachSideUsesItsOwnParity) {
  Two t;
  t.connect();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(t.a.open(t.link.now(), {.label = "a"}));
    ASSERT_TRUE(t.b.open(t.link.now(), {.label = "b"}));
  }
  t.settle();
  std::set<std::uint16_t> streams;
  for (const ChannelOpened& one : t.opened[0]) {
    EXPECT_EQ(one.stream % 2, one.incoming ? 1 : 0);
    streams.insert(one.stream);
  }
  EXPECT_EQ(streams, (std::set<std::uint16_t>{0, 1, 2, 3, 4, 5}));
}

TEST(Channels, OpenedBeforeTheRoleAndTheConnectionAreKnown) {
  SeededRandom random_a(1);
  SeededRandom random_b(2);
  Channels a({}, random_a, test::test_trace(Layer::kSctp, 0));
  ChannelsConfig server;
  server.dtls_client = true;
  Channels b(server, random_b, test::test_trace(Layer::kSctp, 1));
  std::vector<std::string> heard;
  int opened = 0;
  Link<Channels> link(a, b, {}, [&](int side, Channels::Event& event) {
    if (auto* message = std::get_if<ChannelMessage>(&event))
      heard.emplace_back(as_text(message->bytes));
    if (side == 1 && std::holds_alternative<ChannelOpened>(event)) ++opened;
  });
  const auto id = a.open(link.now(), {.label = "early"});
  ASSERT_TRUE(id);
  EXPECT_FALSE(a.stream_of(*id));
  ASSERT_TRUE(a.send(link.now(), *id, MessageKind::kText, as_bytes("first words")));
  EXPECT_EQ(a.buffered_amount(*id), 11u);
  a.set_dtls_role(false);
  EXPECT_EQ(a.stream_of(*id), 1);
  EXPECT_EQ(a.buffered_amount(*id), 11u);
  a.connect(link.now());
  link.run_for(2s);
  EXPECT_EQ(opened, 1);
  EXPECT_THAT(heard, ElementsAre("first words"));
  EXPECT_EQ(a.buffered_amount(*id), 0u);
}

TEST(Channels, UnorderedMessagesAreOrderedUntilThePeerKnowsTheChannel) {
  Two t;
  t.connect();
  const auto id = t.a.open(t.link.now(), {.label = "u", .ordered = false, .max_retransmits = 3});
  ASSERT_TRUE(t.say(*id, "one"));
  EXPECT_RULE("8832:6#8");
  EXPECT_NO_RULE("8832:6#9");
  t.settle();
  ASSERT_TRUE(t.say(*id, "two"));
  EXPECT_RULE("8832:6#9");
  t.settle();
  EXPECT_FALSE(t.opened[1].at(0).config.ordered);
  EXPECT_EQ(t.opened[1].at(0).config.max_retransmits, 3u);
  EXPECT_EQ(t.messages[1].size(), 2u);
}

TEST(Channels, AllSixKindsArriveAsTheyWereOpened) {
  Two t;
  t.connect();
  for (const bool ordered : {true, false}) {
    ASSERT_TRUE(t.a.open(t.link.now(), {.ordered = ordered}));
    for (const std::uint32_t count : {0U, 1U, 65535U, 0xfffffffeU})
      ASSERT_TRUE(t.a.open(t.link.now(), {.ordered = ordered, .max_retransmits = count}));
    for (const Duration life : {Duration{0ms}, Duration{1ms}, Duration{65535ms}})
      ASSERT_TRUE(t.a.open(t.link.now(), {.ordered = ordered, .max_lifetime = life}));
  }
  t.settle();
  ASSERT_EQ(t.opened[1].size(), 16u);
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(t.opened[1][i].config.ordered, t.opened[0][i].config.ordered);
    EXPECT_EQ(t.opened[1][i].config.max_retransmits, t.opened[0][i].config.max_retransmits);
    EXPECT_EQ(t.opened[1][i].config.max_lifetime, t.opened[0][i].config.max_lifetime);
  }
}

TEST(Channels, LongLabelsSpanPackets) {
  Two t;
  t.connect();
  const std::string label(65535, 'l');
  const std::string protocol(65535, 'p');
  ASSERT_TRUE(t.a.open(t.link.now(), {.label = label, .protocol = protocol}));
  t.settle(5s);
  ASSERT_EQ(t.opened[1].size(), 1u);
  EXPECT_EQ(t.opened[1][0].config.label, label);
  EXPECT_EQ(t.opened[1][0].config.protocol, protocol);
  EXPECT_EQ(t.a.open(t.link.now(), {.label = label + "l"}).error(), OpenError::kLabelTooLong);
}

TEST(Channels, NegotiatedChannelsSayNothingToOpen) {
  Two t;
  t.connect();
  const auto a = t.a.open(t.link.now(), {.label = "n", .ordered = false, .negotiated_id = 7});
  const auto b = t.b.open(t.link.now(), {.label = "n", .ordered = false, .negotiated_id = 7});
  ASSERT_TRUE(a && b);
  EXPECT_EQ(t.a.open(t.link.now(), {.negotiated_id = 7}).error(), OpenError::kStreamInUse);
  EXPECT_EQ(t.a.open(t.link.now(), {.negotiated_id = 65535}).error(), OpenError::kBadStream);
  EXPECT_RULE("8831:6.5#1");
  ASSERT_TRUE(t.say(*a, "x"));
  t.settle();
  EXPECT_EQ(t.messages[1].at(0).id, *b);
  EXPECT_EQ(t.opened[1].size(), 1u);
}

TEST(Channels, RefusesContradictions) {
  Two t;
  EXPECT_EQ(t.a.open(t.link.now(), {.max_retransmits = 1, .max_lifetime = 1ms}).error(),
            OpenError::kBadReliability);
  EXPECT_EQ(t.a.open(t.link.now(), {.max_lifetime = -1ms}).error(), OpenError::kBadReliability);
  EXPECT_EQ(t.a.send(t.link.now(), ChannelId{999}, MessageKind::kText, {}).error(),
            SendError::kUnknownChannel);
  EXPECT_EQ(t.a.buffered_amount(ChannelId{999}), 0u);
  t.a.close(t.link.now(), ChannelId{999});
}

TEST(Channels, ClosingDeliversWhatWasSentAndFreesTheStream) {
  Two t({.seed = 5, .loss_percent = 10});
  t.connect();
  const auto id = t.a.open(t.link.now(), {.label = "c"});
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(t.say(*id, std::string(3000, 'm')));
  t.a.close(t.link.now(), *id);
  EXPECT_EQ(t.say(*id, "late").error(), SendError::kClosed);
  ASSERT_TRUE(
      t.link.run_until([&] { return t.closed[0].size() == 1 && t.closed[1].size() == 1; }, 300s));
  EXPECT_EQ(t.messages[1].size(), 40u);
  EXPECT_EQ(t.closed[0][0], *id);
  EXPECT_RULE("8831:6.7#1");

  // The stream's second life is another channel.
  const auto again = t.a.open(t.link.now(), {.label = "again"});
  EXPECT_EQ(t.a.stream_of(*again), 0);
  EXPECT_NE(*again, *id);
  EXPECT_EQ(t.say(*id, "old id").error(), SendError::kUnknownChannel);
  ASSERT_TRUE(t.say(*again, "new life"));
  ASSERT_TRUE(t.link.run_until([&] { return t.messages[1].size() == 41; }, 300s));
  EXPECT_EQ(t.messages[1].back().text, "new life");
  EXPECT_EQ(t.opened[1].back().config.label, "again");
}

TEST(Channels, BothCloseAtOnce) {
  Two t;
  t.connect();
  const auto id = t.a.open(t.link.now(), {.label = "c"});
  t.settle();
  t.a.close(t.link.now(), *id);
  t.b.close(t.link.now(), t.opened[1].at(0).id);
  t.settle();
  EXPECT_EQ(t.closed[0].size(), 1u);
  EXPECT_EQ(t.closed[1].size(), 1u);
  EXPECT_EQ(t.a.channel_count() + t.b.channel_count(), 0u);
}

TEST(Channels, AChannelClosedByUsHearsNothingMore) {
  Two t;
  t.connect();
  const auto id = t.a.open(t.link.now(), {.label = "c"});
  t.settle();
  t.a.close(t.link.now(), *id);
  ASSERT_TRUE(
      t.b.send(t.link.now(), t.opened[1].at(0).id, MessageKind::kText, as_bytes("too late")));
  t.settle();
  EXPECT_TRUE(t.messages[0].empty());
  EXPECT_RULE("8831:6.7#0");
}

TEST(Channels, EverythingClosesWithTheAssociation) {
  Two t;
  t.connect();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(t.a.open(t.link.now(), {.label = "c"}));
  t.settle();
  t.a.abort(t.link.now(), "bye");
  t.settle();
  EXPECT_EQ(t.closed[0].size(), 3u);
  EXPECT_EQ(t.closed[1].size(), 3u);
  ASSERT_EQ(t.over[1].size(), 1u);
  EXPECT_EQ(t.over[1][0].reason, CloseReason::kAbortedByPeer);
  EXPECT_EQ(t.a.open(t.link.now(), {}).error(), OpenError::kClosed);
  EXPECT_RULE("8831:6.2#2");
}

TEST(Channels, ShutdownDeliversFirst) {
  Two t;
  t.connect();
  const auto id = t.a.open(t.link.now(), {.label = "c"});
  ASSERT_TRUE(t.say(*id, std::string(100'000, 'x')));
  t.a.shutdown(t.link.now());
  t.settle(10s);
  EXPECT_EQ(t.messages[1].size(), 1u);
  EXPECT_EQ(t.over[0].at(0).reason, CloseReason::kShutdown);
  EXPECT_EQ(t.over[1].at(0).reason, CloseReason::kShutdown);
}

TEST(Channels, BufferedAmountIsExactAndTellsWhenItIsLow) {
  Two t;
  t.connect();
  const auto id = t.a.open(t.link.now(), {.label = "a label that does not count"});
  t.a.set_low_water(*id, 5'000);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(t.say(*id, std::string(1000, 'x')));
  ASSERT_TRUE(t.say(*id, ""));
  EXPECT_EQ(t.a.buffered_amount(*id), 20'000u);
  t.settle();
  EXPECT_EQ(t.a.buffered_amount(*id), 0u);
  EXPECT_THAT(t.low[0], ElementsAre(*id));
}

TEST(Channels, ThePeerMayOpenSoManyAndNoMore) {
  ChannelsConfig server;
  server.max_incoming = 5;
  Two t({}, {}, server);
  t.connect();
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(t.a.open(t.link.now(), {.label = "c"}));
  t.settle(5s);
  EXPECT_EQ(t.opened[1].size(), 5u);
  EXPECT_EQ(t.closed[0].size(), 0u + t.closed[0].size());
  EXPECT_EQ(t.b.channel_count(), 5u);
  EXPECT_RULE("8832:6#0");
}

TEST(Channels, AllStreamsCanBeChannels) {
  ChannelsConfig many;
  many.max_incoming = 65535;
  Two t({}, many, many);
  t.connect();
  std::size_t opened = 0;
  for (int i = 0; i < 33'000; ++i) {
    if (!t.a.open(t.link.now(), {})) break;
    ++opened;
  }
  EXPECT_EQ(opened, 32'768u);  // streams 0, 2, ... 65534
  EXPECT_EQ(t.a.open(t.link.now(), {}).error(), OpenError::kNoStreams);
}

// A peer that speaks SCTP well and DCEP badly: an association alone.
struct Rude {
  explicit Rude(std::size_t max_incoming = 10)
      : random_a(1),
        random_b(2),
        a({}, random_a, test::test_trace(Layer::kSctp, 0)),
        b(config(max_incoming), random_b, test::test_trace(Layer::kSctp, 1)) {
    a.connect(now);
    run();
  }
  static ChannelsConfig config(std::size_t max_incoming) {
    ChannelsConfig config;
    config.dtls_client = false;
    config.max_incoming = max_incoming;
    return config;
  }
  void run() {
    PacketBuffer packet;
    for (int round = 0; round < 50; ++round) {
      for (packet.clear(); a.poll_transmit(now, packet); packet.clear())
        b.receive(now, packet.bytes());
      while (auto event = b.poll_event()) {
        if (auto* message = std::get_if<ChannelMessage>(&*event))
          heard.emplace_back(as_text(message->bytes));
        if (std::holds_alternative<ChannelOpened>(*event)) ++opened;
        if (std::holds_alternative<ChannelClosed>(*event)) ++closed;
      }
      for (packet.clear(); b.poll_transmit(now, packet); packet.clear())
        a.receive(now, packet.bytes());
      while (auto event = a.poll_event()) {
        if (auto* message = std::get_if<Message>(&*event);
            message != nullptr && message->ppid == kPpidDcep)
          ++acks;
        if (auto* reset = std::get_if<IncomingReset>(&*event))
          resets.push_back(reset->stream.value());
      }
      now += 300ms;
      a.on_time(now);
      b.on_time(now);
    }
  }
  void send(std::uint16_t stream, Ppid ppid, Bytes bytes) {
    ASSERT_TRUE(a.send(now, {.stream = StreamId{stream}, .ppid = ppid}, bytes));
    run();
  }
  void open(std::uint16_t stream) {
    ByteVector bytes;
    Writer out(bytes);
    write(out, OpenMessage{.label = "x"});
    send(stream, kPpidDcep, bytes);
  }
  SeededRandom random_a;
  SeededRandom random_b;
  Association a;
  Channels b;
  Instant now{};
  std::vector<std::string> heard;
  std::vector<std::uint16_t> resets;
  int opened = 0;
  int closed = 0;
  int acks = 0;
};

TEST(RudePeer, AGoodOpenIsAcknowledgedOnce) {
  Rude t;
  t.open(0);
  EXPECT_EQ(t.opened, 1);
  EXPECT_EQ(t.acks, 1);
}

TEST(RudePeer, TheWrongParityOrAStreamInUseIsReset) {
  Rude t;
  t.open(1);
  EXPECT_EQ(t.opened, 0);
  EXPECT_EQ(t.acks, 0);
  EXPECT_THAT(t.resets, ElementsAre(1));
  t.open(2);
  t.open(2);
  EXPECT_EQ(t.acks, 1);
  EXPECT_THAT(t.resets, ElementsAre(1, 2));
  EXPECT_RULE("8832:6#6");
}

TEST(RudePeer, UnreadableDcepResetsTheStream) {
  Rude t;
  const std::vector<ByteVector> bad{
      {0x00},
      {0x01},
      {0x04},
      {0x03},
      {0x02, 0x00},
      {0x03, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
      {0x03, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 'x'},
      {0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'x'}
  };
  std::uint16_t stream = 0;
  for (const ByteVector& bytes : bad) {
    t.send(stream, kPpidDcep, bytes);
    stream = static_cast<std::uint16_t>(stream + 2);
  }
  EXPECT_EQ(t.opened, 0);
  EXPECT_EQ(t.resets.size(), bad.size());
  EXPECT_RULE("8832:6#10");
}

TEST(RudePeer, AnAckForNothingIsIgnored) {
  Rude t;
  const ByteVector ack{0x02};
  t.send(0, kPpidDcep, ack);
  t.open(2);
  t.send(2, kPpidDcep, ack);
  EXPECT_TRUE(t.resets.empty());
  EXPECT_RULE("8832:5.2#0");
}

TEST(RudePeer, MessagesWithoutAChannelAreDropped) {
  Rude t;
  t.send(8, kPpidText, as_bytes("who am I"));
  EXPECT_TRUE(t.heard.empty());
  EXPECT_RULE("8831:6.6#6");
}

TEST(RudePeer, AnUnknownPayloadClosesTheChannel) {
  Rude t;
  t.open(0);
  t.send(0, Ppid{999}, as_bytes("?"));
  EXPECT_TRUE(t.heard.empty());
  EXPECT_THAT(t.resets, ElementsAre(0));
}

TEST(RudePeer, DeprecatedPiecesArePutTogether) {
  Rude t;
  t.open(0);
  t.send(0, kPpidTextPartial, as_bytes("one "));
  t.send(0, kPpidTextPartial, as_bytes("two "));
  t.send(0, kPpidText, as_bytes("three"));
  t.send(0, kPpidText, as_bytes("four"));
  EXPECT_THAT(t.heard, ElementsAre("one two three", "four"));
}

TEST(RudePeer, AResetOfAnUnknownStreamHarmsNothing) {
  Rude t;
  t.a.reset_stream(t.now, StreamId{77});
  t.run();
  t.open(0);
  EXPECT_EQ(t.opened, 1);
}

TEST(RudePeer, AResetClosesTheChannelAndIsAnsweredWithAReset) {
  Rude t;
  t.open(0);
  t.a.reset_stream(t.now, StreamId{0});
  t.run();
  EXPECT_EQ(t.closed, 1);
  EXPECT_THAT(t.resets, ElementsAre(0));
  t.open(0);
  EXPECT_EQ(t.opened, 2);
}

class BadNetworkChannels : public testing::TestWithParam<int> {};

TEST_P(BadNetworkChannels, ChannelsComeAndGo) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  Two t({.seed = seed,
         .loss_percent = static_cast<unsigned>(seed % 4 * 6),
         .reorder_percent = 20,
         .duplicate_percent = 5});
  t.connect();
  SeededRandom dice(seed);
  std::map<std::string, int> sent;
  for (int round = 0; round < 30; ++round) {
    Channels& from = dice.below(2) == 0 ? t.a : t.b;
    const std::string label = "c" + std::to_string(round);
    const auto id = from.open(t.link.now(), {.label = label, .ordered = dice.below(2) == 0});
    ASSERT_TRUE(id);
    const int count = static_cast<int>(dice.below(5));
    for (int i = 0; i < count; ++i)
      ASSERT_TRUE(
          from.send(t.link.now(), *id, MessageKind::kBinary, ByteVector(1 + dice.below(5000), 1)));
    from.close(t.link.now(), *id);
    sent[label] = count;
    t.link.run_for(Duration{1ms} * dice.below(200));
  }
  ASSERT_TRUE(
      t.link.run_until([&] { return t.closed[0].size() == 30 && t.closed[1].size() == 30; }, 1200s))
      << "seed " << seed << ": " << t.closed[0].size() << " " << t.closed[1].size();
  std::map<std::string, int> heard;
  for (int side = 0; side < 2; ++side) {
    std::map<ChannelId, std::string> names;
    for (const ChannelOpened& one : t.opened[side])
      if (one.incoming) {
        names[one.id] = one.config.label;
        heard[one.config.label] += 0;
      }
    for (const Two::Heard& one : t.messages[side]) ++heard[names[one.id]];
  }
  EXPECT_EQ(heard, sent) << "seed " << seed;
}

INSTANTIATE_TEST_SUITE_P(Seeds, BadNetworkChannels, testing::Range(1, 25));

}  // namespace
}  // namespace glass::sctp
