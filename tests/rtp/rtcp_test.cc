// RTCP packets byte for byte, written and read; and every way to be malformed.
#include "rtp/rtcp.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/text.h"
#include "rtp/rtcp_write.h"
#include "tests/support/rules.h"

namespace glass::rtp {
namespace {

ByteVector bytes(std::string_view digits) { return from_hex(digits).value(); }

template <class F>
ByteVector written(F write) {
  ByteVector out;
  Writer writer(out);
  write(writer);
  return out;
}

// The one message in these bytes, which must live as long as what is read out of it.
template <class Message>
Message only(Bytes datagram) {
  RtcpReader reader(datagram, RtcpForm::kReducedSize, test::test_trace(Layer::kRtp));
  const auto message = reader.next();
  EXPECT_TRUE(message.has_value());
  if (!message) return {};
  const Message* wanted = std::get_if<Message>(&*message);
  EXPECT_NE(wanted, nullptr);
  EXPECT_FALSE(reader.next().has_value());
  return wanted != nullptr ? *wanted : Message{};
}

// Nothing can be read of it.
bool is_dropped(std::string_view digits, RtcpForm form = RtcpForm::kReducedSize) {
  const ByteVector datagram = bytes(digits);
  RtcpReader reader(datagram, form, test::test_trace(Layer::kRtp));
  return !reader.next().has_value();
}

constexpr ReportBlock kBlock{.ssrc = Ssrc{0xa},
                             .fraction_lost = 0x40,
                             .cumulative_lost = -2,
                             .highest_sequence = 0x10005,
                             .jitter = 7,
                             .last_sr = 0x12345678,
                             .delay_since_last_sr = 0x10000};

TEST(Rtcp, SenderReport) {
  const SenderInfo info{
      .ntp = 0x0102030405060708, .rtp_time = RtpTime{9}, .packets = 10, .octets = 11};
  const ByteVector datagram =
      written([&](Writer& out) { write_sender_report(out, Ssrc{1}, info, std::array{kBlock}); });
  EXPECT_EQ(hex(datagram),
            "81c8000c"
            "00000001"
            "0102030405060708"
            "00000009"
            "0000000a"
            "0000000b"
            "0000000a"
            "40fffffe"
            "00010005"
            "00000007"
            "12345678"
            "00010000");

  const auto report = only<SenderReport>(datagram);
  EXPECT_EQ(report.ssrc, Ssrc{1});
  EXPECT_EQ(report.info, info);
  EXPECT_EQ(ntp_middle(info.ntp), 0x03040506U);
  ASSERT_EQ(report.blocks.size(), 1U);
  EXPECT_EQ(report.blocks[0], kBlock);
}

TEST(Rtcp, ReceiverReportAndCname) {
  const ByteVector datagram = written([&](Writer& out) {
    write_receiver_report(out, Ssrc{1}, {});
    write_cname(out, Ssrc{1}, "abc");
  });
  EXPECT_EQ(hex(datagram),
            "80c90001"
            "00000001"
            "81ca0003"
            "00000001"
            "01036162"
            "63000000");

  RtcpReader reader(datagram, RtcpForm::kCompound, test::test_trace(Layer::kRtp));
  EXPECT_TRUE(std::holds_alternative<ReceiverReport>(*reader.next()));
  const auto message = reader.next();
  const auto& description = std::get<SourceDescription>(*message);
  ASSERT_EQ(description.size, 1U);
  EXPECT_EQ(description.chunks[0].ssrc, Ssrc{1});
  EXPECT_EQ(as_text(*description.chunks[0].item(SdesItem::kCname)), "abc");
  EXPECT_EQ(description.chunks[0].item(SdesItem::kMid), std::nullopt);
}

TEST(Rtcp, CnameOfEveryLengthEndsOnAWord) {
  for (std::size_t size = 0; size < 10; ++size) {
    const std::string name(size, 'x');
    const ByteVector datagram = written([&](Writer& out) { write_cname(out, Ssrc{1}, name); });
    EXPECT_EQ(datagram.size() % 4, 0U);
    const auto description = only<SourceDescription>(datagram);
    EXPECT_EQ(as_text(*description.chunks[0].item(SdesItem::kCname)), name);
  }
}

TEST(Rtcp, SeveralChunksAndItems) {
  const ByteVector datagram = bytes(
      "82ca0006"
      "00000001"
      "0101610f"
      "01300000"
      "00000002"
      "01016200"
      "00000000");
  // The second chunk ends with the first null; the word of nulls behind it is of no chunk.
  const auto description = only<SourceDescription>(datagram);
  ASSERT_EQ(description.size, 2U);
  EXPECT_EQ(as_text(*description.chunks[0].item(SdesItem::kMid)), "0");
  EXPECT_EQ(as_text(*description.chunks[1].item(SdesItem::kCname)), "b");
}

TEST(Rtcp, Bye) {
  const ByteVector datagram =
      written([&](Writer& out) { write_bye(out, std::array{Ssrc{1}, Ssrc{2}}, "late"); });
  EXPECT_EQ(hex(datagram),
            "82cb0004"
            "00000001"
            "00000002"
            "046c6174"
            "65000000");
  const auto bye = only<Bye>(datagram);
  ASSERT_EQ(bye.size(), 2U);
  EXPECT_EQ(bye.ssrc(1), Ssrc{2});
  EXPECT_EQ(as_text(bye.reason), "late");

  const ByteVector brief = written([&](Writer& out) { write_bye(out, std::array{Ssrc{1}}, ""); });
  EXPECT_EQ(hex(brief), "81cb000100000001");
  EXPECT_TRUE(only<Bye>(brief).reason.empty());
}

TEST(Rtcp, Application) {
  const ByteVector data = bytes("0badcafe");
  const ByteVector datagram = written([&](Writer& out) {
    write_application(out, {.subtype = 3, .ssrc = Ssrc{1}, .name = 0x61626364, .data = data});
  });
  EXPECT_EQ(hex(datagram),
            "83cc0003"
            "00000001"
            "61626364"
            "0badcafe");
  const auto packet = only<Application>(datagram);
  EXPECT_EQ(packet.subtype, 3);
  EXPECT_EQ(packet.name, 0x61626364U);
  EXPECT_EQ(hex(packet.data), "0badcafe");
}

TEST(Rtcp, ExtendedReports) {
  const ByteVector asks =
      written([&](Writer& out) { write_reference_time(out, Ssrc{1}, 0x0102030405060708); });
  EXPECT_EQ(hex(asks),
            "80cf0004"
            "00000001"
            "04000002"
            "0102030405060708");
  EXPECT_EQ(only<ExtendedReport>(asks).reference_time, 0x0102030405060708U);

  const DlrrEntry entry{.ssrc = Ssrc{2}, .last_rr = 3, .delay_since_last_rr = 4};
  const ByteVector answers =
      written([&](Writer& out) { write_dlrr(out, Ssrc{1}, std::array{entry}); });
  EXPECT_EQ(hex(answers),
            "80cf0005"
            "00000001"
            "05000003"
            "00000002"
            "00000003"
            "00000004");
  const auto report = only<ExtendedReport>(answers);
  ASSERT_EQ(report.dlrr_size(), 1U);
  EXPECT_EQ(report.dlrr_entry(0), entry);

  const ByteVector other = bytes(
      "80cf0003"
      "00000001"
      "01000001"
      "00000000");
  EXPECT_EQ(only<ExtendedReport>(other).other_blocks, 1U);
}

constexpr Feedback kAbout{.sender = Ssrc{1}, .media = Ssrc{2}};

TEST(Rtcp, NackPutsNeighboursIntoOneEntry) {
  const std::array lost{SequenceNumber{0xfffe}, SequenceNumber{0xffff}, SequenceNumber{14},
                        SequenceNumber{15}, SequenceNumber{100}};
  const ByteVector datagram = written([&](Writer& out) { write_nack(out, kAbout, lost); });
  // 14 is sixteen behind 0xfffe, 15 is one too many.
  EXPECT_EQ(hex(datagram),
            "81cd0005"
            "00000001"
            "00000002"
            "fffe8001"
            "000f0000"
            "00640000");
  const auto nack = only<Nack>(datagram);
  ASSERT_EQ(nack.size(), 3U);
  EXPECT_EQ(nack.entry(0).packet, SequenceNumber{0xfffe});
  EXPECT_EQ(nack.entry(0).following, 0x8001);
}

TEST(Rtcp, PliAndFir) {
  const ByteVector pli = written([&](Writer& out) { write_pli(out, kAbout); });
  EXPECT_EQ(hex(pli),
            "81ce0002"
            "00000001"
            "00000002");
  EXPECT_EQ(only<Pli>(pli).about.media, Ssrc{2});

  const ByteVector fir = written([&](Writer& out) {
    write_fir(out,
              Ssrc{
                  1
    },
              std::array{FirEntry{.ssrc = Ssrc{2}, .sequence = 3}});
  });
  EXPECT_EQ(hex(fir),
            "84ce0004"
            "00000001"
            "00000000"
            "00000002"
            "03000000");
  const auto parsed = only<Fir>(fir);
  ASSERT_EQ(parsed.size(), 1U);
  EXPECT_EQ(parsed.entry(0).ssrc, Ssrc{2});
  EXPECT_EQ(parsed.entry(0).sequence, 3);
}

TEST(Rtcp, RembRoundsDown) {
  const ByteVector datagram = written(
      [&](Writer& out) { write_remb(out, Ssrc{1}, 1'000'001, std::array{Ssrc{2}, Ssrc{3}}); });
  EXPECT_EQ(hex(datagram),
            "8fce0006"
            "00000001"
            "00000000"
            "52454d42"
            "020bd090"
            "00000002"
            "00000003");
  const auto remb = only<Remb>(datagram);
  EXPECT_EQ(remb.bits_per_second, 1'000'000U);
  ASSERT_EQ(remb.size(), 2U);
  EXPECT_EQ(remb.ssrc(1), Ssrc{3});
}

std::vector<Arrival> arrivals_of(const TransportWide& feedback) {
  std::vector<Arrival> out;
  ArrivalWalk walk(feedback);
  while (const auto arrival = walk.next()) out.push_back(*arrival);
  return out;
}

TEST(Rtcp, TransportWideFeedback) {
  const std::vector<Arrival> arrivals{
      {.sequence = SequenceNumber{0xfffe}, .is_received = true, .delta = 4},
      {.sequence = SequenceNumber{0xffff}},
      {.sequence = SequenceNumber{0}, .is_received = true, .delta = 1024},
      {.sequence = SequenceNumber{1}, .is_received = true, .delta = -1},
  };
  const ByteVector ours = written([&](Writer& out) {
    write_transport_wide(
        out, {.about = kAbout, .reference_time = -3, .feedback_count = 7, .arrivals = arrivals});
  });
  EXPECT_EQ(hex(ours),
            "8fcd0006"
            "00000001"
            "00000002"
            "fffe0004"
            "fffffd07"
            "d280"
            "04"
            "0400"
            "ffff"
            "00");
  const auto feedback = only<TransportWide>(ours);
  EXPECT_EQ(feedback.reference_time, -3);
  EXPECT_EQ(feedback.feedback_count, 7);
  EXPECT_EQ(arrivals_of(feedback), arrivals);
}

// The examples of the draft: a run of 221 lost packets; a vector of fourteen one-bit symbols.
TEST(TransportWideDraftSection31, Examples) {
  ByteVector run;
  Writer(run).bytes(
      bytes("8fcd0005"
            "00000001"
            "00000002"
            "000000dd"
            "00000000"
            "00dd0000"));
  const auto feedback = only<TransportWide>(run);
  EXPECT_EQ(arrivals_of(feedback).size(), 221U);
  EXPECT_FALSE(arrivals_of(feedback).front().is_received);

  // 0 11111 000 111 00 : received are 2..6 and 10..12, counted from one.
  const ByteVector vector = bytes(
      "8fcd0007"
      "00000001"
      "00000002"
      "0000000e"
      "00000000"
      "9f1c"
      "01020304"
      "05060708"
      "0000");
  const auto seen = arrivals_of(only<TransportWide>(vector));
  ASSERT_EQ(seen.size(), 14U);
  EXPECT_FALSE(seen[0].is_received);
  EXPECT_TRUE(seen[1].is_received);
  EXPECT_EQ(seen[5].delta, 5);
  EXPECT_FALSE(seen[6].is_received);
  EXPECT_EQ(seen[11].delta, 8);
}

TEST(Rtcp, TransportWideOfAnyPatternReadsTheSame) {
  SeededRandom dice(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<Arrival> arrivals;
    const std::uint32_t size = 1 + dice.below(60);
    const std::uint32_t loss = 1 + dice.below(20);
    const bool has_large = dice.below(2) == 0;
    const auto first = static_cast<std::uint16_t>(dice.u32());
    for (std::uint32_t i = 0; i < size; ++i) {
      Arrival one{.sequence = SequenceNumber{static_cast<std::uint16_t>(first + i)},
                  .is_received = dice.below(loss) != 0};
      if (one.is_received) one.delta = static_cast<std::int32_t>(dice.below(256));
      if (one.is_received && has_large && dice.below(5) == 0)
        one.delta = static_cast<std::int16_t>(dice.u32());
      arrivals.push_back(one);
    }
    const ByteVector datagram = written(
        [&](Writer& out) { write_transport_wide(out, {.about = kAbout, .arrivals = arrivals}); });
    ASSERT_EQ(arrivals_of(only<TransportWide>(datagram)), arrivals) << round;
  }
}

TEST(Rtcp, CongestionFeedback) {
  const std::array<std::uint16_t, 3> metrics{congestion_metric(1, 512), 0,
                                             congestion_metric(0, 9000)};
  const ByteVector datagram = written([&](Writer& out) {
    write_congestion(
        out,
        Ssrc{
            1
    },
        std::array{
            CongestionContent{.ssrc = Ssrc{2}, .begin = SequenceNumber{9}, .metrics = metrics},
            CongestionContent{.ssrc = Ssrc{3}, .begin = SequenceNumber{4}}},
        0x01020304);
  });
  EXPECT_EQ(hex(datagram),
            "8bcd0008"
            "00000001"
            "00000002"
            "00090003"
            "a2000000"
            "9ffe0000"
            "00000003"
            "00040000"
            "01020304");
  const auto feedback = only<CongestionFeedback>(datagram);
  EXPECT_EQ(feedback.timestamp, 0x01020304U);
  CongestionWalk walk(feedback);
  const auto first = walk.next();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->ssrc, Ssrc{2});
  ASSERT_EQ(first->size(), 3U);
  EXPECT_EQ(first->metric(0), 0xa200);
  EXPECT_EQ(walk.next()->size(), 0U);
  EXPECT_FALSE(walk.next().has_value());
  EXPECT_EQ(congestion_metric(0, -1), 0x9fff);
}

// -------------------------------------------------------------------------------- hostile input

TEST(HostileRtcp, ACompoundMustBeginWithAReport) {
  EXPECT_TRUE(is_dropped("81cb000100000001", RtcpForm::kCompound));
  EXPECT_RULE("3550:6.1#7");
  EXPECT_FALSE(is_dropped("81cb000100000001", RtcpForm::kReducedSize));
}

TEST(HostileRtcp, LengthsThatRunOverDropTheDatagram) {
  for (const std::string_view datagram : {"", "80", "80c900",
                                          "80c90002"
                                          "00000001",
                                          "80c90001"
                                          "00000001"
                                          "80",
                                          "80c90001"
                                          "00000001"
                                          "80c90009"})
    EXPECT_TRUE(is_dropped(datagram)) << datagram;
  EXPECT_RULE("3550:6.1#1");
}

TEST(HostileRtcp, AWrongVersionDropsTheDatagram) {
  EXPECT_TRUE(is_dropped("40c9000100000001"));
  EXPECT_TRUE(
      is_dropped("80c9000100000001"
                 "c0c9000100000001"));
  EXPECT_RULE("3550:A.2#0");
}

TEST(HostileRtcp, PaddingIsAtTheEndAndWholeWords) {
  EXPECT_TRUE(
      is_dropped("a0c90002"
                 "00000001"
                 "00000004"
                 "80c9000100000001"));
  EXPECT_RULE("3550:6.4.1#1");
  EXPECT_TRUE(
      is_dropped("a0c90002"
                 "00000001"
                 "00000003"));
  EXPECT_TRUE(
      is_dropped("a0c90002"
                 "00000001"
                 "00000000"));
  EXPECT_TRUE(
      is_dropped("a0c90002"
                 "00000001"
                 "000000fc"));
  EXPECT_TRUE(is_dropped("a0c90000"));
  EXPECT_FALSE(
      is_dropped("a0c90002"
                 "00000001"
                 "00000004"));
}

TEST(HostileRtcp, WhatIsShorterThanItSaysIsDropped) {
  for (const std::string_view datagram : {"81c90001"
                                          "00000001",
                                          "80c80001"
                                          "00000001",
                                          "80c90000"})
    EXPECT_TRUE(is_dropped(datagram)) << datagram;
  EXPECT_RULE("3550:6.4#0");

  // An item that runs over; a list that does not end; a chunk that is not there.
  for (const std::string_view datagram : {"81ca0002"
                                          "00000001"
                                          "01096162",
                                          "81ca0002"
                                          "00000001"
                                          "01026162",
                                          "82ca0002"
                                          "00000001"
                                          "01016100",
                                          "81ca0000"})
    EXPECT_TRUE(is_dropped(datagram)) << datagram;
  EXPECT_RULE("3550:6.5#1");

  EXPECT_TRUE(
      is_dropped("82cb0001"
                 "00000001"));
  EXPECT_TRUE(
      is_dropped("81cb0002"
                 "00000001"
                 "04616263"));
  EXPECT_RULE("3550:6.6#0");

  EXPECT_TRUE(
      is_dropped("80cc0001"
                 "00000001"));
  EXPECT_RULE("3550:6.7#0");

  EXPECT_TRUE(
      is_dropped("80cf0002"
                 "00000001"
                 "04000002"));
  EXPECT_TRUE(is_dropped("80cf0000"));
  EXPECT_RULE("3611:3#1");
}

TEST(HostileRtcp, FeedbackThatDoesNotAddUpIsDropped) {
  EXPECT_TRUE(
      is_dropped("81cd0001"
                 "00000001"));
  EXPECT_TRUE(
      is_dropped("81ce0001"
                 "00000001"));
  EXPECT_RULE("4585:6.1#1");
  EXPECT_TRUE(
      is_dropped("81cd0002"
                 "00000001"
                 "00000002"));
  EXPECT_RULE("4585:6.2.1#1");
  EXPECT_TRUE(
      is_dropped("81ce0003"
                 "00000001"
                 "00000002"
                 "00000000"));
  EXPECT_RULE("4585:6.3.1.2#1");
  EXPECT_TRUE(
      is_dropped("84ce0002"
                 "00000001"
                 "00000000"));
  EXPECT_TRUE(
      is_dropped("84ce0003"
                 "00000001"
                 "00000000"
                 "00000002"));
  EXPECT_RULE("5104:4.3.1#1");
}

TEST(HostileRtcp, RembThatDoesNotAddUpIsDropped) {
  EXPECT_TRUE(
      is_dropped("8fce0005"
                 "00000001"
                 "00000000"
                 "52454d42"
                 "02000001"
                 "00000002"));
  EXPECT_TRUE(
      is_dropped("8fce0005"
                 "00000001"
                 "00000000"
                 "52454d42"
                 "00000001"
                 "00000002"));
  // A rate of more than 64 bits.
  EXPECT_TRUE(
      is_dropped("8fce0004"
                 "00000001"
                 "00000000"
                 "52454d42"
                 "00ffffff"));
  EXPECT_RULE("4585:6.4#1");
}

TEST(HostileRtcp, TransportWideThatDoesNotAddUpIsDropped) {
  const std::string head = "0000000100000002";
  EXPECT_TRUE(is_dropped("8fcd0004" + head + "0000000000000000"));          // about no packet
  EXPECT_TRUE(is_dropped("8fcd0005" + head + "000000020000000000000000"));  // a run of nothing
  EXPECT_TRUE(is_dropped("8fcd0005" + head + "000000020000000040020000"));  // a delta is missing
  EXPECT_TRUE(is_dropped("8fcd0005" + head + "000000020000000060020000"));  // a reserved symbol
  EXPECT_TRUE(is_dropped("8fcd0005" + head + "0000000200000000f0000000"));  // in a vector as well
  EXPECT_TRUE(is_dropped("8fcd0005" + head + "000000090000000020020000"));  // a chunk is missing
  EXPECT_FALSE(is_dropped("8fcd0005" + head + "000000020000000020020000"));
  EXPECT_RULE("4585:6.1#4");
}

TEST(HostileRtcp, CongestionFeedbackThatDoesNotAddUpIsDropped) {
  EXPECT_TRUE(
      is_dropped("8bcd0001"
                 "00000001"));
  EXPECT_TRUE(
      is_dropped("8bcd0004"
                 "00000001"
                 "00000002"
                 "00094001"
                 "00000000"));
  EXPECT_TRUE(
      is_dropped("8bcd0004"
                 "00000001"
                 "00000002"
                 "00090004"
                 "00000000"));
  EXPECT_RULE("8888:3.1#4");
}

TEST(HostileRtcp, WhatIsUnknownIsPassedOver) {
  const ByteVector datagram = bytes(
      "80c9000100000001"
      "80d0000100000000"
      "9fcd000200000001"
      "00000002"
      "81ce0002"
      "00000001"
      "00000002");
  RtcpReader reader(datagram, RtcpForm::kCompound, test::test_trace(Layer::kRtp));
  EXPECT_TRUE(std::holds_alternative<ReceiverReport>(*reader.next()));
  EXPECT_TRUE(std::holds_alternative<Pli>(*reader.next()));
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_RULE("3550:6.1#20");
  EXPECT_RULE("4585:4.2#17");
}

// Any bytes at all: nothing but an answer. Headers are made plausible so that bodies are reached.
TEST(HostileRtcp, RandomBodiesAreReadOrRefused) {
  SeededRandom dice(3);
  std::size_t read = 0;
  for (int i = 0; i < 20'000; ++i) {
    ByteVector datagram(4 * (1 + dice.below(12)));
    dice.fill(datagram);
    datagram[0] = static_cast<std::uint8_t>(0x80 | dice.below(32));
    datagram[1] = static_cast<std::uint8_t>(200 + dice.below(8));
    datagram[2] = 0;
    datagram[3] = static_cast<std::uint8_t>(datagram.size() / 4 - 1);
    RtcpReader reader(datagram, RtcpForm::kReducedSize, Trace{});
    while (const auto message = reader.next()) {
      ++read;
      if (const auto* wide = std::get_if<TransportWide>(&*message)) (void)arrivals_of(*wide);
    }
  }
  EXPECT_GT(read, 1000U);
}

class OrderTap final : public FieldTap {
 public:
  void field(std::string_view name, std::size_t offset, Bytes field) override {
    EXPECT_FALSE(name.empty());
    EXPECT_EQ(offset, covered) << name;
    covered = offset + field.size();
  }
  std::size_t covered = 0;
};

TEST(Rtcp, NamesEveryByteInOrder) {
  const ByteVector datagram = written([&](Writer& out) {
    write_sender_report(out, Ssrc{1}, {}, std::array{kBlock});
    write_cname(out, Ssrc{1}, "abc");
    write_nack(out, kAbout, std::array{SequenceNumber{1}});
    write_remb(out, Ssrc{1}, 5, std::array{Ssrc{2}});
    write_fir(out, Ssrc{1}, std::array{FirEntry{}});
    write_dlrr(out, Ssrc{1}, std::array{DlrrEntry{}});
    write_transport_wide(out, {.arrivals = std::array{Arrival{.is_received = true}}});
    write_bye(out, std::array{Ssrc{1}}, "x");
  });
  OrderTap tap;
  EXPECT_TRUE(name_rtcp_fields(datagram, tap));
  EXPECT_EQ(tap.covered, datagram.size());
}

TEST(Rtcp, PaddingIsNamedBehindWhatItPads) {
  const ByteVector datagram = bytes("80c9000100000001a0c900020000000100000004");
  OrderTap tap;
  EXPECT_TRUE(name_rtcp_fields(datagram, tap));
  EXPECT_EQ(tap.covered, datagram.size());
}

}  // namespace
}  // namespace glass::rtp
