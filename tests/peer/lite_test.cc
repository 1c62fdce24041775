// tests/peer/lite_test.cc - a peer that only answers checks, and one that comes over TCP.
#include <string>

#include <gtest/gtest.h>

#include "tests/peer/pair.h"

namespace glass::peer::test {
namespace {

TEST(Lite, APeerSaysThatItIsAndIsReached) {
  for (const bool offers : {true, false}) {
    PairOptions options;
    (offers ? options.alice : options.bob).is_lite = true;
    Pair pair(options);

    const auto channel = pair.connected_channel();

    EXPECT_TRUE(pair.run_until_connected());
    ASSERT_TRUE(pair.alice.peer.send(pair.world.now(), channel, sctp::MessageKind::kText,
                                     as_bytes("hello")));
    pair.world.poke(pair.alice.host);
    EXPECT_TRUE(pair.world.run_until([&] { return !pair.bob.messages.empty(); }, 5s));
  }
}

TEST(Tcp, CarriesAChannelWhereUdpDoesNot) {
  PairOptions options;
  options.alice.opens_tcp = true;
  Pair pair(options);
  // Only what Alice opens, and Bob's listener, are on the network.
  const Address listener = *parse_address("198.51.100.9:9000");
  pair.world.remove_address(pair.alice.host, pair.alice_address);
  pair.world.add_address(pair.alice.host, pair.alice_address.with_port(9));
  pair.world.add_address(pair.bob.host, listener);
  ASSERT_TRUE(pair.bob.peer.add_host(pair.world.now(), listener, Transport::kTcp));

  (void)pair.connected_channel();

  EXPECT_TRUE(pair.run_until_connected());
  EXPECT_EQ(pair.alice.peer.selected_path()->transport, Transport::kTcp);
  EXPECT_EQ(pair.bob.peer.selected_path()->local, listener);
}

}  // namespace
}  // namespace glass::peer::test
