// tests/ice/answers_test.cc - the checks that an agent gets: judged, answered, followed up.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ice/agent.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "tests/ice/lone_agent.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

using stun::AttributeType;

constexpr unsigned kSuccess = 0;

TEST(Answers, AGoodCheckIsAnsweredWithTheSendersAddress) {
  LoneAgent t;
  t.introduce();

  t.check(t.content());

  const Datagram answer = t.sent(stun::Class::kSuccess).back();
  EXPECT_EQ(answer.path, (Path{Transport::kUdp, kA, kB}));
  EXPECT_EQ(stun::get<stun::XorMappedAddress>(view(answer))->address, kB);
  EXPECT_EQ(stun::check_integrity(view(answer), as_bytes(kLeft.pwd)), stun::Verdict::kValid);
  EXPECT_EQ(stun::check_fingerprint(view(answer)), stun::Verdict::kValid);
  EXPECT_FALSE(view(answer).has(AttributeType::kUsername));
  EXPECT_RULE("8445:7.3#3");
  EXPECT_RULE("8489:9.1.3#11");
}

TEST(Answers, ACheckWithoutCredentialsIsABadRequest) {
  LoneAgent t;
  t.introduce();

  t.deliver(write_server_request(t.fresh_id()));

  EXPECT_EQ(t.last_answer(), 400U);
  EXPECT_FALSE(view(t.sent(stun::Class::kError).back()).has(AttributeType::kMessageIntegrity));
  EXPECT_RULE("8489:9.1.3#1");
  EXPECT_RULE("8489:9.1.3#2");
  EXPECT_RULE("8489:9.1.3#13");
}

TEST(Answers, AForeignUserNameIsRefused) {
  LoneAgent t;
  t.introduce();

  for (const char* name : {"righ:left", "left", "lef:righ", "leftt:righ"}) {
    t.username = name;
    t.check(t.content());
    EXPECT_EQ(t.last_answer(), 401U) << name;
  }
  EXPECT_RULE("8445:7.3#4");
  EXPECT_RULE("8489:9.1.3#4");
  EXPECT_RULE("8489:9.1.3#5");
}

TEST(Answers, AWrongPasswordIsRefused) {
  LoneAgent t;
  t.introduce();

  t.deliver(write_check(t.fresh_id(), t.content(), kRight.pwd), kB.with_port(9));

  EXPECT_EQ(t.last_answer(), 401U);
  EXPECT_EQ(t.agent().remote_candidates().size(), 1U);
  EXPECT_FALSE(t.agent().permits({Transport::kUdp, kA, kB.with_port(9)}));
  EXPECT_RULE("8445:7.3#2");
  EXPECT_RULE("8489:9.1.3#7");
  EXPECT_RULE("8489:9.1.3#8");
}

TEST(Answers, AnUnknownAttributeThatMustBeUnderstoodIsNamed) {
  LoneAgent t;
  t.introduce();
  ByteVector bytes;
  stun::MessageBuilder message(Writer(bytes), stun::Class::kRequest, stun::Method::kBinding,
                               t.fresh_id());
  message.add(stun::Username{.text = "left:righ"});
  message.attribute(static_cast<AttributeType>(0x7777), {});
  message.add_integrity(as_bytes(kLeft.pwd)).add_fingerprint();

  t.deliver(bytes);

  EXPECT_EQ(t.last_answer(), 420U);
  const Datagram datagram = t.sent(stun::Class::kError).back();
  const auto answer = view(datagram);
  EXPECT_TRUE(
      stun::get<stun::UnknownAttributes>(answer)->contains(static_cast<AttributeType>(0x7777)));
  EXPECT_EQ(stun::check_integrity(answer, as_bytes(kLeft.pwd)), stun::Verdict::kValid);
  EXPECT_RULE("8489:6.3.1#0");
}

TEST(Answers, AnUnknownAttributeThatNeedNotBeUnderstoodIsIgnored) {
  LoneAgent t;
  t.introduce();
  ByteVector bytes;
  stun::MessageBuilder message(Writer(bytes), stun::Class::kRequest, stun::Method::kBinding,
                               t.fresh_id());
  const std::vector<std::uint8_t> network_info{0, 1, 0, 10};
  message.add(stun::Username{.text = "left:righ"}).add(stun::Priority{.value = 5});
  message.attribute(AttributeType::kGoogNetworkInfo, network_info);
  message.add_integrity(as_bytes(kLeft.pwd)).add_fingerprint();

  t.deliver(bytes);

  EXPECT_EQ(t.last_answer(), kSuccess);
}

TEST(Answers, ACheckWithSha256IsAnsweredWithSha256) {
  LoneAgent t;
  t.introduce();
  ByteVector bytes;
  stun::MessageBuilder message(Writer(bytes), stun::Class::kRequest, stun::Method::kBinding,
                               t.fresh_id());
  message.add(stun::Username{.text = "left:righ"}).add(stun::Priority{.value = 5});
  message.add_integrity_sha256(as_bytes(kLeft.pwd)).add_fingerprint();

  t.deliver(bytes);

  EXPECT_EQ(t.last_answer(), kSuccess);
  const Datagram datagram = t.sent(stun::Class::kSuccess).back();
  const auto answer = view(datagram);
  EXPECT_EQ(stun::check_integrity_sha256(answer, as_bytes(kLeft.pwd)), stun::Verdict::kValid);
  EXPECT_FALSE(answer.has(AttributeType::kMessageIntegrity));
  EXPECT_RULE("8489:9.1.3#10");
}

TEST(Answers, ACheckWithoutFingerprintIsDropped) {
  LoneAgent t;
  t.introduce();
  ByteVector bytes;
  stun::MessageBuilder message(Writer(bytes), stun::Class::kRequest, stun::Method::kBinding,
                               t.fresh_id());
  message.add(stun::Username{.text = "left:righ"}).add_integrity(as_bytes(kLeft.pwd));

  t.deliver(bytes);

  EXPECT_EQ(t.last_answer(), 999U);
  EXPECT_RULE("8445:7.3#8");
}

TEST(Answers, WhatIsNoBindingRequestForUsIsDropped) {
  LoneAgent t;
  t.introduce();
  ByteVector other_method;
  stun::MessageBuilder(Writer(other_method), stun::Class::kRequest, stun::Method::kAllocate,
                       t.fresh_id())
      .add_fingerprint();
  ByteVector indication;
  stun::MessageBuilder(Writer(indication), stun::Class::kIndication, stun::Method::kBinding,
                       t.fresh_id())
      .add_fingerprint();

  t.deliver(other_method);
  t.deliver(indication);
  t.deliver({0, 1, 2});
  t.agent().receive(t.net.now, {
                                   {Transport::kUdp, kB, kA},
                                   indication
  });

  EXPECT_EQ(t.last_answer(), 999U);
  EXPECT_RULE("8445:7#0");
  EXPECT_RULE("8445:11#13");
  EXPECT_RULE("8489:5#8");
  EXPECT_RULE("8445:7.3#1");
}

TEST(Answers, AStrangerBecomesAPeerReflexiveCandidateAndIsChecked) {
  LoneAgent t;
  const Address stranger = at("203.0.113.50:5050");
  t.introduce({});

  t.check(t.content(), stranger);

  ASSERT_EQ(t.agent().remote_candidates().size(), 1U);
  EXPECT_EQ(t.agent().remote_candidates()[0].type, CandidateType::kPeerReflexive);
  EXPECT_EQ(t.agent().remote_candidates()[0].priority, kPeerPriority);
  ASSERT_EQ(t.checks().size(), 1U);
  EXPECT_EQ(t.checks()[0].path.remote, stranger);
  EXPECT_TRUE(t.agent().permits({Transport::kUdp, kA, stranger}));
  EXPECT_RULE("8445:7.3.1.3#0");
}

TEST(Answers, AStrangerWithoutPriorityIsABadRequest) {
  LoneAgent t;
  t.introduce({});
  CheckContent content = t.content();
  content.priority.reset();

  t.check(content);

  EXPECT_EQ(t.last_answer(), 400U);
  EXPECT_TRUE(t.agent().remote_candidates().empty());
  EXPECT_RULE("8445:7.1.1#1");
}

TEST(Answers, StrangersAreCounted) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.limits.peer_reflexive = 3; });
  t.introduce({});

  for (std::uint16_t port = 5000; port < 5010; ++port) t.check(t.content(), kB.with_port(port));

  EXPECT_EQ(t.agent().remote_candidates().size(), 3U);
  EXPECT_EQ(t.sent(stun::Class::kSuccess).size(), 10U);
  EXPECT_RULE("8445:19.5.1#2");
}

TEST(Answers, OfOneHostAFewPortsAreLearnt) {
  LoneAgent t;
  t.introduce({});

  for (std::uint16_t port = 5000; port < 5010; ++port) t.check(t.content(), kB.with_port(port));
  EXPECT_EQ(t.agent().remote_candidates().size(), 8U);
  EXPECT_RULE("8445:19.5.1#2");

  // Another host has ports of its own.
  t.check(t.content(), at("203.0.113.9:1"));
  EXPECT_EQ(t.agent().remote_candidates().size(), 9U);
}

TEST(Answers, WhatDidNotWorkGivesWayToAnotherStranger) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.limits.peer_reflexive = 2; });
  t.introduce({});
  const Address other = at("203.0.113.9:1");
  t.check(t.content(), kB);
  t.check(t.content(), kB.with_port(2001));
  t.check(t.content(), other);
  ASSERT_EQ(t.agent().remote_candidates().size(), 2U);  // neither has failed yet

  t.answer_error(t.checks().front(), 400);
  t.check(t.nominating(), other);

  ASSERT_EQ(t.agent().remote_candidates().size(), 2U);
  EXPECT_EQ(t.agent().remote_candidates().back().address, other);
  t.net.run(100ms);
  EXPECT_EQ(t.checks().back().path.remote, other);
}

TEST(Answers, RemoteHostsAreCounted) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.limits.learnt_from = 3; });
  t.introduce({});

  for (std::uint8_t host = 1; host < 10; ++host)
    t.check(t.content(), Address::v4(0xcb007100U + host, 1));

  EXPECT_EQ(t.agent().remote_candidates().size(), 3U);
}

TEST(Answers, ACheckUnderWayIsRepeatedAtOnceWhenThePeerAsks) {
  LoneAgent t;
  t.introduce();
  t.net.run(100ms);
  const Datagram first = t.checks().front();

  t.check(t.content());

  ASSERT_EQ(t.checks().size(), 2U);
  EXPECT_EQ(t.checks().back().sent, when(100ms));
  EXPECT_NE(t.checks().back().bytes, first.bytes);
  EXPECT_RULE("8445:7.3.1.4#1");
  // The first is not repeated, but its answer still counts.
  t.net.run(1100ms);
  for (std::size_t i = 1; i < t.checks().size(); ++i) EXPECT_NE(t.checks()[i].bytes, first.bytes);
  t.answer(first);
  EXPECT_EQ(t.agent().state(), State::kConnected);
}

TEST(Answers, AFailedPairIsTriedAgainWhenThePeerAsks) {
  LoneAgent t;
  t.introduce();
  t.answer_error(t.checks().front(), 500);
  ASSERT_EQ(t.pair().state, PairState::kFailed);

  t.check(t.content());
  t.net.run(50ms);

  EXPECT_EQ(t.pair().state, PairState::kInProgress);
  EXPECT_EQ(t.checks().size(), 2U);
  EXPECT_RULE("8445:7.3.1.4#2");
}

TEST(Answers, AValidPairIsNotCheckedAgain) {
  LoneAgent t;
  t.introduce();
  t.answer(t.checks().front());

  t.check(t.content());
  t.net.run(1s);

  EXPECT_EQ(t.checks().size(), 1U);
}

TEST(Answers, EarlyChecksAreAnsweredAndFollowedUpLater) {
  LoneAgent t;
  t.agent().gather(t.net.now);
  const Address stranger = at("203.0.113.50:5050");

  t.check(t.nominating(), stranger);
  t.check(t.nominating(), stranger);
  EXPECT_EQ(t.last_answer(), kSuccess);
  EXPECT_TRUE(t.checks().empty());
  EXPECT_FALSE(t.agent().permits({Transport::kUdp, kA, stranger}));
  EXPECT_RULE("8445:7.3#5");

  t.net.run(1s);
  EXPECT_TRUE(t.agent().set_remote(t.net.now, kRight).has_value());
  t.net.settle();

  ASSERT_EQ(t.checks().size(), 1U);
  EXPECT_EQ(t.checks()[0].sent, when(1s));
  EXPECT_EQ(t.checks()[0].path.remote, stranger);
  EXPECT_RULE("8445:7.3#6");
  t.answer(t.checks()[0]);
  EXPECT_EQ(t.agent().state(), State::kCompleted);
}

TEST(Answers, EarlyChecksAreCounted) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.limits.early_checks = 2; });
  t.agent().gather(t.net.now);

  for (std::uint16_t port = 5000; port < 5010; ++port) t.check(t.content(), kB.with_port(port));
  EXPECT_TRUE(t.agent().set_remote(t.net.now, kRight).has_value());

  EXPECT_EQ(t.agent().remote_candidates().size(), 2U);
  EXPECT_RULE("8445:19.5.1#2");
}

TEST(Answers, AnEarlyCheckOfSomebodyElseIsNotFollowedUp) {
  LoneAgent t;
  t.agent().gather(t.net.now);
  t.username = "left:other";
  t.check(t.content());

  EXPECT_TRUE(t.agent().set_remote(t.net.now, kRight).has_value());
  t.net.settle();

  EXPECT_TRUE(t.checks().empty());
  EXPECT_RULE("8445:7.3.1.4#0");
}

TEST(Answers, TheLargerTieBreakerControls) {
  struct Case {
    Role mine;
    std::uint64_t theirs;
    unsigned answer;
    Role after;
  };
  const std::vector<Case> cases{
      {Role::kControlling, kHigh, kSuccess, Role::kControlled },
      {Role::kControlling, kLow,  487,      Role::kControlling},
      {Role::kControlled,  kHigh, 487,      Role::kControlled },
      {Role::kControlled,  kLow,  kSuccess, Role::kControlling}
  };
  for (const Case& expected : cases) {
    LoneAgent t(expected.mine);
    t.introduce();
    CheckContent content = t.content();
    content.controlled.reset();
    content.controlling.reset();
    (expected.mine == Role::kControlling ? content.controlling : content.controlled) =
        expected.theirs;

    t.check(content);

    EXPECT_EQ(t.last_answer(), expected.answer);
    EXPECT_EQ(t.agent().role(), expected.after);
  }
  EXPECT_RULE("8445:7.3.1.1#0");
  EXPECT_RULE("8445:7.3.1.1#3");
  EXPECT_RULE("8445:7.3.1.1#2");
}

TEST(Answers, AFloodOfChecksIsNotAnsweredWithoutEnd) {
  LoneAgent t;
  t.introduce();
  const auto before = t.net.sent.size();

  for (std::size_t i = 0; i < kMaxAnswers + 10; ++i) {
    ByteVector bytes = write_check(t.fresh_id(), t.content(), kLeft.pwd);
    t.agent().receive(t.net.now, {
                                     {Transport::kUdp, kA, kB},
                                     bytes
    });
  }
  t.net.settle();

  EXPECT_EQ(t.net.sent.size() - before, kMaxAnswers);
  EXPECT_EQ(glass::test::drop_reasons().back(), "too many answers wait to be sent");
}

}  // namespace
}  // namespace glass::ice::test
