#include "explain/sinks/pcapng.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "base/trace.h"
#include "tests/sim/toys.h"

namespace glass::explain {
namespace {

using namespace std::chrono_literals;
using test::at_ip;

constexpr std::string_view kHeaders =
    // Section header: byte order, version 1.0, length unknown, "GlassRTC"
    "0a0d0d0a 0000002c 1a2b3c4d 00010000 ffffffffffffffff 00040008 476c617373525443 00000000 "
    "0000002c"
    // Interface 0: raw IP, "wire", nanoseconds
    "00000001 00000028 00650000 00000000 00020004 77697265 00090001 09000000 00000000 00000028"
    // Interface 1: exported PDU, "decrypted", nanoseconds
    "00000001 00000030 00fc0000 00000000 00020009 6465637279707465 64000000 00090001 09000000 "
    "00000000 00000030";

std::string capture_of(Pcapng::Options options, const std::function<void(Sink&)>& run) {
  std::string bytes;
  Pcapng sink(std::move(options), to_string(bytes));
  run(sink);
  sink.flush();
  return hex(as_bytes(bytes));
}

std::string plain(std::string_view spaced) {
  std::string out(spaced);
  std::erase(out, ' ');
  return out;
}

// The blocks behind the headers, as hex.
std::string packets_of(Pcapng::Options options, const std::function<void(Sink&)>& run) {
  const std::string all = capture_of(std::move(options), run);
  const std::string headers = plain(kHeaders);
  EXPECT_TRUE(all.starts_with(headers)) << all;
  return all.substr(headers.size());
}

TEST(Pcapng, StartsWithOneSectionAndTwoInterfaces) {
  EXPECT_EQ(capture_of({}, [](Sink&) {}), plain(kHeaders));
}

TEST(Pcapng, ATinyCaptureByteByByte) {
  const Path path{Transport::kUdp, at_ip("192.0.2.1:1000"), at_ip("192.0.2.2:2000")};

  const std::string blocks = packets_of({.epoch_seconds = 1}, [&](Sink& sink) {
    sink.now(Instant{} + 5ns);
    sink.packet({1, Layer::kNet}, {Direction::kSent, &path, 7, as_bytes("hi!")});
  });

  EXPECT_EQ(blocks,
            plain("00000006 00000058 00000000"  // enhanced packet on interface 0
                  "00000000 3b9aca05 0000001f 0000001f"
                  "4500001f 00074000 4011b6c3 c0000201 c0000202"  // IPv4
                  "03e807d0 000be6b2 686921 00"                   // UDP, padding
                  "00020004 00000002"                             // outbound
                  "00050008 0000000000000007"                     // id
                  "00000000 00000058"));
}

TEST(Pcapng, ADatagramIsThereOnceWhereItIsSent) {
  const Path there{Transport::kUdp, at_ip("192.0.2.1:1"), at_ip("192.0.2.2:2")};
  const Path back{Transport::kUdp, there.remote, there.local};

  const auto run = [&](Sink& sink) {
    sink.packet({1, Layer::kNet}, {Direction::kSent, &there, 1, as_bytes("a")});
    sink.packet({2, Layer::kNet}, {Direction::kReceived, &back, 1, as_bytes("a")});
    sink.packet({2, Layer::kNet}, {Direction::kReceived, &back, 0, as_bytes("stranger")});
    sink.packet({2, Layer::kNet}, {Direction::kReceived, &back, 9, as_bytes("stranger")});
  };
  const auto count = [](const std::string& blocks) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = blocks.find("00000006000000", at)) != std::string::npos; ++at)
      ++found;
    return found;
  };

  EXPECT_EQ(count(packets_of({}, run)), 3U);
  EXPECT_EQ(count(packets_of({.at_node = 1}, run)), 1U);
  EXPECT_EQ(count(packets_of({.at_node = 2}, run)), 3U);
}

TEST(Pcapng, PlaintextIsAnExportedPduWithTheAddressesAroundIt) {
  const Path path{Transport::kUdp, at_ip("192.0.2.1:1000"), at_ip("192.0.2.2:2000")};

  const std::string blocks = packets_of({.at_node = 1}, [&](Sink& sink) {
    sink.packet({1, Layer::kNet}, {Direction::kReceived, &path, 7, {}});
    sink.packet({1, Layer::kSctp}, {Direction::kReceived, nullptr, 0, as_bytes("sctp")});
  });

  const std::string pdu = plain(
      "000c0004 73637470 00140004 c0000202 00150004 c0000201 00180004 00000003 00190004 000007d0 "
      "001a0004 000003e8 00000000 73637470");
  EXPECT_NE(blocks.find(plain("00000001 0000000000000000 00000038 00000038") + pdu),
            std::string::npos)
      << blocks;
}

TEST(Pcapng, SecretsAreEmbeddedUnlessUnwanted) {
  const auto run = [](Sink& sink) {
    sink.secret({1, Layer::kDtls}, "L", as_bytes("a"), as_bytes("b"));
  };

  EXPECT_EQ(packets_of({}, run),
            plain("0000000a 0000001c 544c534b 00000008 4c203631 2036320a 0000001c"));
  EXPECT_EQ(packets_of({.with_secrets = false}, run), "");
}

TEST(Pcapng, CommentsNameTheNodeAndTheRulesOfAReceivedPacket) {
  const Path path{Transport::kUdp, at_ip("192.0.2.1:1000"), at_ip("192.0.2.2:2000")};
  const std::vector<std::string> names{"network", "alice"};
  Notes notes;
  notes.add("# RFC 9260: x\n#### 6.7#3 SHOULD - A gap calls\n");
  std::string bytes;
  Pcapng sink({.comments = true, .names = &names, .notes = &notes}, to_string(bytes));

  sink.packet({1, Layer::kNet}, {Direction::kReceived, &path, 0, as_bytes("x")});
  Trace(&sink, 1, Layer::kSctp).rule("9260:6.7#3"_rule, Fact{"n", 3});
  Trace(&sink, 2, Layer::kSctp).rule("9260:8.5#1"_rule);
  sink.flush();

  EXPECT_NE(bytes.find("received by alice\nRFC 9260:6.7#3 A gap calls n=3"), std::string::npos);
  EXPECT_EQ(bytes.find("8.5#1"), std::string::npos);
}

TEST(Pcapng, CommentsOfWhatIsSentAreTheRulesThatLedToIt) {
  const Path path{Transport::kUdp, at_ip("192.0.2.1:1000"), at_ip("192.0.2.2:2000")};
  std::string bytes;
  Pcapng sink({.comments = true}, to_string(bytes));
  const Trace trace(&sink, 1, Layer::kSctp);

  trace.rule("9260:6.7#3"_rule);
  trace.drop("9260:8.5#1"_rule, "stale", {});
  sink.packet({1, Layer::kNet}, {Direction::kSent, &path, 1, as_bytes("x")});
  trace.rule("9260:6.1#1"_rule);  // belongs to the next one
  sink.flush();

  EXPECT_NE(bytes.find("RFC 9260:6.7#3\ndropped: stale 9260:8.5#1"), std::string::npos);
  EXPECT_EQ(bytes.find("6.1#1"), std::string::npos);
}

TEST(Pcapng, CommentsAreBounded) {
  const Path path{Transport::kUdp, at_ip("192.0.2.1:1000"), at_ip("192.0.2.2:2000")};
  std::string bytes;
  Pcapng sink({.comments = true}, to_string(bytes));

  for (int i = 0; i < 10'000; ++i) Trace(&sink, 1, Layer::kSctp).rule("9260:6.7#3"_rule);
  sink.packet({1, Layer::kNet}, {Direction::kSent, &path, 1, as_bytes("x")});
  sink.flush();

  EXPECT_LT(bytes.size(), 20'000U);
}

// RFC 1071: adding everything up, checksum included, gives all ones.
std::uint32_t folded(std::uint32_t sum, Bytes bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

TEST(IpPacket, ChecksumsAddUpInBothFamilies) {
  for (const std::string payload : {"", "odd", "even"}) {
    const ByteVector v4 = ip_packet(at_ip("10.1.2.3:5"), at_ip("10.4.5.6:7"), 1, as_bytes(payload));
    const Bytes four(v4);
    EXPECT_EQ(folded(0, four.first(20)), 0xffffU);
    EXPECT_EQ(
        folded(folded(17 + 8 + static_cast<std::uint32_t>(payload.size()), four.subspan(12, 8)),
               four.subspan(20)),
        0xffffU);

    const ByteVector v6 =
        ip_packet(at_ip("[2001:db8::1]:5"), at_ip("[2001:db8::2]:7"), 1, as_bytes(payload));
    const Bytes six(v6);
    EXPECT_EQ(six.size(), 48 + payload.size());
    EXPECT_EQ(
        folded(folded(17 + 8 + static_cast<std::uint32_t>(payload.size()), six.subspan(8, 32)),
               six.subspan(40)),
        0xffffU);
  }
}

TEST(TcpPacket, ChecksumsAddUpInBothFamilies) {
  for (const std::string payload : {"", "odd", "even"}) {
    const auto size = static_cast<std::uint32_t>(payload.size()) + 20;
    const ByteVector v4 =
        tcp_packet(at_ip("10.1.2.3:5"), at_ip("10.4.5.6:7"), {1, 100, 200}, as_bytes(payload));
    const Bytes four(v4);
    EXPECT_EQ(folded(0, four.first(20)), 0xffffU);
    EXPECT_EQ(folded(folded(6 + size, four.subspan(12, 8)), four.subspan(20)), 0xffffU);

    const ByteVector v6 = tcp_packet(at_ip("[2001:db8::1]:5"), at_ip("[2001:db8::2]:7"),
                                     {1, 100, 200}, as_bytes(payload));
    const Bytes six(v6);
    EXPECT_EQ(six.size(), 40 + size);
    EXPECT_EQ(folded(folded(6 + size, six.subspan(8, 32)), six.subspan(40)), 0xffffU);
  }
}

}  // namespace
}  // namespace glass::explain
