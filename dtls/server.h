// dtls/server.h - the server's side of a handshake, one handler per expected message.
//
// The picture is in client.h. RFC 6347 §4.2, RFC 8422 §2.2; RFC 8827 §6.5: both sides show a
// certificate.  Tested by: handshake_test.cc, openssl_test.cc
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/machine.h"
#include "base/time.h"
#include "crypto/key_exchange.h"
#include "crypto/signature.h"
#include "dtls/cookie.h"
#include "dtls/handshake.h"
#include "dtls/messages/client_hello.h"
#include "dtls/session.h"

namespace glass::dtls {

namespace server_state {
struct WaitClientHello {
  static constexpr std::string_view kName = "WAIT-CLIENT-HELLO";
};
struct WaitCertificate {
  static constexpr std::string_view kName = "WAIT-CERTIFICATE";
  std::optional<crypto::KeyShare> share;
};
struct WaitClientKeyExchange {
  static constexpr std::string_view kName = "WAIT-CLIENT-KEY-EXCHANGE";
  std::optional<crypto::KeyShare> share;
};
struct WaitCertificateVerify {
  static constexpr std::string_view kName = "WAIT-CERTIFICATE-VERIFY";
};
struct WaitFinished {
  static constexpr std::string_view kName = "WAIT-FINISHED";
};
struct Complete {
  static constexpr std::string_view kName = "COMPLETE";
};
}  // namespace server_state

inline constexpr std::array<Arrow, 5> kServerArrows{
    {
     {"WAIT-CLIENT-HELLO", "WAIT-CERTIFICATE", "ClientHello", "5246:7.3#0"_rule},
     {"WAIT-CERTIFICATE", "WAIT-CLIENT-KEY-EXCHANGE", "Certificate", "5246:7.3#0"_rule},
     {"WAIT-CLIENT-KEY-EXCHANGE", "WAIT-CERTIFICATE-VERIFY", "ClientKeyExchange",
         "5246:7.3#0"_rule},
     {"WAIT-CERTIFICATE-VERIFY", "WAIT-FINISHED", "CertificateVerify", "5246:7.3#0"_rule},
     {"WAIT-FINISHED", "COMPLETE", "Finished", "5246:7.3#0"_rule},
     }
};

class Server {
 public:
  explicit Server(Session& session);

  // `sequence`: of the record that completed the message.
  Step on_message(Instant now, const Message& message, std::uint64_t sequence);
  [[nodiscard]] bool expects_hello() const { return machine_.is<server_state::WaitClientHello>(); }
  [[nodiscard]] bool expects_finished() const { return machine_.is<server_state::WaitFinished>(); }
  [[nodiscard]] bool is_complete() const { return machine_.is<server_state::Complete>(); }

 private:
  Step on_client_hello(Instant now, const Message& message, std::uint64_t sequence);
  void mark_downgrade();
  [[nodiscard]] Step check_version(const ClientHello& hello) const;
  Step check_hello(const ClientHello& hello);
  Step check_curves(const ClientHello& hello);
  // True: the client has to come again with a cookie.
  bool ask_for_cookie(const ClientHello& hello, const Message& message, std::uint64_t sequence);
  void send_hello(const ClientHello& hello);
  void send_key_exchange(const crypto::KeyShare& share);
  void send_certificate_request();
  Step on_certificate(const Message& message);
  Step on_client_key_exchange(const Message& message);
  Step on_certificate_verify(const Message& message);
  Step on_finished(const Message& message);
  [[nodiscard]] Step unexpected(const Message& message) const;

  Session& session_;
  Machine<kServerArrows, server_state::WaitClientHello, server_state::WaitCertificate,
          server_state::WaitClientKeyExchange, server_state::WaitCertificateVerify,
          server_state::WaitFinished, server_state::Complete>
      machine_;
  CookieJar cookies_;
  std::optional<crypto::SignatureScheme> scheme_;  // ours, once the hello is known
};

}  // namespace glass::dtls
