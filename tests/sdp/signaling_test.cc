#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdp/offer_answer.h"
#include "tests/support/rules.h"

namespace glass::sdp {
namespace {

using ::testing::ElementsAre;
using Type::kAnswer;
using Type::kOffer;
using Type::kPranswer;
using Type::kRollback;

Signaling fresh() { return Signaling(glass::test::test_trace(Layer::kSdp)); }

TEST(Signaling, AnOfferThatTheyAnswer) {
  Signaling s = fresh();
  EXPECT_TRUE(s.is_stable());

  EXPECT_TRUE(s.set_local(kOffer));
  EXPECT_EQ(s.state(), "have-local-offer");
  EXPECT_TRUE(s.set_local(kOffer));
  EXPECT_TRUE(s.set_remote(kPranswer));
  EXPECT_EQ(s.state(), "have-remote-pranswer");
  EXPECT_TRUE(s.set_remote(kPranswer));
  EXPECT_TRUE(s.set_remote(kAnswer));

  EXPECT_TRUE(s.is_stable());
  EXPECT_RULE("8829:5.5#2");
  EXPECT_RULE("8829:5.6#3");
}

TEST(Signaling, AnOfferThatWeAnswer) {
  Signaling s = fresh();

  EXPECT_TRUE(s.set_remote(kOffer));
  EXPECT_EQ(s.state(), "have-remote-offer");
  EXPECT_TRUE(s.set_remote(kOffer));
  EXPECT_TRUE(s.set_local(kPranswer));
  EXPECT_EQ(s.state(), "have-local-pranswer");
  EXPECT_TRUE(s.set_local(kPranswer));
  EXPECT_TRUE(s.set_local(kAnswer));

  EXPECT_TRUE(s.is_stable());
  EXPECT_RULE("8829:5.6#2");
  EXPECT_RULE("8829:5.5#3");
  EXPECT_THAT(glass::test::state_changes(),
              ElementsAre("signaling: stable -> have-remote-offer",
                          "signaling: have-remote-offer -> have-remote-offer",
                          "signaling: have-remote-offer -> have-local-pranswer",
                          "signaling: have-local-pranswer -> have-local-pranswer",
                          "signaling: have-local-pranswer -> stable"));
}

TEST(Signaling, AnswersWithoutAPranswer) {
  Signaling ours = fresh();
  EXPECT_TRUE(ours.set_local(kOffer));
  EXPECT_TRUE(ours.set_remote(kAnswer));
  Signaling theirs = fresh();
  EXPECT_TRUE(theirs.set_remote(kOffer));
  EXPECT_TRUE(theirs.set_local(kAnswer));
}

// Every state, the way there, and what may be set in it.
struct Case {
  std::vector<std::pair<char, Type>> way;  // 'l'ocal or 'r'emote
  std::vector<Type> local;
  std::vector<Type> remote;
};

TEST(Signaling, EveryStateRefusesEverythingElse) {
  const std::vector<Case> cases{
      {{},                                {kOffer},                        {kOffer}                       },
      {{{'l', kOffer}},                   {kOffer, kRollback},             {kPranswer, kAnswer, kRollback}},
      {{{'r', kOffer}},                   {kPranswer, kAnswer, kRollback}, {kOffer, kRollback}            },
      {{{'l', kOffer}, {'r', kPranswer}}, {kRollback},                     {kPranswer, kAnswer, kRollback}},
      {{{'r', kOffer}, {'l', kPranswer}}, {kPranswer, kAnswer, kRollback}, {kRollback}                    },
  };
  for (const Case& c : cases) {
    for (const Type type : {kOffer, kPranswer, kAnswer, kRollback}) {
      for (const char side : {'l', 'r'}) {
        Signaling s = fresh();
        for (const auto& [who, what] : c.way)
          ASSERT_TRUE(who == 'l' ? s.set_local(what) : s.set_remote(what));
        const std::string before(s.state());
        const auto& allowed = side == 'l' ? c.local : c.remote;
        const bool expected = std::ranges::find(allowed, type) != allowed.end();

        const auto result = side == 'l' ? s.set_local(type) : s.set_remote(type);

        EXPECT_EQ(result.has_value(), expected) << before << ' ' << side << ' ' << to_text(type);
        if (!expected) {
          EXPECT_EQ(s.state(), before);
        }
      }
    }
  }
  EXPECT_RULE("8829:5.5#4");
  EXPECT_RULE("8829:5.6#4");
  EXPECT_RULE("8829:5.7#1");
  EXPECT_RULE("8829:4.1.10#4");
}

TEST(Signaling, ARefusalSaysWhy) {
  Signaling s = fresh();

  const auto result = s.set_remote(kAnswer);

  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error()), "a remote answer cannot be set in the state stable");
}

}  // namespace
}  // namespace glass::sdp
