#include "dtls/server13.h"

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
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "crypto/equal.h"
#include "crypto/key_exchange.h"
#include "crypto/secret.h"
#include "dtls/config.h"
#include "dtls/epochs13.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/key_share.h"
#include "dtls/extensions/number_list.h"
#include "dtls/extensions/single_values.h"
#include "dtls/extensions/use_srtp.h"
#include "dtls/flight.h"
#include "dtls/handshake.h"
#include "dtls/messages/certificate_request13.h"
#include "dtls/messages/client_hello.h"
#include "dtls/messages/encrypted_extensions.h"
#include "dtls/messages/message_error.h"
#include "dtls/messages/server_hello.h"
#include "dtls/options.h"
#include "dtls/session.h"
#include "dtls/session13.h"
#include "dtls/suites.h"
#include "dtls/wire.h"

namespace glass::dtls {

using server13_state::Start;
using server13_state::WaitCertificate;
using server13_state::WaitCertificateVerify;
using server13_state::WaitFinished;

namespace {

constexpr std::size_t kCookieSize = 32;

ServerHello hello_with(const HelloRandom& random, const Suite& suite,
                       const ExtensionWriter& extensions) {
  ServerHello hello;
  hello.random = random;
  hello.cipher_suite = suite.number;
  hello.extensions = extensions.list();
  return hello;
}

}  // namespace

Server13::Server13(Session& session)
    : session_(session), machine_("dtls 1.3 server", session.trace) {
  session_.agreed.version = kDtls13;
  session_.transcript.begin_13();
}

// RFC 8446 §4.2.1: supported_versions alone decides; versions we do not know are passed over.
bool Server13::is_wanted(const Config& config, const Message& client_hello) {
  if (config.max_version != Version::k13) return false;
  Reader in(client_hello.body);
  const auto hello = parse_client_hello(in);
  if (!hello) return false;
  const Extension* const extension = hello->extensions.find(ExtensionType::kSupportedVersions);
  if (extension == nullptr) return false;
  Reader list(extension->data);
  const auto versions = parse_numbers(list, 1, 2, "version");
  return versions && contains(*versions, kDtls13);
}

Step Server13::on_message(Instant now, const Message& message) {
  switch (message.type) {
    case HandshakeType::kClientHello: return on_client_hello(now, message);
    case HandshakeType::kCertificate: return on_certificate(message);
    case HandshakeType::kCertificateVerify: return on_certificate_verify(message);
    case HandshakeType::kFinished: return on_finished(message);
    default: return unexpected(message);
  }
}

Step Server13::unexpected(const Message& message) const {
  session_.trace.rule("8446:4#2"_rule, Fact{"state", machine_.state_name()},
                      Fact{"got", to_text(message.type)});
  return fail(Alert::kUnexpectedMessage,
              std::string(to_text(message.type)) + " in " + std::string(machine_.state_name()));
}

Step Server13::on_client_hello(Instant now, const Message& message) {
  const Start* const start = machine_.in<Start>();
  if (start == nullptr) return unexpected(message);
  Reader in(message.body);
  const auto hello = parse_client_hello(in);
  if (!hello) return fail(message.type, hello.error());
  session_.trace.rule("8446:4.2.1#4"_rule);
  if (Step step = check_hello(*hello); !step) return step;
  if (Step step = check_cookie(*hello); !step) return step;
  if (Step step = choose_signature(*hello); !step) return step;
  const auto choice = choose_group(*hello);
  if (!choice) return std::unexpected(choice.error());
  const bool may_retry = start->cookie.empty();
  if (may_retry && (choice->key_exchange.empty() || session_.config.cookie_exchange))
    return retry(message, *choice);
  if (choice->key_exchange.empty())
    return fail(Alert::kIllegalParameter, "the client has no key share of the group asked for");
  session_.flight.begin_handshake(now);
  return answer(message, *hello, *choice);
}

Step Server13::check_hello(const ClientHello& hello) {
  if (!hello.cookie.empty()) {
    session_.trace.rule("9147:5.3#5"_rule);
    return fail(Alert::kIllegalParameter, "a cookie of DTLS 1.2 in a hello of DTLS 1.3");
  }
  if (hello.compression_methods.size() != 1 || hello.compression_methods.front() != 0) {
    session_.trace.rule("8446:4.1.2#14"_rule);
    return fail(Alert::kIllegalParameter, "the client insists on compression");
  }
  const Suite* chosen = nullptr;
  for (const Suite& each : kSuites)
    if (chosen == nullptr && each.version == kDtls13 && contains(hello.cipher_suites, each.number))
      chosen = &each;
  session_.trace.rule("8446:4.1.2#11"_rule, Fact{"offered", hello.cipher_suites.size()});
  if (chosen == nullptr) return fail(Alert::kHandshakeFailure, "no cipher suite in common");
  if (session_.keys.suite != nullptr && session_.keys.suite != chosen)
    return fail(Alert::kIllegalParameter, "the second hello offers other cipher suites");
  session_.keys.suite = chosen;
  session_.agreed.cipher_suite = chosen->number;
  return {};
}

Step Server13::check_cookie(const ClientHello& hello) const {
  const Bytes expected = machine_.in<Start>()->cookie;
  const Extension* const extension = hello.extensions.find(ExtensionType::kCookie);
  if (extension == nullptr && expected.empty()) return {};
  Bytes cookie;
  if (extension != nullptr) {
    Reader in(extension->data);
    const auto bytes = parse_cookie(in);
    if (!bytes) return fail(HandshakeType::kClientHello, bytes.error());
    cookie = *bytes;
  }
  const bool is_right = !expected.empty() && crypto::equal_secret(expected, cookie);
  session_.trace.rule("9147:5.1#12"_rule, Fact{"cookie", is_right ? "right" : "wrong"});
  if (!is_right) return fail(Alert::kIllegalParameter, "the client's cookie is not ours");
  return {};
}

Step Server13::choose_signature(const ClientHello& hello) {
  const Extension* const extension = hello.extensions.find(ExtensionType::kSignatureAlgorithms);
  if (extension == nullptr) {
    session_.trace.rule("8446:4.2.3#3"_rule);
    return fail(Alert::kMissingExtension, "the client says nothing about signatures");
  }
  Reader in(extension->data);
  const auto offered = parse_signature_algorithms(in);
  if (!offered) return fail(HandshakeType::kClientHello, offered.error());
  scheme_ = choose_scheme13(session_, *offered);
  if (scheme_) return {};
  session_.trace.rule("8446:4.1.1#4"_rule);
  return fail(Alert::kHandshakeFailure, "the client cannot check signatures of our key");
}

// RFC 8446 §4.1.1 and §4.2.8: a group that the client can do and has sent a key of, in our order;
// else one that it can do. Groups we do not know, those with post-quantum parts among them, are
// passed over.
Result<Server13::Choice, Failure> Server13::choose_group(const ClientHello& hello) const {
  const Extension* const groups_extension = hello.extensions.find(ExtensionType::kSupportedGroups);
  const Extension* const shares_extension = hello.extensions.find(ExtensionType::kKeyShare);
  if (groups_extension == nullptr || shares_extension == nullptr) {
    session_.trace.rule("8446:9.2#12"_rule);
    return fail(Alert::kMissingExtension, "the client offers no key exchange");
  }
  Reader groups_in(groups_extension->data);
  const auto groups = parse_supported_groups(groups_in);
  if (!groups) return fail(HandshakeType::kClientHello, groups.error());
  Reader shares_in(shares_extension->data);
  const auto shares = parse_client_shares(shares_in);
  if (!shares) return fail(HandshakeType::kClientHello, shares.error());
  Choice choice;
  for (const std::uint16_t ours : session_.our_groups()) {
    if (!contains(*groups, ours)) continue;
    const auto share = std::ranges::find(*shares, ours, &KeyShareEntry::group);
    if (share != shares->end()) return Choice{.group = ours, .key_exchange = share->key_exchange};
    if (choice.group == 0) choice.group = ours;
  }
  session_.trace.rule("8446:4.1.1#1"_rule, Fact{"offered", groups->size()});
  if (choice.group == 0) return fail(Alert::kHandshakeFailure, "no group in common");
  return choice;
}

// RFC 9147 §5.1. We have state for each client anyhow, so the cookie is a random word that is
// remembered, and stands for nothing else.
Step Server13::retry(const Message& message, const Choice& choice) {
  ByteVector cookie(kCookieSize);
  session_.random.fill(cookie);
  ExtensionWriter extensions;
  extensions.add(ExtensionType::kSupportedVersions, number_bytes(kDtls13));
  extensions.add(ExtensionType::kCookie, cookie_bytes(cookie));
  // RFC 8446 §4.2.8: a group is named only when its key is missing.
  if (choice.key_exchange.empty())
    extensions.add(ExtensionType::kKeyShare, number_bytes(choice.group));
  session_.trace.rule("9147:5.1#1"_rule, Fact{"group", choice.group});
  session_.transcript.add(message);
  session_.transcript.replace_by_digest(session_.keys.suite->hash);
  session_.send(HandshakeType::kServerHello,
                body_bytes(hello_with(kRetryRandom, *session_.keys.suite, extensions)));
  session_.flight.launch(Flight::Kind::kUntimed, session_.reassembly.next_receive_seq());
  machine_.move(Start{.cookie = std::move(cookie)});
  return {};
}

Step Server13::answer(const Message& message, const ClientHello& hello, const Choice& choice) {
  if (Step step = session_.choose_srtp(hello.extensions); !step) return step;
  if (Step step = read_options(session_, hello.extensions); !step) return step;
  const crypto::KeyShare share(crypto::Group{choice.group});
  const std::optional<crypto::Secret> secret = share.agree(choice.key_exchange);
  if (!secret) {
    session_.trace.rule("8446:7.4.2#3"_rule, Fact{"group", choice.group});
    return fail(Alert::kIllegalParameter, "the client's public key is not valid");
  }
  session_.flight.on_answered();
  session_.agreed.group = choice.group;
  session_.keys.client_random = hello.random;
  session_.random.fill(session_.keys.server_random);
  session_.transcript.add(message);
  ExtensionWriter extensions;
  session_.trace.rule("8446:4.2.1#9"_rule);
  extensions.add(ExtensionType::kSupportedVersions, number_bytes(kDtls13));
  session_.trace.rule("8446:4.2.8#13"_rule, Fact{"group", choice.group});
  extensions.add(
      ExtensionType::kKeyShare,
      body_bytes(KeyShareEntry{.group = choice.group, .key_exchange = share.public_key()}));
  answer_connection_id(extensions, session_);
  session_.trace.rule("9147:5#1"_rule);  // no session_id comes back, no ChangeCipherSpec follows
  session_.send(
      HandshakeType::kServerHello,
      body_bytes(hello_with(session_.keys.server_random, *session_.keys.suite, extensions)));
  begin_handshake_keys(session_, secret->bytes());
  send_flight();
  machine_.move(WaitCertificate{});
  return {};
}

void Server13::send_flight() {
  ExtensionWriter answers;
  if (session_.agreed.srtp_profile) {
    const UseSrtp srtp{.profiles = {std::to_underlying(*session_.agreed.srtp_profile)}, .mki = {}};
    session_.trace.rule("5764:4.1.1#2"_rule);
    answers.add(ExtensionType::kUseSrtp, body_bytes(srtp));
  }
  answer_size_limit(answers, session_);
  EncryptedExtensions encrypted;
  encrypted.extensions.all = answers.list().all;
  session_.send(HandshakeType::kEncryptedExtensions, body_bytes(encrypted));
  ExtensionWriter wanted;
  ByteVector schemes;
  Writer out(schemes);
  write_numbers(out, verifiable_schemes(), 2, 2);
  wanted.add(ExtensionType::kSignatureAlgorithms, std::move(schemes));
  session_.trace.rule("8446:4.3.2#6"_rule);
  session_.send(HandshakeType::kCertificateRequest,
                body_bytes(CertificateRequest13{.context = {}, .extensions = wanted.list()}));
  send_certificate13(session_);
  send_certificate_verify13(session_, *scheme_);
  send_finished13(session_);
  session_.flight.launch(Flight::Kind::kNotLast, session_.reassembly.next_receive_seq());
  derive_application_keys(session_);
  begin_writing(session_, kApplicationEpoch);
}

Step Server13::on_certificate(const Message& message) {
  if (!machine_.is<WaitCertificate>()) return unexpected(message);
  if (Step step = accept_certificate13(session_, message, Alert::kCertificateRequired); !step)
    return step;
  session_.transcript.add(message);
  machine_.move(WaitCertificateVerify{});
  return {};
}

Step Server13::on_certificate_verify(const Message& message) {
  if (!machine_.is<WaitCertificateVerify>()) return unexpected(message);
  if (Step step = check_certificate_verify13(session_, message); !step) return step;
  session_.transcript.add(message);
  machine_.move(WaitFinished{});
  return {};
}

Step Server13::on_finished(const Message& message) {
  if (!machine_.is<WaitFinished>()) return unexpected(message);
  if (Step step = check_finished13(session_, message); !step) return step;
  session_.transcript.add(message);
  session_.flight.on_finished();
  begin_reading(session_, kApplicationEpoch);
  machine_.move(server13_state::Connected{});
  return {};
}

}  // namespace glass::dtls
