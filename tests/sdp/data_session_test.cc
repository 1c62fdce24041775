#include "sdp/data_session.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sdp/fixtures.h"
#include "tests/support/rules.h"

namespace glass::sdp {
namespace {

using test::data_offer;
using test::parsed;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Result<RemoteParameters, Complaint> session_of(const std::string& text, Type type = Type::kOffer) {
  return data_session(parsed(text), type, glass::test::test_trace(Layer::kSdp));
}

// data_session() refuses the description at this line.
void expect_refused(const std::string& text, Type type, std::size_t line) {
  const auto session = session_of(text, type);
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().line, line) << to_text(session.error());
}

TEST(DataSession, CollectsWhatTheOtherLayersNeed) {
  const auto session = session_of(data_offer());

  ASSERT_TRUE(session);
  EXPECT_EQ(session->mid, "0");
  EXPECT_EQ(session->ufrag, "8hhY");
  EXPECT_EQ(session->pwd, "asd88fgpdd777uzjYhagZg");
  EXPECT_TRUE(session->trickle);
  EXPECT_THAT(session->candidates, IsEmpty());
  EXPECT_THAT(session->fingerprints, SizeIs(1));
  EXPECT_EQ(session->sctp_port, 5000);
  EXPECT_EQ(session->max_message_size, 100000U);
}

TEST(DataSession, WithoutUsernameFragment) {
  expect_refused(data_offer("a=ice-ufrag"), Type::kOffer, 7);
  EXPECT_RULE("8839:5.4#1");
}

TEST(DataSession, WithoutPassword) {
  expect_refused(data_offer("a=ice-pwd"), Type::kOffer, 7);
  EXPECT_RULE("8839:5.4#1");
}

TEST(DataSession, WithoutFingerprint) {
  expect_refused(data_offer("a=fingerprint"), Type::kOffer, 7);
  EXPECT_RULE("8829:5.8.3#7");
}

TEST(DataSession, WithoutSetup) {
  expect_refused(data_offer("a=setup"), Type::kOffer, 7);
  EXPECT_RULE("8829:5.8.3#6");
}

TEST(DataSession, WithoutSctpPort) {
  expect_refused(data_offer("a=sctp-port"), Type::kOffer, 7);
  EXPECT_RULE("8841:5.1#1");
}

TEST(DataSession, WithoutMaxMessageSizeTheDefaultHolds) {
  EXPECT_EQ(session_of(data_offer("a=max-message-size"))->max_message_size, 65536U);
}

TEST(DataSession, OnlyUntrustworthyHashes) {
  expect_refused(data_offer("a=fingerprint",
                            "a=fingerprint:md5 00:11:22:33:44:55:66:77:88:99:AA:"
                            "BB:CC:DD:EE:FF\na=fingerprint:sha3-512 00:11"),
                 Type::kOffer, 15);
  EXPECT_RULE("8122:5#2");
}

TEST(DataSession, KeepsEveryTrustworthyFingerprint) {
  const std::string sha256 =
      "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:"
      "77:88:99:AA:BB:CC:DD:EE:FF";

  const auto session = session_of(data_offer("", sha256 + "\na=fingerprint:odd 00"));

  ASSERT_TRUE(session);
  ASSERT_THAT(session->fingerprints, SizeIs(2));
  EXPECT_EQ(session->fingerprints[0].hash, "sha-1");
  EXPECT_EQ(session->fingerprints[1].hash, "sha-256");
  EXPECT_THAT(glass::test::drop_reasons(), SizeIs(1));
}

TEST(DataSession, SetupDecidesWhoIsTheDtlsClient) {
  const auto role = [](const std::string& setup, Type type) {
    return session_of(data_offer("a=setup", "a=setup:" + setup), type)->local_role;
  };
  EXPECT_EQ(role("actpass", Type::kOffer), DtlsRole::kClient);
  EXPECT_EQ(role("active", Type::kOffer), DtlsRole::kServer);
  EXPECT_EQ(role("passive", Type::kOffer), DtlsRole::kClient);
  EXPECT_EQ(role("active", Type::kAnswer), DtlsRole::kServer);
  EXPECT_EQ(role("passive", Type::kPranswer), DtlsRole::kClient);
  EXPECT_RULE("5763:5#9");
}

TEST(DataSession, AnAnswerMustChooseItsRole) {
  expect_refused(data_offer(), Type::kAnswer, 12);
  EXPECT_RULE("5763:5#8");
}

TEST(DataSession, PortZeroRefusesTheAssociation) {
  const std::string text = data_offer("a=s", "a=sctp-port:0\na=setup:active");
  expect_refused(text, Type::kOffer, 7);
  EXPECT_RULE("8841:10.3#5");
  expect_refused(text, Type::kAnswer, 7);
  EXPECT_RULE("8841:10.4#4");
}

std::string rejected_offer() {
  std::string text = data_offer();
  const std::string live = "m=application 9 ";
  return text.replace(text.find(live), live.size(), "m=application 0 ");
}

TEST(DataSession, ARejectedSectionIsNone) {
  expect_refused(rejected_offer(), Type::kOffer, 7);
  EXPECT_RULE("3264:5.1#5");
  expect_refused(rejected_offer(), Type::kAnswer, 7);
  EXPECT_RULE("8841:10.4#6");
}

TEST(DataSession, ALiveSectionBehindARejectedOneIsTaken) {
  std::string text = data_offer();
  text.insert(text.find("m="),
              "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\nc=IN IP4 0.0.0.0\na=mid:9\n");

  const auto session = session_of(text);

  ASSERT_TRUE(session) << to_text(session.error());
  EXPECT_EQ(session->media_index, 1U);
  EXPECT_EQ(session->mid, "0");
}

// The tagged section's attributes come before the session's.
TEST(DataSession, ABundleOnlySectionListensToTheTaggedOneFirst) {
  const std::string text =
      "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\na=group:BUNDLE a d\n"
      "a=setup:passive\nm=audio 9 UDP/TLS/RTP/SAVPF 0\na=mid:a\na=ice-ufrag:tagd\n"
      "a=ice-pwd:asd88fgpdd777uzjYhagZg\na=setup:active\n"
      "a=fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\n"
      "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\na=mid:d\na=bundle-only\n"
      "a=sctp-port:5000\n";

  const auto session = session_of(text);

  ASSERT_TRUE(session) << to_text(session.error());
  EXPECT_EQ(session->ufrag, "tagd");
  EXPECT_EQ(session->setup, Setup::kActive);
}

TEST(DataSession, WithoutADataSection) {
  const auto session = session_of(
      "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\nm=audio 9 RTP/AVP 0\nc=IN IP4 0.0.0.0\n");
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().line, 0U);
}

TEST(DataSession, ALitePeerIsServed) {
  std::string text = data_offer();
  text.insert(text.find("a=group"), "a=ice-lite\n");

  EXPECT_TRUE(session_of(text)->ice_lite);
  EXPECT_RULE("8829:5.1.1#4");
}

TEST(DataSession, OldPortsOutOfRange) {
  std::string text = data_offer("a=sctp-port");
  const std::string line = "UDP/DTLS/SCTP webrtc-datachannel";
  text.replace(text.find(line), line.size(), "DTLS/SCTP 70000");
  const auto session = session_of(text);
  ASSERT_FALSE(session);
  EXPECT_EQ(to_text(session.error()), "line 7, column 27: the SCTP port is larger than 65535");
}

TEST(DataSession, CandidatesAreBounded) {
  std::string lines = "a=end-of-candidates";
  for (std::size_t i = 0; i < kMaxCandidates + 10; ++i)
    lines += "\na=candidate:1 1 udp 1 192.0.2.1 9 typ host";

  const auto session = session_of(data_offer("", lines));

  ASSERT_TRUE(session);
  EXPECT_THAT(session->candidates, SizeIs(kMaxCandidates));
  EXPECT_TRUE(session->end_of_candidates);
}

TEST(DataSession, TheTlsIdIsHandedOn) {
  EXPECT_EQ(session_of(data_offer("", "a=tls-id:abc3de65cddef001be82"))->tls_id,
            "abc3de65cddef001be82");
}

}  // namespace
}  // namespace glass::sdp
