// tests/dtls/support/puppet13.h - the other side of one connection of DTLS 1.3, as a test's hands:
// each message is made and sent by name, and cryptography is transparent, so that anybody can seal.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/writer.h"
#include "crypto/aead.h"
#include "crypto/key_exchange.h"
#include "crypto/transparent.h"
#include "dtls/connection.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/key_share.h"
#include "dtls/extensions/number_list.h"
#include "dtls/extensions/single_values.h"
#include "dtls/handshake.h"
#include "dtls/messages/certificate13.h"
#include "dtls/messages/certificate_request13.h"
#include "dtls/messages/certificate_verify.h"
#include "dtls/messages/client_hello.h"
#include "dtls/messages/encrypted_extensions.h"
#include "dtls/messages/server_hello.h"
#include "dtls/record.h"
#include "dtls/session13.h"
#include "dtls/wire.h"
#include "tests/dtls/support/link.h"
#include "tests/dtls/support/transparent.h"

namespace glass::dtls::test {

inline constexpr std::size_t kDigestSize = 32;

inline ByteVector list_of(const NumberList& list, std::size_t count_width = 2) {
  ByteVector bytes;
  Writer out(bytes);
  write_numbers(out, list, count_width, 2);
  return bytes;
}

// The other side, as a test's hands. Cryptography is transparent: anybody can seal.
class Puppet13 {
 public:
  explicit Puppet13(Role role, const std::function<void(Config&)>& change = {}) {
    Config config = config_for(role);
    config.max_version = Version::k13;
    config.primitives = &transparent();
    if (change) change(config);
    ours = std::make_unique<Ours>(config, 1);
    ours->start(now);
    collect();
  }
  void plain(ContentType type, Bytes text) {
    ByteVector bytes;
    Writer out(bytes);
    write(out, Record{.type = type, .sequence = plain_sequence++, .fragment = text});
    feed(bytes);
  }
  void sealed(ContentType type, Bytes text, std::uint64_t epoch) {
    const std::uint64_t sequence = sequences.at(epoch)++;
    ByteVector bytes;
    Writer out(bytes);
    out.u8(static_cast<std::uint8_t>(0x2c | (epoch & 3)));
    out.u16(static_cast<std::uint16_t>(sequence));
    out.u16(static_cast<std::uint16_t>(text.size() + 1 + crypto::kAeadTagSize));
    out.bytes(text).u8(static_cast<std::uint8_t>(type)).zeros(crypto::kAeadTagSize);
    feed(bytes);
  }
  void message(HandshakeType type, const ByteVector& body, std::uint64_t epoch) {
    ByteVector text;
    Writer out(text);
    write_whole(out, {.type = type, .message_seq = next_message++, .body = body});
    if (epoch == 0)
      plain(ContentType::kHandshake, text);
    else
      sealed(ContentType::kHandshake, text, epoch);
  }
  void feed(ByteVector bytes) {
    ours->receive(now, std::move(bytes));
    collect();
  }
  void collect() {
    while (auto out = ours->poll_transmit(now)) sent.push_back(*out);
  }
  // The last alert that went out, in plain or sealed; -1: none.
  [[nodiscard]] int alert() const {
    int last = -1;
    for (const ByteVector& each : sent) {
      if (each[0] == 21 && each.size() == 15) last = each[14];
      const std::size_t id = (each[0] & 0x10) != 0 ? id_size : 0;
      const bool is_sealed = (each[0] & 0xe0) == 0x20;
      if (is_sealed && each.size() == 5 + id + 2 + 1 + 16 && each[7 + id] == 21)
        last = each[6 + id];
    }
    return last;
  }
  [[nodiscard]] std::string end() const {
    return ours->closed.empty() ? "open" : ours->closed[0].text;
  }

  std::unique_ptr<Ours> ours;
  Instant now{};
  std::vector<ByteVector> sent;
  std::uint64_t plain_sequence = 0;
  std::array<std::uint64_t, 8> sequences{};
  std::uint16_t next_message = 0;
  std::size_t id_size = 0;  // of the ids in our records, RFC 9146
};

// Extensions whose bytes live as long as this does.
struct Extensions {
  std::vector<std::pair<ExtensionType, ByteVector>> all;
  [[nodiscard]] ExtensionList list() const {
    ExtensionList out{.all = {}, .has_block = true};
    for (const auto& [type, data] : all) out.all.push_back({type, data});
    return out;
  }
  void set(ExtensionType type, ByteVector data) {
    drop(type);
    all.emplace_back(type, std::move(data));
  }
  void drop(ExtensionType type) {
    std::erase_if(all, [&](const auto& each) { return each.first == type; });
  }
};

inline ByteVector server_share(std::uint16_t group, Bytes key) {
  return body_bytes(KeyShareEntry{.group = group, .key_exchange = key});
}

// --- our client, and a server made of clay ---

struct Server13Puppet : Puppet13 {
  explicit Server13Puppet(const std::function<void(Config&)>& change = {})
      : Puppet13(Role::kClient, change) {
    extensions.set(ExtensionType::kSupportedVersions, number_bytes(kDtls13));
    extensions.set(ExtensionType::kKeyShare, server_share(29, share.public_key()));
    hello.random.fill(7);
    hello.cipher_suite = 0x1301;
  }
  void send_hello() {
    hello.extensions = extensions.list();
    message(HandshakeType::kServerHello, body_bytes(hello), 0);
  }
  void send_retry(std::optional<std::uint16_t> group, bool cookie = true) {
    ServerHello retry = hello;
    Extensions answers;
    answers.set(ExtensionType::kSupportedVersions, number_bytes(kDtls13));
    if (cookie) answers.set(ExtensionType::kCookie, cookie_bytes(ByteVector{1, 2, 3}));
    if (group) answers.set(ExtensionType::kKeyShare, number_bytes(*group));
    retry.random = kRetryRandom;
    retry.extensions = answers.list();
    message(HandshakeType::kServerHello, body_bytes(retry), 0);
  }
  void send_encrypted(const Extensions& answers = {}) {
    EncryptedExtensions encrypted;
    encrypted.extensions.all = answers.list().all;
    message(HandshakeType::kEncryptedExtensions, body_bytes(encrypted), 2);
  }
  void send_request(const NumberList& schemes = {0x0403}) {
    Extensions wanted;
    wanted.set(ExtensionType::kSignatureAlgorithms, list_of(schemes));
    message(HandshakeType::kCertificateRequest,
            body_bytes(CertificateRequest13{.context = {}, .extensions = wanted.list()}), 2);
  }
  void send_certificate() {
    message(HandshakeType::kCertificate,
            body_bytes(Certificate13{.context = {}, .chain = {bob().certificate_der()}}), 2);
  }
  void send_verify(std::uint16_t scheme = 0x0403) {
    message(HandshakeType::kCertificateVerify,
            body_bytes(CertificateVerify{.scheme = scheme, .signature = ByteVector(70, 1)}), 2);
  }
  void finish() { message(HandshakeType::kFinished, ByteVector(kDigestSize, 0), 2); }
  void open(const NumberList& schemes = {0x0403}) {
    send_hello();
    send_encrypted();
    send_request(schemes);
    send_certificate();
    send_verify();
    finish();
  }

  crypto::KeyShare share{crypto::Group::kX25519};
  Extensions extensions;
  ServerHello hello;
};

// --- our server, and a client made of clay ---

struct Client13Puppet : Puppet13 {
  explicit Client13Puppet(const std::function<void(Config&)>& change = {})
      : Puppet13(Role::kServer, change) {
    extensions.set(ExtensionType::kSupportedVersions, list_of({0x7a7a, kDtls13, kDtls12}, 1));
    extensions.set(ExtensionType::kSupportedGroups, list_of({4588, 29, 23}));
    extensions.set(ExtensionType::kSignatureAlgorithms, list_of({0x0403, 0x0804}));
    set_share(29, share.public_key());
    hello.random.fill(9);
    hello.cipher_suites = {0x1a1a, 0x1301, 0xc02b};
    hello.compression_methods = kNone;
  }
  void set_share(std::uint16_t group, Bytes key) {
    ByteVector data;
    Writer out(data);
    {
      const auto list = out.block(2);
      write(out, KeyShareEntry{.group = group, .key_exchange = key});
    }
    extensions.set(ExtensionType::kKeyShare, data);
  }
  void send_hello() {
    hello.extensions = extensions.list();
    message(HandshakeType::kClientHello, body_bytes(hello), 0);
  }
  void finish() {
    message(HandshakeType::kCertificate,
            body_bytes(Certificate13{.context = {}, .chain = {alice().certificate_der()}}), 2);
    message(HandshakeType::kCertificateVerify,
            body_bytes(CertificateVerify{.scheme = 0x0403, .signature = ByteVector(70, 1)}), 2);
    message(HandshakeType::kFinished, ByteVector(kDigestSize, 0), 2);
  }

  static constexpr std::array<std::uint8_t, 1> kNone{0};
  crypto::KeyShare share{crypto::Group::kX25519};
  Extensions extensions;
  ClientHello hello;
};

}  // namespace glass::dtls::test
