// dtls/server13.h - the server's side of a DTLS 1.3 handshake, one handler per expected message.
//
// The picture is in client13.h. RFC 9147 §5, RFC 8446 §4 and the state machine of its appendix A.2;
// RFC 8827 §6.5: both sides show a certificate.  Tested by: handshake13_test.cc
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/machine.h"
#include "base/time.h"
#include "crypto/signature.h"
#include "dtls/config.h"
#include "dtls/extensions/key_share.h"
#include "dtls/handshake.h"
#include "dtls/messages/client_hello.h"
#include "dtls/session.h"

namespace glass::dtls {

namespace server13_state {
struct Start {
  static constexpr std::string_view kName = "START";
  ByteVector cookie;  // of our HelloRetryRequest; empty: none was sent
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
}  // namespace server13_state

inline constexpr std::array<Arrow, 5> kServer13Arrows{
    {
     {"START", "START", "HelloRetryRequest goes out", "8446:4.1.1#3"_rule},
     {"START", "WAIT_CERT", "ClientHello", "8446:A.2#0"_rule},
     {"WAIT_CERT", "WAIT_CV", "Certificate", "8446:A.2#0"_rule},
     {"WAIT_CV", "WAIT_FINISHED", "CertificateVerify", "8446:A.2#0"_rule},
     {"WAIT_FINISHED", "CONNECTED", "Finished", "8446:A.2#0"_rule},
     }
};

class Server13 {
 public:
  explicit Server13(Session& session);

  // Does this ClientHello lead to DTLS 1.3?
  [[nodiscard]] static bool is_wanted(const Config& config, const Message& client_hello);
  Step on_message(Instant now, const Message& message);
  // The next message comes unprotected.
  [[nodiscard]] bool expects_plain() const { return machine_.is<server13_state::Start>(); }
  [[nodiscard]] bool is_complete() const { return machine_.is<server13_state::Connected>(); }

 private:
  struct Choice {
    std::uint16_t group = 0;
    Bytes key_exchange;  // the client's; empty: it has sent none of this group
  };

  Step on_client_hello(Instant now, const Message& message);
  Step check_hello(const ClientHello& hello);
  Step check_cookie(const ClientHello& hello) const;
  Step choose_signature(const ClientHello& hello);
  Result<Choice, Failure> choose_group(const ClientHello& hello) const;
  Step retry(const Message& message, const Choice& choice);
  Step answer(const Message& message, const ClientHello& hello, const Choice& choice);
  void send_flight();
  Step on_certificate(const Message& message);
  Step on_certificate_verify(const Message& message);
  Step on_finished(const Message& message);
  [[nodiscard]] Step unexpected(const Message& message) const;

  Session& session_;
  Machine<kServer13Arrows, server13_state::Start, server13_state::WaitCertificate,
          server13_state::WaitCertificateVerify, server13_state::WaitFinished,
          server13_state::Connected>
      machine_;
  std::optional<crypto::SignatureScheme> scheme_;
};

}  // namespace glass::dtls
