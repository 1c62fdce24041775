// What a connection does with a peer that a test plays by hand: one rule after the other.
#include "tests/support/rules.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/text.h"
#include "base/writer.h"
#include "crypto/key_exchange.h"
#include "crypto/transparent.h"
#include "dtls/connection.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/use_srtp.h"
#include "dtls/handshake.h"
#include "dtls/messages/alert.h"
#include "dtls/messages/certificate.h"
#include "dtls/messages/certificate_request.h"
#include "dtls/messages/certificate_verify.h"
#include "dtls/messages/client_hello.h"
#include "dtls/messages/client_key_exchange.h"
#include "dtls/messages/server_hello.h"
#include "dtls/messages/server_key_exchange.h"
#include "dtls/record.h"
#include "dtls/session.h"
#include "dtls/wire.h"
#include "tests/dtls/support/link.h"
#include "tests/dtls/support/puppet.h"
#include "tests/support/source_dir.h"

namespace glass::dtls::test {
namespace {

TEST(Client, GoesThroughTheHandshakeInOrder) {
  ServerPuppet server(be_transparent);

  server.flight();
  server.finish();

  EXPECT_TRUE(server.ours->is_open()) << server.end();
  EXPECT_RULE("5246:7.3#0");
  EXPECT_RULE("5246:7.3#2");
  EXPECT_RULE("5246:7.4.8#1");
  EXPECT_RULE("5246:7.4.9#1");
  EXPECT_RULE("5246:7.1#0");
  EXPECT_RULE("5746:3.4#1");
  EXPECT_RULE("6347:4.2#0");
  EXPECT_RULE("6347:4.2.4#0");
  EXPECT_RULE("6347:4.2.5#1");
  EXPECT_RULE("7627:5.1#1");
  EXPECT_RULE("7627:5.2#1");
  EXPECT_RULE("8422:5.1#2");
}

TEST(Client, TakesNoOtherVersionSuiteOrCompression) {
  ServerPuppet version;
  ServerHello hello = version.hello();
  hello.version = kDtls10;
  version.send_hello(hello);
  EXPECT_EQ(version.alert(), 70);  // protocol_version

  ServerPuppet suite;
  hello = suite.hello();
  hello.cipher_suite = 0xc023;  // of CBC
  suite.send_hello(hello);
  EXPECT_EQ(suite.alert(), 47);  // illegal_parameter

  ServerPuppet compression;
  hello = compression.hello();
  hello.compression_method = 1;
  compression.send_hello(hello);
  EXPECT_EQ(compression.alert(), 47);
}

TEST(Client, TakesNoAnswerToWhatItHasNotAsked) {
  ServerPuppet server;
  ServerHello hello = server.hello();
  hello.extensions.all.push_back({ExtensionType::kAlpn, {}});

  server.send_hello(hello);

  EXPECT_EQ(server.alert(), 110);  // unsupported_extension
  EXPECT_RULE("5246:7.4.1.4#2");
}

TEST(Client, TakesNoExtensionTwice) {
  ServerPuppet server;
  ServerHello hello = server.hello();
  hello.extensions.all.push_back(hello.extensions.all[0]);

  server.send_hello(hello);

  EXPECT_EQ(server.alert(), 47);
  EXPECT_EQ(server.end(), "ServerHello: the same extension twice");
}

TEST(Client, KnowsThatThisIsNoRenegotiation) {
  ServerPuppet server;
  ServerHello hello = server.hello();
  const ByteVector data{1, 5};
  hello.extensions.all.push_back({ExtensionType::kRenegotiationInfo, data});

  server.send_hello(hello);

  EXPECT_EQ(server.alert(), 40);
  EXPECT_RULE("5746:3.4#4");
}

TEST(Client, TakesOneOfItsSrtpProfilesAndNoMki) {
  const auto answer = [](const UseSrtp& srtp) {
    ServerPuppet server([](Config& config) {
      config.srtp_profiles = {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmHmacSha1Tag80};
    });
    ServerHello hello = server.hello();
    const ByteVector data = body_of(srtp);
    hello.extensions.all.push_back({ExtensionType::kUseSrtp, data});
    server.send_hello(hello);
    return server.alert();
  };

  EXPECT_EQ(answer({.profiles = {7}, .mki = {}}), -1);
  EXPECT_EQ(answer({.profiles = {2}, .mki = {}}), 47);
  EXPECT_EQ(answer({
                .profiles = {7, 1},
                  .mki = {}
  }),
            47);
  EXPECT_RULE("5764:4.1.1#3");
  const ByteVector mki{1};
  EXPECT_EQ(answer({.profiles = {7}, .mki = mki}), 47);
  EXPECT_RULE("5764:4.1.3#5");
}

TEST(Client, DoesNotMindTheMarkOfAServerThatCouldDoBetter) {
  ServerPuppet server;
  ServerHello hello = server.hello();
  copy_bytes(as_bytes("DOWNGRD\x01"), MutableBytes(hello.random).last(8));

  server.send_hello(hello);

  EXPECT_EQ(server.end(), "open");  // this client offers 1.2 alone
  EXPECT_NO_RULE("8446:4.1.3#13");
}

TEST(Client, WantsTheMessagesInTheirOrder) {
  ServerPuppet server;

  server.send_certificate();

  EXPECT_EQ(server.alert(), 10);  // unexpected_message
  EXPECT_EQ(server.end(), "Certificate in WAIT-SERVER-HELLO");
  EXPECT_RULE("5246:7.4#1");
}

TEST(Client, WantsEachMessageOnce) {
  ServerPuppet server(be_transparent);

  server.send_hello(server.hello());
  server.send_certificate();
  server.send_certificate();

  EXPECT_EQ(server.end(), "Certificate in WAIT-SERVER-KEY-EXCHANGE");
}

TEST(Client, IgnoresHelloRequestInAHandshake) {
  ServerPuppet server(be_transparent);

  server.message(HandshakeType::kHelloRequest, {});
  server.flight();
  server.finish();

  EXPECT_TRUE(server.ours->is_open()) << server.end();
  EXPECT_RULE("5246:7.4#2");
}

TEST(Client, NeedsASignatureOfTheCertificatesOwner) {
  ServerPuppet server;

  server.send_hello(server.hello());
  server.send_certificate();
  server.send_key_exchange();

  EXPECT_EQ(server.alert(), 51);  // decrypt_error
}

TEST(Client, TakesNoSchemeOrGroupThatItHasNotOffered) {
  ServerPuppet scheme(be_transparent);
  scheme.send_hello(scheme.hello());
  scheme.send_certificate();
  scheme.send_key_exchange([](ServerKeyExchange& exchange) { exchange.scheme = 0x0203; });
  EXPECT_EQ(scheme.alert(), 47);
  EXPECT_RULE("5246:7.4.3#2");

  ServerPuppet group(be_transparent);
  group.send_hello(group.hello());
  group.send_certificate();
  group.send_key_exchange([](ServerKeyExchange& exchange) { exchange.group = 24; });
  EXPECT_EQ(group.alert(), 47);
}

TEST(Client, TakesNoPublicKeyThatIsNone) {
  ServerPuppet server(be_transparent);
  const ByteVector zeros(32, 0);
  server.send_hello(server.hello());
  server.send_certificate();

  server.send_key_exchange([&](ServerKeyExchange& exchange) { exchange.public_key = zeros; });

  EXPECT_EQ(server.alert(), 47);
  EXPECT_RULE("8422:5.11#1");
}

TEST(Client, SendsAnEmptyListWhenItsCertificateIsOfNoUse) {
  ServerPuppet server(be_transparent);
  server.send_hello(server.hello());
  server.send_certificate();
  server.send_key_exchange();

  server.send_rest({1});  // rsa_sign only
  server.finish();

  EXPECT_TRUE(server.ours->is_open()) << server.end();
  EXPECT_RULE("5246:7.4.6#1");
}

TEST(Client, WithARsaServerHasNoSuite) {
  // A self-signed certificate with an RSA key of 1024 bits, made for this test.
  std::ifstream in(glass::test::source_dir() + "/tests/dtls/fixtures/rsa_certificate.hex");
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const ByteVector der = from_hex(text).value();
  ServerPuppet server(
      [&](Config& config) { config.remote_fingerprints = {crypto::fingerprint(der)}; });
  server.send_hello(server.hello());

  server.message(HandshakeType::kCertificate, body_of(Certificate{.chain = {der}}));

  EXPECT_EQ(server.alert(), 43);  // unsupported_certificate
  EXPECT_RULE("8422:5.3#2");
}

TEST(Client, FinishedHasToBeProtected) {
  ServerPuppet server(be_transparent);
  server.flight();

  server.message(HandshakeType::kFinished, ByteVector(12, 0));

  EXPECT_FALSE(server.ours->is_open());
  EXPECT_EQ(server.end(), "open");  // dropped, no more
  EXPECT_RULE("5246:7.1#2");
}

TEST(Client, KeepsWhatComesBeforeItsTime) {
  ServerPuppet server(be_transparent);
  server.flight();
  const std::uint16_t finished = server.next_message++;

  server.sealed(ContentType::kApplicationData, as_bytes("early"));
  ByteVector text;
  Writer out(text);
  write_whole(
      out, {.type = HandshakeType::kFinished, .message_seq = finished, .body = ByteVector(12, 0)});
  server.sealed(ContentType::kHandshake, text);
  EXPECT_FALSE(server.ours->is_open());
  server.change_cipher();

  EXPECT_TRUE(server.ours->is_open());
  EXPECT_EQ(server.ours->received(), std::vector<std::string>{"early"});
  EXPECT_RULE("6347:4.1#4");
  EXPECT_RULE("6347:4.2.4#2");
}

TEST(Client, HoldsBackOnlySoMuch) {
  ServerPuppet server(be_transparent);
  server.flight();

  for (int i = 0; i < 20; ++i) server.sealed(ContentType::kApplicationData, as_bytes("early"));
  server.finish();

  // Finished itself still came through: it was not early.
  EXPECT_TRUE(server.ours->is_open());
  EXPECT_EQ(server.ours->received().size(), 16U);
}

TEST(Client, ListensToTheOldEpochUntilFinished) {
  ServerPuppet server(be_transparent);
  server.flight();
  server.change_cipher();
  server.next_message = static_cast<std::uint16_t>(server.next_message - 1);

  server.message(HandshakeType::kServerHelloDone, {});  // once more

  EXPECT_RULE("6347:4.1#3");
  EXPECT_RULE("6347:4.2.2#1");
}

TEST(Client, BuffersMessagesThatComeTooEarly) {
  ServerPuppet server(be_transparent);
  const ServerHello hello = server.hello();
  server.next_message = 1;
  server.send_certificate();
  server.next_message = 0;

  server.send_hello(hello);
  server.next_message = 2;
  server.send_key_exchange();

  EXPECT_EQ(server.end(), "open");
  EXPECT_RULE("6347:4.2.2#2");
}

TEST(Client, DropsFragmentsThatContradictEachOther) {
  ServerPuppet server;
  const auto fragment = [&](std::uint32_t length, std::uint32_t offset, std::size_t size) {
    ByteVector text;
    Writer out(text);
    const ByteVector bytes(size, 1);
    write(out, Fragment{.type = HandshakeType::kServerHello,
                        .length = length,
                        .message_seq = 0,
                        .offset = offset,
                        .bytes = bytes});
    server.record(ContentType::kHandshake, text);
  };

  fragment(100, 0, 10);
  fragment(90, 10, 10);
  EXPECT_RULE("6347:4.2.3#0");
  fragment(100, 95, 10);
  EXPECT_RULE("6347:4.2.3#2");
  fragment((1U << 24) - 1, 0, 10);

  EXPECT_EQ(glass::test::drop_reasons(),
            (std::vector<std::string>{"fragments of one message disagree",
                                      "handshake fragment ends behind its message",
                                      "handshake message longer than we store"}));
  EXPECT_EQ(server.end(), "open");
}

TEST(Client, RepeatsItsFlightAtExactlyTheseInstants) {
  ServerPuppet server;
  std::vector<Duration> instants;
  std::size_t seen = server.sent.size();
  EXPECT_EQ(seen, 1U);

  while (server.end() == "open") {
    server.now = server.ours->next_time();
    server.ours->on_time(server.now);
    server.collect();
    if (server.sent.size() > seen) instants.push_back(server.now - Instant{});
    seen = server.sent.size();
  }

  EXPECT_EQ(instants, (std::vector<Duration>{50ms, 150ms, 350ms, 750ms, 1550ms, 3150ms, 6350ms,
                                             12750ms, 25550ms, 51150ms}));
  EXPECT_EQ(server.now, Instant{} + 60s);
  EXPECT_EQ(server.ours->closed.at(0).reason, CloseReason::kTimeout);
  EXPECT_EQ(server.ours->next_time(), kNever);
  EXPECT_RULE("6347:4.2.4.1#1");
  EXPECT_RULE("6347:4.1.1.1#11");
}

TEST(Client, ForgetsASlowTimerOnlyAfterAFlightWithoutLoss) {
  ServerPuppet server(be_transparent);
  server.wait_until(50ms);  // one repeat: 100 ms from here on
  server.flight();
  EXPECT_EQ(server.ours->connection().rto(), 100ms);

  server.finish();

  EXPECT_EQ(server.ours->connection().rto(), 50ms);
  EXPECT_RULE("6347:4.2.4.1#2");
}

TEST(Client, RepeatsAtOnceWhenTheServerDoes) {
  ServerPuppet server(be_transparent);
  server.flight();
  const std::size_t before = server.sent.size();
  server.now += 30ms;

  server.next_message = static_cast<std::uint16_t>(server.next_message - 1);
  server.message(HandshakeType::kServerHelloDone, {});
  const std::size_t after = server.sent.size();
  server.next_message = static_cast<std::uint16_t>(server.next_message - 1);
  server.message(HandshakeType::kServerHelloDone, {});  // the network has doubled it

  EXPECT_GT(after, before);
  EXPECT_EQ(server.sent.size(), after);
}

TEST(Client, TellsAPeerAgainWhyItHasGivenUp) {
  ServerPuppet server;
  server.send_certificate();
  const std::size_t before = server.sent.size();

  for (int i = 0; i < 10; ++i) server.send_certificate();

  EXPECT_EQ(server.sent.size(), before + 4);
  EXPECT_RULE("6347:4.2.7#1");
}

TEST(Client, DropsWhatIsNoRecord) {
  ServerPuppet server;

  server.feed(ByteVector{22, 254, 253, 0, 0});                              // truncated
  server.feed(ByteVector{22, 3, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0});          // TLS
  server.feed(ByteVector{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 1, 255, 255});  // too long
  server.feed(ByteVector{22, 254, 253, 0, 7, 0, 0, 0, 0, 0, 1, 0, 0});      // epoch 7
  server.record(ContentType{99}, as_bytes("?"));
  server.record(ContentType::kAlert, as_bytes("???"));
  server.record(ContentType::kChangeCipherSpec, as_bytes("?"));
  server.record(ContentType::kHandshake, {});
  server.record(ContentType::kApplicationData, as_bytes("?"));

  EXPECT_EQ(server.end(), "open");
  EXPECT_EQ(server.ours->connection().counters().dropped, 9U);
  EXPECT_RULE("6347:4.1.2.7#1");
  EXPECT_RULE("5246:6.2.1#3");
  EXPECT_RULE("5246:7.3#3");
}

TEST(Client, PassesOverWarnings) {
  ServerPuppet server;

  server.record(ContentType::kAlert, ByteVector{1, 90});

  EXPECT_EQ(server.end(), "open");
  EXPECT_RULE("5246:7.2.2#4");
}

TEST(Server, GoesThroughTheHandshakeInOrder) {
  ClientPuppet client(be_transparent);

  client.connect();

  EXPECT_TRUE(client.ours->is_open()) << client.end();
  EXPECT_RULE("5246:7.4.1.2#3");
  EXPECT_RULE("5246:7.4.3#3");
  EXPECT_RULE("5746:3.6#4");
  EXPECT_RULE("7627:5.2#2");
}

TEST(Server, RefusesHellosThatCannotBeAnswered) {
  const auto alert_for_hello = [](const std::function<void(ClientHello&, ClientPuppet&)>& change) {
    ClientPuppet client;
    ClientHello hello = client.hello();
    change(hello, client);
    client.send_hello(hello);
    return client.alert();
  };
  static constexpr std::array<std::uint8_t, 1> kDeflate{1};

  EXPECT_EQ(alert_for_hello([](ClientHello& hello, auto&) { hello.version = kDtls10; }), 70);
  EXPECT_EQ(alert_for_hello([](ClientHello& hello, auto&) { hello.version = 0xfefc; }), -1);
  EXPECT_EQ(
      alert_for_hello([](ClientHello& hello, auto&) { hello.compression_methods = kDeflate; }), 47);
  EXPECT_RULE("5246:7.4.1.2#7");
  EXPECT_EQ(alert_for_hello([](ClientHello& hello, ClientPuppet& client) {
              client.groups = {0, 2, 0, 29};
              hello.extensions.all[2].data = client.groups;
            }),
            40);
  EXPECT_RULE("8422:5.3#3");
  EXPECT_EQ(alert_for_hello([](ClientHello& hello, ClientPuppet& client) {
              client.points = {1, 1};
              hello.extensions.all[3].data = client.points;
            }),
            47);
  EXPECT_RULE("8422:5.1.2#3");
  EXPECT_EQ(alert_for_hello([](ClientHello& hello, auto&) { hello.extensions.all.pop_back(); }),
            40);
  EXPECT_EQ(alert_for_hello([](ClientHello& hello, ClientPuppet& client) {
              client.info = {2, 0, 0};
              hello.extensions.all.push_back({ExtensionType::kRenegotiationInfo, client.info});
            }),
            40);
  EXPECT_RULE("5746:3.6#3");
}

TEST(Server, RefusesAHelloWhoseLengthsDoNotAddUp) {
  ClientPuppet client;
  ByteVector body = body_of(client.hello());
  body.push_back(0);

  client.message(HandshakeType::kClientHello, body);

  EXPECT_EQ(client.alert(), 50);  // decode_error
  EXPECT_RULE("5246:7.4.1.2#10");
}

TEST(Server, BeginsWithAHelloAndNothingElse) {
  ClientPuppet client;

  client.send_certificate();

  EXPECT_EQ(client.end(), "open");
  EXPECT_EQ(glass::test::drop_reasons(),
            std::vector<std::string>{"a handshake begins with a hello"});
}

TEST(Server, RefusesAClientWithoutCertificate) {
  ClientPuppet client;
  client.send_hello(client.hello());

  client.message(HandshakeType::kCertificate, {0, 0, 0});

  EXPECT_EQ(client.alert(), 42);
  EXPECT_EQ(client.end(), "the peer has no certificate");
}

TEST(Server, TakesNoSchemeThatItHasNotAskedFor) {
  ClientPuppet client(be_transparent);
  client.send_hello(client.hello());
  client.send_certificate();
  client.send_key_exchange();

  client.send_verify(0x0203);

  EXPECT_EQ(client.alert(), 47);
  EXPECT_RULE("5246:7.4.8#2");
}

TEST(Server, NeedsTheSignatureOfTheCertificatesOwner) {
  ClientPuppet client;
  client.send_hello(client.hello());
  client.send_certificate();
  client.send_key_exchange();

  client.send_verify();

  EXPECT_EQ(client.alert(), 51);
}

TEST(Server, AnswersTheRepeatOfTheClientsLastFlight) {
  ClientPuppet client(be_transparent);
  client.connect();
  const std::size_t before = client.sent.size();
  client.now += 100ms;

  client.next_message = static_cast<std::uint16_t>(client.next_message - 1);
  client.message(HandshakeType::kFinished, ByteVector(12, 0), 1);

  EXPECT_EQ(client.sent.size(), before + 1);
  EXPECT_RULE("6347:4.2.4#1");
}

TEST(Server, StaysWithTheAssociationItHas) {
  ClientPuppet client(be_transparent);
  client.connect();
  client.record(ContentType::kAlert, ByteVector{2, 40});  // plain: anybody's
  EXPECT_RULE("6347:4.1#2");

  client.message(HandshakeType::kClientHello, body_of(client.hello()));

  EXPECT_TRUE(client.ours->is_open());
  EXPECT_RULE("6347:4.2.8#1");
}

TEST(Server, DropsReplays) {
  ClientPuppet client(be_transparent);
  client.connect();

  client.sealed(ContentType::kApplicationData, as_bytes("once"));
  --client.sequence;
  client.sealed(ContentType::kApplicationData, as_bytes("once"));

  EXPECT_EQ(client.ours->received().size(), 1U);
  EXPECT_EQ(client.ours->connection().counters().replayed, 1U);
  EXPECT_RULE("6347:4.1.2.6#3");
}

TEST(Server, DropsMoreTextThanARecordMayHold) {
  ClientPuppet client(be_transparent);
  client.connect();

  client.sealed(ContentType::kApplicationData, ByteVector(kPlaintextMax + 1, 'x'));
  client.sealed(ContentType::kApplicationData, ByteVector(kPlaintextMax, 'x'));

  EXPECT_EQ(client.ours->received().size(), 1U);
  EXPECT_RULE("5246:6.2.1#2");
}

TEST(Connection, DropsForgeriesUntilThereWereTooMany) {
  Config config = config_for(Role::kServer);
  config.limits.records_failed = 3;
  Ours client(config_for(Role::kClient), 1);
  Ours server(config, 2);
  Line line(client, server);
  ASSERT_TRUE(line.connect());
  ByteVector forged{23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 30};
  forged.resize(13 + 30, 1);

  server.receive(line.now, forged);
  server.receive(line.now, forged);
  EXPECT_TRUE(server.is_open());
  EXPECT_RULE("6347:4.1.2.6#7");
  server.receive(line.now, forged);

  EXPECT_EQ(server.closed.at(0).reason, CloseReason::kKeysWornOut);
  EXPECT_RULE("9147:4.5.3#4");
}

TEST(Connection, EndsBeforeItsNumbersDo) {
  Config config = config_for(Role::kClient);
  config.limits.records_sealed = 4;
  Ours client(config, 1);
  Ours server(config_for(Role::kServer), 2);
  Line line(client, server);
  ASSERT_TRUE(line.connect());  // Finished was the first

  client.send(line.now, "2");
  client.send(line.now, "3");
  EXPECT_TRUE(client.is_open());
  client.send(line.now, "4");
  client.take_events();
  line.collect();
  line.run_for(10ms);

  EXPECT_FALSE(client.is_open());
  EXPECT_EQ(client.closed.at(0).reason, CloseReason::kKeysWornOut);
  EXPECT_EQ(server.received(), (std::vector<std::string>{"2", "3", "4"}));
  EXPECT_EQ(server.closed.at(0).reason, CloseReason::kPeer);
  EXPECT_RULE("6347:4.1#6");
}

// --- what browsers say ---

TEST(Server, AnswersTheFirstWordsOfBothBrowsers) {
  for (const std::string browser : {"chromium", "firefox"}) {
    std::ifstream in(glass::test::source_dir() + "/tests/dtls/fixtures/" + browser +
                     "_client_hello.hex");
    std::vector<ByteVector> datagrams;
    for (std::string line; std::getline(in, line);) datagrams.push_back(from_hex(line).value());
    ASSERT_EQ(datagrams.size(), 2U);
    for (const bool reversed : {false, true}) {
      Puppet client(config_for(Role::kServer));

      client.feed(datagrams[reversed ? 1 : 0]);
      EXPECT_TRUE(client.sent.empty()) << "decided before the hello was whole";
      client.feed(datagrams[reversed ? 0 : 1]);

      ASSERT_FALSE(client.sent.empty()) << browser << ": " << client.end();
      EXPECT_EQ(client.sent[0][0], 22);
      EXPECT_EQ(client.sent[0][13], 2);  // ServerHello
      EXPECT_EQ(hex(Bytes(client.sent[0]).subspan(25, 2)), "fefd");
    }
  }
}

}  // namespace
}  // namespace glass::dtls::test
