#include "dtls/cookie.h"

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/random.h"
#include "base/writer.h"
#include "crypto/equal.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "dtls/messages/client_hello.h"

namespace glass::dtls {
namespace {

crypto::Hmac fresh_mac(Random& random) {
  std::array<std::uint8_t, CookieJar::kCookieSize> key{};
  random.fill(key);
  return {crypto::HashKind::kSha256, key};
}

}  // namespace

CookieJar::CookieJar(Random& random) : mac_(fresh_mac(random)) {}

// RFC 6347 §4.2.1: over the parameters that the client has to repeat: version, random, session,
// suites and compression methods.
ByteVector CookieJar::make(Bytes address, const ClientHello& hello) {
  ClientHello repeated = hello;
  repeated.cookie = {};
  repeated.extensions = {};
  ByteVector input;
  Writer out(input);
  {
    const auto block = out.block(1);
    out.bytes(address);
  }
  write(out, repeated);
  ByteVector cookie(kCookieSize);
  mac_.update(input);
  mac_.finish(cookie);
  return cookie;
}

bool CookieJar::is_valid(Bytes address, const ClientHello& hello) {
  return crypto::equal_secret(make(address, hello), hello.cookie);
}

}  // namespace glass::dtls
