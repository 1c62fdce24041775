// dtls/client13.h - the client's side of a DTLS 1.3 handshake, one handler per expected message.
//
// RFC 9147 §5, RFC 8446 §4 and the state machine of its appendix A.1. Knows order and content;
// records, fragments, acknowledgements and timers are below it.  Tested by: handshake13_test.cc
//
//   Client                                   Server
//   ClientHello, key_share         ------->
//                                  <-------  HelloRetryRequest, cookie (perhaps)
//   ClientHello, cookie            ------->
//                                            ServerHello, key_share
//                                            {EncryptedExtensions, CertificateRequest,
//                                  <-------   Certificate, CertificateVerify, Finished}
//   {Certificate, CertificateVerify,
//    Finished}                     ------->
//   [application data]             <------>  [ACK] [application data]
//
// {} epoch 2, [] epoch 3.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/machine.h"
#include "crypto/signature.h"
#include "dtls/handshake.h"
#include "dtls/messages/server_hello.h"
#include "dtls/offer.h"
#include "dtls/session.h"
#include "dtls/wire.h"

namespace glass::dtls {

namespace client13_state {
struct WaitServerHello {
  static constexpr std::string_view kName = "WAIT_SH";
  bool retried = false;
};
struct WaitEncryptedExtensions {
  static constexpr std::string_view kName = "WAIT_EE";
};
struct WaitCertificateOrRequest {
  static constexpr std::string_view kName = "WAIT_CERT_CR";
};
struct WaitCertificate {
  static constexpr std::string_view kName = "WAIT_CERT";
};
struct WaitCertificateVerify {
  static constexpr std::string_view kName = "WAIT_CV";
};
struct WaitFinished {
  static constexpr std::string_view kName = "WAIT_FINISHED";
};
struct Connected {
  static constexpr std::string_view kName = "CONNECTED";
};
}  // namespace client13_state

inline constexpr std::array<Arrow, 8> kClient13Arrows{
    {
     {"WAIT_SH", "WAIT_SH", "HelloRetryRequest", "8446:4.1.4#7"_rule},
     {"WAIT_SH", "WAIT_EE", "ServerHello", "8446:A.1#0"_rule},
     {"WAIT_EE", "WAIT_CERT_CR", "EncryptedExtensions", "8446:A.1#0"_rule},
     {"WAIT_CERT_CR", "WAIT_CERT", "CertificateRequest", "8446:A.1#0"_rule},
     {"WAIT_CERT_CR", "WAIT_CV", "Certificate", "8446:A.1#0"_rule},
     {"WAIT_CERT", "WAIT_CV", "Certificate", "8446:A.1#0"_rule},
     {"WAIT_CV", "WAIT_FINISHED", "CertificateVerify", "8446:A.1#0"_rule},
     {"WAIT_FINISHED", "CONNECTED", "Finished", "8446:A.1#0"_rule},
     }
};

class Client13 {
 public:
  // Goes on from a hello whose answer is a ServerHello of DTLS 1.3.
  Client13(Session& session, Offer offer);

  // Does this ServerHello speak of DTLS 1.3?
  [[nodiscard]] static bool is_chosen(const Message& server_hello);
  Step on_message(const Message& message);
  // The next message comes unprotected.
  [[nodiscard]] bool expects_plain() const {
    return machine_.is<client13_state::WaitServerHello>();
  }
  [[nodiscard]] bool is_complete() const { return machine_.is<client13_state::Connected>(); }

 private:
  Step on_server_hello(const Message& message);
  [[nodiscard]] bool is_in_our_hello(ExtensionType type) const;
  Step check_choices(const ServerHello& hello, bool is_retry);
  Step on_hello_retry_request(const Message& message, const ServerHello& hello);
  Step agree(const ServerHello& hello);
  Step on_encrypted_extensions(const Message& message);
  Step on_certificate_request(const Message& message);
  Step on_certificate(const Message& message);
  Step on_certificate_verify(const Message& message);
  Step on_finished(const Message& message);
  void send_last_flight();
  [[nodiscard]] Step unexpected(const Message& message) const;

  Session& session_;
  Offer offer_;
  Machine<kClient13Arrows, client13_state::WaitServerHello, client13_state::WaitEncryptedExtensions,
          client13_state::WaitCertificateOrRequest, client13_state::WaitCertificate,
          client13_state::WaitCertificateVerify, client13_state::WaitFinished,
          client13_state::Connected>
      machine_;
  bool certificate_requested_ = false;
  std::optional<crypto::SignatureScheme> scheme_;  // ours, for the CertificateRequest
};

}  // namespace glass::dtls
