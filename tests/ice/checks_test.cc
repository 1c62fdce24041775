// tests/ice/checks_test.cc - the checks that an agent sends, and what it makes of the answers.
#include <algorithm>
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

TEST(Checks, ACheckCarriesWhatTheRfcAsksFor) {
  LoneAgent t(Role::kControlling);

  t.introduce();

  ASSERT_EQ(t.checks().size(), 1U);
  const Datagram check = t.checks().front();
  const auto message = view(check);
  EXPECT_EQ(check.path, (Path{Transport::kUdp, kA, kB}));
  EXPECT_EQ(stun::get<stun::Username>(message)->text, "righ:left");
  EXPECT_EQ(stun::get<stun::Priority>(message)->value,
            candidate_priority(CandidateType::kPeerReflexive, 65535));
  EXPECT_TRUE(message.has(AttributeType::kIceControlling));
  EXPECT_FALSE(message.has(AttributeType::kIceControlled));
  EXPECT_FALSE(message.has(AttributeType::kUseCandidate));
  EXPECT_EQ(stun::check_integrity(message, as_bytes(kRight.pwd)), stun::Verdict::kValid);
  EXPECT_EQ(stun::check_fingerprint(message), stun::Verdict::kValid);
}

TEST(Checks, AControlledAgentNeverNominates) {
  LoneAgent t(Role::kControlled);

  t.introduce();
  t.answer(t.checks().front());
  t.net.run(5s);

  for (const Datagram& check : t.checks()) {
    EXPECT_TRUE(view(check).has(AttributeType::kIceControlled));
    EXPECT_FALSE(view(check).has(AttributeType::kUseCandidate));
  }
  EXPECT_EQ(t.agent().state(), State::kConnected);
}

TEST(Checks, AnUnansweredCheckIsRepeatedSevenTimesAndFails) {
  LoneAgent t;

  t.introduce();
  t.net.run(60s);

  std::vector<Instant> times;
  for (const Datagram& check : t.checks()) times.push_back(check.sent);
  EXPECT_EQ(times, (std::vector<Instant>{when(0ms), when(500ms), when(1500ms), when(3500ms),
                                         when(7500ms), when(15500ms), when(31500ms)}));
  for (const Datagram& check : t.checks()) EXPECT_EQ(check.bytes, t.checks().front().bytes);
  EXPECT_EQ(t.pair().state, PairState::kFailed);
  EXPECT_EQ(t.pair().failure, PairFailure::kTimeout);
  EXPECT_EQ(t.party->entered(State::kFailed), when(39500ms));
  EXPECT_RULE("8445:7.2.5.2.3#1");
  EXPECT_RULE("8445:7.2.5.4#0");
  EXPECT_RULE("8863:4#4");
  EXPECT_RULE("8863:5#3");
  EXPECT_RULE("8445:12.1#4");
  EXPECT_RULE("8445:8.1.1#1");
}

TEST(Checks, NewChecksKeepTheDistanceOfTa) {
  LoneAgent t;
  std::vector<Address> many;
  for (std::uint16_t i = 0; i < 12; ++i)
    many.push_back(kB.with_port(static_cast<std::uint16_t>(3000 + i)));

  t.introduce(many);
  t.net.run(499ms);

  // All pairs share a foundation: the best goes first, the others are frozen until it is known.
  EXPECT_EQ(t.checks().size(), 1U);
  const std::size_t before = t.checks().size();
  t.answer(t.checks().front());
  t.net.run(500ms);
  std::vector<Instant> times;
  for (std::size_t i = before; i < t.checks().size(); ++i) times.push_back(t.checks()[i].sent);
  ASSERT_EQ(times.size(), 11U);
  EXPECT_EQ(times.front(), when(499ms));
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_EQ(times[i] - times[i - 1], 50ms);
  EXPECT_RULE("8445:7.2.5.3.3#1");
}

TEST(Checks, AFrozenPairThawsOnceNothingOfItsFoundationIsUnderWay) {
  LoneAgent t;

  t.introduce({kB, kB.with_port(2001)});
  t.net.run(39500ms);

  EXPECT_EQ(t.pair(0).state, PairState::kFailed);
  EXPECT_EQ(t.pair(1).state, PairState::kInProgress);
  EXPECT_EQ(t.checks().back().path.remote, kB.with_port(2001));
  EXPECT_RULE("8445:6.1.4.2#0");
  EXPECT_RULE("8838:12#0");
}

TEST(Checks, TheRetransmissionTimeGrowsWithTheNumberOfPairs) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.timing.rto_max = 60s; });
  std::vector<Address> many;
  for (std::uint16_t i = 0; i < 8; ++i)
    many.push_back(kB.with_port(static_cast<std::uint16_t>(3000 + i)));
  t.introduce(many);
  t.answer(t.checks().front());

  // Of eight, seven are waiting or in progress: 8 * 7 * 50 ms.
  t.net.run(50ms);
  const Datagram second = t.checks().back();
  t.net.run(2799ms);
  const auto copies = [&] {
    const auto all = t.checks();
    return std::ranges::count(all, second.bytes, &Datagram::bytes);
  };
  EXPECT_EQ(copies(), 1);
  t.net.run(1ms);
  EXPECT_EQ(copies(), 2);
}

TEST(Checks, AnAnswerWithTheWrongPasswordIsAsIfNothingHadCome) {
  LoneAgent t;
  t.introduce();

  t.answer(t.checks().front(), kA, "somebody else's password");

  EXPECT_EQ(t.agent().state(), State::kChecking);
  EXPECT_EQ(t.pair().state, PairState::kInProgress);
  t.net.run(500ms);
  EXPECT_EQ(t.checks().size(), 2U);
  EXPECT_RULE("8489:9.1.4#2");
}

TEST(Checks, AnAnswerWithoutFingerprintIsDropped) {
  LoneAgent t;
  t.introduce();
  ByteVector bytes;
  stun::MessageBuilder message(Writer(bytes), stun::Class::kSuccess, stun::Method::kBinding,
                               view(t.checks().front()).transaction());
  message.add(stun::XorMappedAddress{.address = kA}).add_integrity(as_bytes(kRight.pwd));

  t.deliver(bytes);

  EXPECT_EQ(t.agent().state(), State::kChecking);
  EXPECT_RULE("8445:7.2.4#2");
}

TEST(Checks, AnAnswerToNothingIsDropped) {
  LoneAgent t;
  t.introduce();

  t.deliver(write_success(t.fresh_id(), kA, {Protection::kSha1, kRight.pwd}));

  EXPECT_EQ(t.agent().state(), State::kChecking);
  EXPECT_RULE("8445:7.2.5#0");
}

TEST(Checks, AnAnswerFromElsewhereFailsThePair) {
  LoneAgent t;
  t.introduce();

  t.deliver(
      write_success(view(t.checks().front()).transaction(), kA, {Protection::kSha1, kRight.pwd}),
      kB.with_port(2001));

  EXPECT_EQ(t.pair().state, PairState::kFailed);
  EXPECT_EQ(t.pair().failure, PairFailure::kNotSymmetric);
  EXPECT_FALSE(t.agent().selected().has_value());
  EXPECT_RULE("8445:7.2.5.2.1#3");
}

TEST(Checks, AnAnswerWithoutMappedAddressFailsThePair) {
  LoneAgent t;
  t.introduce();
  ByteVector bytes;
  stun::MessageBuilder message(Writer(bytes), stun::Class::kSuccess, stun::Method::kBinding,
                               view(t.checks().front()).transaction());
  message.add_integrity(as_bytes(kRight.pwd)).add_fingerprint();

  t.deliver(bytes);

  EXPECT_EQ(t.pair().failure, PairFailure::kNoMappedAddress);
  EXPECT_RULE("8445:7.2.5.3.1#1");
}

TEST(Checks, AnErrorFailsThePair) {
  LoneAgent t;
  t.introduce();

  t.answer_error(t.checks().front(), 500);

  EXPECT_EQ(t.pair().state, PairState::kFailed);
  EXPECT_EQ(t.pair().failure, PairFailure::kErrorAnswer);
  EXPECT_RULE("8445:7.2.5.2.4#1");
}

TEST(Checks, ARoleConflictSwitchesTheRoleAndAsksAgain) {
  LoneAgent t(Role::kControlling);
  t.introduce();
  const auto tie = stun::get<stun::IceControlling>(view(t.checks().front()))->value;

  t.answer_error(t.checks().front(), 487);

  EXPECT_EQ(t.agent().role(), Role::kControlled);
  t.net.run(50ms);
  const Datagram again = t.checks().back();
  EXPECT_EQ(again.sent, when(50ms));
  EXPECT_NE(stun::get<stun::IceControlled>(view(again))->value, tie);
  EXPECT_RULE("8445:7.2.5.1#2");
  EXPECT_RULE("8445:7.2.5.1#3");
  EXPECT_RULE("8445:7.2.5.1#4");
}

TEST(Checks, AControlledAgentMayHaveToControl) {
  LoneAgent t(Role::kControlled);
  t.introduce();

  t.answer_error(t.checks().front(), 487);

  EXPECT_EQ(t.agent().role(), Role::kControlling);
  EXPECT_RULE("8445:7.2.5.1#1");
}

TEST(Checks, TheAddressThatThePeerSeesIsACandidateOfItsOwn) {
  LoneAgent t;
  t.introduce();
  const Address seen = at("203.0.113.77:4444");

  t.answer(t.checks().front(), seen);

  EXPECT_EQ(t.pair().mapped, seen);
  EXPECT_TRUE(t.pair().is_valid);
  EXPECT_EQ(t.agent().selected(), (Path{Transport::kUdp, kA, kB}));
  // It is not signalled: the peer has learnt it already.
  EXPECT_EQ(t.agent().local_candidates().size(), 1U);
  EXPECT_RULE("8445:7.2.5.3.1#0");
}

TEST(Checks, WhatAnotherSocketIsSeenAsMakesItsPairValid) {
  LoneAgent t;
  const Address other = kA.with_port(1001);
  t.net.host(*t.party, other);
  t.introduce();
  ASSERT_EQ(t.checks().front().path.local, kA);

  t.answer(t.checks().front(), other);

  EXPECT_EQ(t.agent().selected(), (Path{Transport::kUdp, other, kB}));
}

TEST(Checks, RoundTripsOfRepeatedChecksAreNotMeasured) {
  LoneAgent t;
  t.introduce();
  t.net.run(600ms);

  t.answer(t.checks().front());

  EXPECT_EQ(t.agent().state(), State::kConnected);
  EXPECT_EQ(t.agent().round_trip(), 0ms);
}

TEST(Checks, ATransactionFloodIsBounded) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.timing.ta = 1ms; });
  t.introduce();

  // Each check of the peer cancels ours and starts another.
  for (int i = 0; i < 2 * static_cast<int>(kMaxChecks); ++i) {
    t.check(t.content());
    t.net.run(1ms);
  }

  EXPECT_EQ(t.agent().state(), State::kChecking);
  EXPECT_GT(t.checks().size(), kMaxChecks);
}

// RFC 8445 §6.1.4.2: of one foundation, one pair after the other, a whole transaction each.
TEST(Checks, PairsOfOneFoundationAreTriedOneAfterTheOtherUntilTimeIsUp) {
  LoneAgent t(Role::kControlling);
  std::vector<Address> many;
  for (std::uint16_t port = 1; port <= 10; ++port) many.push_back(kB.with_port(port));
  t.introduce(many);
  t.agent().end_of_remote_candidates(t.net.now);

  t.net.run(600s);

  // With an RTO of 500 ms, a transaction takes 39.5 s. The one that is under way when 180 s are
  // over comes to its end.
  std::vector<std::pair<Address, Instant>> starts;
  for (const Datagram& check : t.checks())
    if (starts.empty() || starts.back().first != check.path.remote)
      starts.emplace_back(check.path.remote, check.sent);
  ASSERT_EQ(starts.size(), 5U);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    EXPECT_EQ(starts[i].first, many[i]);
    EXPECT_EQ(starts[i].second, when(39500ms * static_cast<int>(i)));
  }
  EXPECT_EQ(t.agent().state(), State::kFailed);
  EXPECT_EQ(t.party->entered(State::kFailed), when(197500ms));
  EXPECT_EQ(t.pair(9).fate, "not tried: others of its kind have failed, and time was up");
  EXPECT_RULE("8445:6.1.4.2#0");
  EXPECT_RULE("8445:6.1.4.2#1");
}

}  // namespace
}  // namespace glass::ice::test
