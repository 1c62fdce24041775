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
#include "base/text.h"
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
#include "tests/dtls/support/puppet13.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

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

// A record of which one message was thrown away is not acknowledged, nor is the rest of it.
TEST(Client13, AcknowledgesOnlyWhatItKeeps) {
  Server13Puppet server;
  server.send_hello();
  const auto fragment = [](Writer& out, std::uint16_t number) {
    write_whole(out, {
                         .type = HandshakeType::kEncryptedExtensions,
                         .message_seq = number,
                         .body = ByteVector{0, 0}
    });
  };
  ByteVector text;
  Writer out(text);
  fragment(out, 1);
  fragment(out, 40);  // too far ahead
  const std::size_t before = server.sent.size();

  server.sealed(ContentType::kHandshake, text, 2);

  EXPECT_RULE("9147:7#1");
  server.now += 1s;
  server.ours->on_time(server.now);
  server.collect();
  for (std::size_t i = before; i < server.sent.size(); ++i) {
    if ((server.sent[i][0] & 0xe0) != 0x20) continue;
    // An ACK, if there is one, names the ServerHello's record alone: epoch 0, number 0.
    EXPECT_EQ(hex(Bytes(server.sent[i]).subspan(5, 2 + 16)),
              "0010"
              "0000000000000000"
              "0000000000000000");
  }
}

TEST(Client13, HasItsHelloAcknowledgedByTheAnswer) {
  Server13Puppet server;
  EXPECT_EQ(server.ours->next_time(), Instant{} + 50ms);

  server.send_hello();

  EXPECT_RULE("8446:A.1#0");
  server.send_encrypted();
  EXPECT_RULE("9147:7.2#5");
  const std::size_t before = server.sent.size();
  server.now += 10s;
  server.ours->on_time(server.now);
  server.collect();
  for (std::size_t i = before; i < server.sent.size(); ++i)
    EXPECT_NE(server.sent[i][0], 22) << "the hello went again";
  EXPECT_EQ(server.ours->connection().counters().retransmits, 0);
}

TEST(Client13, OfThatVersionAloneTakesNoHelloVerifyRequest) {
  Server13Puppet server([](Config& config) { config.min_version = Version::k13; });

  server.message(HandshakeType::kHelloVerifyRequest, {0xfe, 0xfd, 1, 7}, 0);

  EXPECT_EQ(server.alert(), 10);
  EXPECT_RULE("9147:5.2#3");
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
