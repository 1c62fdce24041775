#include "explain/sdpview.h"

#include <string>

#include <gtest/gtest.h>

namespace glass::explain {
namespace {

constexpr std::string_view kOffer =
    "v=0\r\n"
    "o=- 1 1 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=setup:actpass\r\n"
    "a=x-nobody-knows:7\r\n";

TEST(Sdpview, PutsASentenceUnderEachLine) {
  const auto view = sdpview(kOffer);
  ASSERT_TRUE(view.has_value());
  EXPECT_NE(view->find("   1  v=0\n        The version of SDP; there is only 0. (RFC 8866 §5.1)\n"),
            std::string::npos)
      << *view;
  EXPECT_NE(view->find("   7  a=setup:actpass\n        Who begins the DTLS handshake"),
            std::string::npos)
      << *view;
  EXPECT_NE(view->find("   8  a=x-nobody-knows:7\n        "), std::string::npos) << *view;
}

TEST(Sdpview, BreaksLongSentencesAtSpaces) {
  const auto view = sdpview(kOffer);
  ASSERT_TRUE(view.has_value());
  std::size_t begin = 0;
  while (begin < view->size()) {
    const std::size_t end = view->find('\n', begin);
    EXPECT_LE(end - begin, 97U) << view->substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST(Sdpview, LetsNoLineSpeakToTheTerminal) {
  const auto view = sdpview(std::string(kOffer) + "a=x-clear:\x1b[2J\r\n");
  EXPECT_TRUE(!view || view->find('\x1b') == std::string::npos);
}

TEST(Sdpview, SaysWhereItIsNoDescription) {
  const auto view = sdpview("v=0\r\nnonsense\r\n");
  ASSERT_FALSE(view.has_value());
  EXPECT_EQ(view.error().line, 2U);
}

}  // namespace
}  // namespace glass::explain
