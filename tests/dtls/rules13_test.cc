// What a connection of DTLS 1.3 does with a peer that a test plays by hand: one rule after another.
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

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
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

const crypto::TransparentPrimitives& transparent() {
  static const crypto::TransparentPrimitives kTransparent;
  return kTransparent;
}

constexpr std::size_t kDigestSize = 32;

ByteVector list_of(const NumberList& list, std::size_t count_width = 2) {
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
      const std::size_t size = each.size();
      if ((each[0] & 0xe0) == 0x20 && size == 5 + 2 + 1 + 16 && each[7] == 21) last = each[6];
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

ByteVector server_share(std::uint16_t group, Bytes key) {
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

// A ServerHello that was changed in one way, and the alert that answers it.
int answer_to(const std::function<void(Server13Puppet&)>& change) {
  Server13Puppet server;
  change(server);
  server.send_hello();
  return server.alert();
}

TEST(Client13, GoesThroughTheHandshakeInOrder) {
  Server13Puppet server;

  server.open();

  EXPECT_TRUE(server.ours->is_open()) << server.end();
  EXPECT_EQ(server.alert(), -1);
}

TEST(Client13, TakesNothingThatItDidNotOffer) {
  const ByteVector session{1};
  EXPECT_EQ(answer_to([&](Server13Puppet& s) { s.hello.session_id = session; }), 47);
  EXPECT_RULE("8446:4.1.3#4");
  EXPECT_EQ(answer_to([](Server13Puppet& s) { s.hello.cipher_suite = 0x1304; }), 47);
  EXPECT_RULE("8446:4.1.3#5");
  EXPECT_EQ(answer_to([](Server13Puppet& s) { s.hello.compression_method = 1; }), 47);
  EXPECT_RULE("8446:4.1.3#6");
  EXPECT_EQ(answer_to([](Server13Puppet& s) {
              s.extensions.set(ExtensionType::kExtendedMasterSecret, {});
            }),
            110);
  EXPECT_RULE("8446:4.2#4");
  EXPECT_EQ(answer_to([](Server13Puppet& s) {
              s.extensions.set(ExtensionType::kSupportedVersions, number_bytes(0x0304));
            }),
            47);
  EXPECT_RULE("8446:4.2.1#13");
  EXPECT_EQ(answer_to([](Server13Puppet& s) { s.hello.version = kDtls10; }), 47);
  EXPECT_RULE("8446:4.1.4#12");
  EXPECT_EQ(answer_to([](Server13Puppet& s) {
              s.extensions.set(ExtensionType::kKeyShare, server_share(23, ByteVector(65, 4)));
            }),
            47);
  EXPECT_RULE("8446:4.2.8#12");
  EXPECT_EQ(answer_to([](Server13Puppet& s) { s.extensions.drop(ExtensionType::kKeyShare); }), 109);
  // RFC 7748 §6.1: a point of low order, from which only zeroes come.
  EXPECT_EQ(answer_to([](Server13Puppet& s) {
              s.extensions.set(ExtensionType::kKeyShare, server_share(29, ByteVector(32, 0)));
            }),
            47);
  EXPECT_RULE("8446:7.4.2#3");
}

TEST(Client13, NoticesThatItWasBroughtDownToDtls12) {
  for (const std::uint8_t last : {std::uint8_t{0}, std::uint8_t{1}}) {
    Server13Puppet server;
    server.extensions.all.clear();
    server.extensions.set(ExtensionType::kExtendedMasterSecret, {});
    server.hello.cipher_suite = 0xc02b;
    copy_bytes(as_bytes("DOWNGRD"), MutableBytes(server.hello.random).last(8));
    server.hello.random.back() = last;

    server.send_hello();

    EXPECT_EQ(server.alert(), 47);
  }
  EXPECT_RULE("8446:4.1.3#13");
}

TEST(Client13, AnswersOneHelloRetryRequestThatMakesSense) {
  Server13Puppet twice;
  twice.send_retry(23);
  EXPECT_EQ(twice.alert(), -1);
  twice.send_retry(24);
  EXPECT_EQ(twice.alert(), 10);
  EXPECT_RULE("9147:5.1#13");

  Server13Puppet nothing;
  nothing.send_retry(std::nullopt, false);
  EXPECT_EQ(nothing.alert(), 47);
  EXPECT_RULE("8446:4.1.4#5");

  Server13Puppet again;
  again.send_retry(29);  // a key of that group was in the hello
  EXPECT_EQ(again.alert(), 47);
  Server13Puppet unknown;
  unknown.send_retry(30);
  EXPECT_EQ(unknown.alert(), 47);
  EXPECT_RULE("8446:4.2.8#9");

  Server13Puppet suite;
  suite.send_retry(std::nullopt);
  suite.hello.cipher_suite = 0x1302;
  suite.send_hello();
  EXPECT_EQ(suite.alert(), 47);
  EXPECT_RULE("8446:4.1.4#10");
}

TEST(Client13, WantsTheMessagesInTheirOrder) {
  using Send = std::function<void(Server13Puppet&)>;
  const std::array<Send, 6> in_order{
      [](Server13Puppet& s) { s.send_hello(); },   [](Server13Puppet& s) { s.send_encrypted(); },
      [](Server13Puppet& s) { s.send_request(); }, [](Server13Puppet& s) { s.send_certificate(); },
      [](Server13Puppet& s) { s.send_verify(); },  [](Server13Puppet& s) { s.finish(); }};
  // Each state x each message that is not the next one; CertificateRequest may be left out. Hellos
  // come in plain and the rest sealed, so that a message in the wrong epoch is not even heard.
  for (std::size_t state = 1; state < in_order.size(); ++state) {
    for (std::size_t sent = 1; sent < in_order.size(); ++sent) {
      if (sent == state || (state == 2 && sent == 3)) continue;
      Server13Puppet server;
      for (std::size_t i = 0; i < state; ++i) in_order[i](server);

      in_order[sent](server);

      EXPECT_EQ(server.alert(), 10) << state << " then " << sent;
      EXPECT_FALSE(server.ours->is_open());
    }
  }
  EXPECT_RULE("8446:4#2");
}

TEST(Client13, HearsNothingInTheWrongEpoch) {
  Server13Puppet server;
  server.send_hello();
  server.message(HandshakeType::kEncryptedExtensions, {0, 0}, 0);
  --server.next_message;

  EXPECT_EQ(server.end(), "open");
  EXPECT_RULE("9147:6.1#0");

  server.send_encrypted();
  server.send_request();
  server.send_certificate();
  server.send_verify();
  server.finish();
  EXPECT_TRUE(server.ours->is_open()) << server.end();
  server.sealed(ContentType::kApplicationData, as_bytes("early"), 2);
  EXPECT_TRUE(server.ours->received().empty());
  server.sealed(ContentType::kApplicationData, as_bytes("right"), 3);
  EXPECT_EQ(server.ours->received(), std::vector<std::string>{"right"});
}

TEST(Client13, TakesOnlyWhatBelongsIntoEachMessage) {
  Server13Puppet forbidden;
  forbidden.send_hello();
  Extensions answers;
  answers.set(ExtensionType::kKeyShare, {});
  forbidden.send_encrypted(answers);
  EXPECT_EQ(forbidden.alert(), 47);
  EXPECT_RULE("8446:4.3.1#2");

  Server13Puppet certificate;
  certificate.send_hello();
  certificate.send_encrypted();
  ByteVector body = body_bytes(Certificate13{.context = {}, .chain = {bob().certificate_der()}});
  body.back() = 4;  // four bytes of extensions
  body[3] = static_cast<std::uint8_t>(body[3] + 4);
  body.insert(body.end(), {0, 18, 0, 0});
  certificate.message(HandshakeType::kCertificate, body, 2);
  EXPECT_EQ(certificate.alert(), 110) << certificate.end();
  EXPECT_RULE("8446:4.4.2#6");

  Server13Puppet empty;
  empty.send_hello();
  empty.send_encrypted();
  empty.message(HandshakeType::kCertificate, body_bytes(Certificate13{}), 2);
  EXPECT_EQ(empty.alert(), 50);

  // ecdsa_secp384r1_sha384 with a key on P-256, and PKCS #1.
  for (const std::uint16_t scheme : {std::uint16_t{0x0503}, std::uint16_t{0x0401}}) {
    Server13Puppet wrong;
    wrong.send_hello();
    wrong.send_encrypted();
    wrong.send_certificate();
    wrong.send_verify(scheme);
    EXPECT_EQ(wrong.alert(), 47);
  }
  EXPECT_RULE("8446:4.4.3#6");
}

TEST(Client13, WithoutASuitableCertificateSendsNone) {
  Server13Puppet server;

  server.open({0x0804});

  EXPECT_TRUE(server.ours->is_open());
  EXPECT_RULE("8446:4.4.2#3");
}

TEST(Open13, RefusesWhatHasNoPlaceThere) {
  const auto alert_for_message = [](HandshakeType type, const ByteVector& body) {
    Server13Puppet server;
    server.open();
    server.message(type, body, 3);
    return server.alert();
  };

  EXPECT_EQ(alert_for_message(HandshakeType::kServerHello, {1}), 10);
  EXPECT_RULE("8446:4.1.2#3");
  EXPECT_EQ(alert_for_message(HandshakeType::kNewConnectionId, {0, 0, 0}), 10);
  EXPECT_RULE("9147:9#15");
  EXPECT_EQ(alert_for_message(HandshakeType::kCertificateRequest, {0, 0, 0}), 10);
  EXPECT_RULE("8446:4.6.2#6");
  EXPECT_EQ(alert_for_message(HandshakeType::kKeyUpdate, {2}), 47);
  EXPECT_EQ(alert_for_message(HandshakeType::kKeyUpdate, {}), 50);
}

TEST(Open13, AcknowledgesATicketAndDoesNotKeepIt) {
  Server13Puppet server;
  server.open();
  const std::size_t before = server.sent.size();

  server.message(HandshakeType::kNewSessionTicket, {0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 1, 7, 0, 0}, 3);

  EXPECT_TRUE(server.ours->is_open()) << server.end();
  ASSERT_EQ(server.sent.size(), before + 1);
  EXPECT_EQ(server.sent.back().size(), 5U + 2 + 16 + 1 + 16);
  EXPECT_EQ(server.sent.back()[5 + 2 + 16], 26);
  EXPECT_RULE("9147:7#3");
}

TEST(Open13, ThrowsAwayWhatIsNotARecordOfThePeer) {
  Server13Puppet server;
  server.open();
  const std::uint64_t before = server.ours->connection().counters().dropped;

  server.feed({0x2f, 0, 9, 0, 200, 1, 2});   // shorter than it says
  server.feed({0x2f, 0, 9, 0, 3, 1, 2, 3});  // too short for a tag
  EXPECT_RULE("9147:4.5.2#1");
  EXPECT_RULE("9147:4.5.3#3");
  server.feed({0x3f, 1, 2, 3, 4, 5, 6, 7});  // with a connection id
  EXPECT_RULE("9147:9.1#1");
  server.feed({0x2d, 0, 9, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});  // epoch 1
  EXPECT_RULE("9147:6.1#1");
  server.plain(ContentType::kAlert, ByteVector{2, 40});
  server.plain(ContentType::kChangeCipherSpec, ByteVector{1});
  server.sealed(ContentType::kApplicationData, ByteVector(kPlaintextMax + 1, 1), 3);
  EXPECT_RULE("8446:5.1#15");

  EXPECT_TRUE(server.ours->is_open()) << server.end();
  EXPECT_EQ(server.ours->connection().counters().dropped, before + 7);
}

TEST(Open13, EndsOnRecordsThatNoHonestPeerSeals) {
  Server13Puppet empty;
  empty.open();
  empty.sealed(ContentType::kHandshake, {}, 3);
  EXPECT_EQ(empty.alert(), 10);
  EXPECT_RULE("8446:5.4#3");

  Server13Puppet zeroes;
  zeroes.open();
  zeroes.sealed(ContentType{0}, ByteVector(5, 0), 3);
  EXPECT_EQ(zeroes.alert(), 10);
  EXPECT_RULE("8446:5.4#5");

  zeroes.sealed(ContentType::kApplicationData, as_bytes("late"), 3);
  EXPECT_TRUE(zeroes.ours->received().empty());
  EXPECT_RULE("8446:6.1#1");
}

TEST(Open13, SendsOneKeyUpdateAtATime) {
  Server13Puppet server;
  server.open();
  server.sealed(ContentType::kAck, ByteVector{0, 0}, 3);

  server.ours->connection().update_keys(server.now);  // our Finished is not acknowledged yet

  EXPECT_RULE("9147:5.8.4#3");
}

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

int answer_to_client(const std::function<void(Client13Puppet&)>& change) {
  Client13Puppet client;
  change(client);
  client.send_hello();
  return client.alert();
}

TEST(Server13, PassesOverWhatItDoesNotKnow) {
  Client13Puppet client;

  client.send_hello();
  client.finish();

  EXPECT_TRUE(client.ours->is_open()) << client.end();
  EXPECT_EQ(client.ours->connected.at(0).group, 29);
}

TEST(Server13, RefusesAHelloThatDoesNotHoldTogether) {
  const ByteVector cookie{1};
  EXPECT_EQ(answer_to_client([&](Client13Puppet& c) { c.hello.cookie = cookie; }), 47);
  EXPECT_RULE("9147:5.3#5");
  const ByteVector methods{0, 1};
  EXPECT_EQ(answer_to_client([&](Client13Puppet& c) { c.hello.compression_methods = methods; }),
            47);
  EXPECT_RULE("8446:4.1.2#14");
  EXPECT_EQ(answer_to_client([](Client13Puppet& c) { c.hello.cipher_suites = {0x1304}; }), 40);
  EXPECT_EQ(answer_to_client(
                [](Client13Puppet& c) { c.extensions.drop(ExtensionType::kSignatureAlgorithms); }),
            109);
  EXPECT_RULE("8446:4.2.3#3");
  EXPECT_EQ(answer_to_client([](Client13Puppet& c) {
              c.extensions.set(ExtensionType::kSignatureAlgorithms, list_of({0x0804}));
            }),
            40);
  EXPECT_RULE("8446:4.1.1#4");
  EXPECT_EQ(
      answer_to_client([](Client13Puppet& c) { c.extensions.drop(ExtensionType::kKeyShare); }),
      109);
  EXPECT_RULE("8446:9.2#12");
  EXPECT_EQ(answer_to_client([](Client13Puppet& c) {
              c.extensions.set(ExtensionType::kSupportedGroups, list_of({4588}));
            }),
            40);
  EXPECT_EQ(answer_to_client([](Client13Puppet& c) { c.set_share(29, ByteVector(32, 0)); }), 47);
  EXPECT_EQ(answer_to_client([](Client13Puppet& c) {
              c.extensions.set(ExtensionType::kCookie, cookie_bytes(ByteVector{1}));
            }),
            47);
}

TEST(Server13, FindsNoVersionInCommon) {
  EXPECT_EQ(answer_to_client([](Client13Puppet& c) {
              c.extensions.set(ExtensionType::kSupportedVersions, list_of({0x7a7a, kDtls10}, 1));
            }),
            70);
  EXPECT_RULE("8446:4.2.1#5");
}

TEST(Server13, WantsACertificateAndTheMessagesInTheirOrder) {
  Client13Puppet none;
  none.send_hello();
  none.message(HandshakeType::kCertificate, body_bytes(Certificate13{}), 2);
  EXPECT_EQ(none.alert(), 116);
  EXPECT_EQ(none.ours->closed.at(0).reason, CloseReason::kFingerprint);

  Client13Puppet early;
  early.send_hello();
  early.message(HandshakeType::kFinished, ByteVector(kDigestSize, 0), 2);
  EXPECT_EQ(early.alert(), 10);
}

TEST(Server13, TakesTheSecondHelloOnlyWithItsOwnCookieAndTheGroupItNamed) {
  const auto ask = [](Config& config) { config.cookie_exchange = true; };
  Client13Puppet without(ask);
  without.send_hello();
  without.send_hello();
  EXPECT_EQ(without.alert(), 47);

  Client13Puppet wrong(ask);
  wrong.send_hello();
  wrong.extensions.set(ExtensionType::kCookie, cookie_bytes(ByteVector(32, 1)));
  wrong.send_hello();
  EXPECT_EQ(wrong.alert(), 47);
  EXPECT_RULE("9147:5.1#12");
}

}  // namespace
}  // namespace glass::dtls::test
