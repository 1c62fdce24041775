#include "dtls/options.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/trace.h"
#include "dtls/config.h"
#include "dtls/connection_ids.h"
#include "dtls/extensions/connection_id.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/single_values.h"
#include "dtls/handshake.h"
#include "dtls/record.h"
#include "dtls/session.h"
#include "dtls/wire.h"

namespace glass::dtls {
namespace {

constexpr std::uint16_t kSizeLimitMin = 64;  // RFC 8449 §4

// RFC 8449 §4: in DTLS 1.3 the content type is part of what is counted.
std::size_t type_size(std::uint16_t version) { return version == kDtls13 ? 1 : 0; }

// Never outside what the protocol allows.
std::uint16_t our_limit(const Session& session, std::uint16_t version) {
  const auto most = static_cast<std::uint16_t>(kPlaintextMax + type_size(version));
  return std::clamp(*session.config.record_size_limit, kSizeLimitMin, most);
}

std::uint16_t newest_version(const Session& session) {
  return session.config.max_version == Version::k13 ? kDtls13 : kDtls12;
}

void agree_on_ids(Session& session, Bytes peers) {
  ConnectionIds& ids = session.epochs.ids;
  ids.agree(peers);
  session.agreed.connection_ids = !peers.empty() || ids.own_size() > 0;
  // RFC 9146 §3: each direction for itself, and an empty id means the old format.
  if (peers.empty())
    session.trace.rule("9146:3#3"_rule);
  else
    session.trace.rule("9146:3#4"_rule, Fact{"bytes", peers.size()});
}

Step read_connection_id(Session& session, const ExtensionList& offers) {
  const Extension* const extension = offers.find(ExtensionType::kConnectionId);
  if (extension == nullptr || !session.config.connection_id) return {};
  Reader in(extension->data);
  const auto id = parse_connection_id(in);
  if (!id) return fail(HandshakeType::kClientHello, id.error());
  session.trace.rule("9146:3#2"_rule, Fact{"bytes", id->size()});
  if (id->size() > kConnectionIdMax) return {};  // no room for it in front of our packets
  session.epochs.ids.offer(*session.config.connection_id);
  agree_on_ids(session, *id);
  return {};
}

// RFC 8449 §4: what the peer can take, and from here on what we insist on.
Step agree_on_size(Session& session, HandshakeType from, const Extension& extension) {
  Reader in(extension.data);
  const auto limit = parse_number(in, "RecordSizeLimit");
  if (!limit) return fail(from, limit.error());
  if (*limit < kSizeLimitMin) {
    session.trace.rule("8449:4#9"_rule, Fact{"limit", *limit});
    return fail(Alert::kIllegalParameter, "the peer takes no records of a useful size");
  }
  const std::size_t overhead = type_size(session.agreed.version);
  // A larger one may belong to something that we do not know.
  if (from == HandshakeType::kClientHello && *limit > kPlaintextMax + overhead)
    session.trace.rule("8449:4#3"_rule, Fact{"limit", *limit});
  session.trace.rule("8449:4#5"_rule, Fact{"limit", *limit});
  session.epochs.limit_text(std::min<std::size_t>(*limit - overhead, kPlaintextMax));
  session.receive_max = our_limit(session, session.agreed.version) - overhead;
  return {};
}

}  // namespace

void offer_options(ExtensionWriter& out, Session& session) {
  if (session.config.connection_id) {
    session.trace.rule("9146:3#1"_rule, Fact{"bytes", session.config.connection_id->size()});
    session.epochs.ids.offer(*session.config.connection_id);
    out.add(ExtensionType::kConnectionId, connection_id_bytes(*session.config.connection_id));
  }
  if (session.config.record_size_limit) {
    session.trace.rule("8449:4#2"_rule);
    session.trace.rule("8449:4#8"_rule);
    out.add(ExtensionType::kRecordSizeLimit,
            number_bytes(our_limit(session, newest_version(session))));
  }
}

bool has_offered(const Session& session, ExtensionType type) {
  if (type == ExtensionType::kConnectionId) return session.config.connection_id.has_value();
  return type == ExtensionType::kRecordSizeLimit && session.config.record_size_limit.has_value();
}

Step read_options(Session& session, const ExtensionList& offers) {
  if (Step step = read_connection_id(session, offers); !step) return step;
  const Extension* const limit = offers.find(ExtensionType::kRecordSizeLimit);
  if (limit == nullptr || !session.config.record_size_limit) return {};
  session.size_limit_agreed = true;
  return agree_on_size(session, HandshakeType::kClientHello, *limit);
}

void answer_connection_id(ExtensionWriter& out, const Session& session) {
  if (!session.epochs.ids.is_agreed()) return;
  out.add(ExtensionType::kConnectionId, connection_id_bytes(*session.config.connection_id));
}

void answer_size_limit(ExtensionWriter& out, const Session& session) {
  if (!session.size_limit_agreed) return;
  out.add(ExtensionType::kRecordSizeLimit,
          number_bytes(our_limit(session, session.agreed.version)));
}

Step accept_connection_id(Session& session, const ExtensionList& answers) {
  const Extension* const extension = answers.find(ExtensionType::kConnectionId);
  if (extension == nullptr) {
    session.epochs.ids.withdraw();
    return {};
  }
  Reader in(extension->data);
  const auto id = parse_connection_id(in);
  if (!id) return fail(HandshakeType::kServerHello, id.error());
  if (id->size() > kConnectionIdMax)
    return fail(Alert::kHandshakeFailure, "the server wants a longer connection id than we send");
  agree_on_ids(session, *id);
  return {};
}

Step accept_size_limit(Session& session, const ExtensionList& answers) {
  const Extension* const extension = answers.find(ExtensionType::kRecordSizeLimit);
  if (extension == nullptr) return {};
  session.size_limit_agreed = true;
  return agree_on_size(session, HandshakeType::kServerHello, *extension);
}

}  // namespace glass::dtls
