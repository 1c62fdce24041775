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

using test::connect;
using test::parsed;
using test::Peer;
using test::remote_offer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what << '\n' << text;
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

// Two peers that send each other sound.
struct Call {
  Call() {
    audio = a.session.add_track(MediaKind::kAudio, {"s"});
    b.session.add_track(MediaKind::kAudio, {"t"});
    connect(a, b);
  }
  // Why `a` refuses the answer when it is changed like this.
  SessionError refused(std::string_view what, std::string_view by) {
    b.take(Type::kOffer, a.offer());
    const Done done =
        a.session.set_remote_description(Type::kAnswer, replaced(b.answer(), what, by));
    EXPECT_FALSE(done);
    EXPECT_EQ(a.session.signaling_state(), "have-local-offer");
    return done ? SessionError{} : done.error();
  }
  Peer a{1};
  Peer b{2};
  TransceiverId audio{};
};

TEST(SessionRenegotiation, AgreesOnWhatBothHave) {
  Call call;

  const Transceiver& ours = call.a.session.transceivers()[0];
  EXPECT_EQ(ours.current_direction, MediaDirection::kSendRecv);
  EXPECT_EQ(ours.mid, "0");
  EXPECT_EQ(ours.media.send.front().payload_type, 111);
  EXPECT_TRUE(ours.media.rtcp_mux);
  EXPECT_TRUE(ours.media.rtcp_rsize);
  EXPECT_THAT(ours.media.extensions, SizeIs(4));
  EXPECT_THAT(ours.media.remote_streams, ElementsAre("t"));
  ASSERT_THAT(ours.media.remote_sources, SizeIs(1));
  EXPECT_EQ(ours.media.remote_sources[0].ssrc, call.b.session.transceivers()[0].ssrc);
  EXPECT_EQ(call.b.session.transports()[0].setup, Setup::kActive);
  EXPECT_EQ(call.a.session.transports()[0].setup, Setup::kPassive);
}

TEST(SessionRenegotiation, ALaterOfferKeepsSectionsNamesAndCredentials) {
  Call call;
  const Description first = call.a.session.current_local().description;
  call.a.session.add_track(MediaKind::kVideo, {"s"});

  const std::string text = call.a.offer();

  const Description second = parsed(text);
  ASSERT_THAT(second.media, SizeIs(2));
  EXPECT_EQ(mid(second.media[0]), "0");
  EXPECT_EQ(find(second.media[0].lines, "ice-ufrag")->value,
            find(first.media[0].lines, "ice-ufrag")->value);
  EXPECT_EQ(find(second.media[0].lines, "msid")->value, find(first.media[0].lines, "msid")->value);
  EXPECT_FALSE(has(second.media[0].lines, "rtcp-mux-only"));
  EXPECT_TRUE(has(second.media[0].lines, "rtcp-mux"));
  EXPECT_THAT(text, HasSubstr("a=group:BUNDLE 0 1\r\na=group:LS 0 1\r\n"));
  EXPECT_RULE("8829:5.2.2#11");
  EXPECT_RULE("8829:5.2.2#28");
  EXPECT_RULE("8829:5.2.2#29");
  EXPECT_RULE("8829:5.2.2#34");
  EXPECT_RULE("3264:8#9");
  EXPECT_RULE("3264:8.1#1");
  EXPECT_EQ(find(second.media[0].lines, "setup")->value, "actpass");
  EXPECT_FALSE(has(second.media[0].lines, "rtcp"));
  for (const std::string_view line : {"s=-", "t=0 0"}) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\r\n"));
  }
  EXPECT_EQ(codecs_of(second.media[0]), codecs_of(first.media[0]));
  EXPECT_RULE("3264:8#10");
  EXPECT_RULE("8829:5.2.2#3");
  EXPECT_RULE("8829:5.2.2#7");
  EXPECT_RULE("8829:5.2.2#12");
  EXPECT_RULE("8829:5.2.2#21");
  EXPECT_RULE("8829:5.2.2#24");
  EXPECT_RULE("8829:5.2.2#27");
  EXPECT_RULE("8829:5.2.2#33");
}

TEST(SessionRenegotiation, BundledSectionsHaveNoTransportInLaterOffers) {
  Call call;
  call.a.session.add_track(MediaKind::kVideo, {});
  connect(call.a, call.b);

  const Description offer = parsed(call.a.offer());

  EXPECT_TRUE(has(offer.media[0].lines, "ice-ufrag"));
  EXPECT_FALSE(has(offer.media[1].lines, "ice-ufrag"));
  EXPECT_FALSE(has(offer.media[1].lines, "bundle-only"));
  EXPECT_NE(offer.media[1].port, 0);
  EXPECT_EQ(call.a.session.transport_of("0"), call.a.session.transport_of("1"));
  EXPECT_RULE("8829:5.2.2#13");
  EXPECT_RULE("8829:5.2.2#18");
  EXPECT_RULE("8829:5.2.2#31");
  EXPECT_RULE("8829:5.2.2#32");
  EXPECT_RULE("8829:5.2.1#35");
  EXPECT_TRUE(
      call.b.session.set_remote_description(Type::kOffer, call.a.session.pending_local().text));
}

TEST(SessionRenegotiation, CodecsFollowTheLastAnswer) {
  Peer a{1};
  Peer b{2};
  a.session.add_track(MediaKind::kVideo, {});
  const TransceiverId id = b.session.add_track(MediaKind::kVideo, {});
  ASSERT_TRUE(b.session.set_codec_preferences(id, {"AV1", "VP9", "rtx"}));
  connect(a, b);

  const auto codecs = codecs_of(parsed(a.offer()).media[0]);

  EXPECT_EQ(codecs[0].encoding, "AV1");
  EXPECT_EQ(codecs[0].payload_type, 45);
  EXPECT_EQ(codecs[1].encoding, "VP9");
  EXPECT_EQ(codecs[2].encoding, "VP8");
  EXPECT_THAT(codecs, SizeIs(12));
  EXPECT_RULE("8829:5.2.2#23");
}

TEST(SessionRenegotiation, ExtensionsAndFeedbackAreOnlyThoseThatWereAnswered) {
  Peer a{1};
  a.session.add_track(MediaKind::kVideo, {});
  a.offer();
  a.take(Type::kAnswer,
         remote_offer("m=video 9 UDP/TLS/RTP/SAVPF 96\nc=IN IP4 0.0.0.0\na=mid:0\na=rtcp-mux\n"
                      "a=rtpmap:96 VP8/90000\na=rtcp-fb:96 nack\n"
                      "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\n")
             .replace(remote_offer("").find("actpass"), 7, "active"));

  const std::string text = a.offer();

  EXPECT_THAT(text, HasSubstr("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("abs-send-time")));
  EXPECT_THAT(text, HasSubstr("a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtpmap:97"));
  EXPECT_THAT(text, HasSubstr("a=rtcp-fb:98 nack pli\r\n"));  // new: not answered yet
  EXPECT_THAT(text, Not(HasSubstr("a=rtcp-rsize")));
  EXPECT_RULE("8829:5.2.2#25");
  EXPECT_RULE("8829:5.2.2#26");
  EXPECT_RULE("8829:5.2.2#30");
}

TEST(SessionRenegotiation, AStoppedTransceiverIsRejectedAndItsPlaceUsedAgain) {
  Call call;
  call.a.session.create_data_channel();
  connect(call.a, call.b);
  ASSERT_TRUE(call.a.session.stop(call.audio));
  EXPECT_FALSE(call.a.session.set_direction(call.audio, MediaDirection::kSendRecv));

  const std::string stopped = call.a.offer();
  call.b.take(Type::kOffer, stopped);
  call.a.take(Type::kAnswer, call.b.answer());

  EXPECT_THAT(stopped, HasSubstr("m=audio 0 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n"
                                 "a=mid:0\r\na=inactive\r\nm=application"));
  EXPECT_THAT(stopped, HasSubstr("a=group:BUNDLE 1\r\n"));
  EXPECT_TRUE(call.b.session.transceivers()[0].is_stopped);
  EXPECT_RULE("8829:5.2.2#6");
  EXPECT_RULE("8829:5.11#1");
  EXPECT_RULE("3264:8.2#2");

  const TransceiverId video = call.a.session.add_track(MediaKind::kVideo, {});
  const std::string recycled = call.a.offer();
  call.b.take(Type::kOffer, recycled);
  call.a.take(Type::kAnswer, call.b.answer());

  const Description offer = parsed(recycled);
  ASSERT_THAT(offer.media, SizeIs(2));
  EXPECT_EQ(offer.media[0].kind, "video");
  EXPECT_EQ(mid(offer.media[0]), "2");
  EXPECT_EQ(call.a.session.find(video)->index, 0U);
  EXPECT_EQ(call.a.session.find(call.audio)->mid, "");
  EXPECT_EQ(call.b.session.transceivers()[1].mid, "2");
  EXPECT_RULE("8829:5.2.2#4");
  EXPECT_RULE("8829:5.10#0");
  call.a.offer();
  EXPECT_RULE("8829:5.2.2#5");
}

TEST(SessionRenegotiation, ATaggedSectionWaitsForOurOfferToBeRejected) {
  Call call;
  call.a.session.create_data_channel();
  connect(call.a, call.b);
  ASSERT_TRUE(call.b.session.stop(call.b.session.transceivers()[0].id));

  const Description answer = parsed(connect(call.a, call.b));

  EXPECT_NE(answer.media[0].port, 0);
  EXPECT_EQ(direction(answer, answer.media[0]), MediaDirection::kInactive);
  EXPECT_TRUE(call.b.session.is_negotiation_needed());
  const Description after = parsed(connect(call.b, call.a));
  EXPECT_EQ(after.media[0].port, 0);
  EXPECT_NE(after.media[1].port, 0);
}

TEST(SessionRenegotiation, DirectionsChangeBothWays) {
  Call call;
  const auto now = [&call] {
    return std::pair{*call.a.session.transceivers()[0].current_direction,
                     *call.b.session.transceivers()[0].current_direction};
  };
  for (const MediaDirection ours : {MediaDirection::kSendOnly, MediaDirection::kInactive,
                                    MediaDirection::kRecvOnly, MediaDirection::kSendRecv}) {
    ASSERT_TRUE(call.a.session.set_direction(call.audio, ours));
    connect(call.a, call.b);
    EXPECT_EQ(now(), std::pair(ours, reversed(ours)));
  }
  ASSERT_TRUE(call.a.session.remove_track(call.audio));
  connect(call.a, call.b);
  EXPECT_EQ(now(), std::pair(MediaDirection::kRecvOnly, MediaDirection::kSendOnly));
  EXPECT_EQ(call.a.session.add_track(MediaKind::kAudio, {}), call.audio);  // used again
}

TEST(SessionRenegotiation, IceRestartsOnDemand) {
  Call call;
  const LocalTransport a = call.a.session.transports()[0];
  const LocalTransport b = call.b.session.transports()[0];

  connect(call.a, call.b, {.ice_restart = true});

  EXPECT_NE(call.a.session.transports()[0].ufrag, a.ufrag);
  EXPECT_NE(call.a.session.transports()[0].pwd, a.pwd);
  EXPECT_NE(call.b.session.transports()[0].ufrag, b.ufrag);
  EXPECT_EQ(call.a.session.transports()[0].generation, 1U);
  EXPECT_EQ(call.a.session.transports()[0].tls_id, a.tls_id);
  EXPECT_EQ(call.b.session.transports()[0].setup, Setup::kActive);
  EXPECT_RULE("8829:5.2.3.1#1");
  EXPECT_RULE("8829:5.10#5");
  EXPECT_RULE("8829:5.3.2#6");
  EXPECT_RULE("8829:5.3.2#9");
}

TEST(SessionRenegotiation, DataThatIsRefusedIsGivenUpAndItsPlaceUsedAgain) {
  Peer a{1};
  a.session.add_track(MediaKind::kAudio, {});
  a.session.create_data_channel();
  a.offer();
  a.take(Type::kAnswer,
         replaced(remote_offer("m=audio 9 UDP/TLS/RTP/SAVPF 111\nc=IN IP4 0.0.0.0\na=mid:0\n"
                               "a=rtcp-mux\na=rtpmap:111 opus/48000/2\n"
                               "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\n"
                               "c=IN IP4 0.0.0.0\na=mid:1\n"),
                  "actpass", "active"));
  EXPECT_FALSE(a.session.is_negotiation_needed());
  a.session.create_data_channel();
  EXPECT_TRUE(a.session.is_negotiation_needed());

  a.offer();
  const Description offer = parsed(a.offer());  // while the first is out

  ASSERT_THAT(offer.media, SizeIs(2));
  EXPECT_NE(offer.media[1].port, 0);
  EXPECT_EQ(mid(offer.media[1]), "2");
}

TEST(SessionRenegotiation, ARestartThatIsRolledBackChangesNothing) {
  Call call;
  const std::string ufrag = call.a.session.transports()[0].ufrag;
  call.a.offer({.ice_restart = true});
  EXPECT_NE(call.a.session.transports()[0].ufrag, ufrag);

  Peer::expect_done(call.a.session.set_local_description(Type::kRollback, ""));

  EXPECT_EQ(call.a.session.transports()[0].ufrag, ufrag);
  EXPECT_THAT(call.a.offer(), HasSubstr("a=ice-ufrag:" + ufrag + "\r\n"));
}

TEST(SessionRenegotiation, AnAnswerRestartsIfAndOnlyIfTheOfferDoes) {
  Call call;
  const std::string ufrag = call.b.session.transports()[0].ufrag;
  EXPECT_EQ(call.refused(ufrag, "Another").complaint.rule, "8829:5.10#0"_rule);
  Call other;
  other.b.take(Type::kOffer, other.a.offer({.ice_restart = true}));
  const std::string old = other.b.session.transports()[0].ufrag;
  const std::string answer = other.b.answer();
  const Done done = other.a.session.set_remote_description(
      Type::kAnswer, replaced(answer, other.b.session.transports()[0].ufrag, old));

  ASSERT_FALSE(done);
  EXPECT_THAT(to_text(done.error().complaint), HasSubstr("old credentials"));
  EXPECT_RULE("8829:5.10#0");
}

TEST(SessionRenegotiation, AnswersThatDoNotAnswerAreRefused) {
  EXPECT_EQ(Call().refused("a=extmap:1 ", "a=extmap:9 ").complaint.rule, "8285:7#16"_rule);
  EXPECT_EQ(Call().refused("a=rtcp-fb:111 transport-cc", "a=rtcp-fb:111 nack").complaint.rule,
            "8829:5.11#4"_rule);
  EXPECT_EQ(Call().refused("a=setup:active", "a=setup:actpass").complaint.rule, "4145:4.1#0"_rule);
  EXPECT_RULE("8285:7#16");
  EXPECT_RULE("8829:5.11#4");
}

TEST(SessionRenegotiation, AnAnswerWithoutACodecInCommonIsRefused) {
  Peer a{1};
  a.session.add_track(MediaKind::kAudio, {});
  a.offer();

  const Done done = a.session.set_remote_description(
      Type::kAnswer,
      replaced(remote_offer("m=audio 9 UDP/TLS/RTP/SAVPF 99\nc=IN IP4 0.0.0.0\na=mid:0\n"
                            "a=rtcp-mux\na=rtpmap:99 silk/16000\n"),
               "actpass", "active"));

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().name, ErrorName::kInvalidAccess);
  EXPECT_RULE("3264:6.1#10");
}

TEST(SessionRenegotiation, AnAnswerThatClaimsMoreThanWasOfferedIsRefused) {
  const std::vector<MediaDirection> all{MediaDirection::kSendRecv, MediaDirection::kSendOnly,
                                        MediaDirection::kRecvOnly, MediaDirection::kInactive};
  for (const MediaDirection offered : all) {
    for (const MediaDirection said : all) {
      Peer a{1};
      ASSERT_TRUE(a.session.add_transceiver(MediaKind::kAudio, {.direction = offered}));
      a.offer();
      const bool is_legal = intersection(said, reversed(offered)) == said;

      const Done done = a.session.set_remote_description(
          Type::kAnswer,
          replaced(remote_offer("m=audio 9 UDP/TLS/RTP/SAVPF 111\nc=IN IP4 0.0.0.0\na=mid:0\n"
                                "a=rtcp-mux\na=rtpmap:111 opus/48000/2\na=" +
                                std::string(to_text(said)) + "\n"),
                   "actpass", "active"));

      EXPECT_EQ(done.has_value(), is_legal) << to_text(offered) << ' ' << to_text(said);
    }
  }
}

TEST(SessionRenegotiation, AnOfferWithFewerSectionsIsRefused) {
  Call call;
  const std::string empty = "v=0\r\no=- 7 3 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";

  const Done done = call.a.session.set_remote_description(Type::kOffer, empty);

  ASSERT_FALSE(done);
  EXPECT_EQ(call.a.session.signaling_state(), "stable");
  EXPECT_RULE("3264:8#9");
}

TEST(SessionRenegotiation, AnOfferThatRenamesASectionIsRefused) {
  Call call;
  std::string text = *call.b.session.create_offer();
  for (std::size_t at = text.find("BUNDLE 0"); at != std::string::npos;) {
    text.replace(at, 8, "BUNDLE x");
    break;
  }

  const Done done =
      call.a.session.set_remote_description(Type::kOffer, replaced(text, "a=mid:0", "a=mid:x"));

  ASSERT_FALSE(done);
  EXPECT_THAT(to_text(done.error().complaint), HasSubstr("was \"0\" before"));
}

TEST(SessionRenegotiation, AnswersKeepNamesRolesAndCredentials) {
  Call call;
  ASSERT_TRUE(call.b.session.add_local_candidate("0", "1 1 udp 9 192.0.2.9 7000 typ host"));
  ASSERT_TRUE(call.b.session.end_local_candidates("0"));
  call.a.session.add_track(MediaKind::kVideo, {});
  call.b.session.add_track(MediaKind::kVideo, {});
  const Description first = call.b.session.current_local().description;

  const std::string text = connect(call.a, call.b);

  const Description second = parsed(text);
  EXPECT_EQ(second.origin.session_id, first.origin.session_id);
  EXPECT_EQ(second.origin.session_version, first.origin.session_version + 1);
  EXPECT_RULE("8829:5.3.2#2");
  EXPECT_THAT(text, HasSubstr("m=audio 7000 UDP/TLS/RTP/SAVPF"));
  EXPECT_RULE("8829:5.3.2#4");
  EXPECT_THAT(text, HasSubstr("a=candidate:1 1 udp 9 192.0.2.9 7000 typ host\r\n"
                              "a=end-of-candidates\r\n"));
  EXPECT_RULE("8829:5.3.2#13");
  EXPECT_RULE("8829:5.3.2#14");
  EXPECT_EQ(find(second.media[0].lines, "msid")->value, find(first.media[0].lines, "msid")->value);
  EXPECT_RULE("8829:5.3.2#16");
  EXPECT_TRUE(has(second.media[0].lines, "rtcp-mux"));
  EXPECT_RULE("8829:5.3.2#10");
  for (const std::string_view name : {"ice-ufrag", "candidate", "end-of-candidates"})
    EXPECT_FALSE(has(second.media[1].lines, name)) << name;
  EXPECT_RULE("8829:5.3.2#7");
  EXPECT_RULE("8829:5.3.2#15");
}

TEST(SessionRenegotiation, ANewTlsIdComesWithNewCredentialsAndIsAnsweredByANewOne) {
  Call call;
  const std::string ours = call.a.session.transports()[0].tls_id;
  const std::string theirs = call.b.session.transports()[0].tls_id;
  std::string text = *call.b.session.create_offer();
  const std::string renewed = replaced(text, "tls-id:" + theirs, "tls-id:" + std::string(32, 'a'));

  EXPECT_FALSE(call.a.session.set_remote_description(Type::kOffer, renewed));
  EXPECT_RULE("8829:5.8.3#5");
  EXPECT_RULE("8829:5.8.3#14");
  text = *call.b.session.create_offer({.ice_restart = true});
  call.a.take(Type::kOffer, replaced(text, "tls-id:" + theirs, "tls-id:" + std::string(32, 'a')));
  call.a.answer();

  EXPECT_NE(call.a.session.transports()[0].tls_id, ours);
  EXPECT_RULE("8829:5.3.2#8");
}

TEST(SessionRenegotiation, MultiplexingDoesNotChange) {
  SessionConfig config = test::session_config();
  config.rtcp_mux = RtcpMuxPolicy::kNegotiate;
  Peer a{1, config};
  Peer b{2, config};
  a.session.add_track(MediaKind::kAudio, {});
  connect(a, b);

  const Done done = a.session.set_remote_description(
      Type::kOffer, replaced(*b.session.create_offer(), "a=rtcp-mux\r\n", ""));

  ASSERT_FALSE(done);
  EXPECT_RULE("8829:5.8.3#11");
}

TEST(SessionRenegotiation, SimulcastThatIsNotAnsweredIsOneStream) {
  Peer a{1};
  ASSERT_TRUE(a.session.add_transceiver(MediaKind::kVideo, {
                                                               .rids = {"h", "l"}
  }));
  a.offer();
  a.take(Type::kAnswer,
         replaced(remote_offer("m=video 9 UDP/TLS/RTP/SAVPF 96\nc=IN IP4 0.0.0.0\na=mid:0\n"
                               "a=rtcp-mux\na=rtpmap:96 VP8/90000\na=recvonly\n"),
                  "actpass", "active"));

  EXPECT_THAT(a.session.transceivers()[0].media.send_rids, ElementsAre("h"));
  EXPECT_RULE("8853:5.3.3#1");
}

TEST(SessionRenegotiation, SimulcastGoesBothWays) {
  Peer a{1};
  Peer b{2};
  ASSERT_TRUE(a.session.add_transceiver(MediaKind::kVideo, {
                                                               .rids = {"h", "l"}
  }));
  connect(a, b);

  EXPECT_THAT(a.session.transceivers()[0].media.send_rids, ElementsAre("h", "l"));
  EXPECT_THAT(b.session.transceivers()[0].media.receive_rids, ElementsAre("h", "l"));
  EXPECT_THAT(a.offer(), HasSubstr("a=rid:h send\r\na=rid:l send\r\na=simulcast:send h;l\r\n"));
  EXPECT_RULE("8829:5.2.2#19");
  EXPECT_RULE("8829:5.2.2#20");
}

TEST(SessionRenegotiation, NumbersOfThePeerAreNotGivenToOthers) {
  Peer a{1};
  // 96 is VP9 here, and 1 is the mid extension.
  a.take(Type::kOffer, remote_offer("m=video 9 UDP/TLS/RTP/SAVPF 96\nc=IN IP4 0.0.0.0\na=mid:0\n"
                                    "a=rtcp-mux\na=rtpmap:96 VP9/90000\n"
                                    "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\n"));
  a.answer();
  a.session.add_track(MediaKind::kAudio, {});

  const Description offer = parsed(a.offer());

  const auto codecs = codecs_of(offer.media[0]);
  EXPECT_EQ(codecs[0].payload_type, 96);
  EXPECT_EQ(codecs[0].encoding, "VP9");
  for (const Codec& codec : codecs) {
    if (codec.encoding == "VP8") {
      EXPECT_NE(codec.payload_type, 96);
    }
  }
  for (const Extension& extension : extensions_of(offer, offer.media[1])) {
    if (extension.uri == "urn:ietf:params:rtp-hdrext:sdes:mid") {
      EXPECT_EQ(extension.id, 1);
    } else {
      EXPECT_NE(extension.id, 1);
    }
  }
}

TEST(SessionRenegotiation, FiftyTimesTracksComeAndGo) {
  Call call;
  for (int round = 0; round < 50; ++round) {
    Peer& offerer = round % 2 == 0 ? call.a : call.b;
    Peer& answerer = round % 2 == 0 ? call.b : call.a;
    const TransceiverId id = offerer.session.add_track(MediaKind::kVideo, {"s"});
    connect(offerer, answerer);
    EXPECT_EQ(offerer.session.find(id)->current_direction, MediaDirection::kSendOnly);
    if (round % 3 == 0) {
      ASSERT_TRUE(offerer.session.stop(id));
    } else {
      ASSERT_TRUE(offerer.session.remove_track(id));
    }
    connect(offerer, answerer);
    EXPECT_FALSE(offerer.session.is_negotiation_needed()) << round;
  }
  EXPECT_LT(call.a.session.current_local().description.media.size(), 8U);
}

}  // namespace
}  // namespace glass::sdp
