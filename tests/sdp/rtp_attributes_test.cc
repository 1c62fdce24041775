#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdp/attributes/media.h"
#include "sdp/attributes/rid.h"
#include "sdp/attributes/rtp.h"
#include "sdp/description.h"
#include "sdp/line.h"
#include "tests/sdp/fixtures.h"

namespace glass::sdp {
namespace {

using test::parsed_fixture;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

// An attribute line that lives as long as the test.
struct Held {
  explicit Held(std::string value) : line{.number = 1, .type = 'a', .value = std::move(value)} {}
  [[nodiscard]] Attribute attribute() const { return *as_attribute(line); }
  Line line;
};

TEST(RtpAttributes, Rtpmap) {
  const Held held("rtpmap:111 opus/48000/2");

  const auto map = parse_rtpmap(held.attribute());

  ASSERT_TRUE(map);
  EXPECT_EQ(map->payload_type, 111);
  EXPECT_EQ(map->encoding, "opus");
  EXPECT_EQ(map->clock_rate, 48000U);
  EXPECT_EQ(map->channels, 2);
}

TEST(RtpAttributes, FmtpKeepsItsParametersAsTheyAre) {
  const Held held("fmtp:96 a=1; b=2 3");

  const auto fmtp = parse_fmtp(held.attribute());

  ASSERT_TRUE(fmtp);
  EXPECT_EQ(fmtp->format, "96");
  EXPECT_EQ(fmtp->parameters, "a=1; b=2 3");
}

TEST(RtpAttributes, Feedback) {
  const Held held("rtcp-fb:* ccm fir");

  const auto feedback = parse_feedback(held.attribute());

  ASSERT_TRUE(feedback);
  EXPECT_EQ(feedback->format, "*");
  EXPECT_EQ(feedback->text, "ccm fir");
}

TEST(RtpAttributes, ExtmapWithDirectionAndAttributes) {
  const Held held("extmap:6/recvonly http://example.org/082005/ext.htm#x short");

  const auto map = parse_extmap(held.attribute());

  ASSERT_TRUE(map);
  EXPECT_EQ(map->id, 6);
  EXPECT_EQ(map->direction, MediaDirection::kRecvOnly);
  EXPECT_EQ(map->uri, "http://example.org/082005/ext.htm#x");
  EXPECT_EQ(map->attributes, "short");
}

TEST(RtpAttributes, SourcesAndTheirGroups) {
  const Held source("ssrc:3227036811 cname:4RADA2epNJsjKUb4");
  const Held group("ssrc-group:FID 1563043237 4094584130");

  const auto note = parse_source(source.attribute());
  const auto pair = parse_source_group(group.attribute());

  ASSERT_TRUE(note);
  EXPECT_EQ(note->ssrc, 3227036811U);
  EXPECT_EQ(note->name, "cname");
  EXPECT_EQ(note->value, "4RADA2epNJsjKUb4");
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->semantics, "FID");
  EXPECT_THAT(pair->sources, ElementsAre(1563043237U, 4094584130U));
}

TEST(RtpAttributes, PacketTimesAndPorts) {
  EXPECT_EQ(parse_packet_time(Held("ptime:20").attribute()), 20U);
  EXPECT_EQ(parse_packet_time(Held("maxptime:2.5").attribute()), 2U);
  EXPECT_EQ(parse_rtcp_port(Held("rtcp:53020 IN IP6 2001:db8::1").attribute()), 53020);
}

TEST(RtpAttributes, Bandwidths) {
  const std::vector<Line> lines{
      {.type = 'm', .value = "TIAS:1"     },
      {.type = 'b', .value = "AS:512"     },
      {.type = 'b', .value = "TIAS:500000"}
  };

  EXPECT_EQ(bandwidth(lines, "AS"), 512U);
  EXPECT_EQ(bandwidth(lines, "TIAS"), 500000U);
  EXPECT_EQ(bandwidth(lines, "CT"), std::nullopt);
}

TEST(RtpAttributes, ProfilesThatStandForDtlsSrtp) {
  EXPECT_TRUE(is_dtls_srtp_profile("UDP/TLS/RTP/SAVPF"));
  EXPECT_TRUE(is_dtls_srtp_profile("RTP/AVP"));
  EXPECT_FALSE(is_dtls_srtp_profile("UDP/DTLS/SCTP"));
  EXPECT_TRUE(is_rtp({.protocol = "UDP/TLS/RTP/SAVPF"}));
  EXPECT_FALSE(is_rtp({.protocol = "UDP/DTLS/SCTP"}));
}

TEST(RtpAttributes, RidWithFormatsAndRestrictions) {
  const Held held("rid:hi send pt=96,97;max-width=1280;max-fps;depend=lo");

  const auto rid = parse_rid(held.attribute());

  ASSERT_TRUE(rid);
  EXPECT_EQ(rid->id, "hi");
  EXPECT_EQ(rid->direction, RidDirection::kSend);
  EXPECT_THAT(rid->formats, ElementsAre("96", "97"));
  EXPECT_THAT(rid->restrictions,
              ElementsAre(Pair("max-width", "1280"), Pair("max-fps", ""), Pair("depend", "lo")));
}

TEST(RtpAttributes, SimulcastWithAlternativesAndPauses) {
  const Held held("simulcast:recv x send hi;mid,~mid2;~lo");

  const auto simulcast = parse_simulcast(held.attribute());

  ASSERT_TRUE(simulcast);
  ASSERT_THAT(simulcast->send, SizeIs(3));
  ASSERT_THAT(simulcast->send[1], SizeIs(2));
  EXPECT_EQ(simulcast->send[1][1].rid, "mid2");
  EXPECT_TRUE(simulcast->send[1][1].paused);
  EXPECT_FALSE(simulcast->send[1][0].paused);
  EXPECT_THAT(simulcast->recv, SizeIs(1));
}

TEST(RtpAttributes, Msid) {
  const Held both("msid:stream track");
  const Held one("msid:-");

  const auto with_track = parse_msid(both.attribute());
  const auto alone = parse_msid(one.attribute());

  ASSERT_TRUE(with_track);
  EXPECT_EQ(with_track->stream, "stream");
  EXPECT_EQ(with_track->track, "track");
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->stream, "-");
  EXPECT_THAT(alone->track, IsEmpty());
}

TEST(RtpAttributes, DirectionsSeenFromBothSides) {
  EXPECT_EQ(reversed(MediaDirection::kSendOnly), MediaDirection::kRecvOnly);
  EXPECT_EQ(reversed(MediaDirection::kInactive), MediaDirection::kInactive);
  EXPECT_EQ(intersection(MediaDirection::kSendRecv, MediaDirection::kSendOnly),
            MediaDirection::kSendOnly);
  EXPECT_EQ(intersection(MediaDirection::kRecvOnly, MediaDirection::kSendOnly),
            MediaDirection::kInactive);
  EXPECT_EQ(to_text(MediaDirection::kSendRecv), "sendrecv");
}

}  // namespace
}  // namespace glass::sdp
