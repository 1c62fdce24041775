// tests/sctp/association/reset_test.cc - stream resets, both sides of the conversation.
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

// The peer's request number `number` (from 0) to reset `streams` after its TSN number `last`.
Solo::Chunk request(std::uint32_t number, std::int64_t last, std::vector<StreamId> streams) {
  return [=](Writer& out) {
    const ResetRequestContent content{.request = ReconfigSn{Solo::kPeerTsn.value() + number},
                                      .response = {},
                                      .last_tsn = Solo::kPeerTsn + static_cast<std::uint32_t>(last),
                                      .streams = streams};
    write_reconfig(out, &content, nullptr);
  };
}
std::optional<ReconfigResult> next_result(Solo& t) {
  Seen seen = t.next();
  RawChunk* raw = seen.find(ChunkType::kReconfig);
  if (raw == nullptr) return std::nullopt;
  return parse_reconfig(*raw)->response->result;
}
Solo::Chunk response(ReconfigSn to, ReconfigResult result) {
  return [=](Writer& out) {
    const ReconfigResponse content{.response = to, .result = result};
    write_reconfig(out, nullptr, &content);
  };
}
std::optional<ResetRequest> next_request(Solo& t) {
  t.kept = t.next();  // the request points into it
  RawChunk* raw = t.kept.find(ChunkType::kReconfig);
  return raw == nullptr ? std::nullopt : parse_reconfig(*raw)->reset;
}

TEST(IncomingResetRequest, IsDoneAtOnceWhenAllHasArrived) {
  Solo t;
  t.establish();
  t.give({Solo::data(0, {}, "old")});
  (void)t.drain();
  t.give({request(0, 0, {StreamId{1}})});
  EXPECT_EQ(next_result(t), ReconfigResult::kPerformed);
  t.give({Solo::data(1, {.ssn = 0}, "new")});
  EXPECT_THAT(t.events(), ElementsAre("old", "<reset 1>", "new"));
}

TEST(IncomingResetRequest, WaitsForMissingDataAndTellsWhenItIsDone) {
  Solo t;
  t.establish();
  t.give({Solo::data(1, {.ssn = 1}, "second")});
  t.give({request(0, 1, {StreamId{1}})});
  EXPECT_EQ(next_result(t), ReconfigResult::kInProgress);
  EXPECT_RULE("6525:5.2.2#3");
  // Data of the next life must wait for the reset.
  t.give({Solo::data(2, {.ssn = 0}, "new life")});
  EXPECT_THAT(t.events(), IsEmpty());
  (void)t.drain();
  t.give({request(0, 1, {StreamId{1}})});
  EXPECT_EQ(next_result(t), ReconfigResult::kInProgress);
  EXPECT_RULE("6525:5.2.1#4");

  t.give({Solo::data(0, {.ssn = 0}, "first")});
  EXPECT_THAT(t.events(), ElementsAre("first", "second", "<reset 1>", "new life"));
  EXPECT_EQ(next_result(t), ReconfigResult::kPerformed);
}

TEST(IncomingResetRequest, ARepetitionIsAnsweredAlikeAndDoneOnce) {
  Solo t;
  t.establish();
  t.give({request(0, -1, {StreamId{1}})});
  EXPECT_EQ(next_result(t), ReconfigResult::kPerformed);
  t.give({request(0, -1, {StreamId{1}})});
  EXPECT_EQ(next_result(t), ReconfigResult::kPerformed);
  EXPECT_THAT(t.events(), ElementsAre("<reset 1>"));
}

TEST(IncomingResetRequest, WrongNumbersAndStreamsAreErrors) {
  Solo t;
  t.establish();
  t.give({request(5, -1, {StreamId{1}})});
  EXPECT_EQ(next_result(t), ReconfigResult::kBadSequenceNumber);
  EXPECT_RULE("6525:5.2.1#0");
  t.give({request(0, -1, {StreamId{100}})});
  EXPECT_EQ(next_result(t), ReconfigResult::kWrongSsn);
  t.give({request(7, -1, {StreamId{1}})});
  EXPECT_EQ(next_result(t), ReconfigResult::kBadSequenceNumber);
  t.give({request(0, -1, {StreamId{100}})});
  EXPECT_EQ(next_result(t), ReconfigResult::kWrongSsn) << "the good request's answer is kept";
  EXPECT_THAT(t.events(), IsEmpty());
}

TEST(IncomingResetRequest, NoListMeansAllStreams) {
  Solo t;
  t.establish();
  t.give({Solo::data(0, {.stream = 1}, "a"), Solo::data(1, {.stream = 2}, "b")});
  t.give({request(0, 1, {})});
  t.give({Solo::data(2, {.stream = 1}, "c"), Solo::data(3, {.stream = 2}, "d")});
  EXPECT_THAT(t.events(), ElementsAre("a", "b", "<reset all>", "c", "d"));
  EXPECT_RULE("6525:5.2.2#6");
}

TEST(IncomingResetRequest, OtherRequestsAreDenied) {
  Solo t;
  t.establish();
  const auto other = [](std::uint16_t type, std::uint32_t number) {
    return [=](Writer& out) {
      const Tlv chunk(out, std::uint8_t{130}, std::uint8_t{0});
      const Tlv parameter(out, type);
      out.u32(Solo::kPeerTsn.value() + number);
      if (type >= 17) out.u16(4).u16(0);
    };
  };
  std::uint32_t number = 0;
  for (const std::uint16_t type : std::initializer_list<std::uint16_t>{14, 15, 17, 18}) {
    t.give({other(type, number++)});
    EXPECT_EQ(next_result(t), ReconfigResult::kDenied) << type;
  }
  t.give({other(15, 99)});
  EXPECT_EQ(next_result(t), ReconfigResult::kBadSequenceNumber);
  EXPECT_RULE("6525:5.2.1#5");
}

TEST(IncomingResetRequest, IsIgnoredBeforeTheAssociation) {
  Solo t;
  t.echo();
  t.give({request(0, -1, {StreamId{1}})});
  EXPECT_THAT(t.events(), IsEmpty());
  EXPECT_RULE("6525:5.2.1#1");
}

TEST(OutgoingResetRequest, WaitsForItsDataAndRepeats) {
  Solo t;
  t.establish();
  t.send(1, 100);
  t.a.reset_stream(t.now, StreamId{1});
  EXPECT_EQ(t.next_types(), "DATA");
  EXPECT_EQ(t.next_types(), "") << "not before the data is acknowledged";
  t.give({t.sack(0)});
  const auto reset = next_request(t);
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->last_tsn, t.my_tsn);
  EXPECT_EQ(reset->request.value(), t.my_tsn.value());
  ASSERT_EQ(reset->stream_count(), 1u);
  EXPECT_EQ(reset->stream(0), StreamId{1});

  t.advance(1s);
  EXPECT_EQ(next_request(t)->request, reset->request);
  EXPECT_RULE("6525:5.1.1#9");
  t.give({response(reset->request, ReconfigResult::kInProgress)});
  t.tick();
  EXPECT_EQ(next_request(t)->request, reset->request);
  EXPECT_RULE("6525:5.2.7#3");
  // Meanwhile data for the stream waits.
  t.send(1, 100);
  EXPECT_EQ(t.next_types(), "");
  t.give({response(reset->request, ReconfigResult::kPerformed)});
  Seen seen = t.next();
  ASSERT_EQ(seen.types(), "DATA");
  EXPECT_EQ(parse_data(seen.chunks[0])->ssn, Ssn{0});
}

TEST(OutgoingResetRequest, OneAtATime) {
  Solo t;
  t.establish();
  t.a.reset_stream(t.now, StreamId{1});
  const auto first = next_request(t);
  t.a.reset_stream(t.now, StreamId{2});
  t.a.reset_stream(t.now, StreamId{3});
  EXPECT_EQ(t.next_types(), "");
  t.give({response(first->request, ReconfigResult::kPerformed)});
  const auto second = next_request(t);
  EXPECT_EQ(second->request, first->request.next());
  EXPECT_EQ(second->stream_count(), 2u);
}

TEST(OutgoingResetRequest, ARefusalKeepsTheSequence) {
  Solo t;
  t.establish();
  t.send(1, 100);
  (void)t.drain();
  t.give({t.sack(0)});
  t.a.reset_stream(t.now, StreamId{1});
  const auto reset = next_request(t);
  (void)t.events();
  t.give({response(reset->request, ReconfigResult::kDenied)});
  EXPECT_THAT(t.events(), ElementsAre("<denied 1>"));
  t.send(1, 100);
  Seen seen = t.next();
  EXPECT_EQ(parse_data(seen.chunks[0])->ssn, Ssn{1});
}

TEST(OutgoingResetRequest, AnAnswerToNoneIsDropped) {
  Solo t;
  t.establish();
  t.give({response(ReconfigSn{12345}, ReconfigResult::kPerformed)});
  EXPECT_THAT(t.events(), IsEmpty());
  EXPECT_RULE("6525:5.2.7#1");
}

TEST(OutgoingResetRequest, IsNotMadeToAPeerThatCannot) {
  Solo t;
  InitChunk peer = Solo::peer_init();
  peer.reconfig = false;
  t.establish(peer);
  t.a.reset_stream(t.now, StreamId{1});
  EXPECT_EQ(t.next_types(), "");
  EXPECT_THAT(t.events(), ElementsAre("<denied 1>"));
  EXPECT_RULE("6525:5.1.1#3");
}

TEST(OutgoingResetRequest, SilenceEndsTheAssociation) {
  Solo t;
  t.establish();
  t.a.reset_stream(t.now, StreamId{1});
  while (!t.a.is_closed()) {
    (void)t.drain();
    t.tick();
  }
  EXPECT_THAT(t.events(), ElementsAre("<closed: no answer to a stream reset>"));
}

}  // namespace
}  // namespace glass::sctp
