#include "dtls/client.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
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
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/number_list.h"
#include "dtls/extensions/renegotiation_info.h"
#include "dtls/extensions/use_srtp.h"
#include "dtls/flight.h"
#include "dtls/handshake.h"
#include "dtls/messages/certificate_request.h"
#include "dtls/messages/client_hello.h"
#include "dtls/messages/client_key_exchange.h"
#include "dtls/messages/hello_verify_request.h"
#include "dtls/messages/message_error.h"
#include "dtls/messages/server_hello.h"
#include "dtls/messages/server_key_exchange.h"
#include "dtls/offer.h"
#include "dtls/options.h"
#include "dtls/session.h"
#include "dtls/suites.h"
#include "dtls/wire.h"

namespace glass::dtls {
namespace {

using client_state::Complete;
using client_state::WaitCertificate;
using client_state::WaitFinished;
using client_state::WaitServerHello;
using client_state::WaitServerHelloDone;
using client_state::WaitServerKeyExchange;

// RFC 8446 §4.1.3: how a server that could do better marks that it was not asked to: 1 where it
// came to TLS 1.2, 0 where it is older still.
bool has_downgrade_mark(const HelloRandom& random) {
  const Bytes tail = Bytes(random).last(kDowngradeMark.size() + 1);
  return equal(tail.first(kDowngradeMark.size()), as_bytes(kDowngradeMark)) && tail.back() <= 1;
}

}  // namespace

Client::Client(Session& session) : session_(session), machine_("dtls client", session.trace) {}

void Client::start(Instant now) {
  session_.flight.begin_handshake(now);
  session_.random.fill(session_.keys.client_random);
  session_.epochs.write_version(kDtls10);  // until the server has named one
  machine_.move(WaitServerHello{});
  offer_.send(session_);
}

Step Client::on_message(const Message& message) {
  // RFC 5246 §7.4: may come at any time, and counts for nothing while a handshake is going on.
  if (message.type == HandshakeType::kHelloRequest) {
    session_.trace.rule("5246:7.4#2"_rule);
    return {};
  }
  switch (message.type) {
    case HandshakeType::kHelloVerifyRequest: return on_hello_verify_request(message);
    case HandshakeType::kServerHello: return on_server_hello(message);
    case HandshakeType::kCertificate: return on_certificate(message);
    case HandshakeType::kServerKeyExchange: return on_server_key_exchange(message);
    case HandshakeType::kCertificateRequest: return on_certificate_request(message);
    case HandshakeType::kServerHelloDone: return on_server_hello_done(message);
    case HandshakeType::kFinished: return on_finished(message);
    default: return unexpected(message);
  }
}

Step Client::unexpected(const Message& message) const {
  session_.trace.rule("5246:7.4#1"_rule, Fact{"state", machine_.state_name()},
                      Fact{"got", to_text(message.type)});
  return fail(Alert::kUnexpectedMessage,
              std::string(to_text(message.type)) + " in " + std::string(machine_.state_name()));
}

// RFC 6347 §4.2.1: the same hello with the server's cookie in it; neither the first hello nor this
// request will have been part of the handshake.
Step Client::on_hello_verify_request(const Message& message) {
  const WaitServerHello* const wait = machine_.in<WaitServerHello>();
  if (wait == nullptr) return unexpected(message);
  if (session_.config.min_version == Version::k13) {
    session_.trace.rule("9147:5.2#3"_rule);
    return fail(Alert::kUnexpectedMessage, "HelloVerifyRequest is not of DTLS 1.3");
  }
  Reader in(message.body);
  const auto request = parse_hello_verify_request(in);
  if (!request) return fail(message.type, request.error());
  const int count = wait->verify_requests + 1;
  if (count > kVerifyRequestsMax)
    return fail(Alert::kUnexpectedMessage, "the server keeps asking for another cookie");
  session_.trace.rule("6347:4.2.6#2"_rule);
  session_.transcript.clear();
  session_.flight.on_answered();
  machine_.move(WaitServerHello{.verify_requests = count});
  session_.trace.rule("6347:4.2.1#6"_rule, Fact{"cookie_bytes", request->cookie.size()});
  offer_.cookie.assign(request->cookie.begin(), request->cookie.end());
  offer_.send(session_);
  return {};
}

Step Client::on_server_hello(const Message& message) {
  if (!machine_.is<WaitServerHello>()) return unexpected(message);
  Reader in(message.body);
  const auto hello = parse_server_hello(in);
  if (!hello) return fail(message.type, hello.error());
  if (Step step = check_choices(*hello); !step) return step;
  if (Step step = check_extensions(*hello); !step) return step;
  if (Step step = session_.accept_srtp(hello->extensions); !step) return step;
  if (Step step = accept_connection_id(session_, hello->extensions); !step) return step;
  if (Step step = accept_size_limit(session_, hello->extensions); !step) return step;
  session_.keys.server_random = hello->random;
  session_.agreed.cipher_suite = hello->cipher_suite;
  session_.keys.suite = find_suite(hello->cipher_suite);
  session_.epochs.write_version(kDtls12);
  session_.transcript.add(message);
  machine_.move(WaitCertificate{});
  return {};
}

Step Client::check_choices(const ServerHello& hello) const {
  if (session_.config.min_version == Version::k13)
    return fail(Alert::kProtocolVersion, "the server does not speak DTLS 1.3");
  if (offers_13() && has_downgrade_mark(hello.random)) {
    session_.trace.rule("8446:4.1.3#13"_rule);
    return fail(Alert::kIllegalParameter,
                "the server can do DTLS 1.3, and somebody made it believe that we cannot");
  }
  if (offers_13() && hello.extensions.find(ExtensionType::kSupportedVersions) != nullptr) {
    session_.trace.rule("8446:4.2.1#13"_rule);
    return fail(Alert::kIllegalParameter, "the server selects a version that was not offered");
  }
  if (hello.version != kDtls12)
    return fail(Alert::kProtocolVersion,
                "the server speaks version " + hex_number(hello.version, 4) + ", not DTLS 1.2");
  const Suite* const suite = find_suite(hello.cipher_suite);
  if (suite == nullptr || suite->version != kDtls12)
    return fail(Alert::kIllegalParameter, "the server chose cipher suite " +
                                              hex_number(hello.cipher_suite, 4) +
                                              ", which was not offered");
  if (hello.compression_method != 0)
    return fail(Alert::kIllegalParameter, "the server chose compression");
  return {};
}

Step Client::check_extensions(const ServerHello& hello) {
  const bool offered_srtp = !session_.config.srtp_profiles.empty();
  for (const Extension& each : hello.extensions.all) {
    const bool asked_for = each.type == ExtensionType::kExtendedMasterSecret ||
                           each.type == ExtensionType::kEcPointFormats ||
                           each.type == ExtensionType::kRenegotiationInfo ||
                           (each.type == ExtensionType::kUseSrtp && offered_srtp) ||
                           has_offered(session_, each.type);
    if (asked_for) continue;
    session_.trace.rule("5246:7.4.1.4#2"_rule, Fact{"type", std::to_underlying(each.type)});
    return fail(Alert::kUnsupportedExtension,
                "the server answers an extension that was not sent: " +
                    decimal(std::to_underlying(each.type)));
  }
  if (const Extension* info = hello.extensions.find(ExtensionType::kRenegotiationInfo)) {
    Reader in(info->data);
    const auto connection = parse_renegotiation_info(in);
    session_.trace.rule("5746:3.4#4"_rule);
    if (!connection || !connection->empty())
      return fail(Alert::kHandshakeFailure, "the server believes that this is a renegotiation");
  }
  session_.agreed.extended_master_secret =
      hello.extensions.find(ExtensionType::kExtendedMasterSecret) != nullptr;
  if (!session_.agreed.extended_master_secret &&
      session_.config.extended_master_secret == ExtendedMasterSecret::kRequired) {
    session_.trace.rule("7627:5.2#5"_rule);
    return fail(Alert::kHandshakeFailure, "the server has no extended master secret");
  }
  return {};
}

Step Client::on_certificate(const Message& message) {
  if (!machine_.is<WaitCertificate>()) return unexpected(message);
  // RFC 8122 §6.2: the fingerprint decides, whoever signed the certificate.
  if (Step step = session_.accept_certificate(message, "8122:6.2#2"_rule); !step) return step;
  if (!session_.keys.suite->goes_with(session_.peer_key->kind())) {
    session_.trace.rule("8422:5.3#2"_rule, Fact{"suite", session_.keys.suite->name});
    return fail(Alert::kUnsupportedCertificate,
                "the server's key does not go with " + std::string(session_.keys.suite->name));
  }
  session_.transcript.add(message);
  machine_.move(WaitServerKeyExchange{});
  return {};
}

// RFC 8422 §5.4: the server's ephemeral key, signed together with both randoms.
Step Client::on_server_key_exchange(const Message& message) {
  if (!machine_.is<WaitServerKeyExchange>()) return unexpected(message);
  Reader in(message.body);
  const auto exchange = parse_server_key_exchange(in);
  if (!exchange) return fail(message.type, exchange.error());
  if (!contains(session_.our_groups(), exchange->group))
    return fail(Alert::kIllegalParameter, "the server chose a group that was not offered");
  if (!contains(verifiable_schemes(), exchange->scheme)) {
    session_.trace.rule("5246:7.4.3#2"_rule, Fact{"scheme", exchange->scheme});
    return fail(Alert::kIllegalParameter, "the server signs in a way that was not offered");
  }
  ByteVector covered;
  Writer out(covered);
  out.bytes(session_.keys.client_random).bytes(session_.keys.server_random).bytes(exchange->params);
  if (!session_.primitives.verify(*session_.peer_key, crypto::SignatureScheme{exchange->scheme},
                                  covered, exchange->signature))
    return fail(Alert::kDecryptError, "the server's key exchange is not signed by its certificate");
  const crypto::KeyShare share(crypto::Group{exchange->group});
  std::optional<crypto::Secret> premaster = share.agree(exchange->public_key);
  if (!premaster) {
    session_.trace.rule("8422:5.11#1"_rule, Fact{"group", exchange->group});
    return fail(Alert::kIllegalParameter, "the server's public key is not valid");
  }
  session_.agreed.group = exchange->group;
  session_.transcript.add(message);
  machine_.move(WaitServerHelloDone{
      .our_public_key = {share.public_key().begin(), share.public_key().end()},
      .premaster = *std::move(premaster)
  });
  return {};
}

Step Client::on_certificate_request(const Message& message) {
  WaitServerHelloDone* const wait = machine_.in<WaitServerHelloDone>();
  if (wait == nullptr || wait->certificate_requested) return unexpected(message);
  Reader in(message.body);
  const auto request = parse_certificate_request(in);
  if (!request) return fail(message.type, request.error());
  wait->certificate_requested = true;
  // RFC 8422 §5.5: a key of Ed25519 counts as one for ECDSA here.
  const bool is_rsa = session_.config.identity->kind() == crypto::IdentityKind::kRsa2048;
  if (contains(request->certificate_types, is_rsa ? kRsaSign : kEcdsaSign))
    wait->scheme = session_.choose_scheme(request->signature_algorithms);
  session_.transcript.add(message);
  return {};
}

Step Client::on_server_hello_done(const Message& message) {
  WaitServerHelloDone* const wait = machine_.in<WaitServerHelloDone>();
  if (wait == nullptr) return unexpected(message);
  if (!message.body.empty()) return fail(message.type, MessageError::kLength);
  session_.transcript.add(message);
  session_.flight.on_answered();
  if (wait->scheme) {
    session_.trace.rule("5246:7.3#2"_rule);
    session_.send_certificate();
  } else if (wait->certificate_requested) {
    // RFC 5246 §7.4.6: nothing that the server would take, so an empty list.
    session_.trace.rule("5246:7.4.6#1"_rule);
    session_.send(HandshakeType::kCertificate, {0, 0, 0});
  }
  ByteVector body;
  Writer out(body);
  write(out, ClientKeyExchange{.public_key = wait->our_public_key});
  session_.send(HandshakeType::kClientKeyExchange, std::move(body));
  session_.derive_keys(std::move(wait->premaster));
  if (wait->scheme) {
    session_.trace.rule("5246:7.4.8#1"_rule);
    session_.send_certificate_verify(*wait->scheme);
  }
  session_.send_finished();
  session_.flight.launch(Flight::Kind::kNotLast, session_.reassembly.next_receive_seq());
  machine_.move(WaitFinished{});
  return {};
}

Step Client::on_finished(const Message& message) {
  if (!machine_.is<WaitFinished>()) return unexpected(message);
  if (Step step = session_.check_finished(message); !step) return step;
  session_.flight.on_finished();
  machine_.move(Complete{});
  return {};
}

}  // namespace glass::dtls
