#include "explain/story/ladder.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "base/trace.h"
#include "dtls/record.h"
#include "explain/notes.h"
#include "explain/sinks/recorder.h"
#include "explain/story/summary.h"
#include "tests/sim/toys.h"

namespace glass::explain {
namespace {

using namespace std::chrono_literals;

const ByteVector kAlert = *from_hex("15 fefd 0000 000000000005 0002 0228");

struct LadderTest : testing::Test {
  LadderTest() { recorder.story().names = {"network", "alice", "bob"}; }
  void at(Duration when) { recorder.now(Instant{} + when); }
  void sent(std::uint64_t id) { alice.packet({Direction::kSent, &there, id, kAlert}); }
  void received(std::uint64_t id) { bob.packet({Direction::kReceived, &back, id, kAlert}); }
  [[nodiscard]] std::string printed(const LadderOptions& options = {}) const {
    return print(ladder(recorder.story(), options));
  }

  Recorder recorder;
  Trace alice{&recorder, 1, Layer::kNet};
  Trace bob{&recorder, 2, Layer::kNet};
  const Path there{Transport::kUdp, test::at_ip("192.0.2.1:1"), test::at_ip("192.0.2.2:2")};
  const Path back{Transport::kUdp, there.remote, there.local};
};

TEST_F(LadderTest, APacketIsOneLineWithTheTimeItTook) {
  sent(1);
  at(25ms);
  received(1);

  EXPECT_EQ(printed(), "     0.000 ms  alice ---> bob  DTLS alert handshake_failure  +25.000 ms\n");
}

TEST_F(LadderTest, ALostPacketIsCrossedOut) {
  at(1500us);
  sent(1);
  alice.metric("dropped packet", 1);
  alice.drop({}, "queue full", kAlert);
  sent(2);

  EXPECT_EQ(
      printed(),
      "     1.500 ms  alice --X  192.0.2.2:2  DTLS alert handshake_failure [queue full]\n"
      "     1.500 ms  alice --X  192.0.2.2:2  DTLS alert handshake_failure [still under way]\n");
}

TEST_F(LadderTest, APacketFromAStrangerIsShownWhereItArrives) {
  received(0);

  EXPECT_EQ(printed(), "     0.000 ms  bob <--- 192.0.2.1:1  DTLS alert handshake_failure\n");
}

TEST_F(LadderTest, RulesBearTheTitleOfTheirNote) {
  Notes notes;
  notes.add("# RFC 6347: x\n#### 4.2.4#3 MUST - The timer starts\n#### 4.1#0 INFO - Records\n");
  const Trace dtls = alice.with(Layer::kDtls);
  dtls.rule("6347:4.2.4#3"_rule, Fact{"rto_ms", 50}, Fact{"why", "a\nb"});
  dtls.rule("6347:4.1#0"_rule);
  dtls.rule("6347:4.1#7"_rule);
  dtls.drop("6347:4.2.4#3"_rule, "too late", kAlert);
  dtls.state("connection", "START", "OPEN");

  EXPECT_EQ(printed({.notes = &notes}),
            "     0.000 ms  alice   RFC 6347 §4.2.4 #3 MUST: The timer starts (rto_ms=50, "
            "why=a\\x0ab)\n"
            "     0.000 ms  alice   RFC 6347 §4.1: Records\n"
            "     0.000 ms  alice   RFC 6347 §4.1 #7\n"
            "     0.000 ms  alice   drops a packet: too late; RFC 6347 §4.2.4 #3 MUST: The timer "
            "starts\n"
            "     0.000 ms  alice   <connection> START -> OPEN\n");
  EXPECT_EQ(printed({.rules = false, .states = false}),
            "     0.000 ms  alice   drops a packet: too late; RFC 6347 §4.2.4 #3\n");
}

TEST_F(LadderTest, TimersAndMetricsAreShownOnRequest) {
  alice.timer("flight", Instant{} + 50ms);
  alice.timer("flight", kNever);
  alice.metric("cwnd", 4380);

  EXPECT_EQ(printed(), "");
  EXPECT_EQ(printed({.timers = true, .metrics = true}),
            "     0.000 ms  alice   timer flight for 50.000 ms\n"
            "     0.000 ms  alice   timer flight stopped\n"
            "     0.000 ms  alice   cwnd = 4380\n");
}

TEST_F(LadderTest, PlaintextIsToldOnceByItsSender) {
  const ByteVector cookie_ack = *from_hex("13881388 00000000 00000000 0b000004");
  alice.with(Layer::kSctp).packet({Direction::kSent, nullptr, 0, cookie_ack});
  sent(1);
  received(1);
  bob.with(Layer::kSctp).packet({Direction::kReceived, nullptr, 0, cookie_ack});
  received(0);
  bob.with(Layer::kSctp).packet({Direction::kReceived, nullptr, 0, cookie_ack});

  const auto lines = ladder(recorder.story());

  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0].text, "sends inside: SCTP COOKIE ACK");
  EXPECT_EQ(lines[3].text, "gets inside: SCTP COOKIE ACK");
}

TEST_F(LadderTest, AWindowOfTimeKeepsTheFatesOfItsPackets) {
  sent(1);
  at(10ms);
  sent(2);
  at(20ms);
  received(2);

  const auto lines = ladder(recorder.story(), {.from = Instant{} + 5ms, .until = Instant{} + 15ms});

  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].took, 10ms);
}

std::string summary_of(std::string_view hex_digits, std::optional<Format> as = std::nullopt) {
  return summarize(from_hex(hex_digits).value(), as);
}

TEST(Summary, StunMessagesSayWhatMattersToIce) {
  // RFC 5769 §2.1 and §2.2
  EXPECT_EQ(summary_of("00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 "
                       "5354554e207465737420636c69656e74 00240004 6e0001ff 80290008 "
                       "932ff9b151263b36 00060009 6576746a3a6836765920202000080014 "
                       "9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf"),
            "STUN Binding request priority=1845494271 controlled user=evtj:h6vY");
  EXPECT_EQ(summary_of("0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b "
                       "7465737420766563746f7220 00200008 0001a147e112a643 00080014 "
                       "2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96"),
            "STUN Binding success response mapped=192.0.2.1:32853");
}

TEST(Summary, DtlsRecordsNameTheirMessages) {
  EXPECT_EQ(summary_of("14 fefd 0000 000000000001 0001 01 16 fefd 0001 000000000000 0002 aabb"
                       "17 fefd 0001 000000000001 0003 aabbcc"),
            "DTLS ChangeCipherSpec, encrypted handshake, application data 3 B");
  EXPECT_EQ(summary_of("16 fefd 0000 000000000001 000e 0e 000064 0002 000032 000002 abcd"),
            "DTLS ServerHelloDone[50..52 of 100]");
}

TEST(Summary, RecordsOfDtls13AreToldOneByOne) {
  EXPECT_EQ(summary_of("2f 0001 0004 aabbccdd 2e 0002 0003 112233"),
            "DTLS encrypted record 9 B, encrypted record 8 B");
  EXPECT_EQ(summary_of("2f 0001 0004 aabb"),
            "DTLS malformed: " + std::string(dtls::to_text(dtls::RecordError::kTruncated)));
}

TEST(Summary, SctpChunksStandSideBySide) {
  const std::string header = "13881388 01020304 00000000 ";
  EXPECT_EQ(summary_of(header + "0a000006 abcd0000 00030020 00000001 00000000 00000032 03000000 "
                                "00000000 00040000 63686174",
                       Format::kSctp),
            "SCTP COOKIE ECHO + DATA tsn=1 stream=0 ppid=50 (DCEP) OPEN \"chat\"");
  EXPECT_EQ(
      summary_of(header + "00030015 00000002 00010000 00000033 68656c6c6f000000", Format::kSctp),
      "SCTP DATA tsn=2 stream=1 ppid=51 (text) \"hello\" 5 B");
  EXPECT_EQ(summary_of(header + "03000010 00000002 00020000 00000000", Format::kSctp),
            "SCTP SACK up to tsn=2 a_rwnd=131072");
}

TEST(Summary, AnythingIsOneLineOfText) {
  for (int format = 0; format <= static_cast<int>(Format::kUnknown); ++format)
    for (std::size_t size = 0; size < 40; ++size) {
      const ByteVector bytes(size, 0x0a);
      const std::string line = summarize(bytes, static_cast<Format>(format));
      EXPECT_EQ(line.find('\n'), std::string::npos);
      EXPECT_FALSE(line.empty());
    }
}

}  // namespace
}  // namespace glass::explain
