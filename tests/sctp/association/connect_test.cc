// tests/sctp/association/connect_test.cc - the handshake, its collisions, and what does not belong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sctp/support/solo.h"

namespace glass::sctp {
namespace {

using test::Seen;
using test::Solo;
using testing::ElementsAre;
using namespace std::chrono_literals;

// What an INIT of the peer is answered with.
struct Answer {
  VerificationTag tag;
  Tsn initial_tsn;
  ByteVector cookie;
};
Answer answer_to_init(Solo& t, const InitChunk& peer) {
  t.give_with_tag(VerificationTag{}, {Solo::init(peer)});
  Seen seen = t.next();
  EXPECT_EQ(seen.types(), "INIT ACK");
  EXPECT_EQ(seen.tag, peer.tag);
  const auto chunk = parse_init(seen.chunks.at(0));
  EXPECT_TRUE(chunk && chunk->has_cookie);
  return {
      chunk->tag, chunk->initial_tsn, {chunk->cookie.begin(), chunk->cookie.end()}
  };
}
InitChunk with_tag(std::uint32_t tag) {
  InitChunk chunk = Solo::peer_init();
  chunk.tag = VerificationTag{tag};
  return chunk;
}

TEST(Handshake, TheActiveSideGoesThroughItsStates) {
  Solo t;
  t.a.connect(t.now);

  Seen init = t.next();
  ASSERT_EQ(init.types(), "INIT");
  EXPECT_EQ(init.tag, VerificationTag{});
  const auto chunk = parse_init(init.chunks[0]);
  EXPECT_EQ(chunk->outbound_streams, 65535);
  EXPECT_EQ(chunk->inbound_streams, 65535);
  EXPECT_EQ(chunk->a_rwnd, 5 * kMebibyte);
  EXPECT_TRUE(chunk->forward_tsn && chunk->reconfig);
  t.my_tag = chunk->tag;
  EXPECT_EQ(t.next_types(), "");
  t.give({Solo::init_ack(Solo::peer_init())});
  Seen echo = t.next();
  EXPECT_EQ(echo.types(), "COOKIE ECHO");
  EXPECT_EQ(echo.tag, Solo::kPeerTag);
  t.give({Solo::bare(ChunkType::kCookieAck)});
  EXPECT_THAT(t.events(), ElementsAre("<connected>"));
  EXPECT_THAT(test::state_changes(), ElementsAre("association: CLOSED -> COOKIE-WAIT",
                                                 "association: COOKIE-WAIT -> COOKIE-ECHOED",
                                                 "association: COOKIE-ECHOED -> ESTABLISHED"));
  EXPECT_RULE("9260:5.1#1");
  EXPECT_RULE("9260:5.1.4#1");
  EXPECT_RULE("9260:5.1#0");
  EXPECT_RULE("9260:5.1.1#2");
  EXPECT_RULE("9260:5.1.1#3");
  EXPECT_RULE("9260:8.5.1#1");
  EXPECT_RULE("9260:7.2.1#1");
}

TEST(Handshake, ThePassiveSideKeepsNothingUntilTheCookieComesBack) {
  Solo t;
  const Answer answer = answer_to_init(t, Solo::peer_init());
  EXPECT_EQ(t.a.state_name(), "CLOSED");
  EXPECT_EQ(t.a.next_time(), kNever);

  t.give_with_tag(answer.tag, {Solo::cookie_echo(answer.cookie)});

  EXPECT_EQ(t.next_types(), "COOKIE ACK");
  EXPECT_TRUE(t.a.is_established());
  EXPECT_RULE("9260:5.1#6");
  EXPECT_RULE("9260:5.1.5#0");
  EXPECT_RULE("9260:5.1.5#6");
  EXPECT_RULE("9260:5.2.2#11");
}

TEST(Handshake, TheAnswerOffersNoMoreStreamsThanThePeerTakes) {
  Solo t;
  InitChunk few = Solo::peer_init();
  few.inbound_streams = 3;
  t.give_with_tag(VerificationTag{}, {Solo::init(few)});

  Seen seen = t.next();
  ASSERT_EQ(seen.types(), "INIT ACK");
  EXPECT_EQ(parse_init(seen.chunks[0])->outbound_streams, 3U);
  EXPECT_RULE("9260:3.3.3#11");
}

TEST(Handshake, DataMayComeWithTheCookieAndIsAcknowledgedAtOnce) {
  Solo t;
  const Answer answer = answer_to_init(t, Solo::peer_init());

  t.give_with_tag(answer.tag, {Solo::cookie_echo(answer.cookie), Solo::data(0, {}, "early")});

  EXPECT_EQ(t.next_types(), "COOKIE ACK, SACK");
  EXPECT_THAT(t.events(), ElementsAre("<connected>", "early"));
  EXPECT_RULE("9260:5.1#18");
}

TEST(Handshake, DataWaitsForTheHandshakeAndGoesWithTheCookieEcho) {
  Solo t;
  t.start();
  t.send(1, 100);
  EXPECT_EQ(t.next_types(), "");

  t.give({Solo::init_ack(Solo::peer_init())});

  EXPECT_EQ(t.next_types(), "COOKIE ECHO, DATA");
  EXPECT_EQ(t.next_types(), "");
  t.send(1, 100);
  EXPECT_EQ(t.next_types(), "") << "nothing else before the COOKIE ACK";
  t.give({Solo::bare(ChunkType::kCookieAck)});
  EXPECT_EQ(t.next_types(), "DATA");
}

TEST(Handshake, RepeatsInitAndCookieEchoWithDoubledTimeouts) {
  Solo t;
  t.start();
  t.advance(999ms);
  EXPECT_EQ(t.next_types(), "");
  t.advance(1ms);
  EXPECT_EQ(t.next_types(), "INIT");
  t.advance(1999ms);
  EXPECT_EQ(t.next_types(), "");
  t.advance(1ms);
  EXPECT_EQ(t.next_types(), "INIT");
  t.give({Solo::init_ack(Solo::peer_init())});
  EXPECT_EQ(t.next_types(), "COOKIE ECHO");
  t.advance(4s);
  EXPECT_EQ(t.next_types(), "COOKIE ECHO");
  while (!t.a.is_closed()) t.tick();
  EXPECT_THAT(t.events(), ElementsAre("<closed: no answer to COOKIE ECHO>"));
  EXPECT_RULE("9260:4#3");
  EXPECT_RULE("9260:4#6");
  EXPECT_RULE("9260:4#8");
}

TEST(Handshake, TagZeroAndOtherNonsenseInInit) {
  Solo t;
  t.give_with_tag(VerificationTag{}, {Solo::init(with_tag(0))});
  EXPECT_EQ(t.next_types(), "");
  EXPECT_RULE("9260:3.3.2#9");

  const auto refused = [&](auto change) {
    InitChunk chunk = Solo::peer_init();
    change(chunk);
    t.give_with_tag(VerificationTag{}, {Solo::init(chunk)});
    const Seen seen = t.next();
    EXPECT_EQ(seen.types(), "ABORT");
    EXPECT_EQ(seen.tag, Solo::kPeerTag);
  };
  refused([](InitChunk& chunk) { chunk.a_rwnd = 1499; });
  refused([](InitChunk& chunk) { chunk.outbound_streams = 0; });
  refused([](InitChunk& chunk) { chunk.inbound_streams = 0; });
  EXPECT_EQ(t.a.state_name(), "CLOSED");
  EXPECT_RULE("9260:3.3.2#11");
  EXPECT_RULE("9260:3.3.2#14");
  EXPECT_RULE("9260:3.3.2#16");
}

TEST(Handshake, AHostNameAddressIsRefused) {
  Solo t;
  ByteVector value;
  Writer out(value);
  out.u32(5).u32(100'000).u16(1).u16(1).u32(9).u16(11).u16(8).u32(0x61626300);
  t.give_with_tag(VerificationTag{}, {Solo::raw(1, 0, value)});

  EXPECT_EQ(t.next_types(), "ABORT");
  EXPECT_RULE("9260:3.3.2#3");
}

TEST(Handshake, UnknownParametersAreReportedByTheirHighBits) {
  Solo t;
  ByteVector value;
  Writer out(value);
  out.u32(5).u32(100'000).u16(1).u16(1).u32(9);
  out.u16(0xc0ff).u16(8).u32(1);  // skip and report
  out.u16(0x80ff).u16(8).u32(2);  // skip
  out.u16(0x40ff).u16(8).u32(3);  // stop and report
  out.u16(0xc0fe).u16(8).u32(4);  // never read
  t.give_with_tag(VerificationTag{}, {Solo::raw(1, 0, value)});

  Seen seen = t.next();
  ASSERT_EQ(seen.types(), "INIT ACK");
  std::vector<std::uint16_t> reported;
  Reader in(seen.chunks[0].bytes.subspan(20));
  TlvWalk walk(in);
  while (const auto parameter = walk.next("p"))
    if (parameter->type == 8) reported.push_back(Reader(parameter->value).u16("t"));
  EXPECT_THAT(reported, ElementsAre(0xc0ff, 0x40ff));
  EXPECT_RULE("9260:3.2.2#1");
}

TEST(Handshake, UnknownParametersInInitAckAreReportedBesideTheCookieEcho) {
  Solo t;
  t.start();
  ByteVector value;
  Writer out(value);
  out.u32(5).u32(100'000).u16(1).u16(1).u32(9);
  out.u16(7).u16(8).u32(0x636f6f6b);
  out.u16(0xc0ff).u16(5).u8(1).zeros(3);
  t.give({Solo::raw(2, 0, value)});

  EXPECT_EQ(t.next_types(), "COOKIE ECHO, ERROR");
  EXPECT_RULE("9260:3.2.2#2");
}

TEST(Handshake, AnInitAckWithoutCookieEndsTheAttempt) {
  Solo t;
  t.start();
  t.give({[](Writer& out) { write(out, ChunkType::kInitAck, Solo::peer_init()); }});

  Seen seen = t.next();
  EXPECT_EQ(seen.types(), "ABORT");
  EXPECT_EQ(seen.tag, Solo::kPeerTag);
  EXPECT_TRUE(t.a.is_closed());
  EXPECT_RULE("9260:5.1#16");
}

TEST(Handshake, AnInitAckWithTagZeroEndsTheAttempt) {
  Solo t;
  t.start();
  t.give({Solo::init_ack(with_tag(0))});

  Seen seen = t.next();
  EXPECT_EQ(seen.types(), "ABORT");
  EXPECT_EQ(seen.chunks[0].flags, kTagReflected);
  EXPECT_TRUE(t.a.is_closed());
  EXPECT_RULE("9260:3.3.3#6");
}

TEST(Handshake, LateInitAckAndCookieAckAreDropped) {
  Solo t;
  t.establish();
  t.give({Solo::init_ack(Solo::peer_init())});
  t.give({Solo::bare(ChunkType::kCookieAck)});

  EXPECT_TRUE(t.a.is_established());
  EXPECT_EQ(t.next_types(), "");
  EXPECT_RULE("9260:5.2.3#1");
  EXPECT_RULE("9260:5.2.5#1");
}

TEST(Cookies, AForgedOneIsDropped) {
  Solo t;
  Answer answer = answer_to_init(t, Solo::peer_init());
  for (std::size_t i = 0; i < answer.cookie.size(); ++i) {
    ByteVector forged = answer.cookie;
    forged[i] ^= 1;
    t.give_with_tag(answer.tag, {Solo::cookie_echo(forged)});
  }
  t.give_with_tag(answer.tag, {Solo::cookie_echo({})});

  EXPECT_EQ(t.a.state_name(), "CLOSED");
  EXPECT_EQ(t.next_types(), "");
  EXPECT_RULE("9260:4#1");
}

TEST(Cookies, OneUnderAnotherTagIsDropped) {
  Solo t;
  const Answer answer = answer_to_init(t, Solo::peer_init());
  t.give_with_tag(VerificationTag{answer.tag.value() ^ 1}, {Solo::cookie_echo(answer.cookie)});

  EXPECT_EQ(t.a.state_name(), "CLOSED");
  EXPECT_RULE("9260:5.1.5#4");
}

TEST(Cookies, AStaleOneIsAnsweredWithHowLateItIs) {
  Solo t;
  const Answer answer = answer_to_init(t, Solo::peer_init());
  t.now += 60s + 5ms;
  t.give_with_tag(answer.tag, {Solo::cookie_echo(answer.cookie), Solo::data(0, {})});

  Seen seen = t.next();
  ASSERT_EQ(seen.types(), "ERROR");
  EXPECT_EQ(seen.tag, Solo::kPeerTag);
  const auto error = parse_error(seen.chunks[0]);
  EXPECT_EQ(error->first_code, CauseCode::kStaleCookie);
  EXPECT_EQ(Reader(error->first_info).u32("staleness"), 5000u);
  EXPECT_EQ(t.a.state_name(), "CLOSED");
  EXPECT_RULE("9260:5.1.5#5");
}

TEST(Cookies, AStaleCookieErrorBeginsAgainButNotForEver) {
  Solo t;
  t.echo();
  const Solo::Chunk stale = [](Writer& out) {
    const Tlv tlv(out, std::uint8_t{9}, std::uint8_t{0});
    write_stale_cookie(out, 1);
  };
  for (int i = 0; i < 3; ++i) {
    t.give({stale});
    EXPECT_EQ(t.a.state_name(), "COOKIE-WAIT");
    EXPECT_EQ(t.next_types(), "INIT");
    t.give({Solo::init_ack(Solo::peer_init())});
  }
  t.give({stale});
  EXPECT_TRUE(t.a.is_closed());
  EXPECT_RULE("9260:5.2.6#3");
}

TEST(Cookies, AStaleCookieErrorOutOfPlaceIsDropped) {
  Solo t;
  t.establish();
  t.give({[](Writer& out) {
    const Tlv tlv(out, std::uint8_t{9}, std::uint8_t{0});
    write_stale_cookie(out, 1);
  }});
  EXPECT_TRUE(t.a.is_established());
  EXPECT_RULE("9260:5.2.6#2");
}

// RFC 9260 §5.2.4, Table 12.

TEST(Collision, ActionDBothTagsMatch) {
  Solo t;
  t.start();
  const Answer answer = answer_to_init(t, Solo::peer_init());
  EXPECT_EQ(answer.tag, t.my_tag) << "RFC 9260 §5.2.1: the same tag as in our INIT";
  EXPECT_EQ(answer.initial_tsn, t.my_tsn);
  t.give({Solo::init_ack(Solo::peer_init())});
  t.give({Solo::cookie_echo(answer.cookie)});

  EXPECT_TRUE(t.a.is_established());
  EXPECT_EQ(t.next_types(), "COOKIE ACK");
  EXPECT_RULE("9260:5.2.1#1");
  EXPECT_RULE("9260:5.2.4#11");
  EXPECT_RULE("9260:5.2.4#12");
}

TEST(Collision, ActionDAgainWhenTheCookieAckWasLostEvenIfStale) {
  Solo t;
  t.start();
  const Answer answer = answer_to_init(t, Solo::peer_init());
  t.give({Solo::init_ack(Solo::peer_init())});
  t.give({Solo::cookie_echo(answer.cookie)});
  EXPECT_EQ(t.next_types(), "COOKIE ACK");
  t.now += 61s;
  t.give({Solo::cookie_echo(answer.cookie)});

  EXPECT_EQ(t.next_types(), "COOKIE ACK");
  EXPECT_TRUE(t.a.is_established());
}

TEST(Collision, ActionBThePeerTookAnotherTag) {
  Solo t;
  t.start();
  t.give({Solo::init_ack(with_tag(1))});
  EXPECT_EQ(t.next_types(), "COOKIE ECHO");
  const Answer answer = answer_to_init(t, with_tag(2));
  EXPECT_RULE("9260:5.2.1#12");
  t.give({Solo::cookie_echo(answer.cookie)});

  Seen seen = t.next();
  EXPECT_EQ(seen.types(), "COOKIE ACK");
  EXPECT_EQ(seen.tag, VerificationTag{2});
  EXPECT_TRUE(t.a.is_established());
}

TEST(Collision, ActionBWithoutAnyTagOfThePeer) {
  Solo t;
  t.start();
  const Answer answer = answer_to_init(t, with_tag(2));
  t.give({Solo::cookie_echo(answer.cookie)});

  EXPECT_EQ(t.next_types(), "COOKIE ACK");
  EXPECT_TRUE(t.a.is_established());
  EXPECT_RULE("9260:5.2.4#8");
}

TEST(Collision, ActionCALateCookieOfOurs) {
  Solo t;
  // Baked before we sent INIT: no tie-tags, another tag of ours, the same tag of the peer.
  const Answer answer = answer_to_init(t, Solo::peer_init());
  t.echo();
  EXPECT_EQ(t.next_types(), "COOKIE ECHO");
  t.give_with_tag(answer.tag, {Solo::cookie_echo(answer.cookie)});

  EXPECT_EQ(t.a.state_name(), "COOKIE-ECHOED");
  EXPECT_EQ(t.next_types(), "");
  EXPECT_RULE("9260:5.2.4#9");
}

TEST(Collision, ACookieThatNoRowKnowsIsDropped) {
  Solo t;
  const Answer answer = answer_to_init(t, with_tag(77));
  t.establish();
  t.give_with_tag(answer.tag, {Solo::cookie_echo(answer.cookie)});

  EXPECT_TRUE(t.a.is_established());
  EXPECT_EQ(t.next_types(), "");
  EXPECT_RULE("9260:5.2.4#3");
}

TEST(Collision, ActionAThePeerRestarted) {
  Solo t;
  t.establish();
  t.send(3);
  t.drain();
  const Answer answer = answer_to_init(t, with_tag(3));
  EXPECT_NE(answer.tag, t.my_tag);
  t.give_with_tag(answer.tag, {Solo::cookie_echo(answer.cookie)});

  EXPECT_THAT(t.events(), ElementsAre("<low>", "<restarted>", "<connected>"));
  EXPECT_EQ(t.a.flight(), 0u);
  EXPECT_RULE("9260:5.2.4#5");
}

TEST(Collision, NoRestartWhileShuttingDown) {
  Solo t;
  t.establish();
  const Answer answer = answer_to_init(t, with_tag(3));
  t.give({Solo::shutdown(t.my_tsn.previous())});
  EXPECT_EQ(t.next_types(), "SHUTDOWN ACK");
  t.give_with_tag(answer.tag, {Solo::cookie_echo(answer.cookie)});

  EXPECT_EQ(t.next_types(), "ERROR, SHUTDOWN ACK");
  EXPECT_EQ(t.a.state_name(), "SHUTDOWN-ACK-SENT");
  EXPECT_RULE("9260:5.2.4#7");

  t.give_with_tag(VerificationTag{}, {Solo::init(with_tag(4))});
  EXPECT_EQ(t.next_types(), "SHUTDOWN ACK");
  EXPECT_RULE("9260:9.2#24");
}

// RFC 9260 §8.4 and §8.5.

TEST(Tags, AForeignTagIsDropped) {
  Solo t;
  t.establish();
  t.give_with_tag(VerificationTag{t.my_tag.value() ^ 1}, {Solo::data(0, {})});
  t.give_with_tag(VerificationTag{}, {Solo::data(0, {})});
  t.give_with_tag(VerificationTag{1}, {Solo::bare(ChunkType::kAbort, kTagReflected)});
  t.give_with_tag(VerificationTag{1}, {Solo::bare(ChunkType::kShutdownComplete, kTagReflected)});
  t.give_with_tag(VerificationTag{1}, {Solo::bare(ChunkType::kAbort)});

  EXPECT_TRUE(t.events().empty());
  EXPECT_TRUE(t.a.is_established());
  EXPECT_EQ(t.next_types(), "");
  EXPECT_RULE("9260:8.5#3");
  EXPECT_RULE("9260:8.5.1#3");
  EXPECT_RULE("9260:8.5.1#7");
  EXPECT_RULE("9260:8.5.1#10");
}

TEST(Tags, AnAbortMayReflectTheTagThatWeWrote) {
  Solo t;
  t.establish();
  t.give_with_tag(Solo::kPeerTag, {Solo::bare(ChunkType::kAbort, kTagReflected)});

  EXPECT_TRUE(t.a.is_closed());
  EXPECT_RULE("9260:9.1#6");
}

TEST(Tags, AnInitGoesAloneAndWithoutTag) {
  Solo t;
  t.give_with_tag(VerificationTag{5}, {Solo::init(Solo::peer_init())});
  t.give_with_tag(VerificationTag{}, {Solo::init(Solo::peer_init()), Solo::data(0, {})});
  EXPECT_EQ(t.next_types(), "");
  EXPECT_RULE("9260:12.3#2");

  t.establish();
  t.give({Solo::data(0, {}, "before"), Solo::init(Solo::peer_init()),
          Solo::data(1, {.ssn = 1}, "after")});
  EXPECT_THAT(t.events(), ElementsAre("before"));
  EXPECT_RULE("9260:6.10#8");
}

TEST(OutOfTheBlue, IsAnsweredByTheTable) {
  Solo t;
  const VerificationTag tag{42};
  t.give_with_tag(tag, {Solo::data(0, {})});
  Seen seen = t.next();
  EXPECT_EQ(seen.types(), "ABORT");
  EXPECT_EQ(seen.tag, tag);
  EXPECT_EQ(seen.chunks[0].flags, kTagReflected);
  EXPECT_RULE("9260:8.4#11");

  t.give_with_tag(tag, {Solo::bare(ChunkType::kAbort)});
  t.give_with_tag(tag, {Solo::data(0, {}), Solo::bare(ChunkType::kAbort)});
  EXPECT_EQ(t.next_types(), "");
  EXPECT_RULE("9260:8.4#2");

  t.give_with_tag(tag, {Solo::bare(ChunkType::kShutdownAck)});
  seen = t.next();
  EXPECT_EQ(seen.types(), "SHUTDOWN COMPLETE");
  EXPECT_EQ(seen.tag, tag);
  EXPECT_EQ(seen.chunks[0].flags, kTagReflected);
  EXPECT_RULE("9260:8.4#7");

  t.give_with_tag(tag, {Solo::bare(ChunkType::kShutdownComplete)});
  t.give_with_tag(tag, {Solo::bare(ChunkType::kCookieAck)});
  t.give_with_tag(tag, {[](Writer& out) {
                    const Tlv tlv(out, std::uint8_t{9}, std::uint8_t{0});
                    write_stale_cookie(out, 1);
                  }});
  EXPECT_EQ(t.next_types(), "");
  EXPECT_RULE("9260:8.4#8");
  EXPECT_RULE("9260:8.4#9");
}

TEST(OutOfTheBlue, ShutdownAckDuringTheSetup) {
  Solo t;
  t.start();
  t.give({Solo::bare(ChunkType::kShutdownAck)});

  EXPECT_EQ(t.next_types(), "SHUTDOWN COMPLETE");
  EXPECT_EQ(t.a.state_name(), "COOKIE-WAIT");
}

TEST(OutOfTheBlue, NothingBeginsAgainAfterTheEnd) {
  Solo t;
  const Answer answer = answer_to_init(t, Solo::peer_init());
  t.establish();
  t.a.abort(t.now);
  EXPECT_EQ(t.next_types(), "ABORT");

  t.give_with_tag(VerificationTag{}, {Solo::init(Solo::peer_init())});
  EXPECT_EQ(t.next_types(), "ABORT");
  t.give_with_tag(answer.tag, {Solo::cookie_echo(answer.cookie)});
  EXPECT_EQ(t.next_types(), "");
  EXPECT_RULE("9260:8.4#4");
  EXPECT_RULE("9260:8.4#5");
}

TEST(Packets, WrongChecksumPortsAndStumps) {
  Solo t;
  t.establish();
  const ByteVector good = Solo::packet(t.my_tag, {Solo::data(0, {})});
  for (std::size_t i = 0; i < good.size(); ++i) {
    ByteVector flipped = good;
    flipped[i] ^= 0x10;
    t.give_bytes(flipped);
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    t.give_bytes({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
  EXPECT_TRUE(t.events().empty());
  EXPECT_RULE("9260:6.8#4");

  const auto with_ports = [&](std::uint16_t source, std::uint16_t destination) {
    ByteVector bytes = good;
    bytes[0] = static_cast<std::uint8_t>(source >> 8);
    bytes[1] = static_cast<std::uint8_t>(source);
    bytes[2] = static_cast<std::uint8_t>(destination >> 8);
    bytes[3] = static_cast<std::uint8_t>(destination);
    seal_packet(bytes);
    t.give_bytes(bytes);
  };
  with_ports(0, 5000);
  with_ports(5000, 0);
  with_ports(5001, 5000);
  EXPECT_TRUE(t.events().empty());
  EXPECT_RULE("9260:3.1#1");
  EXPECT_RULE("9260:3.1#2");
  EXPECT_RULE("9260:1.3#3");

  ByteVector header_only = Solo::packet(t.my_tag, {});
  t.give_bytes(header_only);
  ByteVector partial = Solo::packet(t.my_tag, {Solo::data(0, {}, "whole"), Solo::data(1, {})});
  partial.resize(partial.size() - 4);
  seal_packet(partial);
  t.give_bytes(partial);
  EXPECT_THAT(t.events(), ElementsAre("whole"));
  EXPECT_RULE("9260:6.10#7");
}

TEST(Packets, ChunkLengthsThatMakeNoSense) {
  Solo t;
  t.establish();
  for (std::uint8_t length = 0; length < 4; ++length) {
    ByteVector bytes = Solo::packet(t.my_tag, {Solo::raw(4, 0, {1, 2, 3, 4})});
    bytes[kCommonHeader + 2] = 0;
    bytes[kCommonHeader + 3] = length;
    seal_packet(bytes);
    t.give_bytes(bytes);
  }
  EXPECT_EQ(t.next_types(), "");
  EXPECT_TRUE(t.a.is_established());
}

TEST(Packets, UnknownChunksByTheirHighBits) {
  Solo t;
  t.establish();
  t.give({Solo::raw(0x20, 0, {1}), Solo::data(0, {}, "a")});  // 00: stop
  EXPECT_TRUE(t.events().empty());
  EXPECT_EQ(t.next_types(), "");
  t.give({Solo::raw(0x60, 0, {1}), Solo::data(0, {}, "b")});  // 01: stop and report
  EXPECT_TRUE(t.events().empty());
  EXPECT_EQ(t.next_types(), "ERROR");
  t.give({Solo::raw(0xa0, 0, {1}), Solo::data(0, {}, "c")});  // 10: skip
  EXPECT_THAT(t.events(), ElementsAre("c"));
  EXPECT_EQ(t.next_types(), "SACK");
  t.give({Solo::raw(0xe0, 0, {1}), Solo::data(1, {.ssn = 1}, "d")});  // 11: skip and report
  EXPECT_THAT(t.events(), ElementsAre("d"));
  EXPECT_EQ(t.next_types(), "ERROR");
  EXPECT_RULE("9260:3.2#0");
}

TEST(Packets, AnAbortThatCannotBeReadIsNone) {
  Solo t;
  t.establish();
  t.give({Solo::raw(6, 0, {0, 12, 0, 99})});

  EXPECT_TRUE(t.a.is_established());
  EXPECT_RULE("9260:3.3.7#4");
}

}  // namespace
}  // namespace glass::sctp
