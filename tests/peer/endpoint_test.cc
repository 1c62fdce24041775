#include "peer/endpoint.h"

#include <gtest/gtest.h>

#include "ice/wire.h"
#include "tests/peer/pair.h"

namespace glass::peer::test {
namespace {

// Three callers, one server socket.
TEST(Endpoint, TellsItsPeersApart) {
  sim::World world(7, glass::test::test_sink());
  SeededRandom random(8);
  Endpoint endpoint(glass::test::test_trace(Layer::kPeer));
  const Address server = *parse_address("192.0.2.1:5000");
  std::map<PeerId, std::string> heard;
  const auto server_host = world.host("server", endpoint, server, [&](Endpoint::Event& event) {
    if (const auto* message = std::get_if<sctp::ChannelMessage>(&event.event))
      heard[event.peer] += as_text(message->bytes);
  });
  std::vector<std::unique_ptr<End>> callers;
  for (int i = 0; i < 3; ++i) {
    Config config;
    config.identity = &identity(1);
    callers.push_back(std::make_unique<End>(config, 100 + static_cast<std::uint64_t>(i)));
    End& caller = *callers.back();
    const Address address = *parse_address("198.51.100." + std::to_string(i + 1) + ":4000");
    caller.host =
        world.host("caller" + std::to_string(i), caller.peer, address, [](Peer::Event&) {});
    ASSERT_TRUE(caller.peer.add_host(world.now(), address));

    Config ours;
    ours.identity = &identity(0);
    const auto id = endpoint.add(ours, random);
    ASSERT_TRUE(id);
    Peer& peer = *endpoint.find(*id);
    ASSERT_TRUE(peer.add_host(world.now(), server));
    const auto channel = caller.peer.open(world.now(), {.label = "x"});
    ASSERT_TRUE(channel);
    const auto offer = caller.peer.create_offer(world.now());
    ASSERT_TRUE(peer.set_remote(world.now(), sdp::Type::kOffer, *offer));
    const auto answer = peer.create_answer(world.now());
    ASSERT_TRUE(answer);
    ASSERT_TRUE(caller.peer.set_remote(world.now(), sdp::Type::kAnswer, *answer));
    const std::string text = "caller " + std::to_string(i);
    ASSERT_TRUE(caller.peer.send(world.now(), *channel, sctp::MessageKind::kText, as_bytes(text)));
    world.poke(caller.host);
  }
  world.poke(server_host);

  ASSERT_TRUE(world.run_until([&] { return heard.size() == 3; }, 10s));
  EXPECT_EQ(heard[PeerId{1}], "caller 0");
  EXPECT_EQ(heard[PeerId{2}], "caller 1");
  EXPECT_EQ(heard[PeerId{3}], "caller 2");

  endpoint.remove(PeerId{2});
  EXPECT_EQ(endpoint.size(), 2U);
  EXPECT_EQ(endpoint.find(PeerId{2}), nullptr);
  world.run_for(1s);
}

TEST(Endpoint, DropsDataThatNobodyKnows) {
  SeededRandom random(8);
  Endpoint endpoint(glass::test::test_trace(Layer::kPeer));
  ByteVector bytes{23, 0xfe, 0xfd};
  endpoint.receive(Instant{}, {.path = {}, .bytes = bytes});
  EXPECT_RULE("8445:12.2#1");
}

TEST(Endpoint, DropsAnswersThatNobodyWaitsFor) {
  SeededRandom random(8);
  Endpoint endpoint(glass::test::test_trace(Layer::kPeer));
  Config config;
  config.identity = &identity(0);
  const auto id = endpoint.add(config, random);
  ASSERT_TRUE(id);
  const Address server = *parse_address("192.0.2.1:5000");
  ASSERT_TRUE(endpoint.find(*id)->add_host(Instant{}, server));
  ByteVector bytes = ice::write_success({}, server, {});

  endpoint.receive(
      Instant{
  },
      {.path = {Transport::kUdp, server, server}, .bytes = bytes});

  EXPECT_EQ(glass::test::drop_reasons(), std::vector<std::string>{"STUN that belongs to no peer"});
  EXPECT_RULE("8445:7.2.5#0");
}

TEST(Endpoint, HasALimit) {
  SeededRandom random(8);
  Endpoint endpoint(Trace{});
  Config config;
  config.identity = &identity(0);
  for (std::size_t i = 0; i < Endpoint::kMaxPeers; ++i) ASSERT_TRUE(endpoint.add(config, random));
  EXPECT_FALSE(endpoint.add(config, random));
}

}  // namespace
}  // namespace glass::peer::test
