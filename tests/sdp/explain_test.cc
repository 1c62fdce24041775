#include "sdp/explain.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sdp/fixtures.h"

namespace glass::sdp {
namespace {

using test::data_offer;
using test::parsed;
using test::parsed_fixture;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(Explain, HasANoteForEachLineInOrder) {
  const auto notes = explain(parsed(data_offer("", "a=x-nobody:1")));

  ASSERT_THAT(notes, SizeIs(16));
  for (std::size_t i = 0; i < notes.size(); ++i) {
    EXPECT_EQ(notes[i].line, i + 1);
    EXPECT_FALSE(notes[i].kind.empty());
    EXPECT_FALSE(notes[i].meaning.empty());
  }
  EXPECT_EQ(notes[0].kind, "version");
  EXPECT_EQ(notes[0].text, "v=0");
  EXPECT_EQ(notes[8].kind, "attribute ice-ufrag");
  EXPECT_EQ(notes[8].section, "RFC 8839 §5.4");
  EXPECT_THAT(notes[15].meaning, HasSubstr("ignored"));
  EXPECT_EQ(notes[15].section, "RFC 8866 §5.13");
}

TEST(Explain, SaysWhatValuesMean) {
  const auto notes = explain(
      parsed(data_offer("",
                        "a=candidate:1 1 UDP 7 1-2.local 40000 typ host\n"
                        "a=candidate:2 1 tcp 7 203.0.113.1 9 typ relay raddr 0.0.0.0 rport 0")));

  EXPECT_EQ(notes[6].detail, "Port 9 stands for no port: the candidates say where to send.");
  EXPECT_EQ(notes[11].detail, "Either role will do: the answer chooses.");
  EXPECT_EQ(notes[15].detail,
            "UDP 1-2.local port 40000, priority 7: an interface of its own, under a name that "
            "hides the address from strangers.");
  EXPECT_EQ(notes[16].detail,
            "TCP 203.0.113.1 port 9, priority 7: an address that a TURN server lends it.");
}

TEST(Explain, SaysWhatMediaAttributesMean) {
  const auto detail = [](std::string_view line) {
    return explain(parsed(data_offer("", line)))[15].detail;
  };

  EXPECT_EQ(detail("a=rtpmap:111 opus/48000/2"),
            "Packets with the number 111 hold opus, with a clock of 48000 Hz and 2 channels.");
  EXPECT_EQ(detail("a=rtpmap:0 PCMU/8000"),
            "Packets with the number 0 hold PCMU, with a clock of 8000 Hz.");
  EXPECT_EQ(detail("a=fmtp:97 apt=96;rtx-time=300"), "The number 97 retransmits packets of 96.");
  EXPECT_EQ(detail("a=fmtp:111 minptime=10"), "");
  EXPECT_EQ(detail("a=rtcp-fb:96 nack pli"),
            "The receiver of 96 asks for a new key frame after a loss.");
  EXPECT_EQ(detail("a=rtcp-fb:* ccm fir"),
            "The receiver of any format demands a new key frame, for somebody who has just come.");
  EXPECT_EQ(detail("a=rtcp-fb:96 unheard-of"), "");
  EXPECT_EQ(detail("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"),
            "Number 4: the mid of the section that the packet belongs to.");
  EXPECT_EQ(detail("a=extmap:4 urn:unheard-of"), "");
  EXPECT_EQ(detail("a=ssrc:1 cname:x"), "");
  EXPECT_EQ(detail("a=ssrc-group:FID 1 2"), "What 1 sends, 2 sends again when it is lost.");
  EXPECT_EQ(detail("a=simulcast:send h;l recv x"),
            "This side sends 2 at once. This side can receive 1 at once.");
  const auto group = explain(parsed(data_offer()))[4];
  EXPECT_EQ(group.detail, "These share one transport: 0.");
}

TEST(Explain, KnowsBundleOnlyAndTrailingEmptyLines) {
  EXPECT_EQ(explain(parsed_fixture("firefox/av-data@max-bundle.offer.sdp")).front().kind,
            "version");
  EXPECT_EQ(explain(parsed_fixture("chromium-fieldtrials/snap.offer.sdp")).back().kind, "empty");
  EXPECT_TRUE(is_explained("sctp-init"));
  EXPECT_FALSE(is_explained("x-nobody"));
}

}  // namespace
}  // namespace glass::sdp
