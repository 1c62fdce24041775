#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdp/attributes/dtls.h"
#include "sdp/attributes/ice.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/sctp.h"
#include "sdp/description.h"
#include "tests/sdp/fixtures.h"
#include "tests/support/rules.h"

namespace glass::sdp {
namespace {

using test::data_offer;
using test::parsed;
using test::parsed_fixture;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Description, AttributesHaveNameValueAndPlace) {
  const Description description = parsed(data_offer());

  const auto setup = find(description.media[0].lines, "setup");
  ASSERT_TRUE(setup);
  EXPECT_EQ(setup->value, "actpass");
  EXPECT_EQ(setup->line->number, 12U);
  EXPECT_EQ(setup->value_column, 9U);
  EXPECT_FALSE(find(description.session, "setup"));
  EXPECT_TRUE(has(description.session, "group"));
}

TEST(Description, AFlagHasNoValue) {
  const Description description = parsed(data_offer("", "a=rtcp-mux"));

  const auto flag = find(description.media[0].lines, "rtcp-mux");
  ASSERT_TRUE(flag);
  EXPECT_EQ(flag->value, "");
  EXPECT_TRUE(has_rtcp_mux(description.media[0]));
}

TEST(Description, SectionsInheritFromTheSessionWhatTheyDoNotSay) {
  const Description description = parsed_fixture("firefox/data.offer.sdp");
  const Media& media = description.media[0];

  EXPECT_FALSE(find(media.lines, "fingerprint"));
  EXPECT_TRUE(find(description, media, "fingerprint"));
  EXPECT_THAT(find_all(description, media, "fingerprint"), SizeIs(1));
  EXPECT_EQ(find(description, media, "sendrecv")->line->number, 14U);
}

TEST(Description, KnowsItsOriginAndSections) {
  const Description description = parsed_fixture("firefox/data.offer.sdp");

  EXPECT_EQ(description.origin, (Origin{.username = "mozilla...THIS_IS_SDPARTA-99.0",
                                        .session_id = 1961066740828581646,
                                        .session_version = 0,
                                        .network_type = "IN",
                                        .address_type = "IP4",
                                        .address = "0.0.0.0"}));
  ASSERT_THAT(description.media, SizeIs(1));
  EXPECT_EQ(description.media[0].kind, "application");
  EXPECT_EQ(description.media[0].port, 60848);
  EXPECT_EQ(description.media[0].protocol, "UDP/DTLS/SCTP");
  EXPECT_THAT(description.media[0].formats, ElementsAre("webrtc-datachannel"));
  EXPECT_EQ(mid(description.media[0]), "0");
  EXPECT_EQ(find_mid(description, "0"), description.media.data());
  EXPECT_EQ(find_mid(description, "1"), nullptr);
}

TEST(Ice, OptionsCandidatesAndFlags) {
  const Description description = parsed_fixture("chromium-fieldtrials/spedsnap.offer.sdp");
  const Media& media = description.media[0];

  EXPECT_THAT(ice_options(description, media), ElementsAre("trickle", "sped", "googspedv1"));
  EXPECT_THAT(candidates(media), SizeIs(2));
  EXPECT_FALSE(end_of_candidates(description, media));
  EXPECT_FALSE(is_ice_lite(description));
  EXPECT_TRUE(end_of_candidates(parsed_fixture("firefox/data.offer.sdp"),
                                parsed_fixture("firefox/data.offer.sdp").media[0]));
}

TEST(Ice, TheDefaultDestinationPrefersWhatWorksMostOften) {
  std::vector<std::string> lines{"candidate:1 1 tcp 9 10.0.0.1 9 typ host tcptype active",
                                 "candidate:2 1 udp 9 a-b.local 5000 typ host",
                                 "candidate:2 2 udp 9 10.0.0.1 5001 typ host"};
  EXPECT_EQ(default_destination(lines).port, "9");
  EXPECT_EQ(default_destination(lines).address, "0.0.0.0");

  lines.emplace_back("candidate:2 1 UDP 9 2001:db8::1 5001 typ host");
  EXPECT_EQ(default_destination(lines).address, "2001:db8::1");
  EXPECT_EQ(default_destination(lines).address_type, "IP6");

  lines.emplace_back("4 1 udp 5 198.51.100.1 6000 typ relay raddr 0.0.0.0 rport 0");
  lines.emplace_back("3 1 udp 7 203.0.113.1 6001 typ srflx raddr 0.0.0.0 rport 0");
  EXPECT_EQ(default_destination(lines).address, "198.51.100.1");
  EXPECT_EQ(default_destination(lines).port, "6000");
}

Fingerprint fingerprint_of(const std::string& value) {
  const Line line{.number = 1, .type = 'a', .value = "fingerprint:" + value};
  const auto fingerprint = parse_fingerprint(*as_attribute(line));
  EXPECT_TRUE(fingerprint) << value;
  return fingerprint.value_or(Fingerprint{});
}

std::string bytes_text(int count, const std::string& byte) {
  std::string out = byte;
  for (int i = 1; i < count; ++i) out += ':' + byte;
  return out;
}

TEST(Fingerprint, IsReadWhateverItsCase) {
  const Fingerprint fingerprint = fingerprint_of("SHA-256 " + bytes_text(32, "ab"));

  EXPECT_EQ(fingerprint.hash, "sha-256");
  EXPECT_EQ(fingerprint.digest, ByteVector(32, 0xab));
  EXPECT_TRUE(is_verifiable(fingerprint));
}

TEST(Fingerprint, UnknownAndBrokenHashesVerifyNothing) {
  EXPECT_FALSE(is_verifiable(fingerprint_of("md5 " + bytes_text(16, "00"))));
  EXPECT_FALSE(is_verifiable(fingerprint_of("md2 " + bytes_text(16, "00"))));
  EXPECT_FALSE(is_verifiable(fingerprint_of("sha3-256 00:01:02")));
}

TEST(Fingerprint, TheStrongestHashDecides) {
  const std::vector<Fingerprint> all{fingerprint_of("sha-1 " + bytes_text(20, "01")),
                                     fingerprint_of("sha-256 " + bytes_text(32, "02")),
                                     fingerprint_of("sha-256 " + bytes_text(32, "03")),
                                     fingerprint_of("new 04")};

  EXPECT_THAT(strongest(all, glass::test::test_trace(Layer::kSdp)), ElementsAre(all[1], all[2]));
  EXPECT_RULE("8122:5.1#5");
  EXPECT_THAT(strongest({}, Trace()), IsEmpty());
}

TEST(Setup, OffersAndAnswersThatFit) {
  EXPECT_TRUE(may_answer(Setup::kActpass, Setup::kActive));
  EXPECT_TRUE(may_answer(Setup::kActpass, Setup::kPassive));
  EXPECT_TRUE(may_answer(Setup::kActive, Setup::kPassive));
  EXPECT_TRUE(may_answer(Setup::kPassive, Setup::kActive));
  EXPECT_FALSE(may_answer(Setup::kActive, Setup::kActive));
  EXPECT_FALSE(may_answer(Setup::kPassive, Setup::kPassive));
  EXPECT_FALSE(may_answer(Setup::kActpass, Setup::kActpass));
  EXPECT_EQ(to_text(Setup::kHoldconn), "holdconn");
}

TEST(Data, FormsOfTheMediaLine) {
  const auto form = [](const std::string& line) {
    return data_form(
        parsed("v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\n" + line).media[0]);
  };
  EXPECT_EQ(form("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n"), DataForm::kNew);
  EXPECT_EQ(form("m=application 9 TCP/DTLS/SCTP webrtc-datachannel\n"), DataForm::kNew);
  EXPECT_EQ(form("m=application 9 DTLS/SCTP webrtc-datachannel\n"), DataForm::kNew);
  EXPECT_EQ(form("m=application 9 DTLS/SCTP 5000\n"), DataForm::kOld);
  EXPECT_EQ(form("m=application 9 UDP/DTLS/SCTP 5000\n"), DataForm::kNone);
  EXPECT_EQ(form("m=application 9 UDP/DTLS/SCTP webrtc-datachannel other\n"), DataForm::kNone);
  EXPECT_EQ(form("m=application 9 UDP/BFCP *\n"), DataForm::kNone);
  EXPECT_EQ(form("m=audio 9 UDP/DTLS/SCTP webrtc-datachannel\n"), DataForm::kNone);
}

TEST(Data, MessageSizes) {
  const auto size = [](const std::string& text) {
    return *max_message_size(parsed(data_offer("a=max-message-size", text)).media[0]);
  };
  EXPECT_EQ(size(""), 65536U);
  EXPECT_EQ(size("a=max-message-size:0"), 0U);
  EXPECT_EQ(size("a=max-message-size:1073741823"), 1073741823U);
  EXPECT_EQ(size("a=max-message-size:99999999999999999999999"), UINT64_MAX);
}

TEST(Groups, NameTheirSections) {
  const Description description = parsed_fixture("chromium/av-data.offer.sdp");

  ASSERT_THAT(groups(description), SizeIs(1));
  EXPECT_EQ(groups(description)[0].semantics, "BUNDLE");
  EXPECT_THAT(groups(description)[0].mids, SizeIs(3));
  EXPECT_TRUE(bundle_of(description, "2"));
  EXPECT_FALSE(bundle_of(description, "3"));
  EXPECT_FALSE(bundle_of(description, ""));
}

TEST(BundleOnly, IsNotRejected) {
  const Description offer = parsed_fixture("firefox/av-data@max-bundle.offer.sdp");
  EXPECT_TRUE(is_bundle_only(offer, offer.media[2]));
  EXPECT_FALSE(is_rejected(offer, offer.media[2]));

  const Description alone = parsed(
      "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\n"
      "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\na=mid:0\na=bundle-only\n");
  EXPECT_FALSE(is_bundle_only(alone, alone.media[0]));
  EXPECT_TRUE(is_rejected(alone, alone.media[0]));
}

TEST(MediaFlags, DirectionsMixedExtensionsAndStreams) {
  const Description firefox = parsed_fixture("firefox/inactive.offer.sdp");
  EXPECT_EQ(direction(firefox, firefox.media[0]), MediaDirection::kInactive);
  EXPECT_EQ(msid_semantic(firefox), "WMS *");

  const Description chromium = parsed_fixture("chromium/data.offer.sdp");
  EXPECT_EQ(direction(chromium, chromium.media[0]), MediaDirection::kSendRecv);
  EXPECT_TRUE(allows_mixed_extmap(chromium, chromium.media[0]));
  EXPECT_EQ(msid_semantic(chromium), "WMS");
  EXPECT_EQ(msid_semantic(parsed(data_offer())), "");
}

}  // namespace
}  // namespace glass::sdp
