// tests/sctp/association/data_test.cc - data in both directions, at exact instants.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sctp/support/solo.h"

namespace glass::sctp {
namespace {

using test::Seen;
using test::Solo;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

struct Sack {
  std::uint32_t cumulative = 0;  // counted from the peer's first TSN; 0xffffffff: none yet
  std::vector<std::pair<int, int>> gaps;
  std::vector<std::uint32_t> duplicates;
  std::uint32_t a_rwnd = 0;
};
// The SACK of the next packet.
std::optional<Sack> next_sack(Solo& t) {
  Seen seen = t.next();
  RawChunk* raw = seen.find(ChunkType::kSack);
  if (raw == nullptr) return std::nullopt;
  const auto chunk = parse_sack(*raw);
  Sack sack{.cumulative = (chunk->cumulative - Solo::kPeerTsn.value()).value(),
            .a_rwnd = chunk->a_rwnd};
  for (std::size_t i = 0; i < chunk->gap_count; ++i)
    sack.gaps.emplace_back(chunk->gap(i).start, chunk->gap(i).end);
  for (std::size_t i = 0; i < chunk->duplicate_count; ++i)
    sack.duplicates.push_back((chunk->duplicate(i) - Solo::kPeerTsn.value()).value());
  return sack;
}
// The TSNs of the DATA in the next packet, counted from our first.
std::vector<std::uint32_t> next_tsns(Solo& t) {
  Seen seen = t.next();
  std::vector<std::uint32_t> tsns;
  for (RawChunk& raw : seen.chunks)
    if (raw.type == ChunkType::kData)
      tsns.push_back(static_cast<std::uint32_t>(parse_data(raw)->tsn.since(t.my_tsn)));
  return tsns;
}

// Sends and acknowledges packet by packet until the window holds `packets`; all is acknowledged
// then.
std::int64_t open_window(Solo& t, std::size_t packets) {
  std::int64_t sent = 0;
  std::int64_t acked = -1;
  t.send(200, 1132);
  while (t.a.cwnd() < packets * 1148) {
    sent += static_cast<std::int64_t>(t.drain());
    t.give({t.sack(++acked)});
  }
  for (;;) {
    sent += static_cast<std::int64_t>(t.drain());
    if (acked == sent - 1) return acked;
    t.give({t.sack(acked = sent - 1)});
  }
}

TEST(Sacking, TheFirstDataIsAcknowledgedAtOnceThenEverySecondPacket) {
  Solo t;
  t.establish();
  t.give({Solo::data(0, {.ssn = 0})});
  EXPECT_EQ(next_sack(t)->cumulative, 0u);
  t.give({Solo::data(1, {.ssn = 1})});
  EXPECT_EQ(t.next_types(), "");
  t.give({Solo::data(2, {.ssn = 2})});
  EXPECT_EQ(next_sack(t)->cumulative, 2u);
  EXPECT_RULE("9260:5.1#18");
  EXPECT_RULE("9260:6.2#8");
}

TEST(Sacking, ALonePacketIsAcknowledgedAfter200Milliseconds) {
  Solo t;
  t.establish();
  t.give({Solo::data(0, {.ssn = 0})});
  (void)t.next();
  t.give({Solo::data(1, {.ssn = 1})});
  EXPECT_EQ(t.a.next_time(), t.now + 200ms);
  t.advance(199ms);
  EXPECT_EQ(t.next_types(), "");
  t.advance(1ms);
  EXPECT_EQ(next_sack(t)->cumulative, 1u);
}

TEST(Sacking, TheImmediateBitAGapAndADuplicateCallForASackAtOnce) {
  Solo t;
  t.establish();
  t.give({Solo::data(0, {.ssn = 0})});
  (void)t.next();
  t.give({Solo::data(1, {.ssn = 1, .immediate = true})});
  EXPECT_EQ(next_sack(t)->cumulative, 1u);
  EXPECT_RULE("9260:6.2#20");

  t.give({Solo::data(3, {.ssn = 3})});
  const auto sack = next_sack(t);
  EXPECT_EQ(sack->cumulative, 1u);
  EXPECT_THAT(sack->gaps, ElementsAre(std::pair{2, 2}));
  EXPECT_RULE("9260:6.7#1");

  t.give({Solo::data(0, {.ssn = 0}), Solo::data(0, {.ssn = 0})});
  EXPECT_THAT(next_sack(t)->duplicates, ElementsAre(0u, 0u));
  EXPECT_RULE("9260:6.2#21");
  EXPECT_RULE("9260:6.2#23");
}

TEST(Sacking, GoesAlongWithDataAndStandsBeforeIt) {
  Solo t;
  t.establish();
  t.give({Solo::data(0, {.ssn = 0})});
  (void)t.next();
  t.give({Solo::data(1, {.ssn = 1})});
  t.send(1, 10);
  EXPECT_EQ(t.next_types(), "SACK, DATA");
  EXPECT_RULE("9260:6.1#21");
}

TEST(Sacking, GapsBeyondOnePacketLeaveTheHighestOut) {
  Config config;
  config.packet_size = 512;
  Solo t(config);
  t.establish();
  for (std::uint32_t i = 0; i < 200; ++i) t.give({Solo::data(1 + 2 * i, {.unordered = true})});
  const auto sack = next_sack(t);
  EXPECT_EQ(sack->gaps.size(), (512u - 12 - 16) / 4);
  EXPECT_EQ(sack->gaps.front(), (std::pair{2, 2}));
  EXPECT_RULE("9260:6.7#7");
}

TEST(Receiving, ATsnOutOfReachIsDropped) {
  Solo t;
  t.establish();
  t.give({Solo::data(100'000, {})});
  t.give({Solo::data(0x8000'0000, {})});
  EXPECT_THAT(t.events(), IsEmpty());
  EXPECT_RULE("9260:6.2#1");
}

TEST(Receiving, AnUnknownStreamIsAcknowledgedAndComplainedAbout) {
  Solo t;
  t.establish();
  t.give({Solo::data(0, {.stream = 100}, "nobody")});
  EXPECT_EQ(t.next_types(), "SACK, ERROR");
  EXPECT_THAT(t.events(), IsEmpty());
  t.give({Solo::data(2, {.stream = 200}),
          Solo::data(1, {.stream = 99, .immediate = true}, "somebody")});
  EXPECT_THAT(t.events(), ElementsAre("somebody"));
  EXPECT_EQ(next_sack(t)->cumulative, 2u);
  EXPECT_RULE("9260:6.5#2");
}

TEST(Receiving, DataWithoutDataEndsTheAssociation) {
  Solo t;
  t.establish();
  t.give({Solo::data(0, {}, "")});
  Seen seen = t.next();
  ASSERT_EQ(seen.types(), "ABORT");
  EXPECT_EQ(parse_error(seen.chunks[0])->first_code, CauseCode::kNoUserData);
  EXPECT_TRUE(t.a.is_closed());
  EXPECT_RULE("9260:6.2#36");
}

TEST(Receiving, AShortDataChunkIsDropped) {
  Solo t;
  t.establish();
  t.give({Solo::raw(0, 3, {1, 2, 3}), Solo::data(0, {}, "good")});
  EXPECT_THAT(t.events(), ElementsAre("good"));
}

TEST(Receiving, DataBeforeTheAssociationStandsIsDropped) {
  Solo t;
  t.echo();
  t.give({Solo::data(0, {})});
  EXPECT_THAT(t.events(), IsEmpty());
  EXPECT_RULE("9260:6#4");
}

TEST(Receiving, FragmentsThatDoNotFitEndTheAssociation) {
  {
    Solo t;
    t.establish();
    t.give({Solo::data(0, {.begin = true, .end = false}), Solo::data(1, {.ssn = 1})});
    EXPECT_TRUE(t.a.is_closed());
  }
  {
    Solo t;
    t.establish();
    t.give({Solo::data(0, {.begin = false, .end = true})});
    EXPECT_EQ(t.next_types(), "ABORT");
    EXPECT_TRUE(t.a.is_closed());
  }
  EXPECT_RULE("9260:3.3.1#13");
}

TEST(Receiving, AMessageAboveTheLimitEndsTheAssociation) {
  Config config;
  config.max_message_size = 100;
  {
    Solo t(config);
    t.establish();
    t.give({Solo::data(0, {}, std::string(100, 'x'))});
    EXPECT_FALSE(t.a.is_closed());
    t.give({Solo::data(1, {.ssn = 1}, std::string(101, 'x'))});
    EXPECT_TRUE(t.a.is_closed());
  }
  {
    Solo t(config);
    t.establish();
    t.give({Solo::data(0, {.end = false}, std::string(60, 'x')),
            Solo::data(1, {.begin = false}, std::string(60, 'x'))});
    EXPECT_TRUE(t.a.is_closed());
  }
}

TEST(Receiving, TheStreamSequenceNumberWraps) {
  Solo t;
  t.establish();
  for (std::uint32_t i = 0; i < 65'540; ++i) {
    t.give({Solo::data(i, {.ssn = static_cast<std::uint16_t>(i)}, "m")});
    ASSERT_EQ(t.events().size(), 1u) << i;
    (void)t.drain();
  }
}

// Sending

TEST(Sending, TheFirstFlightIsTheInitialWindowAndTimed) {
  Solo t;
  t.establish();
  t.send(20, 1132);
  // PMDCS is 1148, the initial window min(4 * 1148, max(2 * 1148, 4344)) = 4344: four packets start
  // below it.
  EXPECT_EQ(t.drain(), 4u);
  EXPECT_EQ(t.a.flight(), 4u * 1148);
  EXPECT_RULE("9260:6.1#11");
  EXPECT_RULE("9260:6.1#23");
}

TEST(Sending, SmallMessagesShareAPacket) {
  Solo t;
  t.establish();
  t.send(5, 50);
  EXPECT_EQ(t.next_types(), "DATA, DATA, DATA, DATA, DATA");
}

TEST(Sending, ABurstIsFourPackets) {
  Solo t;
  t.establish();
  (void)open_window(t, 10);
  t.send(10, 1132);
  EXPECT_EQ(t.drain(), 4u) << "although the window would allow more";
}

TEST(Sending, AThirdMissReportRetransmitsOnceAndHalvesTheWindow) {
  Solo t;
  t.establish();
  t.send(40, 1132);
  // Acknowledge in steps until the window is wide.
  std::int64_t acked = -1;
  for (int i = 0; i < 5; ++i) {
    const std::size_t packets = t.drain();
    acked += static_cast<std::int64_t>(packets);
    if (i < 4) t.give({t.sack(acked)});
  }
  const std::size_t cwnd = t.a.cwnd();
  // The flight is now unacknowledged; its first chunk is lost.
  const std::int64_t first = acked - static_cast<std::int64_t>(t.a.flight() / 1148) + 1;
  t.give({
      t.sack(first - 1, {{2, 2}}
         )
  });
  EXPECT_RULE("9260:6.7#4");
  (void)t.drain();
  t.give({
      t.sack(first - 1, {{2, 3}}
         )
  });
  (void)t.drain();
  EXPECT_EQ(t.a.cwnd(), cwnd);
  t.give({
      t.sack(first - 1, {{2, 4}}
         )
  });

  EXPECT_THAT(next_tsns(t), ElementsAre(static_cast<std::uint32_t>(first)));
  EXPECT_EQ(t.a.cwnd(), std::max(cwnd / 2, std::size_t{4} * 1148));
  (void)t.drain();
  t.give({
      t.sack(first - 1, {{2, 5}}
         )
  });
  t.give({
      t.sack(first - 1, {{2, 6}}
         )
  });
  t.give({
      t.sack(first - 1, {{2, 7}}
         )
  });
  const auto tsns = next_tsns(t);
  EXPECT_EQ(std::ranges::count(tsns, static_cast<std::uint32_t>(first)), 0) << "not a second time";
  EXPECT_RULE("9260:7.2.4#2");
  EXPECT_RULE("9260:7.2.4#4");
  EXPECT_RULE("9260:7.2.3#1");
  EXPECT_RULE("9260:6.1#14");
}

TEST(Sending, ATimeoutSendsOnePacketAndBacksOff) {
  Solo t;
  t.establish();
  t.send(4, 1132);
  EXPECT_EQ(t.drain(), 4u);
  EXPECT_EQ(t.a.next_time(), t.now + 1s);
  t.tick();
  EXPECT_THAT(next_tsns(t), ElementsAre(0u));
  EXPECT_EQ(t.drain(), 0u);
  EXPECT_EQ(t.a.cwnd(), 1148u);
  EXPECT_EQ(t.a.next_time(), t.now + 2s);
  t.give({t.sack(0)});
  EXPECT_THAT(next_tsns(t), ElementsAre(1u));
  EXPECT_RULE("9260:6.3.3#1");
  EXPECT_RULE("9260:7.2.3#2");
  EXPECT_RULE("9260:6.3.2#0");
}

TEST(Sending, TheRoundTripIsMeasuredButNeverOnRetransmissions) {
  Solo t;
  t.establish();
  t.send(1, 100);
  (void)t.drain();
  t.now += 80ms;
  t.give({t.sack(0)});
  EXPECT_EQ(t.a.round_trip(), 80ms);
  EXPECT_RULE("9260:6.3.1#0");
  EXPECT_RULE("9260:8.1#5");

  t.send(2, 1000);
  (void)t.drain();
  t.tick();
  (void)t.drain();
  t.now += 500ms;
  t.give({t.sack(2)});
  EXPECT_EQ(t.a.round_trip(), 80ms);
}

TEST(Sending, AnOldSackIsDroppedAndOneForUnsentDataIsFatal) {
  Solo t;
  t.establish();
  t.send(2, 100);
  (void)t.drain();
  t.give({t.sack(1)});
  t.give({t.sack(0)});
  EXPECT_RULE("9260:6.2.1#1");
  t.give({t.sack(2)});
  EXPECT_TRUE(t.a.is_closed());
  EXPECT_EQ(t.next_types(), "ABORT");
  EXPECT_RULE("9260:12.4#5");
}

TEST(Sending, GapBlocksBeyondWhatWasSentAreFatalAndDisorderlyOnesAreIgnored) {
  Solo t;
  t.establish();
  t.send(3, 1000);
  (void)t.drain();
  t.give({
      t.sack(-1, {{3, 3}, {2, 2}}
       )
  });
  EXPECT_TRUE(t.a.is_established());
  EXPECT_RULE("9260:3.3.4#2");
  t.give({
      t.sack(-1, {{2, 200}}
       )
  });
  EXPECT_TRUE(t.a.is_closed());
}

TEST(Sending, ASackBeforeTheAssociationIsDropped) {
  Solo t;
  t.start();
  t.give({t.sack(-1)});
  EXPECT_EQ(t.a.state_name(), "COOKIE-WAIT");
  EXPECT_RULE("9260:6#8");
}

TEST(Sending, AReceiverMayTakeBackWhatItAcknowledgedInAGapBlock) {
  Solo t;
  t.establish();
  t.send(3, 1000);
  (void)t.drain();
  const std::size_t all = t.a.flight();
  t.give({
      t.sack(-1, {{2, 3}}
       )
  });
  EXPECT_EQ(t.a.flight(), all / 3);
  t.give({
      t.sack(-1, {{2, 2}}
       )
  });
  EXPECT_EQ(t.a.flight(), all / 3 * 2);
  t.give({t.sack(2)});
  EXPECT_EQ(t.a.flight(), 0u);
}

TEST(Sending, AnIdlePathLosesItsWindow) {
  Solo t;
  t.establish();
  (void)open_window(t, 10);
  EXPECT_GE(t.a.cwnd(), 10u * 1148);
  t.now += 20s;
  t.send(1, 100);
  (void)t.drain();
  EXPECT_EQ(t.a.cwnd(), 4u * 1148);
  EXPECT_RULE("9260:7.2.1#10");
}

TEST(Sending, AMessageThatMayNotBeRepeatedIsGivenUpAfterATimeout) {
  Solo t;
  t.establish();
  t.send(1, 1000, {.max_retransmits = 0});
  (void)t.drain();
  t.tick();
  Seen seen = t.next();
  ASSERT_EQ(seen.types(), "FORWARD TSN");
  const auto chunk = parse_forward_tsn(seen.chunks[0]);
  EXPECT_EQ(chunk->cumulative, t.my_tsn);
  ASSERT_EQ(chunk->stream_count(), 1u);
  EXPECT_EQ(chunk->skipped(0), (SkippedStream{StreamId{1}, Ssn{0}}));
  // Lost: the timer sends it again.
  t.tick();
  EXPECT_EQ(t.next_types(), "FORWARD TSN");
  t.give({t.sack(0)});
  EXPECT_EQ(t.a.flight(), 0u);
  EXPECT_RULE("3758:3.5#15");
  EXPECT_RULE("3758:3.5#14");
}

TEST(Sending, NothingIsGivenUpWhenThePeerCannotSkip) {
  Solo t;
  InitChunk peer = Solo::peer_init();
  peer.forward_tsn = false;
  t.establish(peer);
  t.send(1, 1000, {.max_retransmits = 0});
  (void)t.drain();
  t.tick();
  EXPECT_EQ(t.next_types(), "DATA");
}

// FORWARD TSN comes in

TEST(Skipping, WhatWaitedForTheSkippedOnesIsDelivered) {
  Solo t;
  t.establish();
  t.give({Solo::data(1, {.ssn = 1}, "second"), Solo::data(2, {.ssn = 2}, "third")});
  EXPECT_THAT(t.events(), IsEmpty());
  t.give({
      Solo::forward_tsn(0, {{StreamId{1}, Ssn{0}}}
       )
  });
  EXPECT_THAT(t.events(), ElementsAre("second", "third"));
  EXPECT_EQ(next_sack(t)->cumulative, 2u);
}

TEST(Skipping, APartOfAMessageIsDropped) {
  Solo t;
  t.establish();
  t.give({Solo::data(0, {.end = false}, "begin"), Solo::data(2, {.begin = false}, "end")});
  t.give({
      Solo::forward_tsn(1, {{StreamId{1}, Ssn{0}}}
       )
  });
  t.give({Solo::data(3, {.ssn = 1}, "next")});
  EXPECT_THAT(t.events(), ElementsAre("next"));
  EXPECT_TRUE(t.a.is_established());
  EXPECT_RULE("3758:3.6#10");
}

TEST(Skipping, BackwardsIsOldNewsAndAnsweredWithASack) {
  Solo t;
  t.establish();
  t.give({Solo::data(0, {}), Solo::data(1, {.ssn = 1})});
  (void)t.drain();
  t.give({Solo::forward_tsn(0)});
  EXPECT_EQ(next_sack(t)->cumulative, 1u);
  EXPECT_RULE("3758:3.6#4");
}

TEST(Skipping, IsUnknownToThoseWhoDidNotOfferIt) {
  Solo t;
  InitChunk peer = Solo::peer_init();
  peer.forward_tsn = false;
  t.establish(peer);
  t.give({Solo::forward_tsn(0)});
  EXPECT_EQ(t.next_types(), "ERROR");
  EXPECT_RULE("3758:3.3.1#2");
}

TEST(Skipping, FarAheadIsTheRightOfThePeer) {
  Solo t;
  t.establish();
  t.give({Solo::data(5, {.unordered = true}, "u"), Solo::forward_tsn(0x4000'0000)});
  t.give({Solo::data(0x4000'0001, {.unordered = true}, "v")});
  EXPECT_THAT(t.events(), ElementsAre("u", "v"));
}

// Shutdown

TEST(Shutdown, IsRepeatedUntilAnswered) {
  Solo t;
  t.establish();
  t.a.shutdown(t.now);
  EXPECT_EQ(t.next_types(), "SHUTDOWN");
  t.advance(1s);
  EXPECT_EQ(t.next_types(), "SHUTDOWN");
  t.give({Solo::data(0, {}, "late")});
  EXPECT_EQ(t.next_types(), "SACK, SHUTDOWN");
  EXPECT_THAT(t.events(), ElementsAre("late"));
  EXPECT_RULE("9260:9.2#2");
  EXPECT_RULE("9260:9.2#5");
  EXPECT_RULE("9260:9.2#10");
  t.give({Solo::bare(ChunkType::kShutdownAck)});
  Seen seen = t.next();
  EXPECT_EQ(seen.types(), "SHUTDOWN COMPLETE");
  EXPECT_EQ(seen.chunks[0].flags, 0);
  EXPECT_THAT(t.events(), ElementsAre("<closed: shut down>"));
}

TEST(Shutdown, IsBoundedByItsGuard) {
  Solo t;
  t.establish();
  t.a.shutdown(t.now);
  const Instant start = t.now;
  // A peer that keeps sending keeps T2 from giving up.
  std::uint32_t tsn = 0;
  while (!t.a.is_closed()) {
    t.advance(500ms);
    t.give({Solo::data(tsn, {.ssn = static_cast<std::uint16_t>(tsn)})});
    ++tsn;
    (void)t.drain();
    (void)t.events();
  }
  EXPECT_EQ(t.now - start, 300s);
  EXPECT_RULE("9260:9.2#13");
}

TEST(Shutdown, TheOtherSideAnswersAndRepeatsToo) {
  Solo t;
  t.establish();
  t.give({Solo::shutdown(t.my_tsn.previous())});
  EXPECT_EQ(t.next_types(), "SHUTDOWN ACK");
  t.tick();
  EXPECT_EQ(t.next_types(), "SHUTDOWN ACK");
  t.give({Solo::shutdown(t.my_tsn.previous())});
  EXPECT_EQ(t.next_types(), "SHUTDOWN ACK");
  EXPECT_RULE("9260:9.2#16");
  EXPECT_RULE("9260:9.2#17");
  t.give({Solo::bare(ChunkType::kShutdownComplete)});
  EXPECT_TRUE(t.a.is_closed());
}

TEST(Shutdown, OutOfPlaceChunksAreIgnored) {
  Solo t;
  t.echo();
  t.give({Solo::shutdown(t.my_tsn.previous())});
  EXPECT_EQ(t.a.state_name(), "COOKIE-ECHOED");
  EXPECT_RULE("9260:9.2#26");
  (void)t.drain();
  t.give({Solo::bare(ChunkType::kCookieAck)});
  t.give({Solo::bare(ChunkType::kShutdownComplete)});
  t.give({Solo::bare(ChunkType::kShutdownAck)});
  EXPECT_TRUE(t.a.is_established());
  EXPECT_RULE("9260:8.5.1#11");
}

TEST(Shutdown, AcknowledgingWhatWasNeverSentIsFatal) {
  Solo t;
  t.establish();
  t.give({Solo::shutdown(t.my_tsn + 5)});
  EXPECT_EQ(t.next_types(), "ABORT");
}

// Heartbeats

TEST(Heartbeat, IsEchoedWithAllThatItHeld) {
  Solo t;
  t.establish();
  const ByteVector info{0, 1, 0, 8, 1, 2, 3, 4};
  t.give({Solo::raw(4, 0, info)});
  Seen seen = t.next();
  ASSERT_EQ(seen.types(), "HEARTBEAT ACK");
  EXPECT_TRUE(equal(seen.chunks[0].bytes.subspan(4), info));
}

TEST(Heartbeat, AnAnswerToNoneIsDropped) {
  Solo t;
  t.establish();
  t.give({Solo::raw(5, 0, {0, 1, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8})});
  EXPECT_RULE("9260:8.3#0");
}

TEST(Heartbeat, ManyInOnePacketGetABoundedNumberOfAnswers) {
  Solo t;
  t.establish();
  const std::vector<Solo::Chunk> many(100, Solo::raw(4, 0, {0, 1, 0, 8, 1, 2, 3, 4}));
  t.give(many);
  std::size_t answers = 0;
  for (Seen seen = t.next(); !seen.chunks.empty(); seen = t.next()) answers += seen.chunks.size();
  EXPECT_EQ(answers, Association::kMaxReplies);
}

}  // namespace
}  // namespace glass::sctp
