#include "dtls/client13.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"
#include "crypto/key_exchange.h"
#include "crypto/secret.h"
#include "dtls/config.h"
#include "dtls/epochs13.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/key_share.h"
#include "dtls/extensions/number_list.h"
#include "dtls/extensions/single_values.h"
#include "dtls/flight.h"
#include "dtls/handshake.h"
#include "dtls/messages/certificate13.h"
#include "dtls/messages/certificate_request13.h"
#include "dtls/messages/encrypted_extensions.h"
#include "dtls/messages/message_error.h"
#include "dtls/messages/server_hello.h"
#include "dtls/offer.h"
#include "dtls/options.h"
#include "dtls/session.h"
#include "dtls/session13.h"
#include "dtls/suites.h"
#include "dtls/wire.h"

namespace glass::dtls {

using client13_state::WaitCertificate;
using client13_state::WaitCertificateOrRequest;
using client13_state::WaitCertificateVerify;
using client13_state::WaitEncryptedExtensions;
using client13_state::WaitFinished;
using client13_state::WaitServerHello;

Client13::Client13(Session& session, Offer offer)
    : session_(session), offer_(std::move(offer)), machine_("dtls 1.3 client", session.trace) {
  session_.agreed.version = kDtls13;
  session_.transcript.begin_13();
  session_.transcript.add(offer_.hello);
}

bool Client13::is_chosen(const Message& server_hello) {
  Reader in(server_hello.body);
  const auto hello = parse_server_hello(in);
  if (!hello) return false;
  const Extension* const version = hello->extensions.find(ExtensionType::kSupportedVersions);
  return version != nullptr && equal(version->data, number_bytes(kDtls13));
}

Step Client13::on_message(const Message& message) {
  switch (message.type) {
    case HandshakeType::kServerHello: return on_server_hello(message);
    case HandshakeType::kEncryptedExtensions: return on_encrypted_extensions(message);
    case HandshakeType::kCertificateRequest: return on_certificate_request(message);
    case HandshakeType::kCertificate: return on_certificate(message);
    case HandshakeType::kCertificateVerify: return on_certificate_verify(message);
    case HandshakeType::kFinished: return on_finished(message);
    default: return unexpected(message);
  }
}

Step Client13::unexpected(const Message& message) const {
  session_.trace.rule("8446:4#2"_rule, Fact{"state", machine_.state_name()},
                      Fact{"got", to_text(message.type)});
  return fail(Alert::kUnexpectedMessage,
              std::string(to_text(message.type)) + " in " + std::string(machine_.state_name()));
}

Step Client13::on_server_hello(const Message& message) {
  const WaitServerHello* const wait = machine_.in<WaitServerHello>();
  if (wait == nullptr) return unexpected(message);
  Reader in(message.body);
  const auto hello = parse_server_hello(in);
  if (!hello) return fail(message.type, hello.error());
  session_.trace.rule("8446:4.1.3#9"_rule);
  const bool is_retry = hello->random == kRetryRandom;
  if (is_retry && wait->retried) {
    session_.trace.rule("9147:5.1#13"_rule);
    return fail(Alert::kUnexpectedMessage, "a second HelloRetryRequest");
  }
  if (Step step = check_choices(*hello, is_retry); !step) return step;
  if (is_retry) return on_hello_retry_request(message, *hello);
  session_.keys.server_random = hello->random;
  if (Step step = accept_connection_id(session_, hello->extensions); !step) return step;
  session_.transcript.add(message);
  if (Step step = agree(*hello); !step) return step;
  machine_.move(WaitEncryptedExtensions{});
  return {};
}

bool Client13::is_in_our_hello(ExtensionType type) const {
  switch (type) {
    case ExtensionType::kSupportedVersions:
    case ExtensionType::kKeyShare:
    case ExtensionType::kSupportedGroups:
    case ExtensionType::kSignatureAlgorithms: return true;
    case ExtensionType::kUseSrtp: return !session_.config.srtp_profiles.empty();
    case ExtensionType::kCookie: return !offer_.retry_cookie.empty();
    default: return has_offered(session_, type);
  }
}

Step Client13::check_choices(const ServerHello& hello, bool is_retry) {
  const Extension* const version = hello.extensions.find(ExtensionType::kSupportedVersions);
  if (hello.version != kDtls12 || version == nullptr ||
      !equal(version->data, number_bytes(kDtls13))) {
    session_.trace.rule("8446:4.1.4#12"_rule);
    return fail(Alert::kIllegalParameter, "the server changes its mind about the version");
  }
  if (!hello.session_id.empty()) {
    session_.trace.rule("8446:4.1.3#4"_rule);
    return fail(Alert::kIllegalParameter, "the server echoes a session that we did not name");
  }
  if (hello.compression_method != 0) {
    session_.trace.rule("8446:4.1.3#6"_rule);
    return fail(Alert::kIllegalParameter, "the server chose compression");
  }
  const Suite* const suite = find_suite(hello.cipher_suite);
  if (suite == nullptr || suite->version != kDtls13) {
    session_.trace.rule("8446:4.1.3#5"_rule, Fact{"suite", hello.cipher_suite});
    return fail(Alert::kIllegalParameter, "the server chose cipher suite " +
                                              hex_number(hello.cipher_suite, 4) +
                                              ", which was not offered");
  }
  if (session_.keys.suite != nullptr && session_.keys.suite != suite) {
    session_.trace.rule("8446:4.1.4#10"_rule);
    return fail(Alert::kIllegalParameter, "the server changes its mind about the cipher suite");
  }
  session_.keys.suite = suite;
  session_.agreed.cipher_suite = suite->number;
  for (const Extension& each : hello.extensions.all) {
    if (each.type == ExtensionType::kSupportedVersions || each.type == ExtensionType::kKeyShare ||
        (is_retry && each.type == ExtensionType::kCookie) ||
        (!is_retry && each.type == ExtensionType::kConnectionId &&
         has_offered(session_, each.type)))
      continue;
    const bool is_ours = is_in_our_hello(each.type);
    session_.trace.rule(is_ours ? "8446:4.2#5"_rule : "8446:4.2#4"_rule,
                        Fact{"type", std::to_underlying(each.type)});
    return fail(
        is_ours ? Alert::kIllegalParameter : Alert::kUnsupportedExtension,
        "an extension that has no place in ServerHello: " + decimal(std::to_underlying(each.type)));
  }
  return {};
}

// RFC 8446 §4.1.4: what the server asks for is changed, everything else said again; of the first
// hello only its digest stays in the transcript (§4.4.1).
Step Client13::on_hello_retry_request(const Message& message, const ServerHello& hello) {
  const Extension* const share = hello.extensions.find(ExtensionType::kKeyShare);
  const Extension* const cookie = hello.extensions.find(ExtensionType::kCookie);
  if (share == nullptr && cookie == nullptr) {
    session_.trace.rule("8446:4.1.4#5"_rule);
    return fail(Alert::kIllegalParameter, "HelloRetryRequest asks for no change");
  }
  if (share != nullptr) {
    Reader in(share->data);
    const auto group = parse_number(in, "selected_group");
    if (!group) return fail(message.type, group.error());
    session_.trace.rule("8446:4.2.8#9"_rule, Fact{"group", *group});
    if (!contains(session_.our_groups(), *group) || offer_.find_share(*group) != nullptr)
      return fail(Alert::kIllegalParameter, "HelloRetryRequest for a group that makes no sense");
    offer_.shares.clear();
    offer_.shares.emplace_back(crypto::Group{*group});
  }
  if (cookie != nullptr) {
    Reader in(cookie->data);
    const auto bytes = parse_cookie(in);
    if (!bytes) return fail(message.type, bytes.error());
    session_.trace.rule("8446:4.2.2#2"_rule, Fact{"cookie_bytes", bytes->size()});
    offer_.retry_cookie.assign(bytes->begin(), bytes->end());
  }
  session_.transcript.replace_by_digest(session_.keys.suite->hash);
  session_.transcript.add(message);
  session_.flight.on_answered();
  offer_.cookie.clear();
  machine_.move(WaitServerHello{.retried = true});
  offer_.send(session_);
  return {};
}

Step Client13::agree(const ServerHello& hello) {
  const Extension* const extension = hello.extensions.find(ExtensionType::kKeyShare);
  if (extension == nullptr)
    return fail(Alert::kMissingExtension, "ServerHello without a key share");
  Reader in(extension->data);
  const auto entry = parse_server_share(in);
  if (!entry) return fail(HandshakeType::kServerHello, entry.error());
  const crypto::KeyShare* const share = offer_.find_share(entry->group);
  if (share == nullptr) {
    session_.trace.rule("8446:4.2.8#12"_rule, Fact{"group", entry->group});
    return fail(Alert::kIllegalParameter, "the server's key share is of another group than ours");
  }
  const std::optional<crypto::Secret> secret = share->agree(entry->key_exchange);
  if (!secret) {
    session_.trace.rule("8446:7.4.2#3"_rule, Fact{"group", entry->group});
    return fail(Alert::kIllegalParameter, "the server's public key is not valid");
  }
  session_.agreed.group = entry->group;
  session_.flight.on_answered();
  begin_handshake_keys(session_, secret->bytes());
  return {};
}

Step Client13::on_encrypted_extensions(const Message& message) {
  if (!machine_.is<WaitEncryptedExtensions>()) return unexpected(message);
  Reader in(message.body);
  const auto answers = parse_encrypted_extensions(in);
  if (!answers) return fail(message.type, answers.error());
  for (const Extension& each : answers->extensions.all) {
    const bool asked_for =
        each.type == ExtensionType::kSupportedGroups ||
        (each.type == ExtensionType::kRecordSizeLimit && has_offered(session_, each.type)) ||
        (each.type == ExtensionType::kUseSrtp && !session_.config.srtp_profiles.empty());
    if (asked_for) continue;
    // RFC 8446 §4.2: one that belongs elsewhere is illegal, one we never sent is unsupported.
    const bool is_ours = is_in_our_hello(each.type);
    session_.trace.rule("8446:4.3.1#2"_rule, Fact{"type", std::to_underlying(each.type)});
    return fail(is_ours ? Alert::kIllegalParameter : Alert::kUnsupportedExtension,
                "an extension that has no place in EncryptedExtensions: " +
                    decimal(std::to_underlying(each.type)));
  }
  if (Step step = session_.accept_srtp(answers->extensions); !step) return step;
  if (Step step = accept_size_limit(session_, answers->extensions); !step) return step;
  session_.transcript.add(message);
  machine_.move(WaitCertificateOrRequest{});
  return {};
}

Step Client13::on_certificate_request(const Message& message) {
  if (!machine_.is<WaitCertificateOrRequest>()) return unexpected(message);
  Reader in(message.body);
  const auto request = parse_certificate_request13(in);
  if (!request) return fail(message.type, request.error());
  if (!request->context.empty())
    return fail(Alert::kIllegalParameter, "CertificateRequest with a context in a handshake");
  const Extension* const algorithms = request->extensions.find(ExtensionType::kSignatureAlgorithms);
  if (algorithms == nullptr) {
    session_.trace.rule("8446:4.3.2#6"_rule);
    return fail(Alert::kMissingExtension, "CertificateRequest without signature algorithms");
  }
  Reader list(algorithms->data);
  const auto offered = parse_signature_algorithms(list);
  if (!offered) return fail(message.type, offered.error());
  scheme_ = choose_scheme13(session_, *offered);
  certificate_requested_ = true;
  session_.transcript.add(message);
  machine_.move(WaitCertificate{});
  return {};
}

Step Client13::on_certificate(const Message& message) {
  if (!machine_.is<WaitCertificateOrRequest>() && !machine_.is<WaitCertificate>())
    return unexpected(message);
  if (Step step = accept_certificate13(session_, message, Alert::kDecodeError); !step) return step;
  session_.transcript.add(message);
  machine_.move(WaitCertificateVerify{});
  return {};
}

Step Client13::on_certificate_verify(const Message& message) {
  if (!machine_.is<WaitCertificateVerify>()) return unexpected(message);
  if (Step step = check_certificate_verify13(session_, message); !step) return step;
  session_.transcript.add(message);
  machine_.move(WaitFinished{});
  return {};
}

Step Client13::on_finished(const Message& message) {
  if (!machine_.is<WaitFinished>()) return unexpected(message);
  if (Step step = check_finished13(session_, message); !step) return step;
  session_.transcript.add(message);
  session_.flight.on_answered();
  derive_application_keys(session_);
  begin_reading(session_, kApplicationEpoch);
  send_last_flight();
  machine_.move(client13_state::Connected{});
  return {};
}

// In epoch 2 still; application data may follow at once in epoch 3, and the server says when all
// has come (RFC 9147 §7.1).
void Client13::send_last_flight() {
  if (certificate_requested_ && scheme_) {
    session_.trace.rule("8446:4.4.2#2"_rule);
    send_certificate13(session_);
    session_.trace.rule("8446:4.4.3#2"_rule);
    send_certificate_verify13(session_, *scheme_);
  } else if (certificate_requested_) {
    session_.trace.rule("8446:4.4.2#3"_rule);
    session_.send(HandshakeType::kCertificate, body_bytes(Certificate13{}));
  }
  send_finished13(session_);
  session_.flight.launch(Flight::Kind::kNotLast, session_.reassembly.next_receive_seq());
  begin_writing(session_, kApplicationEpoch);
}

}  // namespace glass::dtls
