// dtls/session.h - what a handshake of either role works on: numbers, keys, transcript, flight.
//
// Knows how to send a message and how to judge a certificate; not in which order anything comes:
// that is client.h and server.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/trace.h"
#include "base/writer.h"
#include "crypto/key_exchange.h"
#include "crypto/secret.h"
#include "crypto/signature.h"
#include "dtls/config.h"
#include "dtls/epochs.h"
#include "dtls/events.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/number_list.h"
#include "dtls/flight.h"
#include "dtls/handshake.h"
#include "dtls/key_schedule.h"
#include "dtls/key_schedule13.h"
#include "dtls/messages/message_error.h"
#include "dtls/record.h"
#include "dtls/transcript.h"
#include "dtls/wire.h"

namespace glass::dtls {

// Why a handshake ends here: what the peer is told, and what people are.
struct Failure {
  Alert alert = Alert::kInternalError;
  std::string text;
  CloseReason reason = CloseReason::kHandshake;
};
using Step = Result<void, Failure>;

inline std::unexpected<Failure> fail(Alert alert, std::string text,
                                     CloseReason reason = CloseReason::kHandshake) {
  return std::unexpected(Failure{alert, std::move(text), reason});
}
// The body of this message could not be read.
std::unexpected<Failure> fail(HandshakeType type, MessageError error);

// What we can check, in order of preference. PSS is there for RSA certificates of browsers.
const NumberList& verifiable_schemes();

// The bytes of a message or an extension.
template <class Body>
ByteVector body_bytes(const Body& body) {
  ByteVector bytes;
  Writer out(bytes);
  write(out, body);
  return bytes;
}

// Collects extensions and keeps their bytes while they are written.
class ExtensionWriter {
 public:
  void add(ExtensionType type, ByteVector data);
  [[nodiscard]] const ExtensionList& list() const { return list_; }

 private:
  std::vector<ByteVector> storage_;
  ExtensionList list_;
};

class Session {
 public:
  Session(const Config& config, Random& random, const Trace& trace);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Config& config;
  Random& random;
  Trace trace;
  const crypto::Primitives& primitives;
  Transcript transcript;
  KeySchedule keys;
  KeySchedule13 keys13;  // DTLS 1.3; `keys` then holds the randoms and the suite
  Epochs epochs;
  Flight flight;
  Reassembly reassembly;
  Connected agreed;
  std::uint16_t next_send_seq = 0;
  ByteVector peer_certificate;
  std::optional<crypto::PublicKey> peer_key;
  // RFC 8449 §4: the longest text of a sealed record that is taken.
  std::size_t receive_max = kPlaintextMax;
  bool size_limit_agreed = false;
  // Finished datagrams that are no flight: alerts, HelloVerifyRequest.
  std::vector<ByteVector> outbox;

  // Into the flight and the transcript, under the next number.
  void send(HandshakeType type, ByteVector body);
  void send_certificate();
  // Config::groups as numbers.
  [[nodiscard]] NumberList our_groups() const;
  // The first of our key's ways to sign that the peer can check; nullopt: none.
  [[nodiscard]] std::optional<crypto::SignatureScheme> choose_scheme(
      const NumberList& offered) const;
  void send_certificate_verify(crypto::SignatureScheme scheme);
  // ChangeCipherSpec, and Finished under the new keys.
  void send_finished();
  // Master secret, keys, both directions; the old secret is forgotten.
  void derive_keys(crypto::Secret premaster);
  // Any certificate whose fingerprint was announced. `rule`: RFC 8122's for our role.
  Step accept_certificate(const Message& message, Rule rule);
  // The same for a chain that has been read; `absent`: the alert for an empty one.
  Step accept_chain(std::span<const Bytes> chain, Rule rule, Alert absent);
  // RFC 5764 §4.1.1, §4.1.3: the answer of a server, and the choice of one.
  Step accept_srtp(const ExtensionList& answers);
  Step choose_srtp(const ExtensionList& offers);
  // The peer's Finished; not yet in the transcript.
  [[nodiscard]] Step check_finished(const Message& message) const;
  // Nothing secret is left.
  void forget();

 private:
  [[nodiscard]] Role peer_role() const {
    return config.role == Role::kClient ? Role::kServer : Role::kClient;
  }
};

}  // namespace glass::dtls
