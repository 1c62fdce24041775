// dtls/options.h - what both versions negotiate in the same way, when Config asks for it:
// connection ids (RFC 9146 §3, RFC 9147 §9) and the size of records (RFC 8449 §4).
//
// A client offers, a server reads and answers, a client takes the answer. Which message the answer
// stands in is the caller's knowledge. Knows no states.
#pragma once

#include "dtls/extensions/extension_list.h"
#include "dtls/session.h"

namespace glass::dtls {

// Into a ClientHello.
void offer_options(ExtensionWriter& out, Session& session);
// Does our hello speak of it? Then it may be answered.
[[nodiscard]] bool has_offered(const Session& session, ExtensionType type);
// Out of a ClientHello. What has been read holds from the first sealed record on.
Step read_options(Session& session, const ExtensionList& offers);
// Into a ServerHello of either version.
void answer_connection_id(ExtensionWriter& out, const Session& session);
// Into the ServerHello of DTLS 1.2, the EncryptedExtensions of 1.3.
void answer_size_limit(ExtensionWriter& out, const Session& session);
// What the server says, or does not say, in the same places.
Step accept_connection_id(Session& session, const ExtensionList& answers);
Step accept_size_limit(Session& session, const ExtensionList& answers);

}  // namespace glass::dtls
