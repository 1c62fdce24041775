// Each state of each role in both versions, and each message that may come there: taken, answered
// with the alert that the RFC names, or silently dropped.
//
// RFC 5246 §7.4 and RFC 8446 §4: a message out of its order ends the handshake with
// unexpected_message. Dropped is what cannot be the peer's word: not in the right epoch (RFC 9147
// §6.1), or before there is anybody to answer.
#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "dtls/connection.h"
#include "dtls/handshake.h"
#include "dtls/messages/hello_verify_request.h"
#include "dtls/wire.h"
#include "tests/dtls/support/link.h"
#include "tests/dtls/support/puppet.h"
#include "tests/dtls/support/puppet13.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

// + taken or passed over, ! unexpected_message, - dropped.
constexpr std::string_view kColumns =
    "HelloRequest ClientHello ServerHello HelloVerifyRequest NewSessionTicket EndOfEarlyData "
    "EncryptedExtensions RequestConnectionId NewConnectionId Certificate ServerKeyExchange "
    "CertificateRequest ServerHelloDone CertificateVerify ClientKeyExchange Finished KeyUpdate";

constexpr std::array<HandshakeType, 17> kMessages{HandshakeType::kHelloRequest,
                                                  HandshakeType::kClientHello,
                                                  HandshakeType::kServerHello,
                                                  HandshakeType::kHelloVerifyRequest,
                                                  HandshakeType::kNewSessionTicket,
                                                  HandshakeType::kEndOfEarlyData,
                                                  HandshakeType::kEncryptedExtensions,
                                                  HandshakeType::kRequestConnectionId,
                                                  HandshakeType::kNewConnectionId,
                                                  HandshakeType::kCertificate,
                                                  HandshakeType::kServerKeyExchange,
                                                  HandshakeType::kCertificateRequest,
                                                  HandshakeType::kServerHelloDone,
                                                  HandshakeType::kCertificateVerify,
                                                  HandshakeType::kClientKeyExchange,
                                                  HandshakeType::kFinished,
                                                  HandshakeType::kKeyUpdate};

struct Row {
  std::string_view state;
  std::size_t steps;  // of the honest handshake that lead there
  std::string_view cells;
};

template <class Peer>
using Steps = std::vector<std::function<void(Peer&)>>;
template <class Peer>
using Sender = std::function<void(Peer&, HandshakeType)>;

int alert_of(const Puppet13& peer) { return peer.alert(); }
// Sealed once we have said ChangeCipherSpec, which transparent cryptography leaves readable.
int alert_of(const Puppet& peer) {
  int last = peer.alert();
  for (const ByteVector& each : peer.sent)
    if (each[0] == 21 && each[4] == 1) last = each.at(kRecordHeaderSize + kExplicitNonceSize + 1);
  return last;
}

template <class Peer>
char outcome(Peer& peer, const std::function<void()>& send) {
  const std::size_t dropped = glass::test::drop_reasons().size();
  send();
  if (!peer.ours->closed.empty()) return alert_of(peer) == 10 ? '!' : '?';
  return glass::test::drop_reasons().size() > dropped ? '-' : '+';
}

template <class Peer>
void expect_table(const std::function<std::unique_ptr<Peer>()>& make, const Steps<Peer>& steps,
                  const Sender<Peer>& send, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    std::string cells;
    for (const HandshakeType message : kMessages) {
      const std::unique_ptr<Peer> peer = make();
      for (std::size_t i = 0; i < row.steps; ++i) steps.at(i)(*peer);
      ASSERT_TRUE(peer->ours->closed.empty()) << row.state << ": " << peer->end();
      cells += outcome(*peer, [&] { send(*peer, message); });
    }
    EXPECT_EQ(cells, row.cells) << row.state << "\n" << kColumns;
  }
}

// --- DTLS 1.2 ---

void send_to_client(ServerPuppet& server, HandshakeType type) {
  switch (type) {
    case HandshakeType::kServerHello: return server.send_hello(server.hello());
    case HandshakeType::kHelloVerifyRequest:
      return server.message(type, body_of(HelloVerifyRequest{
                                      .cookie = ByteVector{1, 2}
      }));
    case HandshakeType::kCertificate: return server.send_certificate();
    case HandshakeType::kServerKeyExchange: return server.send_key_exchange();
    case HandshakeType::kCertificateRequest:
      return server.message(type, body_of(CertificateRequest{.certificate_types = {64},
                                                             .signature_algorithms = {0x0403},
                                                             .authorities = {}}));
    case HandshakeType::kFinished:
      server.change_cipher();
      return server.message(type, ByteVector(12, 0), 1);
    default: return server.message(type, {});
  }
}

// HelloRequest is no part of the order (RFC 5246 §7.4.1.1). Finished is sealed, so before there are
// keys it is kept like any sealed record (RFC 6347 §4.1); in the open state all of this is plain
// text of an old epoch, and the sealed Finished one that was dealt with.
TEST(StateTable, OfOurClientInDtls12) {
  const Steps<ServerPuppet> steps{
      [](ServerPuppet& s) { send_to_client(s, HandshakeType::kServerHello); },
      [](ServerPuppet& s) { send_to_client(s, HandshakeType::kCertificate); },
      [](ServerPuppet& s) { send_to_client(s, HandshakeType::kServerKeyExchange); },
      [](ServerPuppet& s) { send_to_client(s, HandshakeType::kCertificateRequest); },
      [](ServerPuppet& s) { send_to_client(s, HandshakeType::kServerHelloDone); },
      [](ServerPuppet& s) { send_to_client(s, HandshakeType::kFinished); }};
  expect_table<ServerPuppet>(
      [] {
        return std::make_unique<ServerPuppet>(be_transparent);
  },
      steps, send_to_client,
      {
          {"WAIT ServerHello", 0, "+!++!!!!!!!!!!!+!"},
          {"WAIT Certificate", 1, "+!!!!!!!!+!!!!!+!"},
          {"WAIT ServerKeyExchange", 2, "+!!!!!!!!!+!!!!+!"},
          {"WAIT ServerHelloDone", 3, "+!!!!!!!!!!++!!+!"},
          {"WAIT ServerHelloDone, asked", 4, "+!!!!!!!!!!!+!!+!"},
          {"WAIT Finished", 5, "+!!!!!!!!!!!!!!+!"},
          {"open", 6, "-----------------"},
      });
  EXPECT_RULE("5246:7.4#1");
}

void send_to_server(ClientPuppet& client, HandshakeType type) {
  switch (type) {
    case HandshakeType::kClientHello: return client.send_hello(client.hello());
    case HandshakeType::kCertificate: return client.send_certificate();
    case HandshakeType::kClientKeyExchange: return client.send_key_exchange();
    case HandshakeType::kCertificateVerify: return client.send_verify();
    case HandshakeType::kFinished:
      client.change_cipher();
      return client.message(type, ByteVector(12, 0), 1);
    default: return client.message(type, {});
  }
}

// A server that has heard no hello owes nobody an answer.
TEST(StateTable, OfOurServerInDtls12) {
  const Steps<ClientPuppet> steps{
      [](ClientPuppet& c) { send_to_server(c, HandshakeType::kClientHello); },
      [](ClientPuppet& c) { send_to_server(c, HandshakeType::kCertificate); },
      [](ClientPuppet& c) { send_to_server(c, HandshakeType::kClientKeyExchange); },
      [](ClientPuppet& c) { send_to_server(c, HandshakeType::kCertificateVerify); },
      [](ClientPuppet& c) { send_to_server(c, HandshakeType::kFinished); }};
  expect_table<ClientPuppet>(
      [] {
        return std::make_unique<ClientPuppet>(be_transparent);
  },
      steps, send_to_server,
      {
          {"WAIT ClientHello", 0, "-+-------------+-"},
          {"WAIT Certificate", 1, "!!!!!!!!!+!!!!!+!"},
          {"WAIT ClientKeyExchange", 2, "!!!!!!!!!!!!!!++!"},
          {"WAIT CertificateVerify", 3, "!!!!!!!!!!!!!+!+!"},
          {"WAIT Finished", 4, "!!!!!!!!!!!!!!!+!"},
          {"open", 5, "-----------------"},
      });
}

// --- DTLS 1.3 ---

template <std::uint64_t kEpoch>
void send_to_client13(Server13Puppet& server, HandshakeType type) {
  if (kEpoch == 2) {
    switch (type) {
      case HandshakeType::kEncryptedExtensions: return server.send_encrypted();
      case HandshakeType::kCertificateRequest: return server.send_request();
      case HandshakeType::kCertificate: return server.send_certificate();
      case HandshakeType::kCertificateVerify: return server.send_verify();
      case HandshakeType::kFinished: return server.finish();
      default: break;
    }
  }
  if (kEpoch == 0 && type == HandshakeType::kServerHello) return server.send_hello();
  if (type == HandshakeType::kNewSessionTicket)
    return server.message(type, {0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 1, 7, 0, 0}, kEpoch);
  if (type == HandshakeType::kKeyUpdate) return server.message(type, {0}, kEpoch);
  server.message(type, {}, kEpoch);
}

Steps<Server13Puppet> steps_of_server13() {
  return {
      [](Server13Puppet& s) { s.send_hello(); },   [](Server13Puppet& s) { s.send_encrypted(); },
      [](Server13Puppet& s) { s.send_request(); }, [](Server13Puppet& s) { s.send_certificate(); },
      [](Server13Puppet& s) { s.send_verify(); },  [](Server13Puppet& s) { s.finish(); }};
}

TEST(StateTable, OfOurClientInDtls13) {
  const auto make = [] { return std::make_unique<Server13Puppet>(); };
  expect_table<Server13Puppet>(make, steps_of_server13(), send_to_client13<2>,
                               {
                                   {"WAIT_EE",       1, "!!!!!!+!!!!!!!!!!"},
                                   {"WAIT_CERT_CR",  2, "!!!!!!!!!+!+!!!!!"},
                                   {"WAIT_CERT",     3, "!!!!!!!!!+!!!!!!!"},
                                   {"WAIT_CV",       4, "!!!!!!!!!!!!!+!!!"},
                                   {"WAIT_FINISHED", 5, "!!!!!!!!!!!!!!!+!"},
  });
  expect_table<Server13Puppet>(make, steps_of_server13(), send_to_client13<3>,
                               {
                                   {"CONNECTED", 6, "!!!!+!!!!!!!!!!!+"},
  });
  // The wrong epoch: plain text once there are keys, keys of the handshake once it is over.
  expect_table<Server13Puppet>(make, steps_of_server13(), send_to_client13<0>,
                               {
                                   {"WAIT_EE, in plain",   1, "-----------------"},
                                   {"CONNECTED, in plain", 6, "-----------------"},
  });
  expect_table<Server13Puppet>(make, steps_of_server13(), send_to_client13<2>,
                               {
                                   {"CONNECTED, in epoch 2", 6, "-----------------"},
  });
  EXPECT_RULE("8446:4#2");
  EXPECT_RULE("9147:6.1#0");
}

template <std::uint64_t kEpoch>
void send_to_server13(Client13Puppet& client, HandshakeType type) {
  if (kEpoch == 0 && type == HandshakeType::kClientHello) return client.send_hello();
  if (type == HandshakeType::kCertificate)
    return client.message(
        type, body_bytes(Certificate13{.context = {}, .chain = {alice().certificate_der()}}),
        kEpoch);
  if (type == HandshakeType::kCertificateVerify)
    return client.message(
        type, body_bytes(CertificateVerify{.scheme = 0x0403, .signature = ByteVector(70, 1)}),
        kEpoch);
  if (type == HandshakeType::kFinished)
    return client.message(type, ByteVector(kDigestSize, 0), kEpoch);
  if (type == HandshakeType::kKeyUpdate) return client.message(type, {0}, kEpoch);
  client.message(type, {}, kEpoch);
}

TEST(StateTable, OfOurServerInDtls13) {
  const auto make = [] { return std::make_unique<Client13Puppet>(); };
  const Steps<Client13Puppet> steps{
      [](Client13Puppet& c) { c.send_hello(); },
      [](Client13Puppet& c) { send_to_server13<2>(c, HandshakeType::kCertificate); },
      [](Client13Puppet& c) { send_to_server13<2>(c, HandshakeType::kCertificateVerify); },
      [](Client13Puppet& c) { send_to_server13<2>(c, HandshakeType::kFinished); }};
  expect_table<Client13Puppet>(make, steps, send_to_server13<0>,
                               {
                                   {"START", 0, "-+---------------"},
  });
  expect_table<Client13Puppet>(make, steps, send_to_server13<2>,
                               {
                                   {"WAIT_CERT",     1, "!!!!!!!!!+!!!!!!!"},
                                   {"WAIT_CV",       2, "!!!!!!!!!!!!!+!!!"},
                                   {"WAIT_FINISHED", 3, "!!!!!!!!!!!!!!!+!"},
  });
  expect_table<Client13Puppet>(make, steps, send_to_server13<3>,
                               {
                                   {"CONNECTED", 4, "!!!!!!!!!!!!!!!!+"},
  });
  expect_table<Client13Puppet>(make, steps, send_to_server13<0>,
                               {
                                   {"WAIT_CERT, in plain", 1, "-----------------"},
  });
}

// After HelloRetryRequest only the second hello counts, still in plain.
TEST(StateTable, OfOurServerInDtls13AfterARetry) {
  const auto make = [] {
    return std::make_unique<Client13Puppet>([](Config& config) { config.cookie_exchange = true; });
  };
  const Steps<Client13Puppet> steps{[](Client13Puppet& c) { c.send_hello(); }};
  const Sender<Client13Puppet> send = [](Client13Puppet& client, HandshakeType type) {
    if (type != HandshakeType::kClientHello) return client.message(type, {}, 0);
    Reader in(Bytes(client.sent.front()).subspan(25));
    const auto retry = parse_server_hello(in);
    ASSERT_TRUE(retry.has_value());
    const Bytes cookie = retry->extensions.find(ExtensionType::kCookie)->data;
    client.extensions.set(ExtensionType::kCookie, ByteVector(cookie.begin(), cookie.end()));
    client.send_hello();
  };
  expect_table<Client13Puppet>(make, steps, send,
                               {
                                   {"START, retried", 1, "!+!!!!!!!!!!!!!!!"},
  });
}

}  // namespace
}  // namespace glass::dtls::test
