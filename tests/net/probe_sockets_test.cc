#include "net/probe_sockets.h"

#include <gtest/gtest.h>

#include "net/tls.h"

namespace glass::net {
namespace {

using namespace std::chrono_literals;

const Address kLoopback = *parse_address("127.0.0.1:0");

TEST(ProbeSockets, SayAndHearDatagrams) {
  ProbeSockets sockets;
  const auto a = sockets.open_udp(kLoopback);
  const auto b = sockets.open_udp(kLoopback);
  ASSERT_TRUE(a && b);

  EXPECT_TRUE(sockets.send(*a, sockets.local(*b), as_bytes("hello")));
  EXPECT_TRUE(sockets.send(*a, sockets.local(*b), {}));
  std::vector<ProbeEvent> events;
  while (events.size() < 2) sockets.wait(5s, events);

  EXPECT_EQ(events[0].socket, *b);
  EXPECT_EQ(events[0].remote, sockets.local(*a));
  EXPECT_EQ(as_text(events[0].bytes), "hello");
  EXPECT_EQ(events[1].kind, ProbeEvent::Kind::kBytes);
  EXPECT_TRUE(events[1].bytes.empty());
}

TEST(ProbeSockets, HearThatNothingListens) {
  ProbeSockets sockets;
  const auto a = sockets.open_udp(kLoopback);
  const auto b = sockets.open_udp(kLoopback);
  ASSERT_TRUE(a && b);
  const Address gone = sockets.local(*b);
  sockets.close(*b);

  EXPECT_TRUE(sockets.send(*a, gone, as_bytes("hello?")));
  std::vector<ProbeEvent> events;
  while (events.empty()) sockets.wait(5s, events);

  EXPECT_EQ(events[0].kind, ProbeEvent::Kind::kRefused);
  EXPECT_EQ(events[0].remote, gone);
}

TEST(ProbeSockets, AreRefusedAConnectionWhereNothingListens) {
  ProbeSockets sockets;
  const auto udp = sockets.open_udp(kLoopback);
  ASSERT_TRUE(udp);

  const auto tcp = sockets.connect(sockets.local(*udp), {}, 5s);

  ASSERT_FALSE(tcp.has_value());
  EXPECT_NE(tcp.error().code, 0);
}

TEST(ProbeSockets, KnowTheirAddressToward) {
  const auto local = local_toward(*parse_address("127.0.0.1:9"));
  ASSERT_TRUE(local.has_value());
  EXPECT_EQ(*local, *parse_address("127.0.0.1:0"));
}

}  // namespace
}  // namespace glass::net
