// tests/net/streams_test.cc - packets over TCP and TLS on loopback.
#include "net/streams.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "net/loop.h"
#include "net/tls.h"

namespace glass::net {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLimit = 10s;  // never reached unless something is broken

// Keeps what comes, sends what it is told to.
class TestNode {
 public:
  struct Event {};

  void receive(Instant, const Received& in) {
    heard.emplace_back(in.path, ByteVector(in.bytes.begin(), in.bytes.end()));
    if (echoes) outgoing.push_back(heard.back());
  }
  void on_time(Instant) {}
  [[nodiscard]] Instant next_time() const { return kNever; }
  std::optional<Path> poll_transmit(Instant, PacketBuffer& out) {
    if (outgoing.empty()) return std::nullopt;
    const auto [path, bytes] = std::move(outgoing.front());
    outgoing.pop_front();
    out.assign(bytes);
    return path;
  }
  std::optional<Event> poll_event() { return std::nullopt; }

  bool echoes = false;
  std::vector<std::pair<Path, ByteVector>> heard;
  std::deque<std::pair<Path, ByteVector>> outgoing;
};
static_assert(Node<TestNode>);

// A frame of channel data with `payload` bytes of `fill`.
ByteVector packet(std::size_t payload, std::uint8_t fill) {
  ByteVector out(4 + payload, fill);
  out[0] = 0x40;
  out[1] = 0x00;
  out[2] = static_cast<std::uint8_t>(payload >> 8);
  out[3] = static_cast<std::uint8_t>(payload);
  return out;
}

struct Side {
  explicit Side(Loop& l, const StreamLimits& limits = {})
      : loop(l),
        id(l.add(node, std::span<UdpSocket* const>(), [](TestNode::Event&) {})),
        streams(l, id, limits, [this](const Streams::Closed& c) { closed.push_back(c); }) {}
  void send(const Path& path, ByteVector bytes) {
    node.outgoing.emplace_back(path, std::move(bytes));
    loop.poke(id);
  }

  Loop& loop;
  TestNode node;
  NodeId id;
  Streams streams;
  std::vector<Streams::Closed> closed;
};

struct StreamsTest : testing::Test {
  Loop loop;
  Side client{loop};
  Side server{loop};
  Address here = *parse_ip("127.0.0.1");

  Path listen(Transport transport, Framing framing = Framing::kStun) {
    const auto at = server.streams.listen(transport, here, framing);
    EXPECT_TRUE(at.has_value()) << at.error().text;
    return {transport, here, *at};
  }
  void use_certificate(const std::vector<std::string>& names, const TlsContext::Trust& trust) {
    const PemPair pem = make_self_signed("test", names);
    server.streams.set_server(*TlsContext::server(pem.certificate, pem.key));
    client.streams.set_client(*TlsContext::client(trust));
  }
  bool until(const std::function<bool()>& done) { return loop.run_until(done, kLimit); }
};

TEST_F(StreamsTest, TheFirstPacketOpensAConnectionAndTheAnswerComesBackOnItsPath) {
  server.node.echoes = true;
  const Path path = listen(Transport::kTcp);

  client.send(path, packet(5, 1));

  ASSERT_TRUE(until([&] { return !client.node.heard.empty(); }));
  EXPECT_EQ(client.node.heard[0], std::pair(path, packet(5, 1)));
  EXPECT_EQ(server.node.heard[0].first.local, path.remote);
  EXPECT_EQ(server.streams.connections(), 1U);
}

TEST_F(StreamsTest, ManyPacketsOfAllSizesArriveWholeAndInOrder) {
  for (const Transport transport : {Transport::kTcp, Transport::kTls}) {
    if (transport == Transport::kTls) use_certificate({}, {.accepts_all = true});
    server.node.heard.clear();
    const Path path = listen(transport);
    constexpr std::size_t kCount = 1500;

    for (std::size_t i = 0; i < kCount; ++i) {
      client.send(path, packet(i, static_cast<std::uint8_t>(i)));
      if (i % 100 == 0) {
        ASSERT_TRUE(until([&] { return server.node.heard.size() == i + 1; }));
      }
    }

    ASSERT_TRUE(until([&] { return server.node.heard.size() == kCount; }));
    for (std::size_t i = 0; i < kCount; ++i)
      ASSERT_EQ(server.node.heard[i].second, packet(i, static_cast<std::uint8_t>(i))) << i;
    EXPECT_EQ(client.streams.counters().dropped, 0U);
  }
}

TEST_F(StreamsTest, ActiveIceCandidatesFrameByLength) {
  const Path path = listen(Transport::kTcp, Framing::kLengthPrefixed);
  const Path active{Transport::kTcp, here.with_port(9), path.remote};

  client.send(active, {0x16, 0xfe, 0xfd});
  client.send(active, {});

  ASSERT_TRUE(until([&] { return server.node.heard.size() == 2; }));
  EXPECT_EQ(server.node.heard[0].second, (ByteVector{0x16, 0xfe, 0xfd}));
  EXPECT_TRUE(server.node.heard[1].second.empty());
}

TEST_F(StreamsTest, TlsAcceptsACertificateThatBearsTheAddress) {
  const PemPair pem = make_self_signed("test", {"127.0.0.1"});
  const std::string file = testing::TempDir() + "/glass_streams_ca.pem";
  FILE* const out = std::fopen(file.c_str(), "w");
  ASSERT_NE(out, nullptr);
  std::fputs(pem.certificate.c_str(), out);
  std::fclose(out);
  server.streams.set_server(*TlsContext::server(pem.certificate, pem.key));
  client.streams.set_client(*TlsContext::client({.ca_file = file}));
  server.node.echoes = true;

  client.send(listen(Transport::kTls), packet(9, 2));

  EXPECT_TRUE(until([&] { return !client.node.heard.empty(); }));
}

TEST_F(StreamsTest, TlsRefusesACertificateThatNobodyVouchesFor) {
  use_certificate({"127.0.0.1"}, {});

  client.send(listen(Transport::kTls), packet(9, 2));

  ASSERT_TRUE(until([&] { return !client.closed.empty(); }));
  EXPECT_EQ(client.closed[0].reason, CloseReason::kCertificate);
  EXPECT_NE(client.closed[0].text.find("self"), std::string::npos) << client.closed[0].text;
  EXPECT_TRUE(server.node.heard.empty());
}

TEST_F(StreamsTest, TlsRefusesACertificateOfAnotherName) {
  const PemPair pem = make_self_signed("test", {"192.0.2.1"});
  const std::string file = testing::TempDir() + "/glass_streams_other.pem";
  FILE* const out = std::fopen(file.c_str(), "w");
  ASSERT_NE(out, nullptr);
  std::fputs(pem.certificate.c_str(), out);
  std::fclose(out);
  server.streams.set_server(*TlsContext::server(pem.certificate, pem.key));
  client.streams.set_client(*TlsContext::client({.ca_file = file}));

  client.send(listen(Transport::kTls), packet(9, 2));

  ASSERT_TRUE(until([&] { return !client.closed.empty(); }));
  EXPECT_EQ(client.closed[0].reason, CloseReason::kCertificate);
}

TEST_F(StreamsTest, NobodyListeningIsReported) {
  const Path path = listen(Transport::kTcp);
  Side gone(loop);
  const auto at = gone.streams.listen(Transport::kTcp, here, Framing::kStun);
  ASSERT_TRUE(at.has_value());
  const Address closed_port = at->with_port(1);

  client.send({Transport::kTcp, here, closed_port}, packet(1, 1));

  ASSERT_TRUE(until([&] { return !client.closed.empty(); }));
  EXPECT_EQ(client.closed[0].reason, CloseReason::kUnreachable);
  EXPECT_EQ(client.closed[0].text, "Connection refused");
  EXPECT_FALSE(client.streams.has(path));
}

TEST_F(StreamsTest, TheEndOfOneSideReachesTheOther) {
  const Path path = listen(Transport::kTcp);
  client.send(path, packet(1, 1));
  ASSERT_TRUE(until([&] { return !server.node.heard.empty(); }));

  client.streams.close(path);

  ASSERT_TRUE(until([&] { return !server.closed.empty() && !client.closed.empty(); }));
  EXPECT_EQ(server.closed[0].reason, CloseReason::kByPeer);
  EXPECT_EQ(client.closed[0].reason, CloseReason::kByUs);
  EXPECT_EQ(server.streams.connections(), 0U);
}

TEST_F(StreamsTest, AServerNeverConnectsBackToWhoHasLeft) {
  const Path path = listen(Transport::kTcp);
  client.send(path, packet(1, 1));
  ASSERT_TRUE(until([&] { return !server.node.heard.empty(); }));
  client.streams.close(path);
  ASSERT_TRUE(until([&] { return !server.closed.empty(); }));

  server.send(server.node.heard[0].first, packet(1, 1));

  ASSERT_TRUE(until([&] { return server.streams.counters().dropped == 1; }));
  EXPECT_EQ(server.streams.connections(), 0U);
}

// A plain socket of the system, for what Streams never does by itself.
int raw_connect(const Address& to) {
  const int handle = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(to.port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(handle, static_cast<sockaddr*>(static_cast<void*>(&name)), sizeof name), 0);
  return handle;
}

TEST_F(StreamsTest, WhatSpeaksAnotherProtocolIsCutOff) {
  const int handle = raw_connect(listen(Transport::kTcp).remote);
  const ByteVector hello{0x16, 0x03, 0x01, 0x02};  // a TLS client

  ASSERT_EQ(write(handle, hello.data(), hello.size()), static_cast<ssize_t>(hello.size()));

  ASSERT_TRUE(until([&] { return !server.closed.empty(); }));
  EXPECT_EQ(server.closed[0].reason, CloseReason::kBroken);
  close(handle);
}

TEST_F(StreamsTest, EachPacketIsATlsRecordOfItsOwn) {
  use_certificate({}, {.accepts_all = true});
  server.node.echoes = true;
  const int handle = raw_connect(listen(Transport::kTls).remote);
  TlsPipe pipe(*TlsContext::client({.accepts_all = true}), "localhost");
  std::vector<std::size_t> records;
  const auto pump = [&] {
    ByteVector wire;
    pipe.to_wire(wire);
    EXPECT_EQ(write(handle, wire.data(), wire.size()), static_cast<ssize_t>(wire.size()));
    std::array<std::uint8_t, 4096> bytes{};
    const ssize_t got = recv(handle, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got > 0) pipe.from_wire(Bytes(bytes).first(static_cast<std::size_t>(got)));
    while (const std::size_t size = pipe.read(bytes)) records.push_back(size);
  };
  ASSERT_TRUE(until([&] {
    pump();
    return pipe.is_open();
  }));
  ByteVector two = packet(5, 1);  // padded to 12 bytes, in a stream
  two.resize(12);
  const ByteVector other = packet(8, 2);
  two.insert(two.end(), other.begin(), other.end());

  pipe.write(two);

  ASSERT_TRUE(until([&] {
    pump();
    return records.size() >= 2;
  }));
  EXPECT_EQ(records, (std::vector<std::size_t>{12, 12}));
  close(handle);
}

TEST(StreamsLimits, WhoSaysNothingIsClosed) {
  Loop loop;
  Side server(loop, {.opening = 100ms});
  const auto at = server.streams.listen(Transport::kTcp, *parse_ip("127.0.0.1"), Framing::kStun);
  const int handle = raw_connect(*at);

  ASSERT_TRUE(loop.run_until([&] { return !server.closed.empty(); }, kLimit));

  EXPECT_EQ(server.closed[0].reason, CloseReason::kTooSlow);
  EXPECT_EQ(server.closed[0].text, "no packet came");
  close(handle);
}

TEST(StreamsLimits, OneAddressGetsItsShareOfConnections) {
  Loop loop;
  Side server(loop, {.connections_of_one_ip = 2});
  const auto at = server.streams.listen(Transport::kTcp, *parse_ip("127.0.0.1"), Framing::kStun);
  std::array<int, 3> handles{};
  for (int& handle : handles) handle = raw_connect(*at);

  ASSERT_TRUE(loop.run_until([&] { return server.streams.counters().refused == 1; }, kLimit));

  EXPECT_EQ(server.streams.connections(), 2U);
  for (const int handle : handles) close(handle);
}

TEST(StreamsLimits, AReaderThatStopsCostsItsQueueAndIsClosed) {
  Loop loop;
  Side server(loop, {.unsent = 64 * 1024, .stalled = 200ms});
  const auto at = server.streams.listen(Transport::kTcp, *parse_ip("127.0.0.1"), Framing::kStun);
  const int handle = raw_connect(*at);
  const ByteVector hello = packet(0, 0);
  ASSERT_EQ(write(handle, hello.data(), hello.size()), static_cast<ssize_t>(hello.size()));
  ASSERT_TRUE(loop.run_until([&] { return !server.node.heard.empty(); }, kLimit));
  const Path path = server.node.heard[0].first;

  while (server.streams.counters().dropped == 0) {  // until the kernel and then the queue are full
    for (int i = 0; i < 100; ++i) server.send(path, packet(1400, 1));
    bool later = false;
    loop.post([&] { later = true; });
    ASSERT_TRUE(loop.run_until([&] { return later; }, kLimit));
  }

  // The kernel may make room once more, and then there has to be something that waits.
  const auto is_closed = [&] {
    if (server.closed.empty()) server.send(path, packet(1400, 1));
    return !server.closed.empty();
  };
  ASSERT_TRUE(loop.run_until(is_closed, kLimit));
  EXPECT_EQ(server.closed[0].text, "the reader is too slow");
  close(handle);
}

TEST(TlsContext, SaysWhatIsWrongWithTheFiles) {
  const PemPair one = make_self_signed("one", {});
  const PemPair other = make_self_signed("other", {});

  EXPECT_EQ(TlsContext::server("", one.key).error(), "there is no certificate in PEM form");
  EXPECT_EQ(TlsContext::server(one.certificate, "x").error(),
            "there is no private key in PEM form");
  EXPECT_TRUE(TlsContext::server(one.certificate, other.key).error().starts_with("the key: "));
  EXPECT_FALSE(TlsContext::client({.ca_file = "/does/not/exist"}).has_value());
}

}  // namespace
}  // namespace glass::net
