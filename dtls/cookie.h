// dtls/cookie.h - proof that a client hears us, without remembering the client.
//
// RFC 6347 §4.2.1: a code over the client's address and hello under a key of our own. One object
// serves any number of clients.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/random.h"
#include "crypto/hmac.h"
#include "dtls/messages/client_hello.h"

namespace glass::dtls {

class CookieJar {
 public:
  static constexpr std::size_t kCookieSize = 32;

  explicit CookieJar(Random& random);
  // `address`: whatever tells clients apart; empty where the path has been proven otherwise.
  [[nodiscard]] ByteVector make(Bytes address, const ClientHello& hello);
  [[nodiscard]] bool is_valid(Bytes address, const ClientHello& hello);

 private:
  crypto::Hmac mac_;
};

}  // namespace glass::dtls
