// tests/relay/ice_uri_test.cc - the URIs of RFC 7064 and RFC 7065.
#include "demo/ice_uri.h"

#include <gtest/gtest.h>

namespace glass::demo {
namespace {

TEST(ParseIceUri, SchemesHaveTheirPortsAndTransports) {
  const auto stun = parse_ice_uri("stun:stun.example.org");
  const auto turn = parse_ice_uri("turn:turn.example.org");
  const auto turns = parse_ice_uri("turns:turn.example.org");

  EXPECT_FALSE(stun->is_turn);
  EXPECT_EQ(stun->port, 3478);
  EXPECT_EQ(stun->transport, Transport::kUdp);
  EXPECT_TRUE(turn->is_turn);
  EXPECT_EQ(turn->port, 3478);
  EXPECT_EQ(turn->transport, Transport::kUdp);
  EXPECT_TRUE(turns->is_turn);
  EXPECT_EQ(turns->port, 5349);
  EXPECT_EQ(turns->transport, Transport::kTls);
}

TEST(ParseIceUri, PortAndTransportMayBeGiven) {
  const auto uri = parse_ice_uri("turn:[2001:db8::1]:19302?transport=tcp");

  ASSERT_TRUE(uri.has_value());
  EXPECT_EQ(uri->host, "2001:db8::1");
  EXPECT_EQ(uri->port, 19302);
  EXPECT_EQ(uri->transport, Transport::kTcp);
  EXPECT_EQ(to_text(*uri), "turn:[2001:db8::1]:19302?transport=tcp");
}

TEST(ParseIceUri, WhatIsWrongIsSaid) {
  for (const char* text : {"", "http://x", "turn:", "turn:host:0", "turn:host:99999", "turn:host:x",
                           "turn:host?transport=sctp", "turns:host?transport=udp", "turn:host?"})
    EXPECT_FALSE(parse_ice_uri(text).has_value()) << text;
}

}  // namespace
}  // namespace glass::demo
