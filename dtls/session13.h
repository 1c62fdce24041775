// dtls/session13.h - the steps that both roles of a DTLS 1.3 handshake share.
//
// On a Session: keys into the epochs, the three messages with which a side authenticates itself
// (RFC 8446 §4.4), and the check of the peer's. Knows no order: that is client13.h and server13.h.
#pragma once

#include "base/bytes.h"
#include "crypto/signature.h"
#include "dtls/config.h"
#include "dtls/extensions/number_list.h"
#include "dtls/handshake.h"
#include "dtls/messages/server_hello.h"
#include "dtls/session.h"

namespace glass::dtls {

// RFC 8446 §4.1.3: the random of a ServerHello that is a HelloRetryRequest.
extern const HelloRandom kRetryRandom;

// Secrets of the handshake from the transcript up to ServerHello; epoch 2 both ways.
void begin_handshake_keys(Session& session, Bytes shared_secret);
// Secrets of application data from the transcript up to the server's Finished; no epoch yet.
void derive_application_keys(Session& session);
// Records go out, or are read, with the current application secret as this epoch.
void begin_writing(Session& session, std::uint64_t epoch);
void begin_reading(Session& session, std::uint64_t epoch);

// What a key of this kind may sign a handshake with (RFC 8446 §4.4.3): no PKCS #1, and of ECDSA
// only what belongs to the curve.
[[nodiscard]] bool may_sign(crypto::SignatureScheme scheme, const crypto::PublicKey& key);
[[nodiscard]] std::optional<crypto::SignatureScheme> choose_scheme13(const Session& session,
                                                                     const NumberList& offered);

void send_certificate13(Session& session);
void send_certificate_verify13(Session& session, crypto::SignatureScheme scheme);
void send_finished13(Session& session);

// `absent`: the alert for a chain without a certificate.
Step accept_certificate13(Session& session, const Message& message, Alert absent);
Step check_certificate_verify13(const Session& session, const Message& message);
Step check_finished13(const Session& session, const Message& message);

}  // namespace glass::dtls
