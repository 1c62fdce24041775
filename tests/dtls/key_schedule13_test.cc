// The key schedule of DTLS 1.3 with the numbers of RFC 8448 §3, which is TLS: only the prefix of
// the labels is another.
#include "dtls/key_schedule13.h"

#include <string_view>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "dtls/record13.h"

namespace glass::dtls::test {
namespace {

ByteVector bytes(std::string_view text) { return from_hex(text).value(); }

std::string expanded(Bytes secret, std::string_view label, std::size_t size) {
  ByteVector out(size);
  expand_label({.hash = crypto::HashKind::kSha256,
                .secret = secret,
                .label = label,
                .context = {},
                .prefix = "tls13 "},
               out);
  return hex(out);
}

TEST(Rfc8448Section3, SecretsOfTheSimpleHandshake) {
  KeySchedule13 keys(crypto::HashKind::kSha256, "tls13 ");

  keys.derive_handshake(bytes("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"),
                        bytes("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8"));

  EXPECT_EQ(hex(keys.client_handshake.bytes()),
            "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
  EXPECT_EQ(hex(keys.server_handshake.bytes()),
            "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
  EXPECT_EQ(expanded(keys.server_handshake.bytes(), "key", 16), "3fce516009c21727d0f2e4e86ee403bc");
  EXPECT_EQ(expanded(keys.server_handshake.bytes(), "iv", 12), "5d313eb2671276ee13000b30");

  keys.derive_application(
      bytes("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13"));

  EXPECT_EQ(hex(keys.client_application.bytes()),
            "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
  EXPECT_EQ(hex(keys.server_application.bytes()),
            "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
  EXPECT_EQ(hex(keys.exporter_master.bytes()),
            "fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50");
}

TEST(Reconstruct, TakesTheNumberNearestToTheExpected) {
  EXPECT_EQ(reconstruct(0, 0, 2), 0U);
  EXPECT_EQ(reconstruct(5, 4, 1), 4U);
  EXPECT_EQ(reconstruct(0x1fe, 0x02, 1), 0x202U);
  EXPECT_EQ(reconstruct(0x202, 0xfe, 1), 0x1feU);
  EXPECT_EQ(reconstruct(0x1'0001, 0xffff, 2), 0xffffU);
  EXPECT_EQ(reconstruct(3, 0xff, 1), 0xffU);  // there is nothing below zero
}

}  // namespace
}  // namespace glass::dtls::test
