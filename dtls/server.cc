#include "dtls/server.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "crypto/key_exchange.h"
#include "crypto/secret.h"
#include "crypto/signature.h"
#include "dtls/config.h"
#include "dtls/epochs.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/number_list.h"
#include "dtls/extensions/renegotiation_info.h"
#include "dtls/extensions/use_srtp.h"
#include "dtls/flight.h"
#include "dtls/handshake.h"
#include "dtls/messages/certificate_request.h"
#include "dtls/messages/certificate_verify.h"
#include "dtls/messages/client_hello.h"
#include "dtls/messages/client_key_exchange.h"
#include "dtls/messages/hello_verify_request.h"
#include "dtls/messages/message_error.h"
#include "dtls/messages/server_hello.h"
#include "dtls/messages/server_key_exchange.h"
#include "dtls/options.h"
#include "dtls/session.h"
#include "dtls/suites.h"
#include "dtls/wire.h"

namespace glass::dtls {
namespace {

using server_state::Complete;
using server_state::WaitCertificate;
using server_state::WaitCertificateVerify;
using server_state::WaitClientHello;
using server_state::WaitClientKeyExchange;
using server_state::WaitFinished;

}  // namespace

Server::Server(Session& session)
    : session_(session), machine_("dtls server", session.trace), cookies_(session.random) {}

Step Server::on_message(Instant now, const Message& message, std::uint64_t sequence) {
  switch (message.type) {
    case HandshakeType::kClientHello: return on_client_hello(now, message, sequence);
    case HandshakeType::kCertificate: return on_certificate(message);
    case HandshakeType::kClientKeyExchange: return on_client_key_exchange(message);
    case HandshakeType::kCertificateVerify: return on_certificate_verify(message);
    case HandshakeType::kFinished: return on_finished(message);
    default: return unexpected(message);
  }
}

Step Server::unexpected(const Message& message) const {
  session_.trace.rule("5246:7.4#1"_rule, Fact{"state", machine_.state_name()},
                      Fact{"got", to_text(message.type)});
  return fail(Alert::kUnexpectedMessage,
              std::string(to_text(message.type)) + " in " + std::string(machine_.state_name()));
}

Step Server::on_client_hello(Instant now, const Message& message, std::uint64_t sequence) {
  if (!machine_.is<WaitClientHello>()) return unexpected(message);
  Reader in(message.body);
  const auto hello = parse_client_hello(in);
  if (!hello) {
    session_.trace.rule("5246:7.4.1.2#10"_rule);
    return fail(message.type, hello.error());
  }
  if (session_.config.cookie_exchange && ask_for_cookie(*hello, message, sequence)) return {};
  if (Step step = check_hello(*hello); !step) return step;
  if (Step step = check_curves(*hello); !step) return step;
  if (Step step = session_.choose_srtp(hello->extensions); !step) return step;
  if (Step step = read_options(session_, hello->extensions); !step) return step;
  session_.flight.begin_handshake(now);
  session_.keys.client_random = hello->random;
  session_.random.fill(session_.keys.server_random);
  if (session_.config.max_version == Version::k13) mark_downgrade();
  session_.transcript.add(message);
  session_.next_send_seq = message.message_seq;  // RFC 6347 §4.2.2: as the hello it answers
  crypto::KeyShare share(crypto::Group{session_.agreed.group});
  send_hello(*hello);
  session_.send_certificate();
  send_key_exchange(share);
  send_certificate_request();
  session_.send(HandshakeType::kServerHelloDone, {});
  session_.flight.launch(Flight::Kind::kNotLast, session_.reassembly.next_receive_seq());
  machine_.move(WaitCertificate{std::move(share)});
  return {};
}

// RFC 6347 §4.2.1. What goes out bears the numbers of the hello, so that nothing need be kept.
bool Server::ask_for_cookie(const ClientHello& hello, const Message& message,
                            std::uint64_t sequence) {
  session_.epochs.number_next_plain(sequence);
  if (cookies_.is_valid({}, hello)) {
    session_.trace.rule("6347:4.2.1#12"_rule, Fact{"sequence", sequence});
    return false;
  }
  session_.trace.rule("6347:4.2.1#19"_rule, Fact{"cookie_bytes", hello.cookie.size()});
  session_.trace.rule("6347:4.2.1#10"_rule, Fact{"sequence", sequence});
  const ByteVector cookie = cookies_.make({}, hello);
  ByteVector text;
  Writer out(text);
  write_whole(out, Message{.type = HandshakeType::kHelloVerifyRequest,
                           .message_seq = message.message_seq,
                           .body = body_bytes(HelloVerifyRequest{.cookie = cookie})});
  PacketBuffer packet;
  session_.epochs.write(ContentType::kHandshake, kPlain, text, packet);
  const Bytes datagram = std::as_const(packet).bytes();
  session_.outbox.emplace_back(datagram.begin(), datagram.end());
  return true;
}

// RFC 8446 §4.1.3: tells a client that did ask for more that its hello was changed on the way.
void Server::mark_downgrade() {
  session_.trace.rule("8446:4.1.3#11"_rule);
  const MutableBytes tail =
      MutableBytes(session_.keys.server_random).last(kDowngradeMark.size() + 1);
  copy_bytes(as_bytes(kDowngradeMark), tail);
  tail.back() = 1;
}

Step Server::check_version(const ClientHello& hello) const {
  if (session_.config.min_version == Version::k13)
    return fail(Alert::kProtocolVersion, "the client does not speak DTLS 1.3");
  // RFC 8446 §4.2.1: where there is a list, it alone counts.
  const Extension* const extension = hello.extensions.find(ExtensionType::kSupportedVersions);
  if (extension != nullptr && session_.config.max_version == Version::k13) {
    Reader in(extension->data);
    const auto versions = parse_numbers(in, 1, 2, "version");
    if (!versions) return fail(HandshakeType::kClientHello, versions.error());
    session_.trace.rule("8446:4.2.1#5"_rule, Fact{"versions", versions->size()});
    if (!contains(*versions, kDtls12))
      return fail(Alert::kProtocolVersion, "the client speaks neither DTLS 1.3 nor 1.2");
    return {};
  }
  // RFC 6347 §4.1: newer versions have smaller numbers. A newer client is content with 1.2.
  if (hello.version >> 8 != kDtls12 >> 8 || hello.version > kDtls12)
    return fail(Alert::kProtocolVersion,
                "the client speaks version " + hex_number(hello.version, 4) + ", not DTLS 1.2");
  return {};
}

Step Server::check_hello(const ClientHello& hello) {
  if (Step step = check_version(hello); !step) return step;
  if (std::ranges::find(hello.compression_methods, 0) == hello.compression_methods.end()) {
    session_.trace.rule("5246:7.4.1.2#7"_rule);
    return fail(Alert::kIllegalParameter, "the client insists on compression");
  }
  session_.trace.rule("5246:7.4.1.2#3"_rule, Fact{"offered", hello.cipher_suites.size()});
  const bool is_rsa = session_.config.identity->kind() == crypto::IdentityKind::kRsa2048;
  for (const Suite& each : kSuites)
    if (session_.keys.suite == nullptr && each.version == kDtls12 &&
        (each.signer == Signer::kRsa) == is_rsa && contains(hello.cipher_suites, each.number))
      session_.keys.suite = &each;
  if (session_.keys.suite == nullptr) {
    session_.trace.rule("8827:6.5#10"_rule);
    return fail(Alert::kHandshakeFailure, "no cipher suite in common");
  }
  session_.agreed.cipher_suite = session_.keys.suite->number;
  if (const Extension* info = hello.extensions.find(ExtensionType::kRenegotiationInfo)) {
    Reader in(info->data);
    const auto connection = parse_renegotiation_info(in);
    session_.trace.rule("5746:3.6#3"_rule);
    if (!connection || !connection->empty())
      return fail(Alert::kHandshakeFailure, "the client believes that this is a renegotiation");
  }
  session_.agreed.extended_master_secret =
      hello.extensions.find(ExtensionType::kExtendedMasterSecret) != nullptr;
  if (!session_.agreed.extended_master_secret &&
      session_.config.extended_master_secret == ExtendedMasterSecret::kRequired) {
    session_.trace.rule("7627:5.2#3"_rule);
    return fail(Alert::kHandshakeFailure, "the client has no extended master secret");
  }
  return {};
}

// RFC 8422 §4: a suite with curves only when the client can do ours, and its certificate's curve is
// P-256. Without the extension a client takes any.
Step Server::check_curves(const ClientHello& hello) {
  session_.agreed.group = std::to_underlying(crypto::Group::kP256);
  if (const Extension* groups = hello.extensions.find(ExtensionType::kSupportedGroups)) {
    Reader in(groups->data);
    const auto offered = parse_supported_groups(in);
    if (!offered) return fail(HandshakeType::kClientHello, offered.error());
    session_.trace.rule("8422:4#2"_rule, Fact{"offered", offered->size()});
    if (session_.config.identity->kind() == crypto::IdentityKind::kEcdsaP256 &&
        !contains(*offered, std::to_underlying(crypto::Group::kP256))) {
      session_.trace.rule("8422:5.3#3"_rule);
      return fail(Alert::kHandshakeFailure, "the client cannot do P-256, the curve of our key");
    }
    const NumberList ours = session_.our_groups();
    const auto common =
        std::ranges::find_if(ours, [&](std::uint16_t each) { return contains(*offered, each); });
    if (common == ours.end()) return fail(Alert::kHandshakeFailure, "no group in common");
    session_.agreed.group = *common;
  }
  if (const Extension* formats = hello.extensions.find(ExtensionType::kEcPointFormats)) {
    Reader in(formats->data);
    const auto offered = parse_point_formats(in);
    if (!offered) return fail(HandshakeType::kClientHello, offered.error());
    if (!contains(*offered, kUncompressedPoints)) {
      session_.trace.rule("8422:5.1.2#3"_rule);
      return fail(Alert::kIllegalParameter, "the client cannot do uncompressed points");
    }
  }
  const Extension* const algorithms = hello.extensions.find(ExtensionType::kSignatureAlgorithms);
  if (algorithms == nullptr)
    return fail(Alert::kHandshakeFailure, "the client knows no signatures but those with SHA-1");
  Reader in(algorithms->data);
  const auto offered = parse_signature_algorithms(in);
  if (!offered) return fail(HandshakeType::kClientHello, offered.error());
  session_.trace.rule("5246:7.4.3#3"_rule, Fact{"offered", offered->size()});
  scheme_ = session_.choose_scheme(*offered);
  if (!scheme_)
    return fail(Alert::kHandshakeFailure, "the client cannot check signatures of our key");
  return {};
}

void Server::send_hello(const ClientHello& hello) {
  ExtensionWriter extensions;
  const bool knows_renegotiation =
      hello.extensions.find(ExtensionType::kRenegotiationInfo) != nullptr ||
      contains(hello.cipher_suites, kEmptyRenegotiationInfoScsv);
  if (knows_renegotiation) {
    session_.trace.rule("5746:3.6#4"_rule);
    extensions.add(ExtensionType::kRenegotiationInfo, {0});
  }
  if (session_.agreed.extended_master_secret) {
    session_.trace.rule("7627:5.2#2"_rule);
    extensions.add(ExtensionType::kExtendedMasterSecret, {});
  }
  if (hello.extensions.find(ExtensionType::kEcPointFormats) != nullptr)
    extensions.add(ExtensionType::kEcPointFormats, {1, kUncompressedPoints});
  if (session_.agreed.srtp_profile) {
    const UseSrtp answer{.profiles = {std::to_underlying(*session_.agreed.srtp_profile)},
                         .mki = {}};
    session_.trace.rule("5764:4.1.1#2"_rule);
    extensions.add(ExtensionType::kUseSrtp, body_bytes(answer));
  }
  answer_connection_id(extensions, session_);
  answer_size_limit(extensions, session_);
  ServerHello answer;
  answer.random = session_.keys.server_random;
  answer.cipher_suite = session_.agreed.cipher_suite;
  answer.extensions = extensions.list();
  session_.send(HandshakeType::kServerHello, body_bytes(answer));
}

void Server::send_key_exchange(const crypto::KeyShare& share) {
  ServerKeyExchange exchange;
  exchange.group = std::to_underlying(share.group());
  exchange.public_key = share.public_key();
  exchange.scheme = std::to_underlying(*scheme_);
  ByteVector covered;
  Writer out(covered);
  out.bytes(session_.keys.client_random).bytes(session_.keys.server_random);
  write_params(out, exchange);
  const ByteVector signature = session_.config.identity->sign(covered, *scheme_);
  exchange.signature = signature;
  session_.send(HandshakeType::kServerKeyExchange, body_bytes(exchange));
}

void Server::send_certificate_request() {
  session_.trace.rule("8122:6.2#4"_rule);
  session_.send(HandshakeType::kCertificateRequest,
                body_bytes(CertificateRequest{
                    .certificate_types = {kEcdsaSign, kRsaSign},
                    .signature_algorithms = verifiable_schemes(),
                    .authorities = {}
  }));
}

Step Server::on_certificate(const Message& message) {
  WaitCertificate* const wait = machine_.in<WaitCertificate>();
  if (wait == nullptr) return unexpected(message);
  if (Step step = session_.accept_certificate(message, "8122:6.2#4"_rule); !step) return step;
  session_.transcript.add(message);
  machine_.move(WaitClientKeyExchange{std::move(wait->share)});
  return {};
}

Step Server::on_client_key_exchange(const Message& message) {
  WaitClientKeyExchange* const wait = machine_.in<WaitClientKeyExchange>();
  if (wait == nullptr) return unexpected(message);
  Reader in(message.body);
  const auto exchange = parse_client_key_exchange(in);
  if (!exchange) return fail(message.type, exchange.error());
  CHECK(wait->share.has_value());
  std::optional<crypto::Secret> premaster = wait->share->agree(exchange->public_key);
  if (!premaster) {
    session_.trace.rule("8422:5.11#1"_rule, Fact{"group", session_.agreed.group});
    return fail(Alert::kIllegalParameter, "the client's public key is not valid");
  }
  session_.transcript.add(message);
  session_.derive_keys(*std::move(premaster));
  machine_.move(WaitCertificateVerify{});
  return {};
}

Step Server::on_certificate_verify(const Message& message) {
  if (!machine_.is<WaitCertificateVerify>()) return unexpected(message);
  Reader in(message.body);
  const auto verify = parse_certificate_verify(in);
  if (!verify) return fail(message.type, verify.error());
  if (!contains(verifiable_schemes(), verify->scheme)) {
    session_.trace.rule("5246:7.4.8#2"_rule, Fact{"scheme", verify->scheme});
    return fail(Alert::kIllegalParameter, "the client signs in a way that was not asked for");
  }
  if (!session_.primitives.verify(*session_.peer_key, crypto::SignatureScheme{verify->scheme},
                                  session_.transcript.bytes(), verify->signature))
    return fail(Alert::kDecryptError, "the handshake is not signed by the client's certificate");
  session_.transcript.add(message);
  machine_.move(WaitFinished{});
  return {};
}

Step Server::on_finished(const Message& message) {
  if (!machine_.is<WaitFinished>()) return unexpected(message);
  if (Step step = session_.check_finished(message); !step) return step;
  session_.transcript.add(message);
  session_.flight.on_answered();
  session_.send_finished();
  session_.flight.launch(Flight::Kind::kLast, session_.reassembly.next_receive_seq());
  machine_.move(Complete{});
  return {};
}

}  // namespace glass::dtls
