// tests/ice/consent_test.cc - a path is watched: asked for consent, doubted, lost.
#include "ice/consent.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "ice/agent.h"
#include "tests/ice/lone_agent.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

TEST(Consent, IntervalsSpreadFromFourToSixSeconds) {
  SeededRandom random(1);
  Duration least = 1h;
  Duration most = 0s;
  for (int i = 0; i < 10000; ++i) {
    const Duration interval = Consent::draw_interval(5s, random);
    least = std::min(least, interval);
    most = std::max(most, interval);
  }
  EXPECT_EQ(least, 4s);
  EXPECT_EQ(most, 6s);
}

TEST(Consent, IsAskedForWithANewTransactionEachTimeAndOnlyOnce) {
  LoneAgent t;
  t.complete();
  const auto before = t.checks().size();

  for (int i = 0; i < 4; ++i) {
    const Instant asked = t.net.now;
    while (t.checks().size() == before + static_cast<std::size_t>(i)) t.net.run(1ms);
    EXPECT_GE(t.net.now - asked, 4s - 1ms);
    EXPECT_LE(t.net.now - asked, 6s);
    if (i > 0) {
      EXPECT_NE(t.checks().back().bytes, t.checks()[t.checks().size() - 2].bytes);
    }
    t.net.run(100ms);
    t.answer(t.checks().back());
  }
  EXPECT_EQ(t.checks().size(), before + 4);
  EXPECT_EQ(t.agent().state(), State::kCompleted);
  EXPECT_EQ(t.agent().round_trip() > 0ms, true);
  EXPECT_RULE("7675:5.1#3");
  EXPECT_RULE("7675:5.1#6");
  EXPECT_RULE("7675:5.1#7");
  EXPECT_RULE("8445:11#4");
  EXPECT_RULE("8445:11#3");
}

TEST(Consent, SilenceIsShownAfterTenSecondsAndFinalAfterThirty) {
  LoneAgent t;
  t.complete();

  t.net.run(60s);

  EXPECT_EQ(t.party->entered(State::kDisconnected), when(10s));
  EXPECT_EQ(t.party->entered(State::kFailed), when(30s));
  EXPECT_LE(t.net.sent.back().sent, when(30s));
  EXPECT_FALSE(t.agent().selected().has_value());
  EXPECT_RULE("7675:5.1#0");
  EXPECT_RULE("7675:5.1#2");
  EXPECT_RULE("7675:5.1#8");
}

TEST(Consent, ALateAnswerBringsThePathBack) {
  LoneAgent t;
  t.complete();
  t.net.run(15s);
  ASSERT_EQ(t.agent().state(), State::kDisconnected);
  EXPECT_TRUE(t.agent().selected().has_value());

  t.answer(t.checks().back());

  EXPECT_EQ(t.agent().state(), State::kCompleted);
  t.net.run(60s);
  EXPECT_EQ(t.party->states.back().second, when(45s));
}

TEST(Consent, APathThatIsNotNominatedIsWatchedToo) {
  LoneAgent t;
  t.introduce();
  t.answer(t.checks().front());
  ASSERT_EQ(t.agent().state(), State::kConnected);

  t.net.run(12s);
  ASSERT_EQ(t.agent().state(), State::kDisconnected);
  t.answer(t.checks().back());

  EXPECT_EQ(t.agent().state(), State::kConnected);
}

TEST(Consent, WhatDoesNotCountAsConsent) {
  LoneAgent t;
  t.complete();
  t.net.run(8s);
  const Datagram asked = t.checks().back();

  t.answer(asked, kA, "a wrong password");
  t.deliver(write_success(view(asked).transaction(), kA, {Protection::kSha1, kRight.pwd}),
            kB.with_port(1));
  t.answer_error(asked, 500);
  t.check(t.content());
  t.net.run(60s);

  EXPECT_EQ(t.party->entered(State::kFailed), when(30s));
  EXPECT_RULE("7675:5.1#1");
}

TEST(Consent, IsRevokedAtOnceByForbidden) {
  LoneAgent t;
  t.complete();
  t.net.run(8s);

  t.answer_error(t.checks().back(), 403);

  EXPECT_EQ(t.party->entered(State::kFailed), when(8s));
  EXPECT_RULE("7675:5.2#0");
}

TEST(Consent, AnAnswerAfterTheEndChangesNothing) {
  LoneAgent t;
  t.complete();
  t.net.run(29s);
  const Datagram asked = t.checks().back();
  t.net.run(2s);

  t.answer(asked);

  EXPECT_EQ(t.agent().state(), State::kFailed);
  EXPECT_FALSE(t.agent().permits({Transport::kUdp, kA, kB}));
}

// The other side's own consent runs out then: it learns that it is alone.
TEST(Consent, WhoHasLostItAnswersNoMoreChecks) {
  LoneAgent t;
  t.complete();
  t.net.run(31s);
  ASSERT_EQ(t.agent().state(), State::kFailed);
  const auto sent = t.net.sent.size();

  t.check(t.content());
  t.net.run(1s);

  EXPECT_EQ(t.net.sent.size(), sent);
  EXPECT_RULE("7675:5.1#13");
}

}  // namespace
}  // namespace glass::ice::test
