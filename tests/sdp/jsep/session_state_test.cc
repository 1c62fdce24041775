#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdp/description.h"
#include "sdp/jsep/session.h"
#include "tests/sdp/jsep/peer.h"

namespace glass::sdp {
namespace {

using test::connect;
using test::parsed;
using test::Peer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Type::kAnswer;
using Type::kOffer;
using Type::kPranswer;
using Type::kRollback;

// A session in each of the five states, with the texts that fit there.
struct Stage {
  explicit Stage(std::string_view state) {
    us.session.add_track(MediaKind::kAudio, {});
    them.session.add_track(MediaKind::kAudio, {});
    if (state == "have-local-offer" || state == "have-remote-pranswer") offer = us.offer();
    if (state == "have-remote-pranswer") {
      them.take(kOffer, offer);
      us.take(kPranswer, them.answer(kPranswer));
    }
    if (state == "have-remote-offer" || state == "have-local-pranswer")
      us.take(kOffer, them.offer());
    if (state == "have-local-pranswer") us.answer(kPranswer);
    EXPECT_EQ(us.session.signaling_state(), state);
  }
  // Whatever text there is for this: the state is looked at first.
  Done set(bool is_local, Type type) {
    std::string text;
    if (is_local && type == kOffer) text = us.session.create_offer().value_or("");
    if (is_local && (type == kAnswer || type == kPranswer))
      text = us.session.create_answer().value_or("");
    if (!is_local && type == kOffer) text = remote_offer_text();
    if (!is_local && (type == kAnswer || type == kPranswer)) text = remote_answer_text();
    return is_local ? us.session.set_local_description(type, text)
                    : us.session.set_remote_description(type, text);
  }
  std::string remote_offer_text() {
    Peer other(5);
    other.session.add_track(MediaKind::kAudio, {});
    return other.offer();
  }
  std::string remote_answer_text() {
    Peer other(6);
    other.session.add_track(MediaKind::kAudio, {});
    if (offer.empty()) return "v=0\r\n";
    other.take(kOffer, offer);
    return other.answer();
  }
  Peer us{1};
  Peer them{2};
  std::string offer;
};

struct Row {
  std::string_view state;
  std::vector<Type> local;
  std::vector<Type> remote;
};

TEST(SessionState, EveryStateRefusesEveryOtherTypeWithInvalidStateError) {
  const std::vector<Row> rows{
      {"stable",               {kOffer},                        {kOffer}                       },
      {"have-local-offer",     {kOffer, kRollback},             {kPranswer, kAnswer, kRollback}},
      {"have-remote-offer",    {kPranswer, kAnswer, kRollback}, {kOffer, kRollback}            },
      {"have-local-pranswer",  {kPranswer, kAnswer, kRollback}, {kRollback}                    },
      {"have-remote-pranswer", {kRollback},                     {kPranswer, kAnswer, kRollback}},
  };
  int refused = 0;
  for (const Row& row : rows) {
    for (const Type type : {kOffer, kPranswer, kAnswer, kRollback}) {
      for (const bool is_local : {true, false}) {
        Stage stage(row.state);
        const auto& allowed = is_local ? row.local : row.remote;
        const bool is_legal = std::ranges::find(allowed, type) != allowed.end();

        const Done done = stage.set(is_local, type);

        EXPECT_EQ(done.has_value(), is_legal)
            << row.state << (is_local ? " local " : " remote ") << to_text(type) << ' '
            << (done ? "" : to_text(done.error().complaint));
        if (is_legal) continue;
        ++refused;
        EXPECT_EQ(to_text(done.error().name), "InvalidStateError");
        EXPECT_EQ(stage.us.session.signaling_state(), row.state);
      }
    }
  }
  EXPECT_EQ(refused, 20);
  EXPECT_RULE("8829:5.5#4");
  EXPECT_RULE("8829:5.6#4");
  EXPECT_RULE("8829:5.7#1");
}

TEST(SessionState, AnAnswerNeedsAnOffer) {
  Peer peer;

  const auto answer = peer.session.create_answer();

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().name, ErrorName::kInvalidState);
  EXPECT_RULE("8829:5.3.1#1");
}

TEST(SessionState, NoOfferIsMadeWhileOneIsToBeAnswered) {
  Stage stage("have-remote-offer");

  const auto offer = stage.us.session.create_offer();

  ASSERT_FALSE(offer);
  EXPECT_EQ(offer.error().name, ErrorName::kInvalidState);
}

TEST(SessionState, ALocalDescriptionIsSetAsItWasMade) {
  Peer peer;
  peer.session.create_data_channel();
  const std::string text = *peer.session.create_offer();

  const Done done = peer.session.set_local_description(kOffer, text + "a=x\r\n");

  ASSERT_FALSE(done);
  EXPECT_EQ(to_text(done.error().name), "InvalidModificationError");
  EXPECT_EQ(peer.session.signaling_state(), "stable");
  EXPECT_RULE("8829:5.5#5");
  EXPECT_TRUE(peer.session.set_local_description(kOffer, text));
}

TEST(SessionState, ATextThatIsNoSdpIsAnOperationError) {
  Peer peer;

  const Done done = peer.session.set_remote_description(kOffer, "v=0\r\nhello");

  ASSERT_FALSE(done);
  EXPECT_EQ(to_text(done.error().name), "OperationError");
  EXPECT_EQ(done.error().complaint.line, 2U);
  EXPECT_EQ(peer.session.signaling_state(), "stable");
  EXPECT_TRUE(peer.session.pending_remote().is_null());
  EXPECT_RULE("8829:5.6#5");
}

TEST(SessionState, DescriptionsAreCurrentOnlyWhenAnswered) {
  Peer a{1};
  Peer b{2};
  a.session.add_track(MediaKind::kAudio, {});

  const std::string offer = a.offer();

  EXPECT_TRUE(a.session.current_local().is_null());
  EXPECT_EQ(a.session.pending_local().text, offer);
  b.take(kOffer, offer);
  const std::string answer = b.answer();
  a.take(kAnswer, answer);
  EXPECT_TRUE(a.session.pending_local().is_null());
  EXPECT_EQ(a.session.current_local().text, offer);
  EXPECT_EQ(a.session.current_remote().text, answer);
  EXPECT_EQ(b.session.current_local().text, answer);
}

TEST(SessionState, AProvisionalAnswerMayBeFollowedByAnother) {
  Peer a{1};
  Peer b{2};
  a.session.add_track(MediaKind::kAudio, {});
  b.take(kOffer, a.offer());
  a.take(kPranswer, b.answer(kPranswer));

  EXPECT_EQ(a.session.signaling_state(), "have-remote-pranswer");
  EXPECT_EQ(a.session.transceivers()[0].current_direction, MediaDirection::kSendOnly);
  b.session.add_track(MediaKind::kAudio, {});
  a.take(kAnswer, b.answer());

  EXPECT_EQ(a.session.signaling_state(), "stable");
  EXPECT_EQ(a.session.transceivers()[0].current_direction, MediaDirection::kSendRecv);
  EXPECT_EQ(b.session.signaling_state(), "stable");
}

TEST(SessionState, ARollbackTakesBackSectionsAndCreatedTransceivers) {
  for (const bool is_local : {true, false}) {
    Peer us{1};
    Peer them{2};
    them.session.add_track(MediaKind::kAudio, {});
    us.take(kOffer, them.offer());
    ASSERT_THAT(us.session.transceivers(), SizeIs(1));

    Peer::expect_done(is_local ? us.session.set_local_description(kRollback, "")
                               : us.session.set_remote_description(kRollback, ""));

    EXPECT_EQ(us.session.signaling_state(), "stable");
    EXPECT_THAT(us.session.transceivers(), IsEmpty());
    EXPECT_TRUE(us.session.pending_remote().is_null());
  }
  EXPECT_RULE("8829:5.7#2");
  EXPECT_RULE("8829:5.7#4");
}

TEST(SessionState, ARollbackOfOurOfferFreesItsTransceivers) {
  Peer us{1};
  const TransceiverId id = us.session.add_track(MediaKind::kAudio, {});
  us.offer();
  EXPECT_EQ(us.session.find(id)->mid, "0");

  Peer::expect_done(us.session.set_local_description(kRollback, ""));

  EXPECT_EQ(us.session.find(id)->mid, "");
  EXPECT_FALSE(us.session.find(id)->index);
  EXPECT_RULE("8829:5.7#3");
  const Description again = parsed(us.offer());
  EXPECT_EQ(mid(again.media[0]), "1");  // names are not used again
  EXPECT_EQ(again.origin.session_version, 2U);
}

TEST(SessionState, ATrackThatWasAddedOutlivesTheRollback) {
  Peer us{1};
  Peer them{2};
  them.session.add_track(MediaKind::kVideo, {});
  us.take(kOffer, them.offer());
  const TransceiverId id = us.session.add_track(MediaKind::kVideo, {"s"});
  ASSERT_THAT(us.session.transceivers(), SizeIs(1));

  Peer::expect_done(us.session.set_remote_description(kRollback, ""));

  ASSERT_THAT(us.session.transceivers(), SizeIs(1));
  EXPECT_EQ(us.session.find(id)->mid, "");
  EXPECT_RULE("8829:5.7#5");
  EXPECT_THAT(us.offer(), HasSubstr("m=video "));
}

TEST(SessionState, ARollbackKeepsWhatWasAgreedBefore) {
  Peer a{1};
  Peer b{2};
  a.session.add_track(MediaKind::kAudio, {});
  b.session.add_track(MediaKind::kAudio, {});
  connect(a, b);
  a.session.add_track(MediaKind::kVideo, {});
  a.offer();

  Peer::expect_done(a.session.set_local_description(kRollback, ""));

  EXPECT_EQ(a.session.transceivers()[0].mid, "0");
  EXPECT_EQ(a.session.transceivers()[0].current_direction, MediaDirection::kSendRecv);
  EXPECT_EQ(a.session.transceivers()[1].mid, "");
  EXPECT_TRUE(a.session.is_negotiation_needed());
  connect(a, b);
  EXPECT_FALSE(a.session.is_negotiation_needed());
}

TEST(SessionState, ARollbackHasNoText) {
  Peer us;
  us.session.create_data_channel();
  us.offer();

  const Done done = us.session.set_local_description(kRollback, "v=0");

  ASSERT_FALSE(done);
  EXPECT_EQ(to_text(done.error().name), "TypeError");
  EXPECT_EQ(us.session.signaling_state(), "have-local-offer");
  EXPECT_RULE("8829:4.1.10#5");
}

TEST(SessionState, NegotiationIsNeededWhenSomethingIsToBeTold) {
  Peer a{1};
  Peer b{2};
  EXPECT_FALSE(a.session.is_negotiation_needed());
  const TransceiverId id = a.session.add_track(MediaKind::kAudio, {});
  EXPECT_TRUE(a.session.is_negotiation_needed());
  connect(a, b);
  EXPECT_FALSE(a.session.is_negotiation_needed());
  EXPECT_FALSE(b.session.is_negotiation_needed());

  ASSERT_TRUE(a.session.set_direction(id, MediaDirection::kInactive));
  EXPECT_TRUE(a.session.is_negotiation_needed());
  connect(a, b);
  a.session.create_data_channel();
  EXPECT_TRUE(a.session.is_negotiation_needed());
  connect(a, b);
  EXPECT_FALSE(a.session.is_negotiation_needed());
  ASSERT_TRUE(a.session.stop(id));
  EXPECT_TRUE(a.session.is_negotiation_needed());
  connect(a, b);
  EXPECT_FALSE(a.session.is_negotiation_needed());
  b.session.add_track(MediaKind::kVideo, {});
  EXPECT_TRUE(b.session.is_negotiation_needed());
}

}  // namespace
}  // namespace glass::sdp
