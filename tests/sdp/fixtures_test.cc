#include "tests/sdp/fixtures.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdp/attributes/media.h"
#include "sdp/attributes/sctp.h"
#include "sdp/data_session.h"
#include "sdp/explain.h"
#include "sdp/offer_answer.h"
#include "sdp/parse.h"
#include "sdp/write.h"
#include "tests/support/rules.h"

namespace glass::sdp {
namespace {

using test::fixture_names;
using test::local_parameters;
using test::parsed;
using test::parsed_fixture;
using test::read_fixture;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

bool is_offer(std::string_view name) { return name.ends_with(".offer.sdp"); }

// The fixture's description if it has a live data section.
bool has_data(const Description& description) {
  const Media* data = find_data(description);
  return data != nullptr && !is_rejected(description, *data);
}

TEST(Fixtures, AreMany) { EXPECT_EQ(fixture_names().size(), 379U); }

TEST(Fixtures, ComeBackByteForByte) {
  for (const std::string& name : fixture_names()) {
    const std::string text = read_fixture(name);
    const auto description = parse(text);
    ASSERT_TRUE(description) << name << ": " << to_text(description.error());
    EXPECT_EQ(write(*description), text) << name;
  }
}

TEST(Fixtures, ComeBackByteForByteWithBareLineFeeds) {
  for (const std::string& name : fixture_names()) {
    std::string text = read_fixture(name);
    std::erase(text, '\r');
    const auto description = parse(text);
    ASSERT_TRUE(description) << name << ": " << to_text(description.error());
    EXPECT_EQ(write(*description), text) << name;
  }
}

TEST(Fixtures, EveryDataSectionIsUnderstood) {
  int count = 0;
  for (const std::string& name : fixture_names()) {
    const Description description = parsed_fixture(name);
    if (!has_data(description)) continue;
    ++count;
    const auto session = data_session(description, is_offer(name) ? Type::kOffer : Type::kAnswer);
    ASSERT_TRUE(session) << name << ": " << to_text(session.error());
    EXPECT_EQ(session->sctp_port, 5000) << name;
    EXPECT_THAT(session->fingerprints, SizeIs(1)) << name;
    EXPECT_EQ(session->fingerprints.front().hash, "sha-256") << name;
    EXPECT_EQ(session->setup, is_offer(name) ? Setup::kActpass : Setup::kActive) << name;
    EXPECT_EQ(session->local_role, is_offer(name) ? DtlsRole::kClient : DtlsRole::kServer) << name;
    EXPECT_FALSE(session->ice_lite) << name;
  }
  EXPECT_GE(count, 50);
}

TEST(Fixtures, EveryDataOfferCanBeAnswered) {
  int count = 0;
  for (const std::string& name : fixture_names()) {
    const Description offer = parsed_fixture(name);
    if (!is_offer(name) || !has_data(offer)) continue;
    ++count;
    const auto text = make_answer(offer, local_parameters());
    ASSERT_TRUE(text) << name << ": " << to_text(text.error());
    const Description answer = parsed(*text);
    const auto fits = check_answer(offer, answer);
    EXPECT_TRUE(fits) << name << ": " << to_text(fits.error());
    const auto session = data_session(answer, Type::kAnswer);
    ASSERT_TRUE(session) << name << ": " << to_text(session.error());
    EXPECT_EQ(session->ufrag, "Glas") << name;
    EXPECT_EQ(session->setup, Setup::kActive) << name;
    EXPECT_THAT(groups(answer), SizeIs(1)) << name;
    EXPECT_THAT(groups(answer).front().mids, SizeIs(1)) << name;
    for (const Media& media : answer.media)
      EXPECT_EQ(media.port != 0, data_form(media) != DataForm::kNone) << name;
  }
  EXPECT_GE(count, 25);
}

TEST(Fixtures, EveryAnswerFitsItsOffer) {
  const auto names = fixture_names();
  for (const std::string& name : fixture_names()) {
    if (!is_offer(name)) continue;
    const std::string stem = name.substr(0, name.size() - std::string(".offer.sdp").size());
    if (std::ranges::find(names, stem + ".answer.sdp") == names.end()) continue;  // it was refused
    const auto fits = check_answer(parsed_fixture(name), parsed_fixture(stem + ".answer.sdp"));
    EXPECT_TRUE(fits) << name << ": " << to_text(fits.error());
  }
}

TEST(Fixtures, EveryLineCanBeExplained) {
  for (const std::string& name : fixture_names()) {
    for (const LineNote& note : explain(parsed_fixture(name))) {
      EXPECT_FALSE(note.meaning.empty()) << name << ' ' << note.line;
      EXPECT_NE(note.section, "RFC 8866 §5.13") << name << ": nobody knows " << note.text;
    }
  }
}

TEST(Fixtures, ChromiumDataOffer) {
  const auto session = data_session(parsed_fixture("chromium/data.offer.sdp"), Type::kOffer,
                                    glass::test::test_trace(Layer::kSdp));

  ASSERT_TRUE(session);
  EXPECT_EQ(session->mid, "0");
  EXPECT_EQ(session->media_index, 0U);
  EXPECT_EQ(session->form, DataForm::kNew);
  EXPECT_EQ(session->ufrag, "A3LM");
  EXPECT_EQ(session->pwd, "7vaoH1tLYmliBeQBXzjxb58j");
  EXPECT_TRUE(session->trickle);
  EXPECT_FALSE(session->end_of_candidates);
  EXPECT_THAT(session->candidates,
              ElementsAre("candidate:764343093 1 udp 2122260223 10.9.0.1 34161 typ host "
                          "generation 0 network-id 1",
                          "candidate:3542362017 1 tcp 1518280447 10.9.0.1 9 typ host tcptype "
                          "active generation 0 network-id 1"));
  ASSERT_THAT(session->fingerprints, SizeIs(1));
  EXPECT_EQ(session->fingerprints.front().digest.front(), 0x89);
  EXPECT_EQ(session->fingerprints.front().digest.back(), 0x67);
  EXPECT_EQ(session->max_message_size, 262144U);
  EXPECT_EQ(session->tls_id, "");
  EXPECT_RULE("5763:5#9");
}

TEST(Fixtures, FirefoxDataOfferHasItsFingerprintInTheSession) {
  const auto session = data_session(parsed_fixture("firefox/data.offer.sdp"), Type::kOffer,
                                    glass::test::test_trace(Layer::kSdp));

  ASSERT_TRUE(session);
  EXPECT_EQ(session->ufrag, "e70045c4");
  EXPECT_EQ(session->pwd, "9700912379f6719a4031a44fe3150bc1");
  EXPECT_TRUE(session->trickle);
  EXPECT_TRUE(session->end_of_candidates);
  EXPECT_THAT(session->candidates, SizeIs(2));
  EXPECT_EQ(session->fingerprints.front().text,
            "sha-256 41:B4:19:D6:B9:81:C5:52:48:ED:1E:1E:79:2A:60:65:D5:D4:13:03:E5:E9:4F:38:A9:"
            "B9:A0:C5:AF:C7:61:71");
  EXPECT_EQ(session->max_message_size, 1073741823U);
  EXPECT_RULE("8841:9.2#1");  // its a=sendrecv means nothing here
}

TEST(Fixtures, AiortcDataOfferHasTheOldForm) {
  const auto session = data_session(parsed_fixture("aiortc/data.offer.sdp"), Type::kOffer,
                                    glass::test::test_trace(Layer::kSdp));

  ASSERT_TRUE(session);
  EXPECT_EQ(session->form, DataForm::kOld);
  EXPECT_EQ(session->ufrag, "aBbC");
  EXPECT_FALSE(session->trickle);
  EXPECT_TRUE(session->end_of_candidates);
  EXPECT_EQ(session->sctp_port, 5000);
  EXPECT_EQ(session->max_message_size, 65536U);
  EXPECT_RULE("8829:5.1.2#7");
}

TEST(Fixtures, AnswersRepeatTheFormOfTheOffer) {
  const auto answer = make_answer(parsed_fixture("aiortc/data.offer.sdp"), local_parameters());

  ASSERT_TRUE(answer);
  EXPECT_THAT(*answer, ::testing::HasSubstr("m=application 40000 DTLS/SCTP 5000\r\n"));
  EXPECT_THAT(*answer, ::testing::HasSubstr("a=sctpmap:5000 webrtc-datachannel 65535\r\n"));
  EXPECT_THAT(*answer, ::testing::Not(::testing::HasSubstr("sctp-port")));
}

TEST(Fixtures, ABundleOnlyDataSectionTakesTheTaggedSectionsTransport) {
  const Description offer = parsed_fixture("firefox/av-data@max-bundle.offer.sdp");
  ASSERT_EQ(offer.media[2].port, 0);

  const auto session = data_session(offer, Type::kOffer);

  ASSERT_TRUE(session) << to_text(session.error());
  EXPECT_EQ(session->media_index, 2U);
  EXPECT_EQ(session->mid, "2");
  EXPECT_EQ(session->candidates.front(), "candidate:0 1 UDP 2122252543 10.9.0.1 42284 typ host");
}

TEST(Fixtures, AnAnswersDataSectionTakesTheTaggedSectionsCandidates) {
  const auto session =
      data_session(parsed_fixture("chromium-to-firefox/av-data.answer.sdp"), Type::kAnswer);

  ASSERT_TRUE(session) << to_text(session.error());
  EXPECT_EQ(session->mid, "2");
  EXPECT_FALSE(session->candidates.empty());
}

TEST(Fixtures, AnAnswerToAvDataTakesTheDataAlone) {
  const auto text = make_answer(parsed_fixture("chromium/av-data.offer.sdp"), local_parameters(),
                                glass::test::test_trace(Layer::kSdp));

  ASSERT_TRUE(text);
  EXPECT_THAT(*text, ::testing::HasSubstr("a=group:BUNDLE 2\r\n"));
  EXPECT_THAT(*text, ::testing::HasSubstr("m=audio 0 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n"
                                          "a=inactive\r\na=mid:0\r\nm=video 0 "));
  for (const std::string_view unknown : {"extmap", "rtpmap", "ssrc", "rtcp", "msid"})
    EXPECT_THAT(*text, ::testing::Not(::testing::HasSubstr(unknown)));
  EXPECT_RULE("3264:6#8");
  EXPECT_RULE("9143:7.3.1#3");
  EXPECT_RULE("9143:7.3.3#3");
}

}  // namespace
}  // namespace glass::sdp
