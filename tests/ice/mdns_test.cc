// tests/ice/mdns_test.cc - names on the own network: messages, answers, questions.
#include "ice/mdns.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

const Address kHere = at("192.168.1.2:5353");
const Address kThere = at("192.168.1.3:5353");

Mdns machine_at(const Address& interface) {
  Mdns mdns(glass::test::test_trace(Layer::kIce));
  mdns.add_interface(interface);
  return mdns;
}

// All that `from` has to say reaches `to`; returns how many datagrams there were.
int carry(Instant now, Mdns& from, const Address& source, Mdns& to) {
  int count = 0;
  PacketBuffer out;
  for (out.clear(); from.poll_transmit(now, out); out.clear(), ++count)
    to.receive(now, {
                        {Transport::kUdp, Mdns::group(true), source},
                        out.bytes()
    });
  return count;
}

TEST(Mdns, AQuestionIsTheBytesOfTheRfc) {
  const DnsMessage message{.questions = {{"ab.local", RecordType::kA}}};

  EXPECT_EQ(hex(write_dns(message)),
            "000000000001000000000000"
            "026162"
            "056c6f63616c"
            "00"
            "0001"
            "0001");
}

TEST(Mdns, AnAnswerIsTheBytesOfTheRfc) {
  const DnsMessage message{.is_response = true, .answers = {{"ab.local", at("192.168.1.2:0")}}};

  EXPECT_EQ(hex(write_dns(message)),
            "000084000000000100000000"
            "026162"
            "056c6f63616c"
            "00"
            "0001"
            "8001"
            "00000078"
            "0004"
            "c0a80102");
}

TEST(Mdns, WhatIsWrittenCanBeRead) {
  const DnsMessage message{
      .is_response = true,
      .questions = {{"a-b.local", RecordType::kAaaa}},
      .answers = {{"x.local", at("10.0.0.1:0"), std::chrono::seconds(0)},
                    {"y.local", at("[fe80::1]:0")}}
  };

  EXPECT_EQ(parse_dns(write_dns(message)), message);
}

TEST(Mdns, CompressedNamesAreRead) {
  // One question; the answer's name points to it.
  const auto bytes = *from_hex(
      "000084000001000100000000 0141056c6f63616c00 0001 0001 "
      "c00c 0001 8001 00000078 0004 0a000001");

  const auto message = parse_dns(bytes);

  ASSERT_TRUE(message.has_value());
  ASSERT_EQ(message->answers.size(), 1U);
  EXPECT_EQ(message->answers[0].name, "a.local");
}

TEST(Mdns, MessagesThatLieAreRefused) {
  const auto error = [](std::string_view text) { return parse_dns(*from_hex(text)).error(); };

  EXPECT_EQ(error("0000"), DnsError::kTruncated);
  EXPECT_EQ(error("000000000001000000000000 c00c 0001 0001"), DnsError::kBadName);
  EXPECT_EQ(error("000000000001000000000000 01"), DnsError::kTruncated);
  EXPECT_EQ(error("000000000001000000000000 41"), DnsError::kBadName);
  EXPECT_EQ(error("00000000ffff000000000000"), DnsError::kTooMany);
  EXPECT_EQ(error("000008000000000000000000"), DnsError::kNotAQuery);
  EXPECT_EQ(error("000084000000000100000000 0000010001 00000078 0004 0a"), DnsError::kTruncated);
}

TEST(Mdns, ANameIsFoundOnTheNetwork) {
  Mdns here = machine_at(kHere);
  Mdns there = machine_at(kThere);
  there.publish(when(0s), "abc.local", at("192.168.1.3:50000"));
  EXPECT_EQ(carry(when(0s), there, kThere, here), 1);

  here.resolve(when(2s), "ABC.local");
  carry(when(2s), here, kHere, there);
  carry(when(2s), there, kThere, here);

  const auto found = here.poll_event();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->name, "abc.local");
  EXPECT_EQ(found->address, at("192.168.1.3:0"));
  EXPECT_EQ(here.next_time(), kNever);
}

TEST(Mdns, AnAnswerThatNobodyAskedForIsNotHeard) {
  Mdns here = machine_at(kHere);
  Mdns there = machine_at(kThere);

  there.publish(when(0s), "abc.local", kThere);
  carry(when(0s), there, kThere, here);

  EXPECT_FALSE(here.poll_event().has_value());
}

TEST(Mdns, ANameThatNobodyKnowsIsGivenUpAfterSevenSeconds) {
  Mdns here = machine_at(kHere);
  Mdns nobody = machine_at(kThere);
  here.resolve(when(0s), "abc.local");
  EXPECT_EQ(carry(when(0s), here, kHere, nobody), 1);

  for (const Duration asked : {Duration(1s), Duration(3s)}) {
    EXPECT_EQ(here.next_time(), when(asked));
    here.on_time(when(asked));
    EXPECT_EQ(carry(when(asked), here, kHere, nobody), 1);
  }
  here.on_time(when(7s));

  const auto result = here.poll_event();
  ASSERT_TRUE(result.has_value());
  EXPECT_FALSE(result->address.has_value());
  EXPECT_EQ(here.next_time(), kNever);
}

TEST(Mdns, TheSameAnswerIsGivenOnceASecond) {
  Mdns here = machine_at(kHere);
  Mdns there = machine_at(kThere);
  there.publish(when(0s), "abc.local", kThere);
  carry(when(0s), there, kThere, here);

  here.resolve(when(500ms), "abc.local");
  carry(when(500ms), here, kHere, there);
  EXPECT_EQ(carry(when(500ms), there, kThere, here), 0);

  here.on_time(when(1500ms));
  carry(when(1500ms), here, kHere, there);
  EXPECT_EQ(carry(when(1500ms), there, kThere, here), 1);
}

TEST(Mdns, AnotherPortIsNoNeighbour) {
  Mdns here = machine_at(kHere);
  Mdns there = machine_at(kThere);
  here.resolve(when(0s), "abc.local");
  there.publish(when(0s), "abc.local", kThere);

  carry(when(0s), there, kThere.with_port(6000), here);

  EXPECT_FALSE(here.poll_event().has_value());
}

TEST(Mdns, NamesAndQuestionsAreCounted) {
  Mdns here = machine_at(kHere);
  for (std::size_t i = 0; i < Mdns::kMaxWanted; ++i)
    here.resolve(when(0s), "a" + decimal(i) + ".local");
  EXPECT_FALSE(here.poll_event().has_value());

  here.resolve(when(0s), "z.local");

  const auto refused = here.poll_event();
  ASSERT_TRUE(refused.has_value());
  EXPECT_FALSE(refused->address.has_value());
}

TEST(Mdns, AWithdrawnNameIsNotAnswered) {
  Mdns here = machine_at(kHere);
  Mdns there = machine_at(kThere);
  there.publish(when(0s), "abc.local", kThere);
  there.withdraw("abc.local");
  carry(when(0s), there, kThere, here);

  here.resolve(when(2s), "abc.local");
  carry(when(2s), here, kHere, there);

  EXPECT_EQ(carry(when(2s), there, kThere, here), 0);
}

}  // namespace
}  // namespace glass::ice::test
