// dtls/client.h - the client's side of a handshake, one handler per expected message.
//
// RFC 6347 §4.2 and figure 1, RFC 8422 §2.2 for ECDHE_ECDSA. Knows order and content; records,
// fragments and timers are below it.  Tested by: handshake_test.cc, openssl_test.cc
//
//   Client                                   Server
//   ClientHello                    ------->
//                                  <-------  HelloVerifyRequest (perhaps)
//   ClientHello with cookie        ------->
//                                            ServerHello, Certificate, ServerKeyExchange,
//                                  <-------  CertificateRequest, ServerHelloDone
//   Certificate, ClientKeyExchange,
//   CertificateVerify,
//   ChangeCipherSpec, Finished     ------->
//                                  <-------  ChangeCipherSpec, Finished
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/machine.h"
#include "base/time.h"
#include "crypto/key_exchange.h"
#include "crypto/secret.h"
#include "crypto/signature.h"
#include "dtls/handshake.h"
#include "dtls/messages/server_hello.h"
#include "dtls/offer.h"
#include "dtls/session.h"

namespace glass::dtls {

namespace client_state {
struct Start {
  static constexpr std::string_view kName = "START";
};
struct WaitServerHello {
  static constexpr std::string_view kName = "WAIT-SERVER-HELLO";
  int verify_requests = 0;
};
struct WaitCertificate {
  static constexpr std::string_view kName = "WAIT-CERTIFICATE";
};
struct WaitServerKeyExchange {
  static constexpr std::string_view kName = "WAIT-SERVER-KEY-EXCHANGE";
};
struct WaitServerHelloDone {
  static constexpr std::string_view kName = "WAIT-SERVER-HELLO-DONE";
  ByteVector our_public_key;
  crypto::Secret premaster;
  bool certificate_requested = false;
  // How we sign, where our certificate is of a kind that was asked for.
  std::optional<crypto::SignatureScheme> scheme;
};
struct WaitFinished {
  static constexpr std::string_view kName = "WAIT-FINISHED";
};
struct Complete {
  static constexpr std::string_view kName = "COMPLETE";
};
}  // namespace client_state

inline constexpr std::array<Arrow, 7> kClientArrows{
    {
     {"START", "WAIT-SERVER-HELLO", "ClientHello goes out", "5246:7.3#0"_rule},
     {"WAIT-SERVER-HELLO", "WAIT-SERVER-HELLO", "HelloVerifyRequest", "6347:4.2.1#2"_rule},
     {"WAIT-SERVER-HELLO", "WAIT-CERTIFICATE", "ServerHello", "5246:7.3#0"_rule},
     {"WAIT-CERTIFICATE", "WAIT-SERVER-KEY-EXCHANGE", "Certificate", "5246:7.3#0"_rule},
     {"WAIT-SERVER-KEY-EXCHANGE", "WAIT-SERVER-HELLO-DONE", "ServerKeyExchange",
         "5246:7.3#0"_rule},
     {"WAIT-SERVER-HELLO-DONE", "WAIT-FINISHED", "ServerHelloDone", "5246:7.3#0"_rule},
     {"WAIT-FINISHED", "COMPLETE", "Finished", "5246:7.3#0"_rule},
     }
};

// HelloVerifyRequests that a client answers; a server with reason to ask twice has changed keys.
inline constexpr int kVerifyRequestsMax = 4;

class Client {
 public:
  explicit Client(Session& session);

  void start(Instant now);
  Step on_message(const Message& message);
  // All that comes before Finished has been dealt with: ChangeCipherSpec may take effect.
  [[nodiscard]] bool expects_finished() const { return machine_.is<client_state::WaitFinished>(); }
  [[nodiscard]] bool expects_server_hello() const {
    return machine_.is<client_state::WaitServerHello>();
  }
  // For whoever goes on in DTLS 1.3. This client is of no use then.
  [[nodiscard]] Offer take_offer() { return std::move(offer_); }
  [[nodiscard]] bool is_complete() const { return machine_.is<client_state::Complete>(); }

 private:
  Step on_hello_verify_request(const Message& message);
  Step on_server_hello(const Message& message);
  Step check_choices(const ServerHello& hello) const;
  Step check_extensions(const ServerHello& hello);
  [[nodiscard]] bool offers_13() const { return session_.config.max_version == Version::k13; }
  Step on_certificate(const Message& message);
  Step on_server_key_exchange(const Message& message);
  Step on_certificate_request(const Message& message);
  Step on_server_hello_done(const Message& message);
  Step on_finished(const Message& message);
  [[nodiscard]] Step unexpected(const Message& message) const;

  Session& session_;
  Offer offer_;
  Machine<kClientArrows, client_state::Start, client_state::WaitServerHello,
          client_state::WaitCertificate, client_state::WaitServerKeyExchange,
          client_state::WaitServerHelloDone, client_state::WaitFinished, client_state::Complete>
      machine_;
};

}  // namespace glass::dtls
