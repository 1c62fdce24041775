// dtls/key_schedule13.h - from a shared secret to every secret of DTLS 1.3 (RFC 8446 §7.1).
//
// The figure of that section, without pre-shared keys:
//
//                 0 -> Extract = Early Secret
//                         |
//                   Derive(., "derived", "")
//                         v
//   (EC)DHE secret -> Extract = Handshake Secret
//                         +--> Derive(., "c hs traffic", ClientHello...ServerHello)
//                         +--> Derive(., "s hs traffic", ClientHello...ServerHello)
//                   Derive(., "derived", "")
//                         v
//                 0 -> Extract = Master Secret
//                         +--> Derive(., "c ap traffic", ClientHello...server Finished)
//                         +--> Derive(., "s ap traffic", ClientHello...server Finished)
//                         +--> Derive(., "exp master",   ClientHello...server Finished)
//
// Tested by: key_schedule13_test.cc, with the numbers of RFC 8448.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "crypto/secret.h"

namespace glass::dtls {

// RFC 9147 §5.9: what stands before every label; TLS itself has "tls13 ".
inline constexpr std::string_view kLabelPrefix = "dtls13";

// RFC 8446 §7.1, HKDF-Expand-Label.
struct LabelInput {
  crypto::HashKind hash = crypto::HashKind::kSha256;
  Bytes secret;
  std::string_view label;
  Bytes context;
  std::string_view prefix = kLabelPrefix;
};
void expand_label(const LabelInput& input, MutableBytes out);

class KeySchedule13 {
 public:
  explicit KeySchedule13(crypto::HashKind hash = crypto::HashKind::kSha256,
                         std::string_view prefix = kLabelPrefix)
      : hash_(hash), prefix_(prefix) {}

  crypto::Secret client_handshake;
  crypto::Secret server_handshake;
  crypto::Secret client_application;  // of the epoch that is written or read now
  crypto::Secret server_application;
  crypto::Secret exporter_master;

  [[nodiscard]] crypto::HashKind hash() const { return hash_; }
  // `digest`: of the transcript up to ServerHello.
  void derive_handshake(Bytes shared_secret, Bytes digest);
  // `digest`: of the transcript up to the server's Finished.
  void derive_application(Bytes digest);
  // RFC 8446 §7.2: the secret behind this one.
  void update(crypto::Secret& application) const;
  // RFC 8446 §4.4.4: what the owner of `traffic` says in its Finished.
  [[nodiscard]] ByteVector verify_data(Bytes traffic, Bytes digest) const;
  // RFC 8446 §7.5, without a context.
  void export_keys(std::string_view label, MutableBytes out) const;
  void forget();

 private:
  [[nodiscard]] crypto::Secret derive(Bytes secret, std::string_view label, Bytes digest) const;

  crypto::HashKind hash_;
  std::string_view prefix_;
  crypto::Secret handshake_;
};

}  // namespace glass::dtls
