// tests/scenarios/attacks_test.cc - what Mallory tries, and the rule that stops it.
#include "demo/scenarios/attacks.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/rules.h"

namespace glass::demo {
namespace {

TEST(Attacks, TheTwoTalkOn) {
  const AttackResult result = attack({}, test::test_sink());

  EXPECT_EQ(result.attempts, 9U);
  EXPECT_GT(result.answers_before, 0U);
  EXPECT_GE(result.answers, result.answers_before + 9);
  EXPECT_EQ(result.failure, "");
}

TEST(Attacks, EachIsDroppedByItsRule) {
  (void)attack({}, test::test_sink());

  EXPECT_RULE("8489:9.1.3#2");    // a check without integrity
  EXPECT_RULE("8445:7.3#2");      // a check with a wrong password
  EXPECT_RULE("8445:7.2.5#0");    // an answer to nothing that was asked
  EXPECT_RULE("8445:12.2#1");     // DTLS from an address that no check has confirmed
  EXPECT_RULE("6347:4.1.2.6#3");  // a record again
  EXPECT_RULE("6347:4.1.2.6#7");  // a record with a number that is new, and a tag that does not fit
  EXPECT_RULE("7983:7#0");        // a protocol that nobody speaks here
  EXPECT_RULE("7983:7#1");        // no protocol at all
}

TEST(Attacks, TheSameSeedGivesTheSameStory) {
  EXPECT_EQ(attack({.seed = 5}, nullptr).answers, attack({.seed = 5}, nullptr).answers);
}

TEST(Attacks, AnExchangedFingerprintEndsTheHandshake) {
  const AttackResult result = attack_fingerprint({}, test::test_sink());

  EXPECT_NE(result.failure, "");
  EXPECT_EQ(result.answers, 0U);
}

TEST(Attacks, HaveALaneForEverybody) {
  const auto names = attack_names();

  for (const char* who : {"alice", "bob", "mallory", "mallory's provider"})
    EXPECT_NE(std::ranges::find(names, who), names.end()) << who;
}

}  // namespace
}  // namespace glass::demo
