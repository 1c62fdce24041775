// A peer, or somebody in between, who means no good: keys of low order, floods of alerts, questions
// that are to be answered with more than they cost. And a hello with groups that nobody here knows.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/text.h"
#include "base/writer.h"
#include "dtls/connection.h"
#include "dtls/extensions/key_share.h"
#include "dtls/handshake.h"
#include "dtls/messages/server_hello.h"
#include "dtls/record.h"
#include "tests/dtls/support/link.h"
#include "tests/dtls/support/puppet.h"
#include "tests/dtls/support/puppet13.h"
#include "tests/support/rules.h"
#include "tests/support/source_dir.h"

namespace glass::dtls::test {
namespace {

// RFC 7748 §6.1 and its security considerations: the points of Curve25519 whose order divides 8, in
// each of the ways to write them.
const std::array<const char*, 7> kLowOrderPoints{
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};

TEST(LowOrder, PointsAreRefusedByEachRoleOfEachVersion) {
  for (const char* const each : kLowOrderPoints) {
    SCOPED_TRACE(each);
    const ByteVector point = from_hex(each).value();

    ServerPuppet server(be_transparent);
    server.send_hello(server.hello());
    server.send_certificate();
    server.send_key_exchange([&](ServerKeyExchange& exchange) { exchange.public_key = point; });
    EXPECT_EQ(server.alert(), 47);

    ClientPuppet client(be_transparent);
    client.send_hello(client.hello());
    client.send_certificate();
    client.message(HandshakeType::kClientKeyExchange,
                   body_of(ClientKeyExchange{.public_key = point}));
    EXPECT_EQ(client.alert(), 47);

    Server13Puppet server13;
    server13.extensions.set(ExtensionType::kKeyShare, server_share(29, point));
    server13.send_hello();
    EXPECT_EQ(server13.alert(), 47);

    Client13Puppet client13;
    client13.set_share(29, point);
    client13.send_hello();
    EXPECT_EQ(client13.alert(), 47);
  }
  EXPECT_RULE("8422:5.11#1");
  EXPECT_RULE("8446:7.4.2#3");
}

// --- floods ---

TEST(AlertFlood, IsReadAndNeverAnswered) {
  ServerPuppet server(be_transparent);
  server.flight();
  server.finish();
  ASSERT_TRUE(server.ours->is_open());
  const std::size_t before = server.sent.size();

  for (int i = 0; i < 5000; ++i) {
    server.sealed(ContentType::kAlert, ByteVector{1, 90});  // user_canceled
    server.record(ContentType::kAlert, ByteVector{2, 40});  // in plain, so from anybody
  }

  EXPECT_TRUE(server.ours->is_open()) << server.end();
  EXPECT_EQ(server.sent.size(), before);
}

TEST(AlertFlood, OfDtls13IsReadAndNeverAnswered) {
  Server13Puppet server;
  server.open();
  ASSERT_TRUE(server.ours->is_open()) << server.end();
  const std::size_t before = server.sent.size();

  for (int i = 0; i < 5000; ++i) {
    server.sealed(ContentType::kAlert, ByteVector{1, 90}, 3);
    server.plain(ContentType::kAlert, ByteVector{2, 40});
  }

  EXPECT_TRUE(server.ours->is_open()) << server.end();
  EXPECT_EQ(server.sent.size(), before);
}

TEST(AlertFlood, OnAConnectionThatIsOverIsNotAnswered) {
  ServerPuppet server;
  server.record(ContentType::kAlert, ByteVector{2, 40});
  ASSERT_EQ(server.ours->closed.size(), 1U);
  const std::size_t before = server.sent.size();

  for (int i = 0; i < 5000; ++i) server.record(ContentType::kAlert, ByteVector{2, 40});

  EXPECT_EQ(server.sent.size(), before);
}

TEST(RenegotiationFlood, IsRefusedAFewTimes) {
  ClientPuppet client(be_transparent);
  client.connect();
  ASSERT_TRUE(client.ours->is_open());
  const std::size_t before = client.sent.size();

  for (int i = 0; i < 5000; ++i)
    client.message(HandshakeType::kClientHello, body_of(client.hello()), 1);

  EXPECT_TRUE(client.ours->is_open());
  EXPECT_EQ(client.sent.size(), before + 4);
}

// --- amplification: before the cookie is back nobody gets more than he has sent ---

TEST(Amplification, OfAServerThatAsksForACookieIsNone) {
  const auto want_cookie = [](Config& config) { config.cookie_exchange = true; };
  ClientPuppet client(want_cookie);
  client.send_hello(client.hello());
  ASSERT_EQ(client.sent.size(), 1U);
  EXPECT_LE(client.sent[0].size(),
            kRecordHeaderSize + kHandshakeHeaderSize + body_of(client.hello()).size());
  EXPECT_EQ(client.ours->next_time(), kNever);  // and is not said again by itself

  Client13Puppet client13(want_cookie);
  client13.send_hello();
  ASSERT_EQ(client13.sent.size(), 1U);
  EXPECT_LE(client13.sent[0].size(),
            kRecordHeaderSize + kHandshakeHeaderSize + body_of(client13.hello).size());
  EXPECT_EQ(client13.ours->next_time(), kNever);
}

// A forged hello, once more and once more: one answer each within half a timer at most.
TEST(Amplification, OfRepeatedHellosIsBounded) {
  ClientPuppet client;
  client.send_hello(client.hello());
  const std::size_t flight = client.sent.size();

  for (int i = 0; i < 1000; ++i) {
    client.next_message = 0;
    client.send_hello(client.hello());
  }

  EXPECT_EQ(client.sent.size(), flight);
}

// --- groups that we do not know ---

// The hello of Chromium with X25519MLKEM768 in front, cut anew into pieces of any size.
TEST(UnknownGroups, OfABrowserArePassedOverHoweverItsHelloIsSplit) {
  std::ifstream in(glass::test::source_dir() + "/tests/dtls/fixtures/chromium_client_hello.hex");
  Reassembly reassembly(glass::test::test_trace(Layer::kDtls));
  for (std::string line; std::getline(in, line);) {
    const ByteVector datagram = from_hex(line).value();
    Reader reader(datagram);
    const auto record = parse_record(reader);
    Reader text(record.value().fragment);
    ASSERT_TRUE(reassembly.add(parse_fragment(text).value()));
  }
  const std::optional<Message> hello = reassembly.pop();
  ASSERT_TRUE(hello.has_value());
  ASSERT_GT(hello->body.size(), 1216U);  // a key of ML-KEM-768 and one of X25519

  for (const std::size_t size : {60UL, 200UL, 500UL, 1000UL, 1187UL}) {
    for (const bool reversed : {false, true}) {
      SCOPED_TRACE(std::to_string(size) + (reversed ? " reversed" : ""));
      std::vector<ByteVector> datagrams;
      for (std::size_t begin = 0; begin < hello->body.size(); begin += size) {
        ByteVector text;
        Writer writer(text);
        const std::size_t count = std::min(size, hello->body.size() - begin);
        write(writer, Fragment{.type = HandshakeType::kClientHello,
                               .length = static_cast<std::uint32_t>(hello->body.size()),
                               .message_seq = 0,
                               .offset = static_cast<std::uint32_t>(begin),
                               .bytes = Bytes(hello->body).subspan(begin, count)});
        ByteVector datagram;
        Writer out(datagram);
        write(out, Record{.type = ContentType::kHandshake,
                          .version = kDtls10,
                          .sequence = datagrams.size(),
                          .fragment = text});
        datagrams.push_back(datagram);
      }
      if (reversed) std::ranges::reverse(datagrams);
      Config config = config_for(Role::kServer);
      config.max_version = Version::k13;
      Puppet client(config);

      for (const ByteVector& each : datagrams) {
        const bool is_last = &each == &datagrams.back();
        client.feed(each);
        EXPECT_TRUE(is_last || client.sent.empty()) << "decided before the hello was whole";
      }

      ASSERT_FALSE(client.sent.empty()) << client.end();
      Reader reader(client.sent[0]);
      const auto record = parse_record(reader);
      Reader text(record.value().fragment);
      Reader body(parse_fragment(text).value().bytes);
      const auto answer = parse_server_hello(body);
      ASSERT_TRUE(answer.has_value());
      EXPECT_EQ(hex(answer->extensions.find(ExtensionType::kSupportedVersions)->data), "fefc");
      Reader share(answer->extensions.find(ExtensionType::kKeyShare)->data);
      EXPECT_EQ(parse_server_share(share).value().group, 29);
    }
  }
}

}  // namespace
}  // namespace glass::dtls::test
