#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdp/attributes/media.h"
#include "sdp/attributes/sctp.h"
#include "sdp/description.h"
#include "sdp/jsep/session.h"
#include "tests/sdp/jsep/peer.h"

namespace glass::sdp {
namespace {

using test::parsed;
using test::Peer;
using test::session_config;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Peer with_policy(BundlePolicy policy) {
  SessionConfig config = session_config();
  config.bundle = policy;
  return Peer(1, std::move(config));
}

void add_two_of_each(Session& session) {
  for (const MediaKind kind :
       {MediaKind::kAudio, MediaKind::kVideo, MediaKind::kAudio, MediaKind::kVideo})
    session.add_track(kind, {});
  session.create_data_channel();
}

// "0": bundle-only, "1": with a transport of its own.
std::string transports_in(std::string_view text) {
  std::string out;
  for (const Media& media : parsed(text).media) {
    EXPECT_NE(has(media.lines, "bundle-only"), has(media.lines, "ice-ufrag"));
    EXPECT_EQ(has(media.lines, "bundle-only"), media.port == 0);
    out += has(media.lines, "ice-ufrag") ? '1' : '0';
  }
  return out;
}

TEST(SessionOffer, IsEmptyWithoutTransceivers) {
  Peer peer;

  const Description offer = parsed(peer.offer());

  EXPECT_THAT(offer.media, IsEmpty());
  EXPECT_THAT(groups(offer), IsEmpty());
}

TEST(SessionOffer, HasASectionForEachTransceiverInOrderAndThenData) {
  Peer peer;
  peer.session.create_data_channel();
  peer.session.add_track(MediaKind::kVideo, {"s"});
  peer.session.add_track(MediaKind::kAudio, {"s"});

  const std::string text = peer.offer();

  const Description offer = parsed(text);
  ASSERT_THAT(offer.media, SizeIs(3));
  EXPECT_EQ(offer.media[0].kind, "video");
  EXPECT_EQ(offer.media[1].kind, "audio");
  EXPECT_EQ(data_form(offer.media[2]), DataForm::kNew);
  EXPECT_EQ(offer.media[0].protocol, "UDP/TLS/RTP/SAVPF");
  EXPECT_THAT(text, HasSubstr("a=group:BUNDLE 0 1 2\r\na=group:LS 0 1\r\n"));
  EXPECT_THAT(text, HasSubstr("a=ice-options:trickle ice2\r\n"));
  EXPECT_THAT(text, HasSubstr("a=setup:actpass\r\n"));
  EXPECT_THAT(text, HasSubstr("a=rtcp-mux\r\na=rtcp-mux-only\r\na=rtcp-rsize\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("a=crypto")));
  EXPECT_RULE("8829:5.2.1#20");
  EXPECT_RULE("8829:5.2.1#37");
  EXPECT_RULE("8829:5.2.1#40");
  EXPECT_RULE("8829:5.2.1#43");
  EXPECT_RULE("8858:4.2#2");
}

TEST(SessionOffer, BundlePoliciesDecideWhoHasATransport) {
  Peer balanced = with_policy(BundlePolicy::kBalanced);
  Peer compatible = with_policy(BundlePolicy::kMaxCompat);
  Peer bundled = with_policy(BundlePolicy::kMaxBundle);
  for (Peer* peer : {&balanced, &compatible, &bundled}) add_two_of_each(peer->session);

  EXPECT_EQ(transports_in(balanced.offer()), "11001");
  EXPECT_EQ(transports_in(compatible.offer()), "11111");
  EXPECT_EQ(transports_in(bundled.offer()), "10000");
  EXPECT_RULE("8829:5.2.1#14");
  EXPECT_RULE("8829:5.2.1#18");
}

TEST(SessionOffer, SectionsWithATransportHaveCredentialsOfTheirOwn) {
  Peer peer = with_policy(BundlePolicy::kMaxCompat);
  add_two_of_each(peer.session);

  const Description offer = parsed(peer.offer());

  EXPECT_NE(find(offer.media[0].lines, "ice-ufrag")->value,
            find(offer.media[1].lines, "ice-ufrag")->value);
  EXPECT_THAT(peer.session.transports(), SizeIs(5));
}

TEST(SessionOffer, TheDirectionIsTheTransceivers) {
  Peer peer;
  for (const auto direction : {MediaDirection::kSendRecv, MediaDirection::kSendOnly,
                               MediaDirection::kRecvOnly, MediaDirection::kInactive})
    ASSERT_TRUE(peer.session.add_transceiver(MediaKind::kAudio, {.direction = direction}));

  const Description offer = parsed(peer.offer());

  EXPECT_EQ(direction(offer, offer.media[0]), MediaDirection::kSendRecv);
  EXPECT_EQ(direction(offer, offer.media[1]), MediaDirection::kSendOnly);
  EXPECT_EQ(direction(offer, offer.media[2]), MediaDirection::kRecvOnly);
  EXPECT_EQ(direction(offer, offer.media[3]), MediaDirection::kInactive);
  EXPECT_TRUE(has(offer.media[1].lines, "msid"));
  EXPECT_FALSE(has(offer.media[2].lines, "msid"));
  EXPECT_FALSE(has(offer.media[2].lines, "ssrc"));
}

TEST(SessionOffer, SimulcastListsTheEncodings) {
  Peer peer;
  ASSERT_TRUE(peer.session.add_transceiver(
      MediaKind::kVideo, {
                             .direction = MediaDirection::kSendOnly, .rids = {"q", "h", "f"}
  }));

  const std::string text = peer.offer();

  EXPECT_THAT(text, HasSubstr("a=rid:q send\r\na=rid:h send\r\na=rid:f send\r\n"
                              "a=simulcast:send q;h;f\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("a=ssrc")));
  EXPECT_RULE("8829:5.2.1#32");
  EXPECT_RULE("8829:5.2.1#33");
  EXPECT_RULE("8829:5.2.1#34");
}

TEST(SessionOffer, ARidAloneIsNoSimulcast) {
  Peer peer;
  ASSERT_TRUE(peer.session.add_transceiver(MediaKind::kVideo, {.rids = {"only"}}));

  const std::string text = peer.offer();

  EXPECT_THAT(text, HasSubstr("a=rid:only send\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("a=simulcast")));
}

TEST(SessionOffer, CodecPreferencesOrderAndExclude) {
  Peer peer;
  const TransceiverId id = peer.session.add_track(MediaKind::kVideo, {});
  ASSERT_TRUE(peer.session.set_codec_preferences(id, {"vp9", "VP8", "rtx"}));

  const auto codecs = codecs_of(parsed(peer.offer()).media[0]);

  std::vector<std::string> names;
  for (const Codec& codec : codecs) names.push_back(codec.encoding + ' ' + codec.parameters);
  EXPECT_THAT(names, ElementsAre("VP9 profile-id=0", "VP8 ", "rtx apt=96", "rtx apt=98"));
  EXPECT_RULE("8829:5.2.1#21");
}

TEST(SessionOffer, ArgumentsThatMakeNoSenseAreRefused) {
  Peer peer;
  const TransceiverId id = peer.session.add_track(MediaKind::kVideo, {});

  EXPECT_EQ(peer.session.set_codec_preferences(id, {"G729"}).error().name,
            ErrorName::kInvalidModification);
  EXPECT_EQ(peer.session.set_codec_preferences(id, {"rtx"}).error().name,
            ErrorName::kInvalidModification);
  const auto twice = peer.session.add_transceiver(MediaKind::kVideo, {
                                                                         .rids = {"a", "a"}
  });
  ASSERT_FALSE(twice);
  EXPECT_EQ(to_text(twice.error().name), "TypeError");
  EXPECT_EQ(twice.error().complaint.rule, "8851:4#10"_rule);
  EXPECT_FALSE(peer.session.add_transceiver(MediaKind::kVideo, {.rids = {"a b"}}));
  EXPECT_FALSE(peer.session.add_transceiver(MediaKind::kVideo, {.streams = {"a b"}}));
  EXPECT_FALSE(peer.session.set_direction(TransceiverId{99}, MediaDirection::kInactive));
  EXPECT_THAT(peer.session.transceivers(), SizeIs(1));
  EXPECT_RULE("8851:4#10");
}

TEST(SessionOffer, CandidatesStandInTheNextDescription) {
  Peer peer;
  peer.session.create_data_channel();
  peer.offer();
  ASSERT_TRUE(peer.session.add_local_candidate("0", "1 1 udp 2130706431 192.0.2.7 40000 typ host"));
  ASSERT_TRUE(peer.session.end_local_candidates("0"));
  EXPECT_FALSE(peer.session.add_local_candidate("nobody", "x"));
  EXPECT_FALSE(peer.session.end_local_candidates("nobody"));

  const std::string text = peer.offer();

  EXPECT_THAT(text, HasSubstr("m=application 40000 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                              "c=IN IP4 192.0.2.7\r\n"));
  EXPECT_THAT(text, HasSubstr("a=candidate:1 1 udp 2130706431 192.0.2.7 40000 typ host\r\n"
                              "a=end-of-candidates\r\n"));
  EXPECT_RULE("8829:5.2.2#9");
  EXPECT_RULE("8829:5.2.2#16");
  EXPECT_RULE("8829:5.2.2#17");
}

TEST(SessionOffer, VersionsGrowWithEachDescription) {
  Peer peer;
  peer.session.create_data_channel();

  const Description first = parsed(*peer.session.create_offer());
  const Description second = parsed(*peer.session.create_offer());

  EXPECT_EQ(first.origin.session_id, second.origin.session_id);
  EXPECT_EQ(first.origin.session_version + 1, second.origin.session_version);
  EXPECT_EQ(mid(second.media[0]), "0");  // nothing was set: the name is still free
  EXPECT_RULE("8829:5.2.2#2");
}

TEST(SessionOffer, EveryOfferHasWhatJsepAsksFor) {
  Peer peer;
  peer.session.add_track(MediaKind::kAudio, {});
  peer.session.add_track(MediaKind::kVideo, {});
  peer.session.add_track(MediaKind::kVideo, {});
  peer.session.create_data_channel();

  const std::string text = peer.offer();

  const Description offer = parsed(text);
  EXPECT_TRUE(text.starts_with("v=0\r\no=- "));
  EXPECT_RULE("8829:5.2.1#1");
  EXPECT_RULE("8829:5.2.1#2");
  EXPECT_LT(offer.origin.session_id, static_cast<std::uint64_t>(INT64_MAX));
  EXPECT_RULE("8829:5.2.1#4");
  EXPECT_THAT(text, HasSubstr(" IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"));
  EXPECT_RULE("8829:5.2.1#7");
  EXPECT_RULE("8829:5.2.1#10");
  EXPECT_RULE("8829:5.2.1#11");
  EXPECT_THAT(text, Not(HasSubstr("\nk=")));
  EXPECT_RULE("8829:5.2.1#9");
  for (const std::string_view name : {"a=crypto", "a=key-mgmt", "a=ice-lite"})
    EXPECT_THAT(text, Not(HasSubstr(std::string(name))));
  EXPECT_RULE("8829:5.2.1#46");
  for (const Media& media : offer.media) {
    EXPECT_EQ(media.lines[1].type, 'c');
    EXPECT_EQ(media.lines[1].value, "IN IP4 0.0.0.0");
    EXPECT_TRUE(media.port == 9 || has(media.lines, "bundle-only"));
    EXPECT_LE(mid(media).size(), 3U);
  }
  EXPECT_THAT(text, HasSubstr("a=group:BUNDLE 0 1 2 3\r\n"));
  EXPECT_RULE("8829:5.2.1#16");
  EXPECT_RULE("8829:5.2.1#19");
  EXPECT_RULE("8829:5.2.1#23");
  EXPECT_RULE("8829:5.2.1#24");
  EXPECT_RULE("8829:5.2.1#26");
  EXPECT_RULE("8829:5.2.1#27");
  EXPECT_RULE("8829:5.2.1#41");
  EXPECT_RULE("8829:5.2.1#42");
}

TEST(SessionOffer, TransportsHaveTheirOwnCredentialsAndOneCertificate) {
  Peer peer = with_policy(BundlePolicy::kMaxCompat);
  add_two_of_each(peer.session);

  const Description offer = parsed(peer.offer());

  for (const Media& media : offer.media)
    EXPECT_EQ(find(media.lines, "fingerprint")->value,
              find(offer.media[0].lines, "fingerprint")->value);
  EXPECT_RULE("8829:5.2.1#13");
  EXPECT_RULE("8829:5.2.1#15");
}

TEST(SessionOffer, BundleOnlySectionsRepeatNothingOfTheTransport) {
  Peer peer = with_policy(BundlePolicy::kMaxBundle);
  add_two_of_each(peer.session);

  const Description offer = parsed(peer.offer());

  for (const std::string_view name : {"ice-ufrag", "ice-pwd", "fingerprint", "setup", "tls-id"})
    EXPECT_FALSE(has(offer.media[3].lines, name)) << name;
  EXPECT_RULE("8829:5.2.1#25");
}

TEST(SessionOffer, TheMandatoryCodecsAreThere) {
  Peer peer;
  peer.session.add_track(MediaKind::kAudio, {});
  peer.session.add_track(MediaKind::kVideo, {});

  const std::string text = peer.offer();

  for (const std::string_view name :
       {" opus/48000/2\r\n", " PCMU/8000\r\n", " PCMA/8000\r\n", " telephone-event/8000\r\n",
        " VP8/90000\r\n", " H264/90000\r\n"})
    EXPECT_THAT(text, HasSubstr(std::string(name)));
  EXPECT_THAT(text, HasSubstr("packetization-mode=1;profile-level-id=42e01f"));
  EXPECT_RULE("8829:5.2.1#22");
}

}  // namespace
}  // namespace glass::sdp
