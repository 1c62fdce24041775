#include "dtls/session.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "base/rule.h"
#include "base/trace.h"
#include "base/writer.h"
#include "crypto/aead.h"
#include "crypto/fingerprint.h"
#include "crypto/key_exchange.h"
#include "crypto/primitives.h"
#include "crypto/secret.h"
#include "crypto/signature.h"
#include "dtls/config.h"
#include "dtls/events.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/number_list.h"
#include "dtls/extensions/use_srtp.h"
#include "dtls/handshake.h"
#include "dtls/key_schedule.h"
#include "dtls/messages/certificate.h"
#include "dtls/messages/certificate_verify.h"
#include "dtls/messages/finished.h"
#include "dtls/messages/message_error.h"
#include "dtls/record.h"
#include "dtls/wire.h"

namespace glass::dtls {

std::unexpected<Failure> fail(HandshakeType type, MessageError error) {
  return fail(alert_for(error), std::string(to_text(type)) + ": " + std::string(to_text(error)));
}

const NumberList& verifiable_schemes() {
  using crypto::SignatureScheme;
  static const NumberList kSchemes{std::to_underlying(SignatureScheme::kEcdsaSha256),
                                   std::to_underlying(SignatureScheme::kEcdsaSha384),
                                   std::to_underlying(SignatureScheme::kEcdsaSha512),
                                   std::to_underlying(SignatureScheme::kEd25519),
                                   std::to_underlying(SignatureScheme::kRsaPssSha256),
                                   std::to_underlying(SignatureScheme::kRsaPssSha384),
                                   std::to_underlying(SignatureScheme::kRsaPssSha512),
                                   std::to_underlying(SignatureScheme::kRsaPkcs1Sha256),
                                   std::to_underlying(SignatureScheme::kRsaPkcs1Sha384),
                                   std::to_underlying(SignatureScheme::kRsaPkcs1Sha512)};
  return kSchemes;
}

void ExtensionWriter::add(ExtensionType type, ByteVector data) {
  storage_.push_back(std::move(data));
  list_.has_block = true;
  list_.all.push_back({type, storage_.back()});
}

Session::Session(const Config& config_in, Random& random_in, const Trace& trace_in)
    : config(config_in),
      random(random_in),
      trace(trace_in),
      primitives(config_in.primitives != nullptr ? *config_in.primitives
                                                 : crypto::real_primitives()),
      flight(config_in, trace_in),
      reassembly(trace_in) {
  CHECK(config.identity != nullptr);
  CHECK(!config.connection_id || config.connection_id->size() <= kConnectionIdMax);
}

void Session::send(HandshakeType type, ByteVector body) {
  Message message{.type = type, .message_seq = next_send_seq++, .body = std::move(body)};
  transcript.add(message);
  flight.add(epochs.write_epoch(), std::move(message));
}

void Session::send_certificate() {
  send(HandshakeType::kCertificate,
       body_bytes(Certificate{.chain = {config.identity->certificate_der()}}));
}

NumberList Session::our_groups() const {
  NumberList numbers;
  for (const crypto::Group group : config.groups) numbers.push_back(std::to_underlying(group));
  return numbers;
}

std::optional<crypto::SignatureScheme> Session::choose_scheme(const NumberList& offered) const {
  for (const crypto::SignatureScheme scheme : config.identity->schemes())
    if (contains(offered, std::to_underlying(scheme))) return scheme;
  return std::nullopt;
}

// RFC 5246 §7.4.8: over everything that was said so far.
void Session::send_certificate_verify(crypto::SignatureScheme scheme) {
  const ByteVector signature = config.identity->sign(transcript.bytes(), scheme);
  send(HandshakeType::kCertificateVerify,
       body_bytes(CertificateVerify{.scheme = std::to_underlying(scheme), .signature = signature}));
}

void Session::send_finished() {
  flight.add_change_cipher_spec();
  epochs.begin_writing();
  const auto data = keys.verify_data(config.role, transcript.digest(keys.suite->hash));
  send(HandshakeType::kFinished, body_bytes(Finished{.verify_data = data}));
}

void Session::derive_keys(crypto::Secret premaster) {
  if (agreed.extended_master_secret) {
    trace.rule("7627:5.1#1"_rule);
    keys.derive_extended_master(premaster, transcript.digest(keys.suite->hash));
  } else {
    trace.rule("7627:5.2#6"_rule);
    keys.derive_master(premaster);
  }
  premaster.forget();
  trace.secret("CLIENT_RANDOM", keys.client_random, keys.master());
  const KeySchedule::Pair pair = keys.expand();
  const auto protect = [&](const KeySchedule::Keys& side) {
    return Protection(primitives.aead(keys.suite->aead, side.key.bytes()), side.nonce.bytes());
  };
  const bool is_client = config.role == Role::kClient;
  epochs.install(protect(is_client ? pair.server : pair.client),
                 protect(is_client ? pair.client : pair.server));
}

Step Session::accept_certificate(const Message& message, Rule rule) {
  Reader in(message.body);
  const auto certificate = parse_certificate(in);
  if (!certificate) return fail(message.type, certificate.error());
  return accept_chain(certificate->chain, rule, Alert::kBadCertificate);
}

Step Session::accept_chain(std::span<const Bytes> chain, Rule rule, Alert absent) {
  if (chain.empty()) {
    trace.rule(rule, Fact{"certificate", "none"});
    return fail(absent, "the peer has no certificate", CloseReason::kFingerprint);
  }
  const Bytes der = chain.front();
  if (!crypto::matches_any(config.remote_fingerprints, der)) {
    trace.rule(rule, Fact{"certificate", to_text(crypto::fingerprint(der))},
               Fact{"announced", config.remote_fingerprints.size()});
    return fail(Alert::kBadCertificate,
                config.remote_fingerprints.empty()
                    ? "no fingerprint of the peer's certificate was announced"
                    : "the peer's certificate is " + to_text(crypto::fingerprint(der)) +
                          ", which was not announced",
                CloseReason::kFingerprint);
  }
  peer_key = crypto::PublicKey::from_certificate(der);
  if (!peer_key)
    return fail(Alert::kUnsupportedCertificate, "the peer's certificate has no key we can use");
  peer_certificate.assign(der.begin(), der.end());
  return {};
}

// RFC 5764 §4.1.1, §4.1.3: one profile, of those we offered, and no MKI since we sent none.
Step Session::accept_srtp(const ExtensionList& answers) {
  const Extension* const extension = answers.find(ExtensionType::kUseSrtp);
  if (extension == nullptr) return {};
  Reader in(extension->data);
  const auto answer = parse_use_srtp(in);
  if (!answer) return fail(HandshakeType::kServerHello, answer.error());
  const auto& ours = config.srtp_profiles;
  const auto chosen = SrtpProfile{answer->profiles.front()};
  if (answer->profiles.size() != 1 || std::ranges::find(ours, chosen) == ours.end()) {
    trace.rule("5764:4.1.1#3"_rule, Fact{"profiles", answer->profiles.size()});
    return fail(Alert::kIllegalParameter, "the server chose an SRTP profile that was not offered");
  }
  if (!answer->mki.empty()) {
    trace.rule("5764:4.1.3#5"_rule);
    return fail(Alert::kIllegalParameter, "the server wants an MKI that was not offered");
  }
  agreed.srtp_profile = chosen;
  return {};
}

// RFC 5764 §4.1.1: the first of ours that the client has; silence where there is none.
Step Session::choose_srtp(const ExtensionList& offers) {
  const Extension* const extension = offers.find(ExtensionType::kUseSrtp);
  if (extension == nullptr) return {};
  Reader in(extension->data);
  const auto offer = parse_use_srtp(in);
  if (!offer) return fail(HandshakeType::kClientHello, offer.error());
  for (const SrtpProfile ours : config.srtp_profiles) {
    if (!contains(offer->profiles, std::to_underlying(ours))) continue;
    trace.rule("5764:4.1.1#4"_rule, Fact{"profile", std::to_underlying(ours)});
    agreed.srtp_profile = ours;
    return {};
  }
  trace.rule("5764:4.1.1#5"_rule);
  return {};
}

Step Session::check_finished(const Message& message) const {
  Reader in(message.body);
  const auto finished = parse_finished(in);
  if (!finished) return fail(message.type, finished.error());
  const auto expected = keys.verify_data(peer_role(), transcript.digest(keys.suite->hash));
  const bool is_right = primitives.same_code(expected, finished->verify_data);
  trace.rule("5246:7.4.9#1"_rule, Fact{"verify_data", is_right ? "right" : "wrong"});
  if (!is_right)
    return fail(Alert::kDecryptError, "the peer has seen another handshake than we have");
  return {};
}

void Session::forget() {
  keys.forget();
  keys13.forget();
  epochs.forget();
  transcript.clear();
}

}  // namespace glass::dtls
