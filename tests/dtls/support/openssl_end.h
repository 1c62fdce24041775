// tests/dtls/support/openssl_end.h - OpenSSL's DTLS 1.2 as the other end of a Line.
//
// Its clock is ours: gettimeofday() of this test program tells virtual time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "base/bytes.h"
#include "crypto/certificate.h"
#include "tests/dtls/support/link.h"

namespace glass::dtls::test {

struct OpenSslOptions {
  Role role = Role::kClient;
  const crypto::Identity* identity = nullptr;  // null: alice as client, bob as server
  std::string pem;                             // another key and certificate, instead of identity
  bool cookie_exchange = false;
  std::string suites = "ECDHE-ECDSA-AES128-GCM-SHA256";
  std::string groups = "X25519:P-256";
  std::string srtp;
  long mtu = 1200;
  std::uint64_t options = 0;
};

class OpenSslEnd final : public End {
 public:
  explicit OpenSslEnd(const OpenSslOptions& options);
  ~OpenSslEnd() override;
  OpenSslEnd(const OpenSslEnd&) = delete;
  OpenSslEnd& operator=(const OpenSslEnd&) = delete;

  void start(Instant now) override;
  void receive(Instant now, ByteVector datagram) override;
  void on_time(Instant now) override;
  Instant next_time() override;
  std::optional<ByteVector> poll_transmit(Instant now) override;
  bool is_open() override;
  void send(Instant now, std::string_view text) override;
  [[nodiscard]] std::vector<std::string> received() const override { return received_; }

  SSL* ssl() { return ssl_; }
  void shutdown(Instant now);
  // Alerts that OpenSSL has received, as their numbers.
  std::vector<int> alerts;
  std::string key_log;
  std::deque<ByteVector> incoming;
  std::deque<ByteVector> outgoing;

 private:
  void pump(Instant now);

  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  BIO_METHOD* method_ = nullptr;
  Instant now_{};
  bool failed_ = false;
  std::vector<std::string> received_;
};

}  // namespace glass::dtls::test
