#include <cstddef>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "sdp/parse.h"
#include "sdp/write.h"
#include "tests/sdp/fixtures.h"
#include "tests/support/rules.h"

namespace glass::sdp {
namespace {

using test::data_offer;

// parse() refuses the text at this place.
void expect_refused(std::string_view text, std::size_t line, std::size_t column) {
  const auto description = parse(text, glass::test::test_trace(Layer::kSdp));
  ASSERT_FALSE(description) << text;
  EXPECT_EQ(description.error().line, line) << to_text(description.error());
  EXPECT_EQ(description.error().column, column) << to_text(description.error());
  EXPECT_FALSE(description.error().text.empty());
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(BadInput, TheExampleItselfIsGood) { EXPECT_TRUE(parse(data_offer())); }

TEST(BadInput, Nothing) {
  expect_refused("", 1, 1);
  EXPECT_RULE("8866:5#2");
}

TEST(BadInput, TruncatedAtAnyByteNeverCrashes) {
  const std::string whole = data_offer();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto description = parse(std::string_view(whole).substr(0, size));
    if (description) {
      EXPECT_EQ(write(*description), whole.substr(0, size));
    }
  }
}

TEST(BadInput, WithoutVersion) {
  expect_refused(data_offer("v="), 1, 1);
  EXPECT_RULE("8866:5#2");
}

TEST(BadInput, WithoutOrigin) { expect_refused(data_offer("o="), 2, 1); }

TEST(BadInput, WithoutSessionName) {
  expect_refused(data_offer("s="), 3, 1);
  EXPECT_RULE("8866:5.3#1");
}

TEST(BadInput, WithTwoSessionNames) {
  expect_refused(replaced(data_offer(), "s=-\n", "s=-\ns=-\n"), 4, 1);
  EXPECT_RULE("8866:5.3#1");
}

TEST(BadInput, WithAnEmptySessionName) {
  expect_refused(replaced(data_offer(), "s=-", "s="), 3, 3);
  EXPECT_RULE("8866:5.3#2");
}

TEST(BadInput, WithoutTime) { expect_refused(data_offer("t="), 5, 0); }

TEST(BadInput, AnotherVersion) {
  expect_refused(replaced(data_offer(), "v=0", "v=1"), 1, 3);
  EXPECT_RULE("8829:5.8.1#6");
}

TEST(BadInput, LinesInTheWrongOrder) {
  expect_refused(replaced(data_offer(), "t=0 0\na=group:BUNDLE 0\n", "a=group:BUNDLE 0\nt=0 0\n"),
                 5, 1);
  EXPECT_RULE("8829:5.8.1#1");
}

TEST(BadInput, ASessionLineInAMediaSection) {
  expect_refused(data_offer("", "t=0 0"), 16, 1);
  EXPECT_RULE("8829:5.8.2#1");
}

TEST(BadInput, AnUnknownTypeLetter) {
  expect_refused(data_offer("", "x=1"), 16, 1);
  expect_refused(data_offer("", "A=mid:1"), 16, 1);
  EXPECT_RULE("8866:5#3");
}

TEST(BadInput, ALineWithoutEqualsSign) {
  expect_refused(data_offer("", "hello"), 16, 2);
  expect_refused(data_offer("", "a"), 16, 2);
  expect_refused(data_offer("", "a="), 16, 3);
}

TEST(BadInput, AnOriginWithFiveFields) {
  expect_refused(replaced(data_offer(), "o=- ", "o="), 2, 3);
  EXPECT_RULE("8866:5.2#1");
}

TEST(BadInput, AnOriginWithHugeNumbers) {
  EXPECT_TRUE(parse(replaced(data_offer(), "20518", "9223372036854775807")));
  expect_refused(replaced(data_offer(), "20518", "9223372036854775808"), 2, 5);
  EXPECT_RULE("3264:5#3");
  expect_refused(replaced(data_offer(), "20518 1", "20518 -1"), 2, 11);
  EXPECT_RULE("8829:5.8.1#7");
}

TEST(BadInput, AConnectionWithoutAddress) {
  expect_refused(replaced(data_offer(), "c=IN IP4 0.0.0.0", "c=IN IP4"), 8, 3);
  EXPECT_RULE("8829:5.8.1#4");
}

TEST(BadInput, MulticastAddressesHaveWhatTheyNeed) {
  const auto with = [](std::string_view address) {
    return replaced(data_offer(), "c=IN IP4 0.0.0.0", "c=IN " + std::string(address));
  };
  expect_refused(with("IP4 233.252.0.1"), 8, 21);
  EXPECT_RULE("8866:5.7#6");
  expect_refused(with("IP4 233.252.0.1/256"), 8, 21);
  expect_refused(with("IP4 233.252.0.1/x"), 8, 21);
  EXPECT_RULE("8866:5.7#7");
  expect_refused(with("IP6 ff00::db8:0:101/3/3"), 8, 25);
  EXPECT_RULE("8866:5.7#9");
  expect_refused(with("IP4 192.0.2.1/127"), 8, 19);
  expect_refused(with("IP6 2001:db8::1/3"), 8, 21);
  EXPECT_RULE("8866:5.7#12");
  EXPECT_TRUE(parse(with("IP4 233.252.0.1/127/3")));
  EXPECT_TRUE(parse(with("IP6 FF00::db8:0:101/3")));
  EXPECT_TRUE(parse(with("IP4 host.example")));
  EXPECT_TRUE(parse(with("X.25 1/2/3")));
}

TEST(BadInput, TwoConnectionsInTheSession) {
  expect_refused(replaced(data_offer(), "t=0 0", "c=IN IP4 0.0.0.0\nc=IN IP4 0.0.0.0\nt=0 0"), 5,
                 1);
  EXPECT_RULE("8866:5.7#11");
}

TEST(BadInput, ABandwidthOfAnUnknownKindIsIgnored) {
  EXPECT_TRUE(parse(replaced(data_offer(), "t=0 0", "b=X-YZ:128\nt=0 0"),
                    glass::test::test_trace(Layer::kSdp)));
  EXPECT_RULE("8866:5.8#7");
}

TEST(BadInput, NoConnectionAtAll) {
  expect_refused(data_offer("c="), 7, 0);
  EXPECT_RULE("8866:5.7#1");
}

TEST(BadInput, ATimeThatIsNone) {
  expect_refused(replaced(data_offer(), "t=0 0", "t=now"), 4, 3);
  EXPECT_RULE("8829:5.8.1#5");
}

TEST(BadInput, ABandwidthThatIsNone) {
  expect_refused(replaced(data_offer(), "t=0 0", "b=AS\nt=0 0"), 4, 3);
  expect_refused(replaced(data_offer(), "t=0 0", "b=AS:fast\nt=0 0"), 4, 6);
  EXPECT_TRUE(parse(replaced(data_offer(), "t=0 0", "b=AS:512\nt=0 0")));
  EXPECT_RULE("8829:5.8.1#8");
}

TEST(BadInput, AMediaLineThatIsNone) {
  const std::string good = data_offer();
  constexpr std::string_view kLine = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel";
  expect_refused(replaced(good, kLine, "m=application 9"), 7, 3);
  expect_refused(replaced(good, kLine, "m=appl/ication 9 UDP/DTLS/SCTP x"), 7, 3);
  expect_refused(replaced(good, kLine, "m=application nine UDP/DTLS/SCTP x"), 7, 15);
  expect_refused(replaced(good, kLine, "m=application 65536 UDP/DTLS/SCTP x"), 7, 15);
  expect_refused(replaced(good, kLine, "m=application 99999999999999999999999 UDP x"), 7, 15);
  expect_refused(replaced(good, kLine, "m=application 9/two UDP/DTLS/SCTP x"), 7, 17);
  expect_refused(replaced(good, kLine, "m=application 9 UDP//SCTP x"), 7, 17);
  expect_refused(replaced(good, kLine, "m=application 9 UDP/DTLS/SCTP x y,z"), 7, 33);
  EXPECT_RULE("8829:5.8.2#2");
}

TEST(BadInput, ANulByte) {
  expect_refused(data_offer("", std::string_view("a=x:\0y", 6)), 16, 5);
  EXPECT_RULE("8866:5.13#2");
}

TEST(BadInput, ACarriageReturnInsideALine) {
  expect_refused(data_offer("", "a=x\ry"), 16, 4);
  EXPECT_RULE("8866:5.13#2");
}

TEST(BadInput, TextThatIsNotUtf8) {
  expect_refused(replaced(data_offer(), "s=-", "s=\xff"), 3, 3);
  EXPECT_RULE("8866:5.3#4");
  expect_refused(replaced(data_offer(), "s=-", "s=-\ni=\xff"), 4, 3);
  EXPECT_RULE("8866:5.4#1");
  EXPECT_TRUE(parse(replaced(replaced(data_offer(), "s=-", "s=\xff"), "a=group",
                             "a=charset:ISO-8859-1\na=group")));
}

TEST(BadInput, AttributeValuesMayHoldAnyBytes) { EXPECT_TRUE(parse(data_offer("", "a=x:\xff"))); }

TEST(BadInput, AnAttributeNameThatIsNotAscii) {
  expect_refused(data_offer("", "a=\xc3\xa9:1"), 16, 3);
  expect_refused(data_offer("", "a=:1"), 16, 3);
  EXPECT_RULE("8866:5.13#1");
}

TEST(BadInput, UnknownAttributesAreIgnoredAndKept) {
  const std::string text = data_offer("", "a=x-glass:\t anything ");

  const auto description = parse(text, glass::test::test_trace(Layer::kSdp));

  ASSERT_TRUE(description);
  EXPECT_EQ(write(*description), text);
  EXPECT_RULE("8866:5.13#4");
  EXPECT_RULE("8866:5#4");
}

TEST(BadInput, AKeyLineIsIgnored) {
  EXPECT_TRUE(parse(replaced(data_offer(), "c=IN IP4 0.0.0.0", "c=IN IP4 0.0.0.0\nk=clear:secret"),
                    glass::test::test_trace(Layer::kSdp)));
  EXPECT_RULE("8866:5.12#2");
}

TEST(BadInput, DuplicateMids) {
  expect_refused(data_offer("", "m=audio 9 UDP/TLS/RTP/SAVPF 0\nc=IN IP4 0.0.0.0\na=mid:0"), 18, 7);
  EXPECT_RULE("5888:4#1");
}

TEST(BadInput, TwoMidsInASection) {
  expect_refused(data_offer("", "a=mid:1"), 16, 0);
  EXPECT_RULE("5888:4#1");
}

TEST(BadInput, AMidThatIsNoToken) {
  expect_refused(replaced(data_offer(), "a=mid:0", "a=mid:0 1"), 13, 7);
  EXPECT_RULE("5888:4#0");
}

TEST(BadInput, AGroupWithoutSemantics) {
  expect_refused(replaced(data_offer(), "a=group:BUNDLE 0", "a=group: "), 5, 9);
  expect_refused(replaced(data_offer(), "a=group:BUNDLE 0", "a=group:BUNDLE 0 (1)"), 5, 18);
  EXPECT_RULE("5888:5#0");
}

TEST(BadInput, ABundleThatNamesAMissingMid) {
  expect_refused(replaced(data_offer(), "BUNDLE 0", "BUNDLE 0 1"), 5, 18);
  EXPECT_RULE("9143:5#0");
}

TEST(BadInput, ASectionInTwoBundles) {
  expect_refused(replaced(data_offer(), "BUNDLE 0", "BUNDLE 0 0"), 5, 18);
  EXPECT_RULE("9143:5#1");
}

TEST(BadInput, GroupsOfOtherKindsMayNameAnything) {
  EXPECT_TRUE(parse(replaced(data_offer(), "BUNDLE 0", "LS 7 8")));
}

TEST(BadInput, AShortUsernameFragment) {
  expect_refused(replaced(data_offer(), "8hhY", "8hh"), 9, 13);
  expect_refused(replaced(data_offer(), "8hhY", std::string(257, 'a')), 9, 13);
  EXPECT_TRUE(parse(replaced(data_offer(), "8hhY", std::string(256, 'a'))));
  EXPECT_RULE("8829:5.8.3#3");
}

TEST(BadInput, CredentialsWithOtherCharacters) {
  expect_refused(replaced(data_offer(), "8hhY", "8h-Y"), 9, 15);
  expect_refused(replaced(data_offer(), "asd88fgpdd777uzjYhagZg", "asd88fgpdd777uzjYhag g"), 10,
                 31);
  EXPECT_RULE("8839:5.4#0");
}

TEST(BadInput, AShortPassword) {
  expect_refused(replaced(data_offer(), "asd88fgpdd777uzjYhagZg", "asd88fgpdd777uzjYhagZ"), 10, 11);
  EXPECT_RULE("8829:5.8.3#3");
}

TEST(BadInput, OneNameWithTwoPasswords) {
  expect_refused(data_offer("",
                            "m=audio 9 UDP/TLS/RTP/SAVPF 0\nc=IN IP4 0.0.0.0\na=ice-ufrag:8hhY\n"
                            "a=ice-pwd:0000000000000000000000"),
                 19, 11);
  EXPECT_RULE("8839:5.4#2");
}

TEST(BadInput, MalformedFingerprints) {
  const std::string good = data_offer();
  constexpr std::string_view kStart = "a=fingerprint:sha-1 4A:AD";
  expect_refused(replaced(good, kStart, "a=fingerprint:4A:AD"), 11, 15);
  expect_refused(replaced(good, kStart, "a=fingerprint:sha-1 4A-AD"), 11, 23);
  expect_refused(replaced(good, kStart, "a=fingerprint:sha-1 4G:AD"), 11, 22);
  expect_refused(replaced(good, kStart, "a=fingerprint:sha-1 4A:AD:00"), 11, 21);
  expect_refused(replaced(good, kStart, "a=fingerprint:sha-256 4A:AD"), 11, 23);
  expect_refused(replaced(good, "7C:AB", "7C:A"), 11, 79);
  EXPECT_RULE("8122:5#0");
}

TEST(BadInput, AnUnknownSetup) {
  expect_refused(replaced(data_offer(), "setup:actpass", "setup:Active"), 12, 9);
  EXPECT_RULE("8829:5.8.3#6");
}

TEST(BadInput, Holdconn) {
  expect_refused(replaced(data_offer(), "setup:actpass", "setup:holdconn"), 12, 9);
  EXPECT_RULE("8842:5.1#5");
}

TEST(BadInput, ATlsIdThatIsTooShort) {
  expect_refused(data_offer("", "a=tls-id:abc"), 16, 10);
  EXPECT_TRUE(parse(data_offer("", "a=tls-id:abc3de65cddef001be82")));
  EXPECT_RULE("8829:5.8.3#4");
}

TEST(BadInput, SctpPortsThatAreNone) {
  for (const std::string_view port : {"65536", "05000", "-1", "5000 ", "99999999999999999999"})
    expect_refused(replaced(data_offer(), "sctp-port:5000", "sctp-port:" + std::string(port)), 14,
                   13);
  EXPECT_RULE("8841:5.2#1");
}

TEST(BadInput, MessageSizesThatAreNone) {
  for (const std::string_view size : {"01", "1e6", "-1"})
    expect_refused(replaced(data_offer(), "size:100000", "size:" + std::string(size)), 15, 20);
  EXPECT_RULE("8841:6.2#1");
}

TEST(BadInput, TwoDirections) {
  expect_refused(data_offer("", "a=sendrecv\na=inactive"), 17, 0);
  EXPECT_RULE("8866:6.7#1");
}

TEST(BadInput, MediaAttributesInTheSession) {
  const auto with = [](std::string_view line) {
    return replaced(data_offer(), "a=group", std::string(line) + "\na=group");
  };
  expect_refused(with("a=mid:9"), 5, 3);
  EXPECT_RULE("5888:4#0");
  expect_refused(with("a=sctp-port:5000"), 5, 3);
  EXPECT_RULE("8841:5.1#0");
  expect_refused(with("a=max-message-size:5000"), 5, 3);
  EXPECT_RULE("8841:6.1#0");
  expect_refused(with("a=rtcp:9 IN IP4 0.0.0.0"), 5, 3);
  EXPECT_RULE("3605:2.1#1");
  expect_refused(with("a=candidate:1 1 udp 1 192.0.2.1 9 typ host"), 5, 3);
  EXPECT_RULE("8839:5.1#0");
}

TEST(BadInput, SessionAttributesInAMediaSection) {
  expect_refused(data_offer("", "a=ice-lite"), 16, 3);
  EXPECT_RULE("8839:5.3#0");
}

TEST(BadInput, TooLarge) {
  expect_refused(std::string(kMaxDescriptionSize + 1, 'a'), 0, 0);
  expect_refused(data_offer("", "a=" + std::string(kMaxLineLength, 'x')), 16, 0);
}

TEST(BadInput, TenThousandLines) {
  std::string lines = "a=x";
  for (int i = 1; i < 10000; ++i) lines += "\na=x";
  expect_refused(data_offer("", lines), kMaxLines + 1, 0);
}

TEST(BadInput, TooManyMediaSections) {
  std::string lines;
  for (std::size_t i = 0; i < kMaxMedia; ++i) lines += "m=audio 9 RTP/AVP 0\nc=IN IP4 0.0.0.0\n";
  expect_refused(data_offer("", lines), 16 + 2 * (kMaxMedia - 1), 1);
}

}  // namespace
}  // namespace glass::sdp
