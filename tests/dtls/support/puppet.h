// tests/dtls/support/puppet.h - the other side of one connection of DTLS 1.2, as a test's hands:
// each message is made and sent by name.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/writer.h"
#include "crypto/aead.h"
#include "crypto/key_exchange.h"
#include "dtls/connection.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/handshake.h"
#include "dtls/messages/certificate.h"
#include "dtls/messages/certificate_request.h"
#include "dtls/messages/certificate_verify.h"
#include "dtls/messages/client_hello.h"
#include "dtls/messages/client_key_exchange.h"
#include "dtls/messages/server_hello.h"
#include "dtls/messages/server_key_exchange.h"
#include "dtls/record.h"
#include "dtls/wire.h"
#include "tests/dtls/support/link.h"
#include "tests/dtls/support/transparent.h"

namespace glass::dtls::test {

template <class Body>
ByteVector body_of(const Body& body) {
  ByteVector bytes;
  Writer out(bytes);
  write(out, body);
  return bytes;
}

// The other side of one connection, as a test's hands.
class Puppet {
 public:
  Puppet(Config config, std::function<void(Config&)> change = {}) {
    if (change) change(config);
    ours = std::make_unique<Ours>(config, 1);
    ours->start(now);
    collect();
  }
  void record(ContentType type, Bytes text, std::uint16_t epoch = 0) {
    ByteVector bytes;
    Writer out(bytes);
    write(out, Record{.type = type, .epoch = epoch, .sequence = sequence++, .fragment = text});
    feed(bytes);
  }
  // A record of epoch 1, as transparent cryptography reads it.
  void sealed(ContentType type, Bytes text) {
    ByteVector fragment(kExplicitNonceSize, 0);
    fragment.insert(fragment.end(), text.begin(), text.end());
    fragment.resize(fragment.size() + crypto::kAeadTagSize);
    record(type, fragment, 1);
  }
  void message(HandshakeType type, const ByteVector& body, std::uint16_t epoch = 0) {
    ByteVector text;
    Writer out(text);
    write_whole(out, {.type = type, .message_seq = next_message++, .body = body});
    if (epoch == 0)
      record(ContentType::kHandshake, text);
    else
      sealed(ContentType::kHandshake, text);
  }
  void change_cipher() { record(ContentType::kChangeCipherSpec, ByteVector{1}); }
  void feed(ByteVector bytes) {
    ours->receive(now, std::move(bytes));
    collect();
  }
  void collect() {
    while (auto out = ours->poll_transmit(now)) sent.push_back(*out);
  }
  void wait_until(Duration at) {
    now = Instant{} + at;
    if (ours->next_time() <= now) ours->on_time(now);
    collect();
  }
  // The last alert that was sent in plain, or -1.
  [[nodiscard]] int alert() const {
    int last = -1;
    for (const ByteVector& each : sent)
      if (each[0] == 21 && each[4] == 0) last = each.at(14);
    return last;
  }
  [[nodiscard]] std::string end() const {
    return ours->closed.empty() ? "open" : ours->closed[0].text;
  }

  std::unique_ptr<Ours> ours;
  Instant now{};
  std::vector<ByteVector> sent;
  std::uint64_t sequence = 0;
  std::uint16_t next_message = 0;
};

// --- our client, and a server made of clay ---

struct ServerPuppet : Puppet {
  explicit ServerPuppet(const std::function<void(Config&)>& change = {})
      : Puppet(config_for(Role::kClient), change) {}

  ServerHello hello() const {
    ServerHello hello;
    hello.random.fill(7);
    hello.cipher_suite = 0xc02b;
    hello.extensions = {.all = {{ExtensionType::kExtendedMasterSecret, {}}}, .has_block = true};
    return hello;
  }
  void send_hello(const ServerHello& hello) {
    message(HandshakeType::kServerHello, body_of(hello));
  }
  void send_certificate(const crypto::Identity& who = bob()) {
    message(HandshakeType::kCertificate, body_of(Certificate{.chain = {who.certificate_der()}}));
  }
  void send_key_exchange(const std::function<void(ServerKeyExchange&)>& change = {}) {
    const crypto::KeyShare share(crypto::Group::kX25519);
    ServerKeyExchange exchange{.group = 29,
                               .public_key = share.public_key(),
                               .scheme = 0x0403,
                               .signature = {},
                               .params = {}};
    if (change) change(exchange);
    const ByteVector signature(70, 1);  // the tests that get here are transparent
    exchange.signature = signature;
    message(HandshakeType::kServerKeyExchange, body_of(exchange));
  }
  void send_rest(NumberList types = {64}) {
    message(HandshakeType::kCertificateRequest,
            body_of(CertificateRequest{.certificate_types = std::move(types),
                                       .signature_algorithms = {0x0403},
                                       .authorities = {}}));
    message(HandshakeType::kServerHelloDone, {});
  }
  // Up to and including ServerHelloDone.
  void flight() {
    send_hello(hello());
    send_certificate();
    send_key_exchange();
    send_rest();
  }
  void finish() {
    change_cipher();
    message(HandshakeType::kFinished, ByteVector(12, 0), 1);
  }
};

inline void be_transparent(Config& config) { config.primitives = &transparent(); }

// --- our server, and a client made of clay ---

struct ClientPuppet : Puppet {
  explicit ClientPuppet(const std::function<void(Config&)>& change = {})
      : Puppet(config_for(Role::kServer), change) {
    groups = {0, 4, 0, 29, 0, 23};
    points = {1, 0};
    algorithms = {0, 2, 4, 3};
  }
  ClientHello hello() const {
    static constexpr std::array<std::uint8_t, 1> kNull{0};
    ClientHello hello;
    hello.random.fill(9);
    hello.cipher_suites = {0x1a1a, 0x1301, 0xc02b, 0x00ff};  // GREASE, one of TLS 1.3, ours, SCSV
    hello.compression_methods = kNull;
    hello.extensions = {
        .all = {{ExtensionType{0x2a2a}, {}},
                {ExtensionType::kExtendedMasterSecret, {}},
                {ExtensionType::kSupportedGroups, groups},
                {ExtensionType::kEcPointFormats, points},
                {ExtensionType::kSignatureAlgorithms, algorithms}},
        .has_block = true
    };
    return hello;
  }
  void send_hello(const ClientHello& hello) {
    message(HandshakeType::kClientHello, body_of(hello));
  }
  void send_certificate() {
    message(HandshakeType::kCertificate,
            body_of(Certificate{.chain = {alice().certificate_der()}}));
  }
  void send_key_exchange() {
    const crypto::KeyShare share(crypto::Group::kX25519);
    message(HandshakeType::kClientKeyExchange,
            body_of(ClientKeyExchange{.public_key = share.public_key()}));
  }
  void send_verify(std::uint16_t scheme = 0x0403) {
    const ByteVector signature(70, 1);
    message(HandshakeType::kCertificateVerify,
            body_of(CertificateVerify{.scheme = scheme, .signature = signature}));
  }
  // The whole handshake of a transparent client.
  void connect() {
    send_hello(hello());
    send_certificate();
    send_key_exchange();
    send_verify();
    change_cipher();
    message(HandshakeType::kFinished, ByteVector(12, 0), 1);
  }
  ByteVector groups;
  ByteVector points;
  ByteVector info;
  ByteVector algorithms;
};

}  // namespace glass::dtls::test
