#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sdp/parse.h"
#include "sdp/write.h"
#include "tests/sdp/fixtures.h"
#include "tests/support/rules.h"

namespace glass::sdp {
namespace {

// A section for video with this line at its end; the line has the number 10.
std::string with_line(std::string_view line, std::string_view formats = "96 97") {
  return "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\nm=video 9 UDP/TLS/RTP/SAVPF " +
         std::string(formats) +
         "\nc=IN IP4 0.0.0.0\na=mid:v\na=rtpmap:96 VP8/90000\na=rtpmap:97 rtx/90000\n" +
         std::string(line) + "\n";
}

void expect_refused(const std::string& text, std::size_t line, std::size_t column) {
  const auto description = parse(text, glass::test::test_trace(Layer::kSdp));
  ASSERT_FALSE(description) << text;
  EXPECT_EQ(description.error().line, line) << to_text(description.error());
  EXPECT_EQ(description.error().column, column) << to_text(description.error());
}

void expect_refused_line(std::string_view line, std::size_t column) {
  expect_refused(with_line(line), 10, column);
}

void expect_good(std::string_view line) {
  const std::string text = with_line(line);
  const auto description = parse(text, glass::test::test_trace(Layer::kSdp));
  ASSERT_TRUE(description) << line << ": " << to_text(description.error());
  EXPECT_EQ(write(*description), text);
}

TEST(MediaBadInput, TheExampleItselfIsGood) { expect_good("a=sendrecv"); }

TEST(MediaBadInput, AFormatThatIsNoPayloadType) {
  expect_refused(with_line("a=sendrecv", "96 128"), 5, 32);
  expect_refused(with_line("a=sendrecv", "96 opus"), 5, 32);
  EXPECT_RULE("8829:5.8.2#11");
}

TEST(MediaBadInput, AnRtpmapThatIsNone) {
  expect_refused_line("a=rtpmap:x VP8/90000", 10);
  expect_refused_line("a=rtpmap:128 VP8/90000", 10);
  expect_refused_line("a=rtpmap:98", 13);
  expect_refused_line("a=rtpmap:98 VP8", 13);
  expect_refused_line("a=rtpmap:98 /90000", 13);
  expect_refused_line("a=rtpmap:98 VP8/0", 17);
  expect_refused_line("a=rtpmap:98 VP8/99999999999", 17);
  expect_refused_line("a=rtpmap:98 opus/48000/0", 24);
  expect_refused_line("a=rtpmap:98 opus/48000/256", 24);
  EXPECT_RULE("8829:5.8.2#12");
  expect_good("a=rtpmap:98 opus/48000/2");
}

TEST(MediaBadInput, AnRtpmapInTheSession) {
  const auto description = parse("v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\na=rtpmap:96 VP8/90000\n",
                                 glass::test::test_trace(Layer::kSdp));
  ASSERT_FALSE(description);
  EXPECT_EQ(to_text(description.error()), "line 5, column 3: rtpmap belongs to a media section");
  EXPECT_RULE("8866:6.6#0");
}

TEST(MediaBadInput, MediaAttributesInTheSession) {
  for (const std::string_view line :
       {"a=fmtp:96 x", "a=ptime:20", "a=maxptime:20", "a=ssrc:1 cname:x", "a=ssrc-group:FID 1 2",
        "a=rtcp-mux-only", "a=remote-candidates:1 192.0.2.1 9"}) {
    const std::string text = "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\n" + std::string(line) + "\n";
    expect_refused(text, 5, 3);
  }
  EXPECT_RULE("8866:6.15#0");
  EXPECT_RULE("8866:6.4#0");
  EXPECT_RULE("8866:6.5#0");
  EXPECT_RULE("5576:4.1#0");
  EXPECT_RULE("5576:4.2#0");
  EXPECT_RULE("8858:3#0");
  EXPECT_RULE("8839:5.2#0");
}

TEST(MediaBadInput, APayloadTypeThatStandsForTwoCodecs) {
  expect_refused_line("a=rtpmap:96 VP9/90000", 10);
  EXPECT_RULE("8829:5.8#1");
  expect_good("a=rtpmap:96 vp8/90000");
}

TEST(MediaBadInput, AFmtpThatIsNone) {
  expect_refused_line("a=fmtp:", 8);
  expect_refused_line("a=fmtp:96", 10);
  EXPECT_RULE("8829:5.8.2#12");
  expect_good("a=fmtp:96 max-fr=30;max-fs=3600");
}

TEST(MediaBadInput, RetransmissionsOfACodecThatIsNotThere) {
  expect_refused_line("a=fmtp:97 apt=98", 8);
  expect_refused_line("a=fmtp:97 rtx-time=3000", 8);
  EXPECT_RULE("8829:5.10#7");
  expect_good("a=fmtp:97 apt=96;rtx-time=3000");
}

TEST(MediaBadInput, FeedbackThatIsNone) {
  expect_refused_line("a=rtcp-fb:x nack", 11);
  expect_refused_line("a=rtcp-fb:96", 14);
  EXPECT_RULE("8829:5.8.2#18");
  expect_good("a=rtcp-fb:* nack pli");
  expect_good("a=rtcp-fb:127 nack");  // of a format that is not there: ignored
}

TEST(MediaBadInput, ExtensionsThatAreNone) {
  expect_refused_line("a=extmap:x urn:a", 10);
  expect_refused_line("a=extmap:4352 urn:a", 10);
  EXPECT_RULE("8829:5.8.2#17");
  expect_refused_line("a=extmap:0 urn:a", 10);
  EXPECT_RULE("8285:4.1.2#3");
  expect_refused_line("a=extmap:256 urn:a", 10);
  EXPECT_RULE("8285:5#2");
  expect_refused_line("a=extmap:1/both urn:a", 12);
  EXPECT_RULE("8285:7#3");
  expect_refused_line("a=extmap:1 level", 12);
  EXPECT_RULE("8285:5#4");
  expect_good("a=extmap:255/sendonly urn:a vad=on");
}

TEST(MediaBadInput, TwoExtensionsWithOneIdentifier) {
  expect_refused(with_line("a=extmap:1 urn:a\na=extmap:1 urn:b"), 11, 10);
  EXPECT_RULE("8285:5#2");
  expect_good("a=extmap:4096 urn:a\na=extmap:4096 urn:b");  // alternatives
}

TEST(MediaBadInput, ExtensionsInTheSessionAndInASection) {
  std::string text = with_line("a=extmap:1 urn:a");
  text.insert(text.find("m=video"), "a=extmap:2 urn:b\n");
  expect_refused(text, 11, 3);
  EXPECT_RULE("8285:5#11");
}

TEST(MediaBadInput, SourcesThatAreNone) {
  expect_refused_line("a=ssrc:x cname:1", 8);
  expect_refused_line("a=ssrc:4294967296 cname:1", 8);
  expect_refused_line("a=ssrc:1", 10);
  EXPECT_RULE("8829:5.8.2#16");
  expect_refused_line("a=ssrc-group:", 14);
  expect_refused_line("a=ssrc-group:FID", 17);
  EXPECT_RULE("5576:4.2#2");
  expect_refused_line("a=ssrc-group:FID 1 2", 14);
  EXPECT_RULE("5576:4.2#3");
  expect_good("a=ssrc:1 cname:x\na=ssrc:2 cname:x\na=ssrc-group:FID 1 2");
}

TEST(MediaBadInput, PacketTimesThatAreNone) {
  expect_refused_line("a=ptime:0", 9);
  expect_refused_line("a=ptime:x", 9);
  expect_refused_line("a=ptime:20.x", 9);
  EXPECT_RULE("8829:5.8.2#13");
  expect_refused_line("a=maxptime:-1", 12);
  EXPECT_RULE("8829:5.8.2#14");
  expect_good("a=ptime:2.5");
}

TEST(MediaBadInput, AnRtcpPortThatIsNone) {
  expect_refused_line("a=rtcp:x", 8);
  expect_refused_line("a=rtcp:65536", 8);
  expect_refused_line("a=rtcp:9 IN IP4", 8);
  EXPECT_RULE("8829:5.8.2#22");
  expect_good("a=rtcp:53020");
}

TEST(MediaBadInput, OnlyMultiplexedWithoutMultiplexing) {
  expect_refused_line("a=rtcp-mux-only", 3);
  EXPECT_RULE("8829:5.8.3#10");
  expect_good("a=rtcp-mux\na=rtcp-mux-only");
}

TEST(MediaBadInput, RidsThatAreNone) {
  for (const auto& [line, column] : std::vector<std::pair<std::string_view, std::size_t>>{
           {"a=rid:",                       7 },
           {"a=rid:h/i send",               7 },
           {"a=rid:hi",                     10},
           {"a=rid:hi both",                10},
           {"a=rid:hi send max-width=a",    15},
           {"a=rid:hi send max-bpp=1",      15},
           {"a=rid:hi send depend=a,/",     15},
           {"a=rid:hi send max-fs=1;pt=96", 24},
           {"a=rid:hi send pt=96,(",        21},
           {"a=rid:hi send pt=96 max-fs=1", 21},
  })
    expect_refused_line(line, column);
  EXPECT_RULE("8829:5.8.2#25");
  expect_good("a=rid:hi send pt=96,97;max-width=1280;max-bpp=0.5;depend=lo,x;unheard-of");
}

TEST(MediaBadInput, SimulcastsThatAreNone) {
  expect_refused_line("a=simulcast:", 13);
  expect_refused_line("a=simulcast:send", 13);
  expect_refused_line("a=simulcast:both a", 13);
  EXPECT_RULE("8829:5.8.2#26");
  expect_refused(with_line("a=rid:a send\na=simulcast:send a;;b"), 11, 20);
  EXPECT_RULE("8853:5.1#1");
  expect_refused(with_line("a=rid:a send\na=simulcast:send a;~a"), 11, 20);
  EXPECT_RULE("8853:5.2#17");
  expect_refused(with_line("a=rid:a send\na=simulcast:send a send b"), 11, 20);
  EXPECT_RULE("8853:5.2#3");
  expect_refused(with_line("a=rid:a send\na=simulcast:send a;b"), 11, 20);
  EXPECT_RULE("8829:5.8.3#8");
  expect_refused(with_line("a=rid:a send\na=simulcast:recv a"), 11, 18);
  EXPECT_RULE("8853:5.2#5");
  expect_good("a=rid:a send\na=rid:b send\na=rid:c recv\na=simulcast:send a,~b recv c");
}

TEST(MediaBadInput, MoreEncodingsThanWeLookAt) {
  std::string lines;
  for (int i = 0; i < 65; ++i) lines += "a=rid:r" + std::to_string(i) + " send\n";
  lines.pop_back();
  expect_refused(with_line(lines), 74, 0);
}

TEST(MediaBadInput, ImageSizesThatAreNone) {
  expect_refused_line("a=imageattr:x send *", 13);
  expect_refused_line("a=imageattr:96", 16);
  expect_refused_line("a=imageattr:96 both *", 16);
  expect_refused_line("a=imageattr:96 send [x", 21);
  expect_refused_line("a=imageattr:96 send *x", 21);
  EXPECT_RULE("8829:5.8.2#24");
  expect_refused_line("a=imageattr:96 send * send *", 23);
  EXPECT_RULE("6236:3.1.1#2");
  expect_refused_line("a=imageattr:* recv * recv *", 22);
  EXPECT_RULE("6236:3.1.1#3");
  expect_good("a=imageattr:97 send [x=800,y=640,sar=1.1,q=0.6] [x=480,y=320] recv [x=330,y=250]");
  expect_good("a=imageattr:* recv *");
}

TEST(MediaBadInput, AnMsidThatIsNoneIsPassedOver) {
  expect_good("a=msid:" + std::string(65, 'a'));
  EXPECT_RULE("8830:3#1");
}

TEST(MediaBadInput, CandidatesThatAreNone) {
  for (const auto& [line, column] : std::vector<std::pair<std::string_view, std::size_t>>{
           {"a=candidate:1 1 udp",                                 20},
           {"a=candidate:a-b 1 udp 1 192.0.2.1 9 typ host",        13},
           {"a=candidate:1 0x1 udp 1 192.0.2.1 9 typ host",        15},
           {"a=candidate:1 1 u/p 1 192.0.2.1 9 typ host",          17},
           {"a=candidate:1 1 udp 4294967296 192.0.2.1 9 typ host", 21},
           {"a=candidate:1 1 udp 1 192.0.2.1 65536 typ host",      33},
           {"a=candidate:1 1 udp 1 192.0.2.1 9 type host",         35},
           {"a=candidate:1 1 udp 1 192.0.2.1 9 typ (host)",        39},
  })
    expect_refused_line(line, column);
  EXPECT_RULE("8829:5.8.2#7");
  expect_good("a=candidate:1 1 sctp 1 name.example 9 typ psychic unheard of");
}

TEST(MediaBadInput, RemoteCandidatesThatAreNone) {
  expect_refused_line("a=remote-candidates:", 21);
  expect_refused_line("a=remote-candidates:x 192.0.2.1 9", 21);
  expect_refused_line("a=remote-candidates:1 192.0.2.1 x", 33);
  expect_refused_line("a=remote-candidates:1 192.0.2.1", 21);
  EXPECT_RULE("8829:5.8.2#8");
  expect_good("a=remote-candidates:1 192.0.2.1 9 2 192.0.2.1 10");
}

TEST(MediaBadInput, WhatStandsOnceStandsTwice) {
  for (const std::string_view line :
       {"a=ptime:20", "a=setup:actpass", "a=ice-ufrag:abcd", "a=rtcp:9"})
    expect_refused(with_line(std::string(line) + '\n' + std::string(line)), 11, 0);
  EXPECT_RULE("8829:5.8#1");
}

TEST(MediaBadInput, EveryByteOfARealOfferChangedNeverCrashes) {
  const std::string whole = test::read_fixture("chromium/simulcast3.offer.sdp");
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    std::string text = whole;
    text[at] = static_cast<char>(text[at] ^ 0x11);
    if (const auto description = parse(text)) {
      EXPECT_EQ(write(*description), text);
    }
  }
}

}  // namespace
}  // namespace glass::sdp
