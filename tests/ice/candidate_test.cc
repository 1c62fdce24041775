// tests/ice/candidate_test.cc - the candidate attribute as browsers write it, and its numbers.
#include "ice/candidate.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/address.h"

namespace glass::ice {
namespace {

Candidate parsed(std::string_view text) {
  const auto candidate = parse_candidate(text);
  EXPECT_TRUE(candidate.has_value()) << text << ": " << to_text(candidate.error());
  return candidate.value_or(Candidate{});
}

TEST(Rfc8839Section51, TheExampleOfTheRfcIsRead) {
  const Candidate candidate =
      parsed("2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998");

  EXPECT_EQ(candidate.foundation, "2");
  EXPECT_EQ(candidate.component, 1);
  EXPECT_EQ(candidate.transport, Transport::kUdp);
  EXPECT_EQ(candidate.priority, 1694498815U);
  EXPECT_EQ(to_text(candidate.address), "192.0.2.3:45664");
  EXPECT_EQ(candidate.type, CandidateType::kServerReflexive);
  ASSERT_TRUE(candidate.related.has_value());
  EXPECT_EQ(to_text(*candidate.related), "203.0.113.141:8998");
}

TEST(Candidate, ChromiumHidesItsAddressBehindAName) {
  const Candidate candidate = parsed(
      "candidate:1002908247 1 udp 2122260223 6f1c8a50-0f0e-4a54-9c1e-0d4f9d7ce2aa.local 35078 typ "
      "host generation 0 ufrag EsAw network-id 1 network-cost 999");

  EXPECT_EQ(candidate.host_name, "6f1c8a50-0f0e-4a54-9c1e-0d4f9d7ce2aa.local");
  EXPECT_EQ(candidate.address.port, 35078);
  EXPECT_EQ(candidate.extension("ufrag"), "EsAw");
  EXPECT_EQ(candidate.extension("network-cost"), "999");
  EXPECT_EQ(candidate.extension("network"), std::nullopt);
}

TEST(Candidate, FirefoxWritesTransportsInUpperCase) {
  const Candidate candidate =
      parsed("a=candidate:1 1 TCP 2105524479 10.9.0.1 9 typ host tcptype active\r\n");

  EXPECT_EQ(candidate.transport, Transport::kTcp);
  EXPECT_EQ(candidate.tcp_type, TcpType::kActive);
  EXPECT_EQ(candidate.address.port, 9);
}

TEST(Candidate, WhatIsWrittenIsReadAgain) {
  const std::vector<std::string_view> lines{
      "2 1 udp 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998",
      "1 1 tcp 1518280447 10.9.0.1 9 typ host tcptype active generation 0 network-id 1",
      "a+/9 256 udp 1 2001:db8::17 1 typ relay raddr :: rport 9 ufrag abcd",
      "7 2 udp 2147483647 x.local 0 typ prflx raddr 0.0.0.0 rport 0"};
  for (const std::string_view line : lines) EXPECT_EQ(write_candidate(parsed(line)), line);
}

TEST(Candidate, BlanksMayBeMany) {
  EXPECT_EQ(parsed("1  1 udp   5 192.0.2.1 4 typ host "), parsed("1 1 udp 5 192.0.2.1 4 typ host"));
}

TEST(Candidate, ANameAsRelatedAddressIsPassedOver) {
  const Candidate candidate = parsed("1 1 udp 5 192.0.2.1 4 typ srflx raddr a.local rport 7");

  EXPECT_TRUE(candidate.related->is_unspecified());
  EXPECT_EQ(candidate.related->port, 7);
}

TEST(Candidate, EveryWayToBeWrongHasAReason) {
  using enum CandidateError;
  const std::vector<std::pair<std::string, CandidateError>> lines{
      {"", kBadFoundation},
      {"a_b 1 udp 5 192.0.2.1 4 typ host", kBadFoundation},
      {std::string(33, 'a') + " 1 udp 5 192.0.2.1 4 typ host", kBadFoundation},
      {"1", kTooFewFields},
      {"1 0 udp 5 192.0.2.1 4 typ host", kBadComponent},
      {"1 257 udp 5 192.0.2.1 4 typ host", kBadComponent},
      {"1 1", kTooFewFields},
      {"1 1 sctp 5 192.0.2.1 4 typ host", kUnknownTransport},
      {"1 1 udp", kTooFewFields},
      {"1 1 udp 0 192.0.2.1 4 typ host", kBadPriority},
      {"1 1 udp 2147483648 192.0.2.1 4 typ host", kBadPriority},
      {"1 1 udp -5 192.0.2.1 4 typ host", kBadPriority},
      {"1 1 udp 5", kTooFewFields},
      {"1 1 udp 5 192.0.2.1", kTooFewFields},
      {"1 1 udp 5 192.0.2.256 4 typ host", kBadAddress},
      {"1 1 udp 5 fe80::1%eth0 4 typ host", kBadAddress},
      {"1 1 udp 5 192.0.2.1 65536 typ host", kBadPort},
      {"1 1 udp 5 192.0.2.1 4", kTooFewFields},
      {"1 1 udp 5 192.0.2.1 4 host host", kUnknownType},
      {"1 1 udp 5 192.0.2.1 4 typ", kUnknownType},
      {"1 1 udp 5 192.0.2.1 4 typ token", kUnknownType},
      {"1 1 udp 5 192.0.2.1 4 typ srflx raddr 1.2.3.4", kBadRelatedAddress},
      {"1 1 udp 5 192.0.2.1 4 typ srflx raddr 1.2.3.4 rport x", kBadRelatedAddress},
      {"1 1 udp 5 192.0.2.1 4 typ srflx raddr 1.2.3 rport 4", kBadRelatedAddress},
      {"1 1 udp 5 192.0.2.1 4 typ host generation", kBadExtension},
      {"1 1 tcp 5 192.0.2.1 4 typ host tcptype never", kBadExtension},
      {"1 1 udp 5 192.0.2.1 4 typ host a \x01", kBadExtension},
      {"1 1 udp 5 192.0.2.1 4 typ host a " + std::string(1024, 'b'), kTooLong}
  };
  for (const auto& [line, error] : lines) {
    const auto candidate = parse_candidate(line);
    ASSERT_FALSE(candidate.has_value()) << line;
    EXPECT_EQ(to_text(candidate.error()), to_text(error)) << line;
  }
}

TEST(Candidate, ExtensionsAreCounted) {
  std::string line = "1 1 udp 5 192.0.2.1 4 typ host";
  for (std::size_t i = 0; i < kMaxExtensions; ++i) line += " a b";
  EXPECT_TRUE(parse_candidate(line).has_value());
  EXPECT_EQ(parse_candidate(line + " a b").error(), CandidateError::kTooLong);
}

TEST(Rfc8445Section5121, PrioritiesFollowTheFormula) {
  // The values that browsers compute as well: host with local preference 65535, component 1.
  EXPECT_EQ(candidate_priority(CandidateType::kHost, 65535), 2130706431U);
  EXPECT_EQ(candidate_priority(CandidateType::kServerReflexive, 65535), 1694498815U);
  EXPECT_EQ(candidate_priority(CandidateType::kPeerReflexive, 65535), 1862270975U);
  EXPECT_EQ(candidate_priority(CandidateType::kRelayed, 65535, 2), 16777214U);
  EXPECT_LE(candidate_priority(CandidateType::kHost, 65535), kMaxPriority);
}

TEST(Rfc8445Section6123, BothSidesComputeTheSamePairPriority) {
  EXPECT_EQ(pair_priority(2, 1), (1ULL << 32) + 5);
  EXPECT_EQ(pair_priority(1, 2), (1ULL << 32) + 4);
  EXPECT_EQ(pair_priority(3, 3), (3ULL << 32) + 6);
}

TEST(Foundations, SameTypeBaseAndServerShareOne) {
  Foundations foundations;
  const Address here = *parse_address("192.0.2.1:5000");
  const Address there = *parse_address("192.0.2.2:5000");
  const Address server = *parse_address("198.51.100.1:3478");

  EXPECT_EQ(foundations.of(CandidateType::kHost, here, {}), "1");
  EXPECT_EQ(foundations.of(CandidateType::kHost, here.with_port(6000), {}), "1");
  EXPECT_EQ(foundations.of(CandidateType::kHost, there, {}), "2");
  EXPECT_EQ(foundations.of(CandidateType::kServerReflexive, here, server), "3");
  EXPECT_EQ(foundations.of(CandidateType::kServerReflexive, here, there), "4");
  EXPECT_EQ(foundations.of(CandidateType::kServerReflexive, here, server.with_port(1)), "3");
}

// RFC 8445 §5.1.1.3: relayed addresses that were obtained over UDP and TCP have nothing in common.
TEST(Foundations, TheWayToTheServerCounts) {
  Foundations foundations;
  const Address relayed = *parse_address("203.0.113.4:5000");
  const Address server = *parse_address("203.0.113.3:3478");
  const auto of = [&](Transport t) {
    return foundations.of(CandidateType::kRelayed, relayed, server, t);
  };

  EXPECT_EQ(of(Transport::kUdp), "1");
  EXPECT_EQ(of(Transport::kTcp), "2");
  EXPECT_EQ(of(Transport::kTls), "3");
}

}  // namespace
}  // namespace glass::ice
