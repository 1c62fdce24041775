#include "dtls/session13.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/trace.h"
#include "base/writer.h"
#include "crypto/certificate.h"
#include "crypto/key_exchange.h"
#include "crypto/secret.h"
#include "crypto/signature.h"
#include "dtls/config.h"
#include "dtls/epochs13.h"
#include "dtls/extensions/number_list.h"
#include "dtls/handshake.h"
#include "dtls/key_schedule13.h"
#include "dtls/messages/certificate13.h"
#include "dtls/messages/certificate_verify.h"
#include "dtls/messages/message_error.h"
#include "dtls/record13.h"
#include "dtls/session.h"
#include "dtls/wire.h"

namespace glass::dtls {

const HelloRandom kRetryRandom{0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                               0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                               0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

namespace {

bool is_client(const Session& session) { return session.config.role == Role::kClient; }

Protection13 protection(const Session& session, const crypto::Secret& secret) {
  return {session.primitives, *session.keys.suite, secret.bytes()};
}

ByteVector digest(const Session& session) {
  return session.transcript.digest(session.keys.suite->hash);
}

// RFC 8446 §4.4.3: 64 spaces, who signs, a zero, the transcript's digest.
ByteVector signed_content(Role signer, Bytes digest) {
  constexpr std::size_t kSpaces = 64;
  ByteVector content(kSpaces, ' ');
  Writer out(content);
  out.bytes(as_bytes(signer == Role::kServer ? "TLS 1.3, server CertificateVerify"
                                             : "TLS 1.3, client CertificateVerify"));
  out.u8(0).bytes(digest);
  return content;
}

Role other(Role role) { return role == Role::kClient ? Role::kServer : Role::kClient; }

}  // namespace

void begin_handshake_keys(Session& session, Bytes shared_secret) {
  KeySchedule13& keys = session.keys13;
  keys = KeySchedule13(session.keys.suite->hash);
  keys.derive_handshake(shared_secret, digest(session));
  session.trace.rule("9147:5.9#1"_rule, Fact{"prefix", kLabelPrefix});
  const Bytes id = session.keys.client_random;
  session.trace.secret("CLIENT_HANDSHAKE_TRAFFIC_SECRET", id,
                       std::as_const(keys.client_handshake).bytes());
  session.trace.secret("SERVER_HANDSHAKE_TRAFFIC_SECRET", id,
                       std::as_const(keys.server_handshake).bytes());
  session.epochs.later.begin_reading(
      kHandshakeEpoch,
      protection(session, is_client(session) ? keys.server_handshake : keys.client_handshake));
  session.epochs.later.begin_writing(
      kHandshakeEpoch,
      protection(session, is_client(session) ? keys.client_handshake : keys.server_handshake));
}

void derive_application_keys(Session& session) {
  KeySchedule13& keys = session.keys13;
  keys.derive_application(digest(session));
  const Bytes id = session.keys.client_random;
  session.trace.secret("CLIENT_TRAFFIC_SECRET_0", id,
                       std::as_const(keys.client_application).bytes());
  session.trace.secret("SERVER_TRAFFIC_SECRET_0", id,
                       std::as_const(keys.server_application).bytes());
  session.trace.secret("EXPORTER_SECRET", id, std::as_const(keys.exporter_master).bytes());
}

void begin_writing(Session& session, std::uint64_t epoch) {
  const KeySchedule13& keys = session.keys13;
  session.epochs.later.begin_writing(
      epoch,
      protection(session, is_client(session) ? keys.client_application : keys.server_application));
}

void begin_reading(Session& session, std::uint64_t epoch) {
  const KeySchedule13& keys = session.keys13;
  session.epochs.later.begin_reading(
      epoch,
      protection(session, is_client(session) ? keys.server_application : keys.client_application));
}

bool may_sign(crypto::SignatureScheme scheme, const crypto::PublicKey& key) {
  using crypto::SignatureScheme;
  switch (scheme) {
    case SignatureScheme::kEcdsaSha256: return key.curve() == crypto::Group::kP256;
    case SignatureScheme::kEcdsaSha384: return key.curve() == crypto::Group::kP384;
    case SignatureScheme::kEd25519: return key.kind() == crypto::KeyKind::kEd25519;
    case SignatureScheme::kRsaPssSha256:
    case SignatureScheme::kRsaPssSha384:
    case SignatureScheme::kRsaPssSha512: return key.kind() == crypto::KeyKind::kRsa;
    case SignatureScheme::kEcdsaSha512:
    case SignatureScheme::kRsaPkcs1Sha256:
    case SignatureScheme::kRsaPkcs1Sha384:
    case SignatureScheme::kRsaPkcs1Sha512: return false;
  }
  return false;
}

namespace {

// RFC 8446 §4.2.3: those that are left, of the ones that an Identity can do.
bool is_of_13(crypto::SignatureScheme scheme) {
  using crypto::SignatureScheme;
  return scheme != SignatureScheme::kRsaPkcs1Sha256 && scheme != SignatureScheme::kRsaPkcs1Sha384 &&
         scheme != SignatureScheme::kRsaPkcs1Sha512;
}

}  // namespace

std::optional<crypto::SignatureScheme> choose_scheme13(const Session& session,
                                                       const NumberList& offered) {
  for (const crypto::SignatureScheme scheme : session.config.identity->schemes())
    if (contains(offered, std::to_underlying(scheme)) && is_of_13(scheme)) return scheme;
  return std::nullopt;
}

void send_certificate13(Session& session) {
  session.send(HandshakeType::kCertificate,
               body_bytes(Certificate13{.context = {},
                                        .chain = {session.config.identity->certificate_der()}}));
}

void send_certificate_verify13(Session& session, crypto::SignatureScheme scheme) {
  session.trace.rule("8446:4.4.3#7"_rule, Fact{"scheme", std::to_underlying(scheme)});
  const ByteVector content = signed_content(session.config.role, digest(session));
  const ByteVector signature = session.config.identity->sign(content, scheme);
  session.send(
      HandshakeType::kCertificateVerify,
      body_bytes(CertificateVerify{.scheme = std::to_underlying(scheme), .signature = signature}));
}

void send_finished13(Session& session) {
  const KeySchedule13& keys = session.keys13;
  const crypto::Secret& traffic =
      is_client(session) ? keys.client_handshake : keys.server_handshake;
  session.send(HandshakeType::kFinished, keys.verify_data(traffic.bytes(), digest(session)));
}

Step accept_certificate13(Session& session, const Message& message, Alert absent) {
  Reader in(message.body);
  const auto certificate = parse_certificate13(in);
  if (!certificate) return fail(message.type, certificate.error());
  // RFC 8446 §4.4.2: empty but for authentication after the handshake; we asked for no extension.
  if (!certificate->context.empty())
    return fail(Alert::kIllegalParameter, "the certificate answers a request that was not made");
  if (certificate->has_extensions) {
    session.trace.rule("8446:4.4.2#6"_rule);
    return fail(Alert::kUnsupportedExtension,
                "the certificate has an extension we did not ask for");
  }
  const Rule rule = is_client(session) ? "8122:6.2#2"_rule : "8122:6.2#4"_rule;
  return session.accept_chain(certificate->chain, rule, absent);
}

Step check_certificate_verify13(const Session& session, const Message& message) {
  Reader in(message.body);
  const auto verify = parse_certificate_verify(in);
  if (!verify) return fail(message.type, verify.error());
  const crypto::SignatureScheme scheme{verify->scheme};
  if (!contains(verifiable_schemes(), verify->scheme) || !may_sign(scheme, *session.peer_key)) {
    session.trace.rule("8446:4.4.3#6"_rule, Fact{"scheme", verify->scheme});
    return fail(Alert::kIllegalParameter, "the peer signs in a way that was not asked for");
  }
  const ByteVector content = signed_content(other(session.config.role), digest(session));
  const bool is_right =
      session.primitives.verify(*session.peer_key, scheme, content, verify->signature);
  session.trace.rule("8446:4.4.3#10"_rule, Fact{"signature", is_right ? "right" : "wrong"});
  if (!is_right)
    return fail(Alert::kDecryptError, "the handshake is not signed by the peer's certificate");
  return {};
}

Step check_finished13(const Session& session, const Message& message) {
  const KeySchedule13& keys = session.keys13;
  const crypto::Secret& traffic =
      is_client(session) ? keys.server_handshake : keys.client_handshake;
  const ByteVector expected = keys.verify_data(traffic.bytes(), digest(session));
  if (message.body.size() != expected.size()) return fail(message.type, MessageError::kLength);
  const bool is_right = session.primitives.same_code(expected, message.body);
  session.trace.rule("8446:4.4.4#1"_rule, Fact{"verify_data", is_right ? "right" : "wrong"});
  if (!is_right)
    return fail(Alert::kDecryptError, "the peer has seen another handshake than we have");
  return {};
}

}  // namespace glass::dtls
