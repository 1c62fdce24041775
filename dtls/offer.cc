#include "dtls/offer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/trace.h"
#include "base/writer.h"
#include "crypto/key_exchange.h"
#include "dtls/config.h"
#include "dtls/extensions/key_share.h"
#include "dtls/extensions/number_list.h"
#include "dtls/extensions/single_values.h"
#include "dtls/extensions/use_srtp.h"
#include "dtls/messages/client_hello.h"
#include "dtls/options.h"
#include "dtls/session.h"
#include "dtls/suites.h"
#include "dtls/wire.h"

namespace glass::dtls {
namespace {

constexpr std::array<std::uint8_t, 1> kNoCompression{0};

ByteVector numbers(const NumberList& list, std::size_t count_width, std::size_t width) {
  ByteVector bytes;
  Writer out(bytes);
  write_numbers(out, list, count_width, width);
  return bytes;
}

void add_srtp(ExtensionWriter& out, const Session& session) {
  if (session.config.srtp_profiles.empty()) return;
  UseSrtp offer;
  for (const SrtpProfile profile : session.config.srtp_profiles)
    offer.profiles.push_back(std::to_underlying(profile));
  ByteVector data;
  Writer writer(data);
  write(writer, offer);
  session.trace.rule("5764:4.1.1#1"_rule, Fact{"profiles", offer.profiles.size()});
  out.add(ExtensionType::kUseSrtp, std::move(data));
}

// RFC 8446 §4.2.8: keys of groups that supported_groups names, in its order.
ByteVector key_shares(const std::vector<crypto::KeyShare>& shares) {
  ByteVector bytes;
  Writer out(bytes);
  {
    const auto list = out.block(2);
    for (const crypto::KeyShare& share : shares)
      write(out, KeyShareEntry{.group = std::to_underlying(share.group()),
                               .key_exchange = share.public_key()});
  }
  return bytes;
}

void add_12(ExtensionWriter& out, const Session& session) {
  session.trace.rule("7627:5.2#1"_rule);
  out.add(ExtensionType::kExtendedMasterSecret, {});
  out.add(ExtensionType::kEcPointFormats, numbers({kUncompressedPoints}, 1, 1));
}

void add_13(ExtensionWriter& out, const Session& session, const Offer& offer) {
  NumberList versions{kDtls13};
  if (session.config.min_version == Version::k12) versions.push_back(kDtls12);
  session.trace.rule("9147:5.3#1"_rule, Fact{"versions", versions.size()});
  out.add(ExtensionType::kSupportedVersions, numbers(versions, 1, 2));
  session.trace.rule("8446:4.2.8#7"_rule, Fact{"shares", offer.shares.size()});
  out.add(ExtensionType::kKeyShare, key_shares(offer.shares));
  if (offer.retry_cookie.empty()) return;
  session.trace.rule("9147:5.1#2"_rule, Fact{"cookie_bytes", offer.retry_cookie.size()});
  out.add(ExtensionType::kCookie, cookie_bytes(offer.retry_cookie));
}

}  // namespace

void Offer::send(Session& session) {
  const bool offers_13 = session.config.max_version == Version::k13;
  const bool offers_12 = session.config.min_version == Version::k12;
  if (offers_13 && shares.empty()) shares.emplace_back(session.config.groups.front());
  ExtensionWriter extensions;
  if (offers_12) add_12(extensions, session);
  // RFC 8422 §5.1: what we can compute with, and the one form of points there is.
  session.trace.rule("8422:5.1#2"_rule);
  extensions.add(ExtensionType::kSupportedGroups, numbers(session.our_groups(), 2, 2));
  extensions.add(ExtensionType::kSignatureAlgorithms, numbers(verifiable_schemes(), 2, 2));
  add_srtp(extensions, session);
  offer_options(extensions, session);
  if (offers_13) add_13(extensions, session, *this);
  ClientHello message;
  message.random = session.keys.client_random;
  message.cookie = cookie;
  for (const Suite& each : kSuites)
    if (each.version == kDtls13 ? offers_13 : offers_12)
      message.cipher_suites.push_back(each.number);
  // RFC 5746 §3.4: the signalling value and not the extension, never both.
  if (offers_12) {
    session.trace.rule("5746:3.4#1"_rule);
    message.cipher_suites.push_back(kEmptyRenegotiationInfoScsv);
  }
  message.compression_methods = kNoCompression;
  message.extensions = extensions.list();
  ByteVector body;
  Writer out(body);
  write(out, message);
  hello = {.type = HandshakeType::kClientHello, .message_seq = session.next_send_seq, .body = body};
  session.send(HandshakeType::kClientHello, std::move(body));
  session.flight.launch(Flight::Kind::kNotLast, session.reassembly.next_receive_seq());
}

const crypto::KeyShare* Offer::find_share(std::uint16_t group) const {
  const auto at = std::ranges::find(shares, crypto::Group{group}, &crypto::KeyShare::group);
  return at == shares.end() ? nullptr : &*at;
}

}  // namespace glass::dtls
