// Two sessions and a network between them that loses what it is told to.
#include "rtp/session.h"

#include <gtest/gtest.h>

#include "base/node.h"
#include "rtp/demux.h"
#include "rtp/rtcp_write.h"
#include "tests/rtp/support/srtp_pair.h"
#include "tests/support/rules.h"

namespace glass::rtp::test {
namespace {

using namespace std::chrono_literals;

static_assert(LayerMachine<Session>);

constexpr SrtpProfile kProfile = SrtpProfile::kAeadAes128Gcm;
constexpr Ssrc kVideo{7};
constexpr Ssrc kRtx{8};

SessionConfig config(std::uint32_t own) {
  return {
      .profile = kProfile,
      .cname = "abc",
      .ssrc = Ssrc{own},
      .reduced_size = true,
      .payloads = {{.type = PayloadType{96}, .wants_nack = true},
                   {.type = PayloadType{97}, .apt = PayloadType{96}}}
  };
}

// `a` sends, `b` receives; what they send each other arrives at once, or is lost.
struct Pair {
  Pair() {
    a.start(now);
    b.start(now);
    EXPECT_TRUE(a.add_source({
        .ssrc = kVideo, .rtx = RtxStream{.ssrc = kRtx, .payload_type = PayloadType{97}}
    }));
  }

  // A packet from `a`; whether it arrives.
  void send(std::uint16_t sequence, bool arrives = true) {
    PacketBuffer packet;
    make_rtp(packet, sequence, kVideo.value());
    ASSERT_TRUE(a.send(now, packet).has_value());
    if (arrives) b.receive(now, packet.bytes());
    settle();
  }
  // Everything that is to be done now.
  void settle() {
    for (int round = 0; round < 20; ++round) {
      const bool a_moved = drain_one(a, b, heard_by_a);
      const bool b_moved = drain_one(b, a, heard_by_b);
      if (!a_moved && !b_moved) return;
    }
    FAIL() << "they do not come to rest";
  }
  void run_until(Instant end) {
    while (std::min(a.next_time(), b.next_time()) <= end) {
      now = std::max(now, std::min(a.next_time(), b.next_time()));
      settle();
    }
    now = end;
  }
  bool drain_one(Session& from, Session& to, std::vector<std::string>& heard) {
    bool moved = false;
    if (from.next_time() <= now) from.on_time(now);
    while (const auto event = from.poll_event()) heard.push_back(text(*event));
    PacketBuffer packet;
    for (packet.clear(); from.poll_transmit(now, packet); packet.clear()) {
      moved = true;
      sizes.push_back(packet.size());
      if (!loses_rtcp || rtp_kind(packet.bytes()) == RtpKind::kRtp) to.receive(now, packet.bytes());
    }
    while (const auto event = from.poll_event()) heard.push_back(text(*event));
    return moved;
  }
  static std::string text(const SessionEvent& event) {
    if (const auto* arrived = std::get_if<PacketArrived>(&event))
      return (arrived->was_retransmitted ? "again " : "") +
             std::to_string(arrived->packet.ssrc.value()) + ':' +
             std::to_string(arrived->packet.sequence.value());
    if (std::holds_alternative<KeyFrameRequested>(event)) return "key frame requested";
    if (std::holds_alternative<KeyFrameNeeded>(event)) return "key frame needed";
    return "left";
  }

  SeededRandom dice_a{1};
  SeededRandom dice_b{2};
  Instant now{};
  bool loses_rtcp = false;
  std::vector<std::size_t> sizes;
  std::vector<std::string> heard_by_a;
  std::vector<std::string> heard_by_b;
  Session a{config(1), master_for(kProfile, 1), master_for(kProfile, 2), dice_a,
            test_trace(Layer::kRtp)};
  Session b{config(2), master_for(kProfile, 2), master_for(kProfile, 1), dice_b,
            test_trace(Layer::kRtp)};
};

using Heard = std::vector<std::string>;

TEST(Session, PacketsComeOutAsTheyWentIn) {
  Pair t;
  t.send(10);
  t.send(11);
  EXPECT_EQ(t.heard_by_b, (Heard{"7:10", "7:11"}));
}

TEST(Session, WhatIsLostIsAskedForAndComesAgain) {
  Pair t;
  t.send(10);
  t.send(11);
  t.run_until(t.now + 500ms);  // the first compound has been sent
  t.send(12, false);
  t.send(13);
  t.run_until(t.now + 50ms);
  EXPECT_EQ(t.heard_by_b, (Heard{"7:10", "7:11", "7:13", "again 7:12"}));
  EXPECT_RULE("5506:4#4");
}

TEST(Session, ReportsGoBothWaysAndShowTheRoundTrip) {
  Pair t;
  for (std::uint16_t i = 0; i < 200; ++i) {
    t.send(i);
    t.run_until(t.now + 20ms);
  }
  EXPECT_RULE("3550:6.1#10");
  ASSERT_NE(t.b.reception(kVideo), nullptr);
  EXPECT_TRUE(t.b.reception(kVideo)->is_valid());
  EXPECT_EQ(t.b.reception(kVideo)->cumulative_lost(), 0);
  EXPECT_EQ(t.b.reception(Ssrc{99}), nullptr);
  EXPECT_LT(t.a.round_trip(), 1ms);  // nothing takes time here but rounding
}

TEST(Session, AKeyFrameCanBeRequested) {
  Pair t;
  t.send(10);
  t.b.request_key_frame(t.now, kVideo);
  t.b.request_key_frame(t.now, Ssrc{99});
  t.run_until(t.now + 500ms);
  EXPECT_EQ(t.heard_by_a, Heard{"key frame requested"});
}

TEST(Session, WhatIsNotAnsweredEndsInTheNeedOfAKeyFrame) {
  Pair t;
  t.loses_rtcp = true;
  t.send(10);
  t.send(12);
  t.run_until(t.now + 2s);
  EXPECT_EQ(t.heard_by_b, (Heard{"7:10", "7:12", "key frame needed"}));
}

TEST(Session, GoodByeIsTheLastWord) {
  Pair t;
  t.send(10);
  t.a.leave();
  t.settle();
  EXPECT_EQ(t.heard_by_b.back(), "left");
  EXPECT_RULE("3550:6.1#12");
  EXPECT_RULE("3550:6.2.1#3");
  EXPECT_EQ(t.a.next_time(), kNever);
  EXPECT_EQ(t.b.reception(kVideo), nullptr);
}

// What a genuine but strange peer sends.
class StrangePeer : public testing::Test {
 protected:
  void rtp(std::uint32_t ssrc, std::uint8_t type, Bytes inside, std::uint16_t sequence = 1) {
    packet.clear();
    write_packet(packet, {.payload_type = PayloadType{type},
                          .sequence = SequenceNumber{sequence},
                          .ssrc = Ssrc{ssrc},
                          .payload = inside});
    ASSERT_TRUE(sender.protect(packet).has_value());
    session.receive(now, packet.bytes());
  }
  template <class F>
  void rtcp(F write) {
    packet.clear();
    Writer out(packet);
    write(out);
    ASSERT_TRUE(sender.protect_rtcp(packet).has_value());
    session.receive(now, packet.bytes());
  }
  std::size_t events() {
    std::size_t count = 0;
    while (session.poll_event()) ++count;
    return count;
  }

  Instant now{};
  SeededRandom dice{1};
  PacketBuffer packet;
  ByteVector payload = counting(10, 0);
  SrtpSender sender{kProfile, master_for(kProfile, 2), Trace{}};
  Session session{config(1), master_for(kProfile, 1), master_for(kProfile, 2), dice,
                  test_trace(Layer::kRtp)};
};

TEST_F(StrangePeer, UnknownPayloadTypesAreDropped) {
  rtp(5, 100, payload);
  EXPECT_EQ(events(), 0U);
  EXPECT_RULE("3550:5.1#6");
}

TEST_F(StrangePeer, WhatIsNeitherRtpNorRtcpIsDropped) {
  ByteVector tiny(4, 0x80);
  session.receive(now, tiny);
  EXPECT_RULE("5761:4#0");
}

TEST_F(StrangePeer, OnlySoManySourcesAreKept) {
  for (std::uint32_t ssrc = 0; ssrc < kRemoteSourcesMax + 10; ++ssrc) rtp(ssrc, 96, payload);
  EXPECT_RULE("3550:6.2.1#1");
  EXPECT_NE(session.reception(Ssrc{0}), nullptr);
  EXPECT_EQ(session.reception(Ssrc{kRemoteSourcesMax}), nullptr);
}

TEST_F(StrangePeer, ARetransmissionThatNobodyMissesIsDropped) {
  rtp(8, 97, payload);
  EXPECT_EQ(events(), 0U);
  EXPECT_RULE("4588:5.3#0");
}

TEST_F(StrangePeer, BrokenPaddingInsideIsDropped) {
  packet.clear();
  Writer(packet).u8(0xa0).u8(96).u16(1).u32(0).u32(5).u8(0);
  ASSERT_TRUE(sender.protect(packet).has_value());
  session.receive(now, packet.bytes());
  EXPECT_EQ(events(), 0U);
  EXPECT_RULE("3550:A.1#0");
}

TEST_F(StrangePeer, ARepeatedFirIsOneRequest) {
  ASSERT_TRUE(session.add_source({.ssrc = kVideo}));
  EXPECT_FALSE(session.add_source({.ssrc = kVideo}));
  const auto fir = [&](std::uint8_t number) {
    rtcp([&](Writer& out) {
      write_receiver_report(out, Ssrc{5}, {});
      write_fir(out,
                Ssrc{
                    5
      },
                std::array{FirEntry{.ssrc = kVideo, .sequence = number}});
    });
    return events();
  };
  EXPECT_EQ(fir(0), 1U);
  EXPECT_RULE("5104:4.3.1.2#3");
  EXPECT_EQ(fir(0), 0U);
  EXPECT_EQ(fir(1), 1U);
}

TEST_F(StrangePeer, FeedbackForWhatWasNeverSentChangesNothing) {
  ASSERT_TRUE(session.add_source({
      .ssrc = kVideo, .rtx = RtxStream{.ssrc = kRtx, .payload_type = PayloadType{97}}
  }));
  std::vector<SequenceNumber> all;
  for (std::uint16_t i = 0; i < 5000; ++i) all.emplace_back(i);
  rtcp([&](Writer& out) {
    write_receiver_report(out, Ssrc{5}, {});
    write_nack(out, {.sender = Ssrc{5}, .media = kVideo}, std::span(all).first(4000));
  });
  rtcp([&](Writer& out) {
    write_receiver_report(out, Ssrc{5}, {});
    write_nack(out, {.sender = Ssrc{5}, .media = Ssrc{1234}}, std::span(all).first(10));
    write_pli(out, {.sender = Ssrc{5}, .media = Ssrc{1234}});
    write_bye(out, std::array{Ssrc{4321}}, {});
  });
  PacketBuffer out;
  EXPECT_FALSE(session.poll_transmit(now, out));
  EXPECT_EQ(events(), 0U);
}

TEST_F(StrangePeer, ThePacketOfSomebodyElseCannotBeSent) {
  make_rtp(packet, 1, 12345);
  EXPECT_EQ(session.send(now, packet).error(), SendError::kUnknownSource);
  ASSERT_TRUE(session.add_source({.ssrc = kVideo}));
  make_rtp(packet, 1, kVideo.value());
  ASSERT_TRUE(session.send(now, packet).has_value());
  make_rtp(packet, 1, kVideo.value());
  EXPECT_EQ(session.send(now, packet).error(), SendError::kProtect);
}

}  // namespace
}  // namespace glass::rtp::test
