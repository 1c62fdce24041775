#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdp/attributes/dtls.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/sctp.h"
#include "sdp/attributes/transport.h"
#include "sdp/description.h"
#include "sdp/jsep/session.h"
#include "sdp/parse.h"
#include "tests/sdp/jsep/peer.h"

namespace glass::sdp {
namespace {

using test::fixture_names;
using test::local_parameters;
using test::parsed;
using test::Peer;
using test::read_fixture;
using test::remote_offer;
using test::session_config;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::string_view kAudio =
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\nc=IN IP4 0.0.0.0\na=mid:a\na=rtcp-mux\n"
    "a=rtpmap:111 opus/48000/2\n";
constexpr std::string_view kVideo =
    "m=video 9 UDP/TLS/RTP/SAVPF 96\nc=IN IP4 0.0.0.0\na=mid:v\na=rtcp-mux\n"
    "a=rtpmap:96 VP8/90000\n";

std::string both() { return std::string(kAudio) + std::string(kVideo); }

// What somebody who wants to send and receive everything answers.
std::string answered(std::string_view offer, SessionConfig config = session_config()) {
  Peer peer(1, std::move(config));
  peer.session.add_track(MediaKind::kAudio, {});
  peer.session.add_track(MediaKind::kVideo, {});
  peer.take(Type::kOffer, offer);
  return peer.answer();
}

std::string complaint_about(std::string_view offer, SessionConfig config = session_config()) {
  Peer peer(1, std::move(config));
  const Done done = peer.session.set_remote_description(Type::kOffer, offer);
  EXPECT_FALSE(done);
  EXPECT_EQ(peer.session.signaling_state(), "stable");
  EXPECT_THAT(peer.session.transceivers(), IsEmpty());
  if (done) return {};
  EXPECT_EQ(done.error().name, ErrorName::kInvalidAccess);
  return to_text(done.error().complaint);
}

// The properties that every answer of ours has.
void expect_valid_answer(const Description& offer, const std::string& text) {
  const Description answer = parsed(text);
  ASSERT_EQ(answer.media.size(), offer.media.size());
  const auto fits = check_answer(offer, answer);
  EXPECT_TRUE(fits) << to_text(fits.error()) << '\n' << text;
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const Media& ours = answer.media[i];
    const Media& theirs = offer.media[i];
    EXPECT_EQ(mid(ours), mid(theirs));
    if (is_rejected(offer, theirs)) {
      EXPECT_EQ(ours.port, 0);
    }
    if (ours.port == 0) continue;
    for (const std::string& format : ours.formats)
      EXPECT_NE(std::ranges::find(theirs.formats, format), theirs.formats.end()) << format;
    const MediaDirection said = direction(answer, ours);
    EXPECT_EQ(intersection(said, reversed(direction(offer, theirs))), said);
    const auto setup = Transport(answer, ours, Side::kAnswer).find("setup");
    ASSERT_TRUE(setup);
    EXPECT_NE(setup->value, "actpass");
    EXPECT_FALSE(has(ours.lines, "bundle-only"));
    EXPECT_FALSE(has(ours.lines, "rtcp-mux-only"));
  }
}

TEST(SessionAnswer, EveryRecordedOfferIsAnsweredValidly) {
  int count = 0;
  int live = 0;
  for (const std::string& name : fixture_names()) {
    if (!name.ends_with(".offer.sdp") || name.contains(".re-")) continue;
    SCOPED_TRACE(name);
    const std::string offer = read_fixture(name);
    Peer peer;
    peer.session.add_track(MediaKind::kAudio, {"s"});
    peer.session.add_track(MediaKind::kVideo, {"s"});
    peer.take(Type::kOffer, offer);
    const std::string text = peer.answer();
    expect_valid_answer(parsed(offer), text);
    ++count;
    for (const Media& media : parsed(text).media) live += media.port != 0 ? 1 : 0;
  }
  EXPECT_GE(count, 100);
  EXPECT_GE(live, 180);
}

TEST(SessionAnswer, EveryRecordedRenegotiationIsAnsweredValidly) {
  int count = 0;
  for (const std::string& name : fixture_names()) {
    const std::size_t re = name.find(".re-");
    if (!name.ends_with(".offer.sdp") || re == std::string::npos) continue;
    SCOPED_TRACE(name);
    Peer peer;
    peer.take(Type::kOffer, read_fixture(name.substr(0, re) + ".offer.sdp"));
    peer.answer();
    if (name.contains("re-recycle")) {  // after the section was given up
      peer.take(Type::kOffer, read_fixture(name.substr(0, re) + ".re-stopvideo.offer.sdp"));
      peer.answer();
    }
    const std::string offer = read_fixture(name);
    peer.take(Type::kOffer, offer);
    expect_valid_answer(parsed(offer), peer.answer());
    ++count;
  }
  EXPECT_GE(count, 30);
}

TEST(SessionAnswer, RepeatsTheOffersNumbersAndOrder) {
  const std::string text = answered(remote_offer(
      "m=video 9 UDP/TLS/RTP/SAVPF 120 35 36 121\nc=IN IP4 0.0.0.0\na=mid:v\na=rtcp-mux\n"
      "a=rtpmap:120 VP9/90000\na=rtcp-fb:* nack\na=rtcp-fb:120 bananas\na=rtpmap:35 rtx/90000\n"
      "a=fmtp:35 apt=120\na=rtpmap:36 rtx/90000\na=fmtp:36 apt=121\na=rtpmap:121 theora/90000\n"));

  EXPECT_THAT(text, HasSubstr("m=video 9 UDP/TLS/RTP/SAVPF 120 35\r\n"));
  EXPECT_THAT(text, HasSubstr("a=rtpmap:120 VP9/90000\r\na=rtcp-fb:120 nack\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("bananas")));
  EXPECT_RULE("3264:6.1#13");
  EXPECT_RULE("8829:5.3.1#11");
  EXPECT_RULE("8829:5.10#6");
  EXPECT_RULE("8829:5.10#8");
  EXPECT_RULE("3264:6#3");
}

TEST(SessionAnswer, SaysWhyEachCodecStaysOrGoes) {
  Peer peer;
  peer.take(Type::kOffer,
            remote_offer("m=audio 9 UDP/TLS/RTP/SAVPF 0 9 13\nc=IN IP4 0.0.0.0\na=rtcp-mux\n"));
  peer.answer();

  const Decisions& decisions = peer.session.decisions();
  ASSERT_GE(decisions.size(), 3U);
  EXPECT_EQ(decisions[0].what, "codec 0 PCMU/8000");
  EXPECT_TRUE(decisions[0].accepted);
  EXPECT_EQ(decisions[1].what, "codec 9 G722/8000");
  EXPECT_FALSE(decisions[1].accepted);
  EXPECT_EQ(decisions[1].why, "we have no such codec");
}

TEST(SessionAnswer, FecAndTonesStayOnlyWithTheirBase) {
  SessionConfig config = session_config();
  config.video = {
      {.encoding = "VP8",    .clock_rate = 90000},
      {.encoding = "red",    .clock_rate = 90000},
      {.encoding = "ulpfec", .clock_rate = 90000},
      {.encoding = "rtx",    .clock_rate = 90000}
  };
  const std::string text = answered(
      remote_offer("m=video 9 UDP/TLS/RTP/SAVPF 96 118 119 120\nc=IN IP4 0.0.0.0\na=rtcp-mux\n"
                   "a=rtpmap:96 VP8/90000\na=rtpmap:118 red/90000\na=rtpmap:119 rtx/90000\n"
                   "a=fmtp:119 apt=118\na=rtpmap:120 ulpfec/90000\n"),
      config);
  const std::string without =
      answered(remote_offer("m=video 9 UDP/TLS/RTP/SAVPF 118 120\nc=IN IP4 0.0.0.0\na=rtcp-mux\n"
                            "a=rtpmap:118 red/90000\na=rtpmap:120 ulpfec/90000\n"),
               config);
  const std::string tones =
      answered(remote_offer("m=audio 9 UDP/TLS/RTP/SAVPF 0 110 63\nc=IN IP4 0.0.0.0\na=rtcp-mux\n"
                            "a=rtpmap:110 telephone-event/48000\na=rtpmap:63 red/48000/2\n"
                            "a=fmtp:63 111/111\n"));

  EXPECT_THAT(text, HasSubstr("SAVPF 96 118 119 120\r\n"));
  EXPECT_THAT(without, HasSubstr("m=video 0 "));
  EXPECT_THAT(tones, HasSubstr("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"));
  EXPECT_RULE("3264:6.1#24");
}

TEST(SessionAnswer, CodecPreferencesOrderAndExclude) {
  Peer peer;
  const TransceiverId id = peer.session.add_track(MediaKind::kVideo, {});
  ASSERT_TRUE(peer.session.set_codec_preferences(id, {"AV1", "VP8"}));
  peer.take(Type::kOffer, read_fixture("chromium/video.offer.sdp"));

  EXPECT_THAT(peer.answer(), HasSubstr("UDP/TLS/RTP/SAVPF 45 96\r\n"));
  EXPECT_RULE("8829:5.3.1#10");
}

TEST(SessionAnswer, DirectionsAreReversedAndNarrowed) {
  const std::vector<MediaDirection> all{MediaDirection::kSendRecv, MediaDirection::kSendOnly,
                                        MediaDirection::kRecvOnly, MediaDirection::kInactive};
  for (const MediaDirection theirs : all) {
    for (const MediaDirection ours : all) {
      Peer peer;
      const TransceiverId id = peer.session.add_track(MediaKind::kAudio, {});
      peer.take(Type::kOffer,
                remote_offer(std::string(kAudio) + "a=" + std::string(to_text(theirs)) + "\n"));
      const TransceiverId used = peer.session.transceivers().back().id;
      EXPECT_EQ(used == id, receives(theirs));  // RFC 8829 §5.10: a track only where it is wanted
      ASSERT_TRUE(peer.session.set_direction(used, ours));

      const Description answer = parsed(peer.answer());

      EXPECT_EQ(direction(answer, answer.media[0]), intersection(reversed(theirs), ours));
      EXPECT_EQ(peer.session.find(used)->current_direction, intersection(reversed(theirs), ours));
    }
  }
  EXPECT_RULE("3264:6.1#3");
  EXPECT_RULE("3264:6.1#4");
  EXPECT_RULE("3264:6.1#5");
  EXPECT_RULE("3264:6.1#6");
}

TEST(SessionAnswer, ExtensionsKeepTheirNumbersAndReverseTheirDirections) {
  const std::string text = answered(
      remote_offer(std::string(kVideo) +
                   "a=extmap:7/sendonly urn:ietf:params:rtp-hdrext:sdes:mid\n"
                   "a=extmap:8/recvonly http://www.webrtc.org/experiments/rtp-hdrext/"
                   "playout-delay\n"
                   "a=extmap:9 urn:nobody\n"
                   "a=extmap:4096 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\n"
                   "a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\n"));

  EXPECT_THAT(text, HasSubstr("a=extmap:7/recvonly urn:ietf:params:rtp-hdrext:sdes:mid\r\n"));
  EXPECT_THAT(text, HasSubstr("a=extmap:8/sendonly http://www.webrtc.org/"));
  EXPECT_THAT(text, HasSubstr("a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"));
  EXPECT_THAT(text, HasSubstr("a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/abs-send"));
  EXPECT_THAT(text, Not(HasSubstr("urn:nobody")));
  EXPECT_RULE("8285:7#7");
  EXPECT_RULE("8285:7#10");
  EXPECT_RULE("8285:7#13");
  EXPECT_RULE("8285:7#18");
  EXPECT_RULE("8829:5.10#9");
}

TEST(SessionAnswer, AnIdentifierWithTwoMeaningsStaysWithTheFirst) {
  const std::string text = answered(remote_offer(
      std::string(kAudio) + "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\n" +
          std::string(kVideo) + "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\n",
      "a v"));

  EXPECT_THAT(text, HasSubstr("a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("sdes:mid")));
  EXPECT_RULE("9143:12#1");
}

TEST(SessionAnswer, APayloadTypeWithTwoMeaningsInAGroupStaysWithTheFirst) {
  std::string video(kVideo);
  video.replace(video.find("SAVPF 96"), 8, "SAVPF 111");
  video.replace(video.find("map:96"), 6, "map:111");

  const std::string text = answered(remote_offer(std::string(kAudio) + video, "a v"));

  EXPECT_THAT(text, HasSubstr("m=video 0 "));
  EXPECT_THAT(text, HasSubstr("a=group:BUNDLE a\r\n"));
  EXPECT_RULE("9143:9.1.1#1");
}

TEST(SessionAnswer, SimulcastIsReceived) {
  Peer peer;
  peer.take(Type::kOffer, read_fixture("chromium/simulcast3.offer.sdp"));

  const std::string text = peer.answer();

  EXPECT_THAT(text, HasSubstr("a=rid:q recv\r\na=rid:h recv\r\na=rid:f recv\r\n"
                              "a=simulcast:recv q;h;f\r\n"));
  EXPECT_THAT(peer.session.transceivers()[0].media.receive_rids, ElementsAre("q", "h", "f"));
  EXPECT_RULE("8851:6.3#4");
  EXPECT_RULE("8853:5.3.2#3");
}

TEST(SessionAnswer, SimulcastThatWeAreToSendIsSent) {
  Peer peer;
  peer.session.add_track(MediaKind::kVideo, {});
  peer.take(Type::kOffer,
            remote_offer(std::string(kVideo) + "a=rid:x recv pt=96;max-width=640\na=rid:y recv\n"
                                               "a=simulcast:recv x;y\n"));

  const std::string text = peer.answer();

  EXPECT_THAT(text, HasSubstr("a=rid:x send pt=96;max-width=640\r\na=rid:y send\r\n"
                              "a=simulcast:send x;y\r\n"));
  EXPECT_THAT(peer.session.transceivers()[0].media.send_rids, ElementsAre("x", "y"));
}

TEST(SessionAnswer, EncodingsThatCannotStayAreLeftOut) {
  const std::string text = answered(remote_offer(
      std::string(kVideo) +
      "a=rid:a send\na=rid:b send\na=rid:b send\na=rid:c send pt=99\na=rid:d send moon=full\n"
      "a=rid:e send depend=nobody\na=rid:f send depend=a\na=simulcast:send a,b;~c;~f;d\n"));

  EXPECT_THAT(text, HasSubstr("a=rid:a recv\r\na=rid:f recv depend=a\r\n"
                              "a=simulcast:recv a;f\r\n"));
  EXPECT_RULE("8851:6.2.2#0");
  EXPECT_RULE("8851:6.2.2#1");
  EXPECT_RULE("8851:6.2.2#2");
  EXPECT_RULE("8851:6.3#5");
  EXPECT_RULE("8853:5.3.2#8");
}

TEST(SessionAnswer, TwoSimulcastLinesAreNone) {
  const std::string text = answered(
      remote_offer(std::string(kVideo) + "a=rid:a send\na=simulcast:send a\na=simulcast:send a\n"));

  EXPECT_THAT(text, Not(HasSubstr("a=simulcast")));
  EXPECT_RULE("8853:5.3.2#2");
}

TEST(SessionAnswer, EncodingsOfADirectionThatIsRefusedAreLeftOut) {
  const std::string text = answered(
      remote_offer(std::string(kVideo) + "a=recvonly\na=rid:a send\na=simulcast:send a\n"));

  EXPECT_THAT(text, Not(HasSubstr("a=rid")));
  EXPECT_THAT(text, Not(HasSubstr("a=simulcast")));
  EXPECT_RULE("8851:6.3#0");
  EXPECT_RULE("8853:5.3.2#7");
}

TEST(SessionAnswer, BundledSectionsShareTheFirstTransport) {
  const std::string text = answered(remote_offer(both(), "a v"));

  const Description answer = parsed(text);
  EXPECT_THAT(text, HasSubstr("a=group:BUNDLE a v\r\n"));
  EXPECT_TRUE(has(answer.media[0].lines, "ice-ufrag"));
  for (const std::string_view name : {"ice-ufrag", "ice-pwd", "fingerprint", "setup"})
    EXPECT_FALSE(has(answer.media[1].lines, name)) << name;
  EXPECT_RULE("9143:7.1.3#5");
}

TEST(SessionAnswer, WithoutAGroupSectionsHaveTransportsOfTheirOwn) {
  const Description answer = parsed(answered(remote_offer(both())));

  EXPECT_THAT(groups(answer), IsEmpty());
  EXPECT_NE(find(answer.media[0].lines, "ice-ufrag")->value,
            find(answer.media[1].lines, "ice-ufrag")->value);
}

TEST(SessionAnswer, BundlePoliciesRefuseWhatStandsAlone) {
  std::string second(kAudio);
  second.replace(second.find("mid:a"), 5, "mid:b");
  const std::string offer = remote_offer(both() + second);
  SessionConfig config = session_config();
  const auto ports = [&](BundlePolicy policy) {
    config.bundle = policy;
    std::string out;
    for (const Media& media : parsed(answered(offer, config)).media)
      out += media.port == 0 ? '0' : '1';
    return out;
  };

  EXPECT_EQ(ports(BundlePolicy::kBalanced), "110");
  EXPECT_EQ(ports(BundlePolicy::kMaxCompat), "111");
  EXPECT_EQ(ports(BundlePolicy::kMaxBundle), "100");
  EXPECT_RULE("8829:5.3.1#5");
}

TEST(SessionAnswer, ABundleOnlySectionFallsWithItsTransport) {
  std::string audio(kAudio);
  audio.replace(audio.find("opus"), 4, "silk");
  std::string video(kVideo);
  video.replace(video.find("video 9"), 7, "video 0");
  const std::string text = answered(remote_offer(audio + video + "a=bundle-only\n", "a v"));

  EXPECT_THAT(text, HasSubstr("m=audio 0 "));
  EXPECT_THAT(text, HasSubstr("m=video 0 "));
  EXPECT_THAT(text, Not(HasSubstr("a=group")));
  EXPECT_RULE("9143:7.3.1#4");
}

TEST(SessionAnswer, TheNextSectionIsTaggedWhenTheFirstIsRefused) {
  std::string audio(kAudio);
  audio.replace(audio.find("opus"), 4, "silk");

  const std::string text = answered(remote_offer(audio + std::string(kVideo), "a v"));

  EXPECT_THAT(text, HasSubstr("a=group:BUNDLE v\r\n"));
  EXPECT_RULE("9143:7.3.1#3");
}

TEST(SessionAnswer, OldProfilesAreAcceptedAndRepeated) {
  std::string audio(kAudio);
  audio.replace(audio.find("UDP/TLS/RTP/SAVPF"), 17, "RTP/AVP");
  const std::string text = answered(remote_offer(audio));
  std::string odd(kAudio);
  odd.replace(odd.find("UDP/TLS/RTP/SAVPF"), 17, "TCP/RTP/AVP");
  const std::string refused = answered(remote_offer(odd));

  EXPECT_THAT(text, HasSubstr("m=audio 9 RTP/AVP 111\r\n"));
  EXPECT_THAT(refused, HasSubstr("m=audio 0 TCP/RTP/AVP 111\r\n"));
  EXPECT_RULE("8829:5.1.2#4");
}

TEST(SessionAnswer, TheRoleFollowsTheOffer) {
  const auto setup_for = [](std::string_view theirs) {
    std::string offer = remote_offer(kAudio);
    offer.replace(offer.find("actpass"), 7, theirs);
    return std::string(find(parsed(answered(offer)).media[0].lines, "setup")->value);
  };

  EXPECT_EQ(setup_for("actpass"), "active");
  EXPECT_EQ(setup_for("active"), "passive");
  EXPECT_EQ(setup_for("passive"), "active");
}

TEST(SessionAnswer, MuxOnlyIsAnsweredByMux) {
  const std::string text = answered(remote_offer(std::string(kAudio) + "a=rtcp-mux-only\n"));

  EXPECT_THAT(text, HasSubstr("a=rtcp-mux\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("rtcp-mux-only")));
  EXPECT_RULE("8858:4.3#3");
}

TEST(SessionAnswer, WithoutMuxOnlyThePolicyNegotiateGoesOn) {
  std::string audio(kAudio);
  audio.erase(audio.find("a=rtcp-mux\n"), 11);
  SessionConfig config = session_config();
  config.rtcp_mux = RtcpMuxPolicy::kNegotiate;

  EXPECT_THAT(complaint_about(remote_offer(audio)), HasSubstr("not multiplexed"));
  EXPECT_RULE("8829:5.8.3#9");
  const std::string text = answered(remote_offer(audio), config);
  EXPECT_THAT(text, HasSubstr("a=rtcp:9 IN IP4 0.0.0.0\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("a=rtcp-mux")));
}

TEST(SessionAnswer, KeysInTheClearAreRefused) {
  EXPECT_EQ(
      complaint_about(remote_offer(std::string(kAudio) +
                                   "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
                                   "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32\n")),
      "line 14, column 3: keys for SRTP in the clear are forbidden");
  EXPECT_RULE("8829:5.1.1#7");
}

TEST(SessionAnswer, WhatIceAndDtlsNeedMustBeThere) {
  const std::string good = remote_offer(kAudio);
  const auto without = [&good](std::string_view start) {
    const std::size_t at = good.find(start);
    return good.substr(0, at) + good.substr(good.find('\n', at) + 1);
  };

  EXPECT_THAT(complaint_about(without("a=ice-ufrag")), HasSubstr("a=ice-ufrag"));
  EXPECT_THAT(complaint_about(without("a=ice-pwd")), HasSubstr("a=ice-pwd"));
  EXPECT_THAT(complaint_about(without("a=fingerprint")), HasSubstr("fingerprint"));
  EXPECT_THAT(complaint_about(without("a=setup")), HasSubstr("a=setup"));
  EXPECT_RULE("8839:5.4#1");
  EXPECT_RULE("8829:5.8.3#7");
  EXPECT_RULE("8829:5.8.3#6");
}

TEST(SessionAnswer, EverySectionHasWhatJsepAsksFor) {
  const std::string offered = remote_offer(both(), "a v");
  const Description answer = parsed(answered(offered));

  for (const Media& media : answer.media) {
    EXPECT_EQ(media.protocol, "UDP/TLS/RTP/SAVPF");
    EXPECT_EQ(media.port, 9);
    EXPECT_EQ(media.lines[1].value, "IN IP4 0.0.0.0");
    EXPECT_FALSE(has(media.lines, "bundle-only"));
  }
  EXPECT_EQ(mid(answer.media[0]), "a");
  EXPECT_EQ(mid(answer.media[1]), "v");
  EXPECT_NE(answer.origin.session_id, parsed(offered).origin.session_id);
  EXPECT_RULE("8829:5.3#1");
  EXPECT_RULE("8829:5.3.1#6");
  EXPECT_RULE("8829:5.3.1#7");
  EXPECT_RULE("8829:5.3.1#8");
  EXPECT_RULE("8829:5.3.1#9");
  EXPECT_RULE("8829:5.3.1#13");
  EXPECT_RULE("8829:5.3.1#14");
  EXPECT_RULE("8829:5.3.1#15");
  EXPECT_RULE("8829:5.3.1#16");
  EXPECT_RULE("8829:5.3.1#17");
  EXPECT_RULE("8829:5.3.1#18");
  EXPECT_RULE("8829:5.3.1#23");
  EXPECT_RULE("8829:5.3.1#24");
  EXPECT_RULE("8829:5.3.1#30");
  EXPECT_RULE("8829:5.3.1#32");
  EXPECT_RULE("8829:5.1.2#5");
  EXPECT_RULE("3264:6.1#2");
  EXPECT_RULE("3264:6#1");
  EXPECT_RULE("3264:6#2");
  EXPECT_RULE("3264:6#5");
}

TEST(SessionAnswer, DataAndMediaTogether) {
  const std::string text = answered(read_fixture("chromium/av-data.offer.sdp"));

  EXPECT_THAT(text, HasSubstr("a=group:BUNDLE 0 1 2\r\n"));
  EXPECT_THAT(text, HasSubstr("a=sctp-port:5000\r\na=max-message-size:262144\r\n"));
  EXPECT_RULE("8829:5.3.1#27");
  EXPECT_RULE("8829:5.3.1#29");
}

TEST(SessionAnswer, SectionsInStepStayInStepWhereOurStreamsAllowIt) {
  std::string offer = remote_offer(both(), "a v");
  offer.insert(offer.find("a=ice-ufrag"), "a=group:LS a v\r\n");
  const auto answer_with = [&offer](std::string_view audio, std::string_view video) {
    Peer peer;
    peer.session.add_track(MediaKind::kAudio, {std::string(audio)});
    peer.session.add_track(MediaKind::kVideo, {std::string(video)});
    peer.take(Type::kOffer, offer);
    return peer.answer();
  };

  EXPECT_THAT(answer_with("s", "s"), HasSubstr("a=group:LS a v\r\n"));
  EXPECT_THAT(answer_with("s", "t"), Not(HasSubstr("a=group:LS")));
  EXPECT_RULE("8829:5.3.1#3");
  EXPECT_RULE("8829:5.3.1#4");
  Peer receiver;
  receiver.take(Type::kOffer, offer);
  EXPECT_THAT(receiver.answer(), HasSubstr("a=group:LS a v\r\n"));
}

TEST(SessionAnswer, SectionsOfOtherKindsAndWithoutNamesAreDealtWith) {
  Peer peer;
  peer.take(Type::kOffer, remote_offer("m=image 9 UDP/TLS/RTP/SAVPF 96\nc=IN IP4 0.0.0.0\n"
                                       "m=audio 9 UDP/TLS/RTP/SAVPF 0\nc=IN IP4 0.0.0.0\n"
                                       "a=rtcp-mux\n"));

  const std::string text = peer.answer();

  EXPECT_THAT(text, HasSubstr("m=image 0 "));
  EXPECT_THAT(text, HasSubstr("m=audio 9 "));
  EXPECT_THAT(text, Not(HasSubstr("a=mid")));
  EXPECT_EQ(peer.session.transceivers().back().mid, "#1");
}

TEST(SessionAnswer, WhatThePeerSaysAboutItsMediaIsKept) {
  Peer peer;
  peer.session.add_track(MediaKind::kVideo, {});
  std::string video(kVideo);
  video.insert(video.find("a=mid"), "b=AS:500\n");
  peer.take(Type::kOffer,
            remote_offer(video + "a=msid:stream track\na=ssrc-group:FID 5 6\na=ssrc:5 cname:c\n"
                                 "a=ssrc:6 cname:c\na=ptime:40\n"));
  peer.answer();

  const NegotiatedMedia& media = peer.session.transceivers()[0].media;
  EXPECT_THAT(media.remote_streams, ElementsAre("stream"));
  EXPECT_THAT(media.remote_sources,
              ElementsAre(RemoteSource{.ssrc = 5, .rtx_ssrc = 6, .cname = "c"}));
  EXPECT_EQ(media.send_bitrate_max, 459000U);  // RFC 8829 §5.10: 500 * 950 - 16000
  EXPECT_EQ(media.ptime, 40U);
  ASSERT_THAT(media.send, SizeIs(1));
  EXPECT_EQ(media.send[0].payload_type, 96);
}

}  // namespace
}  // namespace glass::sdp
