#include "sdp/offer_answer.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "sdp/attributes/media.h"
#include "sdp/data_session.h"
#include "tests/sdp/fixtures.h"
#include "tests/support/rules.h"

namespace glass::sdp {
namespace {

using test::data_offer;
using test::local_parameters;
using test::parsed;
using test::parsed_fixture;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(MakeOffer, SaysEverythingInTheOrderOfJsep) {
  LocalParameters local = local_parameters();
  local.end_of_candidates = true;
  local.tls_id = "abc3de65cddef001be82";

  EXPECT_EQ(make_offer(local, glass::test::test_trace(Layer::kSdp)),
            "v=0\r\n"
            "o=- 4611686018427387904 1 IN IP4 0.0.0.0\r\n"
            "s=-\r\n"
            "t=0 0\r\n"
            "a=group:BUNDLE 0\r\n"
            "a=ice-options:trickle ice2\r\n"
            "m=application 40000 UDP/DTLS/SCTP webrtc-datachannel\r\n"
            "c=IN IP4 192.0.2.7\r\n"
            "a=candidate:1 1 udp 2130706431 192.0.2.7 40000 typ host\r\n"
            "a=end-of-candidates\r\n"
            "a=ice-ufrag:Glas\r\n"
            "a=ice-pwd:0123456789abcdefghijkl\r\n"
            "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:"
            "55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
            "a=setup:actpass\r\n"
            "a=tls-id:abc3de65cddef001be82\r\n"
            "a=mid:0\r\n"
            "a=sctp-port:5000\r\n"
            "a=max-message-size:262144\r\n");
  EXPECT_RULE("8829:5.2.1#10");
  EXPECT_RULE("8829:5.2.1#11");
  EXPECT_RULE("8829:5.2.1#36");
  EXPECT_RULE("8829:5.2.1#38");
  EXPECT_RULE("8829:5.2.1#39");
  EXPECT_RULE("8829:5.2.1#42");
}

TEST(MakeOffer, WithoutCandidatesHasTheDiscardPort) {
  LocalParameters local = local_parameters();
  local.candidates.clear();

  EXPECT_THAT(make_offer(local), HasSubstr("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                                           "c=IN IP4 0.0.0.0\r\n"));
}

TEST(MakeOffer, IsUnderstoodByDataSession) {
  LocalParameters local = local_parameters();
  local.candidates = {"2 1 udp 5 192.0.2.9 40001 typ host"};
  local.max_message_size = 0;

  const auto session = data_session(parsed(make_offer(local)), Type::kOffer);

  ASSERT_TRUE(session);
  EXPECT_EQ(session->candidates,
            (std::vector<std::string>{"candidate:2 1 udp 5 192.0.2.9 40001 typ host"}));
  EXPECT_EQ(session->max_message_size, 0U);
  EXPECT_TRUE(session->trickle);
}

TEST(MakeOffer, WithinASessionKeepsThePlacesOfTheSections) {
  const auto last = make_answer(parsed_fixture("chromium/av-data.offer.sdp"), local_parameters());
  ASSERT_TRUE(last);

  const Description offer =
      parsed(make_offer(local_parameters(), parsed(*last), glass::test::test_trace(Layer::kSdp)));

  ASSERT_THAT(offer.media, SizeIs(3));
  EXPECT_EQ(offer.media[0].port, 0);
  EXPECT_EQ(offer.media[1].kind, "video");
  EXPECT_EQ(offer.media[2].port, 40000);
  EXPECT_EQ(mid(offer.media[2]), "2");
  EXPECT_EQ(find(offer.media[2].lines, "setup")->value, "actpass");
  EXPECT_RULE("3264:8#8");
}

TEST(MakeOffer, WithinASessionWithoutDataBeginsAnew) {
  const Description audio = parsed_fixture("aiortc/audio.offer.sdp");
  EXPECT_THAT(parsed(make_offer(local_parameters(), audio, Trace())).media, SizeIs(1));
}

TEST(MakeAnswer, TakesTheActiveRoleWhenItMayChoose) {
  const auto answer =
      make_answer(parsed(data_offer()), local_parameters(), glass::test::test_trace(Layer::kSdp));

  ASSERT_TRUE(answer);
  EXPECT_THAT(*answer, HasSubstr("a=setup:active\r\n"));
  EXPECT_RULE("8829:5.3.1#25");
  EXPECT_RULE("8829:5.3.1#28");
  EXPECT_RULE("8829:5.3.1#31");
  EXPECT_RULE("9143:7.3.1#2");
}

TEST(MakeAnswer, TakesTheOtherRoleWhenTheOfferHasChosen) {
  LocalParameters local = local_parameters();
  const auto setup = [&local](const std::string& offered) {
    const auto answer = make_answer(parsed(data_offer("a=setup", "a=setup:" + offered)), local,
                                    glass::test::test_trace(Layer::kSdp));
    return std::string(find(parsed(*answer).media[0].lines, "setup")->value);
  };
  EXPECT_EQ(setup("active"), "passive");
  EXPECT_EQ(setup("passive"), "active");
  EXPECT_RULE("8829:5.3.1#26");
  local.setup = Setup::kPassive;
  EXPECT_EQ(setup("actpass"), "passive");
  EXPECT_EQ(setup("passive"), "active");
}

TEST(MakeAnswer, WithoutBundleAndMidInTheOfferHasNone) {
  const std::string offer = replaced(data_offer("a=mid"), "a=group:BUNDLE 0\n", "");

  const auto answer = make_answer(parsed(offer), local_parameters());

  ASSERT_TRUE(answer);
  EXPECT_THAT(*answer, Not(HasSubstr("a=group")));
  EXPECT_THAT(*answer, Not(HasSubstr("a=mid")));
}

TEST(MakeAnswer, HasATlsIdOnlyWhenTheOfferHas) {
  LocalParameters local = local_parameters();
  local.tls_id = "0123456789abcdef0123";

  const auto without =
      make_answer(parsed(data_offer()), local, glass::test::test_trace(Layer::kSdp));
  EXPECT_RULE("8842:5.3#6");
  const auto with = make_answer(parsed(data_offer("", "a=tls-id:abc3de65cddef001be82")), local);

  EXPECT_THAT(*without, Not(HasSubstr("tls-id")));
  EXPECT_THAT(*with, HasSubstr("a=tls-id:0123456789abcdef0123\r\n"));
}

TEST(MakeAnswer, RepeatsTheTimeOfTheOffer) {
  const auto answer =
      make_answer(parsed(replaced(data_offer(), "t=0 0", "t=3724394400 3724398000")),
                  local_parameters(), glass::test::test_trace(Layer::kSdp));
  EXPECT_THAT(*answer, HasSubstr("\r\nt=3724394400 3724398000\r\n"));
  EXPECT_RULE("3264:6#5");
}

TEST(MakeAnswer, RejectsASecondDataSection) {
  const std::string offer =
      data_offer("", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\nc=IN IP4 0.0.0.0\na=mid:1");

  const Description answer = parsed(*make_answer(parsed(offer), local_parameters()));

  ASSERT_THAT(answer.media, SizeIs(2));
  EXPECT_NE(answer.media[0].port, 0);
  EXPECT_EQ(answer.media[1].port, 0);
}

TEST(MakeAnswer, NeverRepeatsWhatItDoesNotKnow) {
  std::string offer = data_offer("", "a=x-secret:1\na=sctp-init:AQ==");
  offer = replaced(offer, "a=group", "a=x-session\na=group:LS 0\na=group");

  const auto answer = make_answer(parsed(offer), local_parameters());

  ASSERT_TRUE(answer);
  for (const std::string_view unknown : {"x-secret", "x-session", "sctp-init", "group:LS"})
    EXPECT_THAT(*answer, Not(HasSubstr(unknown)));
}

TEST(MakeAnswer, ComplainsAboutAnOfferThatCannotBeAccepted) {
  const auto answer = make_answer(parsed(data_offer("a=fingerprint")), local_parameters());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().line, 7U);
}

void expect_misfit(const std::string& answer, std::size_t line) {
  const auto fits =
      check_answer(parsed(data_offer()), parsed(answer), glass::test::test_trace(Layer::kSdp));
  ASSERT_FALSE(fits);
  EXPECT_EQ(fits.error().line, line) << to_text(fits.error());
}

std::string good_answer() { return *make_answer(parsed(data_offer()), local_parameters()); }

TEST(CheckAnswer, AcceptsWhatFits) {
  EXPECT_TRUE(check_answer(parsed(data_offer()), parsed(good_answer())));
}

TEST(CheckAnswer, AnotherNumberOfSections) {
  expect_misfit(good_answer() + "m=audio 0 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n", 0);
  EXPECT_RULE("8829:5.8.3#12");
}

TEST(CheckAnswer, AnotherProtocol) {
  expect_misfit(replaced(good_answer(), "UDP/DTLS", "TCP/DTLS"), 7);
  EXPECT_RULE("8829:5.8.3#13");
}

TEST(CheckAnswer, AnotherMid) {
  expect_misfit(replaced(replaced(good_answer(), "a=mid:0", "a=mid:1"), "BUNDLE 0", "BUNDLE 1"),
                14);
  EXPECT_RULE("5888:9.1#1");
}

TEST(CheckAnswer, ABundleThatWasNotOffered) {
  const Description offer = parsed(replaced(data_offer(), "a=group:BUNDLE 0\n", ""));
  EXPECT_FALSE(check_answer(offer, parsed(good_answer()), glass::test::test_trace(Layer::kSdp)));
  EXPECT_RULE("9143:7.4#1");
}

TEST(CheckAnswer, TheSameRoleTwice) {
  const Description offer = parsed(data_offer("a=setup", "a=setup:active"));
  const auto fits =
      check_answer(offer, parsed(good_answer()), glass::test::test_trace(Layer::kSdp));
  ASSERT_FALSE(fits);
  EXPECT_EQ(fits.error().text, "active does not answer the offer's active");
  EXPECT_RULE("4145:4.1#0");
}

TEST(SessionId, Has63Bits) {
  SeededRandom random(1);
  for (int i = 0; i < 100; ++i) EXPECT_LT(make_session_id(random), 1ULL << 63);
}

TEST(TlsId, HasAtLeast120BitsAndFitsTheGrammar) {
  SeededRandom random(1);
  const std::string id = make_tls_id(random);
  EXPECT_THAT(id, SizeIs(32));
  EXPECT_NE(id, make_tls_id(random));
}

}  // namespace
}  // namespace glass::sdp
