// tests/demo/share_test.cc - links, codes and the progress line of glass send and receive.
#include "demo/share.h"

#include <chrono>

#include <gtest/gtest.h>

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

TEST(Invitation, ALinkNamesServerAndSecret) {
  const auto link = parse_invitation("http://10.0.0.1:81/#r=0123456789abcdef", {});

  ASSERT_TRUE(link.has_value());
  EXPECT_EQ(to_text(link->server), "10.0.0.1:81");
  EXPECT_EQ(link->secret, "0123456789abcdef");
  EXPECT_EQ(link_of(*link), "http://10.0.0.1:81/#r=0123456789abcdef");
}

TEST(Invitation, ACodeAloneGoesToTheGivenServer) {
  const auto code = parse_invitation("0123456789abcdef", {"lab", 80});

  ASSERT_TRUE(code.has_value());
  EXPECT_EQ(to_text(code->server), "lab:80");
}

TEST(Invitation, WhatIsTooShortOrStrangeIsRefused) {
  for (const char* text :
       {"", "short", "0123456789abcdef!", "http://lab/#r=", "#r=0123456789abcdef"})
    EXPECT_FALSE(parse_invitation(text, {}).has_value()) << text;
}

TEST(Secret, IsFreshAndFitsALink) {
  EXPECT_EQ(make_secret().size(), 32U);
  EXPECT_NE(make_secret(), make_secret());
  EXPECT_TRUE(parse_invitation(make_secret(), {}).has_value());
}

TEST(RoomOf, IsWhatThePageComputes) {
  // sha256("glass room 0123456789abcdef"), the first 16 digits.
  EXPECT_EQ(room_of("0123456789abcdef"), "8c3b1ee3a100f03d");
}

TEST(ProgressLine, TellsShareSpeedAndTimeLeft) {
  EXPECT_EQ(progress_line(50'000'000, 100'000'000, 5s),
            " 50%  50.0 MB/100.0 MB  10.0 MB/s  ETA 00:05");
  EXPECT_EQ(progress_line(0, 0, 0s), "100%  0 B/0 B  0 B/s  ETA 00:00");
}

}  // namespace
}  // namespace glass::demo
