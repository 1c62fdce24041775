// Two whole peers in a simulated network: from the offer to data, and what goes wrong on the way.
#include <chrono>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/peer/pair.h"

namespace glass::peer::test {
namespace {

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + i / 251);
  return out;
}

std::vector<State> states_of(const End& end) {
  std::vector<State> out;
  for (const auto& [state, when] : end.states) out.push_back(state);
  return out;
}

TEST(TwoPeers, ConnectAndExchangeMessages) {
  Pair pair;
  const auto channel = pair.connected_channel({.label = "chat"});
  ASSERT_TRUE(pair.run_until_connected());
  EXPECT_EQ(pair.bob.opened, std::vector<std::string>{"chat"});

  ASSERT_TRUE(
      pair.alice.peer.send(pair.world.now(), channel, sctp::MessageKind::kText, as_bytes("hello")));
  pair.world.poke(pair.alice.host);
  ASSERT_TRUE(pair.bob.peer.send(pair.world.now(), pair.bob.channels.at(0),
                                 sctp::MessageKind::kBinary, as_bytes("hello yourself")));
  pair.world.poke(pair.bob.host);
  pair.world.run_for(1s);

  EXPECT_EQ(pair.bob.messages, std::vector<std::string>{"hello"});
  EXPECT_EQ(pair.alice.messages, std::vector<std::string>{"hello yourself"});
  EXPECT_EQ(states_of(pair.alice), (std::vector{State::kConnecting, State::kConnected}));
  EXPECT_EQ(states_of(pair.bob), (std::vector{State::kConnecting, State::kConnected}));
  EXPECT_RULE("8261:6.1#1");
  EXPECT_EQ(pair.alice.peer.selected_path()->remote, pair.bob_address);
}

TEST(TwoPeers, KeepAClientHelloThatOvertakesItsAnswer) {
  PairOptions options;
  options.signaling_delay = 200ms;
  Pair pair(options);
  pair.connected_channel();

  EXPECT_TRUE(pair.run_until_connected());
  EXPECT_RULE("8842:5.2#3");
}

TEST(TwoPeers, SendMessagesOfEverySizeBothWays) {
  Pair pair;
  const auto channel = pair.connected_channel();
  ASSERT_TRUE(pair.run_until_connected());
  std::vector<std::string> sent;
  for (const std::size_t size : {0UL, 1UL, 1024UL, 1157UL, 65536UL, 262144UL}) {
    sent.push_back(pattern(size));
    ASSERT_TRUE(pair.alice.peer.send(pair.world.now(), channel, sctp::MessageKind::kBinary,
                                     as_bytes(sent.back())));
    ASSERT_TRUE(pair.bob.peer.send(pair.world.now(), pair.bob.channels.at(0),
                                   sctp::MessageKind::kBinary, as_bytes(sent.back())));
  }
  pair.world.poke(pair.alice.host);
  pair.world.poke(pair.bob.host);
  ASSERT_TRUE(pair.world.run_until(
      [&] {
        return pair.alice.messages.size() == sent.size() && pair.bob.messages.size() == sent.size();
      },
      60s));
  EXPECT_EQ(pair.alice.messages, sent);
  EXPECT_EQ(pair.bob.messages, sent);
}

TEST(TwoPeers, AMessageAboveThePeersLimitIsTheCallersMistake) {
  PairOptions options;
  options.bob.max_message_size = 1000;
  Pair pair(options);
  const auto channel = pair.connected_channel();
  ASSERT_TRUE(pair.run_until_connected());

  EXPECT_TRUE(pair.alice.peer.send(pair.world.now(), channel, sctp::MessageKind::kBinary,
                                   as_bytes(pattern(1000))));
  const auto refused = pair.alice.peer.send(pair.world.now(), channel, sctp::MessageKind::kBinary,
                                            as_bytes(pattern(1001)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), sctp::SendError::kTooLarge);
}

TEST(TwoPeers, SayWhenTheBufferHasRunLow) {
  Pair pair;
  const auto channel = pair.connected_channel();
  ASSERT_TRUE(pair.run_until_connected());
  pair.alice.peer.set_low_water(channel, 100'000);

  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(pair.alice.peer.send(pair.world.now(), channel, sctp::MessageKind::kBinary,
                                     as_bytes(pattern(65536))));
  EXPECT_EQ(pair.alice.peer.buffered_amount(channel), 655'360U);
  pair.world.poke(pair.alice.host);
  ASSERT_TRUE(pair.world.run_until([&] { return pair.bob.messages.size() == 10; }, 30s));

  EXPECT_EQ(pair.alice.peer.buffered_amount(channel), 0U);
  EXPECT_EQ(pair.alice.low_water, 1U);
}

// The promise of the whole stack: whatever the network does, what was sent arrives, in order.
TEST(TwoPeers, DeliverInTwoHundredBadWorlds) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    PairOptions options;
    options.seed = seed;
    options.link.delay = 15ms;
    options.link.jitter = 20ms;
    options.link.loss = sim::percent(5);
    options.link.reorder = sim::percent(5);
    options.link.reorder_delay = 10ms;
    Pair pair(options);
    const auto channel = pair.connected_channel();
    ASSERT_TRUE(pair.run_until_connected(60s)) << "seed " << seed;
    std::vector<std::string> sent;
    for (std::size_t i = 0; i < 12; ++i) {
      sent.push_back(pattern(i * i * 300));
      ASSERT_TRUE(pair.alice.peer.send(pair.world.now(), channel, sctp::MessageKind::kBinary,
                                       as_bytes(sent.back())));
    }
    pair.world.poke(pair.alice.host);
    ASSERT_TRUE(pair.world.run_until([&] { return pair.bob.messages.size() == sent.size(); }, 300s))
        << "seed " << seed;
    ASSERT_EQ(pair.bob.messages, sent) << "seed " << seed;
  }
}

TEST(TwoPeers, CloseTogether) {
  Pair pair;
  pair.connected_channel();
  ASSERT_TRUE(pair.run_until_connected());

  pair.alice.peer.close(pair.world.now());
  pair.world.poke(pair.alice.host);
  pair.world.run_for(1s);

  EXPECT_EQ(pair.alice.peer.state(), State::kClosed);
  EXPECT_EQ(pair.bob.peer.state(), State::kClosed);
  EXPECT_EQ(pair.bob.closed_channels, 1U);
  EXPECT_TRUE(pair.bob.failures.empty());
  EXPECT_EQ(pair.alice.peer.next_time(), kNever);
  EXPECT_FALSE(pair.alice.peer.create_offer(pair.world.now()));
}

TEST(TwoPeers, NoticeThatTheOtherOneVanished) {
  Pair pair;
  pair.connected_channel();
  ASSERT_TRUE(pair.run_until_connected());

  pair.world.remove(pair.bob.host);
  ASSERT_TRUE(
      pair.world.run_until([&] { return pair.alice.peer.state() == State::kDisconnected; }, 20s));
  ASSERT_TRUE(pair.world.run_until([&] { return pair.alice.peer.state() == State::kFailed; }, 40s));

  ASSERT_EQ(pair.alice.failures.size(), 1U);
  EXPECT_TRUE(pair.alice.failures[0].starts_with("ICE: the peer has not answered"))
      << pair.alice.failures[0];
}

TEST(TwoPeers, SurviveAnOutageShorterThanConsent) {
  Pair pair;
  const auto channel = pair.connected_channel();
  ASSERT_TRUE(pair.run_until_connected());

  pair.world.link(pair.alice.host, pair.bob.host, {.loss = sim::kAlways});
  ASSERT_TRUE(pair.alice.peer.send(pair.world.now(), channel, sctp::MessageKind::kText,
                                   as_bytes("through the gap")));
  pair.world.poke(pair.alice.host);
  pair.world.run_for(15s);
  pair.world.link(pair.alice.host, pair.bob.host, {});
  ASSERT_TRUE(pair.world.run_until([&] { return pair.bob.messages.size() == 1; }, 60s));

  EXPECT_EQ(pair.alice.peer.state(), State::kConnected);
}

TEST(TwoPeers, RestartIceWhileDataFlows) {
  Pair pair;
  const auto channel = pair.connected_channel();
  ASSERT_TRUE(pair.run_until_connected());
  const std::string before(pair.alice.peer.local_ufrag());

  const auto offer = pair.alice.peer.restart_ice(pair.world.now());
  ASSERT_TRUE(offer) << to_text(offer.error());
  EXPECT_NE(pair.alice.peer.local_ufrag(), before);
  EXPECT_TRUE(offer->contains("a=candidate:")) << *offer;
  pair.carry(*offer);
  pair.world.poke(pair.alice.host);
  ASSERT_TRUE(pair.alice.peer.send(pair.world.now(), channel, sctp::MessageKind::kText,
                                   as_bytes("meanwhile")));
  pair.world.poke(pair.alice.host);
  pair.world.run_for(5s);

  EXPECT_EQ(pair.bob.messages, std::vector<std::string>{"meanwhile"});
  EXPECT_EQ(pair.alice.peer.state(), State::kConnected);
  EXPECT_EQ(pair.bob.peer.state(), State::kConnected);
}

TEST(TwoPeers, AWrongFingerprintFailsClosed) {
  Pair pair;
  ASSERT_TRUE(pair.alice.peer.open(pair.world.now(), {.label = "data"}));
  auto offer = pair.alice.peer.create_offer(pair.world.now());
  ASSERT_TRUE(offer);
  const std::size_t at = offer->find("sha-256 ") + 8;
  (*offer)[at] = (*offer)[at] == '0' ? '1' : '0';
  pair.carry(*offer);
  pair.world.poke(pair.alice.host);
  ASSERT_TRUE(pair.world.run_until([&] { return pair.bob.peer.state() == State::kFailed; }, 30s));
  pair.world.run_for(1s);

  ASSERT_EQ(pair.bob.failures.size(), 1U);
  EXPECT_TRUE(pair.bob.failures[0].starts_with("fingerprint: ")) << pair.bob.failures[0];
  EXPECT_EQ(pair.alice.peer.state(), State::kFailed);
  EXPECT_TRUE(pair.bob.opened.empty());
}

// Room for a check with its addresses and integrity, and for no ClientHello.
constexpr std::size_t kCheckFits = 200;

// Whose keys the other side may have already, and who would be waited for as long as it answers
// requests for consent.
TEST(TwoPeers, AHandshakeThatTimesOutEndsConsentToo) {
  PairOptions options;
  options.link.mtu = kCheckFits;
  Pair pair(options);
  EXPECT_EQ(pair.bob.peer.explain(), "an offer and an answer are not there yet");
  pair.negotiate();
  ASSERT_TRUE(pair.world.run_until([&] { return pair.bob.peer.selected_path().has_value(); }, 5s));
  EXPECT_TRUE(pair.bob.peer.explain().starts_with("DTLS: ")) << pair.bob.peer.explain();

  ASSERT_TRUE(pair.world.run_until([&] { return pair.bob.peer.state() == State::kFailed; }, 61s));

  EXPECT_EQ(pair.bob.peer.explain(), "DTLS: the peer did not answer in time");
  EXPECT_EQ(pair.bob.failures, std::vector<std::string>{pair.bob.peer.explain()});
  EXPECT_EQ(pair.bob.peer.ice().state(), ice::State::kClosed);
  EXPECT_EQ(pair.bob.peer.next_time(), kNever);
}

TEST(TwoPeers, SayWhatWasTriedWhenNoPathWorks) {
  PairOptions options;
  options.link.loss = sim::kAlways;
  Pair pair(options);
  pair.negotiate();
  ASSERT_TRUE(pair.world.run_until([&] { return pair.alice.peer.state() == State::kFailed; }, 60s));

  ASSERT_EQ(pair.alice.failures.size(), 1U);
  EXPECT_EQ(pair.alice.failures[0],
            "ICE: 1 pair tried, none answered; the other side offered 198.51.100.2:50002");
}

TEST(TwoPeers, DropWhatStrangersSend) {
  Pair pair;
  pair.connected_channel();
  ASSERT_TRUE(pair.run_until_connected());
  const auto from_stranger = [&](std::initializer_list<std::uint8_t> start) {
    ByteVector bytes(start);
    bytes.resize(40);
    pair.alice.peer.receive(pair.world.now(), {
                                                  .path = {Transport::kUdp, pair.alice_address,
                                                           *parse_address("203.0.113.9:9")},
                                                  .bytes = bytes
    });
  };

  from_stranger({23, 0xfe, 0xfd});
  EXPECT_RULE("8445:12.2#1");
  from_stranger({0x80});
  EXPECT_RULE("7983:7#0");
  from_stranger({0xff});
  EXPECT_RULE("7983:7#1");
  EXPECT_EQ(pair.alice.peer.state(), State::kConnected);
}

TEST(OnePeer, HoldsNoMoreEarlyPacketsThanItsLimit) {
  SeededRandom random(1);
  Config config;
  config.identity = &identity(0);
  Peer peer(config, random, glass::test::test_sink());
  ASSERT_TRUE(peer.add_host(Instant{}, *parse_address("192.0.2.1:1")));
  ASSERT_TRUE(peer.create_offer(Instant{}));
  for (std::size_t i = 0; i <= Peer::kMaxEarlyPackets; ++i) {
    ByteVector bytes{22, 0xfe, 0xfd, 0, 0};
    peer.receive(
        Instant{
    },
        {.path = {Transport::kUdp, *parse_address("192.0.2.1:1"), *parse_address("203.0.113.9:9")},
         .bytes = bytes});
  }
  EXPECT_EQ(glass::test::drop_reasons(), std::vector<std::string>{"too many early DTLS packets"});
}

TEST(OnePeer, ABadDescriptionChangesNothing) {
  Pair pair;
  const auto bad =
      pair.bob.peer.set_remote(pair.world.now(), sdp::Type::kOffer,
                               "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=nonsense\r\n");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().stage, Stage::kSdp);
  EXPECT_EQ(bad.error().line, 4U);
  EXPECT_FALSE(bad.error().text.empty());

  pair.connected_channel();
  EXPECT_TRUE(pair.run_until_connected());
}

TEST(OnePeer, ABadDescriptionInTheMiddleLeavesTheSessionRunning) {
  Pair pair;
  const auto channel = pair.connected_channel();
  ASSERT_TRUE(pair.run_until_connected());

  EXPECT_FALSE(pair.bob.peer.set_remote(pair.world.now(), sdp::Type::kOffer, "rubbish"));
  EXPECT_FALSE(pair.bob.peer.set_remote(pair.world.now(), sdp::Type::kAnswer, "v=0\r\n"));
  EXPECT_FALSE(pair.bob.peer.add_remote_candidate(pair.world.now(), "candidate:nonsense"));
  ASSERT_TRUE(pair.alice.peer.send(pair.world.now(), channel, sctp::MessageKind::kText,
                                   as_bytes("still here")));
  pair.world.poke(pair.alice.host);
  pair.world.run_for(1s);

  EXPECT_EQ(pair.bob.messages, std::vector<std::string>{"still here"});
}

TEST(OnePeer, RefusesAnotherDtlsAssociationWithinTheSession) {
  Pair pair;
  pair.connected_channel();
  ASSERT_TRUE(pair.run_until_connected());
  auto offer = pair.alice.peer.create_offer(pair.world.now());
  ASSERT_TRUE(offer);
  const std::size_t at = offer->find("sha-256 ") + 8;
  (*offer)[at] = (*offer)[at] == '0' ? '1' : '0';

  const auto refused = pair.bob.peer.set_remote(pair.world.now(), sdp::Type::kOffer, *offer);

  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().text.contains("new DTLS association")) << refused.error().text;
  EXPECT_RULE("8842:5.3#3");
}

TEST(OnePeer, LeavesTheTlsIdOutWhenTheOfferHasNone) {
  Pair pair;
  auto offer = pair.alice.peer.create_offer(pair.world.now());
  ASSERT_TRUE(offer);
  const std::size_t at = offer->find("a=tls-id:");
  ASSERT_NE(at, std::string::npos);
  offer->erase(at, offer->find("\r\n", at) + 2 - at);

  ASSERT_TRUE(pair.bob.peer.set_remote(pair.world.now(), sdp::Type::kOffer, *offer));
  const auto answer = pair.bob.peer.create_answer(pair.world.now());

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->find("a=tls-id:"), std::string::npos);
  EXPECT_RULE("8842:5.3#6");
}

TEST(OnePeer, NamesTheMistakeOfItsCaller) {
  Pair pair;
  EXPECT_EQ(to_text(pair.alice.peer.create_answer(pair.world.now()).error()),
            "usage: there is no offer to answer");
  EXPECT_EQ(to_text(pair.alice.peer.restart_ice(pair.world.now()).error()),
            "usage: there is no session to restart");
  const auto rollback = pair.alice.peer.set_remote(pair.world.now(), sdp::Type::kRollback, "");
  EXPECT_FALSE(rollback);
}

TEST(Error, NamesStageLineAndColumn) {
  EXPECT_EQ(to_text(Error{.stage = Stage::kSdp, .line = 7, .column = 3, .text = "no port"}),
            "SDP line 7, column 3: no port");
}

}  // namespace
}  // namespace glass::peer::test
